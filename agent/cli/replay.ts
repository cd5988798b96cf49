import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { formatReplay, loadServices, openStore, parseFixture, replay } from '../app/index.js';
import { problemText } from '../lib/result.js';
import type { SetExit } from './index.js';

const incidents = fileURLToPath(new URL('../../../test/scenarios/', import.meta.url));

export function addReplay(program: Command, setExit: SetExit): void {
  program
    .command('replay')
    .description('play a scenario on a virtual clock through the real judgement and store')
    .argument('[fixtures...]', 'scenario files')
    .option('--all', 'the incidents that come with Écluse')
    .option('--json', 'one JSON document')
    .action((fixtures: readonly string[], options: { readonly all?: boolean; readonly json?: boolean }) => {
      const files = options.all
        ? readdirSync(incidents)
            .filter((name) => name.endsWith('.yaml'))
            .sort()
            .map((name) => join(incidents, name))
        : fixtures;
      const fail = (line: string): void => {
        process.stderr.write(`ecluse: ${line}\n`);
        setExit(2);
      };
      if (files.length === 0) return fail('no scenario was named (expected FIXTURE.yaml… or --all)');
      const services = loadServices();
      if (!services.ok) return fail(problemText(services.error));
      const results = [];
      for (const file of files) {
        let text: string;
        try {
          text = readFileSync(file, 'utf8');
        } catch (error) {
          return fail(`${file}: cannot be read: ${(error as Error).message}`);
        }
        const fixture = parseFixture(text, file);
        if (!fixture.ok) return fail(problemText(fixture.error));
        const store = openStore({ path: ':memory:' });
        if (!store.ok) return fail(problemText(store.error));
        const result = replay(fixture.value, { store: store.value.judge, services: services.value });
        store.value.close();
        results.push(result);
        if (!options.json) process.stdout.write(`${formatReplay(result)}\n`);
      }
      if (options.json) {
        const rows = results.map(({ fixture, findings, equal, differences }) => ({
          fixture,
          findings,
          equal,
          differences,
        }));
        process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
      }
      setExit(results.every((result) => result.equal) ? 0 : 1);
    });
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { formatBoard } from '../app/incidents.js';
import { formatReplay, parseFixture, replay } from '../app/replay.js';
import { loadRules } from '../app/rules.js';
import { openToldStore, type TellOptions } from '../app/tell.js';
import { problemText } from '../lib/index.js';
import type { SetExit } from './terminal.js';

const incidents = fileURLToPath(new URL('../../../test/scenarios/', import.meta.url));

/** How long a receiver may take over the records of one scenario. */
const DELIVERY_MS_MAX = 10_000;

interface ReplayOptions {
  readonly all?: boolean;
  readonly json?: boolean;
  readonly jsonl?: string;
  readonly syslog?: string;
}

/** `host:port`, as people write it. */
function tellOptions(options: ReplayOptions): TellOptions | undefined {
  const jsonl = options.jsonl === undefined ? {} : { jsonl: options.jsonl };
  if (options.syslog === undefined) return jsonl;
  const groups = /^(?<host>.+):(?<port>\d{1,5})$/.exec(options.syslog)?.groups;
  if (!groups || Number(groups.port) > 65535) return undefined;
  return { ...jsonl, syslog: { host: groups.host!, port: Number(groups.port) } };
}

export function addReplay(program: Command, setExit: SetExit): void {
  program
    .command('replay')
    .description('play a scenario on a virtual clock through the real judgement and store')
    .argument('[fixtures...]', 'scenario files')
    .option('--all', 'the incidents that come with Écluse')
    .option('--json', 'one JSON document')
    .option('--jsonl <file>', 'also deliver what is told to this file, one JSON line a record')
    .option('--syslog <host:port>', 'also deliver the alarms to this receiver, RFC 5424 over TCP')
    .action(async (fixtures: readonly string[], options: ReplayOptions) => {
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
      const tell = tellOptions(options);
      if (!tell) return fail(`--syslog ${options.syslog} is not a receiver (expected HOST:PORT)`);
      if (files.length === 0) return fail('no scenario was named (expected FIXTURE.yaml… or --all)');
      const rules = loadRules();
      if (!rules.ok) return fail(problemText(rules.error));
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
        const store = openToldStore(':memory:', tell);
        if (!store.ok) return fail(problemText(store.error));
        const result = replay(fixture.value, { store: store.value.store.judge, rules: rules.value });
        const { undelivered } = await store.value.finish(DELIVERY_MS_MAX);
        if (undelivered > 0) fail(`${undelivered} records of ${file} were not taken by every receiver`);
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
      if (options.all && !options.json) process.stdout.write(`\n${formatBoard(results)}\n`);
      if (!results.every((result) => result.equal)) setExit(1);
    });
}

import type { Command } from 'commander';
import { exitCodeOf } from '../app/exit-code.js';
import { problemText } from '../lib/result.js';
import type { LineState } from '../model/index.js';
import type { SetExit } from './terminal.js';

export function addCoverage(program: Command, setExit: SetExit): void {
  program
    .command('coverage')
    .description('every line of a capture and what became of it')
    .argument('<file>', 'a capture: a file, or a folder with one file a section')
    .option('--driver <id>', 'how to read it; left out, it is recognised')
    .option('--json', 'one JSON document')
    .action(async (file: string, options: { readonly driver?: string; readonly json?: boolean }) => {
      const { readFile } = await import('../app/offline.js');
      const device = await readFile(file, options.driver);
      if (!device.ok) {
        process.stderr.write(`ecluse: ${problemText(device.error)}\n`);
        return setExit(exitCodeOf(device.error));
      }
      const { lines, rules, notCovered, blind } = device.value.coverage;
      const counts: Record<LineState, number> = {
        modelled: 0,
        irrelevant: 0,
        approximated: 0,
        unmodelled: 0,
        unrecognized: 0,
      };
      for (const line of lines) counts[line.state]++;
      if (options.json) {
        process.stdout.write(`${JSON.stringify({ counts, rules, lines, notCovered, blind }, null, 2)}\n`);
      } else {
        for (const [state, count] of Object.entries(counts))
          process.stdout.write(`${String(count).padStart(7)} ${state}\n`);
        process.stdout.write(`rules: ${rules.exact} exact, ${rules.bounded} bounded, ${rules.unread} unread\n`);
        for (const line of lines.filter((one) => one.reason)) {
          process.stdout.write(`${line.file}:${line.line}: ${line.state}: ${line.reason}\n`);
        }
        for (const sentence of notCovered) process.stdout.write(`not covered: ${sentence}\n`);
        for (const sentence of blind) process.stdout.write(`blind: ${sentence}\n`);
      }
      const understood = counts.unmodelled + counts.unrecognized + counts.approximated === 0 && blind.length === 0;
      setExit(understood ? 0 : 3);
    });
}

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { exitCodeOf, readFile } from '../app/offline.js';
import { askLine } from '../app/offline-ask.js';
import { problemText } from '../lib/result.js';
import type { SetExit } from './terminal.js';

interface AskOptions {
  readonly packets: string;
  readonly driver?: string;
  readonly explain?: boolean;
}

export function addAsk(program: Command, setExit: SetExit): void {
  program
    .command('ask')
    .description('the verdict of a capture on each packet of a list, in input order, as JSON lines')
    .argument('<file>', 'a capture: a file, or a folder with one file a section')
    .requiredOption('--packets <cases>', 'JSON lines of {"id", "at"?, "packet"}; - for standard input')
    .option('--driver <id>', 'how to read the capture; left out, it is recognised')
    .option('--explain', 'walk each packet through the rules')
    .option('--json', 'JSON lines, as always')
    .action(async (file: string, options: AskOptions) => {
      const device = await readFile(file, options.driver);
      if (!device.ok) {
        process.stderr.write(`ecluse: ${problemText(device.error)}\n`);
        return setExit(exitCodeOf(device.error));
      }
      for (const reason of device.value.coverage.blind)
        process.stderr.write(`ecluse: not understood completely: ${reason}\n`);
      let text: string;
      try {
        text = readFileSync(options.packets === '-' ? 0 : options.packets, 'utf8');
      } catch (error) {
        process.stderr.write(`ecluse: ${options.packets}: cannot be read: ${(error as Error).message}\n`);
        return setExit(2);
      }
      const lines = text.split('\n');
      for (const [index, line] of lines.entries()) {
        if (line.trim() === '') continue;
        const answer = askLine(
          device.value,
          line,
          { file: options.packets, line: index + 1 },
          options.explain === true,
        );
        if (!answer.ok) {
          process.stderr.write(`ecluse: ${problemText(answer.error)}\n`);
          setExit(2);
          continue;
        }
        process.stdout.write(`${JSON.stringify(answer.value)}\n`);
      }
    });
}

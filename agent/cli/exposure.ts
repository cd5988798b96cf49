import type { Command } from 'commander';
import { compileLate } from '../app/compile-late.js';
import { displayText } from '../lib/display.js';
import { coverageLines, parseBudget, toldLines } from './diff.js';
import { complain, print, printJson, type SetExit } from './terminal.js';

interface ExposureOptions {
  readonly driver?: string;
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
  readonly budget?: string;
  readonly brief?: boolean;
}

export function addExposure(program: Command, setExit: SetExit): void {
  program
    .command('exposure')
    .description('the new connections that a capture lets through, by permitting rule')
    .argument('<file>', 'a capture: a file, or a folder with one file a section')
    .option('--from <zone>', 'only what comes in there; self is the device')
    .option('--to <zone>', 'only what goes out there; self is the device')
    .option('--driver <id>', 'how to read it; left out, it is recognised')
    .option('--budget <time>', 'how long the exact list may take before rules are told instead, such as 5s')
    .option('--brief', 'one line for each rule')
    .option('--json', 'one JSON document')
    .action(async (file: string, options: ExposureOptions) => {
      const { budget: written, ...rest } = options;
      const budget = parseBudget(written);
      if (!budget.ok) {
        return setExit(complain(budget.error));
      }
      compileLate();
      const { exposureOfFile } = await import('../app/offline-diff.js');
      const { answer, told, exit, problems } = await exposureOfFile(file, {
        ...rest,
        ...(budget.value !== undefined && { timeMsMax: budget.value }),
      });
      for (const problem of problems) complain(problem);
      setExit(exit);
      if (!answer) return;
      if (options.json) return printJson(answer);
      const { opened } = await told();
      const text = [
        ...toldLines('', opened, options.brief === true),
        ...(opened.length === 0 ? ['Nothing is let through there.'] : []),
        ...answer.reasons.map((reason) => `not complete: ${reason}`),
        ...coverageLines(answer.coverage),
      ];
      print(displayText(text.join('\n')));
    });
}

import type { Command } from 'commander';
import { displayText } from '../app/offline.js';
import { diffFiles } from '../app/offline-diff.js';
import { failure, type Result, success } from '../lib/result.js';
import type { Coverage } from '../model/index.js';
import { complain, print, printJson, type SetExit } from './terminal.js';

interface DiffOptions {
  readonly driver?: string;
  readonly json?: boolean;
  readonly budget?: string;
}

/** `5s`, `500ms`, `2m`: how long the exact list may take. */
export function parseBudget(text: string | undefined): Result<number | undefined> {
  if (text === undefined) return success(undefined);
  const groups = /^(?<count>\d{1,6})(?<unit>ms|s|m)?$/.exec(text)?.groups;
  if (!groups) {
    return failure({
      code: 'BAD_BUDGET',
      message: `--budget ${text} is not a time`,
      expected: 'such as 5s, 500ms or 2m',
    });
  }
  const factor = { ms: 1, s: 1000, m: 60_000 }[groups.unit ?? 's']!;
  return success(Number(groups.count) * factor);
}

/** What was read and what was not, below an answer. */
export function coverageLines({ sources, notCovered, blind }: Coverage): readonly string[] {
  return [
    ...sources.map((source) => `read: ${source}`),
    ...notCovered.map((sentence) => `not covered: ${sentence}`),
    ...blind.map((sentence) => `blind: ${sentence}`),
  ];
}

export function addDiff(program: Command, setExit: SetExit): void {
  program
    .command('diff')
    .description('the exact difference of what two captures let through, for new connections')
    .argument('<before>', 'a capture: a file, or a folder with one file a section')
    .argument('<after>', 'a capture of the same platform')
    .option('--driver <id>', 'how to read both; left out, it is recognised')
    .option('--budget <time>', 'how long the exact list may take before rules are told instead, such as 5s')
    .option('--json', 'one JSON document')
    .action(async (before: string, after: string, options: DiffOptions) => {
      const budget = parseBudget(options.budget);
      if (!budget.ok) {
        return setExit(complain(budget.error));
      }
      const { answer, lines, exit, problems } = await diffFiles(before, after, {
        ...(options.driver !== undefined && { driver: options.driver }),
        ...(budget.value !== undefined && { timeMsMax: budget.value }),
      });
      for (const problem of problems) complain(problem);
      setExit(exit);
      if (!answer) return;
      if (options.json) return printJson(answer);
      const verdict =
        answer.equal === true
          ? 'Both let through the same new connections.'
          : `${answer.opened.length} opened, ${answer.closed.length} closed.${answer.equal === null ? ' Whether that is all is not known.' : ''}`;
      const text = [
        verdict,
        ...lines.opened.map((line) => `+ ${line}`),
        ...lines.closed.map((line) => `- ${line}`),
        ...answer.reasons.map((reason) => `not complete: ${reason}`),
        ...coverageLines(answer.coverage),
      ];
      print(displayText(text.join('\n')));
    });
}

import type { Command } from 'commander';
import { compileLate } from '../app/compile-late.js';
import type { DiffAnswer } from '../app/offline-diff.js';
import type { Told } from '../app/offline-words.js';
import type { OpeningView } from '../app/opening-json.js';
import { displayText } from '../lib/display.js';
import { failure, type Result, success } from '../lib/result.js';
import type { Coverage } from '../model/index.js';
import { complain, print, printJson, type SetExit } from './terminal.js';

interface DiffOptions {
  readonly driver?: string;
  readonly json?: boolean;
  readonly budget?: string;
  readonly brief?: boolean;
  readonly all?: boolean;
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

/** What each edit did: a sentence with its sign, and the rest below it. */
export function toldLines(sign: string, all: readonly Told[], brief: boolean): readonly string[] {
  return all.flatMap(({ sentence, below }) => [
    `${sign}${sign && ' '}${sentence}`,
    ...(brief ? [] : below.map((line) => `    ${line}`)),
  ]);
}

/** Up to so many edits all are told one by one; of more, those that did most. */
const EDITS_MAX = 24;
const EDITS_FIRST = 8;
/** The others are counted by the list that they stand in, and so many lists are named. */
const LISTS_MAX = 6;

/** Edits, the one that did most first, so that a person reads to the end. */
export function diffLines(sign: string, all: readonly Told[], { brief, whole }: Reading): readonly string[] {
  if (whole || all.length <= EDITS_MAX) return toldLines(sign, all, brief);
  const rest = all.slice(EDITS_FIRST);
  const counts = new Map<string, number>();
  for (const { list } of rest) if (list !== undefined) counts.set(list, (counts.get(list) ?? 0) + 1);
  const lists = [...counts].sort(([, one], [, other]) => other - one).map(([list, count]) => `${count} in ${list}`);
  const more = lists.length > LISTS_MAX ? [`the rest in ${lists.length - LISTS_MAX} more lists`] : [];
  const where = [...lists.slice(0, LISTS_MAX), ...more].join(', ');
  return [
    ...toldLines(sign, all.slice(0, EDITS_FIRST), brief),
    `${sign} and ${rest.length} more edits${where === '' ? '' : `: ${where}`} (--all tells each of them, --json every region)`,
  ];
}

interface Reading {
  readonly brief: boolean;
  readonly whole: boolean;
}

/** So many conditions are named at once, and of each so much; each sentence below names its own, whole. */
const CONDITIONS_MAX = 2;
const CONDITION_CHARACTERS_MAX = 72;

function shortCondition(text: string): string {
  const inner = /^(?:for some of it )?\((?<inner>.*)\)$/.exec(text)?.groups?.inner ?? text;
  return inner.length > CONDITION_CHARACTERS_MAX ? `${inner.slice(0, CONDITION_CHARACTERS_MAX)}…` : inner;
}

function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

function firstOf(texts: readonly string[], max: number): string {
  const more = texts.length - max;
  return [...texts.slice(0, max), ...(more > 0 ? [`${more} more`] : [])].join('; ');
}

/** How many edits did something, and whether that is all: all of it, all but what a condition decides, or not known. */
export function verdictText(answer: Verdict, opened: number, closed: number): string {
  const { equal, complete, reasons, coverage } = answer;
  if (equal === true) return 'Both let through the same new connections.';
  const edits =
    opened + closed === 0
      ? 'No difference was found.'
      : `${counted(opened, 'edit')} opened something, ${counted(closed, 'edit')} closed something.`;
  const unseen = [...reasons, ...coverage.blind];
  if (!complete || unseen.length > 0) {
    const what = unseen.length === 0 ? '' : `: ${firstOf(unseen, 1)}`;
    return `${edits} Whether that is all is not known${what}`;
  }
  const all = [...answer.opened, ...answer.closed];
  const conditions = new Set(all.flatMap((one) => one.conditions ?? []).map(shortCondition));
  if (conditions.size === 0) return `${edits} That is all.`;
  const much = all.every((one) => one.conditions) ? 'it is' : 'part of it is';
  return `${edits} That is all; ${much} possible and not certain: ${firstOf([...conditions], CONDITIONS_MAX)}`;
}

type Verdict = Pick<DiffAnswer, 'equal' | 'complete' | 'reasons' | 'coverage'> & {
  readonly [way in 'opened' | 'closed']: readonly Pick<OpeningView, 'conditions'>[];
};

export function addDiff(program: Command, setExit: SetExit): void {
  program
    .command('diff')
    .description('the exact difference of what two captures let through, for new connections')
    .argument('<before>', 'a capture: a file, or a folder with one file a section')
    .argument('<after>', 'a capture of the same platform')
    .option('--driver <id>', 'how to read both; left out, it is recognised')
    .option('--budget <time>', 'how long the exact list may take before rules are told instead, such as 5s')
    .option('--brief', 'one line for each edit, without the rules and examples')
    .option('--all', 'every edit, also where there are many')
    .option('--json', 'one JSON document')
    .action(async (before: string, after: string, options: DiffOptions) => {
      const budget = parseBudget(options.budget);
      if (!budget.ok) {
        return setExit(complain(budget.error));
      }
      compileLate();
      const { diffFiles } = await import('../app/offline-diff.js');
      const { answer, told, exit, problems } = await diffFiles(before, after, {
        ...(options.driver !== undefined && { driver: options.driver }),
        ...(budget.value !== undefined && { timeMsMax: budget.value }),
      });
      for (const problem of problems) complain(problem);
      setExit(exit);
      if (!answer) return;
      if (options.json) return printJson(answer);
      // Why was said already.
      if (problems.length > 0) return print('Nothing was compared.');
      const { opened, closed } = await told();
      const reading = { brief: options.brief === true, whole: options.all === true };
      const text = [
        verdictText(answer, opened.length, closed.length),
        ...diffLines('+', opened, reading),
        ...diffLines('-', closed, reading),
        ...answer.reasons.map((reason) => `not complete: ${reason}`),
        ...coverageLines(answer.coverage),
      ];
      print(displayText(text.join('\n')));
    });
}

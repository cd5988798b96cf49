import type { SubjectView } from '../app/guard/contract.js';
import { coverageText } from '../app/index.js';
import type { CoverageStatement } from '../judge/index.js';
import { clean, coloured, print, severityText } from './terminal.js';

/** What a person reads of the declared flows before `--json` is the better way to them. */
const DECLARED_MAX = 5;

export function mergeCoverage(statements: readonly CoverageStatement[]): CoverageStatement {
  // Said last by each is what no reading can show: it stays last.
  const all = (part: keyof CoverageStatement): readonly string[] =>
    [...new Set(statements.flatMap((statement) => statement[part]).reverse())].reverse();
  return { observed: all('observed'), declared: all('declared'), notCovered: all('notCovered') };
}

/**
 * What was read, declared and not covered, and then the one sentence that Écluse says of it. `doubts`: why there is no
 * clean verdict; the sentence then says that in its place.
 */
export function printCoverage(statement: CoverageStatement, open: number, doubts: readonly string[]): void {
  const observed = statement.observed.map(clean);
  const declared = statement.declared.map(clean);
  const notCovered = statement.notCovered.map(clean);
  const rest = declared.length - DECLARED_MAX;
  const few = rest > 1 ? [...declared.slice(0, DECLARED_MAX), `and ${rest} more (--json)`] : declared;
  const lines = coverageText({ observed, declared: few, notCovered }, open).split('\n');
  for (const line of lines.slice(0, -1)) print(coloured('dim', line));
  if (open > 0 || doubts.length === 0) print(coloured(open > 0 ? 'red' : 'green', lines.at(-1)!));
  for (const doubt of doubts) print(coloured('yellow', `no clean verdict: ${clean(doubt)}`));
}

type Details = Partial<
  Pick<SubjectView, 'because' | 'place' | 'cause' | 'witness' | 'certainty' | 'conditions' | 'undo'>
>;

/** What belongs to an opening, below its line: why it is rated so, where it is, what opened it, how to shut it. */
export function printDetails({ because, place, cause, witness, certainty, conditions, undo }: Details): void {
  const row = (title: string, text: string | undefined): void => {
    if (text !== undefined && text !== '') print(`          ${title.padEnd(8)} ${clean(text)}`);
  };
  row('because', because);
  row('at', place);
  row('cause', cause);
  row('packet', witness);
  row('if', certainty === 'possible' ? (conditions?.join('; ') ?? 'only possible') : undefined);
  row('undo', undo);
}

export function printSubject(subject: SubjectView, what: string): void {
  const doubt = subject.certainty === 'possible' ? 'possibly ' : '';
  print(`${severityText(subject.severity)}  ${clean(subject.device)}: ${doubt}${what}: ${clean(subject.summary)}`);
  printDetails(subject);
}

import { coverageText } from '../app/coverage-text.js';
import type { SubjectView } from '../app/guard/contract.js';
import type { CoverageStatement } from '../judge/index.js';
import { clean, coloured, print, severityText } from './terminal.js';

/** What a person reads of the declared flows before `--json` is the better way to them. */
const DECLARED_MAX = 5;
/** More of one kind than these are read below each other, and not said twice. */
const INLINE_MAX = 2;

function column(title: string, items: readonly string[]): readonly string[] {
  if (items.length > INLINE_MAX) return [`${title}:`, ...items.map((item) => `  ${item}`)];
  return [`${title}: ${items.length === 0 ? 'nothing' : items.join('; ')}`];
}

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
  const columns = { observed, declared: few, 'not covered': notCovered };
  for (const [title, items] of Object.entries(columns)) {
    for (const line of column(title, items)) print(coloured('dim', line));
  }
  const aside = notCovered.length > INLINE_MAX ? [`${notCovered.length} things, listed above`] : notCovered;
  const sentence = coverageText({ observed, declared, notCovered: aside }, open).split('\n').at(-1)!;
  if (open > 0 || doubts.length === 0) print(coloured(open > 0 ? 'red' : 'green', sentence));
  for (const doubt of doubts) print(coloured('yellow', `no clean verdict: ${clean(doubt)}`));
}

type Details = Partial<
  Pick<SubjectView, 'because' | 'place' | 'cause' | 'witness' | 'certainty' | 'conditions' | 'returnsWhen' | 'undo'>
>;

/** What belongs to an opening, below its line: why it is rated so, where it is, what opened it, how to shut it. */
export function printDetails(details: Details): void {
  const { because, place, cause, witness, certainty, conditions, returnsWhen, undo } = details;
  const row = (title: string, text: string | undefined): void => {
    if (text !== undefined && text !== '') print(`          ${title.padEnd(8)} ${clean(text)}`);
  };
  row('because', because);
  row('at', place);
  row('cause', cause);
  row('packet', witness);
  row('if', certainty === 'possible' ? (conditions?.join('; ') ?? 'only possible') : undefined);
  row('returns', returnsWhen);
  row('undo', undo);
}

export function printSubject(subject: SubjectView, what: string): void {
  const doubt = subject.certainty === 'possible' ? 'possibly ' : '';
  print(`${severityText(subject.severity)}  ${clean(subject.device)}: ${doubt}${what}: ${clean(subject.summary)}`);
  printDetails(subject);
}

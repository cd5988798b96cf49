import type { Coverage, Doubt, LineCoverage, LineState } from '../../model/index.js';
import type { CoverageRecorder } from '../contract.js';

/**
 * Worse states have higher numbers. `irrelevant` lies below `modelled` because a line that carries anything of the
 * model is a modelled line.
 */
const badness: Record<LineState, number> = {
  irrelevant: 0,
  modelled: 1,
  approximated: 2,
  unmodelled: 3,
  unrecognized: 4,
};

/** Records what became of every line and builds the model's `Coverage` from it. */
export interface CoverageBuilder extends CoverageRecorder {
  /**
   * Declares a source and returns its lines (number 1 at index 0, without line ends). Lines of a declared source that
   * nobody marks end as `unrecognized` and make the reading blind, so that a reader cannot skip one silently.
   */
  source(file: string, text: string, title?: string): readonly string[];
  /** The same of a text whose lines were counted. */
  counted(file: string, lineCount: number): void;
  /** A line whose content is lost to the model altogether: `unrecognized`, and no clean verdict may be given. */
  lose(file: string, line: number, reason: string): void;
  /** The state that a line has so far. */
  stateOf(file: string, line: number): LineState | undefined;
  /** Counts one rule: held exactly, held between bounds, or not held at all. */
  rule(understood: 'exact' | 'bounded' | 'unread'): void;
  /** Says, once, what lies outside of this reading. */
  notCovered(sentence: string): void;
  /** Says, once, why no clean verdict may be given. */
  blind(reason: string): void;
  /** Says that another driver may settle a sentence given to `blind` or `notCovered`. */
  doubt(doubt: Doubt): void;
  build(): Coverage;
}

/**
 * Cuts a text into lines. `\n` and `\r\n` end a line; a last line without its end counts, the nothing after a final
 * line end does not.
 */
export function linesOf(text: string): readonly string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}

interface Source {
  readonly title: string;
  readonly count: number;
  /** By line number. */
  readonly marks: (Mark | undefined)[];
}

interface Mark {
  readonly state: LineState;
  readonly reason: string | undefined;
}

/** Most lines need no reason: those of one state share their mark. */
const plain = Object.fromEntries(
  Object.keys(badness).map((state) => [state, { state, reason: undefined }]),
) as Readonly<Record<LineState, Mark>>;

export function coverageBuilder(): CoverageBuilder {
  const sources = new Map<string, Source>();
  const rules = { exact: 0, bounded: 0, unread: 0 };
  const outside = new Set<string>();
  const blindness = new Set<string>();
  const doubts: Doubt[] = [];

  const sourceOf = (file: string): Source => {
    const known = sources.get(file);
    if (known) return known;
    const fresh: Source = { title: file, count: 0, marks: [] };
    sources.set(file, fresh);
    return fresh;
  };

  const mark = (file: string, line: number, state: LineState, reason?: string): void => {
    const { marks } = sourceOf(file);
    const before = marks[line];
    if (!before || badness[state] > badness[before.state])
      marks[line] = reason === undefined ? plain[state] : { state, reason };
  };

  const lineCoverage = (file: string, source: Source): LineCoverage[] => {
    const last = Math.max(source.count, source.marks.length - 1);
    const lines: LineCoverage[] = [];
    let unclaimed: number | undefined;
    for (let line = 1; line <= last; line++) {
      const found = source.marks[line];
      if (!found) unclaimed ??= line;
      const { state, reason } = found ?? { state: 'unrecognized' as const, reason: 'no reader claimed this line' };
      lines.push(reason === undefined ? { file, line, state } : { file, line, state, reason });
    }
    if (unclaimed !== undefined) blindness.add(`${file}:${unclaimed}: no reader claimed this line`);
    return lines;
  };

  const declare = (file: string, title: string, count: number): void => {
    const marks = sources.get(file)?.marks ?? [];
    sources.set(file, { title, count, marks });
  };

  return {
    mark,
    source(file, text, title) {
      const lines = linesOf(text);
      declare(file, title ?? file, lines.length);
      return lines;
    },
    counted: (file, lineCount) => declare(file, file, lineCount),
    lose(file, line, reason) {
      mark(file, line, 'unrecognized', reason);
      blindness.add(`${file}:${line}: ${reason}`);
    },
    stateOf: (file, line) => sources.get(file)?.marks[line]?.state,
    rule(understood) {
      rules[understood] += 1;
    },
    notCovered: (sentence) => void outside.add(sentence),
    blind: (reason) => void blindness.add(reason),
    doubt: (doubt) => void doubts.push(doubt),
    build() {
      const parts = [...sources].map(([file, source]) => lineCoverage(file, source));
      const lines = parts.length === 1 ? parts[0]! : parts.flat();
      return {
        sources: [...sources.values()].map(
          ({ title, count }) => `${title} (${count} ${count === 1 ? 'line' : 'lines'})`,
        ),
        lines,
        rules: { ...rules },
        notCovered: [...outside],
        blind: [...blindness],
        ...(doubts.length > 0 && { doubts }),
      };
    },
  };
}

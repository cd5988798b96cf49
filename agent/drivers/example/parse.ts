import { linesOf } from '../shared/coverage.js';

/** One line as words; everything that is quoted from it later knows where it stood. */
export interface Statement {
  readonly line: number;
  readonly words: readonly string[];
  readonly text: string;
}

/** Blank lines and remarks say nothing, and are no statements. */
export function isSilent(text: string): boolean {
  return text.trim() === '' || text.startsWith('!');
}

export function parse(text: string): readonly Statement[] {
  return linesOf(text).flatMap((line, index) =>
    isSilent(line) ? [] : [{ line: index + 1, words: line.trim().split(/\s+/), text: line.trim() }],
  );
}

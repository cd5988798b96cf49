import { linesOf } from '../shared/coverage.js';

/** One line of a configuration, with the lines of its submode, which are indented further. */
export interface Line {
  readonly number: number;
  /** Without indentation and line end. */
  readonly text: string;
  readonly words: readonly string[];
  readonly children: readonly Line[];
}

interface Open {
  readonly indent: number;
  readonly children: Line[];
}

/** Text that a person typed: nothing in it is a word of the configuration, so an exclamation mark is none either. */
const freeText = /^(?:banner|description|access-list \S+ (?:line \d+ )?remark|remark|prompt|motd)\b/;

/**
 * Cuts a configuration into lines and their submodes. A submode is told by its indentation; a blank line or a comment
 * at the left edge ends it, and a comment inside of it does not.
 */
export function parse(text: string): readonly Line[] {
  const top: Line[] = [];
  let open: Open[] = [{ indent: -1, children: top }];
  linesOf(text).forEach((raw, index) => {
    const trimmed = raw.trim();
    const indent = raw.length - raw.trimStart().length;
    const children: Line[] = [];
    const line: Line = { number: index + 1, text: trimmed, words: wordsOf(trimmed), children };
    if (trimmed === '' || (indent === 0 && isComment(trimmed))) {
      open = [open[0]!];
      top.push(line);
      return;
    }
    while (open.length > 1 && open.at(-1)!.indent >= indent) open.pop();
    // Without a line before it that could have a submode, an indented line is a line like any other.
    open.at(-1)!.children.push(line);
    if (!isComment(trimmed)) open.push({ indent, children });
  });
  return top;
}

export function isComment(text: string): boolean {
  return text === '' || text.startsWith('!');
}

export function isFreeText(text: string): boolean {
  return freeText.test(text);
}

function wordsOf(text: string): readonly string[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  if (isFreeText(text)) return words;
  const comment = words.findIndex((word, at) => at > 0 && word.startsWith('!'));
  return comment < 0 ? words : words.slice(0, comment);
}

/** A line and everything below it. */
export function* withDescendants(line: Line): Generator<Line> {
  yield line;
  for (const child of line.children) yield* withDescendants(child);
}

/**
 * Entries that were read before. A configuration is read again and again, and hardly an entry of it differs from the
 * reading before; also within one, an entry is read faster as a whole than line by line. Only what an entry says by
 * itself is known here, wherever it stands.
 */
import { recollection } from '../../lib/memo.js';
import type { Setting, Span } from './tables.js';

/** An entry that only sets and unsets, each key once, a line each, in words without anything special. */
export interface PlainEntry {
  readonly name: string;
  /** Their lines are counted from that of `edit`. */
  readonly settings: ReadonlyMap<string, Setting>;
  /** From `edit` to `next`. */
  readonly lineCount: number;
}

const ENTRIES_MAX = 16_384;
const known = recollection<PlainEntry>(ENTRIES_MAX);

/** The line of `edit` begins at `start`; `end`: that of the line behind its `next`. Undefined: it is not so plain. */
export function plainEntryAt(
  text: string,
  start: number,
): { readonly entry: PlainEntry; readonly end: number } | undefined {
  let word = start;
  while (isBlank(text.charCodeAt(word))) word += 1;
  const closing = `\n${text.slice(start, word)}next\n`;
  const last = text.indexOf(closing, word);
  if (last < 0 || last - start > CHARACTERS_MAX) return undefined;
  const lines = text.slice(start, last);
  let entry = known.get(lines);
  if (entry === undefined) {
    // A part of a text keeps the whole of it in memory: what is remembered is a text of its own.
    const own = ` ${lines}`.slice(1);
    entry = plainEntry(own);
    if (entry === undefined) return undefined;
    known.set(own, entry);
  }
  return { entry, end: last + closing.length };
}

/** Longer entries come once. */
const CHARACTERS_MAX = 16_384;

const NEW_LINE = 0x0a;
const QUOTE = 0x22;
const DELETE = 0x7f;

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Of a bare word: printable ASCII that is no quote, no backslash and no `#`. */
function isPlain(code: number): boolean {
  return code > 0x20 && code < DELETE && code !== QUOTE && code !== 0x23 && code !== 0x27 && code !== 0x5c;
}

function plainEntry(text: string): PlainEntry | undefined {
  // A blank line before `next` is a line too.
  if (text.endsWith('\n')) return undefined;
  const words: string[] = [];
  let at = wordsOfLine(text, 0, words);
  const [edit, name, ...rest] = words;
  if (edit !== 'edit' || name === undefined || rest.length > 0) return undefined;
  const settings = new Map<string, Setting>();
  let line = 0;
  while (at > 0 && at < text.length) {
    at = wordsOfLine(text, at, words);
    line += 1;
    const [verb, key] = words;
    if (key === undefined || settings.has(key)) return undefined;
    const spans = spansAt(line);
    if (verb === 'set' && words.length > 2) settings.set(key, { key, spans, values: words.slice(2) });
    else if (verb === 'unset' && words.length === 2) settings.set(key, { key, spans });
    else return undefined;
  }
  return at < 0 ? undefined : { name, settings, lineCount: line + 2 };
}

/** Puts the words of the line at a place into a list; where the next one begins, or -1: it has something special. */
function wordsOfLine(text: string, from: number, words: string[]): number {
  words.length = 0;
  let at = from;
  for (;;) {
    while (isBlank(text.charCodeAt(at))) at += 1;
    if (at >= text.length) return at;
    const first = text.charCodeAt(at);
    if (first === NEW_LINE) return at + 1;
    let end = at + 1;
    if (first === QUOTE) {
      if (words.length === 0) return -1;
      for (; ; end += 1) {
        const code = text.charCodeAt(end);
        if (code === QUOTE) break;
        if (code === NEW_LINE || code === 0x5c || end >= text.length) return -1;
      }
      words.push(text.slice(at + 1, end));
      end += 1;
    } else {
      if (!isPlain(first)) return -1;
      while (isPlain(text.charCodeAt(end))) end += 1;
      words.push(text.slice(at, end));
    }
    const behind = text.charCodeAt(end);
    if (end < text.length && behind !== NEW_LINE && !isBlank(behind)) return -1;
    at = end;
  }
}

const spans: (readonly Span[])[] = [];

/** One list for each line within an entry: there are few. */
function spansAt(line: number): readonly Span[] {
  spans[line] ??= [{ line, lastLine: line }];
  return spans[line];
}

import type { Problem } from '../../lib/result.js';
import { type PlainEntry, plainEntryAt } from './known-entries.js';

/** The grammar of FortiOS: `config TABLE`, `edit NAME`, `set KEY VALUE…`, `next`, `end`, and comments. */
export type Statement = Block | Command;

export interface Block {
  readonly kind: 'config' | 'edit';
  readonly words: readonly string[];
  readonly line: number;
  readonly lastLine: number;
  /** Where it stands in the text, in characters: the first, and the one behind its last line. */
  readonly start: number;
  readonly end: number;
  readonly body: readonly Statement[];
  /** Instead of its body. */
  readonly plain?: PlainEntry;
}

export interface Command {
  readonly kind: 'command';
  readonly verb: string;
  /** The word behind the verb: what is set, or the entry that is moved. */
  readonly key: string;
  readonly values: readonly string[];
  readonly line: number;
  readonly lastLine: number;
}

export interface Loss {
  readonly line: number;
  readonly lastLine: number;
  readonly reason: string;
  /** It is understood, and of entries that are not there, or that are there already: the device would refuse it. */
  readonly refused?: true;
}

export interface Script {
  readonly text: string;
  readonly lineCount: number;
  readonly body: readonly Statement[];
  readonly losses: readonly Loss[];
  /** Lines that say nothing: blank ones, comments, the header of a backup, the prompt. */
  readonly emptyLines: readonly number[];
  readonly version?: Version;
  /** What is not closed where the text ends: the rest of it is missing. */
  readonly truncated?: Problem;
}

/** From `#config-version=FGT91G-7.4.7-FW-build2731-250120:opmode=1:vdom=0:user=admin`, the first line of every backup. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly multiVdom: boolean;
  /** The version whose defaults are meant where nothing is written, as Fortinet writes it: `7.4.7`. */
  readonly defaultsOf: string;
}

const header =
  /^#config-version=[^:]*?-(?<major>\d+)\.(?<minor>\d+)(?:\.(?<patch>\d+))?-\S*?:(?:\S*:)?vdom=(?<vdom>\d)/;
/** `fw01 # show`, `fw01 (root) $`: what a terminal recorded around the answer. */
const prompt = /^[\w.-]+ (?:\([\w.\- ]+\) )?[#$](?: (?:show|get)\b[\w -]*| end| exit)?\s*$/;

/** Where an entry begins that may be a plain one. */
const editLine = /^[ \t]*edit[ \t]/;

const verbs = new Set([
  'set',
  'unset',
  'append',
  'select',
  'unselect',
  'clear',
  'delete',
  'purge',
  'move',
  'rename',
  'clone',
]);

interface Line {
  readonly words: readonly string[];
  readonly line: number;
  readonly lastLine: number;
  readonly broken?: string;
}

interface Open {
  readonly kind: 'config' | 'edit';
  readonly words: readonly string[];
  readonly line: number;
  readonly start: number;
  readonly body: Statement[];
}

/** A text, line by line. */
interface Lines {
  readonly text: string;
  /** The next character. */
  at: number;
  /** Of the line that was taken last. */
  number: number;
}

/** The next line without its end; undefined behind the last. */
function nextLine(lines: Lines): string | undefined {
  const { text, at } = lines;
  if (at >= text.length) return undefined;
  const end = text.indexOf('\n', at);
  const last = end < 0 ? text.length : end;
  lines.at = last + 1;
  lines.number += 1;
  return text.slice(at, last);
}

export function parse(file: string, given: string): Script {
  const text = given.includes('\r') ? given.replaceAll(/\r(?=\n|$)/g, '') : given;
  const lines: Lines = { text, at: 0, number: 0 };
  const losses: Loss[] = [];
  const emptyLines: number[] = [];
  const body: Statement[] = [];
  const stack: Open[] = [];
  let version: Version | undefined;
  let truncated: Problem | undefined;

  const into = (): Statement[] => stack.at(-1)?.body ?? body;
  const close = (lastLine: number): void => {
    const { kind, words, line, start, body: inside } = stack.pop()!;
    into().push({ kind, words, line, lastLine, start, end: lines.at, body: inside });
  };
  /** Carries a line out; what is wrong with it, if anything. */
  const take = (read: Line, start: number): string | undefined => {
    const verb = read.words[0] ?? '';
    const count = read.words.length - 1;
    const inside = stack.at(-1);
    switch (verb) {
      case 'config':
        if (count === 0) return 'config without the name of a table';
        stack.push({ kind: 'config', words: read.words.slice(1), line: read.line, start, body: [] });
        return undefined;
      case 'edit': {
        if (count !== 1) return 'edit takes one name';
        if (!inside) return 'edit outside of every table';
        const open = inside.kind === 'edit';
        if (open) close(read.line);
        stack.push({ kind: 'edit', words: read.words.slice(1), line: read.line, start, body: [] });
        return open ? `edit within the entry of line ${inside.line}, which has no next` : undefined;
      }
      case 'next':
        if (count > 0) return 'words after next';
        if (inside?.kind !== 'edit') return 'next outside of every entry';
        close(read.lastLine);
        return undefined;
      case 'end':
        if (count > 0) return 'words after end';
        if (!inside) return 'end outside of every table';
        // In an entry, end also closes the table: so the parts of virtual domains are closed.
        if (inside.kind === 'edit') close(read.lastLine);
        close(read.lastLine);
        return undefined;
      default:
        if (!verbs.has(verb)) return `“${verb.slice(0, 40)}” is no word of a configuration`;
        if (!inside) return `${verb} outside of every table`;
        if (count === 0 && verb !== 'purge') return `${verb} without a name`;
        into().push({
          kind: 'command',
          verb,
          key: read.words[1] ?? '',
          values: read.words.slice(2),
          line: read.line,
          lastLine: read.lastLine,
        });
        return undefined;
    }
  };

  for (;;) {
    const start = lines.at;
    const line = nextLine(lines);
    if (line === undefined) break;
    const { number } = lines;
    if (stack.at(-1)?.kind === 'config' && editLine.test(line)) {
      const found = plainEntryAt(text, start);
      if (found) {
        const { entry: plain, end } = found;
        const lastLine = number + plain.lineCount - 1;
        into().push({ kind: 'edit', words: [plain.name], line: number, lastLine, start, end, body: [], plain });
        lines.at = end;
        lines.number = lastLine;
        continue;
      }
    }
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || (stack.length === 0 && prompt.test(line))) {
      emptyLines.push(number);
      const found = version === undefined ? header.exec(trimmed)?.groups : undefined;
      if (found) {
        const [major, minor, patch] = [found.major, found.minor, found.patch ?? 0].map(Number) as [
          number,
          number,
          number,
        ];
        version = { major, minor, patch, multiVdom: found.vdom !== '0', defaultsOf: `${major}.${minor}.${patch}` };
      }
      continue;
    }
    const read = readWords(lines, line);
    if (read === undefined) {
      truncated = { code: 'TRUNCATED', message: 'a quotation has no end', file, line: number, expected: '"' };
      break;
    }
    const wrong = read.broken ?? take(read, start);
    if (wrong !== undefined) losses.push({ line: read.line, lastLine: read.lastLine, reason: wrong });
  }
  while (nextLine(lines) !== undefined);
  const open = stack.at(-1);
  if (open && !truncated) {
    truncated = {
      code: 'TRUNCATED',
      message: `the text ends within “${open.kind} ${open.words.join(' ')}” of line ${open.line}`,
      file,
      line: Math.max(1, lines.number),
      expected: open.kind === 'edit' ? 'next' : 'end',
    };
  }
  const lineCount = lines.number;
  return { text, lineCount, body, losses, emptyLines, ...(version && { version }), ...(truncated && { truncated }) };
}

/**
 * The words of a statement, which goes on over the next lines where a quotation does. A backslash makes the
 * next character plain, but in single quotes; pieces that touch are one word. Undefined: the last quotation is not closed.
 */
function readWords(lines: Lines, first: string): Line | undefined {
  const { number } = lines;
  const simple = simpleWords(first);
  if (simple) return { words: simple, line: number, lastLine: number };
  const words: string[] = [];
  const read = (broken?: string): Line => ({
    words,
    line: number,
    lastLine: lines.number,
    ...(broken !== undefined && { broken }),
  });
  let line = first;
  let word: string | undefined;
  let quote: string | undefined;
  for (let column = 0; ; column++) {
    while (column >= line.length) {
      if (quote === undefined) {
        if (word !== undefined) words.push(word);
        return read();
      }
      const next = nextLine(lines);
      if (next === undefined) return undefined;
      word = `${word ?? ''}\n`;
      line = next;
      column = 0;
    }
    const character = line[column]!;
    if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else if (character === '\\' && quote === '"' && column + 1 < line.length) word = (word ?? '') + line[++column];
      else word = (word ?? '') + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === '#' && word === undefined && isRemark(line.slice(column))) {
      return read();
    } else if (character === '\\' && words.length >= 2) {
      word ??= '';
      if (column + 1 < line.length) word += line[++column];
      else {
        const next = nextLine(lines);
        if (next === undefined) return undefined;
        line = next;
        column = -1;
      }
    } else if (character === '\\' || character < ' ' || character === '\u007f') {
      // Nobody writes the words of the grammar with a backslash.
      return read('a control character or a lone backslash');
    } else word = (word ?? '') + character;
  }
}

/** A person's note behind a statement. A quotation that is open behind it would be a damaged line. */
function isRemark(text: string): boolean {
  return text.startsWith('# ') && ['"', "'"].every((quote) => text.split(quote).length % 2 === 1);
}

const plain = /^[ \t]*[^\s"'\\#\u0000-\u001f\u007f]+(?:[ \t]+(?:[^\s"'\\#\u0000-\u001f\u007f]+|"[^"\\]*"))*[ \t]*$/;

/** The words of a line without anything special, as nearly all are. */
function simpleWords(line: string): readonly string[] | undefined {
  if (!plain.test(line)) return undefined;
  const trimmed = line.trim();
  if (!trimmed.includes('"')) return trimmed.split(/[ \t]+/);
  return trimmed.match(/"[^"]*"|[^ \t"]+/g)!.map((word) => (word.startsWith('"') ? word.slice(1, -1) : word));
}

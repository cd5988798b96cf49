/**
 * Cuts nft's text form into tokens, one at a time: a ruleset may have 64 MB, so the tokens are never all held at once.
 * nft's own scanner (scanner.l) is context dependent; here a word is the longest run that can belong to a name, an
 * address, a number or a time, and the parser gives it its meaning.
 */
import { owned } from '../../lib/owned.js';

export interface Token {
  readonly kind: 'word' | 'string' | 'symbol' | 'newline' | 'bad' | 'end';
  readonly text: string;
  readonly line: number;
  readonly column: number;
  /** Offsets in the source, for quoting a rule in its own words. */
  readonly from: number;
  readonly to: number;
}

export interface Comment {
  readonly line: number;
  readonly text: string;
}

/** Where the lexer stands; small and immutable, so that a parser may look ahead and come back. */
export interface Position {
  readonly offset: number;
  readonly line: number;
  readonly lineStart: number;
  /** Tokens of a variable that stand before the rest of the source. */
  readonly pending: Pending | undefined;
}

interface Pending {
  readonly tokens: readonly Token[];
  readonly index: number;
  readonly below: Pending | undefined;
}

export interface Lexer {
  next(): Token;
  peek(): Token;
  save(): Position;
  restore(position: Position): void;
  /** Puts a variable's tokens before the rest; false when the variables of this source expand without end. */
  expand(tokens: readonly Token[]): boolean;
  /** The last comment read, which nft uses to print handles. */
  lastComment(): Comment | undefined;
  readonly comments: readonly Comment[];
  readonly contentLines: readonly number[];
  readonly source: string;
}

/** How many tokens all variables of one source may expand to: beyond that it is a bomb, not a ruleset. */
const expandedTokensMax = 1_000_000;
/** Comments that matter are few; nft's warnings stand before the tables. */
const commentPattern = /managed by iptables-nft/;

const symbols = ['<<', '>>', '==', '!=', '<=', '>='];
/** Names, keywords, numbers, times; `\*` is an escaped asterisk of an interface name. */
const wordPattern = /(?:[\w.]|\\[*])(?:[\w.]|\\[*])*/y;
/** Names may hold these too, where they start with a letter (scanner.l, `string`). */
const namePattern = /[A-Za-z_](?:[\w./\\-]|\\[*])*\*?/y;
/** An IPv6 address or a MAC address: at least two colons. */
const colonPattern = /[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:\.\d{1,3}){0,3}/y;
const stringPattern = /"[^"\n]*"/y;

export function lexer(source: string): Lexer {
  let offset = 0;
  let line = 1;
  let lineStart = 0;
  let pending: Pending | undefined;
  let expanded = 0;
  /** The token that was looked at and not taken; where it began, in numbers, for most are taken. */
  let ahead: Token | undefined;
  let aheadOffset = 0;
  let aheadLine = 0;
  let aheadStart = 0;
  let aheadPending: Pending | undefined;
  let comment: Comment | undefined;
  const comments: Comment[] = [];
  const contentLines: number[] = [];

  const save = (): Position =>
    ahead
      ? { offset: aheadOffset, line: aheadLine, lineStart: aheadStart, pending: aheadPending }
      : { offset, line, lineStart, pending };
  const move = (position: Position): void => {
    ({ offset, line, lineStart, pending } = position);
  };

  const token = (kind: Token['kind'], length: number, text?: string): Token => {
    const made: Token = {
      kind,
      // Tokens are remembered with the statements that they make.
      text: owned(text ?? source.slice(offset, offset + length)),
      line,
      column: offset - lineStart + 1,
      from: offset,
      to: offset + length,
    };
    offset += length;
    if (kind !== 'newline' && kind !== 'end' && made.text !== '}' && made.text !== ';') {
      if ((contentLines.at(-1) ?? 0) < line) contentLines.push(line);
    }
    return made;
  };

  const sticky = (pattern: RegExp): number => {
    pattern.lastIndex = offset;
    return pattern.test(source) ? pattern.lastIndex - offset : 0;
  };

  const skipBlank = (): void => {
    for (;;) {
      const char = source[offset];
      if (char === ' ' || char === '\t' || char === '\r') offset += 1;
      else if (
        char === '\\' &&
        (source[offset + 1] === '\n' || (source[offset + 1] === '\r' && source[offset + 2] === '\n'))
      ) {
        offset = source.indexOf('\n', offset) + 1;
        line += 1;
        lineStart = offset;
      } else if (char === '#') {
        let end = source.indexOf('\n', offset);
        if (end < 0) end = source.length;
        comment = { line, text: owned(source.slice(offset + 1, Math.min(end, offset + 500)).trim()) };
        if (commentPattern.test(comment.text) && comments.length < 10_000) comments.push(comment);
        offset = end;
      } else return;
    }
  };

  const scan = (): Token => {
    while (pending && pending.index >= pending.tokens.length) pending = pending.below;
    if (pending) {
      const found = pending.tokens[pending.index]!;
      pending = { ...pending, index: pending.index + 1 };
      return { ...found, line, from: offset, to: offset };
    }
    skipBlank();
    if (offset >= source.length) return token('end', 0, '');
    const char = source[offset]!;
    if (char === '\n') {
      const made = token('newline', 1);
      line += 1;
      lineStart = offset;
      return made;
    }
    if (char === '"') {
      const length = sticky(stringPattern);
      return length > 0 ? token('string', length, source.slice(offset + 1, offset + length - 1)) : token('bad', 1);
    }
    let colons = sticky(colonPattern);
    // A colon behind an address leads to what the address maps to.
    if (colons > 2 && /[^:]:$|:::$/.test(source.slice(offset, offset + colons))) colons -= 1;
    if (colons > 0) {
      const next = source[offset + colons];
      if (next === undefined || !/\w/.test(next)) return token('word', colons);
    }
    const name = sticky(namePattern);
    if (name > 0) return token('word', name);
    if (char !== '.' || /\w/.test(source[offset + 1] ?? '')) {
      const word = sticky(wordPattern);
      if (word > 0) return token('word', word);
    }
    const pair = source.slice(offset, offset + 2);
    if (symbols.includes(pair)) return token('symbol', 2);
    return '{};,()[]=<>&|^!@$:-/*+.~'.includes(char) ? token('symbol', 1) : token('bad', 1);
  };

  const peek = (): Token => {
    if (ahead) return ahead;
    aheadOffset = offset;
    aheadLine = line;
    aheadStart = lineStart;
    aheadPending = pending;
    ahead = scan();
    return ahead;
  };

  return {
    peek,
    next() {
      const found = peek();
      ahead = undefined;
      return found;
    },
    save,
    restore(position) {
      ahead = undefined;
      move(position);
    },
    expand(tokens) {
      if (ahead) {
        move(save());
        ahead = undefined;
      }
      expanded += tokens.length;
      if (expanded > expandedTokensMax) return false;
      pending = { tokens, index: 0, below: pending };
      return true;
    },
    lastComment: () => comment,
    comments,
    contentLines,
    source,
  };
}

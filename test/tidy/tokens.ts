/**
 * TypeScript cut into tokens: enough to tell code from comments, texts and regular expressions, and to match
 * brackets. (The compiler's own interface is still called unstable, and a parser is more than these rules need.)
 */
export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'template' | 'regex' | 'comment' | 'punctuation';
  /** As written; a string without its quotes, a template as its fixed parts joined with `${}`. */
  readonly text: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
}

/** After these words a slash begins a regular expression; after any other name it divides. */
const BEFORE_VALUE = new Set(
  'return typeof case in of instanceof new delete void throw await yield else do extends as satisfies'.split(' '),
);

const NAME = /[\p{L}_$#][\p{L}\p{N}_$]*/uy;
const NUMBER = /\d[\w.]*/y;
const REGEX = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y;
const JOINED = /=>|\+\+|--|\.\.\.|\?\.(?!\d)/y;

function endsValue(previous: Token | undefined, before: Token | undefined): boolean {
  if (previous === undefined) return false;
  if (previous.kind === 'name') return !BEFORE_VALUE.has(previous.text);
  if (previous.kind !== 'punctuation') return true;
  if (previous.text === '!') {
    // `a! / b`: a non-null assertion stands right behind its value; a negation stands before one.
    return before !== undefined && before.end === previous.start && endsValue(before, undefined);
  }
  return [')', ']', '}', '++', '--'].includes(previous.text);
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function endOfString(text: string, at: number): number {
  const quote = text[at];
  let end = at + 1;
  while (end < text.length && text[end] !== quote) end += text[end] === '\\' ? 2 : 1;
  return end + 1;
}

export function tokenize(text: string): readonly Token[] {
  const out: Token[] = [];
  /** The last two tokens that are not comments. */
  let previous: Token | undefined;
  let before: Token | undefined;
  /** For each template that is open: its token's place in `out`, and the depth of braces inside its `${`. */
  const open: { readonly place: number; depth: number }[] = [];
  let line = 1;
  let at = 0;

  const add = (kind: Token['kind'], end: number, shown: string): void => {
    const token = { kind, text: shown, line, start: at, end };
    out.push(token);
    if (kind !== 'comment') [before, previous] = [previous, token];
    line += text.slice(at, end).split('\n').length - 1;
    at = end;
  };
  /** Reads a template's fixed text from `from` up to the next `${` or its end. */
  const templatePart = (from: number): { readonly end: number; readonly part: string; readonly closed: boolean } => {
    let end = from;
    while (end < text.length && text[end] !== '`' && !text.startsWith('${', end)) end += text[end] === '\\' ? 2 : 1;
    const closed = text[end] !== '$';
    return { end: end + (closed ? 1 : 2), part: text.slice(from, end), closed };
  };
  /** Goes on with the open template behind the `}` that ends a substitution. */
  const resume = (): void => {
    const { place } = open.at(-1)!;
    const { end, part, closed } = templatePart(at + 1);
    const whole = { ...out[place]!, text: `${out[place]!.text}\${}${part}`, end };
    out[place] = whole;
    line += text.slice(at, end).split('\n').length - 1;
    at = end;
    // A substitution begins with a value, as a file does; behind a closed template stands what follows a value.
    [before, previous] = [undefined, closed ? whole : undefined];
    if (closed) open.pop();
  };

  while (at < text.length) {
    const character = text[at]!;
    if (character === '\n') line++;
    if (/\s/.test(character)) at++;
    else if (text.startsWith('//', at) || (at === 0 && text.startsWith('#!'))) {
      const end = text.indexOf('\n', at);
      add('comment', end < 0 ? text.length : end, text.slice(at, end < 0 ? text.length : end));
    } else if (text.startsWith('/*', at)) {
      const end = text.indexOf('*/', at + 2) + 2;
      add('comment', end, text.slice(at, end));
    } else if (character === "'" || character === '"') {
      const end = endOfString(text, at);
      add('string', end, text.slice(at + 1, end - 1));
    } else if (character === '`') {
      const { end, part, closed } = templatePart(at + 1);
      if (!closed) open.push({ place: out.length, depth: 0 });
      add('template', end, part);
      if (!closed) [before, previous] = [undefined, undefined];
    } else if (character === '}' && open.at(-1)?.depth === 0) resume();
    else {
      const name = match(NAME, text, at);
      const number = name === undefined ? match(NUMBER, text, at) : undefined;
      const regex = character === '/' && !endsValue(previous, before) ? match(REGEX, text, at) : undefined;
      if (name !== undefined) add('name', at + name.length, name);
      else if (number !== undefined) add('number', at + number.length, number);
      else if (regex !== undefined) add('regex', at + regex.length, regex);
      else {
        const inside = open.at(-1);
        if (inside !== undefined && character === '{') inside.depth++;
        if (inside !== undefined && character === '}') inside.depth--;
        const joined = match(JOINED, text, at) ?? character;
        add('punctuation', at + joined.length, joined);
      }
    }
  }
  return out;
}

/** Reads stateful objects and flowtables: `counter x { … }`, `ct helper x { … }`. */
import type { TableKey } from './ast.js';
import { parseQuotaAmount, parseRate } from './parse-options.js';
import { tableKey } from './parse-text.js';
import {
  isSymbol,
  isWord,
  Misread,
  needName,
  needSymbol,
  needWord,
  next,
  peek,
  type Reader,
  skipSeparators,
  takeWord,
} from './reader.js';

const kinds = ['counter', 'quota', 'limit', 'secmark', 'synproxy', 'flowtable', 'tunnel'] as const;

export function parseObject(reader: Reader, inside: TableKey | undefined): boolean {
  const token = peek(reader);
  if (!isWord(token, 'ct', ...kinds)) return false;
  next(reader);
  const what =
    token.text === 'ct'
      ? `ct ${needWord(reader, 'a conntrack object', 'helper', 'timeout', 'expectation')}`
      : token.text;
  const table = inside ?? tableKey(reader);
  const name = needName(reader, 'a name');
  let definition = '';
  if (isSymbol(peek(reader), '{')) {
    needSymbol(reader, '{');
    definition = what === 'limit' || what === 'quota' ? measured(reader, what) : body(reader);
    needSymbol(reader, '}');
  } else if (what === 'limit') definition = parseRate(reader);
  else if (what === 'quota') definition = parseQuotaAmount(reader);
  const span = { line: token.line, lastLine: reader.lex.save().line };
  reader.commands.push({ kind: 'add', declaration: { kind: 'object', table, what, name, definition, span } });
  return true;
}

function measured(reader: Reader, what: 'limit' | 'quota'): string {
  let definition = '';
  for (;;) {
    skipSeparators(reader);
    if (isSymbol(peek(reader), '}')) return definition;
    if (takeWord(reader, 'comment')) needName(reader, 'a comment');
    else definition = what === 'limit' ? parseRate(reader) : parseQuotaAmount(reader);
  }
}

/** The words up to the closing brace, without those that count. */
function body(reader: Reader): string {
  const words: string[] = [];
  let depth = 0;
  for (;;) {
    const token = peek(reader);
    if (token.kind === 'end' || token.kind === 'bad') throw new Misread(token, '“}”');
    if (depth === 0 && isSymbol(token, '}')) return words.join(' ');
    if (depth === 0 && takeWord(reader, 'comment')) {
      needName(reader, 'a comment');
      continue;
    }
    if (isSymbol(token, '{')) depth += 1;
    if (isSymbol(token, '}')) depth -= 1;
    next(reader);
    if (token.kind === 'newline' || isSymbol(token, ';')) continue;
    words.push(token.kind === 'string' ? `"${token.text}"` : token.text);
  }
}

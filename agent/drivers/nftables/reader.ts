/**
 * What every part of the text reader shares: the tokens with variables put in, and how a misread statement is left
 * behind without losing the next one.
 */
import type { Command, Loss, Span } from './ast.js';
import type { Lexer, Token } from './lexer.js';
import { printable } from './values.js';

/** Words that could not be placed; thrown and caught inside the reader only. */
export class Misread extends Error {
  override readonly name = 'Misread';
  readonly token: Token;
  constructor(token: Token, expected: string) {
    super(`${token.kind === 'end' ? 'the text ends' : `“${visible(token.text)}”`} where ${expected} was expected`);
    this.token = token;
  }
}

export interface Reader {
  readonly lex: Lexer;
  readonly variables: Map<string, readonly Token[]>;
  readonly commands: Command[];
  readonly losses: Loss[];
  /** How deep in parentheses, sets and blocks. */
  depth: number;
}

/** Deeper nesting is not a ruleset; without a limit it would exhaust the stack. */
export const depthMax = 64;

/** What is quoted back in a message: printable, and not long. */
export function visible(text: string): string {
  const plain = printable(text);
  return plain.length > 80 ? `${plain.slice(0, 77)}…` : plain;
}

export function peek(reader: Reader): Token {
  for (;;) {
    const token = reader.lex.peek();
    if (token.kind !== 'symbol' || token.text !== '$') return token;
    reader.lex.next();
    const name = reader.lex.next();
    const value = reader.variables.get(name.text);
    if (!value) throw new Misread(name, 'a defined variable');
    if (!reader.lex.expand(value)) throw new Misread(name, 'a variable that ends');
  }
}

export function next(reader: Reader): Token {
  peek(reader);
  return reader.lex.next();
}

export function isWord(token: Token, ...texts: readonly string[]): boolean {
  return token.kind === 'word' && (texts.length === 0 || texts.includes(token.text));
}

export function isSymbol(token: Token, ...texts: readonly string[]): boolean {
  return token.kind === 'symbol' && texts.includes(token.text);
}

/** Takes the next token if it is this word. */
export function takeWord(reader: Reader, ...texts: readonly string[]): string | undefined {
  return isWord(peek(reader), ...texts) ? next(reader).text : undefined;
}

export function takeSymbol(reader: Reader, ...texts: readonly string[]): string | undefined {
  return isSymbol(peek(reader), ...texts) ? next(reader).text : undefined;
}

export function needWord(reader: Reader, expected: string, ...texts: readonly string[]): string {
  const token = peek(reader);
  if (!isWord(token, ...texts)) throw new Misread(token, expected);
  return next(reader).text;
}

export function needSymbol(reader: Reader, symbol: string): void {
  const token = peek(reader);
  if (!isSymbol(token, symbol)) throw new Misread(token, `“${symbol}”`);
  next(reader);
}

/** A name, quoted or not. */
export function needName(reader: Reader, expected: string): string {
  const token = peek(reader);
  if (token.kind !== 'word' && token.kind !== 'string') throw new Misread(token, expected);
  return next(reader).text;
}

/** The name of a chain. iptables-nft makes chains with any character but blanks in their name, and nft prints them bare. */
export function needChain(reader: Reader): string {
  const first = peek(reader);
  let name = needName(reader, 'the name of a chain');
  if (first.kind === 'string') return name;
  for (let end = first.to; ; end = next(reader).to) {
    const token = peek(reader);
    if (token.from !== end || atStatementEnd(token) || isSymbol(token, '{', ',') || token.from === token.to)
      return name;
    name += token.text;
  }
}

/** Two tokens ahead, without taking any. */
export function peekSecond(reader: Reader): Token {
  peek(reader);
  const position = reader.lex.save();
  reader.lex.next();
  const token = reader.lex.peek();
  reader.lex.restore(position);
  return token;
}

export function skipNewlines(reader: Reader): void {
  while (peek(reader).kind === 'newline') next(reader);
}

/** Not by `peek`: a variable that cannot be put in is the fault of the statement it begins, not of the line before. */
export function skipSeparators({ lex }: Reader): void {
  while (lex.peek().kind === 'newline' || isSymbol(lex.peek(), ';')) lex.next();
}

/** Whether the block ends here; takes its brace. A text that ends first is cut off. */
export function blockEnds(reader: Reader): boolean {
  skipSeparators(reader);
  const token = reader.lex.peek();
  if (isSymbol(token, '}')) {
    reader.lex.next();
    return true;
  }
  if (token.kind === 'end') throw new Misread(token, 'a closing brace');
  return false;
}

export function atStatementEnd(token: Token): boolean {
  return token.kind === 'newline' || token.kind === 'end' || isSymbol(token, ';', '}');
}

/**
 * Skips the rest of a misread statement: to the end of its line, or of the block it opened. Stands before the
 * separator afterwards. Variables are not put in: their braces are their own.
 */
export function skipStatement(reader: Reader): Span {
  const { lex } = reader;
  const first = lex.peek().line;
  let last = first;
  let depth = 0;
  for (;;) {
    const token = lex.peek();
    if (token.kind === 'end') break;
    if (depth === 0 && (token.kind === 'newline' || isSymbol(token, ';', '}'))) break;
    if (isSymbol(token, '{')) depth += 1;
    else if (isSymbol(token, '}')) depth -= 1;
    last = token.line;
    lex.next();
  }
  return { line: first, lastLine: last };
}

export function nested<T>(reader: Reader, read: () => T): T {
  if (reader.depth >= depthMax) throw new Misread(reader.lex.peek(), `at most ${depthMax} levels of nesting`);
  reader.depth += 1;
  try {
    return read();
  } finally {
    reader.depth -= 1;
  }
}

/**
 * Rules and statements that were read before: a ruleset is listed again and again, and hardly a line of it differs from the listing
 * before. Only what one line says by itself is known here, whatever its number and its handle.
 */

import { recollection } from '../../lib/memo.js';
import { owned } from '../../lib/owned.js';
import type { Statement } from './ast.js';
import type { Position, Token } from './lexer.js';
import type { Reader } from './reader.js';

/** What a line says from the first word of its rule to the last. */
export interface SaidLine {
  readonly statements: readonly Statement[];
  /** In the platform's words. */
  readonly text: string;
  readonly comment?: string;
  /** Characters to behind its last word. */
  readonly length: number;
}

const LINES_MAX = 16_384;
const known = recollection<SaidLine>(LINES_MAX);

/** Of more lines than these none would be known until it comes again. */
const CHARACTERS_MAX = 2 * LINES_MAX * 80;

const handlePattern = / # handle \d+$/;
/** Comments, continued lines and variables; rules within the rule, which have lines of their own. */
const notAlone = /[#\\$]|\b(?:jump|goto)\s*\{/;

/**
 * The line of a rule that begins with the next token, and where it ends. Undefined: what it says may depend on more
 * than the line. Whether the rule really ends there, reading it must show.
 */
export function wholeLine(
  { lex, variables, depth }: Reader,
  first: Token,
  before: Position,
): { readonly key: string; readonly end: number } | undefined {
  if (variables.size > 0 || before.pending || before.line !== first.line) return undefined;
  if (lex.source.length > CHARACTERS_MAX) return undefined;
  const end = lex.source.indexOf('\n', first.from);
  if (end < 0) return undefined;
  const text = lex.source.slice(first.from, end).replace(handlePattern, '');
  return notAlone.test(text) ? undefined : { key: `${depth} ${text}`, end };
}

const STATEMENTS_MAX = 8_192;
const statements = recollection<Statement>(STATEMENTS_MAX);

/**
 * Rules of a large set say a few things again and again, a few thousand statements in all: those of the same words are
 * one statement, so that it is kept and understood once. `text` is all that the statement was read from.
 */
export function shared(text: string, statement: Statement): Statement {
  if (notAlone.test(text)) return statement;
  const known = statements.get(text);
  if (known !== undefined) return known;
  statements.set(owned(text), statement);
  return statement;
}

export function recalled(line: string): SaidLine | undefined {
  return known.get(line);
}

export function remember(line: string, said: SaidLine): void {
  known.set(owned(line), said);
}

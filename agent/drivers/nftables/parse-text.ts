/**
 * parse, text form: `nft list ruleset` and files for `nft -f` into commands. A statement that cannot be placed is a
 * loss with its lines, and reading goes on behind it; a text that ends inside a block is not a ruleset at all.
 */
import { owned } from '../../lib/owned.js';
import { failure, type Problem, type Result, success } from '../../lib/result.js';
import type { Loss, RuleDeclaration, Script, Span, Statement, TableFamily, TableKey } from './ast.js';
import { recalled, remember, type SaidLine, shared, wholeLine } from './known-lines.js';
import { lexer, type Position } from './lexer.js';
import { parseChain, parseSetDeclaration } from './parse-chain.js';
import { parseElements } from './parse-expression.js';
import { parseObject } from './parse-object.js';
import { parseStatement } from './parse-statement.js';
import {
  atStatementEnd,
  blockEnds,
  isSymbol,
  isWord,
  Misread,
  needChain,
  needName,
  needSymbol,
  needWord,
  nested,
  next,
  peek,
  peekSecond,
  type Reader,
  skipSeparators,
  skipStatement,
  takeSymbol,
  takeWord,
  visible,
} from './reader.js';
import { printable } from './values.js';
import { tableFlags } from './words.js';

const families: readonly TableFamily[] = ['ip', 'ip6', 'inet', 'bridge', 'netdev', 'arp'];
/** A longer value is not a definition but data; it would be copied at every use. */
const variableTokensMax = 100_000;
const ruleTextMax = 2000;

export function parseText(file: string, text: string): Result<Script> {
  const reader: Reader = { lex: lexer(text), variables: new Map(), commands: [], losses: [], depth: 0 };
  const problem = readAll(reader, file);
  if (problem) return failure(problem);
  const managedByIptables = reader.lex.comments.flatMap((comment) => {
    const named = /table (?<family>\w+) (?<name>\S+) is managed by iptables-nft/.exec(comment.text)?.groups;
    return named ? [{ family: named.family as TableFamily, name: named.name! }] : [];
  });
  return success({
    commands: reader.commands,
    losses: reader.losses,
    managedByIptables,
    contentLines: reader.lex.contentLines,
  });
}

function readAll(reader: Reader, file: string): Problem | undefined {
  let start = reader.lex.save();
  for (;;) {
    try {
      skipSeparators(reader);
      start = reader.lex.save();
      const token = peek(reader);
      if (token.kind === 'end') break;
      // A brace that closes nothing would stop the recovery where it stands.
      if (isSymbol(token, '}')) {
        reader.losses.push({ line: next(reader).line, lastLine: token.line, reason: 'a brace closes nothing' });
        continue;
      }
      parseCommand(reader);
      start = reader.lex.save();
      const rest = peek(reader);
      if (!atStatementEnd(rest) && !startsCommand(reader)) throw new Misread(rest, 'the end of the command');
    } catch (error) {
      const truncated = lose(reader, error, start, file);
      if (truncated) return truncated;
    }
  }
  const first = reader.losses[0];
  if (reader.commands.length > 0 || !first) return undefined;
  return {
    code: 'NOT_UNDERSTOOD',
    message: `this is not an nftables ruleset: ${first.reason}`,
    file,
    line: first.line,
    column: 1,
    expected: 'the output of “nft list ruleset”, or a file for “nft -f”',
  };
}

/** Notes a misread statement and skips it from its start, or says that the text ends where it must not. */
function lose(reader: Reader, error: unknown, start: Position, file = ''): Problem | undefined {
  if (!(error instanceof Misread)) throw error;
  if (error.token.kind === 'end') {
    const { line, column } = error.token;
    return {
      code: 'TRUNCATED',
      message: `the ruleset is cut off: ${error.message}`,
      file,
      line,
      column,
      expected: 'a closing brace for every open one',
    };
  }
  reader.lex.restore(start);
  reader.losses.push({ ...skipStatement(reader), reason: error.message });
  return undefined;
}

/** In a block: as `lose`, but a cut-off text ends the whole reading. */
export function loseInBlock(reader: Reader, error: unknown, start: Position): Loss {
  if (lose(reader, error, start)) throw error;
  return reader.losses.at(-1)!;
}

function startsCommand(reader: Reader): boolean {
  return isWord(peek(reader), 'table', 'add', 'define', 'flush', 'delete');
}

type Run = (reader: Reader) => void;

/** What a script may do besides adding; the word is taken. */
const verbs: Readonly<Record<string, Run>> = {
  define,
  redefine: define,
  undefine: (reader) => void reader.variables.delete(needName(reader, 'the name of a variable')),
  flush,
  delete: (reader) => change(reader, 'delete'),
  destroy: (reader) => change(reader, 'delete'),
  add: (reader) => addition(reader, false),
  create: (reader) => addition(reader, false),
  insert: (reader) => addition(reader, true),
};

function parseCommand(reader: Reader): void {
  const token = peek(reader);
  if (isWord(token, 'include')) {
    throw new Misread(
      token,
      'the rules themselves (included files are not part of this text: list the loaded ruleset)',
    );
  }
  const verb = isWord(token) && Object.hasOwn(verbs, token.text) ? verbs[token.text] : undefined;
  if (verb) {
    next(reader);
    verb(reader);
  } else if (isWord(token, 'table', 'rule', 'element', 'chain', 'set', 'map', 'flowtable')) addition(reader, false);
  else throw new Misread(token, 'a command');
}

/** `add`, which may be left out. */
function addition(reader: Reader, first: boolean): void {
  const what = peek(reader);
  if (takeWord(reader, 'table')) parseTable(reader, what.line);
  else if (takeWord(reader, 'rule')) addRule(reader, first);
  else if (takeWord(reader, 'element')) {
    const table = tableKey(reader);
    const set = needName(reader, 'the name of a set');
    const elements = parseElements(reader);
    const span = { line: what.line, lastLine: peek(reader).line };
    reader.commands.push({ kind: 'elements', table, set, elements, span });
  } else if (!parseMember(reader, undefined)) throw new Misread(what, 'something to add');
}

export function tableKey(reader: Reader): TableKey {
  const second = peekSecond(reader);
  const family = second.kind === 'word' || second.kind === 'string' ? takeWord(reader, ...families) : undefined;
  return { family: (family ?? 'ip') as TableFamily, name: needName(reader, 'the name of a table') };
}

function parseTable(reader: Reader, line: number): void {
  // `table inet x`, or `table x` of family ip; a table may be called `ip`.
  const key = tableKey(reader);
  const open = isSymbol(peek(reader), '{');
  const span = { line, lastLine: line };
  reader.commands.push({ kind: 'add', declaration: { kind: 'table', table: key, span } });
  if (!open) {
    // A listing prints no table without its block, so a text that ends here was cut; a script ends its line.
    const rest = peek(reader);
    if (rest.kind === 'end') throw new Misread(rest, '“{” or the end of the line');
    return;
  }
  next(reader);
  nested(reader, () => {
    for (;;) {
      if (blockEnds(reader)) return;
      const start = reader.lex.save();
      try {
        parseTableItem(reader, key);
      } catch (error) {
        loseInBlock(reader, error, start);
      }
      span.lastLine = Math.max(peek(reader).line, span.lastLine);
    }
  });
}

function parseTableItem(reader: Reader, table: TableKey): void {
  const token = peek(reader);
  if (takeWord(reader, 'flags')) {
    const flags = [needWord(reader, 'a table flag')];
    while (takeSymbol(reader, ',')) flags.push(needWord(reader, 'a table flag'));
    const unknown = flags.find((flag) => !tableFlags.includes(flag));
    if (unknown) throw new Misread(token, 'known table flags');
    const dormant = flags.includes('dormant');
    reader.commands.push({
      kind: 'add',
      declaration: { kind: 'table', table, dormant, span: { line: token.line, lastLine: token.line } },
    });
  } else if (takeWord(reader, 'comment')) needName(reader, 'a comment');
  else if (takeWord(reader, 'define', 'redefine')) define(reader);
  else if (!parseMember(reader, table)) throw new Misread(token, 'a chain, a set or another part of a table');
  const rest = peek(reader);
  if (!atStatementEnd(rest) && !isWord(rest, 'chain', 'set', 'map')) throw new Misread(rest, 'the end of the line');
}

/** A chain, set, map or stateful object, inside its table or by `add`. */
function parseMember(reader: Reader, table: TableKey | undefined): boolean {
  if (isWord(peek(reader), 'chain')) parseChain(reader, table);
  else if (isWord(peek(reader), 'set', 'map', 'meter')) parseSetDeclaration(reader, table);
  else return parseObject(reader, table);
  return true;
}

function addRule(reader: Reader, first: boolean): void {
  const table = tableKey(reader);
  const chain = needChain(reader);
  // A rule placed by handle or index stands where only the loaded ruleset can tell.
  const placed = peek(reader);
  if (isWord(placed, 'handle', 'position', 'index')) throw new Misread(placed, 'a rule without a place');
  reader.commands.push({ kind: 'add', declaration: { kind: 'rule', table, chain, rule: parseRule(reader), first } });
}

function flush(reader: Reader): void {
  if (!takeWord(reader, 'ruleset')) {
    change(reader, 'flush');
    return;
  }
  const family = takeWord(reader, ...families) as TableFamily | undefined;
  reader.commands.push({ kind: 'flushRuleset', ...(family && { family }) });
}

function change(reader: Reader, kind: 'flush' | 'delete'): void {
  const word = needWord(reader, `what to ${kind}`, 'table', 'chain', 'set', 'map');
  const what = word === 'map' ? 'set' : (word as 'table' | 'chain' | 'set');
  const table = tableKey(reader);
  const name = what === 'table' ? undefined : needName(reader, 'a name');
  reader.commands.push({ kind, what, table, ...(name !== undefined && { name }) });
}

function define(reader: Reader): void {
  const name = needName(reader, 'the name of a variable');
  needSymbol(reader, '=');
  const tokens = [];
  let depth = 0;
  for (;;) {
    const token = peek(reader);
    if (token.kind === 'end' && depth > 0) throw new Misread(token, '“}”');
    if (depth === 0 && atStatementEnd(token)) break;
    if (token.kind === 'bad' || tokens.length >= variableTokensMax) throw new Misread(token, 'a value');
    if (isSymbol(token, '{')) depth += 1;
    if (isSymbol(token, '}')) depth -= 1;
    next(reader);
    if (token.kind !== 'newline') tokens.push(token);
  }
  reader.variables.set(name, tokens);
}

/** The rules of `jump { … }`. */
export function parseBlock(reader: Reader): RuleDeclaration[] {
  const rules: RuleDeclaration[] = [];
  needSymbol(reader, '{');
  nested(reader, () => {
    for (;;) {
      if (blockEnds(reader)) return;
      rules.push(parseRule(reader));
    }
  });
  return rules;
}

/** One rule to its end. Statements that cannot be placed make a rule that is not understood, in its place. */
export function parseRule(reader: Reader): RuleDeclaration {
  const { lex } = reader;
  const first = lex.peek();
  const before = lex.save();
  const line = wholeLine(reader, first, before);
  const said = line && recalled(line.key);
  if (said) {
    lex.restore({ ...before, offset: first.from + said.length });
    peek(reader);
    return declaration(reader, said, { line: first.line, lastLine: first.line });
  }
  const losses = reader.losses.length;
  const statements: Statement[] = [];
  let comment: string | undefined;
  let to = first.to;
  let lastLine = first.line;
  try {
    while (!atStatementEnd(peek(reader))) {
      const { from } = peek(reader);
      if (takeWord(reader, 'comment')) comment = printable(needName(reader, 'a comment'));
      else {
        const statement = parseStatement(reader);
        statements.push(
          reader.variables.size > 0 ? statement : shared(lex.source.slice(from, lex.save().offset), statement),
        );
      }
      to = lex.save().offset;
      lastLine = lex.save().line;
    }
  } catch (error) {
    if (!(error instanceof Misread) || error.token.kind === 'end') throw error;
    const why = error.message;
    lex.restore(before);
    const span = skipStatement(reader);
    reader.losses.length = losses;
    reader.losses.push({ ...span, reason: why });
    const text = words(lex.source.slice(first.from, lex.peek().from));
    return { statements: [{ kind: 'unrecognized', text }], span, text: visible(text) };
  }
  const text = words(lex.source.slice(first.from, to));
  const read: SaidLine = { statements, text, length: to - first.from, ...(comment !== undefined && { comment }) };
  if (line && lex.peek().from === line.end && reader.losses.length === losses) remember(line.key, read);
  return declaration(reader, read, { line: first.line, lastLine });
}

function declaration(reader: Reader, { statements, text, comment }: SaidLine, span: Span): RuleDeclaration {
  const handle = handleOn(reader, span.lastLine);
  return {
    statements,
    span,
    text,
    ...(comment !== undefined && { comment }),
    ...(handle !== undefined && { handle }),
  };
}

/** Statements alone, as the JSON form quotes those that it has no words for; undefined if they are none. */
export function parseStatements(text: string): Statement[] | undefined {
  const reader: Reader = { lex: lexer(text), variables: new Map(), commands: [], losses: [], depth: 0 };
  const statements: Statement[] = [];
  try {
    while (!atStatementEnd(peek(reader))) statements.push(parseStatement(reader));
    return peek(reader).kind === 'end' && reader.losses.length === 0 ? statements : undefined;
  } catch (error) {
    if (error instanceof Misread) return undefined;
    throw error;
  }
}

/** nft -a prints the handle as a comment behind the rule, which the lexer has read when it stands at the line's end. */
function handleOn(reader: Reader, line: number): number | undefined {
  const comment = reader.lex.lastComment();
  const handle = comment?.line === line ? /^handle (?<handle>\d+)$/.exec(comment.text)?.groups?.handle : undefined;
  return handle === undefined ? undefined : Number(handle);
}

function words(source: string): string {
  const plain = source
    .slice(0, 4 * ruleTextMax)
    .replace(/(?<quoted>"[^"\n]*")|#[^\n]*/g, '$<quoted>')
    .replace(/\bcounter packets \d+ bytes \d+/g, 'counter')
    .replace(/\s+/g, ' ')
    .trim();
  const shown = printable(plain);
  return owned(shown.length > ruleTextMax ? `${shown.slice(0, ruleTextMax - 1)}…` : shown);
}

/** Reads chains, sets and maps with their headers. */
import type { BaseChain, Declaration, Element, TableKey } from './ast.js';
import { parseElements } from './parse-expression.js';
import { parseStatement } from './parse-statement.js';
import { loseInBlock, parseRule, tableKey } from './parse-text.js';
import { priority } from './priorities.js';
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
  skipNewlines,
  takeSymbol,
  takeWord,
} from './reader.js';

export function parseChain(reader: Reader, inside: TableKey | undefined): void {
  const { line } = next(reader);
  const table = inside ?? tableKey(reader);
  const name = needChain(reader);
  const add = (more: Partial<Extract<Declaration, { kind: 'chain' }>>): void => {
    reader.commands.push({
      kind: 'add',
      declaration: { kind: 'chain', table, name, span: { line, lastLine: line }, ...more },
    });
  };
  add({});
  if (!takeSymbol(reader, '{')) return;
  nested(reader, () => {
    for (;;) {
      if (blockEnds(reader)) return;
      const start = reader.lex.save();
      try {
        parseChainItem(reader, table, name, add);
      } catch (error) {
        const { reason, ...span } = loseInBlock(reader, error, start);
        // Whatever it was, the chain decides something here that is not known.
        const rule = { statements: [{ kind: 'unrecognized' as const, text: reason }], span, text: reason };
        reader.commands.push({ kind: 'add', declaration: { kind: 'rule', table, chain: name, rule } });
      }
    }
  });
}

function parseChainItem(
  reader: Reader,
  table: TableKey,
  chain: string,
  add: (more: Partial<Extract<Declaration, { kind: 'chain' }>>) => void,
): void {
  const token = peek(reader);
  // Nearly every line is a rule, and begins with another word than these.
  const second = isWord(token, 'type', 'comment', 'flags') ? peekSecond(reader) : token;
  if (isWord(token, 'type') && second.kind === 'word') add({ base: parseBase(reader, table), baseLine: token.line });
  else if (takeWord(reader, 'policy')) {
    // nft takes a quoted policy from a variable.
    const policy = needName(reader, 'a policy');
    if (policy !== 'accept' && policy !== 'drop') throw new Misread(token, 'policy accept or drop');
    add({ policy, baseLine: token.line });
  } else if (
    (isWord(token, 'comment') && second.kind === 'string') ||
    (isWord(token, 'flags') && isWord(second, 'offload'))
  ) {
    next(reader);
    next(reader);
  } else reader.commands.push({ kind: 'add', declaration: { kind: 'rule', table, chain, rule: parseRule(reader) } });
}

function parseBase(reader: Reader, table: TableKey): BaseChain {
  next(reader);
  const type = needWord(reader, 'a chain type', 'filter', 'nat', 'route');
  needWord(reader, '“hook”', 'hook');
  const hook = needWord(
    reader,
    'a hook',
    'prerouting',
    'input',
    'forward',
    'output',
    'postrouting',
    'ingress',
    'egress',
  );
  const devices: string[] = [];
  if (takeWord(reader, 'device')) devices.push(needName(reader, 'the name of a device'));
  if (takeWord(reader, 'devices')) devices.push(...parseNames(reader));
  needWord(reader, '“priority”', 'priority');
  const token = peek(reader);
  const words: string[] = [];
  while (!atStatementEnd(peek(reader))) words.push(next(reader).text);
  const number = priority(words.join(' '), table.family);
  if (number === undefined) throw new Misread(token, 'a priority');
  return { type, hook, priority: number, devices };
}

/** `= { eth0, "eth1" }` */
export function parseNames(reader: Reader): string[] {
  const names: string[] = [];
  needSymbol(reader, '=');
  needSymbol(reader, '{');
  skipNewlines(reader);
  while (!isSymbol(peek(reader), '}')) {
    names.push(needName(reader, 'a name'));
    skipNewlines(reader);
    if (!takeSymbol(reader, ',')) break;
    skipNewlines(reader);
  }
  needSymbol(reader, '}');
  return names;
}

/** The rest of a line in words; braces do not occur in it. */
function restOfLine(reader: Reader): string {
  const words: string[] = [];
  while (!atStatementEnd(peek(reader))) {
    const token = next(reader);
    if (token.kind === 'bad' || isSymbol(token, '{')) throw new Misread(token, 'a word');
    words.push(token.text);
  }
  return words.join(' ');
}

export function parseSetDeclaration(reader: Reader, inside: TableKey | undefined): void {
  const start = next(reader);
  const table = inside ?? tableKey(reader);
  const name = needName(reader, 'the name of a set');
  const elements: Element[] = [];
  let definition = '';
  const lossesBefore = reader.losses.length;
  if (takeSymbol(reader, '{')) {
    nested(reader, () => {
      for (;;) {
        if (blockEnds(reader)) return;
        const start = reader.lex.save();
        try {
          definition = parseSetItem(reader, elements) ?? definition;
        } catch (error) {
          loseInBlock(reader, error, start);
        }
      }
    });
  }
  const span = { line: start.line, lastLine: reader.lex.save().line };
  // A set of which a part was not understood is not declared: every rule that asks it is then not understood either.
  if (reader.losses.length > lossesBefore) return;
  reader.commands.push({
    kind: 'add',
    declaration: { kind: 'set', table, name, map: start.text === 'map', definition, elements, span },
  });
}

/** One line of a set; gives the type if it says it. */
function parseSetItem(reader: Reader, elements: Element[]): string | undefined {
  const token = peek(reader);
  if (isWord(token, 'type', 'typeof')) return restOfLine(reader);
  if (isWord(token, 'flags', 'timeout', 'gc-interval', 'size', 'policy', 'auto-merge')) {
    restOfLine(reader);
    return undefined;
  }
  if (takeWord(reader, 'comment')) {
    needName(reader, 'a comment');
    return undefined;
  }
  if (takeWord(reader, 'elements')) {
    needSymbol(reader, '=');
    for (const element of parseElements(reader)) elements.push(element);
    return undefined;
  }
  // A statement that each new element gets a copy of.
  while (!atStatementEnd(peek(reader))) parseStatement(reader);
  return undefined;
}

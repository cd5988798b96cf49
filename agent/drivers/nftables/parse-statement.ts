/** Reads the statements of a rule: what it asks, does and decides. */
import type { Comparison, Element, Expression, Statement, Verdict } from './ast.js';
import { parseComputed, parseConstant, parseKey, parseMapData, parseUpdateElement } from './parse-expression.js';
import { parseNat } from './parse-nat.js';
import { parseLimit, parseLog, parseQueue, parseQuota, parseReject } from './parse-options.js';
import { parseBlock } from './parse-text.js';
import {
  isSymbol,
  isWord,
  Misread,
  needChain,
  needName,
  needSymbol,
  needWord,
  next,
  peek,
  peekSecond,
  type Reader,
  takeSymbol,
  takeWord,
} from './reader.js';
import { elementText, expressionText } from './render.js';
import { value } from './values.js';

const comparisons: Readonly<Record<string, Comparison>> = {
  '==': '==',
  '!=': '!=',
  '<': '<',
  '>': '>',
  '<=': '<=',
  '>=': '>=',
  '!': '!',
  eq: '==',
  ne: '!=',
  lt: '<',
  gt: '>',
  le: '<=',
  ge: '>=',
};

type Read = (reader: Reader) => Statement;

const verdict: Read = (reader) => ({ kind: 'verdict', verdict: parseVerdict(reader) });
const setUpdate: Read = (reader) => {
  const operation = next(reader).text as 'add' | 'update' | 'delete';
  needSymbol(reader, '@');
  const set = needName(reader, 'the name of a set');
  return { kind: 'setUpdate', operation, set, element: parseUpdateElement(reader) };
};
const nat: Read = (reader) => parseNat(reader);

/** Statements that begin with a word of their own; the word is still to be taken. */
const statements: Readonly<Record<string, Read>> = {
  accept: verdict,
  drop: verdict,
  continue: verdict,
  return: verdict,
  jump: verdict,
  goto: verdict,
  queue: (reader) => ({ kind: 'verdict', verdict: parseQueue(reader) }),
  reject: parseReject,
  dnat: nat,
  snat: nat,
  redirect: nat,
  masquerade: nat,
  limit: parseLimit,
  quota: parseQuota,
  log: parseLog,
  add: setUpdate,
  update: setUpdate,
  delete: setUpdate,

  notrack(reader) {
    next(reader);
    return { kind: 'notrack' };
  },

  counter(reader) {
    next(reader);
    if (takeWord(reader, 'name'))
      return { kind: 'sideEffect', text: `counter name ${expressionText(parseComputed(reader))}` };
    if (takeWord(reader, 'packets')) {
      needWord(reader, 'a number');
      needWord(reader, '“bytes”', 'bytes');
      needWord(reader, 'a number');
    }
    return { kind: 'sideEffect', text: 'counter' };
  },

  /** When the rule last matched, since nft 1.0.7. */
  last(reader) {
    next(reader);
    if (takeWord(reader, 'used')) needWord(reader, 'a time');
    return { kind: 'sideEffect', text: 'last' };
  },

  flow(reader) {
    next(reader);
    const operation = needWord(reader, '“add”', 'add', 'offload');
    needSymbol(reader, '@');
    return { kind: 'sideEffect', text: `flow ${operation} @${needName(reader, 'a flowtable')}` };
  },

  /** The form of nft 0.8: `set add ip saddr @name`. */
  set(reader) {
    next(reader);
    const operation = needWord(reader, 'an operation', 'add', 'update', 'delete') as 'add' | 'update' | 'delete';
    const element = parseElementTail(reader, parseKey(reader));
    needSymbol(reader, '@');
    return { kind: 'setUpdate', operation, set: needName(reader, 'the name of a set'), element };
  },

  meter(reader) {
    next(reader);
    needName(reader, 'the name of a meter');
    if (takeWord(reader, 'size')) needWord(reader, 'a number');
    return { kind: 'meter', text: `meter { ${elementText(parseUpdateElement(reader))} }` };
  },

  dup: (reader) => ({ kind: 'sideEffect', text: copyTo(reader) }),
  fwd: (reader) => ({ kind: 'opaque', text: copyTo(reader) }),

  tproxy(reader) {
    const words = [next(reader).text];
    const family = takeWord(reader, 'ip', 'ip6');
    if (family) words.push(family);
    words.push(needWord(reader, '“to”', 'to'));
    if (!isSymbol(peek(reader), ':')) words.push(expressionText(parseComputed(reader)));
    if (takeSymbol(reader, ':')) words.push(`:${expressionText(parseComputed(reader))}`);
    return { kind: 'opaque', text: words.join(' ') };
  },

  synproxy(reader) {
    const words = [next(reader).text];
    if (takeWord(reader, 'name'))
      return { kind: 'opaque', text: `synproxy name ${expressionText(parseComputed(reader))}` };
    for (;;) {
      const option = takeWord(reader, 'mss', 'wscale', 'timestamp', 'sack-perm');
      if (!option) return { kind: 'opaque', text: words.join(' ') };
      words.push(option);
      if (option === 'mss' || option === 'wscale') words.push(needWord(reader, 'a number'));
    }
  },

  reset(reader) {
    next(reader);
    return { kind: 'sideEffect', text: `reset ${expressionText(parseKey(reader))}` };
  },

  xt(reader) {
    next(reader);
    const what = needWord(reader, '“match” or “target”', 'match', 'target', 'watcher');
    const name = needName(reader, 'the name of an extension');
    return { kind: 'xt', what: what === 'match' ? 'match' : 'target', name };
  },
};

/** One statement; the text form needs no separator between them. */
export function parseStatement(reader: Reader): Statement {
  const token = peek(reader);
  if (isWord(token)) {
    // `update` and the others are followed by `@`, so that no selector is taken for them.
    const own = Object.hasOwn(statements, token.text) ? statements[token.text] : undefined;
    if (own) return own(reader);
    if (token.text === 'ct' && isWord(peekSecond(reader), 'count')) return connectionLimit(reader);
  }
  const before = reader.lex.save();
  const key = parseKey(reader);
  if (key.kind === 'value') {
    reader.lex.restore(before);
    throw new Misread(token, 'a statement');
  }
  if (takeWord(reader, 'vmap')) return { kind: 'vmap', key, data: parseMapData(reader) };
  if (takeWord(reader, 'set')) return { kind: 'mangle', key, value: assigned(reader, key) };
  return comparison(reader, key);
}

function comparison(reader: Reader, key: Expression): Statement {
  const sign = peek(reader);
  const operator =
    sign.kind !== 'string' && Object.hasOwn(comparisons, sign.text) ? comparisons[sign.text]! : 'implicit';
  if (operator !== 'implicit') next(reader);
  const right = withTrafficClass(reader, key, parseConstant(reader));
  // `tcp flags syn / fin,syn,rst,ack`: under the mask behind the slash, exactly the flags before it.
  if (takeSymbol(reader, '/')) {
    const left: Expression = { kind: 'binary', operator: '&', left: key, right: parseConstant(reader) };
    return { kind: 'match', operator: operator === '!=' ? '!=' : '==', left, right };
  }
  return { kind: 'match', operator, left: key, right };
}

/** What a field is set to: a computation, or several flags. */
function assigned(reader: Reader, key: Expression): Expression {
  const first = withTrafficClass(reader, key, parseComputed(reader));
  if (!isSymbol(peek(reader), ',')) return first;
  const of = [first];
  while (takeSymbol(reader, ',')) of.push(parseComputed(reader));
  return { kind: 'list', of };
}

/** `1:2`, a class of tc(8): the only constant with a colon of its own. */
function withTrafficClass(reader: Reader, key: Expression, constant: Expression): Expression {
  if (key.kind !== 'selector' || !/^meta (?:priority|rtclassid)$/.test(key.name)) return constant;
  if (constant.kind !== 'value' || !takeSymbol(reader, ':')) return constant;
  return { kind: 'value', text: `${constant.text}:${takeWord(reader) ?? ''}` };
}

/** `dup to 192.0.2.1 device "eth1"`, `fwd to "eth1"`. */
function copyTo(reader: Reader): string {
  const words = [next(reader).text];
  const family = takeWord(reader, 'ip', 'ip6');
  if (family) words.push(family);
  words.push(needWord(reader, '“to”', 'to'), expressionText(parseComputed(reader)));
  if (takeWord(reader, 'device')) words.push('device', expressionText(parseComputed(reader)));
  return words.join(' ');
}

function connectionLimit(reader: Reader): Statement {
  next(reader);
  next(reader);
  const over = takeWord(reader, 'over') ? 'over ' : '';
  return { kind: 'meter', text: `ct count ${over}${needWord(reader, 'a number')}` };
}

export function parseVerdict(reader: Reader): Verdict {
  const kind = needWord(reader, 'a verdict', 'accept', 'drop', 'continue', 'return', 'jump', 'goto', 'queue');
  if (kind === 'accept' || kind === 'drop' || kind === 'continue' || kind === 'return') return { kind };
  if (kind === 'queue') return { kind, text: 'queue' };
  const jump = kind === 'jump';
  if (isSymbol(peek(reader), '{')) return { kind: jump ? 'jumpBlock' : 'gotoBlock', rules: parseBlock(reader) };
  return { kind: jump ? 'jump' : 'goto', chain: needChain(reader) };
}

/** What follows the key of an element: its timeout and comment, its statements, and what it maps to. */
export function parseElementTail(reader: Reader, key: Expression): Element {
  const bound: Statement[] = [];
  for (;;) {
    const option = takeWord(reader, 'timeout', 'expires', 'comment');
    if (option) needName(reader, 'a value');
    else if (isWord(peek(reader), 'counter', 'limit', 'quota', 'ct', 'last')) bound.push(parseStatement(reader));
    else break;
  }
  if (!takeSymbol(reader, ':')) return { key, statements: bound };
  if (isWord(peek(reader), 'accept', 'drop', 'continue', 'return', 'jump', 'goto', 'queue')) {
    return { key, statements: bound, verdict: parseVerdict(reader) };
  }
  const data = parseComputed(reader);
  // Marks and other numbers are spelt as everywhere else; a comment may stand behind the data of old listings.
  if (takeWord(reader, 'comment')) needName(reader, 'a comment');
  return { key, statements: bound, value: data.kind === 'value' ? { kind: 'value', text: value(data.text) } : data };
}

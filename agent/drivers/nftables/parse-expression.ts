/** Reads expressions of the text form: selectors, constants, ranges, sets, concatenations, bit arithmetic. */
import type { BinaryOperator, Element, Expression } from './ast.js';
import { parseSelector } from './parse-selector.js';
import { parseElementTail } from './parse-statement.js';
import {
  depthMax,
  isSymbol,
  Misread,
  needName,
  needSymbol,
  needWord,
  nested,
  next,
  peek,
  type Reader,
  skipNewlines,
  takeSymbol,
  takeWord,
} from './reader.js';
import { value } from './values.js';

const operators: Readonly<Record<string, BinaryOperator>> = {
  '&': '&',
  '|': '|',
  '^': '^',
  '<<': '<<',
  '>>': '>>',
  and: '&',
  or: '|',
  xor: '^',
  lshift: '<<',
  rshift: '>>',
};
const binding: Readonly<Record<BinaryOperator, number>> = { '<<': 4, '>>': 4, '&': 3, '^': 2, '|': 1 };

type Item = (reader: Reader) => Expression;

/** Bit arithmetic by precedence climbing; nft binds shifts, then `&`, `^`, `|` (parser_bison.y). */
function arithmetic(reader: Reader, item: Item, level = 1): Expression {
  let left = item(reader);
  for (let terms = 1; ; terms++) {
    const token = peek(reader);
    const operator = token.kind === 'symbol' || token.kind === 'word' ? operators[token.text] : undefined;
    if (!operator || !Object.hasOwn(operators, token.text) || binding[operator] < level) return left;
    if (terms >= depthMax) throw new Misread(token, `at most ${depthMax} operators`);
    next(reader);
    left = { kind: 'binary', operator, left, right: arithmetic(reader, item, binding[operator] + 1) };
  }
}

function concatenation(reader: Reader, item: Item): Expression {
  const first = item(reader);
  if (!isSymbol(peek(reader), '.')) return first;
  const of = [first];
  while (takeSymbol(reader, '.')) {
    if (of.length >= depthMax) throw new Misread(peek(reader), `at most ${depthMax} parts of a key`);
    of.push(item(reader));
  }
  return { kind: 'concat', of };
}

/** What a rule looks at: `ip saddr . tcp dport`, `meta mark & 0xff`, `(ct mark ^ 1) | 2`. */
export function parseKey(reader: Reader): Expression {
  return concatenation(reader, (inner) => arithmetic(inner, selectorItem));
}

function selectorItem(reader: Reader): Expression {
  if (isSymbol(peek(reader), '(')) return parenthesis(reader, (inner) => arithmetic(inner, selectorItem));
  const selector = parseSelector(reader);
  // The right side of an operator is usually a constant.
  return selector ?? constantItem(reader);
}

/** A constant, or something read from the packet: the value of `meta mark set`, of `dnat to`, of a set update. */
export function parseComputed(reader: Reader): Expression {
  const key = concatenation(reader, (inner) => arithmetic(inner, computedItem));
  return takeWord(reader, 'map') ? { kind: 'map', key, data: parseMapData(reader) } : key;
}

function computedItem(reader: Reader): Expression {
  if (isSymbol(peek(reader), '(')) return parenthesis(reader, (inner) => arithmetic(inner, computedItem));
  const position = reader.lex.save();
  try {
    const selector = parseSelector(reader);
    if (selector) return selector;
  } catch (error) {
    // `tcp` may also be a constant, a protocol: try again as one.
    if (!(error instanceof Misread)) throw error;
  }
  reader.lex.restore(position);
  return constantItem(reader);
}

export function parseMapData(reader: Reader): Expression {
  return isSymbol(peek(reader), '{') ? parseSet(reader) : parseSetReference(reader);
}

function parseSetReference(reader: Reader): Expression {
  needSymbol(reader, '@');
  return { kind: 'setReference', name: needName(reader, 'the name of a set') };
}

function parenthesis(reader: Reader, read: (reader: Reader) => Expression): Expression {
  needSymbol(reader, '(');
  const inner = nested(reader, () => read(reader));
  needSymbol(reader, ')');
  return inner;
}

/** The right side of a comparison. */
export function parseConstant(reader: Reader): Expression {
  const token = peek(reader);
  if (isSymbol(token, '{')) return parseSet(reader);
  if (isSymbol(token, '@')) return parseSetReference(reader);
  const first = concatenation(reader, (inner) => arithmetic(inner, constantItem));
  if (!isSymbol(peek(reader), ',')) return first;
  const of = [first];
  while (takeSymbol(reader, ',')) of.push(arithmetic(reader, constantItem));
  return { kind: 'list', of };
}

/** One constant: a value, a prefix, a range. */
function constantItem(reader: Reader): Expression {
  const token = peek(reader);
  if (isSymbol(token, '(')) return parenthesis(reader, (inner) => arithmetic(inner, constantItem));
  if (takeSymbol(reader, '*')) return { kind: 'wildcard' };
  const first = constantWord(reader);
  // nft also writes ranges of marks as prefixes: `0x00000020/28`. Behind a name the slash leads to a mask of flags.
  if (isSymbol(peek(reader), '/') && /[.:]|^(?:0x[\da-f]+|\d+)$/i.test(first)) {
    next(reader);
    const length = needWord(reader, 'a prefix length');
    if (!/^\d{1,3}$/.test(length)) throw new Misread(token, 'an address with a prefix length');
    return { kind: 'prefix', address: value(first), length: Number(length) };
  }
  if (takeSymbol(reader, '-')) return { kind: 'range', first: value(first), last: value(constantWord(reader)) };
  return { kind: 'value', text: value(first) };
}

function constantWord(reader: Reader): string {
  // `[2001:db8::1]:80` brackets an address from its port.
  if (takeSymbol(reader, '[')) {
    const address = needWord(reader, 'an address');
    needSymbol(reader, ']');
    return address;
  }
  return needName(reader, 'a value');
}

/** `{ … }`: elements with their timeouts and comments, and what they map to. */
export function parseSet(reader: Reader, item: Item = constantItem): Expression {
  return { kind: 'set', elements: parseElements(reader, item) };
}

export function parseElements(reader: Reader, item: Item = constantItem): Element[] {
  const elements: Element[] = [];
  needSymbol(reader, '{');
  nested(reader, () => {
    skipNewlines(reader);
    while (!isSymbol(peek(reader), '}')) {
      if (isSymbol(peek(reader), '{')) for (const element of parseElements(reader, item)) elements.push(element);
      else
        elements.push(
          parseElementTail(
            reader,
            concatenation(reader, (inner) => arithmetic(inner, item)),
          ),
        );
      skipNewlines(reader);
      if (!takeSymbol(reader, ',')) break;
      skipNewlines(reader);
    }
  });
  needSymbol(reader, '}');
  return elements;
}

/** The element of a set update: what it puts in is read from the packet, in part or whole. */
export function parseUpdateElement(reader: Reader): Element {
  needSymbol(reader, '{');
  skipNewlines(reader);
  const element = nested(reader, () => parseElementTail(reader, parseComputed(reader)));
  skipNewlines(reader);
  needSymbol(reader, '}');
  return element;
}

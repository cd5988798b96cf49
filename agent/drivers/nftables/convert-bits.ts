/** convert, bits: masks over header fields, packet marks and connection status. */
import { type Bound, complement, difference, fromRanges, type Intervals, intersection } from '../../lib/intervals.js';
import { all, type Condition, type ConnectionStatus, never, not } from '../../model/index.js';
import type { Comparison, Element, Expression } from './ast.js';
import { compute, constant } from './constants.js';
import { type MarkField, type NumberField, statusNames } from './fields.js';
import { ctStatuses, numberOf } from './names.js';
import { numeric } from './values.js';

/** Larger fields are not walked value by value. */
const enumeratedMax = 65536;

/** The values of the field for which the comparison holds; undefined if that has no short form. */
export function satisfying(
  field: NumberField,
  left: Expression,
  operator: Comparison,
  values: Intervals<Bound>,
): Intervals<Bound> | undefined {
  const flagged = field.flags && (operator === 'implicit' || operator === '!');
  if (left.kind === 'selector' && !flagged) return ordered(field, operator, values);
  if (typeof field.last === 'number' && field.last < enumeratedMax)
    return enumerated(field, left, operator, values as Intervals);
  return undefined;
}

export function ordered(
  field: NumberField,
  operator: Comparison,
  values: Intervals<Bound>,
): Intervals<Bound> | undefined {
  const zero = typeof field.last === 'bigint' ? 0n : 0;
  const [first, last] = [values[0], values.at(-1)];
  if (operator === '!=') return complement<Bound>(values, [zero, field.last]);
  if (operator === 'implicit' || operator === '==') return values;
  if (first === undefined || last === undefined || operator === '!') return undefined;
  const below = (bound: Bound): Intervals<Bound> => fromRanges<Bound>([[zero, bound]]);
  const one = typeof field.last === 'bigint' ? 1n : 1;
  const step = (bound: Bound, by: 1 | -1): Bound =>
    typeof bound === 'bigint' ? bound + BigInt(by) : bound + Number(one) * by;
  const all = [zero, field.last];
  if (operator === '<') return first === zero ? [] : below(step(first, -1));
  if (operator === '<=') return below(last);
  if (operator === '>') return difference<Bound>(all, below(last));
  return first === zero ? all : difference<Bound>(all, below(step(first, -1)));
}

/** The key computed for one value of its selector. */
function evaluate(field: NumberField, expression: Expression, input: number): number | undefined {
  if (expression.kind === 'selector') return input;
  if (expression.kind !== 'binary') return constant(field, expression);
  const [left, right] = [evaluate(field, expression.left, input), evaluate(field, expression.right, input)];
  return left === undefined || right === undefined ? undefined : compute(expression.operator, left, right);
}

function enumerated(
  field: NumberField,
  left: Expression,
  operator: Comparison,
  values: Intervals,
): Intervals<Bound> | undefined {
  const inputs = field.domain ?? Array.from({ length: Number(field.last) + 1 }, (_, index) => index);
  const found: [number, number][] = [];
  for (const input of inputs) {
    const result = evaluate(field, left, input);
    if (result === undefined) return undefined;
    const kept = holds(operator, result, values, field.flags === true);
    if (kept === undefined) return undefined;
    if (kept) found.push([input, input]);
  }
  return fromRanges<Bound>(found);
}

function holds(operator: Comparison, result: number, values: Intervals, flags: boolean): boolean | undefined {
  const member = intersection(values, [result, result]).length > 0;
  if (operator === '==' || (operator === 'implicit' && !flags)) return member;
  if (operator === '!=') return !member;
  const first = values[0];
  if (first === undefined || values.length !== 2 || first !== values[1]) return undefined;
  switch (operator) {
    case 'implicit':
      return (result & first) !== 0;
    case '!':
      return (result & first) === 0;
    case '<':
      return result < first;
    case '>':
      return result > first;
    case '<=':
      return result <= first;
    case '>=':
      return result >= first;
  }
}

/** `mark := (mark & and) ^ xor`, what any chain of bit operations with constants on 32 bits comes to. */
export interface Linear {
  readonly mark: number;
  readonly connection: number;
  readonly xor: number;
}

/** A computation over the two marks in its simplest form; undefined if it reads anything else. */
export function linear(expression: Expression): Linear | undefined {
  if (expression.kind === 'value') {
    const number = numeric(expression.text);
    return number === undefined || number > 0xffff_ffff ? undefined : { mark: 0, connection: 0, xor: number };
  }
  if (expression.kind === 'selector') {
    if (expression.name === 'meta mark') return { mark: 0xffff_ffff, connection: 0, xor: 0 };
    return expression.name === 'ct mark' ? { mark: 0, connection: 0xffff_ffff, xor: 0 } : undefined;
  }
  if (expression.kind !== 'binary') return undefined;
  const [left, right] = [linear(expression.left), linear(expression.right)];
  if (!left || !right) return undefined;
  const fixed = (side: Linear): boolean => side.mark === 0 && side.connection === 0;
  if (fixed(left) && fixed(right))
    return { mark: 0, connection: 0, xor: compute(expression.operator, left.xor, right.xor) };
  const [moving, by] = fixed(right) ? [left, right.xor] : [right, left.xor];
  if (!fixed(right) && !fixed(left)) return joined(expression.operator, left, right);
  switch (expression.operator) {
    case '&':
      return {
        mark: (moving.mark & by) >>> 0,
        connection: (moving.connection & by) >>> 0,
        xor: (moving.xor & by) >>> 0,
      };
    case '|':
      return {
        mark: (moving.mark & ~by) >>> 0,
        connection: (moving.connection & ~by) >>> 0,
        xor: ((moving.xor & ~by) | by) >>> 0,
      };
    case '^':
      return { ...moving, xor: (moving.xor ^ by) >>> 0 };
    default:
      return undefined;
  }
}

/** Both sides move: exact as long as no bit comes from both. */
function joined(operator: string, left: Linear, right: Linear): Linear | undefined {
  const bits = (side: Linear): number => side.mark | side.connection | side.xor;
  if ((operator !== '|' && operator !== '^') || (bits(left) & bits(right)) !== 0) return undefined;
  return {
    mark: (left.mark | right.mark) >>> 0,
    connection: (left.connection | right.connection) >>> 0,
    xor: (left.xor | right.xor) >>> 0,
  };
}

/** `0x20/28`: the numbers of 32 bits that begin with the first 28 of these; nothing where that is not plain. */
function prefixed(text: string, length: number): readonly [number | undefined, number | undefined] {
  const start = numeric(text);
  if (start === undefined || length > 32) return [undefined, undefined];
  const size = 2 ** (32 - length);
  // nft prints `meta mark & 0xf0000000 == 0x3`, which never holds, as `meta mark 0x3/4`; written by a person it is 0x0/4.
  if (start % size !== 0) return [undefined, undefined];
  return [start, start + size - 1];
}

export function markTest(
  field: MarkField,
  left: Expression,
  operator: Comparison,
  elements: readonly Element[],
): Condition | undefined {
  if (operator === '!') return undefined;
  const form = linear(left);
  const mask = form && (field.test === 'mark' ? form.mark : form.connection);
  if (!form || mask === undefined || (field.test === 'mark' ? form.connection : form.mark) !== 0) return undefined;
  const number: NumberField = { kind: 'number', last: 0xffff_ffff, value: numeric, test: () => never };
  const ranges: [number, number][] = [];
  for (const { key } of elements) {
    if (key.kind === 'wildcard') ranges.push([0, 0xffff_ffff]);
    else if ((key.kind === 'range' || key.kind === 'prefix') && form.xor === 0) {
      const range = key.kind === 'range' ? [numeric(key.first), numeric(key.last)] : prefixed(key.address, key.length);
      const [first, last] = range;
      if (first === undefined || last === undefined || first > last) return undefined;
      ranges.push([first, last]);
    } else {
      const value = constant(number, key);
      if (value === undefined) return undefined;
      ranges.push([(value ^ form.xor) >>> 0, (value ^ form.xor) >>> 0]);
    }
  }
  const wanted =
    form.xor === 0 || operator === 'implicit' || operator === '==' || operator === '!='
      ? ordered(number, operator, fromRanges(ranges))
      : undefined;
  return wanted && { kind: field.test, mask, values: wanted as Intervals };
}

/**
 * `ct status dnat`, `ct status ! dnat`: at least one of the bits, or none. `ct status & (snat | dnat) == dnat`: which
 * of them. Other forms are not decided, since the kernel keeps more bits in the same word.
 */
export function statusTest(left: Expression, operator: Comparison, right: Expression): Condition | undefined {
  const bitsOf = (expression: Expression): readonly ConnectionStatus[] | undefined => {
    if (expression.kind === 'value' && /^0(?:x0+)?$/.test(expression.text)) return [];
    const names = (expression.kind === 'list' ? expression.of : [expression]).flatMap(flatten);
    const bits = names.map((name) => numberOf(ctStatuses, name));
    const status = statusNames.filter((name) => bits.includes(ctStatuses[name]));
    return bits.some((bit) => bit === undefined) || new Set(bits).size !== status.length ? undefined : status;
  };
  const some = (status: readonly ConnectionStatus[]): Condition => ({ kind: 'connectionStatus', status });
  if (left.kind === 'selector') {
    const status = (operator === 'implicit' && right.kind !== 'set') || operator === '!' ? bitsOf(right) : undefined;
    if (!status || status.length === 0) return undefined;
    return operator === '!' ? not(some(status)) : some(status);
  }
  if (left.kind !== 'binary' || left.operator !== '&' || left.left.kind !== 'selector') return undefined;
  const [asked, wanted] = [bitsOf(left.right), right.kind === 'set' ? undefined : bitsOf(right)];
  if (!asked || !wanted || !['implicit', '==', '!='].includes(operator)) return undefined;
  const others = asked.filter((name) => !wanted.includes(name));
  const test = wanted.every((name) => asked.includes(name))
    ? all(...wanted.map((name) => some([name])), ...(others.length > 0 ? [not(some(others))] : []))
    : never;
  return operator === '!=' ? not(test) : test;
}

function flatten(expression: Expression): string[] {
  if (expression.kind === 'value') return [expression.text];
  if (expression.kind === 'binary' && expression.operator === '|')
    return [...flatten(expression.left), ...flatten(expression.right)];
  return ['?'];
}

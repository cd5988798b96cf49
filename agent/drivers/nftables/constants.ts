/** Constants of a comparison as sets of whole numbers. */
import { type Bound, fromRanges, type Intervals, single } from '../../lib/intervals.js';
import { parseAddressSet } from '../../model/index.js';
import type { Element, Expression } from './ast.js';
import type { NumberField } from './fields.js';

const domainLast = (field: NumberField): Bound => field.last;

/** The numbers an expression without selectors stands for; undefined if a word in it is no value of the field. */
export function constants(field: NumberField, expression: Expression): Intervals<Bound> | undefined {
  switch (expression.kind) {
    case 'value': {
      const found = field.value(expression.text);
      return found === undefined || found > domainLast(field) ? undefined : single(found);
    }
    case 'prefix': {
      const set = parseAddressSet(`${expression.address}/${expression.length}`);
      if (!set) return undefined;
      return typeof field.last === 'bigint'
        ? set.ip6.length > 0
          ? set.ip6
          : undefined
        : set.ip4.length > 0
          ? set.ip4
          : undefined;
    }
    case 'range': {
      const [first, last] = [field.value(expression.first), field.value(expression.last)];
      if (first === undefined || last === undefined || first > last) return undefined;
      return [first, last > field.last ? field.last : last];
    }
    case 'wildcard':
      return [typeof field.last === 'bigint' ? 0n : 0, field.last];
    case 'list':
    case 'binary': {
      const number = constant(field, expression);
      return number === undefined ? undefined : single<Bound>(number);
    }
    default:
      return undefined;
  }
}

/** A constant as one number: flags combined, bits computed. */
export function constant(field: NumberField, expression: Expression): number | undefined {
  if (expression.kind === 'value') {
    const found = field.value(expression.text);
    return typeof found === 'number' ? found : undefined;
  }
  if (expression.kind === 'list') {
    let bits = 0;
    for (const item of expression.of) {
      const bit = constant(field, item);
      if (bit === undefined) return undefined;
      bits |= bit;
    }
    return bits >>> 0;
  }
  if (expression.kind !== 'binary') return undefined;
  const [left, right] = [constant(field, expression.left), constant(field, expression.right)];
  return left === undefined || right === undefined ? undefined : compute(expression.operator, left, right);
}

export function compute(operator: '&' | '|' | '^' | '<<' | '>>', left: number, right: number): number {
  switch (operator) {
    case '&':
      return (left & right) >>> 0;
    case '|':
      return (left | right) >>> 0;
    case '^':
      return (left ^ right) >>> 0;
    case '<<':
      return right > 31 ? 0 : (left << right) >>> 0;
    case '>>':
      return right > 31 ? 0 : left >>> right;
  }
}

/** The union of a set's elements. */
export function elementConstants(field: NumberField, elements: readonly Element[]): Intervals<Bound> | undefined {
  const ranges: [Bound, Bound][] = [];
  for (const element of elements) {
    const found = constants(field, element.key);
    if (!found) return undefined;
    for (let i = 0; i < found.length; i += 2) ranges.push([found[i]!, found[i + 1]!]);
  }
  return fromRanges(ranges);
}

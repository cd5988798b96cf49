/** convert, raw bits: masks over addresses, and what is read from a header by its place (`@nh,96,32`). */
import { type Bound, fromRanges, type Intervals, isSubset, single } from '../../lib/intervals.js';
import { all, always, any, type Condition, type Family, never, not } from '../../model/index.js';
import { addressBits } from '../shared/address-bits.js';
import type { Comparison, Element, Expression } from './ast.js';
import { ordered } from './convert-bits.js';
import type { MatchContext } from './convert-match.js';
import { family, type NumberField, portProtocols } from './fields.js';

const sides: Readonly<Record<string, readonly ['source' | 'destination', Family]>> = {
  'ip saddr': ['source', 'ip4'],
  'ip daddr': ['destination', 'ip4'],
  'ip6 saddr': ['source', 'ip6'],
  'ip6 daddr': ['destination', 'ip6'],
};

/** `ip saddr & 0.0.0.255 == 0.0.0.7`, `ip6 daddr & ::ffff < ::100`. */
export function maskedAddress(
  name: string,
  field: NumberField,
  left: Expression,
  operator: Comparison,
  values: Intervals<Bound>,
): Condition | undefined {
  const side = sides[name];
  if (!side || left.kind !== 'binary' || left.operator !== '&' || left.left.kind !== 'selector') return undefined;
  const mask = left.right.kind === 'value' ? field.value(left.right.text) : undefined;
  const plain = operator === '!=' ? '==' : operator;
  const wanted = mask === undefined ? undefined : ordered(field, plain, values);
  if (mask === undefined || !wanted) return undefined;
  const test = addressBits({ of: side[0], family: side[1], mask, values: wanted });
  return operator === '!=' ? not(test) : test;
}

/** A part of a header that the model has words for: where it lies, in bits, and what it is to be under a mask. */
interface Part {
  readonly at: number;
  readonly length: number;
  test(mask: bigint, value: bigint): Condition;
}

/** The values of a small field that agree with this one under the mask. */
function numbers(mask: bigint, value: bigint, last: number): Intervals {
  const found: (readonly [number, number])[] = [];
  for (let input = 0; input <= last; input++) if ((input & Number(mask)) === Number(value)) found.push([input, input]);
  return fromRanges(found);
}

const version = (number: bigint): Part => ({
  at: 0,
  length: 4,
  test: (mask, value) => ((number & mask) === value ? always : never),
});

const protocolAt = (at: number): Part => ({
  at,
  length: 8,
  test: (mask, value) => ({ kind: 'protocol', protocols: numbers(mask, value, 255) }),
});

function addressAt(of: 'source' | 'destination', familyOf: Family, at: number): Part {
  const bound = (value: bigint): Bound => (familyOf === 'ip4' ? Number(value) : value);
  return {
    at,
    length: familyOf === 'ip4' ? 32 : 128,
    test: (mask, value) =>
      addressBits({ of, family: familyOf, mask: bound(mask), values: single<Bound>(bound(value)) }),
  };
}

/** RFC 791 and RFC 8200. The first next-header of IPv6 is the last one where no extension header stands between. */
const layouts: Readonly<Record<Family, readonly Part[]>> = {
  ip4: [version(4n), protocolAt(72), addressAt('source', 'ip4', 96), addressAt('destination', 'ip4', 128)],
  ip6: [version(6n), protocolAt(48), addressAt('source', 'ip6', 64), addressAt('destination', 'ip6', 192)],
};

/** The transport header, as far as the protocols that are left have one layout. */
function transportLayout(protocols: Intervals): readonly Part[] {
  const port = (kind: 'sourcePort' | 'destinationPort', at: number): Part => ({
    at,
    length: 16,
    test: (mask, value) => ({ kind, ports: numbers(mask, value, 65535) }),
  });
  const flags: Part = {
    at: 104,
    length: 8,
    test: (mask, value) => ({ kind: 'tcpFlags', flags: numbers(mask, value, 255) }),
  };
  if (isSubset(protocols, [6, 6])) return [port('sourcePort', 0), port('destinationPort', 16), flags];
  if (isSubset(protocols, portProtocols)) return [port('sourcePort', 0), port('destinationPort', 16)];
  if (!isSubset(protocols, [1, 1, 58, 58])) return [];
  return [{ at: 0, length: 16, test: (mask, value) => ({ kind: 'icmp', typeCodes: numbers(mask, value, 65535) }) }];
}

interface Slice {
  readonly at: number;
  readonly length: number;
  readonly mask: bigint;
}

/** One value of a slice of a header, field by field; undefined where it reads what the model does not have. */
function sliceTest(layout: readonly Part[], { at, length, mask }: Slice, value: bigint): Condition | undefined {
  if ((value & mask) !== value) return never;
  const tests: Condition[] = [];
  let left = mask;
  for (const part of layout) {
    const [first, last] = [Math.max(at, part.at), Math.min(at + length, part.at + part.length)];
    if (first >= last) continue;
    const size = (1n << BigInt(last - first)) - 1n;
    const [down, up] = [BigInt(at + length - last), BigInt(part.at + part.length - last)];
    left &= ~(size << down);
    const wanted = (mask >> down) & size;
    if (wanted !== 0n) tests.push(part.test(wanted << up, ((value >> down) & size) << up));
  }
  return left === 0n ? all(...tests) : undefined;
}

const VALUES_MAX = 64;

const whole = (text: string): bigint | undefined => (/^\d{1,40}$/.test(text) ? BigInt(text) : undefined);

/** `@nh,128,32 0x0a000507`, `@th,0,32 & 0xffff == 80`; undefined where it reads what the model has no words for. */
export function rawTest(
  context: MatchContext,
  left: Expression,
  operator: Comparison,
  elements: readonly Element[],
): Condition | undefined {
  const selector = left.kind === 'binary' && left.operator === '&' ? left.left : left;
  const place =
    selector.kind === 'selector' ? /^@(?<base>nh|th),(?<at>\d{1,4}),(?<length>\d{1,3})$/.exec(selector.name) : null;
  if (!place?.groups || !['implicit', '==', '!='].includes(operator) || elements.length > VALUES_MAX) return undefined;
  const length = Number(place.groups.length);
  const full = (1n << BigInt(length)) - 1n;
  const mask = left.kind !== 'binary' ? full : left.right.kind === 'value' ? whole(left.right.text) : undefined;
  if (mask === undefined || length > 128) return undefined;
  const slice: Slice = { at: Number(place.groups.at), length, mask: mask & full };
  const isOne = (layout: readonly Part[]): Condition | undefined => {
    const tests: Condition[] = [];
    for (const { key } of elements) {
      const value = key.kind === 'value' ? whole(key.text) : undefined;
      const test = value === undefined ? undefined : sliceTest(layout, slice, value);
      if (!test) return undefined;
      tests.push(test);
    }
    return any(...tests);
  };
  const found = place.groups.base === 'th' ? isOne(transportLayout(context.protocols)) : ofNetwork(context, isOne);
  return found && (operator === '!=' ? not(found) : found);
}

/** What stands at a place of the network header is another field in each family. */
function ofNetwork(
  { table, notes }: MatchContext,
  isOne: (layout: readonly Part[]) => Condition | undefined,
): Condition | undefined {
  const [ip4, ip6] = [table === 'ip6' ? never : isOne(layouts.ip4), table === 'ip' ? never : isOne(layouts.ip6)];
  if (!ip4 || !ip6) return undefined;
  if (asksProtocol(ip6)) notes.push('the first next-header of IPv6 is taken for the last one');
  return any(all(family('ip4'), ip4), all(family('ip6'), ip6));
}

function asksProtocol(condition: Condition): boolean {
  if (condition.kind === 'all' || condition.kind === 'any') return condition.of.some(asksProtocol);
  return condition.kind === 'protocol';
}

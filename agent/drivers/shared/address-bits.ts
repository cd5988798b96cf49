import { type Bound, fromRanges, type Intervals, single } from '../../lib/intervals.js';
import {
  type AddressBits,
  type AddressSet,
  type Condition,
  formatIp4,
  formatIp6,
  masked4,
  masked6,
} from '../../model/index.js';

const show = (value: Bound): string => (typeof value === 'bigint' ? formatIp6(value) : formatIp4(value));

/**
 * (address & mask) ∈ values. Where that makes a few ranges it is they; else a condition on bits, with one identity in
 * whatever language it was asked.
 */
export function addressBits({ of, family, mask, values }: AddressBits): Condition {
  const exact = rangesOf(mask, values);
  if (exact) {
    const addresses: AddressSet =
      family === 'ip4' ? { ip4: exact as Intervals, ip6: [] } : { ip4: [], ip6: exact as Intervals<bigint> };
    return { kind: of, addresses };
  }
  const wanted: string[] = [];
  for (let at = 0; at < values.length; at += 2) {
    const [first, last] = [values[at]!, values[at + 1]!];
    wanted.push(first === last ? show(first) : `${show(first)}-${show(last)}`);
  }
  const text = `${of} & ${show(mask)} is ${wanted.join(', ')}`;
  return { kind: 'unknown', id: text, text, bits: { of, family, mask, values } };
}

function rangesOf(mask: Bound, values: Intervals<Bound>): Intervals<Bound> | undefined {
  const found: (readonly [Bound, Bound])[] = [];
  for (let at = 0; at < values.length; at += 2) {
    const value = values[at]!;
    if (value !== values[at + 1]) return undefined;
    // A bit outside of the mask is never set in what is left.
    if ((BigInt(value) & BigInt(mask)) !== BigInt(value)) continue;
    const part = typeof value === 'bigint' ? masked6(value, mask as bigint) : masked4(value, mask as number);
    if (!part) return undefined;
    for (let i = 0; i < part.length; i += 2) found.push([part[i]!, part[i + 1]!]);
  }
  return fromRanges<Bound>(found);
}

/** `ADDRESS/MASK` with a mask that is no prefix; undefined where it is neither. */
export function addressUnderMask(
  of: AddressBits['of'],
  address: Bound | undefined,
  mask: Bound | undefined,
): Condition | undefined {
  if (address === undefined || mask === undefined || typeof address !== typeof mask) return undefined;
  const kept = typeof address === 'bigint' ? address & (mask as bigint) : Number(BigInt(address) & BigInt(mask));
  return addressBits({
    of,
    family: typeof address === 'bigint' ? 'ip6' : 'ip4',
    mask,
    values: single<Bound>(kept),
  });
}

import { fromRanges, type Intervals } from '../lib/intervals.js';

export type Family = 'ip4' | 'ip6';

/** Addresses of both families. IPv4 addresses are 32-bit numbers, IPv6 addresses 128-bit bigints. */
export interface AddressSet {
  readonly ip4: Intervals<number>;
  readonly ip6: Intervals<bigint>;
}

export const LAST_IP4 = 0xffff_ffff;
export const LAST_IP6 = (1n << 128n) - 1n;
export const noAddress: AddressSet = { ip4: [], ip6: [] };
export const anyAddress: AddressSet = { ip4: [0, LAST_IP4], ip6: [0n, LAST_IP6] };
export const anyIp4: AddressSet = { ip4: [0, LAST_IP4], ip6: [] };
export const anyIp6: AddressSet = { ip4: [], ip6: [0n, LAST_IP6] };

/**
 * Reads a strict dotted quad: four decimal numbers 0–255, no leading zeros, nothing else. `010.0.0.1`, `10.1` and
 * `0x7f.1`, which inet_aton(3) accepts, are refused: they mean different hosts to different programs.
 */
export function parseIp4(text: string): number | undefined {
  let value = 0;
  let dots = 0;
  /** The number that is being read; -1 before its first digit. */
  let octet = -1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      dots += 1;
      if (octet < 0 || dots > 3) return undefined;
      value = value * 256 + octet;
      octet = -1;
    } else if (code < ZERO || code > NINE || octet === 0) {
      return undefined;
    } else {
      octet = octet < 0 ? code - ZERO : octet * 10 + code - ZERO;
      if (octet > 255) return undefined;
    }
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : undefined;
}

const DOT = 46;
const ZERO = 48;
const NINE = 57;

/** Reads an IPv6 address in any form of RFC 4291 section 2.2, including an embedded dotted quad; no zone. */
export function parseIp6(text: string): bigint | undefined {
  const groups: number[] = [];
  /** How many groups stand before `::`. */
  let gap = -1;
  let at = 0;
  while (at < text.length) {
    if (text.charCodeAt(at) === COLON && text.charCodeAt(at + 1) === COLON) {
      if (gap >= 0) return undefined;
      gap = groups.length;
      at += 2;
      continue;
    }
    // One colon stands between two groups, and nowhere else.
    if (groups.length > gap && groups.length > 0 && text.charCodeAt(at++) !== COLON) return undefined;
    const start = at;
    let group = 0;
    for (let digit = hexDigit(text.charCodeAt(at)); digit >= 0; digit = hexDigit(text.charCodeAt(++at)))
      group = group * 16 + digit;
    if (text.charCodeAt(at) === DOT) {
      const ip4 = parseIp4(text.slice(start));
      if (ip4 === undefined) return undefined;
      groups.push(Math.floor(ip4 / 65_536), ip4 % 65_536);
      break;
    }
    if (at === start || at - start > 4) return undefined;
    groups.push(group);
  }
  if (gap < 0 ? groups.length !== 8 : groups.length > 7) return undefined;
  const zeros = 8 - groups.length;
  const groupAt = (place: number): number =>
    gap < 0 || place < gap ? groups[place]! : place < gap + zeros ? 0 : groups[place - zeros]!;
  // In three parts that a number holds: arithmetic on large integers is slow.
  const part = (from: number, to: number): bigint => {
    let value = 0;
    for (let place = from; place < to; place += 1) value = value * 65_536 + groupAt(place);
    return BigInt(value);
  };
  return (part(0, 3) << 80n) | (part(3, 6) << 32n) | part(6, 8);
}

const COLON = 58;

/** -1 for what is none. */
function hexDigit(code: number): number {
  if (code >= ZERO && code <= NINE) return code - ZERO;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** The addresses of `address/length`; host bits may be set and are cleared, as netfilter does. */
export function prefix4(address: number, length: number): Intervals<number> {
  const hostSize = 2 ** (32 - length);
  const first = Math.floor(address / hostSize) * hostSize;
  return [first, first + hostSize - 1];
}

export function prefix6(address: bigint, length: number): Intervals<bigint> {
  if (length === 128) return [address, address];
  const host = (1n << BigInt(128 - length)) - 1n;
  const first = address & ~host;
  return [first, first | host];
}

/** The addresses that agree with `address` under an arbitrary netmask, also a non-contiguous one (at most `limit` ranges). */
export function masked4(address: number, mask: number, limit = 4096): Intervals<number> | undefined {
  const free: number[] = [];
  for (let bit = 0; bit < 32; bit++) if (((mask >>> bit) & 1) === 0) free.push(bit);
  let run = 0;
  while (run < free.length && free[run] === run) run++;
  const scattered = free.slice(run);
  if (2 ** scattered.length > limit) return undefined;
  const base = (address & mask) >>> 0;
  const ranges: [number, number][] = [];
  for (let choice = 0; choice < 2 ** scattered.length; choice++) {
    let first = base;
    scattered.forEach((bit, index) => {
      if ((choice >> index) & 1) first += 2 ** bit;
    });
    ranges.push([first, first + 2 ** run - 1]);
  }
  return fromRanges(ranges);
}

/** The same of IPv6. */
export function masked6(address: bigint, mask: bigint, limit = 4096): Intervals<bigint> | undefined {
  const free: bigint[] = [];
  for (let bit = 0n; bit < 128n; bit++) if (((mask >> bit) & 1n) === 0n) free.push(bit);
  let run = 0;
  while (run < free.length && free[run] === BigInt(run)) run++;
  const scattered = free.slice(run);
  if (2 ** scattered.length > limit) return undefined;
  const base = address & mask;
  const size = 1n << BigInt(run);
  const ranges = Array.from({ length: 2 ** scattered.length }, (_, choice): [bigint, bigint] => {
    let first = base;
    scattered.forEach((bit, index) => {
      if ((choice >> index) & 1) first += 1n << bit;
    });
    return [first, first + size - 1n];
  });
  return fromRanges<bigint>(ranges);
}

/** Reads `ADDRESS`, `ADDRESS/LENGTH`, `ADDRESS/DOTTED-MASK` or `FIRST-LAST`, of either family. */
export function parseAddressSet(text: string): AddressSet | undefined {
  const dash = text.indexOf('-');
  if (dash > 0) {
    const low = text.slice(0, dash);
    const high = text.slice(dash + 1);
    const [first4, last4] = [parseIp4(low), parseIp4(high)];
    if (first4 !== undefined && last4 !== undefined && first4 <= last4) return { ip4: [first4, last4], ip6: [] };
    const [first6, last6] = [parseIp6(low), parseIp6(high)];
    if (first6 !== undefined && last6 !== undefined && first6 <= last6) return { ip4: [], ip6: [first6, last6] };
    return undefined;
  }
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const suffix = slash < 0 ? undefined : text.slice(slash + 1);
  const ip4 = parseIp4(address);
  if (ip4 !== undefined) {
    if (suffix === undefined) return { ip4: [ip4, ip4], ip6: [] };
    if (/^\d{1,2}$/.test(suffix))
      return Number(suffix) <= 32 ? { ip4: prefix4(ip4, Number(suffix)), ip6: [] } : undefined;
    const mask = parseIp4(suffix);
    const set = mask === undefined ? undefined : masked4(ip4, mask);
    return set && { ip4: set, ip6: [] };
  }
  const ip6 = parseIp6(address);
  if (ip6 === undefined) return undefined;
  if (suffix === undefined) return { ip4: [], ip6: [ip6, ip6] };
  if (!/^\d{1,3}$/.test(suffix) || Number(suffix) > 128) return undefined;
  return { ip4: [], ip6: prefix6(ip6, Number(suffix)) };
}

export function formatIp4(value: number): string {
  return [value / 2 ** 24, value / 2 ** 16, value / 2 ** 8, value].map((part) => Math.floor(part) % 256).join('.');
}

/** RFC 5952: lower case, the longest run of two or more zero groups compressed, the first one on a tie. */
export function formatIp6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(112 - 16 * index)) & 0xffffn));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.start < 0) return hex.join(':');
  return `${hex.slice(0, best.start).join(':')}::${hex.slice(best.start + best.length).join(':')}`;
}

/** An inclusive range in the shortest usual form: one address, a prefix, or `first-last`. */
export function formatRange(first: number | bigint, last: number | bigint): string {
  const wide = typeof first === 'bigint';
  const show = (value: number | bigint): string => (typeof value === 'bigint' ? formatIp6(value) : formatIp4(value));
  if (first === last) return show(first);
  const size = BigInt(last) - BigInt(first) + 1n;
  if ((size & (size - 1n)) === 0n && BigInt(first) % size === 0n) {
    return `${show(first)}/${(wide ? 128 : 32) - (size.toString(2).length - 1)}`;
  }
  return `${show(first)}-${show(last)}`;
}

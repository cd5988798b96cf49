import { fromRanges, type Intervals } from '../../lib/intervals.js';
import {
  type AddressSet,
  anyIp4,
  anyIp6,
  type Condition,
  type Family,
  masked6,
  parseAddressSet,
  parseIp4,
  parseIp6,
} from '../../model/index.js';
import { addressUnderMask } from '../shared/address-bits.js';
import { icmpNames, protocolNumbers, serviceNumbers } from './tables.js';

/** A whole number as strtoul(3) with base 0 reads it, at most `last`. */
export function wholeNumber(text: string, last: number): number | undefined {
  if (!/^(?:0x[0-9a-f]+|\d+)$/i.test(text)) return undefined;
  const value = /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text);
  return value <= last ? value : undefined;
}

/** A protocol's number; 0 and `all` mean every protocol. */
export function protocolNumber(text: string): number | undefined {
  const name = text.toLowerCase();
  if (name === 'all') return 0;
  return Object.hasOwn(protocolNumbers, name) ? protocolNumbers[name] : wholeNumber(name, 255);
}

function portNumber(text: string): number | undefined {
  const name = text.toLowerCase();
  return Object.hasOwn(serviceNumbers, name)
    ? serviceNumbers[name]
    : /^\d+$/.test(text) && Number(text) <= 65535
      ? Number(text)
      : undefined;
}

/** `22`, `22:25`, `:25`, `22:`, `:` for all of them, and a list of them with commas; `-` as the separator of `--to-ports`. */
export function portSet(text: string, separator: ':' | '-' = ':'): Intervals | undefined {
  const ranges: [number, number][] = [];
  for (const part of text.split(',')) {
    const whole = portNumber(part);
    if (whole !== undefined) {
      ranges.push([whole, whole]);
      continue;
    }
    const cut = part.indexOf(separator);
    if (cut < 0) return undefined;
    const first = cut === 0 ? 0 : portNumber(part.slice(0, cut));
    const last = cut === part.length - 1 ? 65535 : portNumber(part.slice(cut + 1));
    if (first === undefined || last === undefined || part === '-') return undefined;
    // iptables 1.4 took `60000:29`, which holds no port (port_match() of xt_tcpudp.c): an empty range.
    if (first > last && separator === '-') return undefined;
    ranges.push([first, last]);
  }
  return fromRanges(ranges);
}

/** The addresses of `-s` and `-d`, with commas; only of the rule's own family. */
export function addressList(text: string, family: Family): AddressSet | undefined {
  if (!text.includes(',')) return address(text, family);
  const parts = text.split(',').map((part) => address(part, family));
  if (parts.some((part) => part === undefined)) return undefined;
  return unite(parts as AddressSet[]);
}

export function unite(parts: readonly AddressSet[]): AddressSet {
  if (parts.length === 1) return parts[0]!;
  return {
    ip4: fromRanges(parts.flatMap(({ ip4 }) => pairs(ip4))),
    ip6: fromRanges(parts.flatMap(({ ip6 }) => pairs(ip6))),
  };
}

function pairs<T extends number | bigint>(set: Intervals<T>): [T, T][] {
  const out: [T, T][] = [];
  for (let at = 0; at < set.length; at += 2) out.push([set[at]!, set[at + 1]!]);
  return out;
}

export function address(text: string, family: Family): AddressSet | undefined {
  if (text === '0/0' && family === 'ip4') return anyIp4;
  if (text === '::/0' && family === 'ip6') return anyIp6;
  const set = parseAddressSet(text) ?? (text.includes('/') ? maskedIp6(text) : undefined);
  return set && (family === 'ip4' ? set.ip4 : set.ip6).length > 0 ? set : undefined;
}

/** `2001:db8::/ffff:ffff::`, where that makes a few ranges. */
function maskedIp6(text: string): AddressSet | undefined {
  const [host, mask] = text.split('/').map(parseIp6);
  const ip6 = host === undefined || mask === undefined ? undefined : masked6(host, mask);
  return ip6 && { ip4: [], ip6 };
}

/** An address with a mask that is no prefix and would make too many ranges, among others in a list. */
export function underMask(of: 'source' | 'destination', text: string, family: Family): Condition | undefined {
  const addresses = address(text, family);
  if (addresses) return { kind: of, addresses };
  const [host = '', mask = ''] = text.split('/');
  const read = family === 'ip4' ? parseIp4 : parseIp6;
  return text.split('/').length === 2 ? addressUnderMask(of, read(host), read(mask)) : undefined;
}

/** `0x1/0xff`: a number and its mask; all bits without one. */
export function masked(text: string): { readonly value: number; readonly mask: number } | undefined {
  const [first, second, ...more] = text.split('/');
  const value = wholeNumber(first!, 0xffff_ffff);
  const mask = second === undefined ? 0xffff_ffff : wholeNumber(second, 0xffff_ffff);
  return value === undefined || mask === undefined || more.length > 0 ? undefined : { value, mask };
}

/** Types × 256 + codes. `any`, and for IPv4 type 255, is every type (icmp_type_code_match of xt_tcpudp.c). */
export function icmpTypes(text: string, family: Family): Intervals | undefined {
  const name = text.toLowerCase();
  if (name === 'any') return [0, 65535];
  if (Object.hasOwn(icmpNames[family], name)) return icmpNames[family][name];
  const parts = /^(?<type>\d{1,3})(?:\/(?<code>\d{1,3}|any))?$/.exec(name)?.groups;
  if (!parts) return undefined;
  const type = Number(parts.type);
  const code = parts.code === undefined || parts.code === 'any' ? undefined : Number(parts.code);
  if (type > 255 || (code ?? 0) > 255) return undefined;
  if (type === 255 && family === 'ip4') return [0, 65535];
  return code === undefined ? [type * 256, type * 256 + 255] : [type * 256 + code, type * 256 + code];
}

const flagBits: Readonly<Record<string, number>> = {
  FIN: 1,
  SYN: 2,
  RST: 4,
  PSH: 8,
  ACK: 16,
  URG: 32,
  ECE: 64,
  CWR: 128,
  ALL: 63,
  NONE: 0,
};

function flagByte(text: string): number | undefined {
  let byte = 0;
  for (const name of text.toUpperCase().split(',')) {
    if (!Object.hasOwn(flagBits, name)) return undefined;
    byte |= flagBits[name]!;
  }
  return byte;
}

/** The flag bytes for which (byte & mask) = compared. `ALL` is the six flags of RFC 793. */
export function tcpFlags(maskText: string, comparedText: string): Intervals | undefined {
  const mask = flagByte(maskText);
  const compared = flagByte(comparedText);
  if (mask === undefined || compared === undefined) return undefined;
  const ranges: [number, number][] = [];
  for (let byte = 0; byte < 256; byte++) if ((byte & mask) === compared) ranges.push([byte, byte]);
  return fromRanges(ranges);
}

/** Whether a word holds an address of this family, for telling the family of a file without a header. */
export function hintsFamily(text: string): Family | undefined {
  const plain = text.replace(/^\[|\].*$/g, '').split(/[/,-]/)[0]!;
  if (parseIp4(plain.split(':')[0]!) !== undefined) return 'ip4';
  return plain.includes(':') && parseIp6(plain) !== undefined ? 'ip6' : undefined;
}

import type { Intervals } from '../../lib/intervals.js';
import { type AddressSet, parseAddressSet, parseIp4, parseIp6, prefix4, prefix6 } from '../../model/index.js';
import { icmpNames, protocolNumbers } from './tables.js';
import { wholeNumber } from './values.js';

/** One value of an entry, for one dimension of its set. */
export type ElementField =
  /** `length` is the prefix length: of several that hold an address, the longest counts. */
  | { readonly kind: 'address'; readonly addresses: AddressSet; readonly length: number }
  | { readonly kind: 'port'; readonly protocol: number | undefined; readonly values: Intervals }
  | { readonly kind: 'interface'; readonly name: string; readonly physical: boolean }
  | { readonly kind: 'mark'; readonly value: number }
  | { readonly kind: 'mac'; readonly text: string };

export interface Element {
  readonly fields: readonly ElementField[];
  /** An exception: what it holds is not in the set, though a wider entry holds it too. */
  readonly nomatch: boolean;
}

export interface ElementType {
  readonly type: string;
  readonly fields: readonly string[];
  readonly family: 'ip4' | 'ip6' | undefined;
  readonly netmask?: number;
}

export function readElement(set: ElementType, text: string, options: readonly string[]): Element | undefined {
  const texts = text.split(',');
  const optional = set.fields.at(-1) === 'mac' && texts.length === set.fields.length - 1;
  if (texts.length !== set.fields.length && !optional) return undefined;
  const wildcard = options.includes('wildcard');
  const fields: ElementField[] = [];
  for (const [index, part] of texts.entries()) {
    const field = readField(set, set.fields[index]!, part, wildcard);
    if (!field) return undefined;
    fields.push(field);
  }
  return { fields, nomatch: options.includes('nomatch') };
}

function readField(set: ElementType, kind: string, text: string, wildcard: boolean): ElementField | undefined {
  switch (kind) {
    case 'ip':
    case 'net':
      return addressField(set, text);
    case 'port':
      return portField(set, text);
    case 'iface': {
      const physical = text.startsWith('physdev:');
      const name = physical ? text.slice('physdev:'.length) : text;
      return name === ''
        ? undefined
        : { kind: 'interface', name: wildcard ? `${name.replace(/\+$/, '')}*` : name, physical };
    }
    case 'mark': {
      const value = wholeNumber(text, 0xffff_ffff);
      return value === undefined ? undefined : { kind: 'mark', value };
    }
    case 'mac':
      return { kind: 'mac', text };
    default:
      return undefined;
  }
}

function addressField(set: ElementType, text: string): ElementField | undefined {
  const [address, length] = text.split('/');
  const wide = set.family === 'ip6';
  const bits = length === undefined ? (set.netmask ?? (wide ? 128 : 32)) : wholeNumber(length, wide ? 128 : 32);
  if (bits === undefined) return undefined;
  if (text.includes('-')) {
    const addresses = parseAddressSet(text);
    return addresses && { kind: 'address', addresses, length: wide ? 128 : 32 };
  }
  if (wide) {
    const value = parseIp6(address!);
    return value === undefined
      ? undefined
      : { kind: 'address', addresses: { ip4: [], ip6: prefix6(value, bits) }, length: bits };
  }
  const value = parseIp4(address!);
  return value === undefined
    ? undefined
    : { kind: 'address', addresses: { ip4: prefix4(value, bits), ip6: [] }, length: bits };
}

/** `tcp:80`, `icmp:echo-request`, `icmp:3/4`, `gre:0`; in a bitmap of ports, a number. */
function portField(set: ElementType, text: string): ElementField | undefined {
  if (set.type === 'bitmap:port') {
    const range = /^(?<first>\d+)(?:-(?<last>\d+))?$/.exec(text)?.groups;
    if (!range) return undefined;
    const [first, last] = [Number(range.first), Number(range.last ?? range.first)];
    return first <= last && last <= 65535 ? { kind: 'port', protocol: undefined, values: [first, last] } : undefined;
  }
  const found = /^(?:(?<name>[a-z0-9.-]+):)?(?<rest>[\w/-]+)$/i.exec(text)?.groups;
  if (!found) return undefined;
  const name = (found.name ?? 'tcp').toLowerCase();
  const protocol = Object.hasOwn(protocolNumbers, name) ? protocolNumbers[name]! : wholeNumber(name, 255);
  if (protocol === undefined) return undefined;
  const rest = found.rest!;
  if (protocol === 1 || protocol === 58) {
    const names = icmpNames[protocol === 1 ? 'ip4' : 'ip6'];
    if (Object.hasOwn(names, rest.toLowerCase())) {
      // The set keeps one type and one code; a name without a code is code 0.
      const first = names[rest.toLowerCase()]![0];
      return { kind: 'port', protocol, values: [first, first] };
    }
    const pair = /^(?<type>\d{1,3})\/(?<code>\d{1,3})$/.exec(rest)?.groups;
    if (!pair) return undefined;
    const value = Number(pair.type) * 256 + Number(pair.code);
    return { kind: 'port', protocol, values: [value, value] };
  }
  const range = /^(?<first>\d+)(?:-(?<last>\d+))?$/.exec(rest)?.groups;
  if (!range) return undefined;
  const [first, last] = [Number(range.first), Number(range.last ?? range.first)];
  return first <= last && last <= 65535 ? { kind: 'port', protocol, values: [first, last] } : undefined;
}

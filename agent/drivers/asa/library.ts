import { fromRanges, type Intervals, ranges } from '../../lib/intervals.js';
import {
  type AddressSet,
  all,
  any,
  anyAddress,
  anyIp4,
  anyIp6,
  type Condition,
  noAddress,
  parseAddressSet,
  parseIp4,
  parseIp6,
  type Unknown,
} from '../../model/index.js';
import { type Cursor, refuse } from './cursor.js';
import type { Line } from './parse.js';

/** Addresses, as far as they are known, and what else may be among them. */
export interface Addresses {
  readonly set: AddressSet;
  readonly unknowns: readonly Unknown[];
}

export interface NetworkObject {
  readonly kind: 'network';
  readonly name: string;
  readonly lines: Line[];
}

export type GroupKind = 'network' | 'service' | 'protocol' | 'icmp-type' | 'user' | 'security';

export interface Group {
  readonly kind: GroupKind;
  readonly name: string;
  /** Of a group of ports: `tcp`, `udp` or `tcp-udp`. */
  readonly transport?: string;
  readonly lines: Line[];
}

/** The nouns that other lines refer to. */
export interface Library {
  readonly names: Map<string, string>;
  readonly networks: Map<string, NetworkObject>;
  readonly services: Map<string, { readonly lines: Line[]; readonly transport?: string }>;
  /** A name may stand for a group of each kind: the corpus has a service group and an ICMP group of one name. */
  readonly groups: Map<string, Group>;
  readonly timeRanges: Map<string, readonly string[]>;
  /** Addresses of the interfaces by nameif; undefined where they are not in the configuration. */
  readonly interfaces: Map<string, AddressSet | undefined>;
  /** Before 9.0 `any` is IPv4 only. */
  readonly anyIsBoth: boolean;
  /** Names are taken before what they stand for is there. */
  readonly takesForwardReferences: boolean;
  /** What is referred to and not there, by name. */
  readonly missing: Set<string>;
  /** Groups that were put together before, by kind and name. */
  readonly networkCache: Map<string, Addresses>;
  readonly serviceCache: Map<string, Condition>;
}

export function unite(parts: readonly Addresses[]): Addresses {
  const unknowns = new Map(parts.flatMap((part) => part.unknowns.map((one) => [one.id, one] as const)));
  return {
    set: {
      ip4: fromRanges(parts.flatMap(({ set }) => [...ranges(set.ip4)])),
      ip6: fromRanges(parts.flatMap(({ set }) => [...ranges(set.ip6)])),
    },
    unknowns: [...unknowns.values()],
  };
}

/** One of these; what stands in several of them stands here once. */
export function oneOf(parts: readonly Condition[]): Condition {
  const flat = new Set(parts.flatMap((part) => (part.kind === 'any' ? part.of : [part])));
  return any(...flat);
}

export function known(set: AddressSet): Addresses {
  return { set, unknowns: [] };
}

export function unknown(text: string, unrecognized = false): Unknown {
  return { kind: 'unknown', id: `asa ${text}`, text, ...(unrecognized && { unrecognized }) };
}

/** Something that is referred to and is not in the capture: it may match anything, and the reading is blind for it. */
export function absent(library: Library, what: string): Unknown {
  library.missing.add(what);
  return unknown(`${what}${ABSENT}`, true);
}

const ABSENT = ', which is not in this capture';

/** What is asked without what is not there: a name that stands for nothing holds nothing. */
export function withoutAbsent(condition: Condition): Condition {
  switch (condition.kind) {
    case 'unknown':
      return condition.unrecognized && condition.text.endsWith(ABSENT) ? any() : condition;
    case 'all':
    case 'any':
      return { kind: condition.kind, of: condition.of.map(withoutAbsent) };
    case 'not':
      return { kind: 'not', of: withoutAbsent(condition.of) };
    default:
      return condition;
  }
}

/** An address, or a name given to one. */
function addressText(word: string, library: Library): string {
  return library.names.get(word) ?? word;
}

export function hostOf(word: string, library: Library): AddressSet {
  const text = addressText(word, library);
  if (text.includes('/')) return refuse(`${word} is not an address`);
  return parseAddressSet(text) ?? refuse(`${word} is not an address`);
}

/** A masked network: an ASA has netmasks, of which every bit counts, also scattered ones. */
export function maskedOf(word: string, mask: string, library: Library): AddressSet {
  const text = addressText(word, library);
  if (parseIp4(text) === undefined || parseIp4(mask) === undefined) return refuse(`${word} ${mask} is not a network`);
  return parseAddressSet(`${text}/${mask}`) ?? refuse(`the mask ${mask} makes too many ranges`);
}

function rangeOf(first: string, last: string, library: Library): AddressSet {
  return (
    parseAddressSet(`${addressText(first, library)}-${addressText(last, library)}`) ??
    refuse(`${first} ${last} is not a range of addresses`)
  );
}

function prefixOf(word: string, library: Library): AddressSet | undefined {
  const [address, length, ...more] = word.split('/');
  if (length === undefined || more.length > 0) return undefined;
  return parseAddressSet(`${addressText(address!, library)}/${length}`);
}

/** One address specification, as it stands in an access list. */
export function takeAddresses(cursor: Cursor, library: Library): Addresses {
  const word = cursor.take() ?? refuse('an address is missing');
  const next = (): string => cursor.take() ?? refuse(`something is missing after ${word}`);
  switch (word) {
    case 'any':
      return known(library.anyIsBoth ? anyAddress : anyIp4);
    case 'any4':
      return known(anyIp4);
    case 'any6':
      return known(anyIp6);
    case 'host':
      return known(hostOf(next(), library));
    case 'range':
      return known(rangeOf(next(), next(), library));
    case 'object':
      return networkObject(next(), library);
    case 'object-group':
    case 'object-group-network':
      return networkGroup(next(), library);
    case 'interface':
      return interfaceAddress(next(), library);
    case 'fqdn': {
      if (cursor.peek() === 'v4' || cursor.peek() === 'v6') cursor.take();
      const name = next();
      if (cursor.peek()?.startsWith('(')) cursor.take();
      return { set: noAddress, unknowns: [unknown(`an address of ${name}`)] };
    }
    default: {
      const prefix = prefixOf(word, library);
      if (prefix) return known(prefix);
      const text = addressText(word, library);
      if (parseIp6(text) !== undefined && !/^\d+\.\d+\.\d+\.\d+$/.test(text)) return known(hostOf(word, library));
      return known(maskedOf(word, next(), library));
    }
  }
}

export function interfaceAddress(name: string, library: Library): Addresses {
  const set = library.interfaces.get(name);
  if (set) return known(set);
  return {
    set: noAddress,
    unknowns: [unknown(`an address of the interface ${name}, which is not in the configuration`)],
  };
}

export function networkObject(name: string, library: Library): Addresses {
  const object = library.networks.get(name);
  if (!object) return { set: noAddress, unknowns: [absent(library, `object network ${name}`)] };
  const parts = object.lines.flatMap((line) => objectAddresses(line, library) ?? []);
  return parts.length === 0 ? known(noAddress) : unite(parts);
}

const objectWords: Readonly<Record<string, number | undefined>> = { host: 2, subnet: 3, range: 3, fqdn: 3 };

/** What a line of an `object network` says of its addresses; undefined for lines that say nothing of them. */
export function objectAddresses({ words }: Line, library: Library): Addresses | undefined {
  const [verb, first, second, third] = words;
  const count = objectWords[verb ?? ''];
  if (count !== undefined && words.length > (verb === 'subnet' && first?.includes('/') ? 2 : count))
    return refuse(`${words.at(-1)} is not expected here`);
  switch (verb) {
    case 'host':
      return known(hostOf(first ?? refuse('the host is missing'), library));
    case 'subnet':
      if (first === undefined) return refuse('the subnet is missing');
      if (first.includes('/')) return known(prefixOf(first, library) ?? refuse(`${first} is not a network`));
      return known(maskedOf(first, second ?? refuse('the mask is missing'), library));
    case 'range':
      return known(rangeOf(first ?? refuse('the range is missing'), second ?? refuse('its end is missing'), library));
    case 'fqdn': {
      const name = (first === 'v4' || first === 'v6') && second !== undefined ? `${first} ${second}` : first;
      if (name === undefined || third !== undefined || (second !== undefined && name === first))
        return refuse('one name is expected');
      return { set: noAddress, unknowns: [unknown(`an address of ${name.toLowerCase()}`)] };
    }
    default:
      return undefined;
  }
}

export function networkGroup(name: string, library: Library, seen: ReadonlySet<string> = new Set()): Addresses {
  const group = library.groups.get(`network ${name}`);
  if (!group) return { set: noAddress, unknowns: [absent(library, `object-group network ${name}`)] };
  // A group within itself adds nothing to itself.
  if (seen.has(name)) return known(noAddress);
  const cached = library.networkCache.get(name);
  if (cached) return cached;
  const deeper = new Set([...seen, name]);
  const made = unite(group.lines.flatMap((line) => groupAddresses(line, library, deeper) ?? []));
  if (seen.size === 0) library.networkCache.set(name, made);
  return made;
}

/** What a line of an `object-group network` adds; undefined for a description. */
export function groupAddresses({ words }: Line, library: Library, seen: ReadonlySet<string>): Addresses | undefined {
  const [verb, first, second] = words;
  const count = verb === 'group-object' || first?.includes('/') ? 2 : 3;
  if ((verb === 'group-object' || verb === 'network-object') && words.length > count)
    return refuse(`${words.at(-1)} is not expected here`);
  if (verb === 'group-object') return networkGroup(first ?? refuse('the group is missing'), library, seen);
  if (verb !== 'network-object') return undefined;
  if (first === undefined) return refuse('the address is missing');
  if (first === 'object') return networkObject(second ?? refuse('the object is missing'), library);
  if (first === 'host') return known(hostOf(second ?? refuse('the host is missing'), library));
  const prefix = prefixOf(first, library);
  if (prefix) return known(prefix);
  return known(maskedOf(first, second ?? refuse('the mask is missing'), library));
}

/** The test of one side of a packet. */
export function sideCondition(side: 'source' | 'destination', { set, unknowns }: Addresses): Condition {
  const isAll = set.ip4[0] === 0 && set.ip4[1] === 0xffff_ffff && set.ip6[0] === 0n && set.ip6.length === 2;
  if (isAll && set.ip6[1] === anyIp6.ip6[1]) return all();
  const test: Condition = { kind: side, addresses: set };
  if (unknowns.length === 0) return test;
  // An unknown address of the source is another question than the same one of the destination.
  const tests = unknowns.map(
    (one): Unknown => ({ ...one, id: `${side} ${one.id}`, text: `the ${side} is ${one.text}` }),
  );
  return set.ip4.length + set.ip6.length === 0 ? any(...tests) : any(test, ...tests);
}

export function portsOf(first: number, last: number): Intervals {
  return fromRanges([[first, last]]);
}

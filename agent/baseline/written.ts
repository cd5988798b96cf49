import { type InterfaceSet, PROTOCOLS, protocolName } from '../exposure/index.js';
import { equals, fromRanges, type Intervals, isSubset, ranges, union } from '../lib/intervals.js';
import { formatPorts, parsePorts } from '../lib/ports.js';
import { failure, type Result, success } from '../lib/result.js';
import {
  type AddressSet,
  anyAddress,
  anyIp4,
  anyIp6,
  type Direction,
  formatRange,
  noAddress,
  parseAddressSet,
  publicAddresses,
} from '../model/index.js';
import type { Service } from './shape.js';

/** What is wrong with a piece of text, and what would be right. */
export interface Refusal {
  readonly message: string;
  readonly expected: string;
}

const refuse = (message: string, expected: string): Result<never, Refusal> => failure({ message, expected });

const [ICMP, ICMPV6] = [1, 58];
const WITH_PORTS: readonly number[] = [6, 17, 33, 132, 136];

/** Names that are not a network's: they have a meaning of their own. */
export const RESERVED: readonly string[] = ['any', 'internet', 'self', 'not', 'but'];

const ADDRESSES = 'any, internet, an address, a prefix, FIRST-LAST, or a name under networks';

/** Reads one side of a flow; undefined stands for `any`. */
export function parseSide(
  text: string,
  networks: ReadonlyMap<string, AddressSet>,
): Result<AddressSet | undefined, Refusal> {
  if (text === 'any') return success(undefined);
  if (text === 'internet') return success(publicAddresses);
  const set = networks.get(text) ?? parseAddressSet(text);
  if (set) return success(set);
  const known = networks.size > 0 ? ` (${[...networks.keys()].join(', ')})` : '';
  return refuse(`${text} is neither an address nor a network of this file`, ADDRESSES + known);
}

/** The prefix as it should be written, where host bits are set in it: they are cleared, which may not be what was meant. */
export function hostBitsCleared(text: string): string | undefined {
  const slash = text.indexOf('/');
  const [whole, host] = [parseAddressSet(text), parseAddressSet(text.slice(0, slash))];
  if (slash < 0 || !whole || !host) return undefined;
  const [first, wanted] = host.ip4.length > 0 ? [whole.ip4[0], host.ip4[0]] : [whole.ip6[0], host.ip6[0]];
  return first === wanted ? undefined : formatAddresses(whole).join(', ');
}

/** Every address once: `any`, or whole families, prefixes, ranges and single addresses. */
export function formatAddresses(set: AddressSet): readonly string[] {
  if (isSubset(anyAddress.ip4, set.ip4) && isSubset(anyAddress.ip6, set.ip6)) return ['any'];
  if (equals(set.ip4, publicAddresses.ip4) && equals(set.ip6, publicAddresses.ip6)) return ['internet'];
  const show = <T extends number | bigint>(intervals: Intervals<T>): readonly string[] =>
    [...ranges(intervals)].map(([first, last]) => formatRange(first, last));
  return [...show(set.ip4), ...show(set.ip6)];
}

export function unite(a: AddressSet, b: AddressSet): AddressSet {
  return { ip4: union(a.ip4, b.ip4), ip6: union(a.ip6, b.ip6) };
}

export function uniteAll(sets: readonly AddressSet[]): AddressSet {
  return sets.reduce(unite, noAddress);
}

const SERVICE = 'tcp/443, udp/53, tcp/8000-8010, tcp/80,443, icmp, icmp/8, esp, a protocol number, or any';

/** Reads one service; undefined stands for `any`. */
export function parseService(text: string): Result<Service | undefined, Refusal> {
  if (text === 'any') return success(undefined);
  const groups = /^(?<name>[a-z][a-z0-9]*|\d{1,3}(?:-\d{1,3})?)(?:\/(?<rest>.+))?$/.exec(text)?.groups;
  if (!groups) return refuse(`${text} is not a service`, SERVICE);
  const { name = '', rest } = groups;
  const named = PROTOCOLS[name];
  const protocols = name === 'any' ? undefined : named === undefined ? numbers(name) : ([named, named] as const);
  if (name !== 'any' && protocols === undefined) return refuse(`${name} is not a protocol`, SERVICE);
  const base: Service = protocols ? { protocols } : {};
  if (rest === undefined) return success(base);
  if (protocols && protocols[0] === protocols[1] && (protocols[0] === ICMP || protocols[0] === ICMPV6)) {
    const icmp = parseTypes(rest);
    return icmp ? success({ ...base, icmp }) : refuse(`${rest} are not types of ${name}`, 'such as 8, 3.4 or 8-10');
  }
  if (named !== undefined && !WITH_PORTS.includes(named)) return refuse(`${name} has no ports`, name);
  const ports = parsePorts(rest);
  if (ports === undefined) return refuse(`${rest} are not ports`, 'such as 443, 8000-8010 or 80,443; a list for more');
  return success(ports === 'any' ? base : { ...base, ports });
}

function numbers(text: string): Intervals | undefined {
  const [first = Number.NaN, last = first] = text.split('-').map(Number);
  return first <= last && last <= 255 ? [first, last] : undefined;
}

/** `8` is type 8 with every code, `3.4` one code; both may begin or end a range. */
function parseTypes(text: string): Intervals | undefined {
  const found: [number, number][] = [];
  for (const part of text.split(',')) {
    const groups =
      /^\s*(?<type>\d{1,3})(?:\.(?<code>\d{1,3}))?(?:-(?<lastType>\d{1,3})(?:\.(?<lastCode>\d{1,3}))?)?\s*$/.exec(
        part,
      )?.groups;
    if (!groups) return undefined;
    const type = Number(groups.type);
    const lastType = Number(groups.lastType ?? groups.type);
    const code = Number(groups.code ?? 0);
    const lastCode = Number(groups.lastType === undefined ? (groups.code ?? 255) : (groups.lastCode ?? 255));
    const range: [number, number] = [type * 256 + code, lastType * 256 + lastCode];
    if ([type, code, lastType, lastCode].some((value) => value > 255) || range[0] > range[1]) return undefined;
    found.push(range);
  }
  return fromRanges(found);
}

/** The text of services of one shape; undefined: the file has no words for it. */
export function formatService(service: Service): readonly string[] | undefined {
  const { protocols, ports, icmp } = service;
  if (!protocols) {
    if (icmp) return undefined;
    return [ports ? `any/${formatPorts(ports)}` : 'any'];
  }
  const parts: string[] = [];
  for (const [first, last] of ranges(protocols)) {
    const isIcmp = first === last && (first === ICMP || first === ICMPV6);
    if ((icmp && !isIcmp) || (ports && (isIcmp || !mayHavePorts(first, last)))) return undefined;
    // Neighbours have names of their own; a longer range is what is left over from an exclusion.
    const name = first === last ? protocolName(first) : `${first}-${last}`;
    parts.push(icmp ? `${name}/${formatTypes(icmp)}` : ports ? `${name}/${formatPorts(ports)}` : name);
  }
  return parts;
}

/** One protocol that is known to have none cannot be written with ports. */
function mayHavePorts(first: number, last: number): boolean {
  return first < last || WITH_PORTS.includes(first) || protocolName(first) === `${first}`;
}

function formatTypes(icmp: Intervals): string {
  return [...ranges(icmp)]
    .map(([first, last]) => {
      const [type, code, lastType, lastCode] = [first >> 8, first % 256, last >> 8, last % 256];
      if (first === last) return `${type}.${code}`;
      if (code === 0 && lastCode === 255) return type === lastType ? `${type}` : `${type}-${lastType}`;
      return `${type}.${code}-${lastType}.${lastCode}`;
    })
    .join(',');
}

export interface Via {
  readonly direction: Direction;
  readonly in?: InterfaceSet;
  readonly out?: InterfaceSet;
}

const VIA = 'IN -> OUT with interface names, any or nothing; -> self for the device itself, self -> for what it sends';

/** Reads `wan0 -> dmz0`, `-> self`, `self -> wan0`, `eth*, ppp0 -> any`, `not wan0 -> dmz0` or `eth* but eth0 -> any`. */
export function parseVia(text: string): Result<Via, Refusal> {
  const sides = text.split(/->|→/).map((side) => side.trim());
  const [left = '', right = ''] = sides;
  if (sides.length !== 2) return refuse(`${text} does not say from which interface to which`, VIA);
  if (left === 'self' && right === 'self') return refuse('what the device says to itself is not declared', VIA);
  const direction: Direction = right === 'self' ? 'input' : left === 'self' ? 'output' : 'forward';
  const into = left === 'self' ? success(undefined) : parseInterfaces(left);
  if (!into.ok) return into;
  const out = right === 'self' ? success(undefined) : parseInterfaces(right);
  if (!out.ok) return out;
  return success({ direction, ...(into.value && { in: into.value }), ...(out.value && { out: out.value }) });
}

const INTERFACE = /^[A-Za-z0-9_][\w.:@+-]*\*?$/;

export function isInterfaceName(name: string): boolean {
  return INTERFACE.test(name) && !RESERVED.includes(name);
}

function parseInterfaces(text: string): Result<InterfaceSet | undefined, Refusal> {
  if (text === '' || text === 'any') return success(undefined);
  const groups = /^(?<not>not\s+)?(?<names>.+?)(?:\s+but\s+(?<but>.+))?$/.exec(text)?.groups;
  const split = (list: string): readonly string[] => [...new Set(list.split(',').map((name) => name.trim()))].sort();
  const names = split(groups?.names ?? '');
  const but = groups?.but === undefined ? [] : split(groups.but);
  const wrong = [...names, ...but].find((name) => !isInterfaceName(name));
  if (wrong !== undefined) return refuse(`${wrong || text} is not an interface name`, VIA);
  return success({ kind: groups?.not ? 'except' : 'only', names, ...(but.length > 0 && { but }) });
}

export function formatVia(via: Via): string | undefined {
  const list = (names: readonly string[]): string => [...names].sort().join(', ');
  const side = (set: InterfaceSet | undefined): string => {
    if (set === undefined) return '';
    const but = set.but?.length ? ` but ${list(set.but)}` : '';
    return `${set.kind === 'except' ? 'not ' : ''}${list(set.names)}${but}`;
  };
  if (via.direction === 'input') return `${side(via.in)} -> self`.trim();
  if (via.direction === 'output') return `self -> ${side(via.out)}`.trim();
  if (!via.in && !via.out) return undefined;
  return `${side(via.in) || 'any'} -> ${side(via.out) || 'any'}`;
}

/** The address a service is bound to, as `ss` writes it: the unspecified address of a family stands for all of it. */
export function parseBind(text: string): AddressSet | undefined {
  if (text === 'any' || text === '*') return anyAddress;
  if (text === '0.0.0.0') return anyIp4;
  if (text === '::') return anyIp6;
  return parseAddressSet(text);
}

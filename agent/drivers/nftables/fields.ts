/** What each selector reads from a packet, in the model's words: its range of values, their names, and what it presumes. */
import { type Bound, type Intervals, intersection, ranges, single } from '../../lib/intervals.js';
import {
  all,
  always,
  any,
  type Condition,
  type ConnectionState,
  type ConnectionStatus,
  type Family,
  formatRange,
  LAST_IP4,
  LAST_IP6,
  LAST_MAC,
  never,
  not,
  type PacketTest,
  parseIp4,
  parseIp6,
  parseMac,
} from '../../model/index.js';
import type { TableFamily } from './ast.js';
import {
  ctStates,
  etherTypes,
  icmpCodes,
  icmpTypes,
  icmpv6Codes,
  icmpv6Types,
  type Names,
  netfilterFamilies,
  numberOf,
  protocols,
  services,
  tcpFlags,
} from './names.js';

/** A selector whose values are whole numbers, all of which the model can tell apart. */
export interface NumberField {
  readonly kind: 'number';
  readonly last: Bound;
  /** The only values that occur, where they are not all of 0…last. */
  readonly domain?: readonly number[];
  /** A comparison without an operator asks for any of the flags. */
  readonly flags?: boolean;
  /** One constant. */
  value(text: string): Bound | undefined;
  test(values: Intervals<Bound>): Condition;
}

/** A selector whose values are names. */
export interface NameField {
  readonly kind: 'name';
  test(names: readonly string[]): Condition;
}

/** A selector that the model has no words for, but whose bits can be combined. */
export interface MarkField {
  readonly kind: 'mark';
  readonly test: 'mark' | 'connectionMark';
}

export interface StatusField {
  readonly kind: 'status';
}

export type Field = (NumberField | NameField | MarkField | StatusField) & {
  /** What nft itself asks before it reads the selector: the family, the protocol, a tracked connection. */
  readonly requires: readonly Condition[];
};

export const family = (of: Family): Condition => ({ kind: 'family', family: of });
export const protocol = (...numbers: readonly number[]): Condition => ({
  kind: 'protocol',
  protocols: numbers.flatMap((number) => [number, number]),
});
/** nft_ct breaks off when the packet has no connection, which is what `invalid` and `untracked` mean; `ct state` alone does not. */
export const tracked: Condition = { kind: 'connectionState', states: ['new', 'established', 'related'] };

/** TCP, UDP, DCCP, SCTP, UDP-Lite: the headers that begin with two ports. */
export const portProtocols: Intervals = [6, 6, 17, 17, 33, 33, 132, 132, 136, 136];

function valuesText(values: Intervals<Bound>): string {
  return [...ranges(values)].map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
}

function addressesText(values: Intervals<Bound>): string {
  return [...ranges(values)].map(([first, last]) => formatRange(first, last)).join(', ');
}

const asNumbers = (values: Intervals<Bound>): Intervals => values as Intervals;

function address(kind: 'source' | 'destination', of: Family, original?: true): NumberField {
  return {
    kind: 'number',
    last: of === 'ip4' ? LAST_IP4 : LAST_IP6,
    value: of === 'ip4' ? parseIp4 : parseIp6,
    test: (values) => ({
      kind,
      addresses: of === 'ip4' ? { ip4: asNumbers(values), ip6: [] } : { ip4: [], ip6: values as Intervals<bigint> },
      ...(original && { original }),
    }),
  };
}

function ports(kind: 'sourcePort' | 'destinationPort', original?: true): NumberField {
  return {
    kind: 'number',
    last: 65535,
    value: (text) => numberOf(services, text),
    test: (values) => ({ kind, ports: asNumbers(values), ...(original && { original }) }),
  };
}

/** The answer to a packet that begins a connection comes from where that is sent now, translated or not, by its port. */
function answered(field: NumberField, name: string, words = valuesText): NumberField {
  const begins: Condition = { kind: 'connectionState', states: ['new'] };
  return {
    ...field,
    test(values) {
      const text = `${name} ${words(values)} of a connection that was there before`;
      return any(all(begins, field.test(values)), all(not(begins), { kind: 'unknown', id: text, text }));
    },
  };
}

/** Of protocols without ports conntrack keeps other numbers in the same place. */
function ported(kind: 'sourcePort' | 'destinationPort'): NumberField {
  const field = ports(kind);
  return {
    ...field,
    test(values) {
      const is: Condition = { kind: 'protocol', protocols: portProtocols };
      const text = `the answer's ${kind} ${valuesText(values)} of a protocol without ports`;
      return any(all(is, field.test(values)), all(not(is), { kind: 'unknown', id: text, text }));
    },
  };
}

const protocolField: NumberField = {
  kind: 'number',
  last: 255,
  value: (text) => numberOf(protocols, text),
  test: (values) => ({ kind: 'protocol', protocols: asNumbers(values) }),
};

function icmp(part: 'type' | 'code', names: Names): NumberField {
  return {
    kind: 'number',
    last: 255,
    value: (text) => numberOf(names, text),
    test(values) {
      const typeCodes: number[] = [];
      if (part === 'type')
        for (const [first, last] of ranges(asNumbers(values))) typeCodes.push(first * 256, last * 256 + 255);
      else
        for (let type = 0; type < 256; type++) {
          for (const [first, last] of ranges(asNumbers(values))) typeCodes.push(type * 256 + first, type * 256 + last);
        }
      return { kind: 'icmp', typeCodes: mergeAdjacent(typeCodes) };
    },
  };
}

/** Ranges in ascending order, joined where one ends just before the next. */
function mergeAdjacent(bounds: readonly number[]): Intervals {
  const out: number[] = [];
  for (let i = 0; i < bounds.length; i += 2) {
    if (out.length > 0 && bounds[i] === out.at(-1)! + 1) out[out.length - 1] = bounds[i + 1]!;
    else out.push(bounds[i]!, bounds[i + 1]!);
  }
  return out;
}

/** A field with few values, each with a condition of its own. */
function cases(names: Names, of: ReadonlyMap<number, Condition>, last: number): NumberField {
  return {
    kind: 'number',
    last,
    domain: [...of.keys()],
    value: (text) => numberOf(names, text),
    test(values) {
      const wanted = [...of].filter(([number]) => intersection(asNumbers(values), single(number)).length > 0);
      if (wanted.length === of.size) return always;
      return wanted.length === 0 ? never : any(...wanted.map(([, condition]) => condition));
    },
  };
}

const stateField: NumberField = {
  kind: 'number',
  last: 127,
  domain: Object.values(ctStates),
  flags: true,
  value: (text) => numberOf(ctStates, text),
  test(values) {
    const states = Object.entries(ctStates)
      .filter(([, bit]) => intersection(asNumbers(values), single(bit)).length > 0)
      .map(([name]) => name as ConnectionState);
    return { kind: 'connectionState', states };
  },
};

const familyTests = (ip4: number, ip6: number): ReadonlyMap<number, Condition> =>
  new Map([
    [ip4, family('ip4')],
    [ip6, family('ip6')],
  ]);

const directionTests: ReadonlyMap<number, Condition> = new Map([
  [0, { kind: 'connectionDirection', direction: 'original' }],
  [1, { kind: 'connectionDirection', direction: 'reply' }],
]);

const flagField: NumberField = {
  kind: 'number',
  last: 255,
  flags: true,
  value: (text) => numberOf(tcpFlags, text),
  test: (values) => ({ kind: 'tcpFlags', flags: asNumbers(values) }),
};

const interfaceField = (kind: 'inInterface' | 'outInterface'): NameField => ({
  kind: 'name',
  test: (names) => ({ kind, names }),
});

const hardwareAddress: NumberField = {
  kind: 'number',
  last: LAST_MAC,
  value: parseMac,
  test: (values) => ({ kind: 'sourceMac', addresses: asNumbers(values) }),
};
/** nft asks `meta iiftype ether` before it reads a frame. */
const framed: Condition = { kind: 'sourceMac', addresses: [0, LAST_MAC] };

type FieldTable = Readonly<Record<string, Field>>;

const with4 = [family('ip4')];
const with6 = [family('ip6')];
const icmp4 = [family('ip4'), protocol(1)];
const icmp6 = [family('ip6'), protocol(58)];

const portFields: FieldTable = Object.fromEntries(
  Object.entries({ tcp: 6, udp: 17, dccp: 33, sctp: 132, udplite: 136 }).flatMap(
    ([name, number]): [string, Field][] => [
      [`${name} sport`, { ...ports('sourcePort'), requires: [protocol(number)] }],
      [`${name} dport`, { ...ports('destinationPort'), requires: [protocol(number)] }],
    ],
  ),
);

const fields: FieldTable = {
  ...portFields,
  'ether saddr': { ...hardwareAddress, requires: [framed] },
  'ip saddr': { ...address('source', 'ip4'), requires: with4 },
  'ip daddr': { ...address('destination', 'ip4'), requires: with4 },
  'ip6 saddr': { ...address('source', 'ip6'), requires: with6 },
  'ip6 daddr': { ...address('destination', 'ip6'), requires: with6 },
  'ip protocol': { ...protocolField, requires: with4 },
  'ip6 nexthdr': { ...protocolField, requires: with6 },
  'meta l4proto': { ...protocolField, requires: [] },
  'meta nfproto': { ...cases(netfilterFamilies, familyTests(2, 10), 255), requires: [] },
  'meta protocol': { ...cases(etherTypes, familyTests(0x800, 0x86dd), 65535), requires: [] },
  'th sport': { ...ports('sourcePort'), requires: [] },
  'th dport': { ...ports('destinationPort'), requires: [] },
  'icmp type': { ...icmp('type', icmpTypes), requires: icmp4 },
  'icmp code': { ...icmp('code', icmpCodes), requires: icmp4 },
  'icmpv6 type': { ...icmp('type', icmpv6Types), requires: icmp6 },
  'icmpv6 code': { ...icmp('code', icmpv6Codes), requires: icmp6 },
  'tcp flags': { ...flagField, requires: [protocol(6)] },
  'meta iif': { ...interfaceField('inInterface'), requires: [] },
  'meta iifname': { ...interfaceField('inInterface'), requires: [] },
  'meta oif': { ...interfaceField('outInterface'), requires: [] },
  'meta oifname': { ...interfaceField('outInterface'), requires: [] },
  'meta mark': { kind: 'mark', test: 'mark', requires: [] },
  'ct mark': { kind: 'mark', test: 'connectionMark', requires: [tracked] },
  'ct state': { ...stateField, requires: [] },
  'ct status': { kind: 'status', requires: [tracked] },
  'ct direction': { ...cases({ original: 0, reply: 1 }, directionTests, 255), requires: [tracked] },
  // Translation never changes the protocol, so both directions have the one in the header.
  'ct protocol': { ...protocolField, requires: [tracked] },
  'ct original protocol': { ...protocolField, requires: [tracked] },
  'ct reply protocol': { ...protocolField, requires: [tracked] },
  'ct l3proto': { ...cases(netfilterFamilies, familyTests(2, 10), 255), requires: [tracked] },
  'ct original l3proto': { ...cases(netfilterFamilies, familyTests(2, 10), 255), requires: [tracked] },
  'ct reply l3proto': { ...cases(netfilterFamilies, familyTests(2, 10), 255), requires: [tracked] },
  'ct original proto-src': { ...ports('sourcePort', true), requires: [tracked] },
  'ct original proto-dst': { ...ports('destinationPort', true), requires: [tracked] },
  'ct reply proto-src': { ...answered(ported('destinationPort'), 'ct reply proto-src'), requires: [tracked] },
  'ct reply proto-dst': { ...answered(ported('sourcePort'), 'ct reply proto-dst'), requires: [tracked] },
};

/** The field a selector reads. `sample`, a constant it is compared with, tells the family where neither table nor selector does. */
export function fieldOf(name: string, table: TableFamily, sample: string | undefined): Field | undefined {
  const original = /^ct (?<way>original|reply) (?:(?<family>ip6?) )?(?<side>[sd])addr$/.exec(name)?.groups;
  if (!original) return Object.hasOwn(fields, name) ? fields[name] : undefined;
  const named = original.family ?? (table === 'ip' || table === 'ip6' ? table : sample?.includes(':') ? 'ip6' : 'ip');
  const of: Family = named === 'ip6' ? 'ip6' : 'ip4';
  const requires = [family(of), tracked];
  if (original.way === 'original')
    return { ...address(original.side === 's' ? 'source' : 'destination', of, true), requires };
  return { ...answered(address(original.side === 's' ? 'destination' : 'source', of), name, addressesText), requires };
}

const requiredByHeader: Readonly<Record<string, readonly Condition[]>> = {
  ip: with4,
  ip6: with6,
  icmp: icmp4,
  icmpv6: icmp6,
  igmp: [family('ip4'), protocol(2)],
  ah: [protocol(51)],
  esp: [protocol(50)],
  comp: [protocol(108)],
  tcp: [protocol(6)],
  udp: [protocol(17)],
  udplite: [protocol(136)],
  dccp: [protocol(33)],
  sctp: [protocol(132)],
  ct: [tracked],
};

/** What nft asks before it reads a selector that the model has no words for. */
export function requirementsOf(name: string): readonly Condition[] {
  const header = name.split(' ')[0]!;
  if (['exthdr', 'hbh', 'frag', 'dst', 'mh', 'srh', 'rt0', 'rt2', 'rt4'].includes(header)) return with6;
  if (header === 'rt') return /^rt (?:type|hdrlength|nexthdr|seg-left)$/.test(name) ? with6 : [];
  return Object.hasOwn(requiredByHeader, header) ? requiredByHeader[header]! : [];
}

/** Bits of `ct status` that the model knows. */
export const statusNames: readonly ConnectionStatus[] = [
  'expected',
  'seen-reply',
  'assured',
  'confirmed',
  'snat',
  'dnat',
  'dying',
];

export const addressTypes: Readonly<Record<string, Extract<PacketTest, { kind: 'addressType' }>['type']>> = {
  local: 'local',
  broadcast: 'broadcast',
  multicast: 'multicast',
};

export function allOf(conditions: readonly Condition[]): Condition {
  const flat = conditions.flatMap((condition) => (condition.kind === 'all' ? condition.of : [condition]));
  return all(...flat);
}

import { complement, fromRanges, type Intervals, ranges, union } from '../../lib/intervals.js';
import {
  type AddressSet,
  all,
  any,
  anyAddress,
  type Condition,
  formatIp4,
  LAST_IP4,
  LAST_IP6,
  noAddress,
  not,
  parseAddressSet,
  type Unknown,
} from '../../model/index.js';

/** What an object is, as far as it was read. */
export type NetworkObject =
  | { readonly kind: 'addresses'; readonly set: AddressSet }
  /** A name that the firewall resolves itself (FQDN, dynamic host): which addresses it has is not in a configuration. */
  | { readonly kind: 'resolved'; readonly text: string };

export interface PortObject {
  readonly ports: Intervals;
  /** Undefined: any protocol that has ports. */
  readonly protocols?: Intervals;
}

export interface Interface {
  /** As rules name it: `out`, `in`, `dmz1`. */
  readonly name: string;
  /** Its own addresses, and the networks that it stands in. */
  readonly own: AddressSet;
  readonly networks: AddressSet;
  /** As the system calls it: `ethernet0`, `bridge0`. */
  readonly device: string;
  /** Of a member of a bridge, the bridge whose addresses it has. */
  readonly bridge?: string;
  /** An internal interface: its networks are among Network_internals. */
  readonly isProtected: boolean;
}

/** The nouns of a configuration. Names of objects do not tell capitals from small letters (CONFIG OBJECT, remarks). */
export interface Library {
  readonly networks: Map<string, NetworkObject>;
  readonly groups: Map<string, readonly string[]>;
  readonly ports: Map<string, PortObject>;
  readonly portGroups: Map<string, readonly string[]>;
  readonly protocols: Map<string, number>;
  /** Time objects, by what they say. */
  readonly times: Map<string, string>;
  /** Undefined: the interfaces are not in this capture. */
  interfaces: readonly Interface[] | undefined;
  /** What rules refer to and the capture does not have. */
  readonly missing: Set<string>;
}

export function emptyLibrary(): Library {
  return {
    networks: new Map(),
    groups: new Map(),
    ports: new Map(),
    portGroups: new Map(),
    protocols: new Map(),
    times: new Map(),
    interfaces: undefined,
    missing: new Set(),
  };
}

export function unknown(text: string, unrecognized = false): Unknown {
  return { kind: 'unknown', id: `stormshield ${text}`, text, ...(unrecognized && { unrecognized }) };
}

/** It may be anything: what depends on it is possible, and the reading is blind for it. */
function absent(library: Library, what: string): Unknown {
  library.missing.add(what);
  return unknown(`${what}, which is not in this capture`, true);
}

export function unionOf(sets: readonly AddressSet[]): AddressSet {
  return {
    ip4: fromRanges(sets.flatMap(({ ip4 }) => [...ranges(ip4)])),
    ip6: fromRanges(sets.flatMap(({ ip6 }) => [...ranges(ip6)])),
  };
}

function outside({ ip4, ip6 }: AddressSet): AddressSet {
  return { ip4: complement(ip4, [0, LAST_IP4]), ip6: complement(ip6, [0n, LAST_IP6]) };
}

/**
 * Objects that the firewall makes from its interfaces: `Firewall_out`, `Network_in`, `Firewall_all`,
 * `Network_internals` (behind all protected interfaces) and `Internet` (everything else).
 */
function generated(name: string, library: Library): AddressSet | undefined {
  const made = /^(?<kind>firewall|network)_(?<which>.+)$/.exec(name)?.groups;
  if (!made && name !== 'internet') return undefined;
  const { interfaces } = library;
  if (!interfaces) return undefined;
  const internals = unionOf(interfaces.filter((one) => one.isProtected).map((one) => one.networks));
  if (name === 'internet') return outside(internals);
  const { kind, which } = made!;
  if (kind === 'firewall' && which === 'all') return unionOf(interfaces.map(({ own }) => own));
  if (kind === 'network' && which === 'internals') return internals;
  const found = interfaces.find((one) => one.name.toLowerCase() === which);
  return found && (kind === 'firewall' ? found.own : found.networks);
}

export function isGenerated(name: string): boolean {
  return /^(?:firewall_.+|network_.+|internet)$/i.test(name);
}

export interface Asked {
  readonly side: 'source' | 'destination';
  /** Filtering comes before translation, so a filter rule asks for the addresses that the packet came with. */
  readonly original?: true;
}

function addressTest({ side, original }: Asked, addresses: AddressSet): Condition {
  return { kind: side, addresses, ...(original && { original }) };
}

/** What a name in a rule asks of an address. */
export function addressCondition(asked: Asked, name: string, library: Library): Condition {
  return conditionOf(asked, name.toLowerCase(), library, new Set()) ?? absent(library, `the object ${name}`);
}

function conditionOf(asked: Asked, name: string, library: Library, seen: ReadonlySet<string>): Condition | undefined {
  if (name === 'any') return all();
  if (name === 'broadcast') return { kind: 'addressType', of: asked.side, type: 'broadcast' };
  const object = library.networks.get(name);
  if (object) return object.kind === 'addresses' ? addressTest(asked, object.set) : unknown(object.text);
  const members = library.groups.get(name);
  if (members) return groupCondition(asked, name, members, library, seen);
  const made = generated(name, library);
  if (made) return addressTest(asked, made);
  const literal = parseAddressSet(name);
  return literal && addressTest(asked, literal);
}

function groupCondition(
  asked: Asked,
  name: string,
  members: readonly string[],
  library: Library,
  seen: ReadonlySet<string>,
): Condition {
  if (seen.has(name)) return any();
  const deeper = new Set([...seen, name]);
  const parts = members.map(
    (member) => conditionOf(asked, member.toLowerCase(), library, deeper) ?? absent(library, `the object ${member}`),
  );
  // Sets of addresses are united, so that a group of a thousand hosts is one test.
  const sets: AddressSet[] = [];
  const others: Condition[] = [];
  for (const part of parts) {
    if (part.kind === asked.side) sets.push(part.addresses);
    else others.push(part);
  }
  if (others.length === 0) return addressTest(asked, sets.length > 0 ? unionOf(sets) : noAddress);
  return any(...(sets.length > 0 ? [addressTest(asked, unionOf(sets))] : []), ...others);
}

/** The addresses of a name, where they are known exactly: what a translation needs. */
export function addressesOf(name: string, library: Library): AddressSet | undefined {
  const condition = conditionOf({ side: 'source' }, name.toLowerCase(), library, new Set());
  if (condition?.kind === 'source') return condition.addresses;
  return condition?.kind === 'all' && condition.of.length === 0 ? anyAddress : undefined;
}

/** Protocols that have ports: TCP, UDP, SCTP. */
const WITH_PORTS: Intervals = [6, 6, 17, 17, 132, 132];

/**
 * Ports that every firewall knows by name. Numbers after the IANA registry; `firewall_srv` (NSRPC, 1300/tcp) and
 * `ephemeral_fw` after the vendor's manual, "Default network objects".
 */
const builtInPorts: Readonly<Record<string, readonly [number, number, 'tcp' | 'udp' | 'any']>> = {
  ftp: [21, 21, 'tcp'],
  ssh: [22, 22, 'tcp'],
  telnet: [23, 23, 'tcp'],
  smtp: [25, 25, 'tcp'],
  dns: [53, 53, 'any'],
  dns_tcp: [53, 53, 'tcp'],
  dns_udp: [53, 53, 'udp'],
  bootps: [67, 67, 'udp'],
  bootpc: [68, 68, 'udp'],
  tftp: [69, 69, 'udp'],
  http: [80, 80, 'tcp'],
  pop3: [110, 110, 'tcp'],
  ntp: [123, 123, 'udp'],
  imap: [143, 143, 'tcp'],
  imap4: [143, 143, 'tcp'],
  snmp: [161, 161, 'udp'],
  ldap: [389, 389, 'tcp'],
  https: [443, 443, 'tcp'],
  isakmp: [500, 500, 'udp'],
  syslog: [514, 514, 'udp'],
  ldaps: [636, 636, 'tcp'],
  imaps: [993, 993, 'tcp'],
  pop3s: [995, 995, 'tcp'],
  firewall_srv: [1300, 1300, 'tcp'],
  pptp: [1723, 1723, 'tcp'],
  isakmp_natt: [4500, 4500, 'udp'],
  ephemeral_fw: [20000, 59999, 'any'],
};

const builtInProtocols: Readonly<Record<string, number>> = {
  ...{ icmp: 1, igmp: 2, ipip: 4, tcp: 6, egp: 8, igp: 9, udp: 17, ipv6: 41, rsvp: 46, gre: 47, esp: 50, ah: 51 },
  ...{ icmpv6: 58, 'ipv6-icmp': 58, ospf: 89, pim: 103, vrrp: 112, l2tp: 115, sctp: 132 },
};

export function protocolOf(word: string, library: Library): number | undefined {
  const name = word.toLowerCase();
  if (/^\d{1,3}$/.test(name)) return Number(name) <= 255 ? Number(name) : undefined;
  return library.protocols.get(name) ?? (Object.hasOwn(builtInProtocols, name) ? builtInProtocols[name] : undefined);
}

export function transportOf(word: string | undefined): Intervals | undefined {
  switch (word?.toLowerCase()) {
    case 'tcp':
      return [6, 6];
    case 'udp':
      return [17, 17];
    case 'sctp':
      return [132, 132];
    default:
      return undefined;
  }
}

/** What a name, a number or a range asks of a port: `http`, `8080`, `8080:8090`, `8080-8090`. */
export function portCondition(side: Asked['side'], name: string, library: Library, original: boolean): Condition {
  const found = portParts(name.toLowerCase(), library, new Set());
  return any(
    ...found.map((part) =>
      'kind' in part
        ? part
        : all(
            { kind: 'protocol', protocols: part.protocols ?? WITH_PORTS },
            { kind: `${side}Port`, ports: part.ports, ...(original && { original: true as const }) },
          ),
    ),
  );
}

/** The ports of a name, where all are known: what a translation needs. */
export function portsOf(name: string, library: Library): Intervals | undefined {
  let ports: Intervals = [];
  for (const part of portParts(name.toLowerCase(), library, new Set())) {
    if ('kind' in part) return undefined;
    ports = union(ports, part.ports);
  }
  return ports;
}

function portParts(name: string, library: Library, seen: ReadonlySet<string>): readonly (PortObject | Unknown)[] {
  if (name === 'any') return [{ ports: [0, 65535] }];
  const object = library.ports.get(name);
  if (object) return [object];
  const members = library.portGroups.get(name);
  if (members) {
    if (seen.has(name)) return [];
    const deeper = new Set([...seen, name]);
    return members.flatMap((member) => portParts(member.toLowerCase(), library, deeper));
  }
  const range = /^(?<first>\d{1,5})(?:[:-](?<last>\d{1,5}))?$/.exec(name)?.groups;
  if (range) {
    const [first, last] = [Number(range.first), Number(range.last ?? range.first)];
    if (first <= last && last <= 65535) return [{ ports: [first, last] }];
  }
  if (!Object.hasOwn(builtInPorts, name)) return [absent(library, `the port ${name}`)];
  const [first, last, transport] = builtInPorts[name]!;
  const protocols = transportOf(transport);
  return [{ ports: [first, last], ...(protocols && { protocols }) }];
}

/** `!name` is everything else; several names are separated by `|`. */
export function names(word: string): { readonly isNegated: boolean; readonly names: readonly string[] } {
  const isNegated = word.startsWith('!');
  return { isNegated, names: (isNegated ? word.slice(1) : word).split('|').filter((name) => name !== '') };
}

export function oneOf(word: string, each: (name: string) => Condition): Condition {
  const { isNegated, names: all } = names(word);
  const condition = any(...all.map(each));
  return isNegated ? not(condition) : condition;
}

/** An address that an interface got from a server is not in its configuration. */
export function isDynamic({ own }: Interface): boolean {
  return own.ip4.length === 0 || (own.ip4.length === 2 && formatIp4(own.ip4[0]!) === '0.0.0.0');
}

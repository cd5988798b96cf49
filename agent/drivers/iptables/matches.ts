import { complement, type Intervals } from '../../lib/intervals.js';
import {
  type AddressSet,
  all,
  always,
  any,
  type Condition,
  type Family,
  LAST_MAC,
  never,
  not,
  parseMac,
} from '../../model/index.js';
import { connectionMatch, stateMatch } from './conntrack.js';
import type { Extension, OptionUse } from './extract.js';
import type { SetLibrary } from './ipset.js';
import { type Filler, recentList } from './memory.js';
import { unknownMatch, unreadableMatch } from './unknowns.js';
import {
  addressList,
  address as addressOf,
  icmpTypes,
  masked,
  portSet,
  protocolNumber,
  tcpFlags,
  underMask,
} from './values.js';

export interface MatchContext {
  readonly family: Family;
  readonly sets: SetLibrary;
}

/** Protocols whose header begins with two port numbers. */
export const PORTED: Intervals = [6, 6, 17, 17, 33, 33, 132, 132, 136, 136];

export function protocolIs(number: number): Condition {
  return { kind: 'protocol', protocols: [number, number] };
}

function invertedIf(inverted: boolean, condition: Condition): Condition {
  return inverted ? not(condition) : condition;
}

/** Combines the conditions of options, each negated where it was; undefined where one could not be read. */
function each(extension: Extension, read: (option: OptionUse) => Condition | undefined): Condition {
  const parts: Condition[] = [];
  for (const option of extension.options) {
    const part = option.known ? read(option) : undefined;
    if (!part) return unreadableMatch(extension);
    parts.push(invertedIf(option.inverted, part));
  }
  return all(...parts);
}

/** `-s -d -p -i -o -f`. Undefined where a value cannot be read: then the rule's extent is not known. */
export function coreCondition({ name, inverted, values }: OptionUse, family: Family): Condition | undefined {
  const value = values[0] ?? '';
  switch (name) {
    case 'source':
    case 'destination': {
      const addresses = addressList(value, family);
      if (addresses) return invertedIf(inverted, { kind: name, addresses });
      const masked = value.split(',').map((one) => underMask(name, one, family));
      return masked.every((one) => one !== undefined) ? invertedIf(inverted, any(...masked)) : undefined;
    }
    case 'protocol': {
      const number = protocolNumber(value);
      if (number === undefined) return undefined;
      return number === 0 ? (inverted ? never : always) : invertedIf(inverted, protocolIs(number));
    }
    case 'in-interface':
    case 'out-interface':
      return interfaceCondition(name === 'in-interface' ? 'inInterface' : 'outInterface', inverted, value);
    case 'fragment':
      return invertedIf(inverted, laterFragment);
    default:
      return undefined;
  }
}

/** What conntrack follows it has put together before (nf_defrag_ipv4), as the first packet of a connection always is. */
const laterFragment: Condition = all(
  { kind: 'connectionState', states: ['invalid', 'untracked'] },
  { kind: 'unknown', id: 'iptables fragment', text: 'a fragment other than the first (-f)' },
);

function interfaceCondition(kind: 'inInterface' | 'outInterface', inverted: boolean, value: string): Condition {
  if (value === '+') return inverted ? never : always;
  if (value.includes('*')) {
    // A name may hold a `*` (dev_valid_name refuses only `/`, `:` and blanks); in the model it stands for any ending.
    return invertedIf(inverted, { kind: 'unknown', id: `iptables ${kind} ${value}`, text: `interface named ${value}` });
  }
  return invertedIf(inverted, { kind, names: [value.endsWith('+') ? `${value.slice(0, -1)}*` : value] });
}

/** The condition of one match extension. */
export function matchCondition(extension: Extension, context: MatchContext): Condition {
  const read = Object.hasOwn(readers, extension.name) ? readers[extension.name] : undefined;
  return read ? read(extension, context) : unknownMatch(extension);
}

function portsOf(protocol: number): (extension: Extension) => Condition {
  return (extension) => {
    const rest: OptionUse[] = [];
    const exact = extension.options.filter((option) => {
      const plain = ['sport', 'dport', 'syn', 'tcp-flags'].includes(option.name);
      if (!plain) rest.push(option);
      return plain;
    });
    const condition = each({ ...extension, options: exact }, ({ name, values }) => {
      if (name === 'syn') return flags('FIN,SYN,RST,ACK', 'SYN');
      if (name === 'tcp-flags') return flags(values[0]!, values[1]!);
      const ports = portSet(values[0]!);
      return ports && { kind: name === 'sport' ? 'sourcePort' : 'destinationPort', ports };
    });
    const undecided = rest.map((option) => unknownMatch({ ...extension, options: [option] }));
    return all(protocolIs(protocol), condition, ...undecided);
  };
}

function flags(mask: string, compared: string): Condition | undefined {
  const set = tcpFlags(mask, compared);
  return set && { kind: 'tcpFlags', flags: set };
}

function multiport(extension: Extension): Condition {
  const condition = each(extension, ({ name, values }) => {
    const ports = portSet(values[0]!);
    if (!ports) return undefined;
    const source: Condition = { kind: 'sourcePort', ports };
    const destination: Condition = { kind: 'destinationPort', ports };
    return name === 'sports' ? source : name === 'dports' ? destination : any(source, destination);
  });
  return all({ kind: 'protocol', protocols: PORTED }, condition);
}

function icmp(family: Family): (extension: Extension) => Condition {
  return (extension) =>
    all(
      protocolIs(family === 'ip4' ? 1 : 58),
      each(extension, ({ values }) => {
        const typeCodes = icmpTypes(values[0]!, family);
        return typeCodes && { kind: 'icmp', typeCodes };
      }),
    );
}

function markOf(kind: 'mark' | 'connectionMark'): (extension: Extension) => Condition {
  return (extension) =>
    each(extension, ({ values }) => {
      const wanted = masked(values[0]!);
      // Bits outside of the mask can never be equal: (mark & mask) = value has no solution then, as in mark_mt().
      return wanted && { kind, mask: wanted.mask, values: [wanted.value, wanted.value] };
    });
}

/** A packet without a connection has no connection mark, neither this one nor another (connmark_mt). */
function connectionMark(extension: Extension): Condition {
  return all(
    { kind: 'connectionState', states: ['new', 'established', 'related'] },
    markOf('connectionMark')(extension),
  );
}

const addressTypes: Readonly<Record<string, 'local' | 'broadcast' | 'multicast'>> = {
  LOCAL: 'local',
  BROADCAST: 'broadcast',
  MULTICAST: 'multicast',
};

/** Of IPv6, what is no question to the routing table must hold too, not instead (match_type6 of xt_addrtype.c). */
const routed6: ReadonlySet<string> = new Set(['LOCAL', 'ANYCAST', 'UNREACHABLE']);

/** What ipv6_addr_type() calls unicast: all but multicast, the unspecified address, and IPv4 addresses written as IPv6. */
const unicast6: AddressSet = {
  ip4: [],
  ip6: [1n, (0xffffn << 32n) - 1n, 0x1_0000n << 32n, (0xffn << 120n) - 1n],
};

function ownOfInterface(extension: Extension): Condition {
  const condition = unknownMatch(extension);
  const [only, ...others] = extension.options.filter(({ name }) => !name.startsWith('limit-iface'));
  if (!only || others.length > 0 || only.values[0]?.toUpperCase() !== 'LOCAL') return condition;
  const own: Condition = {
    kind: 'addressType',
    of: only.name === 'src-type' ? 'source' : 'destination',
    type: 'local',
  };
  if (!only.inverted) return all(own, condition);
  const plain = unknownMatch({
    ...extension,
    options: extension.options.map((option) => ({ ...option, inverted: false })),
  });
  return not(all(own, plain));
}

function addressType(extension: Extension, { family }: MatchContext): Condition {
  // Limited to an interface, the question is which addresses that interface has: not read. One of its own is one of the device's.
  if (extension.options.some(({ name }) => name.startsWith('limit-iface'))) return ownOfInterface(extension);
  return each(extension, ({ name, values }) => {
    const of = name === 'src-type' ? 'source' : 'destination';
    const types = values[0]!.toUpperCase().split(',');
    const isType = (word: string): Condition => {
      const type = addressTypes[word];
      if (type) return { kind: 'addressType', of, type };
      if (word === 'UNICAST' && family === 'ip6') return { kind: of, addresses: unicast6 };
      const text = `${of} address of type ${word}`;
      const id = `fib ${of === 'source' ? 'saddr' : 'daddr'} type ${word.toLowerCase()}`;
      return { kind: 'unknown', id, text };
    };
    if (family === 'ip4') return any(...types.map(isType));
    const routed = types.filter((word) => routed6.has(word));
    const others = types.filter((word) => !routed6.has(word)).map(isType);
    return all(...(routed.length > 0 ? [any(...routed.map(isType))] : []), ...others);
  });
}

function addressRange(extension: Extension, { family }: MatchContext): Condition {
  return each(extension, ({ name, values }) => {
    const addresses = addressOf(values[0]!, family);
    return addresses && { kind: name === 'src-range' ? 'source' : 'destination', addresses };
  });
}

/** `-m set`: which elements count is the set's; how often they were met (`--packets-gt` …) is not decided by a packet. */
function setMatch(extension: Extension, { family, sets }: MatchContext): Condition {
  const reversed = extension.options.some(({ name }) => name === 'return-nomatch');
  const quiet = new Set(['return-nomatch', 'update-counters', 'update-subcounters']);
  const parts: Condition[] = [];
  for (const option of extension.options) {
    if (!option.known) return unreadableMatch(extension);
    if (quiet.has(option.name)) continue;
    if (option.name !== 'match-set' && option.name !== 'set') {
      const text = extensionText1(extension, option);
      parts.push({ kind: 'unknown', id: `iptables match ${text}`, text, stateful: true });
      continue;
    }
    const directions = option.values[1]!.split(',');
    if (!directions.every((word) => word === 'src' || word === 'dst')) return unreadableMatch(extension);
    const member = sets.membership(option.values[0]!, directions as readonly ('src' | 'dst')[], { family, reversed });
    parts.push(invertedIf(option.inverted, member));
  }
  return all(...parts);
}

function extensionText1(extension: Extension, option: OptionUse): string {
  const name =
    extension.options.find((other) => other.name === 'match-set' || other.name === 'set')?.values.join(' ') ?? '';
  return `set ${name} ${option.inverted ? '! ' : ''}--${option.name} ${option.values.join(' ')}`;
}

/**
 * A packet that came in no Ethernet frame matches neither an address nor its negation (mac_mt). Who publishes a
 * ruleset often blanks the addresses out; then it is not known which they are.
 */
function hardwareAddress(extension: Extension): Condition {
  if (extension.options.some(({ values }) => /^XX(?::XX){5}$/.test(values[0]!))) return unknownMatch(extension);
  return each(extension, ({ values, inverted }) => {
    const address = parseMac(values[0]!);
    if (address === undefined) return undefined;
    const one: Condition = { kind: 'sourceMac', addresses: [address, address] };
    // Negated a second time by `each`.
    return inverted ? not({ kind: 'sourceMac', addresses: complement([address, address], [0, LAST_MAC]) }) : one;
  });
}

/** `--set` always holds, whether the address was there or not (recent_mt of xt_recent.c); the others ask what was. */
function recent(extension: Extension, { sets }: MatchContext): Condition {
  const set = extension.options.find(({ name }) => name === 'set');
  if (set?.known) return set.inverted ? never : always;
  const filler = sets.recent(recentList(extension));
  return filler === undefined ? unknownMatch(extension) : withFiller(unknownMatch(extension), filler);
}

function withFiller(condition: Condition, filler: Filler): Condition {
  if (condition.kind === 'not') return not(withFiller(condition.of, filler));
  return condition.kind === 'unknown'
    ? { ...condition, id: `${condition.id} filled by ${filler.id}`, text: `${condition.text}, ${filler.text}` }
    : condition;
}

const sentHere: Condition = { kind: 'inInterface', names: [''] };

/** Where a packet has no socket, as one that only passes has none, no question about its owner holds (owner_mt). */
function owner(extension: Extension): Condition {
  if (extension.options.some(({ name }) => name === 'suppl-groups')) return unknownMatch(extension);
  return each(extension, (option) => {
    const asked = { ...extension, options: [{ ...option, inverted: false }] };
    return all(sentHere, unknownMatch(asked));
  });
}

const readers: Readonly<Record<string, (extension: Extension, context: MatchContext) => Condition>> = {
  tcp: portsOf(6),
  udp: portsOf(17),
  dccp: portsOf(33),
  sctp: portsOf(132),
  udplite: portsOf(136),
  multiport,
  icmp: icmp('ip4'),
  icmp6: icmp('ip6'),
  state: stateMatch,
  conntrack: connectionMatch,
  mark: markOf('mark'),
  connmark: connectionMark,
  addrtype: addressType,
  iprange: addressRange,
  set: setMatch,
  mac: hardwareAddress,
  recent,
  owner,
  comment: () => always,
  standard: () => always,
};

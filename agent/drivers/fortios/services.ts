import { fromRanges, type Intervals, single } from '../../lib/intervals.js';
import { all, always, type Condition, never } from '../../model/index.js';
import { contentOf } from './content.js';
import { type Domain, rangeOf } from './network.js';
import { byName } from './objects.js';
import { type Entry, textAt, valuesOf } from './tables.js';

/** What a service asks of a packet. */
export interface ServiceMeaning {
  readonly condition: Condition;
  readonly problems: readonly string[];
  readonly bounds: readonly string[];
}

export interface ServiceBook {
  /** What a name stands for: the same where its text is, and that of all that it names, in other readings too. */
  nameOf(name: string): ServiceMeaning;
  meaningOf(names: readonly string[]): ServiceMeaning;
  readonly names: readonly string[];
}

const portProtocols = [
  ['tcp-portrange', 6],
  ['udp-portrange', 17],
  ['sctp-portrange', 132],
  ['udplite-portrange', 136],
] as const;

/** Services that a device has from the start, for files that leave them out. */
const builtIn: Readonly<Record<string, ServiceMeaning>> = {
  ALL: exactly(always),
  ALL_TCP: exactly(protocol(6)),
  ALL_UDP: exactly(protocol(17)),
  ALL_ICMP: exactly(protocol(1)),
  ALL_ICMP6: exactly(protocol(58)),
};

/** By their settings, which entries of the same text and so of the same name share. */
const knownServices = new WeakMap<Entry['settings'], ServiceMeaning>();

interface KnownGroup {
  readonly of: readonly ServiceMeaning[];
  readonly made: ServiceMeaning;
}

const knownGroups = new WeakMap<Entry['settings'], KnownGroup>();

function serviceOnce(entry: Entry): ServiceMeaning {
  const made = (entry.spansFrom === 0 ? undefined : knownServices.get(entry.settings)) ?? serviceMeaning(entry);
  if (entry.spansFrom !== 0) knownServices.set(entry.settings, made);
  return made;
}

function protocol(number: number): Condition {
  return { kind: 'protocol', protocols: single(number) };
}

function exactly(condition: Condition): ServiceMeaning {
  return { condition, problems: [], bounds: [] };
}

function lost(name: string, reason: string): ServiceMeaning {
  const condition: Condition = {
    kind: 'unknown',
    id: `fortios service ${name} (${reason})`,
    text: reason,
    unrecognized: true,
  };
  return { condition, problems: [reason], bounds: [] };
}

export function serviceBook(domain: Domain): ServiceBook {
  const services = byName(domain.tables.get('firewall service custom'));
  const groups = byName(domain.tables.get('firewall service group'));
  const known = new Map<string, ServiceMeaning>();
  const nameOf = (name: string): ServiceMeaning => {
    const before = known.get(name);
    if (before) return before;
    known.set(name, lost(name, `the group ${name} holds itself`));
    const service = services.get(name);
    const group = groups.get(name);
    const made = service
      ? serviceOnce(service)
      : group
        ? groupOnce(group)
        : Object.hasOwn(builtIn, name)
          ? builtIn[name]!
          : lost(name, `the service ${name} is not defined`);
    known.set(name, made);
    return made;
  };
  const groupOnce = (group: Entry): ServiceMeaning => {
    const members = valuesOf(group, 'member');
    const of = members.map(nameOf);
    const before = knownGroups.get(group.settings);
    if (before && before.of.length === of.length && of.every((member, at) => member === before.of[at]))
      return before.made;
    const made = meaningOf(members);
    if (group.spansFrom !== 0) knownGroups.set(group.settings, { of, made });
    return made;
  };
  const together = new Map<string, ServiceMeaning>();
  const meaningOf = (names: readonly string[]): ServiceMeaning => {
    if (names.length === 1) return nameOf(names[0]!);
    const key = names.join('\n');
    const before = together.get(key);
    if (before) return before;
    const made = joined(names.map(nameOf));
    together.set(key, made);
    return made;
  };
  return { nameOf, meaningOf, names: [...services.keys(), ...groups.keys()] };
}

function joined(parts: readonly ServiceMeaning[]): ServiceMeaning {
  const of = parts.flatMap(({ condition }) => (condition.kind === 'any' ? condition.of : [condition]));
  const some: Condition = of.includes(always) ? always : { kind: 'any', of };
  return {
    condition: some,
    problems: parts.flatMap((part) => part.problems),
    bounds: parts.flatMap((part) => part.bounds),
  };
}

function serviceMeaning(entry: Entry): ServiceMeaning {
  const kind = textAt(entry, 'protocol') ?? 'TCP/UDP/SCTP';
  const unreadable = lost(entry.name, `the service ${entry.name} cannot be read`);
  const app = textAt(entry, 'app-service-type');
  if (app !== undefined && app !== 'disable') {
    const content = contentOf(entry);
    return {
      condition: { kind: 'unknown', id: `fortios application ${content}`, text: content },
      problems: [],
      bounds: [content],
    };
  }
  switch (kind) {
    case 'IP': {
      const number = numberOf(textAt(entry, 'protocol-number') ?? '0', 255);
      if (number === undefined) return unreadable;
      return exactly(number === 0 ? always : protocol(number));
    }
    case 'ICMP':
    case 'ICMP6': {
      const type = textAt(entry, 'icmptype');
      const code = textAt(entry, 'icmpcode');
      const condition = icmp(kind === 'ICMP' ? 1 : 58, type, code);
      return condition ? exactly(condition) : unreadable;
    }
    // Services of the explicit web proxy, which no firewall policy uses.
    case 'ALL':
    case 'CONNECT':
    case 'HTTP':
    case 'FTP':
    case 'SOCKS':
    case 'SOCKS-TCP':
    case 'SOCKS-UDP':
      return exactly(never);
    case 'TCP/UDP/SCTP':
    case 'TCP/UDP/UDP-Lite/SCTP':
      return portsMeaning(entry) ?? unreadable;
    default:
      return lost(entry.name, `the service ${entry.name} is of the protocol ${kind}, which is not known`);
  }
}

function icmp(number: number, type: string | undefined, code: string | undefined): Condition | undefined {
  if (type === undefined) return protocol(number);
  const [first, second] = [numberOf(type, 255), code === undefined ? undefined : numberOf(code, 255)];
  if (first === undefined || (code !== undefined && second === undefined)) return undefined;
  const typeCodes = second === undefined ? ([first * 256, first * 256 + 255] as const) : single(first * 256 + second);
  return all(protocol(number), { kind: 'icmp', typeCodes });
}

function portsMeaning(entry: Entry): ServiceMeaning | undefined {
  const parts: Condition[] = [];
  for (const [key, number] of portProtocols) {
    const anySource: (readonly [number, number])[] = [];
    for (const text of valuesOf(entry, key)) {
      const ports = portsOf(text);
      if (!ports) return undefined;
      if (!ports.source) anySource.push(ports.destination);
      else {
        parts.push(
          all(
            protocol(number),
            { kind: 'destinationPort', ports: ports.destination },
            { kind: 'sourcePort', ports: ports.source },
          ),
        );
      }
    }
    if (anySource.length > 0) {
      parts.push(all(protocol(number), { kind: 'destinationPort', ports: fromRanges(anySource) }));
    }
  }
  const ports: Condition = parts.length === 1 ? parts[0]! : { kind: 'any', of: parts };
  const fqdn = textAt(entry, 'fqdn');
  if (fqdn !== undefined && fqdn !== '') {
    const text = `the destination is ${fqdn}`;
    return { condition: all(ports, { kind: 'unknown', id: `fortios ${text}`, text }), problems: [], bounds: [text] };
  }
  const range = textAt(entry, 'iprange');
  if (range === undefined || range === '0.0.0.0') return exactly(ports);
  const [first = '', last = first] = range.split('-');
  const addresses = rangeOf(first, last);
  return addresses && exactly(all(ports, { kind: 'destination', addresses }));
}

/** `1-2:3-4`: destination ports, then source ports. */
export function portsOf(
  text: string,
): { readonly destination: readonly [number, number]; readonly source?: Intervals } | undefined {
  const [destination = '', source, ...rest] = text.split(':');
  const to = portRange(destination);
  const from = source === undefined ? undefined : portRange(source);
  if (!to || rest.length > 0 || (source !== undefined && !from)) return undefined;
  // Zero stands for any source port.
  const any = !from || (from[1] === 0 ? true : from[0] <= 1 && from[1] === 65535);
  return { destination: to, ...(!any && from && { source: from }) };
}

export function portRange(text: string): readonly [number, number] | undefined {
  const [low = '', high = low, ...rest] = text.split('-');
  const [first, last] = [numberOf(low, 65535), numberOf(high, 65535)];
  return first === undefined || last === undefined || first > last || rest.length > 0 ? undefined : [first, last];
}

function numberOf(text: string, last: number): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= last ? Number(text) : undefined;
}

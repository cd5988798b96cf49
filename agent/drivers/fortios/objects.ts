import { type Bound, difference, fromRanges, type Intervals } from '../../lib/intervals.js';
import {
  type AddressSet,
  all,
  any,
  anyIp4,
  anyIp6,
  type Condition,
  type Family,
  masked4,
  noAddress,
  not,
  parseAddressSet,
  parseIp4,
  parseMac,
} from '../../model/index.js';
import { contentOf } from './content.js';
import { type Domain, rangeOf, subnetOf } from './network.js';
import { type Entry, isEnabled, type Table, textAt, valuesOf } from './tables.js';

export type Side = 'source' | 'destination';

/** What a name stands for: addresses, and whatever only the device knows. */
export interface Meaning {
  readonly addresses: AddressSet;
  readonly others: readonly ((side: Side) => Condition)[];
  /** Why a part of it is lost; then it may stand for anything. */
  readonly problems: readonly string[];
  /** What only the device knows, in words. */
  readonly bounds: readonly string[];
}

export interface AddressBook {
  /** What a name stands for: the same where its text is, and that of all that it names, in other readings too. */
  nameOf(name: string): Meaning;
  /** What several names stand for together. */
  meaningOf(names: readonly string[]): Meaning;
  /**
   * The same as a test. A group stands in every test as one and the same object: policies name few groups often, and
   * whoever compares them looks at each once.
   */
  testOf(names: readonly string[], side: Side): AddressTest;
  readonly names: ReadonlySet<string>;
}

export interface AddressTest extends Pick<Meaning, 'problems' | 'bounds'> {
  readonly condition: Condition;
}

const nothing: Meaning = { addresses: noAddress, others: [], problems: [], bounds: [] };

function exactly(addresses: AddressSet): Meaning {
  return { ...nothing, addresses };
}

export function conditionOf({ addresses, others }: Meaning, side: Side): Condition {
  const known = addresses.ip4.length > 0 || addresses.ip6.length > 0;
  const parts: Condition[] = known ? [{ kind: side, addresses }] : [];
  for (const other of others) parts.push(other(side));
  return parts.length === 1 ? parts[0]! : { kind: 'any', of: parts };
}

const builtIn: Readonly<Record<Family, Readonly<Record<'all' | 'none', Meaning>>>> = {
  ip4: { all: exactly(anyIp4), none: exactly(parseAddressSet('0.0.0.0')!) },
  ip6: { all: exactly(anyIp6), none: exactly(parseAddressSet('::')!) },
};

/** By their settings, which entries of the same text and so of the same name share. */
const knownAddresses = {
  ip4: new WeakMap<Entry['settings'], Meaning>(),
  ip6: new WeakMap<Entry['settings'], Meaning>(),
};

interface KnownGroup {
  readonly of: readonly Meaning[];
  readonly made: Meaning;
}

const knownGroups = {
  ip4: new WeakMap<Entry['settings'], KnownGroup>(),
  ip6: new WeakMap<Entry['settings'], KnownGroup>(),
};

/** Names that stand for addresses in one virtual domain, of one family. */
export function addressBook(domain: Domain, family: Family): AddressBook {
  const six = family === 'ip6' ? '6' : '';
  const addresses = byName(domain.tables.get(`firewall address${six}`));
  const groups = byName(domain.tables.get(`firewall addrgrp${six}`));
  const known = new Map<string, Meaning>();

  const nameOf = (name: string): Meaning => {
    const before = known.get(name);
    if (before) return before;
    // Where a group holds itself, the inner one adds nothing.
    known.set(name, lost(family, name, `the group ${name} holds itself`));
    const made = resolve(name);
    known.set(name, made);
    return made;
  };
  const resolve = (name: string): Meaning => {
    const address = addresses.get(name);
    if (address) return addressMeaning(address);
    const group = groups.get(name);
    if (group) return groupOnce(group);
    if (name === 'all' || name === 'none') return builtIn[family][name];
    return lost(family, name, `the address ${name} is not defined`);
  };
  const addressMeaning = (address: Entry): Meaning => {
    const fresh = (): Meaning => (family === 'ip4' ? address4(domain, address) : address6(address));
    if (address.spansFrom === 0 || textAt(address, 'type') === 'interface-subnet') return fresh();
    const made = knownAddresses[family].get(address.settings) ?? fresh();
    knownAddresses[family].set(address.settings, made);
    return made;
  };
  const groupOnce = (group: Entry): Meaning => {
    const of = [...valuesOf(group, 'member'), ...valuesOf(group, 'exclude-member')].map(nameOf);
    const before = knownGroups[family].get(group.settings);
    if (before && before.of.length === of.length && of.every((member, at) => member === before.of[at]))
      return before.made;
    const made = groupMeaning(group);
    if (group.spansFrom !== 0) knownGroups[family].set(group.settings, { of, made });
    return made;
  };
  const groupMeaning = (group: Entry): Meaning => {
    const members = meaningOf(valuesOf(group, 'member'));
    const excluded = isEnabled(group, 'exclude') ? meaningOf(valuesOf(group, 'exclude-member')) : nothing;
    const problems = [...members.problems, ...excluded.problems];
    const bounds = [...members.bounds, ...excluded.bounds];
    if (members.others.length === 0 && excluded.others.length === 0) {
      return {
        ...nothing,
        problems,
        addresses: {
          ip4: difference(members.addresses.ip4, excluded.addresses.ip4),
          ip6: difference(members.addresses.ip6, excluded.addresses.ip6),
        },
      };
    }
    if (!isEnabled(group, 'exclude')) return members;
    const other = (side: Side): Condition => all(conditionOf(members, side), not(conditionOf(excluded, side)));
    return { addresses: noAddress, others: [other], problems, bounds };
  };
  const meaningOf = (names: readonly string[]): Meaning => {
    if (names.length === 1) return nameOf(names[0]!);
    const parts = names.map(nameOf);
    return {
      addresses: {
        ip4: together(parts.map((part) => part.addresses.ip4)),
        ip6: together(parts.map((part) => part.addresses.ip6)),
      },
      others: parts.flatMap((part) => part.others),
      problems: parts.flatMap((part) => part.problems),
      bounds: parts.flatMap((part) => part.bounds),
    };
  };
  const tests = { source: new Map<string, AddressTest>(), destination: new Map<string, AddressTest>() };
  const remembered = (names: readonly string[], side: Side): AddressTest => {
    const key = names.join('\n');
    let test = tests[side].get(key);
    if (!test) {
      const meaning = meaningOf(names);
      test = { condition: conditionOf(meaning, side), problems: meaning.problems, bounds: meaning.bounds };
      tests[side].set(key, test);
    }
    return test;
  };
  const testOf: AddressBook['testOf'] = (names, side) => {
    const several = names.length > 1 ? names.filter((name) => groups.has(name)) : [];
    if (several.length === 0) return remembered(names, side);
    const single = names.filter((name) => !groups.has(name));
    const parts = [
      ...several.map((name) => remembered([name], side)),
      ...(single.length > 0 ? [remembered(single, side)] : []),
    ];
    return {
      condition: any(...parts.map(({ condition }) => condition)),
      problems: parts.flatMap(({ problems }) => problems),
      bounds: parts.flatMap(({ bounds }) => bounds),
    };
  };
  return { nameOf, meaningOf, testOf, names: new Set([...addresses.keys(), ...groups.keys()]) };
}

/** The union of many sets: lists of thousands of names are common. */
function together<T extends Bound>(sets: readonly Intervals<T>[]): Intervals<T> {
  const all: (readonly [T, T])[] = [];
  for (const set of sets) for (let at = 0; at < set.length; at += 2) all.push([set[at]!, set[at + 1]!]);
  return fromRanges(all);
}

const noEntries: ReadonlyMap<string, Entry> = new Map();
const names = new WeakMap<Table, ReadonlyMap<string, Entry>>();

export function byName(table: Table | undefined): ReadonlyMap<string, Entry> {
  if (!table) return noEntries;
  let found = names.get(table);
  if (!found) {
    found = new Map(table.entries.map((entry) => [entry.name, entry]));
    names.set(table, found);
  }
  return found;
}

function lost(family: Family, name: string, reason: string): Meaning {
  const other = (side: Side): Condition => ({
    kind: 'unknown',
    id: `fortios ${side} ${family} ${name} (${reason})`,
    text: reason,
    unrecognized: true,
  });
  return { ...nothing, others: [other], problems: [reason] };
}

/** A name whose addresses only the device knows: the same for the same content. */
function onTheDevice(family: Family, entry: Entry): Meaning {
  const content = contentOf(entry);
  const other = (side: Side): Condition =>
    all({ kind: 'family', family }, { kind: 'unknown', id: `fortios ${side} ${content}`, text: `${side}: ${content}` });
  return { ...nothing, others: [other], bounds: [content] };
}

function address4(domain: Domain, entry: Entry): Meaning {
  const type = textAt(entry, 'type') ?? 'ipmask';
  const read = (set: AddressSet | undefined): Meaning =>
    set ? exactly(set) : lost('ip4', entry.name, `the address ${entry.name} cannot be read`);
  switch (type) {
    case 'ipmask': {
      const subnet = valuesOf(entry, 'subnet');
      return subnet.length === 0 ? exactly(anyIp4) : read(subnetOf(subnet));
    }
    case 'iprange':
      return read(rangeOf(textAt(entry, 'start-ip') ?? '0.0.0.0', textAt(entry, 'end-ip') ?? '0.0.0.0'));
    case 'wildcard':
      return read(wildcardOf(valuesOf(entry, 'wildcard')));
    case 'interface-subnet': {
      const subnet = valuesOf(entry, 'subnet');
      if (subnet.length > 0) return read(subnetOf(subnet));
      const found = domain.interfaces.find(({ name }) => name === textAt(entry, 'interface'));
      const networks = found && { ip4: found.networks.ip4, ip6: [] };
      return networks && networks.ip4.length > 0 ? exactly(networks) : onTheDevice('ip4', entry);
    }
    case 'fqdn':
    case 'wildcard-fqdn':
    case 'geography':
    case 'dynamic':
    case 'route-tag':
      return onTheDevice('ip4', entry);
    case 'mac':
      return hardware('ip4', entry);
    default:
      return lost('ip4', entry.name, `the address ${entry.name} is of the type ${type}, which is not known`);
  }
}

function address6(entry: Entry): Meaning {
  const type = textAt(entry, 'type') ?? 'ipprefix';
  switch (type) {
    case 'ipprefix': {
      const text = textAt(entry, 'ip6');
      const set = text === undefined ? anyIp6 : parseAddressSet(text);
      if (set && set.ip4.length === 0) return exactly(set);
      return lost('ip6', entry.name, `the address ${entry.name} cannot be read`);
    }
    case 'iprange': {
      const set = rangeOf(textAt(entry, 'start-ip') ?? '::', textAt(entry, 'end-ip') ?? '::');
      return set ? exactly(set) : lost('ip6', entry.name, `the address ${entry.name} cannot be read`);
    }
    case 'fqdn':
    case 'geography':
    case 'dynamic':
    case 'template':
    case 'route-tag':
      return onTheDevice('ip6', entry);
    case 'mac':
      return hardware('ip6', entry);
    default:
      return lost('ip6', entry.name, `the address ${entry.name} is of the type ${type}, which is not known`);
  }
}

/** Hardware addresses, by which a packet's frame came; of where it goes to only the device knows them. */
function hardware(family: Family, entry: Entry): Meaning {
  const start = textAt(entry, 'start-mac');
  const texts = [...valuesOf(entry, 'macaddr'), ...(start ? [`${start}-${textAt(entry, 'end-mac') ?? start}`] : [])];
  const found = texts.map((text) => {
    const [first, last = first] = text.split('-').map(parseMac);
    return first === undefined || last === undefined ? undefined : ([first, last] as const);
  });
  const known = found.filter((range) => range !== undefined);
  if (known.length === 0 || known.length < found.length) return onTheDevice(family, entry);
  const frame: Condition = { kind: 'sourceMac', addresses: fromRanges(known) };
  const { others } = onTheDevice(family, entry);
  const other = (side: Side): Condition =>
    side === 'source' ? all({ kind: 'family', family }, frame) : others[0]!('destination');
  return { ...nothing, others: [other] };
}

/** Two octets that are free, as in the address that a gateway has in every network of a site. */
const RANGES_MAX = 65_536;

/** An address and a mask whose set bits must agree, in any order. */
function wildcardOf([address, mask, ...rest]: readonly string[]): AddressSet | undefined {
  if (address === undefined) return anyIp4;
  const [bits, free] = [parseIp4(address), parseIp4(mask ?? '')];
  const ip4 = bits === undefined || free === undefined || rest.length > 0 ? undefined : masked4(bits, free, RANGES_MAX);
  return ip4 && { ip4, ip6: [] };
}

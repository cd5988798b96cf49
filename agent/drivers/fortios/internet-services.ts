import { type AddressSet, all, any, type Condition, type Family } from '../../model/index.js';
import { contentOf, wordOf } from './content.js';
import type { Domain } from './network.js';
import { type AddressBook, byName, conditionOf, type Side } from './objects.js';
import { type Entry, type Table, textAt, valuesOf } from './tables.js';

/** What an internet service stands for: exact where the configuration says it, else what only the device knows. */
export interface InternetServiceMeaning {
  readonly condition: Condition;
  readonly problems: readonly string[];
  readonly bounds: readonly string[];
}

export interface InternetServiceBook {
  /** `part` as in the key that names it: `name`, `id`, `group`, `custom`, `custom-group`. */
  meaningOf(part: string, name: string, side: Side, family: Family): InternetServiceMeaning;
}

/** The vendor's services are lists on the device; those of the administrator are addresses, protocols and ports. */
export function internetServiceBook(
  { tables, shared }: Domain,
  books: Readonly<Record<Family, AddressBook>>,
): InternetServiceBook {
  const table = (part: string): Table | undefined => {
    const path = `firewall internet-service-${part}`;
    return tables.get(path) ?? shared.get(path);
  };
  const customs = byName(table('custom'));
  const customGroups = byName(table('custom-group'));
  const onTheDevice = (part: string, name: string, side: Side): InternetServiceMeaning => {
    const entry = byName(table(part)).get(name);
    const text = `the ${side} is of the internet service ${part} ${wordOf(name)}${entry ? ` (${contentOf(entry)})` : ''}`;
    return { condition: { kind: 'unknown', id: `fortios ${text}`, text }, problems: [], bounds: [text] };
  };
  const custom = (name: string, side: Side, family: Family): InternetServiceMeaning => {
    const entry = customs.get(name);
    if (!entry) return lost(`the internet service ${name} is not defined`);
    const parts = (entry.tables.get('entry')?.entries ?? []).map((one) => entryMeaning(one, side, family, books));
    if (parts.length === 0) return onTheDevice('custom', name, side);
    return joined(parts);
  };
  return {
    meaningOf(part, name, side, family) {
      if (part === 'custom') return custom(name, side, family);
      const group = part === 'custom-group' ? customGroups.get(name) : undefined;
      return group
        ? joined(valuesOf(group, 'member').map((member) => custom(member, side, family)))
        : onTheDevice(part, name, side);
    },
  };
}

function joined(parts: readonly InternetServiceMeaning[]): InternetServiceMeaning {
  return {
    condition: any(...parts.map(({ condition }) => condition)),
    problems: parts.flatMap(({ problems }) => problems),
    bounds: parts.flatMap(({ bounds }) => bounds),
  };
}

function lost(reason: string): InternetServiceMeaning {
  const condition: Condition = { kind: 'unknown', id: `fortios ${reason}`, text: reason, unrecognized: true };
  return { condition, problems: [reason], bounds: [] };
}

/** One entry: addresses by name, or ranges as older versions have them, a protocol and ports. */
function entryMeaning(
  entry: Entry,
  side: Side,
  family: Family,
  books: Readonly<Record<Family, AddressBook>>,
): InternetServiceMeaning {
  const names = valuesOf(entry, family === 'ip4' ? 'dst' : 'dst6');
  const ranges = entry.tables.get('ip-range')?.entries ?? [];
  if (names.length === 0 && (ranges.length > 0 || textAt(entry, 'protocol') === undefined)) {
    const text = `the ${side} is of the internet service (${contentOf(entry)})`;
    return { condition: { kind: 'unknown', id: `fortios ${text}`, text }, problems: [], bounds: [text] };
  }
  const meaning = books[family].meaningOf(names);
  const known: AddressSet = meaning.addresses;
  const none = names.length === 0 || (known.ip4.length + known.ip6.length === 0 && meaning.others.length === 0);
  const where = none ? any() : conditionOf(meaning, side);
  const protocol = Number(textAt(entry, 'protocol') ?? '0');
  const ports = (entry.tables.get('port-range')?.entries ?? []).map((one): Condition => {
    const [first, last] = [Number(textAt(one, 'start-port') ?? '1'), Number(textAt(one, 'end-port') ?? '65535')];
    return { kind: side === 'destination' ? 'destinationPort' : 'sourcePort', ports: [first, last] };
  });
  const condition = all(
    where,
    ...(protocol === 0 ? [] : [{ kind: 'protocol' as const, protocols: [protocol, protocol] }]),
    ...(ports.length === 0 ? [] : [any(...ports)]),
  );
  if (side === 'destination') return { condition, problems: meaning.problems, bounds: meaning.bounds };
  // Whether the protocol and the ports of a source are asked for is not documented: only its addresses are certain.
  const text = `a source of the internet service is asked for its protocol (${contentOf(entry)})`;
  const asked: Condition = { kind: 'unknown', id: `fortios ${text}`, text };
  return {
    condition: any(condition, all(where, asked)),
    problems: meaning.problems,
    bounds: [...meaning.bounds, text],
  };
}

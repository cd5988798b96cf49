import { fromRanges, ranges } from '../../lib/intervals.js';
import {
  type AddressSet,
  any,
  type Condition,
  masked4,
  noAddress,
  parseAddressSet,
  parseIp4,
  parseIp6,
  type Unknown,
} from '../../model/index.js';
import { absent, find, type Reader, unknown } from './scope.js';
import { at, contentOf, membersOf, type Node, valueIn } from './tree.js';

export type Side = 'source' | 'destination';

/** Addresses, as far as they are known, and what else may belong to them. */
export interface Addresses {
  readonly set: AddressSet;
  readonly unknowns: readonly Unknown[];
}

export const nothing: Addresses = { set: noAddress, unknowns: [] };

export function join(all: readonly Addresses[]): Addresses {
  return {
    set: {
      ip4: fromRanges(all.flatMap(({ set }) => [...ranges(set.ip4)])),
      ip6: fromRanges(all.flatMap(({ set }) => [...ranges(set.ip6)])),
    },
    unknowns: all.flatMap(({ unknowns }) => unknowns),
  };
}

const exactly = (set: AddressSet): Addresses => ({ set, unknowns: [] });
const only = (one: Unknown): Addresses => ({ set: noAddress, unknowns: [one] });

/** `10.1.1.1`, `10.1.0.0/16`, `10.1.1.1-10.1.1.9`; a range written backwards holds nothing. */
export function literal(text: string): AddressSet | undefined {
  const set = parseAddressSet(text);
  if (set) return set;
  const [first = '', last = '', ...more] = text.split('-');
  const isBackwards =
    more.length === 0 &&
    ((parseIp4(first) !== undefined && parseIp4(last) !== undefined) ||
      (parseIp6(first) !== undefined && parseIp6(last) !== undefined));
  return isBackwards ? noAddress : undefined;
}

/** A wildcard mask has ones where the address may differ. */
function wildcard(text: string): AddressSet | undefined {
  const [address = '', mask = ''] = text.split('/');
  const [base, bits] = [parseIp4(address), parseIp4(mask)];
  if (base === undefined || bits === undefined) return undefined;
  const set = masked4(base, ~bits >>> 0);
  return set && { ip4: set, ip6: [] };
}

const plain = new Set(['description', 'tag', 'disable-override', 'color']);

/** What an address object holds; each of its words is accounted for. */
export function addressObject(node: Node, side: Side, { ledger }: Reader): Addresses {
  ledger.used(node);
  const found: Addresses[] = [];
  for (const child of node.children) {
    const value = valueIn(child);
    if (plain.has(child.name)) {
      ledger.irrelevant(child);
      continue;
    }
    const set =
      value === undefined
        ? undefined
        : child.name === 'ip-netmask' || child.name === 'ip-range'
          ? literal(value)
          : child.name === 'ip-wildcard'
            ? wildcard(value)
            : undefined;
    if (set) {
      ledger.all(child);
      found.push(exactly(set));
    } else if (child.name === 'fqdn' && value !== undefined) {
      ledger.all(child);
      found.push(only(unknown(`the ${side} is ${value} (a name, resolved by the device)`)));
    } else {
      ledger.lost(child, `“${child.name} ${value ?? ''}” of an address is not understood`);
      found.push(
        only({ ...unknown(`the ${side} is in ${node.name}`, `${side} ${contentOf(node)}`), unrecognized: true }),
      );
    }
  }
  if (found.length === 1) return found[0]!;
  ledger.lost(node, found.length === 0 ? 'an address without an address' : 'an address with two addresses');
  return only({ ...unknown(`the ${side} is in ${node.name}`, `${side} ${contentOf(node)}`), unrecognized: true });
}

export function addressGroup(node: Node, side: Side, from: Reader, seen: ReadonlySet<Node>): Addresses {
  const reader = { ...from, holder: node };
  const { ledger } = reader;
  ledger.used(node);
  const found: Addresses[] = [];
  for (const child of node.children) {
    if (plain.has(child.name)) ledger.irrelevant(child);
    else if (child.name === 'static' || child.name === 'members') {
      ledger.all(child);
      const inner = new Set([...seen, node]);
      found.push(...membersOf(child).map((name) => addressNamed(name, side, reader, inner)));
    } else if (child.name === 'dynamic') {
      ledger.all(child);
      const filter = valueIn(at(child, 'filter')) ?? contentOf(child);
      found.push(only(unknown(`the ${side} has the tags ${filter}`)));
    } else {
      // Before version 6 the members stood in the group without a word before them.
      ledger.all(child);
      found.push(addressNamed(child.name, side, reader, new Set([...seen, node])));
    }
  }
  return join(found);
}

const addressKinds = ['address', 'address-group', 'region', 'external-list'] as const;

/** What a name stands for: an object before an address that it looks like. */
export function addressNamed(name: string, side: Side, reader: Reader, seen: ReadonlySet<Node> = new Set()): Addresses {
  const found = find(reader.scopes, addressKinds, name);
  if (found && seen.has(found.node)) return nothing;
  switch (found?.kind) {
    case 'address':
      return addressObject(found.node, side, reader);
    case 'address-group':
      return addressGroup(found.node, side, reader, seen);
    case 'region':
      reader.ledger.all(found.node);
      return regionOf(found.node, side);
    case 'external-list':
      reader.ledger.all(found.node);
      return only(unknown(`the ${side} is in the list ${name}`, `${side} list ${contentOf(found.node)}`));
    default:
  }
  const set = literal(name);
  if (set) return exactly(set);
  if (/^(?:[A-Z][A-Z0-9]|panw-[\w-]+)$/.test(name))
    return only(unknown(`the ${side} is in the region or list ${name}`));
  return only(absent(reader, 'the address', name));
}

/** A region of one's own holds addresses; where it is on the map says nothing. */
function regionOf(node: Node, side: Side): Addresses {
  const sets = membersOf(at(node, 'address')).map(literal);
  if (sets.length > 0 && sets.every((set) => set !== undefined)) return join(sets.map(exactly));
  return only(unknown(`the ${side} is in the region ${node.name}`, `${side} region ${contentOf(node)}`));
}

/** What a rule asks of one side. Rules see the addresses that a packet came with, before translation. */
export function sideCondition({ set, unknowns }: Addresses, side: Side, original: boolean): Condition {
  return any({ kind: side, addresses: set, ...(original && { original: true as const }) }, ...unknowns);
}

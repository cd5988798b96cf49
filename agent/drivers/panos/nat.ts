import { size } from '../../lib/intervals.js';
import { type AddressSet, all, anyAddress, type Condition, type Nat, type Rule, type Step } from '../../model/index.js';
import { type Addresses, addressNamed, join, sideCondition } from './addresses.js';
import type { Network } from './network.js';
import { originOf } from './origin.js';
import { hasUnknown, isYes, target } from './rules.js';
import { type Reader, unknown } from './scope.js';
import { portsOf, serviceNamed } from './services.js';
import { type Base, inZones, readerOf, routedTo, ruleName, type System } from './system.js';
import { at, membersOf, type Node, valueIn } from './tree.js';

const words = new Set([
  'from',
  'to',
  'to-interface',
  'source',
  'destination',
  'service',
  'nat-type',
  'disabled',
  'source-translation',
  'destination-translation',
  'dynamic-destination-translation',
]);
const plain = new Set([
  'description',
  'tag',
  'group-tag',
  'audit-comment',
  'uuid',
  'loc',
  'active-active-device-binding',
]);

export interface NatRules {
  /** Before routing: the destination, and an end for those whose rule leaves it alone. */
  readonly before: Rule[];
  /** After the security rules: the source. */
  readonly after: Rule[];
}

function namesOf(node: Node | undefined): readonly string[] {
  return membersOf(node);
}

/** Without the word that stands for all. */
function givenOf(node: Node | undefined): readonly string[] {
  return namesOf(node).filter((name) => name !== 'any');
}

function addressesOf(names: readonly string[], side: 'source' | 'destination', reader: Reader): Addresses {
  return join(names.map((name) => addressNamed(name, side, reader)));
}

function matches(node: Node, system: System, reader: Reader): Condition {
  const source = namesOf(at(node, 'source'));
  const destination = namesOf(at(node, 'destination'));
  const services = namesOf(at(node, 'service')).filter((name) => name !== 'any');
  const out = namesOf(at(node, 'to-interface')).filter((name) => name !== 'any');
  return all(
    inZones('inInterface', system, namesOf(at(node, 'from'))),
    routedTo(system, namesOf(at(node, 'to'))),
    ...(source.includes('any') ? [] : [sideCondition(addressesOf(source, 'source', reader), 'source', false)]),
    ...(destination.includes('any')
      ? []
      : [sideCondition(addressesOf(destination, 'destination', reader), 'destination', true)]),
    ...services.map((name) => serviceNamed(name, reader, true)),
    ...(at(node, 'target') ? target(at(node, 'target')!, reader) : []),
    ...(out.length > 0 ? [unknown(`the route to the destination leads out of ${out.join(', ')}`)] : []),
  );
}

function count({ ip4, ip6 }: AddressSet): bigint {
  return size(ip4) + size(ip6);
}

/** Addresses of a translation; what is not known may be any. */
function translated(names: readonly string[], reader: Reader): { readonly set: AddressSet; readonly isKnown: boolean } {
  const { set, unknowns } = addressesOf(names, 'destination', reader);
  const isKnown = unknowns.length === 0 && count(set) > 0n;
  return { set: isKnown ? set : anyAddress, isKnown };
}

function destinationNat(node: Node, reader: Reader): Nat | undefined {
  const translation = at(node, 'destination-translation') ?? at(node, 'dynamic-destination-translation');
  if (!translation) return undefined;
  const known = new Set(['translated-address', 'translated-port', 'distribution', 'dns-rewrite']);
  const strange = translation.children.find(({ name }) => !known.has(name));
  const names = namesOf(at(translation, 'translated-address'));
  const portNode = at(translation, 'translated-port');
  const ports = portsOf(valueIn(portNode));
  if (strange || (portNode && !ports) || (names.length === 0 && !portNode)) {
    reader.ledger.lost(strange ?? translation, 'this translation is not understood');
    return { kind: 'nat', translate: 'destination', to: { addresses: anyAddress } };
  }
  const from = addressesOf(givenOf(at(node, 'destination')), 'destination', reader);
  const to = translated(names, reader);
  // The dynamic kind shares the work among its addresses, as many as they are.
  const isFixed = translation.name === 'destination-translation' && to.isKnown && from.unknowns.length === 0;
  const isStatic = isFixed && count(to.set) > 1n && count(to.set) === count(from.set);
  return {
    kind: 'nat',
    translate: 'destination',
    ...(names.length > 0 && { to: { addresses: to.set, ...(isStatic && { prefix: true, of: from.set }) } }),
    ...(ports && { ports }),
  };
}

/** The address of an interface: the one that is named, or the only one that it has. */
function addressOfInterface(node: Node, { interfaces, prefix }: Network, reader: Reader): NonNullable<Nat['to']> {
  const [named] = ['ip', 'ipv6', 'floating-ip'].flatMap((word) => valueIn(at(node, word)) ?? []);
  if (named !== undefined) {
    const { set, isKnown } = translated([named.split('/')[0]!], reader);
    if (isKnown && count(set) === 1n) return { addresses: set };
  }
  const name = prefix + (valueIn(at(node, 'interface')) ?? '');
  const own = interfaces.find((one) => one.name === name);
  const [first, ...others] = own && !own.isDynamic ? own.networks : [];
  return named === undefined && first && others.length === 0 ? { addresses: first.own } : 'device';
}

function sourceNat(node: Node, { network }: System, reader: Reader): Nat | undefined {
  const translation = at(node, 'source-translation');
  const [how] = translation?.children ?? [];
  if (!translation || !how) return undefined;
  if (!['dynamic-ip-and-port', 'dynamic-ip', 'static-ip'].includes(how.name)) {
    reader.ledger.lost(how, `“${how.name}” is no known way to translate`);
    return { kind: 'nat', translate: 'source', to: { addresses: anyAddress } };
  }
  const ofInterface = at(how, 'interface-address');
  if (ofInterface) return { kind: 'nat', translate: 'source', to: addressOfInterface(ofInterface, network, reader) };
  const names = namesOf(at(how, 'translated-address'));
  if (names.length === 0) {
    reader.ledger.lost(how, 'a translation without an address');
    return { kind: 'nat', translate: 'source', to: { addresses: anyAddress } };
  }
  const to = translated(names, reader);
  const sources = how.name === 'static-ip' ? givenOf(at(node, 'source')) : [];
  const from = translated(sources, reader);
  const isOneByOne = to.isKnown && from.isKnown && count(from.set) > 1n;
  const kept = isOneByOne && count(from.set) === count(to.set) ? { prefix: true, of: from.set } : {};
  return { kind: 'nat', translate: 'source', to: { addresses: to.set, ...kept } };
}

/** A fixed translation of the source that also holds for connections from the other side. */
function backwards(node: Node, system: System, reader: Reader): readonly Step[] | undefined {
  const fixed = at(node, 'source-translation', 'static-ip');
  if (!isYes(at(fixed, 'bi-directional'))) return undefined;
  const outside = translated(namesOf(at(fixed, 'translated-address')), reader);
  const inside = translated(givenOf(at(node, 'source')), reader);
  if (!outside.isKnown || !inside.isKnown) return undefined;
  const isOneByOne = count(inside.set) > 1n && count(inside.set) === count(outside.set);
  return [
    { kind: 'match', condition: inZones('inInterface', system, namesOf(at(node, 'to'))) },
    { kind: 'match', condition: { kind: 'destination', addresses: outside.set, original: true } },
    {
      kind: 'nat',
      translate: 'destination',
      to: { addresses: inside.set, ...(isOneByOne && { prefix: true, of: outside.set }) },
    },
  ];
}

/** The rules of a translation rulebase: the first that holds for a packet as it came translates both of its sides. */
export function natRules(base: Base, system: System): NatRules {
  const out: NatRules = { before: [], after: [] };
  for (const node of at(base.node, 'nat', 'rules')?.children ?? []) {
    const disabled = isYes(at(node, 'disabled'));
    const own = readerOf(system, base.scopes);
    const reader = disabled ? { ...own, missing: new Set<string>() } : { ...own, holder: node };
    reader.ledger.used(node);
    for (const child of node.children) {
      if (plain.has(child.name)) reader.ledger.irrelevant(child);
      else if (words.has(child.name) || child.name === 'target') reader.ledger.all(child);
      else reader.ledger.lost(child, `“${child.name}” of a translation is not known`);
    }
    for (const word of ['from', 'to', 'source', 'destination'])
      if (namesOf(at(node, word)).length === 0) reader.ledger.gap(node, `the translation does not say “${word}”`);
    const type = valueIn(at(node, 'nat-type')) ?? 'ipv4';
    if (type !== 'ipv4' && !disabled)
      reader.ledger.lost(at(node, 'nat-type') ?? node, `translation of type ${type} is not modelled`);
    const condition = matches(node, system, reader);
    system.count(node, hasUnknown(condition) ? 'bounded' : 'exact');
    const origin = originOf(node, ruleName(base, 'nat', node), [...words, 'target']);
    const match: Step = { kind: 'match', condition };
    const off = disabled ? { disabled: true as const } : {};
    out.before.push({ origin, steps: [match, destinationNat(node, reader) ?? { kind: 'accept' }], ...off });
    out.after.push({ origin, steps: [match, sourceNat(node, system, reader) ?? { kind: 'accept' }], ...off });
    const steps = backwards(node, system, reader);
    if (steps) out.before.push({ origin, steps, ...off });
  }
  return out;
}

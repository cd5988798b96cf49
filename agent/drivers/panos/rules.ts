import { overlaps } from '../../lib/intervals.js';
import { all, any, type Condition, not, type Rule, type Step, type Unknown } from '../../model/index.js';
import { addressNamed, join, type Side, sideCondition } from './addresses.js';
import { applicationsNamed, isApplication, overridePorts } from './applications.js';
import { originOf, textOf } from './origin.js';
import { find, type Reader, type Scope, unknown } from './scope.js';
import { serviceNamed } from './services.js';
import { type Base, inZones, ownOf, readerOf, ruleName, type System } from './system.js';
import { at, contentOf, membersOf, type Node, valueIn } from './tree.js';

/** Words of a rule that decide nothing about a packet. */
const plain = new Set([
  'description',
  'tag',
  'group-tag',
  'log-start',
  'log-end',
  'log-setting',
  'profile-setting',
  'option',
  'qos',
  'icmp-unreachable',
  'audit-comment',
  'uuid',
  'loc',
  'saas-tenant-list',
  'saas-user-list',
  'disable-inspect',
]);

/** Conditions on what no packet shows, with the word for none. */
const unseen: Readonly<Record<string, string>> = {
  'source-user': 'the user is one of',
  category: 'the category of the address is one of',
  'hip-profiles': 'the host matches a profile of',
  'source-hip': 'the source matches a host profile of',
  'destination-hip': 'the destination matches a host profile of',
  'source-device': 'the source is a device of',
  'destination-device': 'the destination is a device of',
  'source-imsi': 'the subscriber is one of',
  'source-imei': 'the equipment is one of',
  'source-nw-slice': 'the network slice is one of',
  'destination-nw-slice': 'the network slice of the destination is one of',
};

const sides: readonly Side[] = ['source', 'destination'];
const wanted = ['from', 'to', 'source', 'destination', 'application', 'service', 'action'] as const;

const told = [
  'disabled',
  'rule-type',
  'from',
  'to',
  'source',
  'negate-source',
  'destination',
  'negate-destination',
  ...Object.keys(unseen),
  'application',
  'service',
  'schedule',
  'target',
  'action',
  // What a rule that is put back must not lack, though no packet shows it.
  'profile-setting',
  'log-setting',
  'log-start',
  'log-end',
  'option',
];

export function isYes(node: Node | undefined): boolean {
  return valueIn(node) === 'yes';
}

export function addresses(node: Node, side: Side, reader: Reader): Condition {
  const names = membersOf(at(node, side));
  const held = names.includes('any')
    ? all()
    : sideCondition(join(names.map((name) => addressNamed(name, side, reader))), side, side === 'destination');
  return isYes(at(node, `negate-${side}`)) ? not(held) : held;
}

/** From where to where; a rule of a type that speaks of one zone, or of two, asks for that as well. */
function zones(node: Node, system: System): Condition | undefined {
  const [from, to] = [membersOf(at(node, 'from')), membersOf(at(node, 'to'))];
  const type = valueIn(at(node, 'rule-type')) ?? 'universal';
  if (type === 'universal') return all(inZones('inInterface', system, from), inZones('outInterface', system, to));
  const starts = from.includes('any') ? [...system.zones.keys()] : from;
  if (type === 'intrazone')
    return any(
      ...starts.map((zone) => all(inZones('inInterface', system, [zone]), inZones('outInterface', system, [zone]))),
    );
  if (type !== 'interzone') return undefined;
  return any(
    ...starts.map((zone) =>
      all(
        inZones('inInterface', system, [zone]),
        inZones('outInterface', system, to),
        not(inZones('outInterface', system, [zone])),
      ),
    ),
  );
}

/** A rule without a word about services is for any: so the vendor's own library reads it (pan-os-php, SecurityRule). */
function servicesOf(node: Node): readonly string[] {
  const named = at(node, 'service');
  return named ? membersOf(named) : ['any'];
}

export function service(node: Node, system: System, reader: Reader): Condition {
  const services = servicesOf(node);
  const asked = applicationsNamed(membersOf(at(node, 'application')), reader);
  const named = services.filter((name) => name !== 'application-default');
  const ports = any(...named.map((name) => (name === 'any' ? all() : serviceNamed(name, reader, true))));
  const isDefault = services.includes('application-default');
  // Any application on its default ports is any application: which it is by its port is not known.
  if (asked === 'any') return isDefault ? all() : ports;
  const isNamed = !services.includes('any') && named.length > 0 && valueIn(at(node, 'action')) === 'allow';
  const conditions = asked.map((one) => {
    if (!isDisabled(node)) {
      const before = system.asked.get(one.id)?.named ?? [];
      system.asked.set(one.id, { ...one, named: isNamed ? [...before, ports] : before });
    }
    const is = isApplication(one, system.overrides);
    if (isDefault && named.length === 0) return one.ports ? all(one.ports, is) : is;
    return isDefault ? all(any(ports, one.ports ?? all()), is) : is;
  });
  return isDefault ? any(...conditions) : all(ports, any(...conditions));
}

export function isDisabled(node: Node): boolean {
  return isYes(at(node, 'disabled'));
}

/** Whether a manager means this firewall by the rule: which it is, is known of those in the manager's own text. */
export function target(node: Node, { firewall, ledger }: Reader): readonly Condition[] {
  ledger.all(node);
  const named = at(node, 'devices')?.children ?? [];
  const isTagged = (at(node, 'tags')?.children.length ?? 0) > 0;
  if (named.length === 0 && !isTagged) return [];
  if (firewall === undefined || isTagged)
    return [unknown(`the rule is for this firewall (target ${textOf(node)})`, `target ${contentOf(node)}`)];
  const isMeant = named.some(({ name }) => name === firewall) !== isYes(at(node, 'negate'));
  return isMeant ? [] : [any()];
}

export function otherConditions(
  node: Node,
  reader: Reader,
  lost: (part: Node, reason: string) => Unknown,
): readonly Condition[] {
  const { ledger } = reader;
  const out: Condition[] = [];
  for (const child of node.children) {
    const { name } = child;
    if (plain.has(name)) ledger.irrelevant(child);
    else if (Object.hasOwn(unseen, name)) {
      ledger.all(child);
      const members = membersOf(child);
      if (!members.includes('any') && members.length > 0)
        out.push(unknown(`${unseen[name]} ${[...members].sort().join(', ')}`));
    } else if (name === 'schedule') {
      ledger.all(child);
      const value = valueIn(child) ?? '';
      const schedule = find(reader.scopes, ['schedule'], value);
      if (schedule) ledger.all(schedule.node);
      out.push(unknown(`the schedule ${value} is on`, `schedule ${schedule ? contentOf(schedule.node) : value}`));
    } else if (name === 'target') {
      out.push(...target(child, reader));
    } else if (['negate-source', 'negate-destination', 'disabled'].includes(name)) {
      if (['yes', 'no'].includes(valueIn(child) ?? '')) ledger.all(child);
      else out.push(lost(child, `“${name}” is neither yes nor no`));
    } else if ([...wanted, 'rule-type'].some((word) => word === name)) {
      if (child.children.some((one) => one.children.length > 0)) out.push(lost(child, `“${name}” is not understood`));
      else ledger.all(child);
    } else out.push(lost(child, `“${name}” of a rule is not known`));
  }
  return out;
}

function actionOf(node: Node): Step | undefined {
  const value = valueIn(at(node, 'action'));
  if (value === 'allow') return { kind: 'accept' };
  if (value === 'deny' || value === 'drop') return { kind: 'drop' };
  return value !== undefined && /^reset-(?:client|server|both)$/.test(value)
    ? { kind: 'reject', answer: 'tcp reset' }
    : undefined;
}

/** One rule of a security rulebase. */
export function securityRule(node: Node, system: System, base: Base): Rule {
  const { scopes } = base;
  const disabled = isDisabled(node);
  const own = readerOf(system, scopes);
  // What a rule that is switched off refers to need not be there.
  const reader = disabled ? { ...own, missing: new Set<string>() } : { ...own, holder: node };
  const { ledger } = reader;
  ledger.used(node);
  const lost = (part: Node, reason: string): Unknown => {
    ledger.lost(part, `${node.name}: ${reason}`);
    return { ...unknown(`${node.name}: ${reason}`), unrecognized: true };
  };
  const gap = (part: Node, word: string): Unknown => {
    const reason = `the rule does not say “${word}”`;
    ledger.gap(part, `${node.name}: ${reason}`);
    return { ...unknown(`${node.name}: ${reason}`), unrecognized: true };
  };
  const gaps: Condition[] = [];
  // A rule within zones goes where it comes from.
  const isWithin = valueIn(at(node, 'rule-type')) === 'intrazone';
  for (const word of wanted.filter((one) => !(isWithin && one === 'to')))
    if ((word === 'service' ? servicesOf(node) : membersOf(at(node, word))).length === 0) gaps.push(gap(node, word));
  const others = otherConditions(node, reader, lost);
  const where = zones(node, system) ?? lost(at(node, 'rule-type')!, 'this type of rule is not known');
  if (!disabled && system.zones.size > 0) {
    for (const word of ['from', 'to'] as const)
      for (const zone of membersOf(at(node, word)))
        if (zone !== 'any' && zone !== 'multicast' && !system.zones.has(zone)) {
          reader.missing.add(`the zone ${zone}`);
          ledger.absent(at(node, word)!, zone);
        }
  }
  const has = (word: string): boolean => membersOf(at(node, word)).length > 0;
  const condition = all(
    where,
    ...sides.filter(has).map((side) => addresses(node, side, reader)),
    ...(servicesOf(node).length > 0 && has('application') ? [service(node, system, reader)] : []),
    ...others,
    ...gaps,
  );
  const action = actionOf(node);
  const steps: Step[] = [{ kind: 'match', condition }];
  const actionNode = at(node, 'action');
  if (action) steps.push(action);
  else if (actionNode && actionNode.children.length > 0)
    steps.push({ kind: 'opaque', unknown: lost(actionNode, 'this action is not known') });
  else steps.push({ kind: 'opaque', unknown: { ...unknown(`${node.name}: the action`), unrecognized: true } });
  system.count(node, hasUnknown(condition) || !action ? 'bounded' : 'exact');
  const comment = valueIn(at(node, 'description'));
  return {
    origin: originOf(node, ruleName(base, 'security', node), told),
    steps,
    ...(comment !== undefined && { comment }),
    ...(disabled && { disabled: true }),
  };
}

/** Whether a rule may hold for what is meant for the device itself, at one of these interfaces. */
export function mayMeanDevice(node: Node, system: System, base: Base, interfaces: readonly string[]): boolean {
  const names = membersOf(at(node, 'destination'));
  if (names.includes('any') || isYes(at(node, 'negate-destination'))) return true;
  const reader = { ...readerOf(system, base.scopes), missing: new Set<string>() };
  const { set, unknowns } = join(names.map((name) => addressNamed(name, 'destination', reader)));
  const own = ownOf(system.network, interfaces);
  return unknowns.length > 0 || overlaps(set.ip4, own.ip4) || overlaps(set.ip6, own.ip6);
}

export function hasUnknown(condition: Condition): boolean {
  if (condition.kind === 'all' || condition.kind === 'any') return condition.of.some(hasUnknown);
  return condition.kind === 'not' ? hasUnknown(condition.of) : condition.kind === 'unknown';
}

const overrideWords = new Set([
  'from',
  'to',
  'source',
  'destination',
  'negate-source',
  'negate-destination',
  'port',
  'protocol',
  'application',
  'disabled',
]);

/** Rules that say what application certain packets are; they come before all security rules. */
export function readOverrides(rules: readonly Node[], system: System, scopes: readonly Scope[]): void {
  const reader = readerOf(system, scopes);
  for (const node of rules) {
    reader.ledger.used(node);
    for (const child of node.children) {
      if (plain.has(child.name) || child.name === 'target') reader.ledger.irrelevant(child);
      else if (overrideWords.has(child.name)) reader.ledger.all(child);
      else reader.ledger.lost(child, `“${child.name}” of an override is not known`);
    }
    if (isDisabled(node)) continue;
    const ports = overridePorts(node);
    const application = valueIn(at(node, 'application'));
    const where = zones(node, system);
    const isWhole = ['from', 'to', 'source', 'destination'].every((word) => membersOf(at(node, word)).length > 0);
    if (!ports || application === undefined || !where || !isWhole) {
      reader.ledger.lost(node, 'this override is not understood');
      continue;
    }
    system.overrides.push({
      application,
      condition: all(where, ports, ...sides.map((side) => addresses(node, side, reader))),
    });
  }
}

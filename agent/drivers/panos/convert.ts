import {
  all,
  any,
  type BaseList,
  type Condition,
  type Family,
  type Origin,
  type Pipeline,
  type Rule,
  type RuleList,
  type Step,
} from '../../model/index.js';
import type { CoverageBuilder } from '../shared/index.js';
import type { Ledger } from './ledger.js';
import { toTheDevice } from './management.js';
import { natRules } from './nat.js';
import type { Network } from './network.js';
import { mayMeanDevice, readOverrides, securityRule } from './rules.js';
import { unknown } from './scope.js';
import { steeringRules } from './steering.js';
import { type Base, interfacesIn, inZones, type System } from './system.js';
import { at, type Node, valueIn } from './tree.js';

const families: readonly Family[] = ['ip4', 'ip6'];

/** Rulebases that only inspect, log or ask for a login: none of them lets a packet through. */
const harmless = new Set([
  'decryption',
  'qos',
  'captive-portal',
  'authentication',
  'tunnel-inspect',
  'sdwan',
  'network-packet-broker',
]);
const readHere = new Set(['security', 'nat', 'application-override', 'default-security-rules', 'pbf', 'dos']);

function rulesOf(base: Base, kind: string): readonly Node[] {
  return at(base.node, kind, 'rules')?.children ?? [];
}

/** Says of every part of a rulebase what becomes of it. */
function account(base: Base, ledger: Ledger): void {
  ledger.used(base.node);
  for (const child of base.node.children) {
    const { name } = child;
    if (harmless.has(name)) ledger.irrelevant(child);
    else if (readHere.has(name)) {
      ledger.used(child);
      ledger.used(at(child, 'rules'));
    }
  }
}

/** What holds where no rule does: within a zone everything, between zones nothing, unless the defaults were changed. */
function defaults(system: System, at0: Origin): readonly Rule[] {
  const setting = (name: string): Node | undefined =>
    [...system.bases]
      .sort((a, b) => Number(a.from !== 'own') - Number(b.from !== 'own'))
      .map(({ node }) => at(node, 'default-security-rules', 'rules', name))
      .find((node) => node !== undefined);
  const rule = (name: string, usual: 'allow' | 'deny', condition: Condition): Rule => {
    const node = setting(name);
    const actionNode = at(node, 'action');
    const action = actionNode ? valueIn(actionNode) : usual;
    if (node) {
      system.ledger.used(node);
      for (const child of node.children) {
        if (child === actionNode) system.ledger.all(child);
        else if (
          [
            'log-start',
            'log-end',
            'log-setting',
            'profile-setting',
            'tag',
            'group-tag',
            'icmp-unreachable',
            'description',
          ].includes(child.name)
        )
          system.ledger.irrelevant(child);
      }
    }
    const last: Step =
      action === 'allow'
        ? { kind: 'accept' }
        : action === 'deny' || action === 'drop'
          ? { kind: 'drop' }
          : action !== undefined && /^reset-/.test(action)
            ? { kind: 'reject', answer: 'tcp reset' }
            : { kind: 'opaque', unknown: { ...unknown(`the action of ${name}`), unrecognized: true } };
    if (last.kind === 'opaque') system.ledger.lost(actionNode!, `the action of ${name} is not understood`);
    const origin = node
      ? { file: node.file, line: node.line, rule: `${system.title}/${name}`, text: `${name} action ${action ?? usual}` }
      : { ...at0, rule: `${system.title}/${name}`, text: `${name}: ${usual}` };
    return { origin, steps: [{ kind: 'match', condition }, last] };
  };
  const within = [...system.zones.keys()].map((zone) =>
    all(inZones('inInterface', system, [zone]), inZones('outInterface', system, [zone])),
  );
  return [rule('intrazone-default', 'allow', any(...within)), rule('interzone-default', 'deny', all())];
}

/** The security rules of one virtual system, pushed and own, in the order in which they are asked. */
export function securityList(system: System, origin: Origin): RuleList {
  for (const base of system.bases) {
    account(base, system.ledger);
    readOverrides(rulesOf(base, 'application-override'), system, base.scopes);
  }
  const rules = system.bases.flatMap((base) =>
    rulesOf(base, 'security').map((node) => securityRule(node, system, base)),
  );
  return {
    id: `${system.network.prefix}${system.name}/security`,
    rules: [...rules, ...defaults(system, origin)],
    families,
    origin,
  };
}

/** Interfaces of its zones that have a profile. */
function managedIn(system: System): readonly string[] {
  const names = new Set(throughInterfaces(system));
  return system.network.interfaces.flatMap(({ name, profile }) =>
    profile !== undefined && names.has(name) ? name : [],
  );
}

/** Whether it is known which zone an address of the device is in. */
export function isDeviceJudged(system: System): boolean {
  return system.network.local !== undefined && !isFragment(system);
}

/**
 * What is meant for an address of the device is asked of the security rules as well, as what goes to the zone of that
 * address (all that crosses the data plane is); only then the interface's profile. Undefined where no interface has one.
 */
function deviceList(system: System, origin: Origin): RuleList | undefined {
  const { network } = system;
  const managed = managedIn(system);
  if (!isDeviceJudged(system) || managed.length === 0) return undefined;
  const own: System = { ...system, toDevice: true, asked: new Map(), count: () => {} };
  const rules = system.bases.flatMap((base) =>
    rulesOf(base, 'security')
      .filter((node) => mayMeanDevice(node, own, base, managed))
      .map((node) => securityRule(node, own, base)),
  );
  const id = `${network.prefix}${system.name}/security, to the device`;
  return { id, rules: [...rules, ...defaults(own, origin)], families, origin };
}

const established: Step = {
  kind: 'match',
  condition: { kind: 'connectionState', states: ['established', 'related'] },
};

function throughInterfaces(system: System): readonly string[] {
  return [...new Set([...system.zones.keys()].flatMap((zone) => interfacesIn(system, zone)))];
}

/** What a manager's device group asks and does, for whoever asks it by name: no firewall need have it. */
export function groupLists(system: System, origin: Origin): readonly RuleList[] {
  const nats = system.bases.map((base) => natRules(base, system));
  const others: readonly (readonly [string, readonly Rule[]])[] = [
    ['pbf', steeringRules('pbf', system)],
    ['dos', steeringRules('dos', system)],
    ['nat/destination', nats.flatMap(({ before }) => before)],
    ['nat/source', nats.flatMap(({ after }) => after)],
  ];
  return [
    securityList(system, origin),
    ...others.flatMap(([name, rules]) =>
      rules.length > 0 ? [{ id: `${system.name}/${name}`, rules, families, origin }] : [],
    ),
  ];
}

/** Every packet is asked about in the virtual system of the zones that it comes from and goes to. */
export function convert(
  systems: readonly System[],
  network: Network,
  deviceconfig: readonly Node[],
  ledger: Ledger,
  coverage: CoverageBuilder,
  origin: Origin,
): Pick<Pipeline, 'lists' | 'bases' | 'localAddresses' | 'zones' | 'reach'> {
  const lists: RuleList[] = [];
  const bases: BaseList[] = [];
  const add = (name: string, rules: readonly Rule[], base: Omit<BaseList, 'list' | 'policyOrigin'>): void => {
    // A list without rules would be told as what let a packet through.
    if (base.type === 'nat' && rules.length === 0) return;
    const id = network.prefix + name;
    lists.push({ id, rules, families, origin });
    bases.push({ list: id, ...base, policyOrigin: origin });
  };
  const nats = systems.flatMap((system) => system.bases.map((base) => natRules(base, system)));
  const known = {
    ...origin,
    rule: 'stateful inspection',
    text: 'packets of known connections pass',
  };
  const passes: Rule = { origin: known, steps: [established, { kind: 'accept' }] };
  const entries: Rule[] = [];
  const arriving: Rule[] = [];
  const judged: (readonly string[])[] = [];
  for (const system of systems) {
    const list = securityList(system, origin);
    lists.push(list);
    const names = throughInterfaces(system);
    const toIt = deviceList(system, origin);
    if (toIt) {
      lists.push(toIt);
      judged.push(names);
      arriving.push({
        origin: { ...origin, rule: system.name, text: `the zones of ${system.name}` },
        steps: [
          { kind: 'match', condition: { kind: 'inInterface', names } },
          { kind: 'jump', list: toIt.id },
        ],
      });
    }
    const guard: Condition =
      names.length === 0 || isFragment(system)
        ? all()
        : all({ kind: 'inInterface', names }, { kind: 'outInterface', names });
    entries.push({
      origin: { ...origin, rule: system.name, text: `the zones of ${system.name}` },
      steps: [
        { kind: 'match', condition: guard },
        { kind: 'jump', list: list.id },
      ],
    });
  }
  const asked = (what: 'pbf' | 'dos'): readonly Rule[] => systems.flatMap((system) => steeringRules(what, system));
  const [steered, guarded] = [asked('pbf'), asked('dos')];
  add('pbf', [passes, ...steered], { hook: 'prerouting', priority: -50, type: 'filter', policy: 'accept' });
  add('dos', [passes, ...guarded], { hook: 'forward', priority: -50, type: 'filter', policy: 'accept' });
  if (steered.length > 0)
    coverage.notCovered(
      'Policy-based forwarding chooses the way out: an answer holds for the interface that is asked.',
    );
  add(
    'nat/destination',
    nats.flatMap(({ before }) => before),
    { hook: 'prerouting', priority: -100, type: 'nat', policy: 'accept' },
  );
  add('security', [passes, ...entries, ...across(systems, origin)], {
    hook: 'forward',
    priority: 0,
    type: 'filter',
    policy: 'drop',
  });
  if (arriving.length > 0)
    add('to the device', [passes, ...arriving], { hook: 'input', priority: -10, type: 'filter', policy: 'accept' });
  add('management', [passes, ...toTheDevice(network, deviceconfig, ledger, judged)], {
    hook: 'input',
    priority: 0,
    type: 'filter',
    policy: 'drop',
  });
  add(
    'nat/source',
    nats.flatMap(({ after }) => after),
    { hook: 'postrouting', priority: 100, type: 'nat', policy: 'accept' },
  );
  return {
    lists,
    bases,
    zones: zonesOf(systems),
    ...(network.local && { localAddresses: network.local }),
    ...(network.reach && { reach: Object.fromEntries(network.reach) }),
  };
}

/** A text without zones is a part of a configuration: which interfaces a zone has is not said. */
export function isFragment(system: System): boolean {
  const { prefix } = system.network;
  return ![...system.zones.values()].some(({ interfaces, name }) => interfaces.some((one) => one !== prefix + name));
}

/** From one virtual system into another a packet has to pass both, by zones that lead there. */
function across(systems: readonly System[], origin: Origin): readonly Rule[] {
  const open = systems.filter(({ zones }) => [...zones.values()].some(({ isExternal }) => isExternal));
  if (open.length === 0) return [];
  return [
    {
      origin: { ...origin, rule: 'between virtual systems', text: 'traffic between virtual systems' },
      steps: [
        { kind: 'match', condition: { kind: 'inInterface', names: systems.flatMap(throughInterfaces) } },
        { kind: 'match', condition: { kind: 'outInterface', names: systems.flatMap(throughInterfaces) } },
        { kind: 'opaque', unknown: unknown('traffic between virtual systems') },
      ],
    },
  ];
}

/** A zone by its name, and where several systems have one of that name, by the system's as well. */
function zonesOf(systems: readonly System[]): Readonly<Record<string, readonly string[]>> {
  const out: [string, readonly string[]][] = [];
  const names = new Map<string, string[]>();
  for (const system of systems)
    for (const zone of system.zones.values()) {
      names.set(zone.name, [...(names.get(zone.name) ?? []), ...zone.interfaces]);
      if (systems.length > 1) out.push([`${system.name}/${zone.name}`, zone.interfaces]);
    }
  return Object.fromEntries([...names, ...out]);
}

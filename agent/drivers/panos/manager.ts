/**
 * Manager: what Panorama's own configuration says of each firewall that it manages. Rules come by the device groups,
 * the whole chain of them: shared before, from the outermost group to the firewall's own, and behind in the other
 * direction; zones, interfaces and routes come by the templates of its stack (Panorama Administrator's Guide, "Device
 * Group Policies" and "Templates and Template Stacks"). What stands on the firewall itself is not in it.
 */
import type { Origin, Pipeline, RuleList } from '../../model/index.js';
import { type CoverageBuilder, mergeContexts } from '../shared/index.js';
import { convert, groupLists } from './convert.js';
import { layered, variablesIn, withValues } from './layers.js';
import type { Ledger } from './ledger.js';
import { readNetwork } from './network.js';
import { DEFAULT_SYSTEM, emptyPlaces, type Places, sortInto } from './places.js';
import { type Scope, scopeOf } from './scope.js';
import { type Base, type System, zonesOf } from './system.js';
import { basesOf, type Shared, withNamedZones } from './systems.js';
import { at, membersOf, type Node, nodeOf, valueIn } from './tree.js';

export interface Managed {
  readonly pipeline: Omit<Pipeline, 'speaksOf'>;
  /** By serial number, with the firewall's own names of interfaces and zones. */
  readonly managed: Readonly<Record<string, Omit<Pipeline, 'speaksOf'>>>;
  readonly systems: readonly System[];
  /** What templates give the firewalls, to be accounted for as what a firewall has itself. */
  readonly given: readonly Places[];
}

interface Firewall {
  readonly serial: string;
  /** Virtual systems, each with the device group that it is of. */
  readonly groups: ReadonlyMap<string, string>;
  readonly places: Places;
}

type Common = Omit<Shared, 'network'>;

export function readManager(places: Places, common: Common, coverage: CoverageBuilder, origin: Origin): Managed {
  const chains = new Map([...places.groups.keys()].map((name) => [name, chainOf(name, places, coverage)]));
  const given = templatesOf(places, common);
  const firewalls = [...devicesOf(places, common.ledger)].map(
    ([serial, groups]): Firewall => ({ serial, groups, places: given.get(serial) ?? emptyPlaces() }),
  );
  const systems: System[] = [];
  const made = firewalls.map((firewall) => {
    const pipelineWith = (prefix: string): Omit<Pipeline, 'speaksOf'> => {
      const { network, deviceconfig, shared } = firewall.places;
      const scopes = [scopeOf('shared', shared)];
      const net = readNetwork(network, scopes, common.ledger, prefix);
      const own = [...firewall.groups].map(([name, group]): System => {
        const nodes = firewall.places.systems.get(name) ?? [];
        const bases = basesOfGroup(chains.get(group) ?? [group], places);
        const zones = withNamedZones(zonesOf(nodes, net, common.ledger), bases, prefix);
        return { ...common, network: net, firewall: firewall.serial, name, title: name, zones, bases, overrides: [] };
      });
      systems.push(...own);
      return convert(own, net, deviceconfig, common.ledger, coverage, origin);
    };
    return { serial: firewall.serial, alone: pipelineWith(''), prefixed: pipelineWith(`${firewall.serial}/`) };
  });
  const network = readNetwork([], [], common.ledger);
  const lists: RuleList[] = [...chains].flatMap(([name, chain]) => {
    const bases = basesOfGroup(chain, places);
    const group = {
      ...common,
      network,
      name: `device-group/${name}`,
      title: `device-group/${name}`,
      zones: new Map(),
      bases,
      overrides: [],
    };
    systems.push(group);
    return groupLists(group, origin);
  });
  const merged = mergeContexts(made.map(({ serial, prefixed }) => ({ prefix: `${serial}/`, pipeline: prefixed })));
  const zones = made.flatMap(({ serial, prefixed }) =>
    Object.entries(prefixed.zones ?? {}).map(([name, members]) => [`${serial}/${name}`, members] as const),
  );
  return {
    pipeline: { ...merged, lists: [...merged.lists, ...lists], zones: Object.fromEntries(zones) },
    managed: Object.fromEntries(made.map(({ serial, alone }) => [serial, alone])),
    systems,
    given: [...given.values()],
  };
}

/** A device group and those that it is within, the innermost first. */
function chainOf(name: string, { parents, groups }: Places, coverage: CoverageBuilder): readonly string[] {
  const chain: string[] = [];
  for (let one: string | undefined = name; one !== undefined; one = parents.get(one)) {
    if (chain.includes(one)) {
      coverage.blind(`the device group ${one} is within itself`);
      break;
    }
    if (!groups.has(one)) coverage.blind(`the device group ${one} is referred to and is not in this capture`);
    chain.push(one);
  }
  return chain;
}

/** The rulebases that a firewall of the group has, in the order in which they are asked. */
function basesOfGroup(chain: readonly string[], { groups, shared, deviceconfig }: Places): readonly Base[] {
  const scopes: readonly Scope[] = [
    ...chain.map((name) => scopeOf(`device-group/${name}`, groups.get(name) ?? [])),
    scopeOf('shared', shared),
  ];
  // By default what is nearest to the firewall holds; a switch of the manager turns that round.
  const isTurned = deviceconfig.some(
    (node) => valueIn(at(node, 'setting', 'management', 'ancestor-objects-take-precedence')) === 'yes',
  );
  const seen = isTurned ? [...scopes].reverse() : scopes;
  const part = (name: string | undefined, from: 'pre' | 'post'): readonly Base[] =>
    basesOf(name === undefined ? shared : (groups.get(name) ?? []), `${from}-rulebase`, {
      from,
      owner: name === undefined ? 'shared' : `device-group/${name}`,
      scopes: seen,
    });
  return [
    ...part(undefined, 'pre'),
    ...[...chain].reverse().flatMap((name) => part(name, 'pre')),
    ...chain.flatMap((name) => part(name, 'post')),
    ...part(undefined, 'post'),
  ];
}

/** The firewalls that device groups name, and which of their virtual systems are of which group. */
function devicesOf({ groups }: Places, ledger: Ledger): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const out = new Map<string, Map<string, string>>();
  for (const [group, nodes] of groups)
    for (const list of nodes.flatMap((node) => at(node, 'devices') ?? [])) {
      ledger.all(list);
      for (const device of list.children) {
        const known = out.get(device.name) ?? new Map<string, string>();
        const named = membersOf(at(device, 'vsys'));
        for (const system of named.length > 0 ? named : [DEFAULT_SYSTEM]) known.set(system, group);
        out.set(device.name, known);
      }
    }
  return out;
}

/** What the templates of its stack give each firewall; a template that no firewall has gives nothing to any. */
function templatesOf(places: Places, { ledger, missing }: Common): ReadonlyMap<string, Places> {
  const templates = new Map(places.templates.map((node) => [node.name, node]));
  const out = new Map<string, Places>();
  for (const holder of [...places.stacks, ...places.templates]) {
    const devices = at(holder, 'devices')?.children ?? [];
    const names = membersOf(at(holder, 'templates'));
    const layers = [holder, ...names.flatMap((name) => templates.get(name) ?? [])];
    for (const name of names) if (!templates.has(name) && devices.length > 0) missing.add(`the template ${name}`);
    for (const layer of devices.length > 0 ? layers : []) accountFor(layer, ledger);
    for (const device of devices) {
      const config = layered(layers.flatMap((layer) => at(layer, 'config') ?? []));
      const given = emptyPlaces();
      const values = variablesIn([at(device, 'variable'), ...layers.map((layer) => at(layer, 'variable'))]);
      const variables = {
        values,
        used: (node: Node) => ledger.all(node),
        missing: (name: string) => void missing.add(`the value of the variable ${name} for ${device.name}`),
      };
      const root = nodeOf('', holder.file, holder.line);
      if (config) root.children.push(withValues(config, variables));
      sortInto(given, root, ledger);
      out.set(device.name, given);
    }
  }
  for (const node of [...places.templates, ...places.stacks]) ledger.irrelevant(node);
  return out;
}

/** The words of a template that some firewall has, beside what it gives. */
function accountFor(layer: Node, ledger: Ledger): void {
  ledger.used(layer);
  for (const child of layer.children) {
    if (child.name === 'config') ledger.used(child);
    else if (['templates', 'devices', 'variable'].includes(child.name)) ledger.all(child);
    else if (['description', 'settings', 'id', 'user-group-source', 'mode'].includes(child.name))
      ledger.irrelevant(child);
    else ledger.lost(child, `“${child.name}” of a template is not known`);
  }
}

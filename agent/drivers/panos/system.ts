import { union } from '../../lib/intervals.js';
import { type AddressSet, all, any, type Condition, noAddress } from '../../model/index.js';
import type { Asked, Override } from './applications.js';
import type { Ledger } from './ledger.js';
import type { Network } from './network.js';
import { type Reader, type Scope, unknown } from './scope.js';
import { at, membersOf, type Node } from './tree.js';

export interface Zone {
  readonly name: string;
  readonly interfaces: readonly string[];
  /** Leads to another virtual system. */
  readonly isExternal: boolean;
}

/** One virtual system, or the device group of a manager: a filter of its own. */
export interface System {
  readonly name: string;
  /** As rules of it are named: with the word `vsys` where there are several. */
  readonly title: string;
  /** The serial number, where a manager says which of its firewalls this is. */
  readonly firewall?: string;
  readonly zones: ReadonlyMap<string, Zone>;
  /** Rulebases in order: pushed before, its own, pushed after. */
  readonly bases: readonly Base[];
  readonly network: Network;
  readonly ledger: Ledger;
  readonly missing: Set<string>;
  /** Applications that rules ask for. */
  readonly asked: Map<string, Asked>;
  readonly overrides: Override[];
  /** Asked of what is meant for the device itself: it goes to the zone that has the address. */
  readonly toDevice?: true;
  /** Counts a rule: each once, however many firewalls have it. */
  readonly count: (rule: Node, understood: 'exact' | 'bounded') => void;
}

/** A rulebase as it is asked in one virtual system. */
export interface Base {
  readonly node: Node;
  readonly from: 'own' | 'pushed' | 'pre' | 'post';
  /** Whose it is: `vsys1`, `device-group/wards`, `shared`. */
  readonly owner: string;
  readonly scopes: readonly Scope[];
}

/** What a rule is called: its rulebase and its name. */
export function ruleName({ owner, from }: Base, kind: 'security' | 'nat' | 'pbf' | 'dos', { name }: Node): string {
  return `${owner}/${kind === 'security' ? '' : `${kind} `}${from === 'own' ? '' : `${from} `}${name}`;
}

export function readerOf(system: System, scopes: readonly Scope[]): Reader {
  const { ledger, missing, firewall } = system;
  return { scopes, ledger, missing, ...(firewall !== undefined && { firewall }) };
}

const networkWords = new Set(['layer3', 'layer2', 'virtual-wire', 'tap', 'tunnel', 'external']);

export function zonesOf(nodes: readonly Node[], { prefix }: Network, ledger: Ledger): ReadonlyMap<string, Zone> {
  const zones = new Map<string, Zone>();
  for (const node of nodes.flatMap((one) => at(one, 'zone') ?? [])) {
    ledger.used(node);
    for (const zone of node.children) {
      ledger.used(zone);
      const network = at(zone, 'network');
      const interfaces: string[] = [];
      for (const child of zone.children) if (child !== network) ledger.irrelevant(child);
      if (network) ledger.used(network);
      for (const child of network?.children ?? []) {
        if (!networkWords.has(child.name)) {
          ledger.irrelevant(child);
          continue;
        }
        ledger.all(child);
        if (child.name !== 'external') interfaces.push(...membersOf(child));
      }
      zones.set(zone.name, {
        name: zone.name,
        interfaces: (interfaces.length > 0 ? interfaces : [zone.name]).map((name) => prefix + name),
        isExternal: network?.index.has('external') ?? false,
      });
    }
  }
  return zones;
}

/** The interfaces of a zone; one that is not in this capture is an interface of its own name. */
export function interfacesIn(system: System, zone: string): readonly string[] {
  return system.zones.get(zone)?.interfaces ?? [system.network.prefix + zone];
}

/** The device's own addresses on these interfaces. */
export function ownOf({ interfaces }: Network, names: readonly string[]): AddressSet {
  return interfaces
    .filter(({ name }) => names.includes(name))
    .flatMap(({ networks }) => networks.map(({ own }) => own))
    .reduce<AddressSet>((sum, { ip4, ip6 }) => ({ ip4: union(sum.ip4, ip4), ip6: union(sum.ip6, ip6) }), noAddress);
}

export function inZones(side: 'inInterface' | 'outInterface', system: System, zones: readonly string[]): Condition {
  if (zones.includes('any')) return all();
  const names = [
    ...new Set(zones.filter((zone) => zone !== 'multicast').flatMap((zone) => interfacesIn(system, zone))),
  ];
  const test: Condition =
    side === 'outInterface' && system.toDevice
      ? { kind: 'destination', addresses: ownOf(system.network, names) }
      : { kind: side, names };
  return zones.includes('multicast') ? any(test, unknown('the destination is a multicast group that is routed')) : test;
}

/** Where a packet would go by its destination as it came: what a translation rule calls the zone it goes to. */
export function routedTo(system: System, zones: readonly string[]): Condition {
  if (zones.includes('any')) return all();
  const { reach } = system.network;
  if (!reach) return unknown(`the route to the destination as it came leads to ${[...zones].sort().join(', ')}`);
  const addresses = zones
    .flatMap((zone) => interfacesIn(system, zone))
    .reduce<AddressSet>((sum, name) => {
      const one = reach.get(name) ?? noAddress;
      return { ip4: union(sum.ip4, one.ip4), ip6: union(sum.ip6, one.ip6) };
    }, noAddress);
  return { kind: 'destination', addresses, original: true };
}

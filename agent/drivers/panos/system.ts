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
  readonly nodes: readonly Node[];
  readonly zones: ReadonlyMap<string, Zone>;
  /** Rulebases in order: pushed before, its own, pushed after. */
  readonly bases: readonly { readonly node: Node; readonly from: string; readonly scopes: readonly Scope[] }[];
  readonly network: Network;
  readonly ledger: Ledger;
  readonly missing: Set<string>;
  /** Applications that rules ask for. */
  readonly asked: Map<string, Asked>;
  readonly overrides: Override[];
}

export function readerOf(system: System, scopes: readonly Scope[]): Reader {
  return { scopes, ledger: system.ledger, missing: system.missing };
}

const networkWords = new Set(['layer3', 'layer2', 'virtual-wire', 'tap', 'tunnel', 'external']);

export function zonesOf(nodes: readonly Node[], ledger: Ledger): ReadonlyMap<string, Zone> {
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
        interfaces: interfaces.length > 0 ? interfaces : [zone.name],
        isExternal: network?.index.has('external') ?? false,
      });
    }
  }
  return zones;
}

/** The interfaces of a zone; one that is not in this capture is an interface of its own name. */
export function interfacesIn(system: System, zone: string): readonly string[] {
  return system.zones.get(zone)?.interfaces ?? [zone];
}

export function inZones(side: 'inInterface' | 'outInterface', system: System, zones: readonly string[]): Condition {
  if (zones.includes('any')) return all();
  const names = [
    ...new Set(zones.filter((zone) => zone !== 'multicast').flatMap((zone) => interfacesIn(system, zone))),
  ];
  const test: Condition = { kind: side, names };
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

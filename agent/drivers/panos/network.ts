import { difference, union } from '../../lib/intervals.js';
import { type AddressSet, noAddress, parseAddressSet } from '../../model/index.js';
import { literal } from './addresses.js';
import type { Ledger } from './ledger.js';
import { find, type Scope } from './scope.js';
import { at, membersOf, type Node, valueIn } from './tree.js';

export interface Interface {
  readonly name: string;
  readonly node: Node;
  /** Its networks, with its own address in each; undefined where an address is not fixed. */
  readonly networks: readonly { readonly own: AddressSet; readonly network: AddressSet; readonly length: number }[];
  readonly isDynamic: boolean;
  readonly profile?: string;
}

export interface Network {
  /** Before the name of every interface and list, where one capture speaks of several firewalls: `0071/`. */
  readonly prefix: string;
  readonly interfaces: readonly Interface[];
  readonly profiles: ReadonlyMap<string, Node>;
  /** Which destinations leave by which interface; absent where that is not fixed in the configuration. */
  readonly reach?: ReadonlyMap<string, AddressSet>;
  readonly local?: AddressSet;
}

const kinds = new Set(['ethernet', 'aggregate-ethernet', 'loopback', 'tunnel', 'vlan']);

/** Interfaces that carry nothing of their own. */
const otherKinds = new Set(['ha', 'sdwan', 'cellular', 'decrypt-mirror', 'fail-open', 'poe']);

/** What may stand below `network`; of a word that is not here nobody knows what it does. */
const networkWords = new Set([
  ...['interface', 'profiles', 'ike', 'qos', 'virtual-router', 'logical-router', 'routing-profile', 'dhcp', 'tunnel'],
  ...[
    'vlan',
    'virtual-wire',
    'dns-proxy',
    'lldp',
    'shared-gateway',
    'underlay-net',
    'sdwan',
    'gre',
    'secure-web-gateway',
  ],
  ...['proxy', 'lacp', 'global-protect', 'monitor-profile', 'zone-protection-profile'],
]);

/** `10.1.1.1/24`, or the name of an address object that says so. */
function addressOf(text: string, scopes: readonly Scope[]): Interface['networks'][number] | undefined {
  const object = find(scopes, ['address'], text);
  const written = object ? (valueIn(at(object.node, 'ip-netmask')) ?? '') : text;
  const [address = '', length] = written.split('/');
  const own = literal(address);
  const network = parseAddressSet(written);
  if (!own || !network) return undefined;
  const bits = length === undefined ? (own.ip6.length > 0 ? 128 : 32) : Number(length);
  return { own, network, length: bits };
}

function interfaceOf(name: string, node: Node, scopes: readonly Scope[]): Interface {
  const places = [node, ...['layer3', 'virtual-wire', 'tap', 'layer2'].flatMap((kind) => node.index.get(kind) ?? [])];
  const texts = places.flatMap((place) => [...membersOf(at(place, 'ip')), ...membersOf(at(place, 'ipv6', 'address'))]);
  const known = texts.map((text) => addressOf(text, scopes));
  const profile = places.map((place) => valueIn(at(place, 'interface-management-profile'))).find((one) => one);
  const isDynamic =
    known.some((one) => one === undefined) ||
    places.some((place) => place.index.has('dhcp-client') || place.index.has('pppoe'));
  return {
    name,
    node,
    networks: known.filter((one) => one !== undefined),
    isDynamic,
    ...(profile !== undefined && { profile }),
  };
}

/** Interfaces, their addresses and the fixed routes. What else stands below `network` filters nothing. */
export function readNetwork(nodes: readonly Node[], scopes: readonly Scope[], ledger: Ledger, prefix = ''): Network {
  const interfaces: Interface[] = [];
  const profiles = new Map<string, Node>();
  for (const node of nodes) {
    ledger.used(node);
    for (const child of node.children) {
      if (!networkWords.has(child.name)) {
        ledger.lost(child, `“${child.name}” is not known below “network”`);
        continue;
      }
      ledger.irrelevant(child);
      if (child.name === 'interface') interfaces.push(...readInterfaces(child, scopes, ledger));
      if (child.name === 'virtual-router') ledger.all(child);
      if (child.name === 'profiles')
        for (const one of at(child, 'interface-management-profile')?.children ?? []) {
          ledger.all(one);
          profiles.set(one.name, one);
        }
    }
  }
  const routes = reachOf(nodes, interfaces);
  const isWhole = interfaces.length > 0 && interfaces.every(({ isDynamic }) => !isDynamic);
  const own = interfaces.flatMap(({ networks }) => networks.map((one) => one.own));
  return {
    prefix,
    interfaces: interfaces.map((one) => ({ ...one, name: prefix + one.name })),
    profiles,
    ...(isWhole && { local: own.reduce(merge, noAddress) }),
    ...(isWhole && routes && { reach: new Map([...routes].map(([name, to]) => [prefix + name, to])) }),
  };
}

function merge(a: AddressSet, b: AddressSet): AddressSet {
  return { ip4: union(a.ip4, b.ip4), ip6: union(a.ip6, b.ip6) };
}

function readInterfaces(node: Node, scopes: readonly Scope[], ledger: Ledger): readonly Interface[] {
  const out: Interface[] = [];
  ledger.all(node);
  for (const kind of node.children) {
    if (!kinds.has(kind.name)) {
      if (!otherKinds.has(kind.name)) ledger.lost(kind, `“${kind.name}” is no kind of interface that is known`);
      continue;
    }
    if (kind.index.has('units')) {
      for (const unit of at(kind, 'units')!.children) out.push(interfaceOf(unit.name, unit, scopes));
      continue;
    }
    for (const one of kind.children) {
      out.push(interfaceOf(one.name, one, scopes));
      for (const layer of ['layer3', 'layer2', 'virtual-wire'])
        for (const unit of at(one, layer, 'units')?.children ?? []) out.push(interfaceOf(unit.name, unit, scopes));
    }
  }
  return out;
}

interface Route {
  readonly to: AddressSet;
  readonly length: number;
  readonly interface: string;
}

/** The longest prefix that holds an address decides where it goes. */
function reachOf(
  nodes: readonly Node[],
  interfaces: readonly Interface[],
): ReadonlyMap<string, AddressSet> | undefined {
  const routers = nodes.flatMap((node) => at(node, 'virtual-router')?.children ?? []);
  if (routers.length > 1 || nodes.some((node) => (at(node, 'logical-router')?.children.length ?? 0) > 0))
    return undefined;
  const routes: Route[] = interfaces.flatMap(({ name, networks }) =>
    networks.map(({ network, length }) => ({ to: network, length, interface: name })),
  );
  for (const router of routers) {
    const protocols = at(router, 'protocol')?.children ?? [];
    if (protocols.some((one) => valueIn(at(one, 'enable')) === 'yes')) return undefined;
    const fixed = ['ip', 'ipv6'].flatMap(
      (family) => at(router, 'routing-table', family, 'static-route')?.children ?? [],
    );
    for (const one of fixed) {
      const route = staticRoute(one, interfaces);
      if (!route) return undefined;
      routes.push(...route);
    }
  }
  routes.sort((a, b) => b.length - a.length);
  let taken: AddressSet = noAddress;
  const reach = new Map<string, AddressSet>();
  for (const { to, interface: name } of routes) {
    const fresh = { ip4: difference(to.ip4, taken.ip4), ip6: difference(to.ip6, taken.ip6) };
    reach.set(name, merge(reach.get(name) ?? noAddress, fresh));
    taken = merge(taken, to);
  }
  return reach;
}

function staticRoute(node: Node, interfaces: readonly Interface[]): readonly Route[] | undefined {
  const written = valueIn(at(node, 'destination')) ?? '';
  const to = parseAddressSet(written);
  if (!to) return undefined;
  const length = Number(written.split('/')[1] ?? (to.ip6.length > 0 ? 128 : 32));
  const named = valueIn(at(node, 'interface'));
  if (named !== undefined) return [{ to, length, interface: named }];
  const hop = at(node, 'nexthop');
  if (hop?.index.has('discard')) return [{ to, length, interface: '' }];
  const gateway = literal(valueIn(at(hop, 'ip-address')) ?? valueIn(at(hop, 'ipv6-address')) ?? '');
  if (!gateway) return undefined;
  const holds = ({ network }: Interface['networks'][number]): boolean =>
    difference(gateway.ip4, network.ip4).length + difference(gateway.ip6, network.ip6).length === 0;
  const out = interfaces.find(({ networks }) => networks.some(holds));
  return out && [{ to, length, interface: out.name }];
}

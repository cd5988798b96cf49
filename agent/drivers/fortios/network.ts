import { union } from '../../lib/intervals.js';
import { type AddressSet, noAddress, parseAddressSet, parseIp4, parseIp6 } from '../../model/index.js';
import type { Entry, Extracted, Scope, Table } from './tables.js';
import { textAt, valuesOf } from './tables.js';

/** An interface as far as filtering goes. */
export interface NetworkInterface {
  readonly name: string;
  readonly vdom: string;
  /** The device's own addresses on it. */
  readonly addresses: AddressSet;
  /** The one of each family that it sends from. */
  readonly primary: AddressSet;
  readonly networks: AddressSet;
  /** Kept for the management of one member of a cluster: it forwards nothing, and each member has its own address. */
  readonly ofMember: boolean;
  readonly entry: Entry;
}

/** A virtual domain with what its names stand for. */
export interface Domain {
  readonly name: string;
  /** Before the names of its lists and rules: `name/`, or nothing where the device has no virtual domains. */
  readonly prefix: string;
  readonly tables: ReadonlyMap<string, Table>;
  /** What it shares with the other virtual domains. */
  readonly shared: ReadonlyMap<string, Table>;
  readonly interfaces: readonly NetworkInterface[];
  readonly zones: ReadonlyMap<string, Zone>;
}

export interface Zone {
  readonly name: string;
  readonly interfaces: readonly string[];
  readonly intrazone: boolean;
  readonly entry: Entry;
}

/** Where a device without virtual domains keeps everything. */
const ROOT = 'root';

export function domainsOf({ global, vdoms }: Extracted): readonly Domain[] {
  const kept = managementPorts(global.tables);
  const interfaces = (global.tables.get('system interface')?.entries ?? []).map((entry) =>
    interfaceOf(entry, kept.has(entry.name)),
  );
  const scopes: readonly Scope[] = vdoms.length > 0 ? vdoms : [{ vdom: ROOT, tables: global.tables }];
  return scopes.map(({ vdom = ROOT, tables }) => ({
    name: vdom,
    prefix: scopes.length > 1 ? `${vdom}/` : '',
    tables,
    shared: global.tables,
    interfaces: vdoms.length > 0 ? interfaces.filter((one) => one.vdom === vdom) : interfaces,
    zones: zonesOf(tables),
  }));
}

/** The ports that a cluster keeps for the management of each of its members. */
export function managementPorts(tables: ReadonlyMap<string, Table>): ReadonlySet<string> {
  const cluster = tables.get('system ha')?.own;
  const entries = cluster?.tables.get('ha-mgmt-interfaces')?.entries ?? [];
  const off = !cluster || textAt(cluster, 'ha-mgmt-status') === 'disable';
  return new Set(off ? [] : entries.flatMap((one) => textAt(one, 'interface') ?? []));
}

function interfaceOf(entry: Entry, ofMember: boolean): NetworkInterface {
  const six = entry.tables.get('ipv6')?.own;
  const more = textAt(entry, 'secondary-IP') === 'disable' ? undefined : entry.tables.get('secondaryip');
  const extra = six?.tables.get('ip6-extra-addr')?.entries ?? [];
  const texts = [
    addressText(entry, 'ip'),
    ...(more?.entries ?? []).map((one) => addressText(one, 'ip')),
    six && addressText(six, 'ip6-address'),
    ...extra.map(({ name }) => name),
  ].filter(isSet);
  const sent = [addressText(entry, 'ip'), six && addressText(six, 'ip6-address')].filter(isSet);
  const hosts = texts.map((text) => parseAddressSet(text.split('/')[0]!) ?? noAddress);
  const networks = texts.map((text) => parseAddressSet(text) ?? noAddress);
  return {
    name: entry.name,
    vdom: textAt(entry, 'vdom') ?? ROOT,
    addresses: unionOf(hosts),
    primary: unionOf(sent.map((text) => parseAddressSet(text.split('/')[0]!) ?? noAddress)),
    networks: unionOf(networks),
    ofMember,
    entry,
  };
}

/** The full configuration writes zeros where no address is set. */
function isSet(text: string | undefined): text is string {
  return text !== undefined && !/^(?:0\.0\.0\.0|::\/0)/.test(text);
}

function addressText(entry: Entry, key: string): string | undefined {
  const values = valuesOf(entry, key);
  return values.length === 0 ? undefined : values.slice(0, 2).join('/');
}

export function unionOf(sets: readonly AddressSet[]): AddressSet {
  return sets.reduce((all, { ip4, ip6 }) => ({ ip4: union(all.ip4, ip4), ip6: union(all.ip6, ip6) }), noAddress);
}

/** Zones, and those of SD-WAN, whose members are one zone of their own by default. */
function zonesOf(tables: ReadonlyMap<string, Table>): ReadonlyMap<string, Zone> {
  const zones = new Map<string, Zone>();
  for (const entry of tables.get('system zone')?.entries ?? []) {
    zones.set(entry.name, {
      name: entry.name,
      interfaces: valuesOf(entry, 'interface'),
      intrazone: textAt(entry, 'intrazone') === 'allow',
      entry,
    });
  }
  for (const [path, standard] of [
    ['system sdwan', 'virtual-wan-link'],
    ['system virtual-wan-link', 'virtual-wan-link'],
  ] as const) {
    const own = tables.get(path)?.own;
    if (!own) continue;
    const members = new Map<string, string[]>();
    for (const { name } of own.tables.get('zone')?.entries ?? []) members.set(name, []);
    for (const member of own.tables.get('members')?.entries ?? []) {
      const zone = textAt(member, 'zone') ?? standard;
      const name = textAt(member, 'interface');
      members.set(zone, [...(members.get(zone) ?? []), ...(name === undefined ? [] : [name])]);
    }
    for (const [name, interfaces] of members) {
      if (!zones.has(name)) zones.set(name, { name, interfaces, intrazone: false, entry: own });
    }
  }
  return zones;
}

/** `10.0.0.0 255.0.0.0` or `10.0.0.0/8`. */
export function subnetOf(values: readonly string[]): AddressSet | undefined {
  const set = values.length > 2 ? undefined : parseAddressSet(values.join('/'));
  return set && set.ip6.length === 0 ? set : undefined;
}

/** `first-last`, one address, or two words. */
export function rangeOf(first: string, last: string): AddressSet | undefined {
  return parseIp4(first) !== undefined || parseIp6(first) !== undefined
    ? parseAddressSet(`${first}-${last}`)
    : undefined;
}

/** Interfaces that every virtual domain has, shown or not: of SSL-VPN, of its address assignment, of L2TP. */
export function isBuiltIn(name: string): boolean {
  return /^(?:ssl|naf|l2t)\.[\w.-]+$/.test(name);
}

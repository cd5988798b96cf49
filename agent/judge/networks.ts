import { difference, fromRanges, intersection, ranges } from '../lib/intervals.js';
import { type Recollection, recollection } from '../lib/memo.js';
import { type AddressSet, LAST_IP4, LAST_IP6, parseAddressSet, publicAddresses } from '../model/index.js';
import type { JudgeContext } from './context.js';
import { oncePer } from './once.js';
import { networksTrusted } from './zones.js';

export const INTERNET = 'internet';

/** What a context says of addresses. It is asked of every subject, and is the same for all of them. */
export interface Networks {
  /** On the public internet, and not one of the hospital's own networks. */
  readonly outside: AddressSet;
  /** Where strangers sit: outside, and in networks of ours that are theirs, such as those for guests. */
  readonly strange: AddressSet;
  /** Each network of partners. */
  readonly partners: readonly AddressSet[];
  /** Hosts that data may be sent to. */
  readonly approved: AddressSet;
  /** Zones of devices and declared ones, with what lies in them. */
  readonly ofDevices: readonly Zoned[];
  readonly declared: readonly Zoned[];
}

export interface Zoned {
  readonly zone: string;
  readonly networks: AddressSet;
}

export const networksOf = oncePer((context: JudgeContext): Networks => {
  const { devices, siteNetworks = {}, zones = {}, approvedHosts } = context;
  const ofDevices = Object.values(devices);
  const own = [
    ...ofDevices.flatMap(({ networks }) => networks ?? []),
    ...Object.values(siteNetworks),
    ...networksTrusted('inside', zones),
  ];
  const outside = without(publicAddresses, together(own));
  return {
    outside,
    strange: together([outside, ...networksTrusted('outside', zones)]),
    partners: networksTrusted('partner', zones),
    approved: together(approvedHosts.flatMap((text) => parseAddressSet(text) ?? [])),
    ofDevices: ofDevices.flatMap(({ zone, networks }) => (zone && networks ? [{ zone, networks }] : [])),
    declared: Object.entries(zones).flatMap(([zone, { networks }]) => (networks ? [{ zone, networks }] : [])),
  };
});

function together(sets: readonly AddressSet[]): AddressSet {
  return {
    ip4: fromRanges(sets.flatMap(({ ip4 }) => [...ranges(ip4)])),
    ip6: fromRanges(sets.flatMap(({ ip6 }) => [...ranges(ip6)])),
  };
}

function without(a: AddressSet, b: AddressSet): AddressSet {
  return { ip4: difference(a.ip4, b.ip4), ip6: difference(a.ip6, b.ip6) };
}

export function commonOf(a: AddressSet, b: AddressSet): AddressSet {
  return { ip4: intersection(a.ip4, b.ip4), ip6: intersection(a.ip6, b.ip6) };
}

/** The texts of scopes are few; those of subjects that have no addresses of their own may be many. */
const TEXTS_MAX = 10_000;
const meanings = oncePer(
  (_: JudgeContext): Recollection<{ readonly set: AddressSet | undefined }> => recollection(TEXTS_MAX),
);

/** What a name or an address written by a person stands for; undefined: a name whose addresses are not known. */
export function addressesOf(text: string, context: JudgeContext): AddressSet | undefined {
  const known = meanings(context);
  const before = known.get(text);
  if (before) return before.set;
  const set = meaningOf(text, context);
  known.set(text, { set });
  return set;
}

function meaningOf(text: string, { devices, zones = {}, siteNetworks = {} }: JudgeContext): AddressSet | undefined {
  const name = text.toLowerCase();
  if (name === 'any') return { ip4: [0, LAST_IP4], ip6: [0n, LAST_IP6] };
  if (name === INTERNET) return publicAddresses;
  return (
    parseAddressSet(text) ?? named(devices, text)?.networks ?? named(zones, text)?.networks ?? named(siteNetworks, text)
  );
}

function named<T>(all: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(all, name) ? all[name] : undefined;
}

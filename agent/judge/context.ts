import { difference, fromRanges, type Intervals, intersection, isSubset, size, union } from '../lib/intervals.js';
import {
  type AddressSet,
  LAST_IP4,
  LAST_IP6,
  noAddress,
  parseAddressSet,
  publicAddresses,
  type ZoneTrust,
} from '../model/index.js';
import type { Instant, MaintenanceWindow, WindowMachine } from '../windows/index.js';
import type { HostApproval } from './approvals.js';
import type { ExposureRule } from './rules/types.js';
import type { ServiceTable } from './services.js';
import type { Party, Severity, Subject } from './types.js';
import { declaredTrust, namesOf, networksTrusted, type Zones } from './zones.js';

export interface JudgedDevice {
  readonly kind: 'fw' | 'host';
  /** Zone it stands in, such as `dmz` or `imaging`; absent: no zone adjustment. */
  readonly zone?: string;
  /** Addresses that belong to it, or lie behind it: the hospital's own, also where they are public. */
  readonly networks?: AddressSet;
  /** What its readings pass on their way, in words: `jump host bastion.example.org:22`, `network 192.0.2.0/24`. */
  readonly way?: readonly string[];
  /** Until then what was open before is one report and no alarm each. */
  readonly onboardingUntil?: Instant;
}

/** Whom an alarm is passed on to when nobody takes it on in time; severities that are left out are not. */
export interface Escalation {
  readonly to: string;
  readonly afterMinutes: Readonly<Partial<Record<Severity, number>>>;
}

/** What judgement needs to know and does not change from one step to the next. Time is not in it. */
export interface JudgeContext {
  readonly devices: Readonly<Record<string, JudgedDevice>>;
  /** Hosts outside that may be sent data, as addresses or prefixes. */
  readonly approvedHosts: readonly string[];
  /** Those whose approval ends; `contextAt` says which of them hold. */
  readonly approvals?: readonly HostApproval[];
  /** Zones that were declared, by name; the names that everybody knows mean something without it. */
  readonly zones?: Zones;
  /** The networks of each site, by its id: the hospital's own, also where they are public. */
  readonly siteNetworks?: Readonly<Record<string, AddressSet>>;
  readonly services: ServiceTable;
  /** Exposures known by name: rules/exposure, with those of the hospital. */
  readonly exposures: readonly ExposureRule[];
  readonly graceMinutes: number;
  /** How many people of the hospital it takes to accept that a flow stays; left out, two. */
  readonly approvalPeople?: number;
  readonly escalations?: readonly Escalation[];
  /** The change-window machine. */
  readonly windows: WindowMachine;
}

export function graceMs(context: JudgeContext): number {
  return Math.round(context.graceMinutes * 60_000);
}

/** When everything the window opened must be shut: its effective end plus grace. */
export function deadlineOf(window: MaintenanceWindow, context: JudgeContext): Instant {
  return context.windows.deadline(window, graceMs(context));
}

/**
 * What follows from a subject and the context alone is worked out once, for as long as both are the same objects: the
 * judge comes by at every reading, and most subjects are as they were.
 */
export function oncePerSubject<T>(
  work: (subject: Subject, context: JudgeContext) => T,
): (subject: Subject, context: JudgeContext) => T {
  const known = new WeakMap<Subject, { readonly context: JudgeContext; readonly value: T }>();
  return (subject, context) => {
    const before = known.get(subject);
    if (before?.context === context) return before.value;
    const value = work(subject, context);
    known.set(subject, { context, value });
    return value;
  };
}

const loopback: AddressSet = { ip4: parseAddressSet('127.0.0.0/8')!.ip4, ip6: parseAddressSet('::1')!.ip6 };

const INTERNET = 'internet';
/** What platforms call the zone of the interface that faces the internet. As plain names these may be anything. */
export const OUTER_ZONES: readonly string[] = [INTERNET, 'wan', 'untrust', 'untrusted', 'outside'];

/** Interfaces by their zones, those that face the internet first; `outer` names zones that do so besides the usual ones. */
export function outerFirst(zones: Readonly<Record<string, string>>, outer: readonly string[] = []): readonly string[] {
  const isOuter = (name: string): boolean =>
    OUTER_ZONES.includes(zones[name]!.toLowerCase()) || outer.includes(zones[name]!);
  const names = Object.keys(zones).filter((name) => name !== 'lo');
  return [...names.filter(isOuter), ...names.filter((name) => !isOuter(name))];
}

/** The zone names under which people mean the vendors' tunnel. */
const VENDOR_TUNNEL = 'vendor-vpn';

export function isEmptySet(set: AddressSet): boolean {
  return set.ip4.length === 0 && set.ip6.length === 0;
}

export function overlap(a: AddressSet, b: AddressSet): boolean {
  return intersection(a.ip4, b.ip4).length > 0 || intersection(a.ip6, b.ip6).length > 0;
}

function within(a: AddressSet, b: AddressSet): boolean {
  return isSubset(a.ip4, b.ip4) && isSubset(a.ip6, b.ip6);
}

function countOf(set: AddressSet): bigint {
  return size(set.ip4) + size(set.ip6);
}

/** What a name or an address written by a person stands for; undefined: a name whose addresses are not known. */
export function addressesOf(text: string, context: JudgeContext): AddressSet | undefined {
  const name = text.toLowerCase();
  if (name === 'any') return { ip4: [0, LAST_IP4], ip6: [0n, LAST_IP6] };
  if (name === INTERNET) return publicAddresses;
  return (
    parseAddressSet(text) ??
    context.devices[text]?.networks ??
    zoneNamed(text, context)?.networks ??
    siteNamed(text, context)
  );
}

function zoneNamed(name: string, { zones = {} }: JudgeContext) {
  return Object.hasOwn(zones, name) ? zones[name] : undefined;
}

function siteNamed(name: string, { siteNetworks = {} }: JudgeContext) {
  return Object.hasOwn(siteNetworks, name) ? siteNetworks[name] : undefined;
}

function partyAddresses(party: Party, context: JudgeContext): AddressSet | undefined {
  return party.addresses ?? addressesOf(party.text, context);
}

/** The part of a set that is on the public internet and not one of the hospital's own networks. */
function publicPart(set: AddressSet, context: JudgeContext): AddressSet {
  let ip4: Intervals = intersection(set.ip4, publicAddresses.ip4);
  let ip6: Intervals<bigint> = intersection(set.ip6, publicAddresses.ip6);
  const devices = Object.values(context.devices).flatMap(({ networks }) => networks ?? []);
  const sites = Object.values(context.siteNetworks ?? {});
  for (const networks of [...devices, ...sites, ...networksTrusted('inside', context.zones)]) {
    ip4 = difference(ip4, networks.ip4);
    ip6 = difference(ip6, networks.ip6);
  }
  return { ip4, ip6 };
}

/** From where traffic may come, from the widest to the narrowest. */
export type SourceClass = 'internet' | 'publicHost' | 'vendorTunnel' | 'internal';

export interface Source {
  readonly class: SourceClass;
  /** Hosts inside may send it too (`any` includes them). */
  readonly inside: boolean;
}

/**
 * A zone decides when it is known: any address behind an inside interface is inside. Otherwise names and addresses
 * do; more than one public address counts as the internet, because nobody watches who else sits in a prefix.
 */
export function sourceOf(subject: Subject, context: JudgeContext): Source {
  return sources(subject, context);
}

const sources = oncePerSubject((subject, context): Source => {
  const { src } = subject.flow;
  if (subject.direction === 'output') return { class: 'internal', inside: true };
  const text = src.text.toLowerCase();
  const named = declaredTrust(src.text, context.zones);
  const trust = src.zone === undefined ? undefined : trustOf(src.zone, context);
  if (text === VENDOR_TUNNEL || named === 'partner' || trust === 'partner') {
    return { class: 'vendorTunnel', inside: false };
  }
  if (text === INTERNET || named === 'outside') return { class: 'internet', inside: false };
  if (trust === 'outside' && !isNarrow(src, context)) return { class: 'internet', inside: false };
  if (trust === 'inside') return { class: 'internal', inside: true };
  if (src.zones?.every((one) => trustOf(one, context) !== 'outside')) return { class: 'internal', inside: true };
  const addresses = partyAddresses(src, context);
  if (!addresses) return { class: 'internal', inside: true };
  if (networksTrusted('partner', context.zones).some((networks) => within(addresses, networks))) {
    return { class: 'vendorTunnel', inside: false };
  }
  const strangers = strangersIn(addresses, context);
  if (!isEmptySet(strangers)) {
    const inside = countOf(strangers) < countOf(addresses);
    return { class: countOf(strangers) === 1n ? 'publicHost' : 'internet', inside };
  }
  const outside = publicPart(addresses, context);
  const inside = countOf(outside) < countOf(addresses);
  if (isEmptySet(outside)) return { class: 'internal', inside: true };
  return { class: countOf(outside) === 1n ? 'publicHost' : 'internet', inside };
});

/** How far a zone is trusted: as it was declared, else as its name says everywhere. */
function trustOf(zone: string, context: JudgeContext): ZoneTrust {
  const declared = declaredTrust(zone, context.zones);
  if (declared) return declared;
  const name = zone.toLowerCase();
  if (name === VENDOR_TUNNEL) return 'partner';
  return OUTER_ZONES.includes(name) ? 'outside' : 'inside';
}

/** The part of a set in which strangers sit although its addresses may be private, such as guests. */
function strangersIn(set: AddressSet, context: JudgeContext): AddressSet {
  return networksTrusted('outside', context.zones).reduce<AddressSet>(
    (all, networks) => ({
      ip4: union(all.ip4, intersection(set.ip4, networks.ip4)),
      ip6: union(all.ip6, intersection(set.ip6, networks.ip6)),
    }),
    noAddress,
  );
}

/** One public host, whatever interface it comes in by. */
function isNarrow(party: Party, context: JudgeContext): boolean {
  const addresses = partyAddresses(party, context);
  if (addresses === undefined) return false;
  return countOf(publicPart(addresses, context)) === 1n || countOf(strangersIn(addresses, context)) === 1n;
}

/**
 * Zones a destination lies in: its own, its device's, or those whose networks it touches. A declared one stands there
 * by the name of its kind as well.
 */
export function destinationZones(party: Party, context: JudgeContext): readonly string[] {
  const own = party.zone ?? context.devices[party.text]?.zone;
  const names = (zones: readonly string[]): readonly string[] => [
    ...new Set(zones.flatMap((zone) => namesOf(zone, context.zones))),
  ];
  if (own !== undefined) return names([own]);
  if (party.zones) return names(party.zones);
  return names(party.addresses ? zonesTouching(party.addresses, context) : [party.text]);
}

/** The zones of devices and the declared ones whose networks hold a part of the set. */
function zonesTouching(set: AddressSet, context: JudgeContext): readonly string[] {
  const devices = Object.values(context.devices).flatMap(({ zone, networks }) =>
    zone && networks && overlap(networks, set) ? [zone] : [],
  );
  return [...devices, ...declaredTouching(set, context)];
}

function declaredTouching(set: AddressSet, { zones = {} }: JudgeContext): readonly string[] {
  return Object.entries(zones).flatMap(([zone, { networks }]) => (networks && overlap(networks, set) ? [zone] : []));
}

/** Zones that data may leave from: where the sender stands, and the declared ones that its addresses touch. */
export function sourceZones(party: Party, context: JudgeContext): readonly string[] {
  const own = party.zone ?? context.devices[party.text]?.zone ?? party.text;
  const touched = party.zone === undefined && party.addresses ? declaredTouching(party.addresses, context) : [];
  return [own, ...(party.zones ?? []), ...touched].flatMap((zone) => namesOf(zone, context.zones));
}

/** Traffic to the firewall itself rather than through it. */
export function isToFirewall(subject: Subject, context: JudgeContext): boolean {
  if (subject.kind !== 'rule') return false;
  if (context.devices[subject.flow.dst.text]?.kind === 'fw') return true;
  return subject.direction === 'input' && context.devices[subject.device]?.kind === 'fw';
}

export function isLoopbackOnly(subject: Subject): boolean {
  if (subject.kind !== 'listener') return false;
  const { dst } = subject.flow;
  if (dst.text.toLowerCase() === 'localhost') return true;
  const addresses = dst.addresses ?? parseAddressSet(dst.text);
  return addresses !== undefined && !isEmptySet(addresses) && within(addresses, loopback);
}

/** Beyond these sizes a destination is not somebody in particular: a /16, or an IPv6 /32 (one provider's allocation). */
const SPECIFIC_MAX = { ip4: 2n ** 16n, ip6: 2n ** 96n };

/** The public destination of a rule that sends data out to somebody in particular who was not approved. */
export function unapprovedDestination(subject: Subject, context: JudgeContext): boolean {
  return unapproved(subject, context);
}

const unapproved = oncePerSubject((subject, context): boolean => {
  if (subject.kind !== 'rule' || subject.direction === 'input' || !sourceOf(subject, context).inside) return false;
  const addresses = partyAddresses(subject.flow.dst, context);
  if (!addresses) return false;
  const outside = publicPart(addresses, context);
  if (isEmptySet(outside) || size(outside.ip4) > SPECIFIC_MAX.ip4 || size(outside.ip6) > SPECIFIC_MAX.ip6) return false;
  return !within(outside, approvedSet(context));
});

function approvedSet(context: JudgeContext): AddressSet {
  const sets = context.approvedHosts.map((text) => parseAddressSet(text)).filter((set) => set !== undefined);
  return {
    ip4: fromRanges(sets.flatMap((set) => pairs(set.ip4))),
    ip6: fromRanges(sets.flatMap((set) => pairs(set.ip6))),
  };
}

function pairs<T extends number | bigint>(set: Intervals<T>): [T, T][] {
  const out: [T, T][] = [];
  for (let i = 0; i < set.length; i += 2) out.push([set[i]!, set[i + 1]!]);
  return out;
}

/** Whether what an opening lets through can arrive at the listener's host; ports are compared by the caller. */
export function reachesHost(opening: Subject, listener: Subject, context: JudgeContext): boolean {
  const { dst } = opening.flow;
  if (opening.device === listener.device && opening.direction === 'input') return true;
  const host = context.devices[listener.device];
  const names = [listener.device, listener.flow.dst.text, host?.zone].filter((name) => name !== undefined);
  if (names.includes(dst.text)) return true;
  if (!dst.addresses && dst.text.toLowerCase() === 'any') return true;
  const target = partyAddresses(dst, context);
  // A wildcard bind answers on every address of its host, which only the declared networks can tell.
  const own = host?.networks ?? boundAddresses(listener);
  return target !== undefined && own !== undefined && overlap(target, own);
}

function boundAddresses(listener: Subject): AddressSet | undefined {
  const { addresses } = listener.flow.dst;
  return addresses && countOf(addresses) < BigInt(LAST_IP4) ? addresses : undefined;
}

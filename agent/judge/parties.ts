import { equals, isSubset, overlaps, size } from '../lib/intervals.js';
import { type AddressSet, LAST_IP4, parseAddressSet, type ZoneTrust } from '../model/index.js';
import type { JudgeContext } from './context.js';
import { addressesOf, commonOf, INTERNET, networksOf, type Zoned } from './networks.js';
import { oncePerSubject } from './once.js';
import type { Party, Subject } from './types.js';
import { declaredTrust, namesOf } from './zones.js';

const loopback: AddressSet = { ip4: parseAddressSet('127.0.0.0/8')!.ip4, ip6: parseAddressSet('::1')!.ip6 };

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
  return overlaps(a.ip4, b.ip4) || overlaps(a.ip6, b.ip6);
}

function within(a: AddressSet, b: AddressSet): boolean {
  return isSubset(a.ip4, b.ip4) && isSubset(a.ip6, b.ip6);
}

function isSameSet(a: AddressSet, b: AddressSet): boolean {
  return equals(a.ip4, b.ip4) && equals(a.ip6, b.ip6);
}

function countOf(set: AddressSet): bigint {
  return size(set.ip4) + size(set.ip6);
}

/** Whether it is one address. */
export function isOne({ ip4, ip6 }: AddressSet): boolean {
  if (ip4.length + ip6.length !== 2) return false;
  return ip4.length === 2 ? ip4[0] === ip4[1] : ip6[0] === ip6[1];
}

function partyAddresses(party: Party, context: JudgeContext): AddressSet | undefined {
  return party.addresses ?? addressesOf(party.text, context);
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

const sources = oncePerSubject(
  ({ direction, flow }, context): Source =>
    direction === 'output' ? { class: 'internal', inside: true } : whoIs(flow.src, context),
);

/** Whom one end of a flow belongs to. */
export function whoIs(src: Party, context: JudgeContext): Source {
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
  const { partners, strange } = networksOf(context);
  if (partners.some((networks) => within(addresses, networks))) return { class: 'vendorTunnel', inside: false };
  const foreign = commonOf(addresses, strange);
  if (isEmptySet(foreign)) return { class: 'internal', inside: true };
  return { class: isOne(foreign) ? 'publicHost' : 'internet', inside: !isSameSet(foreign, addresses) };
}

/** How far a zone is trusted: as it was declared, else as its name says everywhere. */
function trustOf(zone: string, context: JudgeContext): ZoneTrust {
  const declared = declaredTrust(zone, context.zones);
  if (declared) return declared;
  const name = zone.toLowerCase();
  if (name === VENDOR_TUNNEL) return 'partner';
  return OUTER_ZONES.includes(name) ? 'outside' : 'inside';
}

/** One public host, whatever interface it comes in by. */
function isNarrow(party: Party, context: JudgeContext): boolean {
  const addresses = partyAddresses(party, context);
  if (addresses === undefined) return false;
  return isOne(commonOf(addresses, networksOf(context).strange));
}

/**
 * Zones a destination lies in: its own, its device's, or those whose networks it touches. A declared one stands there
 * by the name of its kind as well.
 */
export function destinationZones(party: Party, context: JudgeContext): readonly string[] {
  const own = party.zone ?? context.devices[party.text]?.zone;
  if (own !== undefined) return namesOf(own, context.zones);
  if (!party.zones && !party.addresses) return namesOf(party.text, context.zones);
  const zones = party.zones ?? (party.addresses ? zonesTouching(party.addresses, context) : []);
  return zones.length === 0 ? zones : [...new Set(zones.flatMap((zone) => namesOf(zone, context.zones)))];
}

/** The zones of devices and the declared ones whose networks hold a part of the set. */
function zonesTouching(set: AddressSet, context: JudgeContext): readonly string[] {
  return [...touching(set, networksOf(context).ofDevices), ...declaredTouching(set, context)];
}

function declaredTouching(set: AddressSet, context: JudgeContext): readonly string[] {
  return touching(set, networksOf(context).declared);
}

function touching(set: AddressSet, all: readonly Zoned[]): readonly string[] {
  return all.filter(({ networks }) => overlap(networks, set)).map(({ zone }) => zone);
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
  const { outside: foreign, approved } = networksOf(context);
  const outside = commonOf(addresses, foreign);
  if (isEmptySet(outside) || size(outside.ip4) > SPECIFIC_MAX.ip4 || size(outside.ip6) > SPECIFIC_MAX.ip6) return false;
  return !within(outside, approved);
});

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

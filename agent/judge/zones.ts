import type { AddressSet, ZoneKind, ZoneTrust } from '../model/index.js';

/** A zone as the hospital declared it. */
export interface JudgedZone {
  readonly kind: ZoneKind;
  readonly trust: ZoneTrust;
  readonly networks?: AddressSet;
}

export type Zones = Readonly<Record<string, JudgedZone>>;

/** The name under which zones of a kind are judged: what the scenarios and the rules call one of them. */
const CALLED: Readonly<Record<ZoneKind, string>> = {
  clinical: 'srv-clinical',
  imaging: 'imaging',
  biomed: 'biomed',
  lab: 'lab',
  research: 'research',
  dmz: 'dmz',
  directory: 'directory',
  backup: 'backup',
  management: 'management',
  office: 'office',
  guest: 'guest',
  vendor: 'vendor-vpn',
  internet: 'internet',
  other: 'other',
};

/** Names that mean a kind by themselves: what is declared under one of them is what was declared, and no more. */
const TELLING: readonly string[] = [...Object.values(CALLED), 'lan-clinical'];

/** A zone by its own name and by that of its kind, so that `imagerie` of kind imaging is judged as `imaging` is. */
export function namesOf(zone: string, zones: Zones = {}): readonly string[] {
  const declared = Object.hasOwn(zones, zone) ? zones[zone] : undefined;
  if (!declared) return [zone];
  const called = CALLED[declared.kind];
  return zone === called || TELLING.includes(zone) ? [called] : [zone, called];
}

/** How far a declared zone is trusted; undefined: nobody declared it. */
export function declaredTrust(zone: string | undefined, zones: Zones = {}): ZoneTrust | undefined {
  return zone !== undefined && Object.hasOwn(zones, zone) ? zones[zone]!.trust : undefined;
}

/** The networks of the zones that are trusted so. */
export function networksTrusted(trust: ZoneTrust, zones: Zones = {}): readonly AddressSet[] {
  return Object.values(zones).flatMap((zone) => (zone.trust === trust && zone.networks ? [zone.networks] : []));
}

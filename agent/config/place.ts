import type { SiteSettings } from './settings.js';

/** Where something happens, for those who are told of it. */
export interface Place {
  /** The id of the site, or its name where sites are not declared: it stays for as long as it is written so. */
  readonly site?: string;
  /** What people call it. */
  readonly siteName?: string;
  /** Who is called there. */
  readonly contact?: string;
  /** IANA name of the zone of its clocks; absent: nobody said one. */
  readonly timeZone?: string;
}

/** What says where devices stand; settings do. */
export interface Sited {
  readonly site?: string | undefined;
  readonly sites?: Readonly<Record<string, SiteSettings>> | undefined;
  readonly timeZone?: string | undefined;
  readonly devices: readonly { readonly id: string; readonly site?: string | undefined }[];
}

/**
 * The place of what is about these devices: the site in which all of them stand, with its clock. Of several sites, and of
 * no device at all, it is the one that the configuration names as its own.
 */
export function placeOf(sited: Sited, devices: readonly string[]): Place {
  const found = new Set(devices.map((id) => siteOf(sited, id)));
  const site = found.size === 1 ? [...found][0] : sited.site;
  const { sites = {} } = sited;
  const known = site !== undefined && Object.hasOwn(sites, site) ? sites[site] : undefined;
  const timeZone = known?.timeZone ?? sited.timeZone;
  return {
    ...(site !== undefined && { site, siteName: known?.name ?? site }),
    ...(known?.contact !== undefined && { contact: known.contact }),
    ...(timeZone !== undefined && { timeZone }),
  };
}

/** The id or the name of the site of one device. */
export function siteOf({ site, devices }: Sited, device: string): string | undefined {
  return devices.find(({ id }) => id === device)?.site ?? site;
}

/** The zone of the clocks there, and of this machine's where nobody said one. */
export function zoneOf(sited: Sited, devices: readonly string[]): string {
  return placeOf(sited, devices).timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

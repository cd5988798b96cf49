import { nearest } from '../lib/nearest.js';
import type { Problem } from '../lib/result.js';
import { type Names, suggestion, TWICE, unknownNames } from './known-names.js';
import type { ServicesNamed, WrittenWindow, ZoneOf } from './planned.js';
import { listIn, memberOf } from './raw.js';
import { windowProblems } from './window-contradictions.js';
import type { Written } from './written.js';
import { KNOWN_ZONES } from './zones.js';

type Path = readonly PropertyKey[];

export interface Surrounding {
  /** Ids of the drivers there are; not checked when left out. */
  readonly drivers: readonly string[] | undefined;
  /** What this machine is called where no device is named. */
  readonly ownDevice: string;
  readonly windows: readonly WrittenWindow[];
  /** The zone of times that are written without one. */
  readonly zoneAt: ZoneOf;
  readonly services: ServicesNamed;
}

/**
 * What the grammar cannot say: names used twice, and names that lead nowhere. It is looked for in what was written,
 * whether the rest of it is right or not, so that one look at the file shows everything.
 */
export function contradictions(written: Written, around: Surrounding): readonly Problem[] {
  const lists = namedLists(written.value);
  const [zones, sites] = [namesIn(written.value, 'zones'), namesIn(written.value, 'sites')];
  const names: Names = {
    devices: lists.devices.length === 0 ? [around.ownDevice] : idsOf(lists.devices),
    sinks: idsOf(lists.sinks),
    zones: zones.length === 0 ? undefined : zones,
    sites,
    placed: sites.filter((id) => memberOf(memberOf(memberOf(written.value, 'sites'), id), 'networks') !== undefined),
  };
  return [
    ...(['devices', 'sinks', 'schedules'] as const).flatMap((list) => usedTwice(written, list, lists[list])),
    ...siteProblems(written, ['site'], memberOf(written.value, 'site'), sites),
    ...namedAlike(written, names),
    ...lists.devices.flatMap((device, index) => [
      ...siteProblems(written, ['devices', index, 'site'], memberOf(device, 'site'), sites),
      ...driverProblems(written, device, index, around.drivers),
      ...zoneProblems(written, device, index, names),
    ]),
    ...senderProblems(written, lists.devices),
    ...lists.schedules.flatMap((one, index) =>
      (['devices', 'sinks'] as const).flatMap((list) =>
        unknownNames(listIn(one, list), names[list], (place, ...rest) =>
          written.problem(['schedules', index, list, place], ...rest),
        ),
      ),
    ),
    ...windowProblems(around, names),
  ];
}

/** The names that people chose for the parts of a map. */
function namesIn(value: unknown, key: string): readonly string[] {
  const map = memberOf(value, key);
  return typeof map === 'object' && map !== null && !Array.isArray(map) ? Object.keys(map) : [];
}

function namedLists(value: unknown) {
  return { devices: listIn(value, 'devices'), sinks: listIn(value, 'sinks'), schedules: listIn(value, 'schedules') };
}

function idsOf(entries: readonly unknown[]): readonly string[] {
  return entries.map((entry) => memberOf(entry, 'id')).filter((id) => typeof id === 'string');
}

function usedTwice(written: Written, list: string, entries: readonly unknown[]): readonly Problem[] {
  const seen = new Set<unknown>();
  return entries.flatMap((entry, index) => {
    const id = memberOf(entry, 'id');
    const isKnown = seen.has(id);
    seen.add(id);
    if (!isKnown || typeof id !== 'string') return [];
    return [written.problem([list, index, 'id'], `the id \`${id}\` is used twice`, TWICE)];
  });
}

/** Senders of devices that there are not: their messages would wake nothing. */
function senderProblems(written: Written, devices: readonly unknown[]): readonly Problem[] {
  const from = memberOf(memberOf(memberOf(written.value, 'listen'), 'syslog'), 'from');
  const known = devices.map((device) => memberOf(device, 'id')).filter((id) => typeof id === 'string');
  if (typeof from !== 'object' || from === null || known.length === 0) return [];
  return Object.keys(from)
    .filter((id) => !known.includes(id))
    .map((id) => {
      const near = nearest(id, known);
      return written.problem(['listen', 'syslog', 'from', id], `no device is called \`${id}\``, {
        expected: `one of ${known.join(', ')}`,
        remedy: near === undefined ? 'name a device of this file' : `did you mean \`${near}\`?`,
      });
    });
}

function driverProblems(
  written: Written,
  device: unknown,
  index: number,
  known: readonly string[] | undefined,
): readonly Problem[] {
  const named = listIn(device, 'drivers');
  return named.flatMap((id, place) => {
    if (typeof id !== 'string') return [];
    const path = ['devices', index, 'drivers', place];
    if (named.indexOf(id) !== place)
      return [written.problem(path, `the driver \`${id}\` is named twice`, { remedy: 'remove one of them' })];
    if (!known || known.includes(id)) return [];
    return [
      written.problem(path, `there is no driver \`${id}\``, {
        expected: `one of ${known.join(', ')}`,
        remedy: suggestion(id, known) ?? '`ecluse drivers` says what each one reads',
      }),
    ];
  });
}

/** Where sites are declared, another spelling is a mistake, and not another site. */
function siteProblems(written: Written, path: Path, site: unknown, sites: readonly string[]): readonly Problem[] {
  if (sites.length === 0 || typeof site !== 'string' || sites.includes(site.trim())) return [];
  return [
    written.problem(path, `there is no site \`${site}\``, {
      expected: `one under \`sites\`: ${sites.join(', ')}`,
      remedy: suggestion(site, sites) ?? 'declare it under `sites`',
    }),
  ];
}

/** In the scope of a window a name stands for one thing. */
function namedAlike(written: Written, { sites, zones = [], devices }: Names): readonly Problem[] {
  return sites.flatMap((site) => {
    const other = zones.includes(site) ? 'a zone' : devices.includes(site) ? 'a device' : undefined;
    if (other === undefined) return [];
    return [written.problem(['sites', site], `${other} is called \`${site}\` too`, TWICE)];
  });
}

/** A zone of another spelling is another zone, and `internet` is the one that matters most. */
function zoneProblems(written: Written, device: unknown, index: number, { zones }: Names): readonly Problem[] {
  if (!zones) return [];
  const at = (path: Path): Path => ['devices', index, ...path];
  const interfaces = memberOf(device, 'interfaces');
  const named: readonly (readonly [Path, unknown])[] = [
    [at(['zone']), memberOf(device, 'zone')],
    ...Object.keys(typeof interfaces === 'object' && interfaces !== null ? interfaces : {}).map(
      (name) => [at(['interfaces', name]), memberOf(interfaces, name)] as const,
    ),
  ];
  return named.flatMap(([path, zone]) => {
    if (typeof zone !== 'string' || zones.includes(zone) || KNOWN_ZONES.includes(zone.toLowerCase())) return [];
    return [
      written.problem(path, `there is no zone \`${zone}\``, {
        expected: `one under \`zones\` (${zones.join(', ')}), or one that needs no declaration (${KNOWN_ZONES.join(', ')})`,
        remedy: suggestion(zone, [...zones, ...KNOWN_ZONES]) ?? 'declare it under `zones`',
      }),
    ];
  });
}

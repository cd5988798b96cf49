import { nearest } from '../lib/nearest.js';
import type { Problem } from '../lib/result.js';
import { parseAddressSet } from '../model/index.js';
import { planOf, type ServicesNamed, type WrittenWindow } from './planned.js';
import { listIn, memberOf } from './raw.js';
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
  readonly timeZone: string;
  readonly services: ServicesNamed;
}

/** Names that other parts of the file may use. */
interface Names {
  readonly devices: readonly string[];
  readonly sinks: readonly string[];
  /** Undefined where no zone is declared: then any name will do. */
  readonly zones: readonly string[] | undefined;
}

/**
 * What the grammar cannot say: names used twice, and names that lead nowhere. It is looked for in what was written,
 * whether the rest of it is right or not, so that one look at the file shows everything.
 */
export function contradictions(written: Written, around: Surrounding): readonly Problem[] {
  const lists = namedLists(written.value);
  const zones = Object.keys(memberOf(written.value, 'zones') ?? {});
  const names: Names = {
    devices: lists.devices.length === 0 ? [around.ownDevice] : idsOf(lists.devices),
    sinks: idsOf(lists.sinks),
    zones: zones.length === 0 ? undefined : zones,
  };
  return [
    ...(['devices', 'sinks', 'schedules'] as const).flatMap((list) => usedTwice(written, list, lists[list])),
    ...lists.devices.flatMap((device, index) => [
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

function namedLists(value: unknown) {
  return { devices: listIn(value, 'devices'), sinks: listIn(value, 'sinks'), schedules: listIn(value, 'schedules') };
}

function idsOf(entries: readonly unknown[]): readonly string[] {
  return entries.map((entry) => memberOf(entry, 'id')).filter((id) => typeof id === 'string');
}

const TWICE = { expected: 'a name that no other one has', remedy: 'give one of them another name' };

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

function suggestion(name: string, known: readonly string[]): string | undefined {
  const near = nearest(name, known);
  return near === undefined ? undefined : `did you mean \`${near}\`?`;
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

type Complain = (index: number, message: string, more: Pick<Problem, 'expected' | 'remedy'>) => Problem;

function unknownNames(named: readonly unknown[], known: readonly string[], complain: Complain): readonly Problem[] {
  return named.flatMap((name, index) => {
    if (typeof name !== 'string' || known.includes(name)) return [];
    const expected = known.length === 0 ? 'one that is configured: there is none' : `one of ${known.join(', ')}`;
    return [
      complain(index, `nothing is called \`${name}\``, { expected, remedy: suggestion(name, known) ?? 'remove it' }),
    ];
  });
}

function windowProblems({ windows, timeZone, services }: Surrounding, names: Names): readonly Problem[] {
  const seen = new Set<string>();
  return windows.flatMap((window) => {
    const { entry, problem } = window;
    const isKnown = seen.has(entry.id);
    seen.add(entry.id);
    const { start, end } = planOf(window, timeZone);
    const ends = entry.end === undefined ? ['for'] : ['end'];
    return [
      ...(isKnown ? [problem(['id'], `the id \`${entry.id}\` is used twice`, TWICE)] : []),
      ...(start < end
        ? []
        : [
            problem(ends, `window ${entry.id} ends before it starts`, {
              expected: `an end after ${entry.start}`,
              remedy: 'correct one of them',
            }),
          ]),
      ...unknownNames(entry.devices, names.devices, (index, ...rest) => problem(['devices', index], ...rest)),
      ...entry.scope.flatMap((part, index) => [
        ...scopeProblems(window, part, index, names),
        ...serviceProblems(window, part, index, services),
      ]),
    ];
  });
}

function scopeProblems(
  { entry, problem }: WrittenWindow,
  { device, src, dst }: WrittenWindow['entry']['scope'][number],
  index: number,
  { devices, zones }: Names,
): readonly Problem[] {
  const parties = [...(zones ?? []), ...KNOWN_ZONES, ...devices, 'any'];
  const isParty = (name: string): boolean =>
    !zones || parties.includes(name) || parties.includes(name.toLowerCase()) || parseAddressSet(name) !== undefined;
  return [
    ...(device === undefined || entry.devices.includes(device)
      ? []
      : unknownNames([device], entry.devices, (_, ...rest) => problem(['scope', index, 'device'], ...rest))),
    ...Object.entries({ src, dst }).flatMap(([side, name]) =>
      name === undefined || isParty(name)
        ? []
        : [
            problem(['scope', index, side], `\`${name}\` is neither an address nor a zone`, {
              expected: 'an address, a prefix, a zone, a device, internet or any',
              remedy: suggestion(name, parties) ?? 'declare the zone, or write its address',
            }),
          ],
    ),
  ];
}

function serviceProblems(
  { problem }: WrittenWindow,
  { service, proto, ports }: WrittenWindow['entry']['scope'][number],
  index: number,
  services: ServicesNamed,
): readonly Problem[] {
  if (service === undefined) return [];
  const at = ['scope', index, 'service'];
  if (proto !== undefined || ports !== undefined) {
    return [
      problem(at, `\`service\` beside \`${proto === undefined ? 'ports' : 'proto'}\``, {
        expected: 'one of both',
        remedy: 'leave one out, or write two entries',
      }),
    ];
  }
  const named = services(service);
  return named.ok ? [] : [problem(at, named.error.message, named.error)];
}

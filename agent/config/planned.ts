import { dirname } from 'node:path';
import type { Problem } from '../lib/result.js';
import { parseMoment } from '../lib/wall.js';
import type { ScopeEntry } from '../windows/index.js';
import { schemaOf } from './editor.js';
import { filesNamed, textOf } from './files.js';
import { listIn } from './raw.js';
import type { PlannedWindow } from './settings.js';
import { WindowEntry, WindowsFile } from './windows.js';
import { readYaml, type Written } from './written.js';

/** A window with the way to say what is wrong with a part of it, in whichever file it stands. */
export interface WrittenWindow {
  readonly entry: WindowEntry;
  problem(path: readonly PropertyKey[], message: string, more?: Pick<Problem, 'expected' | 'remedy'>): Problem;
}

export interface WrittenWindows {
  readonly windows: readonly WrittenWindow[];
  readonly problems: readonly Problem[];
}

/** The windows of a configuration and of the files it names. Those that are wrong in themselves are left to the grammar. */
export function windowsOf(entries: readonly unknown[], written: Written, file: string): WrittenWindows {
  const found = entries.map((entry, index): WrittenWindows => {
    const at: readonly PropertyKey[] = ['windows', index];
    if (typeof entry === 'string') return windowsOfFiles(entry, at, written, file);
    const window = WindowEntry.safeParse(entry);
    if (!window.success) return { windows: [], problems: [] };
    const problem: WrittenWindow['problem'] = (path, ...rest) => written.problem([...at, ...path], ...rest);
    return { windows: [{ entry: window.data, problem }], problems: [] };
  });
  return { windows: found.flatMap((one) => one.windows), problems: found.flatMap((one) => one.problems) };
}

function windowsOfFiles(text: string, at: readonly PropertyKey[], written: Written, file: string): WrittenWindows {
  const named = filesNamed(text, dirname(file));
  if (!named.ok) return { windows: [], problems: [written.problem(at, named.error.message, named.error)] };
  const found = named.value.map((path): WrittenWindows => {
    const content = textOf(path);
    if (!content.ok) return { windows: [], problems: [written.problem(at, content.error.message, content.error)] };
    const read = readYaml(content.value, path, () => schemaOf(WindowsFile));
    if (!read.ok) return { windows: [], problems: [read.error] };
    const parsed = WindowsFile.safeParse(read.value.value);
    // One window that is wrong hides nothing of what is wrong with the others.
    const windows = listIn(read.value.value, 'windows').flatMap((one, index): readonly WrittenWindow[] => {
      const entry = WindowEntry.safeParse(one);
      const problem: WrittenWindow['problem'] = (part, ...rest) =>
        read.value.problem(['windows', index, ...part], ...rest);
      return entry.success ? [{ entry: entry.data, problem }] : [];
    });
    return { windows, problems: parsed.success ? [] : read.value.problems(parsed.error.issues) };
  });
  return { windows: found.flatMap((one) => one.windows), problems: found.flatMap((one) => one.problems) };
}

/** What the names of services stand for; the problem of one that stands for nothing. */
export type ServicesNamed = (
  names: string,
) =>
  | { readonly ok: true; readonly value: readonly Pick<ScopeEntry, 'proto' | 'ports'>[] }
  | { readonly ok: false; readonly error: Pick<Problem, 'message' | 'expected' | 'remedy'> };

/** Where nobody knows services by name. */
export const noServices: ServicesNamed = () => ({
  ok: false,
  error: { message: 'services are not known by name here', expected: '`proto` and `ports`', remedy: 'write both' },
});

/** The zone of the clocks where these devices stand. */
export type ZoneOf = (devices: readonly string[]) => string;

/** The window as the guard plans it; times without an offset are those of where its devices stand. */
export function planOf({ entry }: WrittenWindow, zoneAt: ZoneOf, services: ServicesNamed = noServices): PlannedWindow {
  const { id, vendor, owner, technician, ticket, devices, rrule, scope } = entry;
  const timeZone = zoneAt(devices);
  const start = parseMoment(entry.start, timeZone, 'first')!;
  return {
    id,
    vendor,
    ...(owner !== undefined && { owner }),
    ...(technician !== undefined && { technician }),
    ...(ticket !== undefined && { ticket }),
    devices: [...new Set(devices)],
    start,
    end: entry.end === undefined ? start + entry.for! * 1000 : parseMoment(entry.end, timeZone, 'last')!,
    scope: scope.flatMap((part) => scopeOf(part, timeZone, services)),
    ...(rrule !== undefined && { recurs: { rule: rrule, timeZone } }),
  };
}

type WrittenScope = WindowEntry['scope'][number];

function scopeOf(
  { keep, service, ...part }: WrittenScope,
  timeZone: string,
  services: ServicesNamed,
): readonly ScopeEntry[] {
  const given = Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined));
  const kept = keep && { keep: { owner: keep.owner, review: parseMoment(keep.review, timeZone, 'first')! } };
  const named = service === undefined ? undefined : services(service);
  const parts = named === undefined ? [{}] : named.ok ? named.value : [];
  return parts.map((one) => ({ ...given, ...one, ...kept }));
}

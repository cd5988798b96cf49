import { isSameContent } from '../lib/same.js';
import type { Instant } from '../windows/index.js';
import { type DeviceMemory, type JudgeState, lastSeenOf, memoryOf, type PresentSubject } from './findings.js';
import { subjectKey } from './life.js';
import { isLoopbackOnly } from './parties.js';
import type { Observation, Subject } from './types.js';

export interface Observed {
  readonly state: JudgeState;
  /** What was there before and is not any more. */
  readonly gone: readonly PresentSubject[];
  /** What is there now and was not before, or is something else than before. */
  readonly changed: readonly PresentSubject[];
  /** Everything that this reading showed. */
  readonly seen: readonly PresentSubject[];
}

/**
 * Takes a reading into the memory. A complete one replaces what was known of the device. One that is not complete
 * only adds: what it shows is open, what it does not show may be open still. What is as it was stays the same object:
 * by that the judgement sees that nothing has to be judged anew.
 */
export function observe(state: JudgeState, observation: Observation): Observed {
  const complete = observation.blind.length === 0;
  const { device, at } = observation;
  const shown = [...observation.declared, ...observation.undeclared, ...observation.missing];
  const devices = new Set([device, ...shown.map((subject) => subject.device)]);
  const there = byDevice(state.present);
  const ofDevice = [...devices].flatMap((name) => there.get(name) ?? []);
  const before = new Map(ofDevice.map((present) => [memoryKey(present), present]));
  const isLatest = complete && at >= (memoryOf(state, device)?.lastCompleteAt ?? at);
  let last: number | undefined;
  const nextOrder = (): number => {
    last ??= state.present.reduce((highest, present) => Math.max(highest, present.order), 0);
    return ++last;
  };
  const now = new Map<string, PresentSubject>();
  const take = (subject: Subject, role: { declared: boolean; missing?: boolean }): void => {
    if (isLoopbackOnly(subject)) return;
    const key = subjectKey(subject, role.missing);
    const known = before.get(key);
    // Taken out of the baseline, an old flow becomes an opening today.
    const firstSeen = known && known.declared === role.declared ? known.firstSeen : at;
    const seenBefore = known && lastSeenOf(known, state);
    // What every complete reading of its own device shows was seen at the last one: that is not said of each of them.
    const isWithDevice = isLatest && subject.device === device && (seenBefore ?? at) <= at;
    const next: PresentSubject = {
      subject: known && isSameSubject(known.subject, subject) ? known.subject : subject,
      declared: role.declared,
      ...(role.missing && { missing: true }),
      firstSeen,
      ...carriedSince(known, subject, at),
      ...(!isWithDevice && { lastSeen: Math.max(at, seenBefore ?? at) }),
      order: known?.order ?? now.get(key)?.order ?? nextOrder(),
    };
    now.set(key, known && isSame(known, next) && known.lastSeen === next.lastSeen ? known : next);
  };
  if (complete) for (const subject of observation.declared) take(subject, { declared: true });
  for (const subject of observation.undeclared) take(subject, { declared: false });
  if (complete) for (const subject of observation.missing) take(subject, { declared: true, missing: true });

  const stays = (present: PresentSubject): boolean => present.subject.device !== device || !complete;
  const gone = ofDevice.filter((one) => !stays(one) && !now.has(memoryKey(one)));
  const changed = [...now].filter(([key, one]) => !isSame(before.get(key), one)).map(([, one]) => one);
  const isAsItWas = gone.length === 0 && [...now].every(([key, one]) => before.get(key) === one);
  const present = isAsItWas ? state.present : merged(state.present, { devices, now, stays });
  return {
    state: { ...state, present, devices: remember(state, observation) },
    gone,
    changed,
    seen: [...now.values()],
  };
}

/** Somebody wrote the rule that carries it on: when that was may make it theirs as well. */
function carriedSince(
  known: PresentSubject | undefined,
  { carrier }: Subject,
  at: Instant,
): Pick<PresentSubject, 'carriedSince'> {
  if (!known || carrier === undefined) return {};
  const since = carrier === known.subject.carrier ? known.carriedSince : at;
  return since === undefined ? {} : { carriedSince: since };
}

const sameAs = new WeakMap<Subject, Subject>();

/** A reading without news brings the very same objects again: they are compared once. */
function isSameSubject(known: Subject, subject: Subject): boolean {
  if (known === subject || sameAs.get(subject) === known) return true;
  if (!isSameContent(known, subject)) return false;
  sameAs.set(subject, known);
  return true;
}

const sorted = new WeakMap<readonly PresentSubject[], ReadonlyMap<string, readonly PresentSubject[]>>();

/** What is there by device, each in the order of the list. */
function byDevice(present: readonly PresentSubject[]): ReadonlyMap<string, readonly PresentSubject[]> {
  let found = sorted.get(present);
  if (!found) {
    const made = new Map<string, PresentSubject[]>();
    for (const one of present) {
      const list = made.get(one.subject.device);
      if (list) list.push(one);
      else made.set(one.subject.device, [one]);
    }
    found = made;
    sorted.set(present, found);
  }
  return found;
}

interface Reading {
  readonly devices: ReadonlySet<string>;
  readonly now: ReadonlyMap<string, PresentSubject>;
  readonly stays: (present: PresentSubject) => boolean;
}

/** What is there after the reading, each in the place that it had. */
function merged(present: readonly PresentSubject[], { devices, now, stays }: Reading): readonly PresentSubject[] {
  const fresh = new Map(now);
  const kept: PresentSubject[] = [];
  for (const one of present) {
    if (!devices.has(one.subject.device)) {
      kept.push(one);
      continue;
    }
    const key = memoryKey(one);
    const again = fresh.get(key);
    fresh.delete(key);
    if (again) kept.push(again);
    else if (stays(one)) kept.push(one);
  }
  return fresh.size === 0 ? kept : byOrder([...kept, ...fresh.values()]);
}

/** Whether a subject is judged as before: only the time at which it was seen last differs. */
function isSame(before: PresentSubject | undefined, now: PresentSubject): boolean {
  return (
    before !== undefined &&
    before.subject === now.subject &&
    before.declared === now.declared &&
    before.missing === now.missing &&
    before.firstSeen === now.firstSeen
  );
}

/** A reading that brought nothing at all. */
export function miss(state: JudgeState, device: string, reason: string, at: Instant): JudgeState {
  return observe(state, { device, at, undeclared: [], declared: [], missing: [], blind: [reason] }).state;
}

function remember(state: JudgeState, observation: Observation): readonly DeviceMemory[] {
  const { device, at, blind } = observation;
  const old = memoryOf(state, device);
  const first = old?.firstCompleteAt ?? old?.lastCompleteAt ?? (blind.length === 0 ? at : undefined);
  const kept = {
    ...(first !== undefined && { firstCompleteAt: first }),
    ...(old?.lastCompleteAt !== undefined && { lastCompleteAt: old.lastCompleteAt }),
    ...(old?.lastSnapshot !== undefined && { lastSnapshot: old.lastSnapshot }),
    ...(old?.removedAt !== undefined && { removedAt: old.removedAt }),
  };
  const next: DeviceMemory =
    blind.length === 0
      ? {
          device,
          ...kept,
          lastCompleteAt: at,
          ...(observation.snapshot !== undefined && { lastSnapshot: observation.snapshot }),
          missedReadings: 0,
          blindReasons: [],
          ...(observation.limits && observation.limits.length > 0 && { limits: observation.limits }),
        }
      : {
          device,
          ...kept,
          blindSince: old?.blindSince ?? at,
          missedReadings: (old?.missedReadings ?? 0) + 1,
          blindReasons: [...new Set(blind)],
          ...(observation.unreachable && { unreachable: true as const }),
          ...(observation.impostor !== undefined && { impostor: observation.impostor }),
        };
  return old ? state.devices.map((memory) => (memory === old ? next : memory)) : [...state.devices, next];
}

function memoryKey(present: PresentSubject): string {
  return subjectKey(present.subject, present.missing);
}

export function byOrder<T extends { readonly order: number }>(present: readonly T[]): readonly T[] {
  return [...present].sort((a, b) => a.order - b.order);
}

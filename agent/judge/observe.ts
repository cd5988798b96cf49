import type { Instant } from '../windows/index.js';
import { isLoopbackOnly } from './context.js';
import type { DeviceMemory, JudgeState, PresentSubject } from './findings.js';
import { subjectKey } from './life.js';
import type { Observation, Subject } from './types.js';

export interface Observed {
  readonly state: JudgeState;
  /** What was there before and is not any more. */
  readonly gone: readonly PresentSubject[];
  /** Keys of what this reading showed. */
  readonly seen: readonly string[];
}

/**
 * Takes a reading into the memory. A complete one replaces what was known of the device. One that is not complete
 * only adds: what it shows is open, what it does not show may be open still.
 */
export function observe(state: JudgeState, observation: Observation): Observed {
  const complete = observation.blind.length === 0;
  const { device, at } = observation;
  const before = new Map(state.present.map((present) => [memoryKey(present), present]));
  let order = state.present.reduce((highest, present) => Math.max(highest, present.order), 0);
  const now = new Map<string, PresentSubject>();
  const take = (subject: Subject, role: { declared: boolean; missing?: boolean }): void => {
    if (isLoopbackOnly(subject)) return;
    const key = subjectKey(subject, role.missing);
    const known = before.get(key);
    // Taken out of the baseline, an old flow becomes an opening today.
    const firstSeen = known && known.declared === role.declared ? known.firstSeen : at;
    now.set(key, {
      subject,
      declared: role.declared,
      ...(role.missing && { missing: true }),
      firstSeen,
      lastSeen: Math.max(at, known?.lastSeen ?? at),
      order: known?.order ?? now.get(key)?.order ?? ++order,
    });
  };
  if (complete) for (const subject of observation.declared) take(subject, { declared: true });
  for (const subject of observation.undeclared) take(subject, { declared: false });
  if (complete) for (const subject of observation.missing) take(subject, { declared: true, missing: true });

  const stays = (present: PresentSubject): boolean => present.subject.device !== device || !complete;
  const present = [...new Map([...[...before].filter(([, one]) => stays(one)), ...now]).values()];
  const gone = state.present.filter((one) => !stays(one) && !now.has(memoryKey(one)));
  const reading = remember(state, observation);
  return { state: { ...state, present: byOrder(present), devices: reading }, gone, seen: [...now.keys()] };
}

/** A reading that brought nothing at all. */
export function miss(state: JudgeState, device: string, reason: string, at: Instant): JudgeState {
  return observe(state, { device, at, undeclared: [], declared: [], missing: [], blind: [reason] }).state;
}

function remember(state: JudgeState, observation: Observation): readonly DeviceMemory[] {
  const { device, at, blind } = observation;
  const old = state.devices.find((memory) => memory.device === device);
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
        };
  return old ? state.devices.map((memory) => (memory === old ? next : memory)) : [...state.devices, next];
}

function memoryKey(present: PresentSubject): string {
  return subjectKey(present.subject, present.missing);
}

export function byOrder<T extends { readonly order: number }>(present: readonly T[]): readonly T[] {
  return [...present].sort((a, b) => a.order - b.order);
}

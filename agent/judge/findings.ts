import type { Instant, MaintenanceWindow } from '../windows/types.js';
import type { Acceptance } from './acceptance.js';
import type { Finding, FindingEvent, Subject, Waiver } from './types.js';

/** A subject that was there at the device's last complete reading. `firstSeen` starts anew after it vanished. */
export interface PresentSubject {
  readonly subject: Subject;
  readonly declared: boolean;
  /** Since when another rule than the one it began with lets it through. */
  readonly carriedSince?: Instant;
  /** Declared because these people accepted that it stays after the window that announced it. */
  readonly accepted?: readonly string[];
  /** A declared flow that was observed and is cut now. */
  readonly missing?: boolean;
  readonly firstSeen: Instant;
  /** Left out: at the last complete reading of its device, which is written once for all that it showed. */
  readonly lastSeen?: Instant;
  /** Order of first appearance, which orders findings raised at one instant. */
  readonly order: number;
}

/** What the judge remembers of a device between readings. */
export interface DeviceMemory {
  readonly device: string;
  /** Since when anything is known of it: a window that began earlier has no before. */
  readonly firstCompleteAt?: Instant;
  readonly lastCompleteAt?: Instant;
  readonly lastSnapshot?: string;
  /** Set while readings fail or are not complete. */
  readonly blindSince?: Instant;
  readonly missedReadings: number;
  readonly blindReasons: readonly string[];
  /** What the last complete reading could not look at. */
  readonly limits?: readonly string[];
  /** Nothing could be asked at the last reading, because of what lies on the way. */
  readonly unreachable?: true;
  /** What was met in its place at the last reading: a host key that was never accepted, or that was revoked. */
  readonly impostor?: string;
  /** Since when the configuration does not name it. */
  readonly removedAt?: Instant;
}

/** Everything the judge needs to go on after a restart. */
export interface JudgeState {
  readonly present: readonly PresentSubject[];
  /** Unresolved findings, and of resolved ones the last generation, until they are forgotten. */
  readonly findings: readonly Finding[];
  readonly windows: readonly MaintenanceWindow[];
  readonly waivers: readonly Waiver[];
  /** What was said of flows that windows announced as staying; absent as good as empty. */
  readonly acceptances?: readonly Acceptance[];
  readonly devices: readonly DeviceMemory[];
  /** The latest instant that was judged: after a restart, everything due since is judged at once, each at its own instant. */
  readonly judgedUpTo: Instant;
  /** The highest generation of a finding that was forgotten; left out: none was. */
  readonly generationsForgotten?: number;
}

const memories = new WeakMap<JudgeState['devices'], ReadonlyMap<string, DeviceMemory>>();

export function memoryOf({ devices }: Pick<JudgeState, 'devices'>, device: string): DeviceMemory | undefined {
  let known = memories.get(devices);
  if (!known) {
    known = new Map(devices.map((memory) => [memory.device, memory]));
    memories.set(devices, known);
  }
  return known.get(device);
}

/** When a reading showed it last. */
export function lastSeenOf(
  { subject, firstSeen, lastSeen }: PresentSubject,
  state: Pick<JudgeState, 'devices'>,
): Instant {
  return lastSeen ?? memoryOf(state, subject.device)?.lastCompleteAt ?? firstSeen;
}

/** Where a judge that has never judged begins. */
export function emptyJudgeState(at: Instant): JudgeState {
  return { present: [], findings: [], windows: [], waivers: [], devices: [], judgedUpTo: at };
}

/** The port the judge needs. One call is one transaction: state and what is to be told are stored together or not at all. */
export interface JudgeStore {
  load(): JudgeState;
  /** Replaces the state by `next` (writing only what differs) and queues `events` for every sink. */
  commit(step: {
    readonly previous: JudgeState;
    readonly next: JudgeState;
    readonly events: readonly FindingEvent[];
    readonly at: Instant;
  }): void;
}

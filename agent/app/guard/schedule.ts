import { deadlineOf, type Finding, type JudgeContext, type JudgeState, nextDue } from '../../judge/index.js';
import type { Clock } from '../../lib/clock.js';
import type { Bench } from './bench.js';
import { isOpen } from './bench.js';
import type { WatchedDevice } from './device.js';
import { isUnderWork } from './device-memory.js';

/** How often a device is read while it is worked on, while something on it is open, and while it cannot be read. */
const CLOSELY_MS = 60_000;
/** How long a due instant waits for fresh readings. What is known to be open is told then, read or not. */
const DUE_WAIT_MS = 10_000;
const RETRY_MS = 5_000;
/** How soon a device is read again where the store did not take what was seen: until then nobody knows of it. */
const UNSTORED_MS = 15_000;
/** `settleWindows` in judge/ looks again this long after a deadline at which nothing had been read yet. */
const LOOK_AGAIN_MS = 10 * 60_000;

export interface ScheduleOptions {
  readonly bench: Bench;
  readonly devices: readonly WatchedDevice[];
  readonly clock: Clock;
  readonly pollSeconds: number;
  readonly onFault: (error: unknown) => void;
}

export interface Schedule {
  /** The state or a reading has changed: sets every timer anew. */
  refresh(): void;
  /** The clock was set back: timers would wait for the time to come again. Reads everything now and sets them anew. */
  setBack(): void;
  /** Whether a due instant waits for its readings. */
  waiting(): boolean;
  stop(): void;
}

/** Reads each device in time, and everything concerned by a due instant at that instant. */
export function startSchedule({ bench, devices, clock, pollSeconds, onFault }: ScheduleOptions): Schedule {
  const polls = new Map<string, { readonly at: number; readonly cancel: () => void }>();
  const lastAsked = new Map<string, number>();
  let due: { readonly at: number; readonly firesAt: number; readonly cancel: () => void } | undefined;
  let waiting: { cancel: () => void } | undefined;
  let reached: number | undefined;
  let stopped = false;

  const guarded = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      onFault(error);
    }
  };

  const ask = (device: WatchedDevice): Promise<unknown> => {
    lastAsked.set(device.settings.id, clock.now());
    polls.get(device.settings.id)?.cancel();
    polls.delete(device.settings.id);
    return device.read();
  };

  // An instant that could not be judged (the store is full) is tried again, but not at once and for ever.
  const armAt = (next: number): number => (next === reached ? clock.now() + RETRY_MS : next);

  const finish = (mine: { cancel: () => void }): void => {
    if (waiting !== mine) return;
    waiting = undefined;
    mine.cancel();
    if (stopped) return;
    guarded(() => bench.release());
    refresh();
  };

  /** Judges what is due at `at` on readings taken then. */
  const reach = (at: number, concerned: readonly WatchedDevice[]): void => {
    reached = at;
    bench.hold(at);
    const mine = { cancel: () => {} };
    waiting = mine;
    mine.cancel = clock.at(clock.now() + DUE_WAIT_MS, () => finish(mine));
    void Promise.allSettled(concerned.map(ask)).then(() => finish(mine));
  };

  const onDue = (at: number): void => {
    due = undefined;
    const names = concernedAt(bench.state(), bench.context, at);
    guarded(() =>
      reach(
        at,
        devices.filter((device) => names.has(device.settings.id)),
      ),
    );
  };

  const refreshDue = (): void => {
    if (waiting) return;
    const next = nextDue(bench.state(), bench.context);
    // A machine that slept has timers that are late: what is past is judged now.
    if (due?.at === next && (due === undefined || due.firesAt > clock.now())) return;
    due?.cancel();
    due = undefined;
    if (next === undefined) return;
    const firesAt = armAt(next);
    due = { at: next, firesAt, cancel: clock.at(firesAt, () => onDue(next)) };
  };

  const refreshPoll = (device: WatchedDevice): void => {
    const { id } = device.settings;
    if (device.busy()) return;
    const asked = lastAsked.get(id) ?? clock.now();
    // What a rule says of time changes without anybody acting, and no wake tells of it.
    const turnsAt = device.turnsAt() ?? asked;
    const poll = asked + intervalMs(device);
    const at = turnsAt > asked ? Math.min(turnsAt, poll) : poll;
    const armed = polls.get(id);
    if (armed?.at === at) return;
    armed?.cancel();
    polls.set(id, { at, cancel: clock.at(Math.max(at, clock.now()), () => void ask(device).catch(onFault)) });
  };

  const intervalMs = ({ settings, unstored }: WatchedDevice): number => {
    const usual = pollSeconds * 1000;
    if (unstored()) return Math.min(UNSTORED_MS, usual);
    return watchedClosely(bench.state()).has(settings.id) ? Math.min(CLOSELY_MS, usual) : usual;
  };

  const refresh = (): void => {
    if (stopped) return;
    guarded(refreshDue);
    for (const device of devices) refreshPoll(device);
  };

  const first = nextDue(bench.state(), bench.context);
  // Whatever fell due while nothing was running is judged on what is read now.
  if (first !== undefined && first < clock.now()) reach(first, devices);
  else for (const device of devices) void ask(device).catch(onFault);

  return {
    refresh,
    setBack() {
      for (const device of devices) void ask(device).catch(onFault);
    },
    waiting: () => waiting !== undefined,
    stop() {
      stopped = true;
      due?.cancel();
      waiting?.cancel();
      waiting = undefined;
      for (const { cancel } of polls.values()) cancel();
      polls.clear();
    },
  };
}

const watched = new WeakMap<JudgeState, ReadonlySet<string>>();

/** Reading often costs little, and shortens the time in which a change is known to nobody where it matters most. */
function watchedClosely(state: JudgeState): ReadonlySet<string> {
  let known = watched.get(state);
  if (!known) {
    const isPressing = ({ severity, waived, acknowledged }: Finding): boolean =>
      severity !== 'info' && !waived && !acknowledged;
    known = new Set([
      ...state.windows.flatMap((window) => (isUnderWork(window.state) ? window.devices : [])),
      ...state.devices.flatMap(({ device, missedReadings }) => (missedReadings > 0 ? [device] : [])),
      ...state.findings.flatMap((one) =>
        one.device !== undefined && isOpen(one) && isPressing(one) ? [one.device] : [],
      ),
    ]);
    watched.set(state, known);
  }
  return known;
}

/** The devices that what falls due then speaks of. */
function concernedAt(state: JudgeState, context: JudgeContext, at: number): ReadonlySet<string> {
  const names = new Set<string>();
  for (const window of state.windows) {
    const deadline = deadlineOf(window, context);
    const reviews = window.scope.some((entry) => entry.keep?.review === at);
    const ends = !window.deadlineJudged && (deadline === at || deadline + LOOK_AGAIN_MS === at);
    if (ends || reviews) for (const device of window.devices) names.add(device);
  }
  for (const [name, { onboardingUntil }] of Object.entries(context.devices)) {
    if (onboardingUntil === at) names.add(name);
  }
  for (const waiver of state.waivers) if (waiver.expires === at) names.add(waiver.device);
  for (const { nextReminderAt, device } of state.findings) {
    if (nextReminderAt === at && device !== undefined) names.add(device);
  }
  return names;
}

/** Time is injected: the daemon runs on `systemClock`, replay and the simulator on a virtual one. */
export interface Clock {
  /** Milliseconds since the epoch, UTC. */
  now(): number;
  /** Runs `action` once `now()` has reached `atMs`; returns the way to cancel it. */
  at(atMs: number, action: () => void): () => void;
}

/** Node clamps a timer to 2^31−1 ms (about 24.8 days): a longer wait is cut into steps. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** How often it is looked whether the clock was set ahead, or the machine slept: by its timers nobody sees that. */
const STEP_LOOK_MS = 1_000;
/** Smaller corrections put a timer off by no more than this. */
const STEP_MS_MIN = 500;

/** How to set each waiting timer anew. */
const armed = new Set<() => void>();
let looking: NodeJS.Timeout | undefined;
let offsetMs = 0;

/** What the hour of the day is ahead of a clock that nobody sets. */
function offset(): number {
  return Date.now() - performance.now();
}

function look(): void {
  const now = offset();
  const isAhead = now - offsetMs >= STEP_MS_MIN;
  offsetMs = now;
  if (isAhead) for (const arm of [...armed]) arm();
}

function watchFor(arm: () => void): void {
  if (!looking) {
    offsetMs = offset();
    looking = setInterval(look, STEP_LOOK_MS);
    // It is no reason to stay: what is waited for is one.
    looking.unref();
  }
  armed.add(arm);
}

function watchNoMore(arm: () => void): void {
  armed.delete(arm);
  if (armed.size > 0) return;
  clearInterval(looking);
  looking = undefined;
}

/** A timer waits for an hour of the day: where the clock is set ahead over it, it fires within a second. */
export const systemClock: Clock = {
  now: () => Date.now(),
  at(atMs, action) {
    let timer: NodeJS.Timeout | undefined;
    const fire = (): void => {
      if (Date.now() < atMs) {
        arm();
        return;
      }
      watchNoMore(arm);
      action();
    };
    const arm = (): void => {
      clearTimeout(timer);
      timer = setTimeout(fire, Math.min(Math.max(0, atMs - Date.now()), LONGEST_TIMER_MS));
    };
    watchFor(arm);
    arm();
    return () => {
      clearTimeout(timer);
      watchNoMore(arm);
    };
  },
};

export interface VirtualClock extends Clock {
  /** Moves time forward, firing each timer at its own instant, in order. */
  advanceTo(atMs: number): void;
}

export function virtualClock(startMs: number): VirtualClock {
  let nowMs = startMs;
  let sequence = 0;
  const timers: { atMs: number; order: number; action: () => void }[] = [];
  return {
    now: () => nowMs,
    at(atMs, action) {
      const timer = { atMs, order: sequence++, action };
      timers.push(timer);
      return () => {
        const index = timers.indexOf(timer);
        if (index >= 0) timers.splice(index, 1);
      };
    },
    advanceTo(atMs) {
      for (;;) {
        timers.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
        const next = timers[0];
        if (!next || next.atMs > atMs) break;
        timers.shift();
        nowMs = Math.max(nowMs, next.atMs);
        next.action();
      }
      nowMs = Math.max(nowMs, atMs);
    },
  };
}

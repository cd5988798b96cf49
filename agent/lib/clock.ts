/** Time is injected: the daemon runs on `systemClock`, replay and the simulator on a virtual one. */
export interface Clock {
  /** Milliseconds since the epoch, UTC. */
  now(): number;
  /** Runs `action` once `now()` has reached `atMs`; returns the way to cancel it. */
  at(atMs: number, action: () => void): () => void;
}

/** Node clamps a timer to 2^31−1 ms (about 24.8 days): a longer wait is cut into steps. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  at(atMs, action) {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const waitMs = Math.max(0, atMs - Date.now());
      timer = setTimeout(() => (Date.now() >= atMs ? action() : arm()), Math.min(waitMs, LONGEST_TIMER_MS));
    };
    arm();
    return () => clearTimeout(timer);
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

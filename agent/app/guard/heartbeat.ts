import type { Clock } from '../../lib/clock.js';

const EVERY_MS = 1_000;
/** Smaller corrections put a reading off by no more than this. */
const STEP_MS_MIN = 2_000;

export interface Heartbeat {
  stop(): void;
}

/**
 * Timers wait for an hour of the day. When the clock is set back they would sleep through the hours that come again,
 * so it is looked, in real time, whether that has happened.
 */
export function startHeartbeat(
  clock: Clock,
  onSetBack: (from: number, to: number) => void,
  everyMs = EVERY_MS,
): Heartbeat {
  let latest = clock.now();
  const timer = setInterval(() => {
    const now = clock.now();
    const from = latest;
    latest = now;
    if (now < from - STEP_MS_MIN) onSetBack(from, now);
  }, everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

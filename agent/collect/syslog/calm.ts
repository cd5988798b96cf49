import type { Clock } from '../../lib/clock.js';

export interface Calmed {
  /** A reason to act has come. */
  report(): void;
  stop(): void;
}

export interface CalmOptions {
  readonly clock: Clock;
  readonly action: () => void;
  /** From one action to the next, at least. */
  readonly waitMsMin?: number;
  /** What the wait grows to, doubled each time, while reasons go on to come. */
  readonly waitMsMax?: number;
}

/** A person makes a change in several steps, each of which is reported. */
const WAIT_MS_MIN = 10_000;
/** As often as a device is polled anyway. */
const WAIT_MS_MAX = 300_000;

/**
 * Acts on the first reason at once, and on those that come soon after it together, later and later while they do not
 * end. So a flood of reasons, meant or forged, causes few actions, and the last reason is always followed by one.
 */
export function calmed({ clock, action, waitMsMin = WAIT_MS_MIN, waitMsMax = WAIT_MS_MAX }: CalmOptions): Calmed {
  let waitMs = waitMsMin;
  let cancel: (() => void) | undefined;
  let again = false;
  const act = (): void => {
    again = false;
    action();
    cancel = clock.at(clock.now() + waitMs, () => {
      cancel = undefined;
      if (again) {
        waitMs = Math.min(2 * waitMs, waitMsMax);
        act();
      } else waitMs = waitMsMin;
    });
  };
  return {
    report() {
      if (cancel) again = true;
      else act();
    },
    stop: () => cancel?.(),
  };
}

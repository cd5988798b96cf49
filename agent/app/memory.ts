import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '../lib/clock.js';

/**
 * A daemon works for a tenth of a second and then waits for minutes. What V8 keeps at hand for a program that is always
 * busy (33 MB for new objects alone, and tables of a comparison until memory is short) it has no use for.
 */

/** Called before anything large is loaded: what new objects are made in stays as small as it begins. */
export function keepSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

export interface Tidier {
  /** There was work. */
  worked(): void;
  stop(): void;
}

/** Long enough for what follows one reading to be over; readings that come one after the other put it off. */
const QUIET_MS = 3_000;

/** Gives back what work has left, once it is quiet: that takes about 50 ms, and nobody waits for them then. */
export function startTidier(clock: Clock, collect: () => void = collector()): Tidier {
  let cancel = (): void => {};
  let stopped = false;
  return {
    worked() {
      if (stopped) return;
      cancel();
      cancel = clock.at(clock.now() + QUIET_MS, collect);
    },
    stop() {
      stopped = true;
      cancel();
    },
  };
}

/** The one that Node has only behind a flag. A second time round it takes what the first has only let go of. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return () => {
    collect();
    collect();
  };
}

import type { Driver, Wake } from '../drivers/contract.js';
import { type Clock, systemClock } from '../lib/clock.js';
import { displayMessage } from './capture.js';
import type { Monitor } from './monitor.js';
import type { CommandOutput, CommandRunner } from './runner.js';
import { calmed } from './syslog/calm.js';

export interface WakeOptions {
  /** Something may have changed: read the device now. */
  readonly wake: () => void;
  /** Whether a source of wakes works; `why` it does not. Said once for each change. */
  readonly onState: (wake: Wake, why: string | undefined) => void;
  readonly clock?: Clock;
}

/** One change has several records. On a machine that makes and ends sockets all the time there are fewer and fewer readings. */
const CALM = { waitMsMin: 100, waitMsMax: 30_000 };
const BACKOFF_MS_MIN = 1_000;
const BACKOFF_MS_MAX = 60_000;

/**
 * Runs a driver's sources of wakes where they are allowed. Unlike a monitor, one that never came to work is not
 * started again and is no reason to complain: what it would tell at once is noticed by the glances, a second later.
 */
export function startWakes(driver: Pick<Driver, 'dialogue'>, runner: CommandRunner, options: WakeOptions): Monitor {
  const clock = options.clock ?? systemClock;
  const stopping = new AbortController();
  const calm = calmed({ clock, action: options.wake, ...CALM });
  const cancels = new Set<() => void>();
  const later = (waitMs: number, action: () => void): void => {
    const cancel = clock.at(clock.now() + waitMs, () => {
      cancels.delete(cancel);
      action();
    });
    cancels.add(cancel);
  };
  const run = async (wake: Wake, backoffMs: number): Promise<void> => {
    let works = false;
    const startedMs = clock.now();
    // Its first word is that it listens; each one after that is news.
    const onOutput = (): void => {
      if (!works) options.onState(wake, undefined);
      if (works || backoffMs > BACKOFF_MS_MIN) calm.report();
      works = true;
    };
    const output = await runner.follow(wake.argv, { onOutput, signal: stopping.signal });
    if (stopping.signal.aborted) return;
    options.onState(wake, reasonOf(output));
    if (!works) return;
    const wasWell = clock.now() - startedMs > BACKOFF_MS_MAX;
    const waitMs = wasWell ? BACKOFF_MS_MIN : backoffMs;
    later(waitMs, () => void run(wake, Math.min(2 * waitMs, BACKOFF_MS_MAX)));
  };
  for (const wake of driver.dialogue.wakes ?? []) void run(wake, BACKOFF_MS_MIN);
  return {
    stop() {
      stopping.abort();
      calm.stop();
      for (const cancel of cancels) cancel();
    },
  };
}

function reasonOf(output: CommandOutput): string {
  if (output.kind === 'missing') return `${output.what} is not installed`;
  const words = 'reason' in output ? output.reason : 'stderr' in output ? output.stderr : '';
  return words.trim() === '' ? `it ended (${output.kind})` : displayMessage(words);
}

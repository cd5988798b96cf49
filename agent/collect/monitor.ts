import type { Driver } from '../drivers/contract.js';
import { type Clock, systemClock } from '../lib/clock.js';
import type { Problem } from '../lib/result.js';
import { displayMessage } from './capture.js';
import { NOT_PERMITTED } from './dialogue.js';
import type { CommandOutput, CommandRunner } from './runner.js';

export interface MonitorOptions {
  /** Something may have changed: read the device now. */
  readonly wake: () => void;
  /** A monitor cannot run or has ended; said once for each new reason. Polling goes on, only slower to notice. */
  readonly say: (problem: Problem) => void;
  readonly clock?: Clock;
  readonly debounceMs?: number;
  readonly backoffMsMin?: number;
  readonly backoffMsMax?: number;
}

export interface Monitor {
  stop(): void;
}

/**
 * Runs a driver's monitors for as long as they are wanted. Whatever a monitor prints, understood or not, means "read
 * again now": an event is a reason to take a snapshot and never a substitute for one. A monitor that ends is started
 * again, later each time, and what it missed meanwhile is made good by a reading.
 */
export function startMonitors(
  driver: Pick<Driver, 'dialogue'>,
  runner: CommandRunner,
  device: string,
  options: MonitorOptions,
): Monitor {
  const clock = options.clock ?? systemClock;
  const stopping = new AbortController();
  const wake = debounced(options.wake, options.debounceMs ?? 200, clock, stopping.signal);
  for (const argv of driver.dialogue.monitors ?? []) {
    keepRunning({ argv, runner, device, options, clock, wake, signal: stopping.signal });
  }
  return { stop: () => stopping.abort() };
}

/** Fires a fixed time after the first of a burst: a device that never stops changing cannot put the reading off. */
function debounced(action: () => void, waitMs: number, clock: Clock, signal: AbortSignal): () => void {
  let waiting = false;
  return () => {
    if (waiting || signal.aborted) return;
    waiting = true;
    const cancel = clock.at(clock.now() + waitMs, () => {
      waiting = false;
      signal.removeEventListener('abort', cancel);
      action();
    });
    signal.addEventListener('abort', cancel, { once: true });
  };
}

interface Running {
  readonly argv: readonly string[];
  readonly runner: CommandRunner;
  readonly device: string;
  readonly options: MonitorOptions;
  readonly clock: Clock;
  readonly wake: () => void;
  readonly signal: AbortSignal;
}

function keepRunning(running: Running): void {
  const { argv, runner, clock, wake, signal, options } = running;
  const backoffMsMin = options.backoffMsMin ?? 1_000;
  const backoffMsMax = options.backoffMsMax ?? 60_000;
  let backoffMs = backoffMsMin;
  let said = '';
  const begin = async (again: boolean): Promise<void> => {
    if (signal.aborted) return;
    if (again) wake();
    const startedMs = clock.now();
    const output = await runner.follow(argv, { onOutput: wake, signal });
    if (signal.aborted) return;
    const problem = problemOf(output, running);
    if (problem.message !== said) options.say(problem);
    said = problem.message;
    // One that ran for long was well: its end is not part of a series of failures.
    if (clock.now() - startedMs > backoffMsMax) backoffMs = backoffMsMin;
    const cancel = clock.at(clock.now() + backoffMs, () => {
      signal.removeEventListener('abort', cancel);
      void begin(true);
    });
    signal.addEventListener('abort', cancel, { once: true });
    backoffMs = Math.min(backoffMs * 2, backoffMsMax);
  };
  void begin(false);
}

function problemOf(output: CommandOutput, { argv, device }: Running): Problem {
  const place = `${device}: ${argv.join(' ')}`;
  const slower = 'changes are noticed at the next poll';
  if (output.kind === 'missing') {
    return {
      code: 'MISSING_PROGRAM',
      message: `${place}: ${output.what} is not installed; ${slower}`,
      expected: `the program ${output.what}`,
      remedy: 'install it on the device',
    };
  }
  const words = 'reason' in output ? output.reason : 'stderr' in output ? output.stderr : '';
  if (output.kind === 'refused' || NOT_PERMITTED.test(words)) {
    return {
      code: 'MISSING_RIGHT',
      message: `${place}: refused: ${displayMessage(words)}; ${slower}`,
      expected: 'the right to watch for changes',
      remedy: 'grant the same right as for reading the rules',
    };
  }
  const how = output.kind === 'exited' ? `exit code ${output.exitCode}` : output.kind;
  return {
    code: 'MONITOR_ENDED',
    message: `${place}: ended (${how})${words.trim() === '' ? '' : `: ${displayMessage(words)}`}; ${slower}`,
    expected: 'a program that runs until it is stopped',
    remedy: 'it is started again by itself; run it by hand on the device if this repeats',
  };
}

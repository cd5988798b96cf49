import type { Problem } from '../lib/result.js';

const BACKOFF_MS_MIN = 1_000;
const BACKOFF_MS_MAX = 60_000;
/** A directory locks an account after three or five refusals; a person may need one of them. */
const REFUSALS_MAX = 2;

/**
 * When a device that failed may be asked again: after a wait that doubles, and after two refused logins not at all. A
 * mark stands for the credentials and what a person decided; where it is another one, what was before does not count.
 */
export interface Attempts {
  /** Why nothing is tried now. */
  blocked(mark: string): Problem | undefined;
  holdOff(problem: Problem, mark: string, waitMsMin?: number): void;
  /** A refused login; gives what is to be told of it. */
  refused(problem: Problem, mark: string, waitMsMin?: number): Problem;
  worked(): void;
  /** What stood for long was well: its end is not part of a series of failures. */
  well(): void;
}

interface AttemptsOptions {
  /** What is told where no further login is tried. */
  readonly stopped: (count: number, last: Problem) => Problem;
  /** The wait after a first failure. */
  readonly backoffMsMin?: number | undefined;
}

export function attempts({ stopped, backoffMsMin = BACKOFF_MS_MIN }: AttemptsOptions): Attempts {
  let failed: { readonly problem: Problem; readonly untilMs: number; readonly mark: string } | undefined;
  let refusals: { readonly count: number; readonly mark: string; readonly problem: Problem } | undefined;
  let backoffMs = backoffMsMin;
  const holdOff = (problem: Problem, mark: string, waitMsMin = 0): void => {
    failed = { problem, untilMs: performance.now() + Math.max(backoffMs, waitMsMin), mark };
    backoffMs = Math.min(2 * backoffMs, BACKOFF_MS_MAX);
  };
  const isStopped = (): boolean => refusals !== undefined && refusals.count >= REFUSALS_MAX;
  return {
    blocked(mark) {
      if (refusals && refusals.mark !== mark) refusals = undefined;
      if (refusals && isStopped()) return stopped(refusals.count, refusals.problem);
      // What a person changed meanwhile is tried at once.
      return failed && failed.mark === mark && performance.now() < failed.untilMs ? failed.problem : undefined;
    },
    holdOff,
    refused(problem, mark, waitMsMin) {
      refusals = { count: (refusals?.count ?? 0) + 1, mark, problem };
      holdOff(problem, mark, waitMsMin);
      return isStopped() ? stopped(refusals.count, problem) : problem;
    },
    worked() {
      failed = undefined;
      refusals = undefined;
    },
    well() {
      backoffMs = backoffMsMin;
    },
  };
}

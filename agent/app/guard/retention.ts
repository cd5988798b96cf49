import type { JudgeState } from '../../judge/index.js';
import type { Clock } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import type { Retention, Store } from '../../store/index.js';
import { type Bench, isOpen } from './bench.js';

const DAY_MS = 86_400_000;
/** Not while a start has other things to do. */
const FIRST_AFTER_MS = 10 * 60_000;
const RETRY_MS = 60_000;

/** What has to stay, however old it is: what an auditor asks for about a window, and what an open finding rests on. */
export function retentionOf(state: JudgeState, nowMs: number, days: number): Retention {
  const open = state.findings.filter(isOpen);
  return {
    before: nowMs - days * DAY_MS,
    snapshots: [
      ...state.windows.flatMap(({ before = {} }) => Object.values(before).map(({ snapshot }) => snapshot)),
      ...state.devices.flatMap(({ lastSnapshot }) => lastSnapshot ?? []),
    ],
    moments: [
      ...state.windows.flatMap(({ devices, closedAt, firstCloseAt }) =>
        [...new Set([closedAt, firstCloseAt])].flatMap((at) =>
          at === undefined ? [] : devices.map((device) => ({ device, at })),
        ),
      ),
      // The reading that showed it, and the one before.
      ...open.flatMap(({ device, firstSeen }) =>
        device === undefined ? [] : [firstSeen, firstSeen - 1].map((at) => ({ device, at })),
      ),
    ],
    findings: open.map(({ key }) => key),
  };
}

export interface RetentionOptions {
  readonly store: Store;
  readonly bench: Pick<Bench, 'state' | 'feed' | 'holding'>;
  readonly clock: Clock;
  /** Asked each time, because a reload may change it. Undefined: everything is kept. */
  readonly days: () => number | undefined;
  readonly log: Log;
}

/** Once a day; a disk that refuses is told to the log, and tried again the next day. */
export function startRetention({ store, bench, clock, days, log }: RetentionOptions): { stop(): void } {
  let cancel = (): void => {};
  const arm = (waitMs: number): void => {
    cancel = clock.at(clock.now() + waitMs, () => {
      // An instant that is due waits for its readings; what is forgotten can wait for it.
      if (bench.holding()) return arm(RETRY_MS);
      try {
        const kept = days();
        if (kept !== undefined) {
          const now = clock.now();
          const retention = retentionOf(bench.state(), now, kept);
          const known = bench.state().findings.length;
          bench.feed({ kind: 'forget', at: now, before: retention.before });
          const findings = Math.max(0, known - bench.state().findings.length);
          const pruned = { ...store.prune(retention), findings };
          if (pruned.snapshots + pruned.events + findings > 0)
            log.info('what was too old was removed', { days: kept, ...pruned });
        }
      } catch (error) {
        log.error('what is too old could not be removed', { error });
      }
      arm(DAY_MS);
    });
  };
  arm(FIRST_AFTER_MS);
  return { stop: () => cancel() };
}

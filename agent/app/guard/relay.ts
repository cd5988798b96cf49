import type { Result } from '../../lib/result.js';
import type { Guard } from './contract.js';

type Wrap = <Args extends readonly unknown[], T>(
  method: (...args: Args) => Promise<Result<T>>,
) => (...args: Args) => Promise<Result<T>>;

/** A guard each of whose answers goes through `wrap`; `from` is asked at each call which guard answers. */
export function everyAnswer(from: () => Guard, wrap: Wrap): Guard {
  return {
    status: wrap(() => from().status()),
    snapshot: wrap((devices: readonly string[]) => from().snapshot(devices)),
    importCapture: wrap((...args: Parameters<Guard['importCapture']>) => from().importCapture(...args)),
    snapshots: wrap((...args: Parameters<Guard['snapshots']>) => from().snapshots(...args)),
    drift: wrap((devices: readonly string[]) => from().drift(devices)),
    windows: wrap((...args: Parameters<Guard['windows']>) => from().windows(...args)),
    window: wrap((id: string) => from().window(id)),
    planWindow: wrap((...args: Parameters<Guard['planWindow']>) => from().planWindow(...args)),
    openWindow: wrap((...args: Parameters<Guard['openWindow']>) => from().openWindow(...args)),
    closeWindow: wrap((id: string) => from().closeWindow(id)),
    extendWindow: wrap((...args: Parameters<Guard['extendWindow']>) => from().extendWindow(...args)),
    cancelWindow: wrap((id: string) => from().cancelWindow(id)),
    resumeWindow: wrap((id: string, by: string) => from().resumeWindow(id, by)),
    handOverWindow: wrap((...args: Parameters<Guard['handOverWindow']>) => from().handOverWindow(...args)),
    findings: wrap((...args: Parameters<Guard['findings']>) => from().findings(...args)),
    alarms: wrap((...args: Parameters<Guard['alarms']>) => from().alarms(...args)),
    acknowledge: wrap((...args: Parameters<Guard['acknowledge']>) => from().acknowledge(...args)),
    claim: wrap((...args: Parameters<Guard['claim']>) => from().claim(...args)),
    accept: wrap((...args: Parameters<Guard['accept']>) => from().accept(...args)),
    waive: wrap((...args: Parameters<Guard['waive']>) => from().waive(...args)),
    baseline: wrap((devices: readonly string[]) => from().baseline(devices)),
    learnBaseline: wrap((...args: Parameters<Guard['learnBaseline']>) => from().learnBaseline(...args)),
    baselineDiff: wrap((devices: readonly string[]) => from().baselineDiff(devices)),
    acceptBaseline: wrap((...args: Parameters<Guard['acceptBaseline']>) => from().acceptBaseline(...args)),
  };
}

/** A place behind which one guard takes over from another without a caller noticing more than a pause. */
export interface Relay {
  /** Waits while the guards change. */
  readonly guard: Guard;
  /** Runs `change` once what is being asked has been answered, or `waitMs` is over; what is asked meanwhile waits. */
  change<T>(change: () => Promise<T>): Promise<T>;
}

export function relay(current: () => Guard, waited: () => Promise<void>): Relay {
  let open: Promise<unknown> = Promise.resolve();
  const calls = new Set<Promise<unknown>>();
  const wrap: Wrap =
    (method) =>
    async (...args) => {
      await open;
      const call = method(...args);
      calls.add(call);
      try {
        return await call;
      } finally {
        calls.delete(call);
      }
    };
  return {
    guard: everyAnswer(current, wrap),
    change<T>(change: () => Promise<T>): Promise<T> {
      const before = open;
      const changed = before.then(async () => {
        await Promise.race([Promise.allSettled(calls), waited()]);
        return change();
      });
      open = changed.catch(() => {});
      return changed;
    },
  };
}

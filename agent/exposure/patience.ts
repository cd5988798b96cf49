/** Thrown through whatever asked for comparisons that take longer than whoever waits for them can. */
class TookTooLong extends Error {
  override readonly name = 'TookTooLong';
}

/** When the comparisons at work must be done, on the clock of `performance`; undefined: nobody waits for them. */
let until: number | undefined;

/**
 * Does work that compares states and returns before anything else can happen on its thread, if all of its comparisons
 * together are listed exactly within this time: undefined where they are not, and nothing is known then.
 */
export function withinMs<T>(msMax: number, work: () => T): T | undefined {
  const outer = until;
  const own = performance.now() + msMax;
  until = outer === undefined ? own : Math.min(outer, own);
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof TookTooLong)) throw thrown;
    return undefined;
  } finally {
    until = outer;
  }
}

/** What is left of that time for the comparison of `msMax` that begins; nobody waits: all of `msMax`. */
export function msFor(msMax: number | undefined): number | undefined {
  if (until === undefined) return msMax;
  const left = until - performance.now();
  if (left <= 0) throw new TookTooLong();
  return msMax === undefined ? left : Math.min(msMax, left);
}

/** A comparison was not listed exactly: where somebody waits, no time is spent on an answer that is less than that. */
export function giveUpIfWaitedFor(): void {
  if (until !== undefined) throw new TookTooLong();
}

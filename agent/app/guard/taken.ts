import { isConfiguredAnew, type Waiver } from '../../judge/index.js';
import type { Room } from './room.js';

/** Waivers written in the baseline file hold as those given by command do. */
export function takeWaivers({ baseline, bench, clock, log }: Room): void {
  const now = clock.now();
  for (const { device, subject, set, owner, reason, until } of baseline.waivers) {
    if (until <= now) continue;
    // Without a set it was bound when it was taken: that it was is no reason to take it again.
    const isKnown = (one: Waiver): boolean =>
      one.device === device && one.subject === subject && one.expires === until && (set ?? one.set) === one.set;
    if (bench.state().waivers.some((one) => one.from === 'baseline' && isKnown(one))) continue;
    const waiver = { device, subject, ...(set !== undefined && { set }), owner, reason, expires: until };
    const step = bench.feed({ kind: 'waive', at: now, waiver: { ...waiver, from: 'baseline' } });
    if (!step.ok) log.error('a waiver of the baseline file was not taken', { ...step.error });
  }
}

/** What the files do not name any more ends now: waivers of the baseline file, devices of the configuration. */
export function endRemoved({ baseline, bench, clock, log }: Room, configured: readonly string[]): void {
  const at = clock.now();
  for (const { device, subject, from } of bench.state().waivers) {
    if (from !== 'baseline') continue;
    if (baseline.waivers.some((one) => one.device === device && one.subject === subject)) continue;
    const step = bench.feed({ kind: 'unwaive', at, device, subject });
    if (step.ok) log.info('a waiver was taken out of the baseline file, and has ended', { device, subject });
    else log.error('a waiver that was taken out of the baseline file still holds', { ...step.error });
  }
  if (!isConfiguredAnew(bench.state(), configured)) return;
  const step = bench.feed({ kind: 'configured', at, devices: configured });
  if (!step.ok) log.error('that devices were added or removed was not taken', { ...step.error });
}

import type { Instant } from '../windows/index.js';
import type { JudgeState } from './findings.js';
import { type Desk, openFinding, raise, resolve, tell } from './life.js';

/** How a baseline stands against what was taken or approved last. */
export type BaselineSeen =
  | { readonly kind: 'same'; readonly source: string; readonly why: string }
  | {
      readonly kind: 'altered';
      /** The path of a file, or the device whose approved snapshot it is. */
      readonly source: string;
      readonly device?: string;
      /** Who, what and where, a line each. */
      readonly details: readonly string[];
    };

/**
 * A baseline that changed behind the guard's back: told until it is put back or somebody takes it by name. While a
 * window is open on what it declares, it may be the vendor's way to make an opening legitimate.
 */
export function settleTamper(desk: Desk, state: JudgeState, seen: BaselineSeen, at: Instant): void {
  const key = `baseline/${seen.source}`;
  const open = openFinding(desk, key);
  if (seen.kind === 'same') {
    if (open) resolve(desk, open, at, { row: true, why: seen.why });
    return;
  }
  const { device, details } = seen;
  const windows = state.windows.filter(
    (window) =>
      (window.state === 'open' || window.state === 'refused' || window.state === 'overdue') &&
      (device === undefined || window.devices.includes(device)),
  );
  const severity = windows.length > 0 ? 'high' : 'medium';
  const because =
    windows.length > 0 ? 'high: while a change window is not closed' : 'medium: outside any change window';
  const about = {
    ...({ code: 'BASELINE_TAMPER' as const, severity, details, windows: windows.map(({ id }) => id) } as const),
    ...{ firstSeen: open?.firstSeen ?? at, lastSeen: at },
  };
  if (!open) {
    raise(desk, { key, at, because, subjectId: seen.source, ...(device !== undefined && { device }), ...about });
    return;
  }
  const isNews = JSON.stringify([open.severity, open.details]) !== JSON.stringify([severity, details]);
  const next = { ...open, ...about, severityBecause: because };
  if (isNews) tell(desk, next, { kind: 'update', at, row: false });
  else desk.findings.set(key, next);
}

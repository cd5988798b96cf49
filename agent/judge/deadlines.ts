import { assert } from '../lib/assert.js';
import type { Instant, MaintenanceWindow, SessionsLeft } from '../windows/index.js';
import type { FindingCode } from './codes.js';
import { deadlineOf, graceMs, type JudgeContext } from './context.js';
import { type JudgeState, memoryOf } from './findings.js';
import { type Desk, openFinding, tell } from './life.js';
import type { Finding, Severity } from './types.js';
import { openingsLeft } from './verdict.js';

/**
 * How long the word on a window waits for a reading taken after its end. Openings that are known are told at the
 * deadline itself; only "clean" needs to be seen, and a reading that starts at the deadline takes a moment.
 */
const WAIT_FOR_READING_MS = 10 * 60_000;

/** Devices of the window of which nothing complete was read since it ended, with why. */
export function notSeenSinceEnd(
  window: MaintenanceWindow,
  state: JudgeState,
  context: JudgeContext,
): readonly string[] {
  return window.devices.flatMap((device) => {
    const memory = memoryOf(state, device);
    if (memory && memory.missedReadings > 0) return [`${device}: ${memory.blindReasons.join('; ')}`];
    if (memory?.lastCompleteAt !== undefined && memory.lastCompleteAt >= context.windows.effectiveEnd(window))
      return [];
    return [`${device}: no reading since the window ended`];
  });
}

/**
 * Devices of the window of which nothing is known from when it began: what they let through beyond the baseline may
 * be older than the window, and nobody can tell.
 */
export function withoutBefore(window: MaintenanceWindow, state: JudgeState): readonly string[] {
  return window.devices
    .filter((device) => {
      const known = memoryOf(state, device)?.firstCompleteAt;
      if (known !== undefined && known <= window.start) return false;
      const before = window.before?.[device];
      // An emergency may be declared after the fact; what was read then is no before.
      return before === undefined || (window.emergency !== undefined && before.takenAt > window.start);
    })
    .map((device) => `${device}: no before snapshot of window ${window.id}: only compared with the baseline`);
}

/** Instants at which a window must be judged. */
export function windowsDue(state: JudgeState, context: JudgeContext): readonly Instant[] {
  return state.windows.flatMap((window) => {
    if (window.state === 'cancelled' || window.deadlineJudged) return [];
    const at = deadlineOf(window, context);
    return [at, at + WAIT_FOR_READING_MS];
  });
}

/** Judges the windows whose deadline has come; answers with them as they stand afterwards, the same list if none has. */
export function settleWindows(
  desk: Desk,
  state: JudgeState,
  context: JudgeContext,
  at: Instant,
): readonly MaintenanceWindow[] {
  const windows = state.windows.map((window) => {
    if (window.state === 'cancelled' || window.deadlineJudged) return window;
    const due = deadlineOf(window, context);
    if (at < due) return window;
    const left = openingsLeft(window, state, context, at);
    const unseen = notSeenSinceEnd(window, state, context);
    const answered = window.firstCloseAt !== undefined && !window.unattested;
    if (!answered) {
      const blind = window.devices.some((device) => (memoryOf(state, device)?.missedReadings ?? 0) > 0);
      if (left.length === 0 && unseen.length > 0 && !blind && at < due + WAIT_FOR_READING_MS) return window;
      const without = withoutBefore(window, state);
      tellUnclosed(desk, window, { left: left.map((one) => one.subject.summary), unseen, without, at });
    }
    const step = context.windows.step(window, { kind: 'deadline', graceMs: graceMs(context) }, at);
    assert(step.ok, `deadline of window ${window.id} refused although it is due`);
    return step.value.window;
  });
  return windows.some((window, index) => window !== state.windows[index]) ? windows : state.windows;
}

function tellUnclosed(
  desk: Desk,
  window: MaintenanceWindow,
  seen: {
    readonly left: readonly string[];
    readonly unseen: readonly string[];
    readonly without: readonly string[];
    readonly at: Instant;
  },
): void {
  const clean = seen.left.length === 0 && seen.unseen.length === 0;
  // An unattested close did come: nothing remains to be signed once everything was seen shut.
  if (clean && window.firstCloseAt !== undefined) return;
  const because = clean
    ? 'info: nothing of the window is open; nobody closed it'
    : seen.left.length > 0
      ? `medium: ${seen.left.length} opening(s) left`
      : 'medium: not everything could be read';
  tellWindow(desk, window, {
    code: clean ? 'CLOSED_UNSIGNED' : 'WINDOW_NOT_CLOSED',
    severity: clean ? 'info' : 'medium',
    because,
    details: [...seen.left, ...seen.unseen, ...seen.without],
    at: seen.at,
    kind: 'raise',
  });
}

export interface WindowTelling {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly because: string;
  readonly details: readonly string[];
  readonly at: Instant;
  /** An answer is over once given; a raised finding stays until the window is closed. */
  readonly kind: 'raise' | 'answer';
}

/** One finding per window carries everything told about it, on one key and one count. */
export function tellWindow(desk: Desk, window: MaintenanceWindow, telling: WindowTelling): void {
  const key = `window/${window.id}`;
  const before = desk.findings.get(key);
  const { resolvedAt, earlier: called = [], ...kept } = before ?? { resolvedAt: undefined };
  const isOther = before !== undefined && resolvedAt === undefined && before.code !== telling.code;
  const earlier =
    resolvedAt !== undefined ? [] : isOther ? [...called, { code: before.code, until: telling.at }] : called;
  const finding: Finding = {
    generation: 1,
    count: 1,
    sequence: 0,
    remindersSent: 0,
    firstSeen: telling.at,
    ...kept,
    key,
    subjectId: window.id,
    windows: [window.id],
    lastSeen: telling.at,
    code: telling.code,
    severity: telling.severity,
    severityBecause: telling.because,
    details: telling.details,
    raisedAt: telling.at,
    ...(earlier.length > 0 && { earlier }),
    ...(telling.kind === 'answer' && { resolvedAt: telling.at }),
  };
  tell(desk, finding, { kind: telling.kind, at: telling.at, row: true });
}

/** Open again, it is not late any more: its deadline is ahead, and told anew if it passes. */
export function settleResumed(desk: Desk, window: MaintenanceWindow, at: Instant): void {
  endOf(desk, window, at);
}

function endOf(desk: Desk, window: MaintenanceWindow, at: Instant): void {
  const open = openFinding(desk, `window/${window.id}`);
  if (open)
    tell(desk, { ...open, resolvedAt: at }, { kind: 'resolve', at, row: false, code: 'RESOLVED', severity: 'info' });
}

/** A window that is closed at last needs no finding; that is not news for the alarm feed's table. */
export function settleClosed(desk: Desk, window: MaintenanceWindow, at: Instant): void {
  if (window.state === 'closed') endOf(desk, window, at);
  const { sessions } = window;
  if (!sessions || sessions.left.length === 0) return;
  tellWindow(desk, window, {
    code: 'SESSIONS_LEFT',
    severity: 'medium',
    because: `medium: ${sessions.left.length} connection(s) outlived what let them in`,
    details: sessionLines(sessions),
    at,
    kind: 'answer',
  });
}

/** What outlived a window, a line each, and where nobody could look. */
export function sessionLines(sessions: SessionsLeft | undefined): readonly string[] {
  if (!sessions) return [];
  return [
    ...sessions.left.map(
      ({ device, summary, certainty, command }) =>
        `${device}: ${certainty === 'certain' ? '' : 'perhaps '}still up: ${summary}; ends by: ${command}`,
    ),
    ...sessions.notCovered,
  ];
}

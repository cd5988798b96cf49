import { assert } from '../lib/assert.js';
import type { Instant, MaintenanceWindow, SessionsLeft } from '../windows/index.js';
import { contextAt } from './approvals.js';
import type { JudgeContext } from './context.js';
import { type CoverageStatement, coverageOf } from './coverage.js';
import { notSeenSinceEnd, sessionLines, settleClosed, tellWindow, withoutBefore } from './deadlines.js';
import type { JudgeEvent, OpeningLeft } from './events.js';
import type { JudgeState, PresentSubject } from './findings.js';
import { subjectKey } from './life.js';
import { openNow } from './settle.js';
import { findingTable } from './table.js';
import { takeReadings } from './take-readings.js';
import { type Named, stepNamed, withWindow } from './take-window.js';
import type { Taken } from './taken.js';
import { openingsLeft, verdictOf } from './verdict.js';

/**
 * A close is answered by what the readings taken because of it show. The readings count even where the window cannot
 * be closed: they were made. The window has ended from now on, whatever the answer; only `closed` says that
 * everything was seen, and seen shut.
 */
export function takeClose(
  state: JudgeState,
  event: JudgeEvent & { kind: 'windowClose' },
  at: Instant,
  context: JudgeContext,
): Taken {
  const readings = takeReadings(state, event.observations);
  const named: Named = { id: event.window, at, context };
  const ended = stepNamed(readings.state, named, { kind: 'close', verdict: 'refused' });
  if (!ended.ok) return { ...readings, problem: ended.error };
  const { window } = ended.value;
  const after = withWindow(readings.state, window);
  const left = openingsLeft(window, after, context, at);
  const complete = event.observations.filter((one) => one.blind.length === 0).map((one) => one.device);
  const unread = window.devices.filter((device) => !complete.includes(device));
  const verdict = left.length > 0 ? 'refused' : unread.length > 0 ? 'unattested' : 'closed';
  const { sessions } = event;
  const step = stepNamed(readings.state, named, { kind: 'close', verdict, ...(sessions && { sessions }) });
  assert(step.ok, `window ${event.window} took a close as refused but not as ${verdict}`);
  const before = state.windows.find((one) => one.id === event.window);
  const late = before?.deadlineJudged === true;
  return {
    ...readings,
    state: withWindow(readings.state, step.value.window),
    answered: (desk) => {
      if (verdict === 'closed') return settleClosed(desk, step.value.window, at);
      // A close after the deadline moves nothing and emits nothing: what is left has its own alarms.
      if (late) return;
      tellWindow(desk, window, {
        code: 'CLOSURE_REFUSED',
        severity: 'info',
        because:
          verdict === 'refused' ? `info: ${left.length} opening(s) still there` : 'info: no attestation possible',
        details: [
          ...left.map((one) => one.subject.summary),
          ...(verdict === 'unattested' ? ['no attestation possible', ...notSeenSinceEnd(window, after, context)] : []),
          ...withoutBefore(window, after),
          ...sessionLines(sessions),
        ],
        at,
        kind: 'answer',
      });
    },
    answer: (judged) => ({
      window: window.id,
      state: verdict,
      openings: openingsAnswered(left, judged, context, at),
      coverage: closingCoverage(window, judged, context, sessions),
    }),
  };
}

function closingCoverage(
  window: MaintenanceWindow,
  judged: JudgeState,
  context: JudgeContext,
  sessions: SessionsLeft | undefined,
): CoverageStatement {
  const statement = coverageOf(judged, context, window.devices);
  const unseen = [...withoutBefore(window, judged), ...(sessions?.notCovered ?? [])];
  return { ...statement, notCovered: [...statement.notCovered, ...unseen] };
}

function openingsAnswered(
  left: readonly PresentSubject[],
  judged: JudgeState,
  context: JudgeContext,
  at: Instant,
): readonly OpeningLeft[] {
  const findings = findingTable(judged.findings);
  const then = contextAt(context, at);
  const alongside = openNow(judged, then);
  return left.map((present) => {
    const { subject, firstSeen } = present;
    const known = findings.get(subjectKey(subject)) ?? verdictOf(present, judged, then, at, alongside);
    return {
      id: subject.id,
      device: subject.device,
      summary: subject.summary,
      code: known?.code ?? 'LEFT_OPEN',
      severity: known?.severity ?? 'medium',
      firstSeen,
      subject,
    };
  });
}

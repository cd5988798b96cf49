import { assert } from '../lib/assert.js';
import { failure, type Problem, type Result } from '../lib/result.js';
import type { Instant, MaintenanceWindow, SessionsLeft, WindowEvent, WindowStep } from '../windows/index.js';
import { accept, withAcceptance, withAccepted, withoutAccepted } from './acceptance.js';
import { contextAt } from './approvals.js';
import { blindnessDue } from './blind.js';
import type { JudgeContext } from './context.js';
import { type CoverageStatement, coverageOf } from './coverage.js';
import { notSeenSinceEnd, sessionLines, settleClosed, tellWindow, windowsDue, withoutBefore } from './deadlines.js';
import { escalationsDue } from './escalate.js';
import type { CloseAnswer, JudgeEvent, JudgeStep, OpeningLeft } from './events.js';
import { type JudgeState, lastSeenOf, type PresentSubject } from './findings.js';
import { acknowledgeMembers, floodsDue } from './floods.js';
import { forgotten } from './forget.js';
import { type Desk, openFinding, subjectKey, tell } from './life.js';
import { miss, type Observed, observe } from './observe.js';
import { onboardingsDue } from './onboarding.js';
import { configured } from './removed.js';
import { openNow, settle } from './settle.js';
import { findingTable } from './table.js';
import { settleTamper } from './tamper.js';
import type { FindingEvent, Observation } from './types.js';
import { openingsLeft, verdictOf } from './verdict.js';

/**
 * One step of judgement. Everything that fell due before the event is judged first, each at its own instant and in
 * order, whether the guard was running then or not; then the event is taken in and judged at once.
 *
 * An event that arrives with an instant before the last judgement (a reading that took long, a clock set back) keeps
 * its own instant for what it saw, and is judged now.
 */
export function judge(state: JudgeState, event: JudgeEvent, context: JudgeContext): JudgeStep {
  const events: FindingEvent[] = [];
  let current = state;
  let due = nextDue(current, context);
  while (due !== undefined && due < event.at) {
    const settled = settle(current, due, context);
    current = settled.state;
    events.push(...settled.events);
    due = nextDue(current, context);
  }
  const at = Math.max(event.at, current.judgedUpTo);
  const taken = take(current, event, at, context);
  const settled = settle(taken.state, at, context, { ...taken, before: current, due });
  return {
    state: settled.state,
    events: [...events, ...settled.events],
    ...(taken.answer && { answer: taken.answer(settled.state) }),
    ...(taken.problem && { problem: taken.problem }),
  };
}

/** The next instant at which something must be judged though nothing happens; undefined: nothing is pending. */
export function nextDue(state: JudgeState, context: JudgeContext): Instant | undefined {
  let next = Number.POSITIVE_INFINITY;
  const take = (instant: Instant): void => {
    if (instant > state.judgedUpTo && instant < next) next = instant;
  };
  windowsDue(state, context).forEach(take);
  blindnessDue(state, context).forEach(take);
  floodsDue(state).forEach(take);
  onboardingsDue(context).forEach(take);
  escalationsDue(state.findings, context).forEach(take);
  for (const { until } of context.approvals ?? []) take(until);
  for (const { expires } of state.waivers) take(expires);
  for (const { nextReminderAt } of state.findings) if (nextReminderAt !== undefined) take(nextReminderAt);
  // What may be open in windows alone is judged anew when one begins, whether anybody opens it by command or not.
  if (state.present.some(({ subject }) => subject.inWindows)) for (const { start } of state.windows) take(start);
  for (const { scope } of state.windows) for (const { keep } of scope) if (keep) take(keep.review);
  return next === Number.POSITIVE_INFINITY ? undefined : next;
}

interface Taken {
  readonly state: JudgeState;
  readonly gone?: readonly PresentSubject[];
  /** Of what is there, what is not as it was; left out, it may be anything. */
  readonly changed?: readonly PresentSubject[];
  /** What the event itself tells, after the subjects and the windows. */
  readonly answered?: (desk: Desk) => void;
  readonly answer?: (judged: JudgeState) => CloseAnswer;
  readonly problem?: Problem;
}

function take(state: JudgeState, event: JudgeEvent, at: Instant, context: JudgeContext): Taken {
  switch (event.kind) {
    case 'tick':
      return { state, changed: [] };
    case 'forget':
      return { state: forgotten(state, event.before), changed: [] };
    case 'observed':
      return takeReadings(state, [event.observation]);
    case 'missed':
      return { state: miss(state, event.device, event.reason, event.at), changed: [] };
    case 'configured':
      return { state: configured(state, event.devices, at) };
    case 'windowPlanned':
      return takePlan(state, event, context);
    case 'windowOpened':
      return takeWindow(
        state,
        { id: event.window, at, context },
        { kind: 'open', ...(event.before && { before: event.before }) },
      );
    case 'windowExtended':
      return takeWindow(
        state,
        { id: event.window, at, context },
        {
          kind: 'extend',
          until: event.until,
          by: event.by,
          reason: event.reason,
          ...(event.second !== undefined && { second: event.second }),
        },
      );
    case 'windowResumed':
      return takeWindow(state, { id: event.window, at, context }, { kind: 'resume', by: event.by });
    case 'windowHandedOver':
      return takeWindow(state, { id: event.window, at, context }, { kind: 'handOver', to: event.to, by: event.by });
    case 'windowSessions':
      return takeWindow(state, { id: event.window, at, context }, { kind: 'sessions', sessions: event.sessions });
    case 'windowCancelled':
      return takeWindow(
        state,
        { id: event.window, at, context },
        {
          kind: 'cancel',
          ...(event.withdrawn && { withdrawn: true }),
        },
      );
    case 'windowClose':
      return takeClose(state, event, at, context);
    case 'acknowledge':
      return takeAcknowledgement(state, event, at);
    case 'claim':
      return takeClaim(state, event, at);
    case 'baseline':
      return { state, changed: [], answered: (desk) => settleTamper(desk, state, event.seen, at) };
    case 'accept':
      return takeAcceptance(state, event, at, context);
    case 'approved':
      return { state: withoutAccepted(state, event.device, event.seen) };
    case 'waive': {
      const others = state.waivers.filter((one) => !isFor(one, event.waiver.device, event.waiver.subject));
      return { state: { ...state, waivers: [...others, event.waiver] } };
    }
    case 'unwaive': {
      const waivers = state.waivers.filter((one) => !isFor(one, event.device, event.subject));
      if (waivers.length < state.waivers.length) return { state: { ...state, waivers } };
      return {
        state,
        problem: { code: 'NO_WAIVER', message: `nothing is waived for ${event.device}/${event.subject}` },
      };
    }
  }
}

function isFor(
  waiver: { readonly device: string; readonly subject: string },
  device: string,
  subject: string,
): boolean {
  return waiver.device === device && waiver.subject === subject;
}

function takeReadings(state: JudgeState, observations: readonly Observation[]): Taken {
  let current = state;
  const gone: PresentSubject[] = [];
  const changed: PresentSubject[] = [];
  // Of several readings of one device the last one counts: everything is judged.
  const isOne = observations.length === 1;
  for (const reading of observations) {
    const observation = withAccepted(current, reading);
    const observed = observe(current, observation);
    gone.push(...observed.gone);
    changed.push(...observed.changed);
    current = { ...observed.state, findings: seenAgain(current.findings, observed, { at: observation.at, isOne }) };
  }
  return isOne ? { state: current, gone, changed } : { state: current, gone };
}

/** What is as it was is seen once more; what has changed is judged. */
function seenAgain(
  findings: JudgeState['findings'],
  { state, seen, changed }: Observed,
  { at, isOne }: { readonly at: Instant; readonly isOne: boolean },
): JudgeState['findings'] {
  const table = findingTable(findings);
  const isNew = new Set(changed);
  for (const present of seen) {
    const finding = table.get(subjectKey(present.subject, present.missing));
    if (!finding || finding.resolvedAt !== undefined) continue;
    const count = finding.firstSeen < at ? finding.count + 1 : finding.count;
    table.set(finding.key, {
      ...finding,
      count,
      ...(isOne && !isNew.has(present) && { lastSeen: lastSeenOf(present, state) }),
    });
  }
  return table.list();
}

function takePlan(state: JudgeState, event: JudgeEvent & { kind: 'windowPlanned' }, context: JudgeContext): Taken {
  const { id } = event.window;
  const known = state.windows.find((window) => window.id === id);
  if (known && !(event.replaces && (known.state === 'planned' || known.withdrawn))) {
    return { state, problem: { code: 'WINDOW_EXISTS', message: `window ${id} is planned already` } };
  }
  const planned = context.windows.plan(event.window);
  if (!planned.ok) return { state, problem: planned.error };
  if (known) return { state: withWindow(state, planned.value.window) };
  return { state: { ...state, windows: [...state.windows, planned.value.window] } };
}

function takeWindow(state: JudgeState, named: Named, event: WindowEvent): Taken {
  const step = stepNamed(state, named, event);
  return step.ok ? { state: withWindow(state, step.value.window) } : { state, problem: step.error };
}

/** A window by its id, stepped at an instant. */
interface Named {
  readonly id: string;
  readonly at: Instant;
  readonly context: JudgeContext;
}

function stepNamed(state: JudgeState, { id, at, context }: Named, event: WindowEvent): Result<WindowStep> {
  const window = state.windows.find((one) => one.id === id);
  if (!window) return failure({ code: 'NO_WINDOW', message: `there is no window ${id}` });
  return context.windows.step(window, event, at);
}

function withWindow(state: JudgeState, window: MaintenanceWindow): JudgeState {
  return { ...state, windows: state.windows.map((one) => (one.id === window.id ? window : one)) };
}

/**
 * A close is answered by what the readings taken because of it show. The readings count even where the window cannot
 * be closed: they were made. The window has ended from now on, whatever the answer; only `closed` says that
 * everything was seen, and seen shut.
 */
function takeClose(
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
      openings: left.map((present) => answerOpening(present, judged, context, at)),
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

function answerOpening(present: PresentSubject, judged: JudgeState, context: JudgeContext, at: Instant): OpeningLeft {
  const { subject, firstSeen } = present;
  const finding = judged.findings.find((one) => one.key === subjectKey(subject));
  const then = contextAt(context, at);
  const verdict = verdictOf(present, judged, then, at, openNow(judged, then));
  return {
    id: subject.id,
    device: subject.device,
    summary: subject.summary,
    code: finding?.code ?? verdict?.code ?? 'LEFT_OPEN',
    severity: finding?.severity ?? verdict?.severity ?? 'medium',
    firstSeen,
    ...(subject.undo !== undefined && { undo: subject.undo }),
  };
}

function takeAcknowledgement(state: JudgeState, event: JudgeEvent & { kind: 'acknowledge' }, at: Instant): Taken {
  const finding = state.findings.find((one) => one.key === event.key && one.resolvedAt === undefined);
  if (!finding) return { state, problem: { code: 'NO_FINDING', message: `no open finding has the key ${event.key}` } };
  const set = finding.subject?.set;
  return {
    state,
    changed: [],
    answered: (desk) => {
      const current = openFinding(desk, event.key);
      if (!current) return;
      const acknowledged = { by: event.by, at, ...(set !== undefined && { set }) };
      tell(desk, { ...current, acknowledged }, { kind: 'update', at, row: false });
      acknowledgeMembers(desk, { key: event.key, by: event.by, at });
    },
  };
}

const CLAIMABLE: readonly string[] = ['UNPLANNED_OPENING', 'UNPLANNED_LISTENER'];

function takeClaim(state: JudgeState, event: JudgeEvent & { kind: 'claim' }, at: Instant): Taken {
  const { key, by, reason } = event;
  const finding = state.findings.find((one) => one.key === key && one.resolvedAt === undefined);
  if (!finding) return { state, problem: { code: 'NO_FINDING', message: `no open finding has the key ${key}` } };
  if (!CLAIMABLE.includes(finding.code)) {
    const message = `${key} is ${finding.code}: only what nobody planned is claimed`;
    return { state, problem: { code: 'CANNOT_CLAIM', message } };
  }
  if (by.trim() === '' || reason.trim() === '') {
    const message = `${key} cannot be claimed without a name and a reason`;
    return { state, problem: { code: 'CANNOT_CLAIM', message } };
  }
  const set = finding.subject?.set;
  return {
    state,
    changed: [],
    answered: (desk) => {
      const current = openFinding(desk, key);
      if (!current) return;
      const claimed = { by, reason, at, ...(set !== undefined && { set }) };
      tell(desk, { ...current, claimed }, { kind: 'update', at, row: false });
    },
  };
}

function takeAcceptance(
  state: JudgeState,
  event: JudgeEvent & { kind: 'accept' },
  at: Instant,
  context: JudgeContext,
): Taken {
  const finding = state.findings.find((one) => one.key === event.key && one.resolvedAt === undefined);
  if (!finding) return { state, problem: { code: 'NO_FINDING', message: `no open finding has the key ${event.key}` } };
  const said = accept(finding, event.word, state, context, at);
  if ('problem' in said) return { state, problem: said.problem };
  const { acceptance, present } = said;
  const known = state.present.find((one) => subjectKey(one.subject, one.missing) === event.key);
  const next: JudgeState = {
    ...state,
    present: state.present.map((one) => (one === known ? present : one)),
    acceptances: withAcceptance(state.acceptances, acceptance),
  };
  const isDecided = acceptance.acceptedAt !== undefined || acceptance.refused !== undefined;
  if (isDecided) return { state: next, changed: [present] };
  return {
    state: next,
    changed: [present],
    answered: (desk) => {
      const open = openFinding(desk, event.key);
      if (open) tell(desk, open, { kind: 'update', at, row: false });
    },
  };
}

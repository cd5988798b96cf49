import type { Instant } from '../windows/index.js';
import { withoutAccepted } from './acceptance.js';
import { blindnessDue } from './blind.js';
import type { JudgeContext } from './context.js';
import { windowsDue } from './deadlines.js';
import { escalationsDue } from './escalate.js';
import type { JudgeEvent, JudgeStep } from './events.js';
import type { JudgeState } from './findings.js';
import { floodsDue } from './floods.js';
import { forgotten } from './forget.js';
import { miss } from './observe.js';
import { onboardingsDue } from './onboarding.js';
import { configured } from './removed.js';
import { settle } from './settle.js';
import { takeClose } from './take-close.js';
import { takeReadings } from './take-readings.js';
import { takePlan, takeWindow } from './take-window.js';
import { takeAcceptance, takeAcknowledgement, takeClaim } from './take-word.js';
import type { Taken } from './taken.js';
import { settleTamper } from './tamper.js';
import type { FindingEvent } from './types.js';
import { takeUnwaive, takeWaiver } from './waivers.js';

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
    case 'windowExtended':
    case 'windowResumed':
    case 'windowHandedOver':
    case 'windowSessions':
    case 'windowCancelled':
      return takeWindow(state, { id: event.window, at, context }, event);
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
    case 'waive':
      return takeWaiver(state, event.waiver);
    case 'unwaive':
      return takeUnwaive(state, event.device, event.subject);
  }
}

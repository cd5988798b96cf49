import type { Instant } from '../windows/index.js';
import { contextAt } from './approvals.js';
import { settleBlindness } from './blind.js';
import type { JudgeContext } from './context.js';
import { settleWindows } from './deadlines.js';
import { escalate } from './escalate.js';
import { type JudgeState, lastSeenOf, type PresentSubject } from './findings.js';
import { settleFloods } from './floods.js';
import { settleHostKeys } from './host-keys.js';
import {
  DECLARED_NOW,
  type Desk,
  openDesk,
  openFinding,
  remindIfDue,
  resolve,
  settleSubject,
  subjectKey,
} from './life.js';
import { byOrder } from './observe.js';
import { type HeldBack, isHeldBack, newOnes, onboardingOf, settleOnboarding } from './onboarding.js';
import { oncePer } from './once.js';
import { settleRemoved } from './removed.js';
import { openingsFromInternet } from './risk.js';
import { declaredId, type FindingEvent, type Subject } from './types.js';
import { verdictOf, waiverFor } from './verdict.js';

/** What an event did to the state, as far as that is known. */
export interface Step {
  readonly before: JudgeState;
  /** When something has to be judged though nothing happens. */
  readonly due: Instant | undefined;
  readonly gone?: readonly PresentSubject[];
  /** Of what is there, what is not as it was; left out, it may be anything. */
  readonly changed?: readonly PresentSubject[];
  /** What the event itself tells, after the subjects and the windows. */
  readonly answered?: (desk: Desk) => void;
}

export interface Settled {
  readonly state: JudgeState;
  readonly events: readonly FindingEvent[];
}

/** What the judgement of a state rested on. A state that was read from a store has none, and is judged as a whole. */
interface Basis {
  readonly context: JudgeContext;
  /** What lets the internet in: it makes listeners worse, wherever they are. */
  readonly alongside: readonly Subject[];
}

const bases = new WeakMap<JudgeState, Basis>();

/**
 * Judges everything at one instant: subjects in the order they were added, then blindness, then windows, then what is
 * told of many alarms at once, and what is passed on. Where an event left all but a few subjects as they were, and no
 * time has run out since, the verdict on the others is the one that they have: they are not judged again.
 */
export function settle(state: JudgeState, at: Instant, always: JudgeContext, step?: Step): Settled {
  const context = contextAt(always, at);
  const desk = openDesk(state);
  const { gone = [], changed } = step ?? {};
  const isStill = step !== undefined && holds(state, at, context, step);
  const before = isStill ? bases.get(step.before)!.alongside : undefined;
  const alongside = before && gone.length === 0 && changed!.length === 0 ? before : openNow(state, context);
  const others = before && elsewhere(state, context, { at, changed: changed!, isSame: isSameList(before, alongside) });
  const concerned = others ? [...changed!, ...others] : state.present;
  const vanished = new Set(gone);
  const held: HeldBack[] = [];
  for (const present of byOrder([...concerned, ...gone])) {
    const key = subjectKey(present.subject, present.missing);
    if (vanished.has(present)) {
      const open = openFinding(desk, key);
      if (open)
        resolve(desk, open, at, {
          row: true,
          ...(isDeclaredNow(present, state) && { why: DECLARED_NOW, declared: true }),
        });
      continue;
    }
    const verdict = verdictOf(present, state, context, at, alongside);
    const waiver = waiverFor(present, state.waivers, at);
    if (verdict && !waiver && !openFinding(desk, key) && isHeldBack({ present, verdict }, context, at)) {
      held.push({ present, verdict });
      continue;
    }
    settleSubject(desk, { ...present, lastSeen: lastSeenOf(present, state) }, verdict, waiver, at);
    remindIfDue(desk, key, at);
  }
  settleOnboarding(desk, state, held, context, at);
  settleHostKeys(desk, state, at);
  settleBlindness(desk, state, context, at);
  settleRemoved(desk, state, at);
  const windows = settleWindows(desk, state, context, at);
  step?.answered?.(desk);
  settleFloods(desk, at);
  escalate(desk, context, at);
  const settled: JudgeState = { ...state, windows, findings: desk.findings.list(), judgedUpTo: at };
  // A window that has just ended is judged with what follows.
  if (windows === state.windows) bases.set(settled, { context, alongside });
  return { state: settled, events: desk.events };
}

/** Whether everything that the verdicts of the state before rested on is as it was, but for the subjects named. */
function holds(state: JudgeState, at: Instant, context: JudgeContext, { before, due, changed }: Step): boolean {
  return (
    changed !== undefined &&
    (due === undefined || due > at) &&
    state.windows === before.windows &&
    state.waivers === before.waivers &&
    bases.get(before)?.context === context
  );
}

interface Few {
  readonly at: Instant;
  readonly changed: readonly PresentSubject[];
  /** What lets the internet in is what it was. */
  readonly isSame: boolean;
}

/** What is judged anew besides what has changed: what others open makes worse, and what an onboarding counts. */
function elsewhere(state: JudgeState, context: JudgeContext, { at, changed, isSame }: Few): readonly PresentSubject[] {
  const onboarded = new Set(
    [...newOnes(context).keys()].filter((device) => onboardingOf(device, context, at) !== undefined),
  );
  if (isSame && onboarded.size === 0) return [];
  const judged = new Set(changed);
  const worse = new Set<Subject['kind']>([
    'listener',
    ...context.exposures.flatMap(({ when }) => (when.reached === undefined ? [] : when.kind)),
  ]);
  return state.present.filter(
    (one) => !judged.has(one) && (onboarded.has(one.subject.device) || (!isSame && worse.has(one.subject.kind))),
  );
}

function isSameList(a: readonly Subject[], b: readonly Subject[]): boolean {
  return a === b || (a.length === b.length && a.every((one, index) => one === b[index]));
}

/** The same packets still pass, and are declared since: nobody shut anything. */
function isDeclaredNow({ subject }: PresentSubject, { present }: JudgeState): boolean {
  const declared = declaredThere(present).get(`${subject.device}/${declaredId(subject)}`);
  return declared?.some(({ set }) => set === subject.set) ?? false;
}

const declaredThere = oncePer((present: JudgeState['present']): ReadonlyMap<string, readonly Subject[]> => {
  const lists = new Map<string, Subject[]>();
  for (const { declared, subject } of present) {
    if (declared)
      lists.set(`${subject.device}/${subject.id}`, [...(lists.get(`${subject.device}/${subject.id}`) ?? []), subject]);
  }
  return lists;
});

export function openNow(state: JudgeState, context: JudgeContext): readonly Subject[] {
  const there = state.present.filter((present) => !present.missing).map((present) => present.subject);
  return openingsFromInternet(there, context);
}

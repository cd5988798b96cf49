import type { Instant } from '../windows/index.js';
import type { JudgeContext } from './context.js';
import type { JudgeState, PresentSubject } from './findings.js';
import { type Desk, openFinding, raise, resolve, subjectKey } from './life.js';
import { sourceOf } from './parties.js';
import { levelOf, openingsFromInternet } from './risk.js';
import { type Verdict, verdictOf, waiverFor } from './verdict.js';

/**
 * A device that is new has much open that nobody has declared yet. Until its onboarding ends, that is one report and
 * not an alarm each; only what is critical and open to the internet is told on its own. What a change window covers is
 * judged as ever, and nothing that was told before falls silent.
 */
export interface HeldBack {
  readonly present: PresentSubject;
  readonly verdict: Verdict;
}

const onboarded = new WeakMap<JudgeContext, ReadonlyMap<string, Instant>>();

/** The devices that have an onboarding at all, with its end. */
export function newOnes(context: JudgeContext): ReadonlyMap<string, Instant> {
  let found = onboarded.get(context);
  if (!found) {
    found = new Map(
      Object.entries(context.devices).flatMap(([name, { onboardingUntil: until }]) =>
        until === undefined ? [] : [[name, until] as const],
      ),
    );
    onboarded.set(context, found);
  }
  return found;
}

/** Until when a device's onboarding lasts, where it has not ended. */
export function onboardingOf(device: string, context: JudgeContext, at: Instant): Instant | undefined {
  const until = context.devices[device]?.onboardingUntil;
  return until !== undefined && at < until ? until : undefined;
}

/** Whether a verdict that nobody was told yet waits for the end of the onboarding. */
export function isHeldBack({ present, verdict }: HeldBack, context: JudgeContext, at: Instant): boolean {
  const { subject } = present;
  if (onboardingOf(subject.device, context, at) === undefined || verdict.windows.length > 0) return false;
  // Somebody has said when it may be open: that is no news of a device that is new.
  if (subject.inWindows) return false;
  return verdict.severity !== 'critical' || !isOpenToInternet(present, context);
}

/** A listener is critical only where an opening from the internet reaches it. */
function isOpenToInternet({ subject }: PresentSubject, context: JudgeContext): boolean {
  return subject.kind === 'listener' || sourceOf(subject, context).class === 'internet';
}

/** What waits on each device at the latest instant that was judged. */
export function heldBackNow(state: JudgeState, context: JudgeContext): readonly HeldBack[] {
  const at = state.judgedUpTo;
  if (!Object.keys(context.devices).some((device) => onboardingOf(device, context, at) !== undefined)) return [];
  const told = new Set(state.findings.filter((one) => one.resolvedAt === undefined).map(({ key }) => key));
  const there = state.present.filter((present) => !present.missing).map(({ subject }) => subject);
  const alongside = openingsFromInternet(there, context);
  return state.present.flatMap((present) => {
    if (told.has(subjectKey(present.subject, present.missing))) return [];
    if (waiverFor(present, state.waivers, at)) return [];
    const verdict = verdictOf(present, state, context, at, alongside);
    return verdict && isHeldBack({ present, verdict }, context, at) ? [{ present, verdict }] : [];
  });
}

const LINES_MAX = 100;

function linesOf(held: readonly HeldBack[]): readonly string[] {
  const worstFirst = [...held].sort((a, b) => levelOf(b.verdict.severity) - levelOf(a.verdict.severity));
  const lines = worstFirst.map(
    ({ present, verdict }) => `${verdict.severity} ${verdict.code} ${present.subject.summary}`,
  );
  const more = lines.length - LINES_MAX;
  return [...lines.slice(0, LINES_MAX), ...(more > 0 ? [`and ${more} more`] : [])];
}

/** The report: told once, at the first complete reading; kept up to date until the end, and over then. */
export function settleOnboarding(
  desk: Desk,
  state: JudgeState,
  held: readonly HeldBack[],
  context: JudgeContext,
  at: Instant,
): void {
  const [ever, told] = [newOnes(context), desk.findings.named('onboarding')];
  if (ever.size === 0 && told.size === 0) return;
  for (const { device, lastCompleteAt, removedAt } of state.devices) {
    if (!ever.has(device) && !told.has(device)) continue;
    const key = `onboarding/${device}`;
    const open = openFinding(desk, key);
    const until = onboardingOf(device, context, at);
    if (until === undefined || removedAt !== undefined) {
      if (open) resolve(desk, open, at, { row: true, why: 'the onboarding is over: everything is judged from now on' });
      continue;
    }
    if (lastCompleteAt === undefined) continue;
    const own = held.filter(({ present }) => present.subject.device === device);
    const details = linesOf(own);
    const because = `info: onboarding until ${new Date(until).toISOString()}, ${own.length} held back`;
    if (!open) {
      raise(desk, {
        ...{ key, at, code: 'ONBOARDING_REPORT', severity: 'info', because, subjectId: device, device, windows: [] },
        ...{ firstSeen: at, lastSeen: at, details },
      });
    } else if (JSON.stringify([open.severityBecause, open.details]) !== JSON.stringify([because, details])) {
      desk.findings.set(key, { ...open, severityBecause: because, details });
    }
  }
}

/** Instants at which onboardings end. */
export function onboardingsDue(context: JudgeContext): readonly Instant[] {
  return [...newOnes(context).values()];
}

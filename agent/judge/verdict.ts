import type { Instant, MaintenanceWindow } from '../windows/index.js';
import type { Acceptance } from './acceptance.js';
import { endedApprovals } from './approvals.js';
import { type Awaited, awaitedText, peopleNeeded } from './awaited.js';
import { type FindingCode, factCodeOf } from './codes.js';
import type { JudgeContext } from './context.js';
import type { JudgeState, PresentSubject } from './findings.js';
import { oncePer } from './once.js';
import { isTakenOver, leftFrom, type Ownership, ownershipOf } from './ownership.js';
import { unapprovedDestination } from './parties.js';
import { levelOf, lowered, type Rating } from './risk.js';
import { exposuresOf } from './rules/match.js';
import { reachesRemoteTool } from './services.js';
import { egressSeverityOf, type Rated, severityOf } from './severity.js';
import { declaredId, type Severity, type Subject, type Waiver } from './types.js';

/** What a subject is at an instant: the first row of the precedence that holds. */
export interface Verdict {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly because: string;
  readonly windows: readonly string[];
  /** Ids of the rules of rules/exposure that speak of it. */
  readonly rules: readonly string[];
  readonly details?: readonly string[];
  readonly awaits?: Awaited;
}

/** Under what name a waiver speaks of it: that a flow is cut may be accepted, and says nothing of its being open. */
export function waivedAs(subjectId: string, missing = false): string {
  return missing ? `missing/${subjectId}` : subjectId;
}

/** Waivers by what they speak of; each keeps its place among those of the same thing. */
const byName = oncePer((waivers: readonly Waiver[]): ReadonlyMap<string, readonly Waiver[]> => {
  const lists = new Map<string, Waiver[]>();
  for (const waiver of waivers) {
    const name = `${waiver.device}/${waiver.subject}`;
    const list = lists.get(name);
    if (list) list.push(waiver);
    else lists.set(name, [waiver]);
  }
  return lists;
});

export function waiverFor(
  { subject, missing }: Pick<PresentSubject, 'subject' | 'missing'>,
  waivers: readonly Waiver[],
  at: Instant,
): Waiver | undefined {
  if (waivers.length === 0) return undefined;
  return byName(waivers)
    .get(`${subject.device}/${waivedAs(subject.id, missing)}`)
    ?.find((waiver) => (waiver.set === undefined || waiver.set === subject.set) && at < waiver.expires);
}

/** What the hospital said to the very packets that are open now, as staying. */
export function acceptanceOf({ subject }: PresentSubject, { acceptances = [] }: JudgeState): Acceptance | undefined {
  return acceptances.find(
    (one) => one.device === subject.device && one.subject === subject.id && one.set === subject.set,
  );
}

/** Whether it may stay open for now, because a window announced that it stays and nobody has refused it. */
function mayStay(present: PresentSubject, state: JudgeState, { kept }: Ownership, at: Instant): boolean {
  return kept !== undefined && at < kept.until && acceptanceOf(present, state)?.refused === undefined;
}

/** Openings of a window that stand in the way of closing it: its own, not waived, not announced as staying. */
export function openingsLeft(
  window: MaintenanceWindow,
  state: JudgeState,
  context: JudgeContext,
  at: Instant,
): readonly PresentSubject[] {
  return state.present.filter((present) => {
    if (present.declared || present.missing || waiverFor(present, state.waivers, at)) return false;
    const ownership = ownershipOf(present, state.windows, context, at);
    const isIts = ownership.owners.some(({ id }) => id === window.id) || isTakenOver(present, window, context);
    return isIts && !mayStay(present, state, ownership, at);
  });
}

/** The verdict on a subject at an instant; undefined: nothing to tell. Waivers are the caller's business. */
export function verdictOf(
  present: PresentSubject,
  state: JudgeState,
  context: JudgeContext,
  at: Instant,
  alongside: readonly Subject[],
): Verdict | undefined {
  const { subject } = present;
  if (present.missing) {
    if (wasExposure(present, state, context, { at, alongside })) return undefined;
    return { code: 'MISSING_FLOW', severity: 'low', because: 'low: a declared flow is cut', windows: [], rules: [] };
  }
  const rules = exposuresOf(subject, context, alongside);
  const ids = rules.map(({ id }) => id);
  const rate = (): Rating => ratingOf(severityOf(subject, context, alongside));
  if (present.declared) {
    if (subject.latent || !rules.some(({ baseline }) => baseline)) return undefined;
    return { code: 'BASELINE_EXPOSURE', ...rate(), windows: [], rules: ids };
  }
  const ownership = ownershipOf(present, state.windows, context, at);
  const { owners, inScope } = ownership;
  const about = { windows: owners.map((window) => window.id), rules: ids };
  const due = owners.length > 0 && at >= leftFrom(owners, context);
  const noted = (code: FindingCode): Verdict => ({ code, severity: 'info', because: 'info: as declared', ...about });
  if (subject.latent) {
    if (inScope && !due) return noted('IN_WINDOW_CHANGE');
    return { code: 'LATENT_OPENING', ...latentRisk(rate(), subject.latent), ...about };
  }
  if (due) {
    if (mayStay(present, state, ownership, at)) {
      const { kept } = ownership;
      const signed = acceptanceOf(present, state)?.signatures ?? [];
      const awaits = { ...kept!, people: peopleNeeded(context), signed };
      return { ...noted('PENDING_ACCEPTANCE'), details: [awaitedText(awaits)], awaits };
    }
    const details = notStaying(present, state, ownership);
    return {
      ...{ code: leftCode(subject, context), ...leftRisk(subject, rate(), context), ...about },
      ...(details.length > 0 && { details }),
    };
  }
  if (subject.inWindows) {
    if (inScope) return noted('IN_WINDOW_CHANGE');
    return { code: 'ACCESS_OUT_OF_WINDOW', ...rate(), ...about };
  }
  if (unapprovedDestination(subject, context)) {
    const details = endedApprovals(subject, context, at);
    const ended = details.length > 0 && { details };
    return { code: 'EGRESS_UNAPPROVED_HOST', ...ratingOf(egressSeverityOf(subject, context)), ...about, ...ended };
  }
  if (subject.kind === 'engine' && inScope) {
    return { code: 'FILTERING_OFF', severity: 'high', because: 'high: filtering off, as declared', ...about };
  }
  if (inScope) return noted('IN_WINDOW_CHANGE');
  return { code: outsideCode(subject, owners.length > 0), ...rate(), ...about };
}

/** Why what was announced as staying is left open all the same. */
function notStaying(present: PresentSubject, state: JudgeState, { kept }: Ownership): readonly string[] {
  if (!kept) return [];
  const { refused, signatures = [] } = acceptanceOf(present, state) ?? {};
  if (refused) return [`announced as staying, and refused by ${refused.by}: ${refused.reason}`];
  const names = signatures.map(({ by }) => by).join(' and ');
  const by = names === '' ? 'nobody' : `only ${names}`;
  return [`announced as staying, and accepted by ${by} until ${new Date(kept.until).toISOString()}`];
}

/** What the guard itself asked to have shut is not missed; where somebody had accepted it, the ward does miss it. */
function wasExposure(
  { subject }: PresentSubject,
  state: JudgeState,
  context: JudgeContext,
  { at, alongside }: { readonly at: Instant; readonly alongside: readonly Subject[] },
): boolean {
  if (!exposuresOf(subject, context, alongside).some(({ baseline }) => baseline)) return false;
  const accepted = [subject.id, declaredId(subject)].some((id) =>
    waiverFor({ subject: { ...subject, id } }, state.waivers, at),
  );
  return !accepted;
}

function ratingOf({ severity, because }: Rated): Rating {
  return { severity, because };
}

function latentRisk(risk: Rating, latent: NonNullable<Subject['latent']>): Rating {
  const severity = latent.shadowed ? 'low' : lowered(risk.severity, 1);
  const why = latent.shadowed ? 'not effective now' : 'not open now −1';
  return { severity, because: `${severity}: ${risk.because.replace(/^\w+: /, '')}, ${why}` };
}

function leftRisk(subject: Subject, risk: Rating, context: JudgeContext): Rating {
  if (!unapprovedDestination(subject, context)) return risk;
  const egress = ratingOf(egressSeverityOf(subject, context));
  return levelOf(egress.severity) > levelOf(risk.severity) ? egress : risk;
}

function leftCode(subject: Subject, context: JudgeContext): FindingCode {
  const { proto, ports } = subject.flow;
  const traffic = subject.kind === 'rule' || subject.kind === 'listener';
  if (traffic && reachesRemoteTool(context.services, proto.toLowerCase(), ports)) return 'REMOTE_TOOL_LEFT';
  return subject.kind === 'listener' ? 'LISTENER_LEFT' : 'LEFT_OPEN';
}

function outsideCode(subject: Subject, covered: boolean): FindingCode {
  if (subject.platform) return 'PLATFORM_CHANGED';
  switch (subject.kind) {
    case 'fact':
      return factCodeOf(subject.factCode);
    case 'listener':
      return covered ? 'OUT_OF_SCOPE_LISTENER' : 'UNPLANNED_LISTENER';
    case 'rule':
    case 'engine':
      return covered ? 'OUT_OF_SCOPE_OPENING' : 'UNPLANNED_OPENING';
  }
}

import { isSubset } from '../lib/intervals.js';
import type { Problem } from '../lib/result.js';
import type { Instant } from '../windows/index.js';
import { isSamePerson, peopleNeeded } from './awaited.js';
import type { JudgeContext } from './context.js';
import type { JudgeState, PresentSubject } from './findings.js';
import { ownershipOf } from './ownership.js';
import { declaredId, type Finding, type Flow, type Observation, type Party, type Subject } from './types.js';
import { acceptanceOf } from './verdict.js';

/**
 * What the hospital said to a flow that a window announced as staying. The word is bound to the exact packets that
 * were open when it was given; with enough names the flow is declared from then on, beside the baseline file and the
 * approved snapshot.
 */
export interface Acceptance {
  readonly device: string;
  readonly subject: string;
  readonly set?: string;
  /** What was accepted, as it was then: it is missed once it is cut. */
  readonly what: Subject;
  readonly windows: readonly string[];
  readonly signatures: readonly { readonly by: string; readonly at: Instant }[];
  /** When the last name came that it took. */
  readonly acceptedAt?: Instant;
  /** The hospital does not want it to stay: it is left open from then on, like anything that nobody announced. */
  readonly refused?: { readonly by: string; readonly reason: string; readonly at: Instant };
}

/** What somebody says of a flow that waits: it may stay (`second` signs too), or it may not, and why. */
export type Word =
  | { readonly kind: 'accept'; readonly by: string; readonly second?: string }
  | { readonly kind: 'refuse'; readonly by: string; readonly reason: string };

/** The present flow after a person's word, or why the word does not count. */
export function accept(
  finding: Finding,
  word: Word,
  state: JudgeState,
  context: JudgeContext,
  at: Instant,
): { readonly present: PresentSubject; readonly acceptance: Acceptance } | { readonly problem: Problem } {
  const refuse = (message: string, more: Pick<Problem, 'expected' | 'remedy'> = {}) => ({
    problem: { code: 'CANNOT_ACCEPT', message: `${finding.key} ${message}`, ...more },
  });
  const present = state.present.find(
    (one) => !one.declared && !one.missing && `${one.subject.device}/${one.subject.id}` === finding.key,
  );
  if (!present || finding.code !== 'PENDING_ACCEPTANCE') {
    return refuse(`is ${finding.code}: only a flow that a window announced as staying is accepted, after its end`, {
      remedy: 'ecluse waive for a risk until a date, ecluse baseline accept for a snapshot',
    });
  }
  const names = [word.by, ...(word.kind === 'accept' && word.second !== undefined ? [word.second] : [])];
  if (names.some((name) => name.trim() === '')) return refuse('cannot be decided without a name');
  if (word.kind === 'refuse' && word.reason.trim() === '') return refuse('cannot be refused without a reason');
  const { owners, kept } = ownershipOf(present, state.windows, context, at);
  const atWork = owners.flatMap(({ vendor, technician }) => [vendor, technician ?? '']);
  const own = names.find((name) => atWork.some((one) => isSamePerson(one, name)));
  if (own !== undefined) {
    return refuse(`was opened by ${own}, who cannot decide that it stays`, { expected: 'people of the hospital' });
  }
  const { subject } = present;
  const before = acceptanceOf(present, state);
  const signed = before?.signatures ?? [];
  const about = {
    ...{ device: subject.device, subject: subject.id, what: subject, windows: owners.map(({ id }) => id) },
    ...(subject.set !== undefined && { set: subject.set }),
  };
  if (word.kind === 'refuse') {
    return { present, acceptance: { ...about, signatures: signed, refused: { by: word.by, reason: word.reason, at } } };
  }
  const fresh = names.filter(
    (name, index) =>
      !signed.some(({ by }) => isSamePerson(by, name)) && names.findIndex((one) => isSamePerson(one, name)) === index,
  );
  if (fresh.length === 0) return refuse(`is signed by ${word.by} already`, { expected: 'somebody else' });
  const signatures = [...signed, ...fresh.map((by) => ({ by: by.trim(), at }))];
  const isOwner = signatures.some(({ by }) => kept?.owners.some((owner) => isSamePerson(owner, by)));
  const isWhole = isOwner && signatures.length >= peopleNeeded(context);
  // Without the owner it is never enough: others may sign, and it still waits for that name.
  return {
    present: isWhole ? { ...present, declared: true, accepted: signatures.map(({ by }) => by) } : present,
    acceptance: { ...about, signatures, ...(isWhole && { acceptedAt: at }) },
  };
}

/** Replaces what was said of the same flow before. */
export function withAcceptance(
  acceptances: readonly Acceptance[] | undefined,
  acceptance: Acceptance,
): readonly Acceptance[] {
  const others = (acceptances ?? []).filter(
    (one) => one.device !== acceptance.device || one.subject !== acceptance.subject,
  );
  return [...others, acceptance];
}

/**
 * A reading as it is against the baseline with what was accepted: what was is declared, under whatever rule the very
 * same packets pass now; and what was and does not pass any more is missed.
 */
export function withAccepted(state: JudgeState, observation: Observation): Observation {
  const accepted = (state.acceptances ?? []).filter(
    ({ acceptedAt, device }) => acceptedAt !== undefined && device === observation.device,
  );
  if (accepted.length === 0) return observation;
  const isAccepted = (subject: Subject): boolean =>
    !subject.latent && accepted.some(({ what, set }) => what.kind === subject.kind && isSame(what, set, subject));
  const undeclared = observation.undeclared.filter((subject) => !isAccepted(subject));
  const declared = [...observation.declared, ...observation.undeclared.filter(isAccepted)];
  const open = [...undeclared, ...declared].filter(({ latent }) => !latent);
  const cut = accepted.filter(({ what }) => !open.some((one) => one.id === declaredId(what) || holds(one, what)));
  const missing = observation.blind.length > 0 ? [] : cut.map(({ what }) => what);
  return { ...observation, undeclared, declared, missing: [...observation.missing, ...missing] };
}

function isSame(what: Subject, set: string | undefined, subject: Subject): boolean {
  if (what.direction !== subject.direction) return false;
  return set === undefined ? what.id === subject.id : set === subject.set;
}

/** Whether one hull lies in another, as far as both show it. */
function holds(outer: Subject, inner: Subject): boolean {
  if (outer.kind !== inner.kind || outer.device !== inner.device || outer.direction !== inner.direction) return false;
  const within = (a: Party, b: Party): boolean =>
    a.text === b.text ||
    (a.addresses !== undefined &&
      b.addresses !== undefined &&
      isSubset(a.addresses.ip4, b.addresses.ip4) &&
      isSubset(a.addresses.ip6, b.addresses.ip6));
  const [a, b]: [Flow, Flow] = [inner.flow, outer.flow];
  const protocols = b.proto.split(',');
  const isProtocol = b.proto === 'any' || a.proto.split(',').every((one) => protocols.includes(one));
  const isPort = b.ports === 'any' || (a.ports !== 'any' && isSubset(a.ports, b.ports));
  return isProtocol && isPort && within(a.src, b.src) && within(a.dst, b.dst) && a.nat === b.nat;
}

/** A device as it was approved is all that is declared of it: the words given before speak of another one. */
export function withoutAccepted(state: JudgeState, device: string, seen: Instant): JudgeState {
  const left = (state.acceptances ?? []).filter(
    (one) => one.device !== device || one.acceptedAt === undefined || one.acceptedAt > seen,
  );
  if (left.length === (state.acceptances ?? []).length) return state;
  const { acceptances: _, ...rest } = state;
  return left.length === 0 ? rest : { ...state, acceptances: left };
}

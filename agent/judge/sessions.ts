import { type DeclaredFlow, flowSetOf } from '../baseline/index.js';
import {
  ask,
  compare,
  type KnownPacket,
  type Membership,
  memberOf,
  type Opening,
  protocolName,
} from '../exposure/index.js';
import { type Device, formatIp4, formatIp6, type Pipeline, type Session, type SessionTable } from '../model/index.js';
import type { SessionLeft, SessionsLeft } from '../windows/index.js';
import { undecided } from './compose-compare.js';

export interface ShutInput {
  readonly now: Device;
  /** How the device was found while the window lasted. */
  readonly during: readonly Device[];
  /** How it was before. */
  readonly before?: Device;
  readonly approved?: Device;
  readonly flows: readonly DeclaredFlow[];
  readonly timeMsMax?: number;
}

/** What a window opened and somebody shut again. */
export interface Shut {
  readonly openings: readonly Opening[];
  /** Why that is not known exactly. */
  readonly reasons: readonly string[];
}

/**
 * New connections that were let through while the window lasted and are not now, without what was let through before or
 * is declared: what was cut of that is no work of the window.
 */
export function shutAgain({ now, during, before, approved, flows, timeMsMax }: ShutInput): Shut {
  const budget = timeMsMax === undefined ? {} : { timeMsMax: Math.round(timeMsMax / Math.max(1, during.length)) };
  const openings = new Map<string, Opening>();
  const reasons = new Set<string>();
  for (const { pipeline: then } of during) {
    const shut = without(then, [now, before, approved], flows, budget);
    for (const reason of shut.reasons) reasons.add(reason);
    for (const opening of shut.openings) openings.set(`${opening.id} ${opening.set}`, opening);
  }
  return { openings: [...openings.values()], reasons: [...reasons] };
}

function without(
  then: Pipeline,
  states: readonly (Device | undefined)[],
  flows: readonly DeclaredFlow[],
  budget: { readonly timeMsMax?: number },
): Shut {
  let left: readonly Opening[] | undefined;
  const reasons: string[] = [];
  for (const state of states) {
    if (!state || left?.length === 0) continue;
    const within = left && { within: left.map(flowSetOf) };
    const seen = compare(then, { pipeline: state.pipeline, flows, ...within, ...budget });
    reasons.push(...undecided(seen));
    left = seen.undeclared;
  }
  return { openings: left ?? [], reasons };
}

export interface LeftInput {
  readonly device: string;
  readonly now: Pipeline;
  readonly shut: Shut;
  readonly table: SessionTable;
}

/** So many are listed; a person who has more of them ends them all at once. */
const LISTED_MAX = 100;
const TCP = 6;
/** The flag byte of a packet within a connection. */
const ACK = 16;

/**
 * Connections that a rule let in which is gone, and that go on all the same, because rules let pass what is established.
 * A session is one where its first packet lay in what was opened and shut again, today's rules would not admit it as
 * new, and do not stop it as it is.
 */
export function sessionsLeft({ device, now, shut, table }: LeftInput): SessionsLeft {
  const notCovered = [...table.notCovered, ...shut.reasons.map((reason) => `connections that are up: ${reason}`)];
  const left: SessionLeft[] = [];
  let more = 0;
  for (const session of table.sessions) {
    const admitted = admittedBy(shut.openings, session);
    if (!admitted) continue;
    const passes = stillPasses(now, session, admitted);
    if (passes === 'no') continue;
    if (left.length >= LISTED_MAX) {
      more++;
      continue;
    }
    const { opening, membership } = admitted;
    const isCertain = membership === 'yes' && opening.certainty === 'certain' && passes === 'yes';
    left.push({
      device,
      summary: sessionText(session),
      state: session.state,
      certainty: isCertain ? 'certain' : 'possible',
      admittedBy: opening.permittedBy.origin.text,
      command: session.end,
      ...(session.forgottenAfterSeconds !== undefined && { forgottenAfterSeconds: session.forgottenAfterSeconds }),
    });
  }
  if (more > 0) notCovered.push(`connections that are up: ${more} more than the ${LISTED_MAX} that are listed.`);
  return { left, notCovered: notCovered.map((sentence) => `${device}: ${sentence}`) };
}

interface Admitted {
  readonly opening: Opening;
  readonly membership: Membership;
}

/** What let it in: of what surely did rather than of what perhaps did. */
function admittedBy(openings: readonly Opening[], session: Session): Admitted | undefined {
  let perhaps: Admitted | undefined;
  for (const opening of openings) {
    if (opening.direction !== session.direction) continue;
    const membership = memberOf(opening, session);
    if (membership === 'yes' && opening.certainty === 'certain') return { opening, membership };
    if (membership !== 'no') perhaps ??= { opening, membership };
  }
  return perhaps;
}

/** Whether today's rules let it go on: they would not admit it as new, and pass it as established. */
function stillPasses(now: Pipeline, session: Session, { membership }: Admitted): Membership {
  // Where the exact set is known, that they do not admit it is what the set says.
  if (membership === 'perhaps' && verdictOf(now, session, session, 'new') === 'allow') return 'no';
  const { translated } = session;
  const after: KnownPacket | undefined = translated && {
    ...session,
    destination: translated.address,
    ...(translated.port !== undefined && { destinationPort: translated.port }),
  };
  // Rules before the translation see the one header, those behind it the other.
  const verdicts = [session, ...(after ? [after] : [])].map((packet) => verdictOf(now, session, packet, 'established'));
  if (verdicts.every((verdict) => verdict === 'deny')) return 'no';
  return verdicts.includes('allow') ? 'yes' : 'perhaps';
}

function verdictOf(now: Pipeline, { direction }: Session, packet: KnownPacket, state: 'new' | 'established') {
  const { family, inInterface, outInterface, source, destination, protocol, sourcePort, destinationPort, icmp } =
    packet;
  return ask(now, {
    families: [family],
    direction,
    state,
    fields: {
      source,
      destination,
      protocol,
      ...(sourcePort !== undefined && { sourcePort }),
      ...(destinationPort !== undefined && { destinationPort }),
      ...(icmp !== undefined && { icmp }),
      ...(protocol === TCP && { tcpFlags: state === 'new' ? 2 : ACK }),
    },
    ...(inInterface !== undefined && { inInterface }),
    ...(outInterface !== undefined && { outInterface }),
  }).verdict;
}

function endText(address: number | bigint, port: number | undefined): string {
  const text = typeof address === 'bigint' ? formatIp6(address) : formatIp4(address);
  if (port === undefined) return text;
  return typeof address === 'bigint' ? `[${text}]:${port}` : `${text}:${port}`;
}

/** `tcp 203.0.113.10:40022 → 198.51.100.80:8080`. */
export function sessionText(session: Session): string {
  const { protocol, source, sourcePort, destination, destinationPort, translated } = session;
  const target = translated ? `, answered by ${endText(translated.address, translated.port)}` : '';
  return `${protocolName(protocol)} ${endText(source, sourcePort)} → ${endText(destination, destinationPort)}${target}`;
}

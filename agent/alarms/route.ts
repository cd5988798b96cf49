import type { FindingEvent } from '../judge/types.js';

/**
 * `alert`: something is open, has changed or is shut again: what an operator of a SIEM must see. `reminder`: the same
 * alarm, said again because it is still open. `notice`: worth keeping, nothing to run for (a change inside its window,
 * an answer to a checklist). `heartbeat`: Écluse is there; whoever misses it looks after the guard.
 */
export type Stream = 'alert' | 'reminder' | 'notice' | 'heartbeat';

export const streams: readonly Stream[] = ['alert', 'reminder', 'notice', 'heartbeat'];

/** Everything that is about a finding. */
export const withoutHeartbeat: readonly Stream[] = streams.filter((stream) => stream !== 'heartbeat');

/** Codes that are never an alarm, whatever happens to them. */
const quietCodes: ReadonlySet<string> = new Set([
  'IN_WINDOW_CHANGE',
  'CLOSURE_REFUSED',
  'CLOSED_UNSIGNED',
  'PENDING_ACCEPTANCE',
  'ONBOARDING_REPORT',
]);

/** The finding's own code decides, not the event's: the RESOLVED of an alarm is an alert, that of a planned change is not. */
export function streamOf(event: FindingEvent): Stream {
  if (event.kind === 'answer' || quietCodes.has(event.code)) return 'notice';
  if (event.kind === 'resolve' && quietCodes.has(event.finding.code)) return 'notice';
  return event.kind === 'remind' ? 'reminder' : 'alert';
}

/** For the store: the ids of the sinks that take this event. */
export function routeTo(
  sinks: readonly { readonly id: string; readonly takes: readonly Stream[] }[],
): (event: FindingEvent) => readonly string[] {
  return (event) => {
    const stream = streamOf(event);
    return sinks.filter(({ takes }) => takes.includes(stream)).map(({ id }) => id);
  };
}

import type { FindingEvent } from '../judge/types.js';

/**
 * `alert`: something is open, has changed, was passed on or is shut again: what an operator of a SIEM must see. `reminder`: the same
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

/**
 * The finding's own code decides, not the event's: the RESOLVED of an alarm is an alert, that of a planned change is
 * not. What was an alarm before it became quiet (a window that is resumed after a refused close) stays in the stream
 * in which it was raised: whoever was told of it would else never hear of its end.
 */
export function streamOf({ kind, finding }: FindingEvent): Stream {
  if (kind === 'answer') return 'notice';
  const wasAlarm = kind !== 'raise' && (finding.earlier ?? []).some(({ code }) => !quietCodes.has(code));
  if (quietCodes.has(finding.code) && !wasAlarm) return 'notice';
  return kind === 'remind' ? 'reminder' : 'alert';
}

/** What decides which events a sink is told of. */
export interface Listener {
  readonly id: string;
  readonly takes: readonly Stream[];
  /** Told only of alarms that were passed on to it, and from then on of all that becomes of them. */
  readonly waits?: boolean;
}

/** For the store: the ids of the sinks that take this event. What is told as a part of many is told by those alone. */
export function routeTo(sinks: readonly Listener[]): (event: FindingEvent) => readonly string[] {
  return (event) => {
    const { toldAs, escalated = [] } = event.finding;
    if (toldAs !== undefined) return [];
    const stream = streamOf(event);
    return sinks
      .filter(({ id, takes, waits }) => takes.includes(stream) && (!waits || escalated.includes(id)))
      .map(({ id }) => id);
  };
}

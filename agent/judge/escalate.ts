import type { Instant } from '../windows/index.js';
import type { Escalation, JudgeContext } from './context.js';
import { type Desk, tell } from './life.js';
import type { Finding } from './types.js';

const MINUTE_MS = 60_000;

/** When an open alarm is passed on; undefined: never, or it was, or somebody has taken it on. */
function dueAt(finding: Finding, { to, afterMinutes }: Escalation): Instant | undefined {
  if (finding.resolvedAt !== undefined || finding.acknowledged || finding.waived) return undefined;
  // What is told together with others is passed on together with them.
  if (finding.toldAs !== undefined || finding.escalated?.includes(to)) return undefined;
  const minutes = afterMinutes[finding.severity];
  // Those of an older store do not say when they were raised.
  return minutes === undefined ? undefined : (finding.raisedAt ?? finding.firstSeen) + minutes * MINUTE_MS;
}

/** Instants at which an alarm must be passed on though nothing happens. */
export function escalationsDue(findings: readonly Finding[], context: JudgeContext): readonly Instant[] {
  const { escalations = [] } = context;
  if (escalations.length === 0) return [];
  return findings.flatMap((finding) =>
    escalations.flatMap((escalation) => {
      const due = dueAt(finding, escalation);
      return due === undefined ? [] : [due];
    }),
  );
}

/** Passes on what nobody has taken on in time: one event for each receiver, so that each hears of it once. */
export function escalate(desk: Desk, context: JudgeContext, at: Instant): void {
  for (const escalation of context.escalations ?? []) {
    for (const finding of [...desk.findings.values()]) {
      const due = dueAt(finding, escalation);
      if (due === undefined || due > at) continue;
      const escalated = [...(finding.escalated ?? []), escalation.to];
      tell(desk, { ...finding, escalated }, { kind: 'escalate', at, row: false });
    }
  }
}

import type { Instant } from '../windows/index.js';
import { withAccepted } from './acceptance.js';
import { type JudgeState, lastSeenOf, type PresentSubject } from './findings.js';
import { subjectKey } from './life.js';
import { type Observed, observe } from './observe.js';
import { findingTable } from './table.js';
import type { Taken } from './taken.js';
import type { Observation } from './types.js';
import { bound } from './waivers.js';

export function takeReadings(state: JudgeState, observations: readonly Observation[]): Taken {
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
    const findings = seenAgain(current.findings, observed, { at: observation.at, isOne });
    const { waivers } = observation.blind.length === 0 ? bound(observed.state, observed.seen) : current;
    current = { ...observed.state, findings, waivers };
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

import { intersection } from '../lib/intervals.js';
import { parseAddressSet } from '../model/index.js';
import type { Instant } from '../windows/index.js';
import type { JudgeContext } from './context.js';
import type { Subject } from './types.js';

/** A host outside that data may be sent to until an instant. */
export interface HostApproval {
  /** Addresses and prefixes. */
  readonly hosts: readonly string[];
  /** What people call it, with the certificate it was approved by. */
  readonly about: string;
  readonly until: Instant;
}

const derived = new WeakMap<JudgeContext, Map<string, JudgeContext>>();

/** The context with the approvals that hold at an instant. The same one for the same approvals, so that it can be kept. */
export function contextAt(context: JudgeContext, at: Instant): JudgeContext {
  const { approvals = [] } = context;
  if (approvals.length === 0) return context;
  const holds = approvals.map(({ until }) => at < until);
  const key = holds.join();
  const known = derived.get(context) ?? new Map<string, JudgeContext>();
  derived.set(context, known);
  const before = known.get(key);
  if (before) return before;
  const standing = approvals.filter((_, index) => holds[index]).flatMap(({ hosts }) => hosts);
  const then = { ...context, approvedHosts: [...context.approvedHosts, ...standing] };
  known.set(key, then);
  return then;
}

/** The approvals that would speak of where the subject leads, had they not ended: `Hébergeur HDS, HDS 2024-0117, until …`. */
export function endedApprovals(subject: Subject, context: JudgeContext, at: Instant): readonly string[] {
  const { addresses } = subject.flow.dst;
  if (!addresses) return [];
  return (context.approvals ?? []).flatMap(({ hosts, about, until }) => {
    const isMeant = hosts.some((host) => {
      const set = parseAddressSet(host);
      if (!set) return false;
      return intersection(set.ip4, addresses.ip4).length > 0 || intersection(set.ip6, addresses.ip6).length > 0;
    });
    return until <= at && isMeant ? [`${about}: approved until ${new Date(until).toISOString()}`] : [];
  });
}

import type { Instant } from '../windows/index.js';
import { type FindingCode, isReminded } from './codes.js';
import type { JudgeState, PresentSubject } from './findings.js';
import { type FindingTable, findingTable } from './table.js';
import type { BlindGroup, Finding, FindingEvent, Grouped, Severity, Subject, Waiver } from './types.js';
import type { Verdict } from './verdict.js';

const HOUR_MS = 3_600_000;
/** So many earlier codes are kept; what was told stays in the record of alarms all the same. */
const EARLIER_MAX = 8;
/** Why a finding ends although the same thing is still open. */
export const DECLARED_NOW = 'now declared in the baseline';

/** Findings by key while one instant is judged, and what is told of them, in order. */
export interface Desk {
  readonly findings: FindingTable;
  readonly events: FindingEvent[];
  /** The highest generation of what was forgotten. */
  readonly forgotten: number;
}

export function openDesk({ findings, generationsForgotten = 0 }: JudgeState): Desk {
  return { findings: findingTable(findings), events: [], forgotten: generationsForgotten };
}

export function subjectKey(subject: Subject, missing = false): string {
  return missing ? `missing/${subject.device}/${subject.id}` : `${subject.device}/${subject.id}`;
}

export interface Telling {
  readonly kind: FindingEvent['kind'];
  readonly at: Instant;
  readonly row: boolean;
  readonly code?: string;
  readonly severity?: Severity;
}

/** Tells one event: its id follows from the finding alone, so the same step told again after a crash has the same id. */
export function tell(desk: Desk, finding: Finding, telling: Telling): Finding {
  const told: Finding = { ...finding, sequence: finding.sequence + 1 };
  desk.findings.set(told.key, told);
  desk.events.push({
    id: `${finding.key}#${finding.generation}.${finding.sequence}`,
    kind: telling.kind,
    at: telling.at,
    code: telling.code ?? finding.code,
    severity: telling.severity ?? finding.severity,
    finding: told,
    row: telling.row,
  });
  return told;
}

export interface Raising {
  readonly key: string;
  readonly at: Instant;
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly because: string;
  readonly rules?: readonly string[];
  readonly subjectId: string;
  readonly device?: string;
  readonly subject?: Subject;
  readonly windows: readonly string[];
  readonly firstSeen: Instant;
  readonly lastSeen: Instant;
  readonly details?: readonly string[];
  readonly awaits?: NonNullable<Finding['awaits']>;
  readonly group?: BlindGroup;
  /** Of an alarm that stands for many; it is no row of its own. */
  readonly grouped?: Grouped;
}

/** A finding that is not open now: its first generation, or the next one, linked to the one before. */
export function raise(desk: Desk, raising: Raising): Finding {
  const before = desk.findings.get(raising.key);
  const finding: Finding = {
    key: raising.key,
    generation: (before?.generation ?? (raising.subject ? desk.forgotten : 0)) + 1,
    code: raising.code,
    severity: raising.severity,
    severityBecause: raising.because,
    ...rulesOf(raising.rules),
    ...(raising.device !== undefined && { device: raising.device }),
    subjectId: raising.subjectId,
    ...(raising.subject && { subject: raising.subject }),
    windows: raising.windows,
    firstSeen: raising.firstSeen,
    lastSeen: raising.lastSeen,
    count: 1,
    ...(before?.resolvedAt !== undefined && {
      previous: { code: before.code, generation: before.generation, resolvedAt: before.resolvedAt },
    }),
    ...reminderFrom(raising.code, raising.severity, raising.at),
    raisedAt: raising.at,
    remindersSent: 0,
    sequence: 0,
    ...(raising.details && { details: raising.details }),
    ...(raising.awaits && { awaits: raising.awaits }),
    ...(raising.group && { group: raising.group }),
    ...(raising.grouped && { grouped: raising.grouped }),
  };
  return tell(desk, finding, { kind: 'raise', at: raising.at, row: raising.grouped === undefined });
}

export interface Ending {
  readonly row: boolean;
  readonly why?: string;
  /** Nobody shut anything. */
  readonly declared?: boolean;
}

export function resolve(desk: Desk, finding: Finding, at: Instant, options: Ending): void {
  const { nextReminderAt: _, awaits: __, ...rest } = finding;
  const { why, declared } = options;
  const shut: Finding = {
    ...rest,
    resolvedAt: at,
    ...(declared && { ended: 'declared' as const }),
    ...(why !== undefined && { details: [why] }),
  };
  tell(desk, shut, { kind: 'resolve', at, row: options.row, code: 'RESOLVED', severity: 'info' });
}

function rulesOf(rules: readonly string[] | undefined): Pick<Finding, 'rules'> {
  return rules && rules.length > 0 ? { rules } : {};
}

/** The finding of the key if it is open. */
export function openFinding(desk: Desk, key: string): Finding | undefined {
  const finding = desk.findings.get(key);
  return finding?.resolvedAt === undefined ? finding : undefined;
}

/** What is there, with when it was seen last. */
export type SeenSubject = PresentSubject & Required<Pick<PresentSubject, 'lastSeen'>>;

/** Brings one present subject's finding to what it should be at this instant. */
export function settleSubject(
  desk: Desk,
  present: SeenSubject,
  verdict: Verdict | undefined,
  waiver: Waiver | undefined,
  at: Instant,
): void {
  const { subject } = present;
  const key = subjectKey(subject, present.missing);
  const open = openFinding(desk, key);
  if (!open) {
    if (verdict && !waiver) raiseSubject(desk, present, verdict, at);
    return;
  }
  if (!verdict) {
    resolve(desk, open, at, {
      row: true,
      declared: present.declared,
      why: present.accepted
        ? `accepted by ${present.accepted.join(' and ')}, ${DECLARED_NOW}`
        : present.declared
          ? DECLARED_NOW
          : 'not judged any more',
    });
    return;
  }
  const seen = { subject, lastSeen: present.lastSeen, windows: verdict.windows };
  if (waiver) {
    const held: Finding = { ...open, ...seen };
    desk.findings.set(key, held);
    holdBack(desk, held, waiver, at);
    return;
  }
  const { waived, acknowledged, claimed } = open;
  const unwaived = without(open, 'waived');
  const widened = open.subject?.set !== subject.set;
  // Both were said of the exact packets that were open then.
  const voided = widened && (acknowledged !== undefined || claimed !== undefined);
  const held = widened ? without(unwaived, 'acknowledged', 'claimed') : unwaived;
  // What is said again keeps its place: a finding that is judged again reads as the one that was not.
  const ruled = verdict.rules.length > 0 ? held : without(held, 'rules');
  const rated: Finding = {
    ...(verdict.details ? ruled : without(ruled, 'details', 'awaits')),
    ...seen,
    severity: verdict.severity,
    severityBecause: verdict.because,
    ...rulesOf(verdict.rules),
    ...(verdict.details && { details: verdict.details }),
    ...(verdict.awaits && { awaits: verdict.awaits }),
  };
  if (open.code !== verdict.code || ((waived || voided) && verdict.severity !== 'info')) {
    requalify(desk, rated, verdict, at);
    return;
  }
  const changed = open.severity !== verdict.severity || widened || waived !== undefined;
  if (changed) tell(desk, withReminder(rated, at), { kind: 'update', at, row: false });
  else desk.findings.set(key, rated);
}

type Passing = 'waived' | 'acknowledged' | 'claimed' | 'rules' | 'details' | 'awaits' | 'toldAs' | 'nextReminderAt';

/** The finding itself where it has none of these: most have not, and thousands are judged again at once. */
export function without(finding: Finding, ...parts: readonly Passing[]): Finding {
  if (parts.every((part) => !(part in finding))) return finding;
  const rest: { -readonly [K in keyof Finding]: Finding[K] } = { ...finding };
  for (const part of parts) delete rest[part];
  return rest;
}

function raiseSubject(desk: Desk, present: SeenSubject, verdict: Verdict, at: Instant): void {
  const { subject } = present;
  raise(desk, {
    key: subjectKey(subject, present.missing),
    at,
    code: verdict.code,
    severity: verdict.severity,
    because: verdict.because,
    rules: verdict.rules,
    subjectId: subject.id,
    device: subject.device,
    subject,
    windows: verdict.windows,
    firstSeen: present.firstSeen,
    lastSeen: present.lastSeen,
    ...(verdict.details && { details: verdict.details }),
    ...(verdict.awaits && { awaits: verdict.awaits }),
  });
}

/**
 * The same thing under another code, or told anew because what had quietened it no longer holds: at once and with a
 * row, on the same key. An acknowledgement was given for what the finding said then, so it does not outlive that.
 */
function requalify(desk: Desk, finding: Finding, verdict: Verdict, at: Instant): void {
  const { acknowledged: _, nextReminderAt: __, ...rest } = finding;
  const called = [...(finding.earlier ?? []), { code: finding.code, until: at }];
  const next: Finding = {
    ...rest,
    code: verdict.code,
    remindersSent: 0,
    raisedAt: at,
    ...(finding.code !== verdict.code && { earlier: called.slice(-EARLIER_MAX) }),
    ...reminderFrom(verdict.code, verdict.severity, at),
  };
  tell(desk, next, { kind: verdict.severity === 'info' ? 'update' : 'raise', at, row: true });
}

function holdBack(desk: Desk, finding: Finding, waiver: Waiver, at: Instant): void {
  const same = finding.waived?.owner === waiver.owner && finding.waived.until === waiver.expires;
  if (same) return;
  const { nextReminderAt: _, ...rest } = finding;
  tell(desk, { ...rest, waived: { owner: waiver.owner, until: waiver.expires } }, { kind: 'update', at, row: false });
}

/** Reminders after 1 h, 4 h, then every 24 h, all counted from the alarm. */
function reminderFrom(code: string, severity: Severity, at: Instant): { readonly nextReminderAt?: Instant } {
  return isReminded(code, severity) ? { nextReminderAt: at + HOUR_MS } : {};
}

/** What has become bad enough to be said again is, an hour from now; what is told with others is said again with them. */
export function withReminder(finding: Finding, at: Instant): Finding {
  const { code, severity, nextReminderAt, toldAs } = finding;
  const wanted = toldAs === undefined && isReminded(code, severity);
  if (wanted === (nextReminderAt !== undefined)) return finding;
  if (!wanted) return without(finding, 'nextReminderAt');
  return { ...finding, remindersSent: 0, ...reminderFrom(code, severity, at) };
}

const REMINDER_GAPS_HOURS = [3, 20];

export function remindIfDue(desk: Desk, key: string, at: Instant): void {
  const finding = openFinding(desk, key);
  if (!finding || finding.nextReminderAt === undefined || finding.nextReminderAt > at) return;
  const gapHours = REMINDER_GAPS_HOURS[finding.remindersSent] ?? 24;
  const next: Finding = {
    ...finding,
    remindersSent: finding.remindersSent + 1,
    nextReminderAt: finding.nextReminderAt + gapHours * HOUR_MS,
  };
  tell(desk, next, { kind: 'remind', at, row: false });
}

import type { SnapshotHeader, SnapshotStore } from '../../baseline/index.js';
import {
  type CloseAnswer,
  type CoverageStatement,
  codeText,
  deadlineOf,
  type Finding,
  type FindingEvent,
  type JudgeContext,
  type JudgeState,
  type OpeningLeft,
  type Subject,
  severityOf,
  withAccepted,
  withoutBefore,
} from '../../judge/index.js';
import type { Origin } from '../../model/index.js';
import {
  type Instant,
  type MaintenanceWindow,
  plannedEnd,
  type ScopeEntry,
  type SessionsLeft,
} from '../../windows/index.js';
import { isOpen } from './bench.js';
import type {
  AlarmView,
  BeforeView,
  CloseAnswerView,
  DriftView,
  FindingView,
  ReadingView,
  ScopeRequest,
  SnapshotView,
  SubjectView,
  WayOut,
  WindowView,
} from './contract.js';
import type { Seen } from './device.js';
import { lastComplete } from './device-memory.js';

export function iso(instant: Instant): string {
  return new Date(instant).toISOString();
}

function placeText(place: Origin): string {
  return `${place.file}:${place.line} ${place.rule}: ${place.text}`;
}

function causeText(cause: NonNullable<Subject['cause']>): string {
  return `${cause.edit}: ${cause.rule.rule}: ${cause.rule.text}`;
}

/** What every view of a subject shares; absent parts stay absent. */
function partsOf(subject: (OpeningLeft['subject'] & Pick<Subject, 'latent'>) | undefined) {
  return {
    ...(subject?.place && { place: placeText(subject.place) }),
    ...(subject?.cause && { cause: causeText(subject.cause) }),
    ...(subject?.witness !== undefined && { witness: subject.witness }),
    ...(subject?.undo !== undefined && { undo: subject.undo }),
    ...(subject?.certainty && { certainty: subject.certainty }),
    ...(subject?.conditions && subject.conditions.length > 0 && { conditions: subject.conditions }),
    ...(subject?.latent && { returnsWhen: subject.latent.returnsWhen }),
  };
}

const DETAILS_MAX = 4;

/** One line of what a finding is about. */
export function summaryOf(finding: Finding): string {
  if (finding.subject) return finding.subject.summary;
  if (finding.grouped) return finding.grouped.summary;
  const { details = [], severityBecause } = finding;
  if (details.length === 0) return severityBecause;
  const more = details.length - DETAILS_MAX;
  return [...details.slice(0, DETAILS_MAX), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

export function findingView(finding: Finding): FindingView {
  const isSaid = finding.subject?.undo !== undefined || finding.resolvedAt !== undefined;
  const remedy = isSaid ? undefined : codeText(finding.code, 'en')?.remedy;
  return {
    key: finding.key,
    code: finding.code,
    severity: finding.severity,
    severityBecause: finding.severityBecause,
    ...(finding.rules && { rules: finding.rules }),
    ...(finding.device !== undefined && { device: finding.device }),
    ...(finding.group && { devices: finding.group.members }),
    summary: summaryOf(finding),
    windows: finding.windows,
    firstSeen: iso(finding.firstSeen),
    lastSeen: iso(finding.lastSeen),
    ...(finding.resolvedAt !== undefined && { resolvedAt: iso(finding.resolvedAt) }),
    count: finding.count,
    ...partsOf(finding.subject),
    ...(remedy !== undefined && { remedy }),
    ...(finding.earlier && { earlier: finding.earlier.map(({ code, until }) => ({ code, until: iso(until) })) }),
    ...(finding.claimed && {
      claimed: { by: finding.claimed.by, reason: finding.claimed.reason, at: iso(finding.claimed.at) },
    }),
    ...(finding.escalated && { escalatedTo: finding.escalated }),
    ...(finding.toldAs !== undefined && { toldAs: finding.toldAs }),
    ...(finding.acknowledged && { acknowledgedBy: finding.acknowledged.by }),
    ...(finding.waived && { waivedUntil: iso(finding.waived.until) }),
    ...(finding.awaits && { awaits: awaitsView(finding.awaits) }),
    ...(finding.details && { details: finding.details }),
  };
}

function awaitsView({ owners, people, until, signed }: NonNullable<Finding['awaits']>) {
  return { owners, people, until: iso(until), signed: signed.map(({ by, at }) => ({ by, at: iso(at) })) };
}

export function alarmView(event: FindingEvent, queuedFor: readonly string[]): AlarmView {
  return {
    id: event.id,
    at: iso(event.at),
    kind: event.kind,
    code: event.code,
    severity: event.severity,
    key: event.finding.key,
    summary: summaryOf(event.finding),
    queuedFor,
  };
}

function subjectView(subject: Subject, state: JudgeState, context: JudgeContext, role?: 'missing'): SubjectView {
  const keys = [`${subject.device}/${subject.id}`, `missing/${subject.device}/${subject.id}`];
  const finding = state.findings.find((one) => one.key === keys[role === 'missing' ? 1 : 0] && isOpen(one));
  const rating =
    role === 'missing'
      ? { severity: 'low', because: 'low: a declared flow is cut' }
      : finding
        ? { severity: finding.severity, because: finding.severityBecause }
        : severityOf(subject, context);
  return {
    id: subject.id,
    device: subject.device,
    kind: subject.kind,
    summary: subject.summary,
    severity: rating.severity,
    because: rating.because,
    ...partsOf(subject),
  };
}

export function driftView(
  seen: Seen,
  state: JudgeState,
  context: JudgeContext,
  coverage: CoverageStatement,
): DriftView {
  const { reading } = seen;
  const observation = withAccepted(state, seen.observation);
  return {
    device: reading.device,
    at: iso(reading.at),
    snapshot: seen.snapshot?.id ?? '',
    undeclared: observation.undeclared.map((subject) => subjectView(subject, state, context)),
    missing: observation.missing.map((subject) => subjectView(subject, state, context, 'missing')),
    complete: observation.blind.length === 0,
    blind: observation.blind,
    coverage,
  };
}

export function readingView({ reading, snapshot, observation }: Seen): ReadingView {
  return {
    device: reading.device,
    at: iso(reading.at),
    snapshot: snapshot?.id ?? '',
    unchanged: snapshot?.unchanged ?? false,
    complete: observation.blind.length === 0,
    blind: observation.blind,
    notCovered: reading.model?.coverage.notCovered ?? [],
    rules: reading.rules,
    listeners: reading.listeners,
  };
}

export function snapshotView(header: SnapshotHeader, snapshots: SnapshotStore): SnapshotView {
  const approval = snapshots.approvals(header.device).find((one) => one.snapshot === header.id);
  return {
    id: header.id,
    device: header.device,
    takenAt: iso(header.takenAt),
    lastSeen: iso(header.lastSeen),
    count: header.count,
    complete: header.complete,
    blind: header.blind,
    hash: header.hash,
    ...(approval && { approvedBy: approval.by, approvedAt: iso(approval.at) }),
  };
}

function scopeView({ keep, ...entry }: ScopeEntry): ScopeRequest {
  return { ...entry, ...(keep && { keep: { owner: keep.owner, review: iso(keep.review) } }) };
}

export function windowView(
  window: MaintenanceWindow,
  state: JudgeState,
  context: JudgeContext,
  now: Instant,
): WindowView {
  const { vendor, owner, emergency, technician, ticket, extension, before, resumed, handedOver } = window;
  return {
    id: window.id,
    vendor,
    ...(owner !== undefined && { owner }),
    ...(emergency && { emergency }),
    ...(technician !== undefined && { technician }),
    ...(ticket !== undefined && { ticket }),
    ...(window.series && { series: window.series }),
    devices: window.devices,
    state: window.state,
    start: iso(window.start),
    end: iso(window.end),
    effectiveEnd: iso(context.windows.effectiveEnd(window)),
    deadline: iso(deadlineOf(window, context)),
    ...(extension && { extension: { ...extension, until: iso(extension.until) } }),
    ...(resumed && { resumed: { ...resumed, at: iso(resumed.at) } }),
    ...(handedOver && { handedOver: { ...handedOver, at: iso(handedOver.at) } }),
    scope: window.scope.map(scopeView),
    ...(window.openedAt !== undefined && { openedAt: iso(window.openedAt) }),
    ...(window.closedAt !== undefined && { closedAt: iso(window.closedAt) }),
    ...(window.sessions && { sessions: { ...window.sessions, at: iso(window.sessions.at) } }),
    before: [
      ...Object.entries(before ?? {}).map(([device, one]) => ({
        device,
        snapshot: one.snapshot,
        takenAt: iso(one.takenAt),
        fresh: one.fresh,
        ageSeconds: secondsSince(one.takenAt, window.openedAt ?? now),
        blind: [],
      })),
      ...(now < window.start ? [] : withoutBefore(window, state)).map((reason) => ({
        device: reason.slice(0, reason.indexOf(': ')),
        fresh: false,
        blind: [reason],
      })),
    ],
  };
}

function secondsSince(then: Instant, now: Instant): number {
  return Math.max(0, Math.round((now - then) / 1000));
}

/** The snapshot a window starts from: the one just taken, else the last complete one there is. */
export function beforeView(device: string, seen: Seen | undefined, snapshots: SnapshotStore, now: Instant): BeforeView {
  if (seen?.snapshot && seen.observation.blind.length === 0) {
    const { at } = seen.reading;
    return {
      device,
      snapshot: seen.snapshot.id,
      takenAt: iso(at),
      fresh: true,
      ageSeconds: secondsSince(at, now),
      blind: [],
    };
  }
  const blind = seen?.observation.blind ?? [`${device}: no answer in time`];
  const last = lastComplete(snapshots, device);
  if (!last) return { device, fresh: false, blind: [...blind, `${device}: never read completely`] };
  const takenAt = last.lastSeen;
  return {
    device,
    snapshot: last.id,
    takenAt: iso(takenAt),
    fresh: false,
    ageSeconds: secondsSince(takenAt, now),
    blind,
  };
}

/** The ways on from a refused close; the commands are whole but for what only a person can say. */
export function waysOut(window: MaintenanceWindow, { openings }: CloseAnswer, now: Instant): readonly WayOut[] {
  const id = /^[\w.:@+-]+$/.test(window.id) ? window.id : `'${window.id.replaceAll("'", "'\\''")}'`;
  const [first] = openings;
  const key = first ? `${first.device}/${first.id}` : 'FINDING';
  const end = plannedEnd(window);
  return [
    {
      way: 'fix',
      text: first ? 'shut what is listed, then close again' : 'have every device read completely, then close again',
      command: `ecluse window close ${id}`,
    },
    {
      way: 'resume',
      text: now < end ? 'go on working until the planned end' : 'too late to resume: the planned end has passed',
      command: now < end ? `ecluse window resume ${id} --by NAME` : 'ecluse window open --vendor NAME --for DURATION',
      ...(now < end && { until: iso(end) }),
    },
    {
      way: 'waive',
      text:
        openings.length > 1
          ? `a signatory of the hospital accepts each of the ${openings.length} that are left, until a date; here the first`
          : 'a signatory of the hospital accepts what is left, until a date',
      command: `ecluse waive ${key} --until DATE --owner NAME --reason TEXT`,
    },
    {
      way: 'handOver',
      text: 'somebody takes over by name what is left; it is told until it is shut',
      command: `ecluse window hand-over ${id} --to NAME --by NAME`,
    },
  ];
}

export function closeView(
  answer: CloseAnswer,
  {
    attested,
    alsoOpen,
    coverage,
    sessions,
  }: Pick<CloseAnswerView, 'attested' | 'alsoOpen' | 'coverage'> & { readonly sessions: SessionsLeft | undefined },
): CloseAnswerView {
  return {
    window: answer.window,
    state: answer.state === 'closed' ? 'closed' : 'refused',
    attested,
    openings: answer.openings.map(({ subject, firstSeen, ...opening }) => ({
      ...opening,
      firstSeen: iso(firstSeen),
      ...partsOf(subject),
    })),
    alsoOpen,
    ...(sessions && { sessions: sessions.left }),
    coverage,
  };
}

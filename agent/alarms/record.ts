import { createHash } from 'node:crypto';
import type { FindingEvent, Severity } from '../judge/types.js';
import { type Stream, streamOf } from './route.js';
import { cut, neutralised, utf8Length } from './text.js';
import { timestamp } from './time.js';

/** What every sink tells, each in its own encoding. Texts are harmless single lines; times are RFC 3339. */
export interface AlarmRecord {
  /** Stable for as long as the same thing is open: what a receiver groups by. */
  readonly key: string;
  /** This event's own id: the same event told twice has the same. */
  readonly id: string;
  /** `heartbeat` is nobody's finding: Écluse says that it is there. */
  readonly kind: FindingEvent['kind'] | 'heartbeat';
  readonly stream: Stream;
  readonly at: string;
  readonly code: string;
  /** Of something that is over: what it was told as. */
  readonly wasCode?: string;
  readonly severity: Severity;
  readonly severityBecause?: string;
  readonly title: string;
  /** What is open, in words a network engineer uses. */
  readonly what?: string;
  readonly site?: string;
  /** Who is called at that site. */
  readonly contact?: string;
  readonly device?: string;
  readonly subject: string;
  readonly window?: string;
  readonly vendor?: string;
  readonly technician?: string;
  readonly ticket?: string;
  /** Who answers for the window: whom it was handed over to, or whose it is. */
  readonly owner?: string;
  readonly windowEnd?: string;
  /** The edit that opened it, and the rule it was made on. */
  readonly cause?: string;
  /** The rule that lets it through now: file, line, the platform's own name of it. */
  readonly place?: string;
  readonly rule?: string;
  readonly witness?: string;
  readonly certainty?: 'certain' | 'possible';
  readonly conditions?: string;
  /** It is shut now: when it comes back by itself. */
  readonly returnsWhen?: string;
  /** Names of the services that can be reached, such as `dicom, rdp`. */
  readonly services?: string;
  /** How the platform shuts it. */
  readonly undo?: string;
  /** What is to be done where no single command shuts it. */
  readonly remedy?: string;
  readonly details?: string;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly resolvedAt?: string;
  /** It ended without being shut: the baseline declares it since. */
  readonly ended?: 'declared';
  readonly minutesOpen: number;
  /** Minutes since the window's effective end; absent before it and without a window. */
  readonly minutesSinceWindowEnd?: number;
  readonly count: number;
  /** Which reminder this is, counted from 1. */
  readonly reminder?: number;
  /** Of an alarm that stands for many: how many of them are open. */
  readonly members?: number;
  readonly acknowledgedBy?: string;
  /** Who said that an unplanned opening is their work, and why. */
  readonly claimedBy?: string;
  /** The sinks it was passed on to because nobody had taken it on. */
  readonly escalatedTo?: string;
  readonly waivedUntil?: string;
  /** Of a flow that is to stay: whose word it waits for, until when, how many people it takes, and who has signed. */
  readonly acceptOwner?: string;
  readonly acceptUntil?: string;
  readonly acceptPeople?: number;
  readonly acceptedBy?: string;
  readonly link?: string;
  /** Techniques of ATT&CK that the opening would serve; only where a sink asks for them. */
  readonly attack?: string;
  /** The fields that were cut to keep the record within its size. */
  readonly truncated?: readonly string[];
}

/** What is told of a window. MaintenanceWindow fits. */
export interface WindowFacts {
  readonly vendor: string;
  readonly technician?: string;
  readonly ticket?: string;
  readonly owner?: string;
  readonly handedOver?: { readonly to: string };
  readonly end: number;
  readonly extension?: { readonly until: number };
  readonly firstCloseAt?: number;
}

export interface CodeText {
  readonly title: string;
  readonly remedy: string;
}

export interface RecordContext {
  /** The hospital or site: part of the key, so that one SIEM can serve several. */
  readonly site?: string;
  /** What people call the site it happened at, where that is another name. */
  readonly siteName?: string;
  readonly contact?: string;
  /** IANA name; UTC when left out. */
  readonly timeZone?: string;
  readonly window?: (id: string) => WindowFacts | undefined;
  /** What a code is called, and what is to be done about it; left out: the code in words. */
  readonly code?: (code: string) => CodeText | undefined;
  readonly link?: (event: FindingEvent) => string;
  readonly services?: (event: FindingEvent) => readonly string[];
}

export const RECORD_BYTES_MAX = 2048;
/** Identities are never cut: a long one keeps its head and gains a digest, so two never become one. */
const IDENTITY_BYTES_MAX = 120;

function identity(text: string): string {
  const plain = neutralised(text);
  if (utf8Length(plain) <= IDENTITY_BYTES_MAX) return plain;
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return `${cut(plain, IDENTITY_BYTES_MAX - 17)}~${digest}`;
}

function effectiveEnd(window: WindowFacts): number {
  const planned = Math.max(window.end, window.extension?.until ?? window.end);
  return Math.min(planned, window.firstCloseAt ?? planned);
}

function inWords(code: string): string {
  const words = code.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function titleOf({ code, kind, finding }: FindingEvent, context: RecordContext): string {
  const called = (one: string): string => context.code?.(one)?.title ?? inWords(one);
  if (kind === 'resolve' && finding.ended === 'declared') return `Declared in the baseline: ${called(finding.code)}`;
  if (kind !== 'resolve' || matterOf(finding.code, finding.subject ?? finding.grouped) === 'open') return called(code);
  return `Over: ${called(finding.code)}`;
}

/**
 * What an alarm is about: something that is `open` and is to be shut, a flow that is `cut` and is to be restored, or the
 * `state` of something else, such as a device that cannot be read.
 */
export type Matter = 'open' | 'cut' | 'state';

export function matterOf(code: string, opening: unknown): Matter {
  if (code === 'MISSING_FLOW') return 'cut';
  return opening === undefined ? 'state' : 'open';
}

/** Fields without a value are left out. */
type Draft = { readonly [Name in keyof AlarmRecord]: AlarmRecord[Name] | undefined };

function tidy(draft: Draft): AlarmRecord {
  return Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined)) as unknown as AlarmRecord;
}

export function alarmRecord(event: FindingEvent, context: RecordContext = {}): AlarmRecord {
  const { finding } = event;
  const { subject } = finding;
  const time = (instant: number | undefined): string | undefined =>
    instant === undefined ? undefined : timestamp(instant, context.timeZone);
  const text = (value: string | undefined): string | undefined =>
    value === undefined || value === '' ? undefined : neutralised(value);
  const name = (value: string | undefined): string | undefined => (value ? identity(value) : undefined);
  const list = (values: readonly string[] | undefined): string | undefined => text(values?.join('; '));

  const windowId = finding.windows[0];
  const window = windowId === undefined ? undefined : context.window?.(windowId);
  const end = window && effectiveEnd(window);
  const upTo = finding.resolvedAt ?? event.at;
  const minutes = (from: number): number => Math.max(0, Math.floor((upTo - from) / 60_000));
  const { place, cause } = subject ?? {};
  const isOver = event.kind === 'resolve';

  return withinSize(
    tidy({
      key: identity(context.site ? `${context.site}/${finding.key}` : finding.key),
      id: identity(event.id),
      kind: event.kind,
      stream: streamOf(event),
      at: time(event.at)!,
      code: identity(event.code),
      wasCode: event.code === finding.code ? undefined : identity(finding.code),
      severity: event.severity,
      severityBecause: text(finding.severityBecause),
      title: neutralised(`${titleOf(event, context)}${finding.device ? `: ${finding.device}` : ''}`),
      what: text(subject?.summary ?? finding.grouped?.summary),
      site: name(context.siteName ?? context.site),
      contact: text(context.contact),
      device: name(finding.device),
      subject: identity(finding.subjectId),
      window: name(finding.windows.join(', ')),
      vendor: name(window?.vendor),
      technician: name(window?.technician),
      ticket: name(window?.ticket),
      owner: name(window?.handedOver?.to ?? window?.owner),
      windowEnd: time(end),
      cause: cause && text(`${cause.edit}: ${cause.rule.rule}: ${cause.rule.text}`),
      place: place && text(`${place.file}:${place.line} ${place.rule}`),
      rule: text(place?.text),
      witness: text(subject?.witness),
      certainty: subject?.certainty,
      conditions: list(subject?.conditions),
      returnsWhen: text(subject?.latent?.returnsWhen),
      services: list(context.services?.(event)),
      undo: text(subject?.undo),
      remedy: isOver || subject?.undo ? undefined : text(context.code?.(event.code)?.remedy),
      details: list(finding.details),
      firstSeen: time(finding.firstSeen)!,
      lastSeen: time(finding.lastSeen)!,
      resolvedAt: time(finding.resolvedAt),
      ended: isOver ? finding.ended : undefined,
      minutesOpen: minutes(finding.firstSeen),
      minutesSinceWindowEnd: end !== undefined && upTo >= end ? minutes(end) : undefined,
      count: finding.count,
      reminder: event.kind === 'remind' ? Math.max(1, finding.remindersSent) : undefined,
      members: finding.grouped?.open,
      acknowledgedBy: name(finding.acknowledged?.by),
      claimedBy: finding.claimed && text(`${finding.claimed.by}: ${finding.claimed.reason}`),
      escalatedTo: name(finding.escalated?.join(', ')),
      waivedUntil: time(finding.waived?.until),
      acceptOwner: name(finding.awaits?.owners.join(', ')),
      acceptUntil: time(finding.awaits?.until),
      acceptPeople: finding.awaits?.people,
      acceptedBy: name(finding.awaits?.signed.map(({ by }) => by).join(', ')),
      link: text(context.link?.(event)),
      attack: undefined,
      truncated: undefined,
    }),
    (record) => JSON.stringify(record),
  );
}

/** Prose that may be shortened, and how far each time round: what helps least to act goes first. */
const shortenable = [
  'details',
  'conditions',
  'services',
  'claimedBy',
  'remedy',
  'rule',
  'cause',
  'contact',
  'severityBecause',
  'witness',
  'place',
  'link',
  'returnsWhen',
  'what',
  'undo',
  'title',
] as const;
const ROUNDS = [512, 256, 128, 64, 32] as const;
const optional = [
  'details',
  'conditions',
  'attack',
  'severityBecause',
  'technician',
  'owner',
  'escalatedTo',
  'claimedBy',
  'acknowledgedBy',
  'acceptedBy',
  'acceptOwner',
  'link',
  'remedy',
  'rule',
  'cause',
  'witness',
  'vendor',
  'contact',
  'site',
  'ticket',
  'windowEnd',
  'window',
  'services',
  'place',
  'returnsWhen',
  'undo',
  'what',
] as const;

/** Cuts a record's prose until its encoding has at most 2 KB, and names what was cut. */
export function withinSize(record: AlarmRecord, encode: (record: AlarmRecord) => string | Uint8Array): AlarmRecord {
  const fits = (candidate: AlarmRecord): boolean => Buffer.byteLength(encode(candidate)) <= RECORD_BYTES_MAX;
  if (fits(record)) return record;
  const truncated = new Set(record.truncated);
  let candidate = record;
  for (const bytesMax of ROUNDS) {
    for (const field of shortenable) {
      const value = candidate[field];
      if (value === undefined || utf8Length(value) <= bytesMax) continue;
      truncated.add(field);
      candidate = { ...candidate, [field]: cut(value, bytesMax), truncated: [...truncated] };
      if (fits(candidate)) return candidate;
    }
  }
  // A record of nothing but long identities: what can be looked up under its key goes, from the least useful on.
  for (const field of optional) {
    const { [field]: dropped, ...rest } = candidate;
    if (dropped === undefined) continue;
    truncated.add(field);
    candidate = { ...rest, truncated: [...truncated] };
    if (fits(candidate)) break;
  }
  return candidate;
}

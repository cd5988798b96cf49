import type { AlarmRecord } from '../record.js';

/** Every field there is, in the order in which a person reads them; a new one does not compile until it has a place. */
const readingOrder: Readonly<Record<keyof AlarmRecord, true>> = {
  key: true,
  id: true,
  kind: true,
  stream: true,
  at: true,
  code: true,
  wasCode: true,
  severity: true,
  title: true,
  what: true,
  site: true,
  contact: true,
  device: true,
  subject: true,
  window: true,
  vendor: true,
  technician: true,
  ticket: true,
  owner: true,
  windowEnd: true,
  minutesOpen: true,
  minutesSinceWindowEnd: true,
  firstSeen: true,
  lastSeen: true,
  resolvedAt: true,
  ended: true,
  count: true,
  reminder: true,
  certainty: true,
  conditions: true,
  returnsWhen: true,
  services: true,
  cause: true,
  place: true,
  rule: true,
  witness: true,
  undo: true,
  remedy: true,
  severityBecause: true,
  details: true,
  members: true,
  acknowledgedBy: true,
  claimedBy: true,
  escalatedTo: true,
  waivedUntil: true,
  acceptOwner: true,
  acceptUntil: true,
  acceptPeople: true,
  acceptedBy: true,
  link: true,
  attack: true,
  truncated: true,
};

/** What a format tells under our own names: everything but what has a place of its own in that format. */
export function fieldsBut(placed: readonly (keyof AlarmRecord)[]): readonly (keyof AlarmRecord)[] {
  return (Object.keys(readingOrder) as (keyof AlarmRecord)[]).filter((field) => !placed.includes(field));
}

/** A field of the record as text, wherever a format has no list of its own. */
export function fieldText(value: AlarmRecord[keyof AlarmRecord]): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'object' ? value.join(',') : String(value);
}

/** Milliseconds since 1970, which CEF, LEEF and OCSF prefer to a written time. */
export function epochMs(timestamp: string): number {
  return Date.parse(timestamp);
}

/** CEF and LEEF share one scale. */
export const tenths: Readonly<Record<AlarmRecord['severity'], number>> = {
  critical: 10,
  high: 8,
  medium: 6,
  low: 3,
  info: 1,
};

/** Vendor and product in every format. */
export const PRODUCT = 'Ecluse';

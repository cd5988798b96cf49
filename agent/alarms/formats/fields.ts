import type { AlarmRecord } from '../record.js';

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

/**
 * formats: one pure encoder for each language that a SIEM reads. An encoder knows no transport and no size: whoever
 * sends wraps it and fits the whole to 2 KB. The witness packet stands in fields of our own only: in a source or
 * destination field a SIEM would hunt an address that nobody ever used.
 */
import type { AlarmRecord } from '../record.js';
import { cefText } from './cef.js';
import { ecsText } from './ecs.js';
import { leefText } from './leef.js';
import { ocsfText } from './ocsf.js';

export { withAttack } from './attack.js';

export const formats = ['cef', 'leef', 'ecs', 'ocsf'] as const;

export type Format = (typeof formats)[number];

export interface FormatContext {
  /** Écluse's own version. */
  readonly version: string;
}

const encoders: Readonly<Record<Format, (record: AlarmRecord, context: FormatContext) => string>> = {
  cef: cefText,
  leef: leefText,
  ecs: ecsText,
  ocsf: ocsfText,
};

/** One line without its end. */
export function formatted(record: AlarmRecord, format: Format, context: FormatContext): string {
  return encoders[format](record, context);
}

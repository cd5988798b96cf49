import type { Severity } from '../../../judge/types.js';
import { fieldsBut } from '../../formats/fields.js';
import { type Format, formatted } from '../../formats/index.js';
import { type AlarmRecord, withinSize } from '../../record.js';
import { cut, neutralised } from '../../text.js';

/** RFC 5424, section 6.2.1. */
export const facilities = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'authpriv',
  'ftp',
  'ntp',
  'audit',
  'alert',
  'clock',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const;

export type Facility = (typeof facilities)[number];

const severities: Readonly<Record<Severity, number>> = { critical: 2, high: 3, medium: 4, low: 5, info: 6 };

export interface SyslogEncoding {
  readonly facility: Facility;
  /** Private enterprise number in the SD-ID; 32473 is the one for documentation (RFC 5612). */
  readonly enterprise: number;
  readonly hostname: string;
  readonly appName: string;
  readonly processId: string;
  /** RFC 5424 section 6.4: UTF-8 text starts with a byte order mark. For a receiver that shows it, false. */
  readonly byteOrderMark: boolean;
  /** What the message says it in; left out, structured data and a sentence. */
  readonly format?: Format;
  /** Écluse's own version. */
  readonly version?: string;
  /** The free text; left out: `CODE severity: what (undo)`. */
  readonly text?: (record: AlarmRecord) => string;
}

/** A header field: printable US-ASCII without blanks, of bounded length, or `-` (NILVALUE). */
function header(text: string, lengthMax: number): string {
  return text.replaceAll(/[^\x21-\x7e]/g, '?').slice(0, lengthMax) || '-';
}

/** RFC 5424, section 6.3.3: these three, and no other, are escaped in a parameter's value. */
function paramValue(text: string): string {
  return text.replaceAll(/["\\\]]/g, '\\$&');
}

/** The text repeats in a sentence what the structured data says in fields. */
const TEXT_BYTES_MAX = 400;

/** What is told, in the order in which a person reads it. */
const params = fieldsBut(['at']);

function defaultText({ code, severity, device, what, title, undo, ...record }: AlarmRecord): string {
  const subject = what ?? title;
  const news = record.kind === 'update' ? ` [${newsOf(record)}]` : '';
  return `${code} ${severity}${device ? ` ${device}` : ''}: ${subject}${undo ? ` (${undo})` : ''}${news}`;
}

/** Why something known is told again. */
function newsOf({
  acknowledgedBy,
  claimedBy,
  waivedUntil,
}: Pick<AlarmRecord, 'acknowledgedBy' | 'claimedBy' | 'waivedUntil'>): string {
  if (waivedUntil !== undefined) return `waived until ${waivedUntil}`;
  const news = [
    ...(claimedBy === undefined ? [] : [`claimed by ${claimedBy}`]),
    ...(acknowledgedBy === undefined ? [] : [`acknowledged by ${acknowledgedBy}`]),
  ];
  return news.length === 0 ? 'changed' : news.join('; ');
}

function unfitted(record: AlarmRecord, encoding: SyslogEncoding): Buffer {
  const { facility, hostname, appName, processId } = encoding;
  const priority = facilities.indexOf(facility) * 8 + severities[record.severity];
  const fields = [
    `<${priority}>1`,
    record.at,
    header(hostname, 255),
    header(appName, 48),
    header(processId, 128),
    header(record.code, 32),
    encoding.format === undefined ? structured(record, encoding) : inFormat(record, encoding.format, encoding),
  ];
  return Buffer.from(fields.join(' '), 'utf8');
}

function structured(record: AlarmRecord, { enterprise, byteOrderMark, text = defaultText }: SyslogEncoding): string {
  const data = params
    .filter((name) => record[name] !== undefined)
    .map((name) => ` ${name}="${paramValue(String(record[name]))}"`)
    .join('');
  const sentence = cut(neutralised(text(record)), TEXT_BYTES_MAX);
  return `[ecluse@${enterprise}${data}] ${byteOrderMark ? '\ufeff' : ''}${sentence}`;
}

/** A parser of CEF or JSON wants the message to begin with it: no structured data, no byte order mark. */
function inFormat(record: AlarmRecord, format: Format, { version = '0' }: SyslogEncoding): string {
  return `- ${formatted(record, format, { version })}`;
}

/** One RFC 5424 message of at most 2 KB; the record's texts hold no control characters, so neither does the message. */
export function syslogMessage(record: AlarmRecord, encoding: SyslogEncoding): Buffer {
  return unfitted(
    withinSize(record, (candidate) => unfitted(candidate, encoding)),
    encoding,
  );
}

/** RFC 6587: `octet` names the length first and can carry anything; `lf` ends each message with a line feed. */
export function frame(message: Buffer, framing: 'octet' | 'lf'): Buffer {
  return framing === 'octet'
    ? Buffer.concat([Buffer.from(`${message.length} `, 'ascii'), message])
    : Buffer.concat([message, Buffer.from('\n')]);
}

/**
 * syslog: RFC 5424 with structured data, over TCP (RFC 6587). The event's id travels in the structured data, so a
 * message that had to be sent twice is recognised. Plain TCP cannot promise that a receiver kept what it took.
 */
import { hostname } from 'node:os';
import { type Format, withAttack } from '../../formats/index.js';
import type { AlarmRecord } from '../../record.js';
import type { Stream } from '../../route.js';
import type { Sink } from '../../sink.js';
import { tcpConnection } from './connection.js';
import { type Facility, frame, type SyslogEncoding, syslogMessage } from './encode.js';

export interface SyslogOptions {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly framing?: 'octet' | 'lf';
  readonly facility?: Facility;
  readonly enterprise?: number;
  readonly hostname?: string;
  readonly appName?: string;
  readonly byteOrderMark?: boolean;
  readonly settleMs?: number;
  /** Left out: structured data and a sentence. */
  readonly format?: Format;
  /** Écluse's own, for the formats that name it. */
  readonly version?: string;
  /** Whether techniques of ATT&CK are named; a tag starts incident playbooks. */
  readonly attack?: boolean;
  readonly text?: (record: AlarmRecord) => string;
  /** Alerts alone, unless said otherwise: reminders and notices would count as new alerts in most SIEMs. */
  readonly takes?: readonly Stream[];
}

const SETTLE_MS = 40;

export function syslogSink(options: SyslogOptions): Sink {
  const encoding: SyslogEncoding = {
    facility: options.facility ?? 'local4',
    enterprise: options.enterprise ?? 32473,
    hostname: options.hostname ?? hostname(),
    appName: options.appName ?? 'ecluse',
    processId: String(process.pid),
    byteOrderMark: options.byteOrderMark ?? true,
    ...(options.format && { format: options.format }),
    ...(options.version !== undefined && { version: options.version }),
    ...(options.text ? { text: options.text } : {}),
  };
  const connection = tcpConnection({
    host: options.host,
    port: options.port,
    settleMs: options.settleMs ?? SETTLE_MS,
  });
  return {
    id: options.id,
    takes: options.takes ?? ['alert'],
    deliver: (record, signal) => {
      const message = syslogMessage(options.attack ? withAttack(record) : record, encoding);
      return connection.send(frame(message, options.framing ?? 'octet'), signal);
    },
    close: () => connection.close(),
  };
}

export { type Facility, facilities, frame, type SyslogEncoding, syslogMessage } from './encode.js';

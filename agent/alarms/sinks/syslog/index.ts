/**
 * syslog: RFC 5424 over UDP (RFC 5426), TCP (RFC 6587), TLS (RFC 5425) and RELP. The event's id travels in the message,
 * so one that had to be sent twice is recognised. Only over RELP does the receiver confirm what it took.
 */
import { hostname } from 'node:os';
import type { Connection, TlsOptions } from '../../dial.js';
import { type Format, withAttack } from '../../formats/index.js';
import type { AlarmRecord } from '../../record.js';
import type { Stream } from '../../route.js';
import type { Sink } from '../../sink.js';
import { relpConnection } from '../relp/index.js';
import { streamConnection } from './connection.js';
import { type Facility, frame, type SyslogEncoding, syslogMessage } from './encode.js';
import { udpConnection } from './udp.js';

export type Transport = 'udp' | 'tcp' | 'relp';

export interface SyslogOptions {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly transport?: Transport;
  /** For TCP and RELP: everything goes through TLS. */
  readonly tls?: TlsOptions;
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
/** Enough to hide a network's delay; what is under way when a session ends is sent again. */
const WINDOW = 32;

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
  const connection = connectionOf(options);
  const { transport, framing = 'octet' } = options;
  return {
    id: options.id,
    takes: options.takes ?? ['alert'],
    ...(transport === 'relp' && { window: WINDOW }),
    deliver: (record, signal) => {
      const message = syslogMessage(options.attack ? withAttack(record) : record, encoding);
      return connection.send(
        transport === undefined || transport === 'tcp' ? frame(message, framing) : message,
        signal,
      );
    },
    close: () => connection.close(),
  };
}

function connectionOf({ host, port, transport = 'tcp', tls, settleMs = SETTLE_MS }: SyslogOptions): Connection {
  const peer = { host, port, ...(tls && { tls }) };
  if (transport === 'udp') return udpConnection({ ...peer, settleMs });
  return transport === 'relp' ? relpConnection({ ...peer, window: WINDOW }) : streamConnection({ ...peer, settleMs });
}

export { type Facility, facilities, frame, type SyslogEncoding, syslogMessage } from './encode.js';

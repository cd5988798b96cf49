import { parseHostPort } from './parts.js';
import type { SecretReference, SinkChoices, SinkSettings, TlsSettings } from './settings.js';
import type { SinkEntry, TlsEntry } from './sinks.js';

type Beside = (path: string) => string;

/** One sink as the guard needs it; `beside` takes a path as the file's reader means it. */
export function sinkSettings(entry: SinkEntry, beside: Beside): SinkSettings {
  const { id, streams, format, attack, tls, escalation } = entry;
  const choices: SinkChoices = {
    id,
    ...(streams !== undefined && { streams }),
    ...(format !== undefined && { format }),
    ...(attack !== undefined && { attack }),
    ...(escalation && { escalation: minutesOf(escalation) }),
  };
  const secured = tls && { tls: tlsSettings(tls, beside) };
  if (entry.jsonl !== undefined)
    return { kind: 'jsonl', ...choices, to: entry.jsonl === '-' ? entry.jsonl : beside(entry.jsonl) };
  if (entry.webhook !== undefined) {
    const { webhook, secret, style = 'standard', language = 'fr' } = entry;
    return {
      kind: 'webhook',
      ...choices,
      ...secured,
      url: typeof webhook === 'string' ? webhook : reference(webhook, beside),
      ...(secret && { secret: reference(secret, beside) }),
      style,
      language,
    };
  }
  if (entry.mail !== undefined) {
    const { mail: to, server, from, security = 'starttls', user, password, language = 'fr' } = entry;
    return {
      kind: 'mail',
      ...choices,
      ...secured,
      to,
      from: from!,
      ...parseHostPort(server!)!,
      security,
      ...(user !== undefined && { user }),
      ...(password && { password: reference(password, beside) }),
      language,
    };
  }
  const { syslog, transport, framing, facility, enterprise } = entry;
  return {
    kind: 'syslog',
    ...choices,
    ...secured,
    ...parseHostPort(syslog!)!,
    ...(transport !== undefined && { transport }),
    ...(framing !== undefined && { framing }),
    ...(facility !== undefined && { facility }),
    ...(enterprise !== undefined && { enterprise }),
  };
}

function minutesOf(seconds: NonNullable<SinkEntry['escalation']>): NonNullable<SinkChoices['escalation']> {
  return Object.fromEntries(
    Object.entries(seconds).flatMap(([severity, after]) => (after === undefined ? [] : [[severity, after / 60]])),
  );
}

function reference({ kind, place }: SecretReference, beside: Beside): SecretReference {
  return { kind, place: kind === 'file' ? beside(place) : place };
}

function tlsSettings({ ca, cert, key, serverName, pins }: TlsEntry, beside: Beside): TlsSettings {
  return {
    ...(ca !== undefined && { ca: beside(ca) }),
    ...(cert !== undefined && { cert: beside(cert) }),
    ...(key !== undefined && { key: beside(key) }),
    ...(serverName !== undefined && { serverName }),
    ...(pins && { pins }),
  };
}

/** Where a sink tells, for people: an address that may be a secret is not shown, but its host. */
export function sinkPlace(sink: SinkSettings): string {
  if (sink.kind === 'jsonl') return sink.to;
  if (sink.kind === 'webhook') return typeof sink.url === 'string' ? new URL(sink.url).host : 'an address kept apart';
  const place = `${sink.host}:${sink.port}`;
  if (sink.kind === 'mail') return `${sink.to.join(', ')} through ${place}`;
  return sink.transport === undefined ? place : `${place} over ${sink.transport}`;
}

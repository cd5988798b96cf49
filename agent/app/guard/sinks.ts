import { readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import {
  facilities,
  jsonlSink,
  mailSink,
  type Sink,
  type SyslogOptions,
  signingKey,
  syslogSink,
  type TlsOptions,
  webhookSink,
} from '../../alarms/index.js';
import type {
  MailSettings,
  SecretReference,
  SinkSettings,
  SyslogSettings,
  TlsSettings,
  WebhookSettings,
} from '../../config/index.js';
import { codeText } from '../../judge/index.js';
import { failure, type Problem, type Result, success } from '../../lib/result.js';
import { type Secret, secret } from '../../lib/secret.js';
import { version } from './version.js';

/** The sinks a configuration names; `output` is where `-` writes. What a sink refers to is read now, and kept nowhere. */
export function sinksOf(settings: readonly SinkSettings[], output: Writable): Result<readonly Sink[]> {
  const sinks: Sink[] = [];
  for (const one of settings) {
    const sink = sinkOf(one, output);
    if (!sink.ok) return sink;
    sinks.push(one.escalation ? { ...sink.value, waits: true } : sink.value);
  }
  return success(sinks);
}

function told(one: SinkSettings) {
  return {
    id: one.id,
    version: version(),
    ...(one.streams && { takes: one.streams }),
    ...(one.format && { format: one.format }),
    ...(one.attack !== undefined && { attack: one.attack }),
  };
}

function sinkOf(one: SinkSettings, output: Writable): Result<Sink> {
  if (one.kind === 'jsonl') return success(jsonlSink({ ...told(one), to: one.to === '-' ? output : one.to }));
  if (one.kind === 'webhook') return webhookOf(one);
  return one.kind === 'mail' ? mailOf(one) : syslogOf(one);
}

function webhookOf(one: WebhookSettings): Result<Sink> {
  const url = typeof one.url === 'string' ? success(secret(one.url)) : referred(one.id, one.url);
  if (!url.ok) return url;
  if (!/^https?:/.test(url.value.reveal()) || !URL.canParse(url.value.reveal()))
    return failure(setup(one.id, 'its address, kept as a secret, is none', 'one that starts with https://'));
  const tls = one.tls && tlsOf(one.id, one.tls);
  if (tls && !tls.ok) return tls;
  const held = one.secret && referred(one.id, one.secret);
  if (held && !held.ok) return held;
  const key = held?.ok ? signingKey(held.value) : undefined;
  if (key && !key.ok) return failure(setup(one.id, 'its secret cannot be used', key.error));
  const { style, language } = one;
  return success(
    webhookSink({
      ...told(one),
      url: url.value,
      style,
      language,
      texts: codeText,
      ...(key && { key: key.value }),
      ...(tls && { tls: tls.value }),
    }),
  );
}

function mailOf(one: MailSettings): Result<Sink> {
  const tls = one.tls && tlsOf(one.id, one.tls);
  if (tls && !tls.ok) return tls;
  const password = one.password && referred(one.id, one.password);
  if (password && !password.ok) return password;
  const { host, port, security, from, to, user, language } = one;
  return success(
    mailSink({
      ...told(one),
      ...{ host, port, security, from, to, language, texts: codeText },
      ...(user !== undefined && { user }),
      ...(password && { password: password.value }),
      ...(tls && { tls: tls.value }),
    }),
  );
}

function setup(id: string, message: string, expected: string): Problem {
  return { code: 'SINK_SETUP', message: `the sink ${id}: ${message}`, expected };
}

/** A line break behind a secret is the editor's, not the secret's. */
function referred(id: string, { kind, place }: SecretReference): Result<Secret> {
  if (kind === 'env') {
    const value = process.env[place]?.trim();
    if (value) return success(secret(value));
    return failure(setup(id, `the variable ${place} is not set`, 'the secret in it'));
  }
  const text = readPart(id, place);
  if (!text.ok) return text;
  const value = text.value.trim();
  return value === '' ? failure(setup(id, 'the file is empty', 'the secret in it')) : success(secret(value));
}

function syslogOf(one: SyslogSettings): Result<Sink> {
  const facility = one.facility === undefined ? undefined : facilities[one.facility];
  const usesTls = one.transport === 'tls' || one.transport === 'relp-tls';
  const tls = usesTls ? tlsOf(one.id, one.tls ?? {}) : undefined;
  if (tls && !tls.ok) return tls;
  return success(
    syslogSink({
      ...told(one),
      host: one.host,
      port: one.port,
      transport: transports[one.transport ?? 'tcp'],
      framing: one.framing === 'newline' ? 'lf' : 'octet',
      ...(facility !== undefined && { facility }),
      ...(one.enterprise !== undefined && { enterprise: one.enterprise }),
      ...(tls && { tls: tls.value }),
    }),
  );
}

const transports: Readonly<Record<NonNullable<SyslogSettings['transport']>, NonNullable<SyslogOptions['transport']>>> =
  { udp: 'udp', tcp: 'tcp', tls: 'tcp', relp: 'relp', 'relp-tls': 'relp' };

function tlsOf(id: string, settings: TlsSettings): Result<TlsOptions> {
  const [ca, cert, key] = [settings.ca, settings.cert, settings.key].map((path) =>
    path === undefined ? undefined : readPart(id, path),
  );
  for (const part of [ca, cert, key]) if (part && !part.ok) return part;
  return success({
    ...(ca?.ok && { ca: ca.value }),
    ...(cert?.ok && { cert: cert.value }),
    ...(key?.ok && { key: secret(key.value) }),
    ...(settings.serverName !== undefined && { serverName: settings.serverName }),
    ...(settings.pins && { pins: settings.pins }),
  });
}

function readPart(id: string, path: string): Result<string> {
  try {
    return success(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return failure({
      code: 'SINK_SETUP',
      file: path,
      message: `the sink ${id} names this file, and it cannot be read: ${code ?? String(error)}`,
      remedy: 'correct the path or the rights of the file',
    });
  }
}

import { execFileSync } from 'node:child_process';
import { beforeAll, expect } from '@jest/globals';
import { alarmRecord, type SyslogOptions, syslogSink } from '../../agent/alarms/index.js';
import { secret } from '../../agent/lib/secret.js';
import { anEvent } from '../store/samples.js';
import { type Certificates, certificates, pem } from '../support/certificates.js';
import { describeSystem, systemTest, tempDir } from '../support/system.js';
import { type RelpReceiver, relpReceiver } from './receivers.js';

type TlsChoice = NonNullable<SyslogOptions['tls']>;

describeSystem(['openssl'], 'TLS', () => {
  let made: Certificates;
  let other: Certificates;
  beforeAll(() => {
    made = certificates(tempDir());
    other = certificates(tempDir());
  });

  /** One alarm over RELP in TLS: what the receiver answers is known for certain. */
  const tell = async (choice: TlsChoice, isMutual = false): Promise<string> => {
    const receiver: RelpReceiver = await relpReceiver({
      tls: {
        cert: pem(made.server.cert),
        key: pem(made.server.key),
        ...(isMutual && { ca: pem(made.ca), requestCert: true, rejectUnauthorized: true }),
      },
    });
    const sink = syslogSink({ id: 's', host: '127.0.0.1', port: receiver.port, transport: 'relp', tls: choice });
    try {
      const answer = await sink.deliver(alarmRecord(anEvent('a', 1)), AbortSignal.timeout(5_000));
      return answer.ok ? `told ${receiver.messages.length}` : answer.error.message;
    } finally {
      await sink.close();
      await receiver.stop();
    }
  };
  const named = (more: Partial<TlsChoice> = {}): TlsChoice => ({ ca: pem(made.ca), ...more });

  systemTest(['openssl'], 'the authority, the name and the pin are checked', async () => {
    expect(await tell(named())).toBe('told 1');
    expect(await tell(named({ serverName: 'siem.example.org' }))).toBe('told 1');
    expect(await tell(named({ pins: [other.serverPin, made.serverPin] }))).toBe('told 1');
    expect(await tell({})).toMatch(/certificate|issuer/i);
    expect(await tell({ ca: pem(other.ca) })).toMatch(/certificate|issuer|signature/i);
    expect(await tell(named({ serverName: 'other.example.org' }))).toMatch(/altnames/);
    expect(await tell(named({ pins: [other.serverPin] }))).toMatch(
      /another one than was pinned: its SHA-256 is [0-9a-f]{64}/,
    );
  });

  systemTest(['openssl'], 'a receiver that asks for a certificate gets it, and refuses everybody else', async () => {
    const key = secret(pem(made.client.key));
    expect(await tell(named({ cert: pem(made.client.cert), key }), true)).toBe('told 1');
    expect(await tell(named(), true)).not.toMatch(/^told/);
    const foreign = { cert: pem(other.client.cert), key: secret(pem(other.client.key)) };
    expect(await tell(named(foreign), true)).not.toMatch(/^told/);
  });

  systemTest(['openssl'], 'an expired certificate is refused', async () => {
    const folder = tempDir();
    const expired = certificates(folder);
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'server.ext', '-days', '-1'];
    execFileSync('openssl', ['x509', '-req', '-in', 'server.csr', ...by, '-out', 'server.pem'], {
      cwd: folder,
      stdio: 'ignore',
    });
    const receiver = await relpReceiver({ tls: { cert: pem(expired.server.cert), key: pem(expired.server.key) } });
    const tls = { ca: pem(expired.ca) };
    const sink = syslogSink({ id: 's', host: '127.0.0.1', port: receiver.port, transport: 'relp', tls });
    const answer = await sink.deliver(alarmRecord(anEvent('a', 1)), AbortSignal.timeout(5_000));
    await sink.close();
    await receiver.stop();
    expect(answer).toMatchObject({ ok: false, error: { code: 'SINK_UNREACHABLE' } });
    if (!answer.ok) expect(answer.error.message).toMatch(/expired/);
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type AlarmRecord, alarmRecord, type Sink, syslogSink } from '../../agent/alarms/index.js';
import { frame, type SyslogEncoding, syslogMessage } from '../../agent/alarms/sinks/syslog/index.js';
import { anEvent } from '../store/samples.js';
import { waitFor } from '../support/system.js';
import { type TcpReceiver, tcpReceiver } from './receivers.js';

const encoding: SyslogEncoding = {
  facility: 'local4',
  enterprise: 32473,
  hostname: 'garde.example',
  appName: 'ecluse',
  processId: '42',
  byteOrderMark: true,
};

const record: AlarmRecord = {
  key: 'fw1/f',
  id: 'fw1/f#1.1',
  kind: 'raise',
  stream: 'alert',
  at: '2026-11-22T10:00:00.007+01:00',
  code: 'LEFT_OPEN',
  severity: 'critical',
  title: 'Left open: fw1',
  what: 'accès "PACS" \\ [104]',
  device: 'fw1',
  subject: 'f',
  firstSeen: '2026-11-22T08:30:00.000+01:00',
  lastSeen: '2026-11-22T10:00:00.000+01:00',
  minutesOpen: 90,
  count: 1,
};

describe('RFC 5424', () => {
  test('one message, letter by letter', () => {
    expect(syslogMessage(record, encoding).toString('utf8')).toBe(
      '<162>1 2026-11-22T10:00:00.007+01:00 garde.example ecluse 42 LEFT_OPEN ' +
        '[ecluse@32473 key="fw1/f" id="fw1/f#1.1" kind="raise" stream="alert" code="LEFT_OPEN" severity="critical" ' +
        'title="Left open: fw1" what="accès \\"PACS\\" \\\\ [104\\]" device="fw1" subject="f" minutesOpen="90" ' +
        'firstSeen="2026-11-22T08:30:00.000+01:00" lastSeen="2026-11-22T10:00:00.000+01:00" count="1"] ' +
        '\ufeffLEFT_OPEN critical fw1: accès "PACS" \\ [104]',
    );
  });

  test('an update says in its text what is new', () => {
    const text = (more: object): string =>
      syslogMessage({ ...record, kind: 'update', ...more }, encoding)
        .toString('utf8')
        .split('[104] ')[1] ?? '';
    expect(text({})).toBe('[changed]');
    expect(text({ acknowledgedBy: 'RSSI' })).toBe('[acknowledged by RSSI]');
    expect(text({ claimedBy: 'Responsable A: scanner down' })).toBe('[claimed by Responsable A: scanner down]');
    expect(text({ acknowledgedBy: 'RSSI', waivedUntil: '2026-12-01' })).toBe('[waived until 2026-12-01]');
  });

  test.each([
    ['critical', 'local4', 162],
    ['high', 'local4', 163],
    ['medium', 'local4', 164],
    ['low', 'local4', 165],
    ['info', 'local4', 166],
    ['critical', 'kern', 2],
    ['info', 'local7', 190],
  ] as const)('%s at %s is <%i>', (severity, facility, priority) => {
    const message = syslogMessage({ ...record, severity }, { ...encoding, facility }).toString('utf8');
    expect(message.startsWith(`<${priority}>1 `)).toBe(true);
  });

  test('header fields hold nothing but printable ASCII of bounded length, or -', () => {
    const odd = { ...encoding, hostname: '', appName: `é a${'x'.repeat(60)}`, processId: 'a\nb' };
    const message = syslogMessage({ ...record, code: 'C'.repeat(40) }, odd).toString('utf8');
    expect(message.split(' ').slice(2, 6)).toEqual(['-', `??a${'x'.repeat(45)}`, 'a?b', 'C'.repeat(32)]);
  });

  test('the byte order mark can be left out, and text of the caller’s own is made harmless', () => {
    const plain = { ...encoding, byteOrderMark: false, text: () => 'Laissé\nouvert' };
    expect(syslogMessage(record, plain).toString('utf8').split('] ').at(-1)).toBe('Laissé ouvert');
  });

  test('a frame names the length in octets, not in characters', () => {
    expect(frame(Buffer.from('é'), 'octet').toString('utf8')).toBe('2 é');
    expect(frame(Buffer.from('é'), 'lf').toString('utf8')).toBe('é\n');
  });
});

describe('the connection', () => {
  let receiver: TcpReceiver;
  let sink: Sink;
  const never = new AbortController().signal;
  const tell = (name: string) => sink.deliver(alarmRecord(anEvent(name, 1)), never);
  const arrived = () => receiver.messages.map(({ id }) => id);

  afterEach(async () => {
    await sink.close();
    await receiver.stop();
  });

  test('is kept, and made anew once the receiver has closed it, without losing a message', async () => {
    receiver = await tcpReceiver('octet');
    sink = syslogSink({ id: 's', host: '127.0.0.1', port: receiver.port, settleMs: 5 });
    expect(await tell('a')).toMatchObject({ ok: true });
    expect(await tell('b')).toMatchObject({ ok: true });
    expect(receiver.accepted()).toBe(1);
    receiver.endAll();
    await sleep(50);
    expect(await tell('c')).toMatchObject({ ok: true });
    await waitFor(() => receiver.messages.length === 3, { what: 'three messages' });
    expect(arrived()).toEqual(['a#1.1', 'b#1.1', 'c#1.1']);
    expect(receiver.accepted()).toBe(2);
  });

  test('that ends just after a message makes that message a failure', async () => {
    receiver = await tcpReceiver('octet');
    sink = syslogSink({ id: 's', host: '127.0.0.1', port: receiver.port, settleMs: 300 });
    const answer = tell('a');
    await waitFor(() => receiver.accepted() === 1, { what: 'the connection' });
    receiver.endAll();
    expect(await answer).toMatchObject({ ok: false, error: { code: 'SINK_LOST' } });
    expect(await tell('a')).toMatchObject({ ok: true });
    await waitFor(() => receiver.messages.length === 2, { what: 'both' });
    // Told twice with one id: the receiver can tell that it is the same event.
    expect(arrived()).toEqual(['a#1.1', 'a#1.1']);
  });

  test('to nobody says so, with the place', async () => {
    receiver = await tcpReceiver('octet');
    await receiver.stop();
    sink = syslogSink({ id: 's', host: '127.0.0.1', port: receiver.port });
    const answer = await tell('a');
    expect(answer).toMatchObject({ ok: false, error: { code: 'SINK_UNREACHABLE' } });
    if (!answer.ok) expect(answer.error.message).toContain(`127.0.0.1:${receiver.port}`);
  });
});

import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { alarmRecord, type Sink, syslogSink } from '../../agent/alarms/index.js';
import { type Frame, frameOf, takeFrames } from '../../agent/alarms/sinks/relp/frames.js';
import { anEvent } from '../store/samples.js';
import { waitFor } from '../support/system.js';
import { type RelpManners, type RelpReceiver, relpReceiver } from './receivers.js';

describe('frames', () => {
  const frame = fc.record({
    transaction: fc.integer({ min: 0, max: 999_999_999 }),
    command: fc.constantFrom('open', 'syslog', 'rsp', 'close', 'serverclose'),
    data: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  });

  test('come back as they were, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), fc.array(fc.nat(60), { maxLength: 30 }), (frames, cuts) => {
        const stream = Buffer.concat(frames.map(frameOf));
        const seen: Frame[] = [];
        let rest: Buffer = Buffer.alloc(0);
        let at = 0;
        for (const length of [...cuts, stream.length]) {
          const taken = takeFrames(Buffer.concat([rest, stream.subarray(at, at + length)]));
          if (!taken.ok) throw new Error(taken.error);
          seen.push(...taken.value.frames.map((one) => ({ ...one, data: Buffer.from(one.data) })));
          rest = taken.value.rest;
          at += length;
        }
        expect(seen).toEqual(frames);
        expect(rest).toHaveLength(0);
      }),
      { seed: 5 },
    );
  });

  test('without data end behind their length', () => {
    expect(frameOf({ transaction: 3, command: 'close', data: Buffer.alloc(0) }).toString()).toBe('3 close 0\n');
    expect(frameOf({ transaction: 4, command: 'syslog', data: Buffer.from('é') }).toString()).toBe('4 syslog 2 é\n');
  });

  test.each(['SSH-2.0-OpenSSH_9.2\r\n', '1 rsp 99999999 x', '1 rsp 3 200OK\n', '1 rsp 5\n', `1 ${'r'.repeat(80)}`])(
    '%j is refused',
    (text) => {
      expect(takeFrames(Buffer.from(text)).ok).toBe(false);
    },
  );
});

describe('a RELP session', () => {
  let receiver: RelpReceiver;
  let sink: Sink;
  const open = async (manners: RelpManners = {}): Promise<void> => {
    receiver = await relpReceiver(manners);
    sink = syslogSink({ id: 's', host: '127.0.0.1', port: receiver.port, transport: 'relp' });
  };
  const tell = (name: string, signal = new AbortController().signal) =>
    sink.deliver(alarmRecord(anEvent(name, 1)), signal);
  const arrived = () => receiver.messages.map(({ id }) => id);

  afterEach(async () => {
    await sink.close();
    await receiver.stop();
  });

  test('carries many messages at once, in order, and no more than its window', async () => {
    await open({ delayMs: 5 });
    const names = Array.from({ length: 80 }, (_, index) => `f${index}`);
    const answers = await Promise.all(names.map((name) => tell(name)));
    expect(answers.every(({ ok }) => ok)).toBe(true);
    expect(arrived()).toEqual(names.map((name) => `${name}#1.1`));
    expect(receiver.sessions()).toBe(1);
    expect(receiver.mostWaiting()).toBeGreaterThan(1);
    expect(receiver.mostWaiting()).toBeLessThanOrEqual(32);
  });

  test('a message that is refused ends it: nothing behind it overtakes', async () => {
    await open({ answer: (_message, number) => (number === 1 ? '500 disk full' : '200 OK'), delayMs: 5 });
    const answers = await Promise.all(['a', 'b', 'c'].map((name) => tell(name)));
    expect(answers.map(({ ok }) => ok)).toEqual([true, false, false]);
    expect(answers[1]).toMatchObject({ error: { code: 'SINK_REFUSED' } });
    if (!answers[1]!.ok) expect(answers[1]!.error.message).toContain('500 disk full');
    expect(await tell('b')).toMatchObject({ ok: true });
    expect(receiver.sessions()).toBe(2);
  });

  test('a receiver that keeps silent is a failure in time, and everything behind it comes again', async () => {
    await open({ answer: (_message, number) => (number === 0 ? undefined : '200 OK') });
    const first = await tell('a', AbortSignal.timeout(200));
    expect(first).toMatchObject({ ok: false, error: { code: 'SINK_TIMEOUT' } });
    expect(await tell('a')).toMatchObject({ ok: true });
    expect(arrived()).toEqual(['a#1.1']);
  });

  test('a server that says it will close is believed', async () => {
    await open();
    expect(await tell('a')).toMatchObject({ ok: true });
    receiver.say('0 serverclose 0\n');
    await waitFor(async () => (await tell('b')).ok && receiver.sessions() === 2, { what: 'a second session' });
    expect(new Set(arrived())).toEqual(new Set(['a#1.1', 'b#1.1']));
  });

  test.each([
    ['500 too busy', 'the receiver refuses the session: 500 too busy'],
    ['200 OK\nrelp_version=0\ncommands=other', 'the receiver refuses the session: 200 OK'],
  ])('a session that is answered with %j is no session', async (offers, message) => {
    await open({ offers });
    const answer = await tell('a');
    expect(answer).toMatchObject({ ok: false, error: { code: 'SINK_UNREACHABLE' } });
    if (!answer.ok) expect(answer.error.message).toContain(message);
  });

  test('something else on the port is said to be no RELP', async () => {
    await open();
    receiver.say('');
    await receiver.stop();
    receiver = await relpReceiver({ offers: 'x\n'.repeat(70_000) });
    sink = syslogSink({ id: 's', host: '127.0.0.1', port: receiver.port, transport: 'relp' });
    const answer = await tell('a');
    expect(answer.ok).toBe(false);
    if (!answer.ok) expect(answer.error.message).toContain('the answer is longer than RELP answers are');
  });
});

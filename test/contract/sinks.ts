import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { alarmRecord, RECORD_BYTES_MAX, type Sink, startDelivery } from '../../agent/alarms/index.js';
import type { FindingEvent } from '../../agent/judge/types.js';
import { memoryStore } from '../../agent/store/index.js';
import { anEvent } from '../store/samples.js';
import { waitFor } from '../support/system.js';

/** One message as it came in, without its framing. */
export interface Received {
  readonly id: string;
  readonly raw: Buffer;
}

/** A receiver, and the sink that tells it. */
export interface Receiver {
  readonly sink: Sink;
  received(): Promise<readonly Received[]>;
  /** Goes away, so that deliveries are refused, and comes back. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface SinkUnderTest {
  readonly name: string;
  open(): Promise<Receiver>;
  /** A receiver that takes the connection and never reads; absent where the medium has no reader. */
  openHung?(): Promise<{ readonly sink: Sink; close(): Promise<void> }>;
}

const ids = (received: readonly Received[]): readonly string[] => received.map(({ id }) => id);
const never = new AbortController().signal;

function events(count: number, text?: string): readonly FindingEvent[] {
  return Array.from({ length: count }, (_, index) => anEvent(`f${index}`, 1, text));
}

/** What every sink does, whatever it speaks. */
export function sinkContract(subject: SinkUnderTest): void {
  describe(`${subject.name} keeps the sink's contract`, () => {
    let receiver: Receiver;
    beforeEach(async () => {
      receiver = await subject.open();
    });
    afterEach(async () => {
      await receiver.sink.close();
      await receiver.close();
    });

    const tell = async (event: FindingEvent): Promise<Received> => {
      expect(await receiver.sink.deliver(alarmRecord(event), never)).toEqual({ ok: true, value: undefined });
      return waitFor(async () => (await receiver.received()).at(-1), { what: 'the message' });
    };

    test('records arrive in order, once each', async () => {
      for (const event of events(20)) {
        expect(await receiver.sink.deliver(alarmRecord(event), never)).toMatchObject({ ok: true });
      }
      await waitFor(async () => (await receiver.received()).length >= 20, { what: '20 messages' });
      expect(ids(await receiver.received())).toEqual(events(20).map(({ id }) => id));
    });

    test('a receiver that is away refuses, and gets the same record when it is back', async () => {
      await receiver.stop();
      const record = alarmRecord(anEvent('f', 1));
      const refused = await receiver.sink.deliver(record, AbortSignal.timeout(400));
      expect(refused).toMatchObject({ ok: false });
      if (!refused.ok) expect(refused.error.message).not.toBe('');
      await receiver.start();
      expect(await receiver.sink.deliver(record, never)).toMatchObject({ ok: true });
      await waitFor(async () => (await receiver.received()).length > 0, { what: 'the message' });
      expect(ids(await receiver.received())).toEqual(['f#1.1']);
    });

    test('with delivery: a receiver that restarts twice loses no event and changes no order', async () => {
      const { outbox } = memoryStore();
      const told = events(30);
      const delivery = startDelivery({
        outbox,
        sinks: [receiver.sink],
        retryMs: { first: 20, longest: 60 },
        attemptTimeoutMs: 10_000,
      });
      const queue = (from: number, to: number): void => {
        outbox.enqueue(told.slice(from, to), [receiver.sink.id], Date.now());
        delivery.wake();
      };
      queue(0, 10);
      await delivery.settled();
      await receiver.stop();
      queue(10, 20);
      await waitFor(() => delivery.states()[0]!.failingSince !== undefined, { what: 'a failure' });
      await receiver.start();
      await waitFor(() => outbox.list({ undelivered: true }).length === 0, { what: 'an empty queue' });
      await receiver.stop();
      await receiver.start();
      queue(20, 30);
      await waitFor(() => outbox.list({ undelivered: true }).length === 0, { what: 'an empty queue' });
      await waitFor(async () => (await receiver.received()).length >= 30, { what: '30 messages' });
      await delivery.stop();
      expect(ids(await receiver.received())).toEqual(told.map(({ id }) => id));
      expect(delivery.states()[0]!.failingSince).toBeUndefined();
    });

    test('text in any language arrives as it was written', async () => {
      const { raw } = await tell(anEvent('f', 1, 'Règle oubliée : accès à l’imagerie — 門 🚪'));
      expect(raw.toString('utf8')).toContain('Règle oubliée : accès à l’imagerie — 門 🚪');
    });

    test('line breaks, NUL, terminal escapes and directional overrides are shown, not sent', async () => {
      const { raw } = await tell(anEvent('f', 1, 'a\r\nb\n<13>1 - forged\u0000\u001b[2J\u009b1m\u202e\u2028\ud800'));
      const text = raw.toString('utf8');
      expect(text).toContain('a b <13>1 - forged');
      expect(text).toMatch(/u\{1b\}\[2J/);
      expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e\ufffd]/);
    });

    test('a record of any size is at most 2 KB, whole characters only, and says what was cut', async () => {
      const { raw, id } = await tell(anEvent('f', 1, 'é漢🚪"\\]'.repeat(3_000)));
      expect(raw.length).toBeLessThanOrEqual(RECORD_BYTES_MAX);
      expect(raw.toString('utf8')).not.toContain('\ufffd');
      expect(raw.toString('utf8')).toMatch(/truncated/i);
      expect(id).toBe('f#1.1');
    });

    test('closing settles, also twice and without a connection', async () => {
      await receiver.sink.close();
      await tell(anEvent('f', 1));
      await receiver.sink.close();
      await receiver.sink.close();
    });

    if (subject.openHung) {
      test('a receiver that never reads becomes a failure in time', async () => {
        const hung = await subject.openHung!();
        try {
          let answer: Awaited<ReturnType<Sink['deliver']>> | undefined;
          // What fits into the buffers on the way counts as told; 40 MB fit nowhere.
          for (let count = 0; count < 20_000; count++) {
            const controller = new AbortController();
            const timer = setTimeout(() => controller.abort(), 300);
            const record = alarmRecord(anEvent(`f${count}`, 1, 'x'.repeat(2_000)));
            answer = await hung.sink.deliver(record, controller.signal);
            clearTimeout(timer);
            if (!answer.ok) break;
          }
          expect(answer).toMatchObject({ ok: false, error: { code: 'SINK_TIMEOUT' } });
        } finally {
          await hung.sink.close();
          await hung.close();
        }
      });
    }
  });
}

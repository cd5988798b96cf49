import { describe, expect, test } from '@jest/globals';
import {
  type AlarmRecord,
  backoffMs,
  type Delivered,
  type Delivery,
  heartbeatRecord,
  type Outbox,
  type Sink,
  type SinkState,
  startDelivery,
  streams,
} from '../../agent/alarms/index.js';
import { virtualClock } from '../../agent/lib/clock.js';
import { failure, success } from '../../agent/lib/result.js';
import { memoryStore } from '../../agent/store/index.js';
import { anEvent } from '../store/samples.js';

const START = 1_000_000;

interface Recorder extends Sink {
  readonly told: string[];
  readonly closed: () => boolean;
  answer: (signal: AbortSignal, record: AlarmRecord) => Promise<Delivered>;
}

function recorder(id: string): Recorder {
  const told: string[] = [];
  let closed = false;
  const sink: Recorder = {
    id,
    takes: streams,
    told,
    closed: () => closed,
    answer: async () => success(undefined),
    async deliver(record, signal) {
      const answer = await sink.answer(signal, record);
      if (answer.ok) told.push(record.id);
      return answer;
    },
    async close() {
      closed = true;
    },
  };
  return sink;
}

const refuse = async (): Promise<Delivered> => failure({ code: 'SINK_UNREACHABLE', message: 'refused' });

function setup(names: readonly string[], outbox: Outbox = memoryStore().outbox, random = () => 0) {
  const clock = virtualClock(START);
  const sinks = names.map(recorder);
  const faults: unknown[] = [];
  const delivery: Delivery = startDelivery({
    outbox,
    sinks,
    clock,
    random,
    attemptTimeoutMs: 10_000,
    retryMs: { first: 1_000, longest: 60_000 },
    onFault: (error) => faults.push(error),
  });
  const queue = (...events: readonly string[]): void => {
    outbox.enqueue(
      events.map((name) => anEvent(name, 1)),
      names,
      clock.now(),
    );
    delivery.wake();
  };
  const advance = async (ms: number): Promise<void> => {
    clock.advanceTo(clock.now() + ms);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, sinks, outbox, delivery, queue, advance, faults };
}

describe('delivery', () => {
  test('tells each sink everything, in order, and stops cleanly', async () => {
    const { sinks, delivery, queue, outbox } = setup(['a', 'b']);
    queue('e1', 'e2');
    queue('e3');
    await delivery.settled();
    for (const sink of sinks) expect(sink.told).toEqual(['e1#1.1', 'e2#1.1', 'e3#1.1']);
    expect(outbox.list({ undelivered: true })).toEqual([]);
    await delivery.stop();
    expect(sinks.every((sink) => sink.closed())).toBe(true);
    queue('e4');
    expect(sinks[0]!.told).toHaveLength(3);
  });

  test('what was queued before the start is told without being woken', async () => {
    const { outbox } = memoryStore();
    outbox.enqueue([anEvent('old', 1)], ['a'], START - 5_000);
    const { sinks, delivery } = setup(['a'], outbox);
    await delivery.settled();
    expect(sinks[0]!.told).toEqual(['old#1.1']);
    await delivery.stop();
  });

  test('a failing sink waits longer each time, keeps its order and holds up no other', async () => {
    const { sinks, delivery, queue, advance, outbox } = setup(['bad', 'good']);
    const [bad, good] = sinks as [Recorder, Recorder];
    const attempts: number[] = [];
    let elapsed = 0;
    bad.answer = () => {
      attempts.push(elapsed);
      return refuse();
    };
    queue('e1', 'e2');
    await delivery.settled();
    expect(good.told).toEqual(['e1#1.1', 'e2#1.1']);
    for (; elapsed < 64_000; ) {
      elapsed += 500;
      await advance(500);
      await delivery.settled();
    }
    // Half of 1, 2, 4, … 60 s, as the chance is 0 here.
    expect(attempts).toEqual([0, 500, 1_500, 3_500, 7_500, 15_500, 31_500, 61_500]);
    expect(delivery.states()[0]).toMatchObject({ sink: 'bad', failingSince: START, lastError: 'refused' });
    expect(outbox.list({ sink: 'bad' })[0]).toMatchObject({ attempts: 8, lastError: 'refused' });
    bad.answer = async () => success(undefined);
    await advance(60_000);
    await delivery.settled();
    expect(bad.told).toEqual(['e1#1.1', 'e2#1.1']);
    expect(delivery.states()[0]).toMatchObject({ lastDeliveredAt: START + 124_000 });
    expect(delivery.states()[0]!.failingSince).toBeUndefined();
    await delivery.stop();
  });

  test('a sink that never answers is told to stop in time, and tried again', async () => {
    const { sinks, delivery, queue, advance } = setup(['hung']);
    const sink = sinks[0]!;
    let signalled = 0;
    // It does not even settle when it is told to.
    sink.answer = (signal) => {
      signal.addEventListener('abort', () => signalled++);
      return new Promise(() => {});
    };
    queue('e1');
    await advance(0);
    await advance(9_999);
    expect(delivery.states()[0]!.lastError).toBeUndefined();
    await advance(1);
    await delivery.settled();
    expect(signalled).toBe(1);
    expect(delivery.states()[0]!.lastError).toBe('no answer within 10000 ms');
    sink.answer = async () => success(undefined);
    await advance(500);
    await delivery.settled();
    expect(sink.told).toEqual(['e1#1.1']);
    await delivery.stop();
  });

  test('a receiver that asks to be left alone is, up to the longest wait', async () => {
    const { sinks, delivery, queue, advance } = setup(['a']);
    let attempts = 0;
    let retryAfterMs = 20_000;
    sinks[0]!.answer = async () => {
      attempts++;
      return failure({ code: 'SINK_REFUSED', message: '429', retryAfterMs });
    };
    queue('e1');
    await delivery.settled();
    await advance(19_999);
    expect(attempts).toBe(1);
    retryAfterMs = 86_400_000;
    await advance(1);
    await delivery.settled();
    expect(attempts).toBe(2);
    await advance(60_000);
    await delivery.settled();
    expect(attempts).toBe(3);
    await delivery.stop();
  });

  test('one record that is refused again and again does not hold up the others; each alarm keeps its order', async () => {
    const { sinks, delivery, queue, advance, outbox } = setup(['a']);
    const [sink] = sinks as [Recorder];
    const attempts = new Map<string, number>();
    sink.answer = async (_signal, { id }) => {
      attempts.set(id, (attempts.get(id) ?? 0) + 1);
      return id === 'spam#1.1' ? failure({ code: 'SINK_REFUSED', message: '554 spam' }) : success(undefined);
    };
    queue('spam', 'b');
    outbox.enqueue([{ ...anEvent('spam', 2) }], ['a'], START);
    for (let second = 0; second < 40; second++) {
      await advance(1_000);
      await delivery.settled();
    }
    expect(sink.told).toEqual(['b#1.1']);
    // Once it is known to be stuck, what comes new does not wait.
    queue('c');
    await delivery.settled();
    expect(sink.told).toEqual(['b#1.1', 'c#1.1']);
    expect(delivery.states()[0]).toMatchObject({ lastError: '554 spam' });
    sink.answer = async () => success(undefined);
    await advance(60_000);
    await delivery.settled();
    expect(sink.told).toEqual(['b#1.1', 'c#1.1', 'spam#1.1', 'spam#1.2']);
    expect(delivery.states()[0]!.failingSince).toBeUndefined();
    await delivery.stop();
  });

  test('two records that are refused: each is tried on, and the sink is well again when neither waits', async () => {
    const { sinks, delivery, queue, advance, outbox } = setup(['a']);
    const [sink] = sinks as [Recorder];
    const refused = new Set(['one#1.1', 'two#1.1']);
    sink.answer = async (_signal, { id }) =>
      refused.has(id) ? failure({ code: 'SINK_REFUSED', message: '554 spam' }) : success(undefined);
    const minutes = async (count: number): Promise<void> => {
      for (let second = 0; second < 60 * count; second++) {
        await advance(1_000);
        await delivery.settled();
      }
    };
    queue('one', 'two', 'c');
    await delivery.settled();
    await minutes(5);
    // The second is taken now: it does not wait for the first, and the sink is not well because of it.
    refused.delete('two#1.1');
    await minutes(5);
    queue('d');
    await minutes(1);
    expect(sink.told).toEqual(['c#1.1', 'two#1.1', 'd#1.1']);
    expect(delivery.states()[0]).toMatchObject({ failingSince: START, lastError: '554 spam' });
    // The first gives way in a queue that is full: nothing is stuck any more.
    const [first] = outbox.list({ sink: 'a', undelivered: true });
    outbox.delivered(first!.sequence, START);
    queue('e');
    await minutes(1);
    expect(sink.told.at(-1)).toBe('e#1.1');
    expect(delivery.states()[0]!.failingSince).toBeUndefined();
    await delivery.stop();
  });

  test('a receiver that is away is not asked for every record that waits', async () => {
    const { sinks, delivery, queue, advance } = setup(['a']);
    let attempts = 0;
    sinks[0]!.answer = () => {
      attempts++;
      return refuse();
    };
    queue('e1', 'e2', 'e3');
    for (let minute = 0; minute < 10; minute++) {
      await advance(60_000);
      await delivery.settled();
    }
    expect(attempts).toBeLessThan(20);
    await delivery.stop();
  });

  test('a record that not everybody took is told, and the sink said to leave somebody out until it does not', async () => {
    const { sinks, delivery, queue } = setup(['a']);
    sinks[0]!.answer = async () => ({ ...success(undefined), complaint: { code: 'SINK_REFUSED', message: '550' } });
    queue('e1');
    await delivery.settled();
    expect(sinks[0]!.told).toEqual(['e1#1.1']);
    expect(delivery.states()[0]).toMatchObject({ failingSince: START, lastError: '550', isPartial: true });
    sinks[0]!.answer = async () => success(undefined);
    queue('e2');
    await delivery.settled();
    expect(delivery.states()[0]).toEqual({ sink: 'a', lastDeliveredAt: START });
    await delivery.stop();
  });

  test('a sink that throws is a failed attempt', async () => {
    const { sinks, delivery, queue, advance, faults } = setup(['a']);
    sinks[0]!.answer = () => Promise.reject(new Error('bug'));
    queue('e1');
    await delivery.settled();
    expect(delivery.states()[0]!.lastError).toBe('a failed: Error: bug');
    sinks[0]!.answer = async () => success(undefined);
    await advance(500);
    await delivery.settled();
    expect(sinks[0]!.told).toEqual(['e1#1.1']);
    expect(faults).toEqual([]);
    await delivery.stop();
  });

  test('a store that refuses is reported; the record is told again, never lost', async () => {
    const { outbox } = memoryStore();
    let full = true;
    const refusing: Outbox = {
      ...outbox,
      delivered(sequence, now) {
        if (full) throw new Error('no space left');
        outbox.delivered(sequence, now);
      },
    };
    const { sinks, delivery, queue, advance, faults } = setup(['a'], refusing);
    queue('e1');
    await delivery.settled();
    expect(faults).toHaveLength(1);
    full = false;
    await advance(500);
    await delivery.settled();
    // The same event id twice: a receiver can tell.
    expect(sinks[0]!.told).toEqual(['e1#1.1', 'e1#1.1']);
    expect(outbox.list({ undelivered: true })).toEqual([]);
    await delivery.stop();
  });

  test('stopping ends an attempt under way; what it carried stays queued', async () => {
    const { sinks, delivery, queue, outbox } = setup(['a']);
    sinks[0]!.answer = (signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(failure({ code: 'SINK_TIMEOUT', message: 'stopped' })));
      });
    queue('e1');
    await new Promise((resolve) => setImmediate(resolve));
    await delivery.stop();
    expect(outbox.list({ undelivered: true })).toMatchObject([{ attempts: 0 }]);
  });
});

describe('the heartbeat', () => {
  const MINUTE = 60_000;
  const pulse = { devices: 2, blind: 0, openFindings: 1, waiting: 0, startedAt: START };

  function beating(failingSince?: number) {
    const clock = virtualClock(START);
    const { outbox } = memoryStore();
    const sinks: readonly [Recorder, Recorder] = [recorder('a'), { ...recorder('b'), takes: ['alert'] }];
    const states: SinkState[] = [];
    const delivery = startDelivery({
      outbox,
      sinks,
      clock,
      random: () => 0,
      heartbeat: { everyMs: 5 * MINUTE, record: () => heartbeatRecord({ ...pulse, at: clock.now() }) },
      onState: (state) => states.push(state),
      ...(failingSince !== undefined && { failingSince: () => failingSince }),
    });
    const advance = async (ms: number): Promise<void> => {
      for (let done = 0; done < ms; done += 5_000) {
        clock.advanceTo(clock.now() + 5_000);
        await delivery.settled();
      }
    };
    return { clock, outbox, sinks, states, delivery, advance };
  }

  test('comes at the start and every five minutes, to the sinks that take it', async () => {
    const { sinks, delivery, advance } = beating();
    await delivery.settled();
    await advance(11 * MINUTE);
    expect(sinks[0].told).toEqual([0, 5, 10].map((minutes) => `heartbeat#${START + minutes * MINUTE}`));
    expect(sinks[1].told).toEqual([]);
    await delivery.stop();
  });

  test('shows a sink that fails although nothing is to be told, and that it is back', async () => {
    const { sinks, states, delivery, advance } = beating();
    await delivery.settled();
    sinks[0].answer = refuse;
    await advance(5 * MINUTE);
    expect(states.at(-1)).toMatchObject({ sink: 'a', lastError: 'refused' });
    sinks[0].answer = async () => success(undefined);
    await advance(5 * MINUTE);
    expect(states.at(-1)!.failingSince).toBeUndefined();
    await delivery.stop();
  });

  test('waits behind what is queued, and is not caught up on', async () => {
    const { sinks, outbox, delivery, advance } = beating();
    await delivery.settled();
    sinks[0].answer = refuse;
    outbox.enqueue([anEvent('e1', 1)], ['a'], START);
    delivery.wake();
    await advance(16 * MINUTE);
    sinks[0].answer = async () => success(undefined);
    await advance(10 * MINUTE);
    expect(sinks[0].told.slice(0, 2)).toEqual([`heartbeat#${START}`, 'e1#1.1']);
    expect(sinks[0].told).toHaveLength(4);
    await delivery.stop();
  });

  test('a sink that failed before a restart is shown as back with its first record', async () => {
    const { states, delivery } = beating(START - MINUTE);
    await delivery.settled();
    expect(states).toEqual([{ sink: 'a', lastDeliveredAt: START }]);
    await delivery.stop();
  });
});

describe('backoff', () => {
  const retry = { first: 1_000, longest: 300_000 };

  test.each([
    [1, 0, 500],
    [1, 1, 1_000],
    [4, 0.5, 6_000],
    [9, 1, 256_000],
    [10, 1, 300_000],
    [5_000, 0, 150_000],
  ])('after %i attempts with chance %d: %i ms', (attempts, chance, ms) => {
    expect(backoffMs(attempts, retry, () => chance)).toBe(ms);
  });
});

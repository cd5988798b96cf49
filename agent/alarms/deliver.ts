import { setMaxListeners } from 'node:events';
import type { FindingEvent } from '../judge/types.js';
import { type Clock, systemClock } from '../lib/clock.js';
import { systemRandom } from '../lib/random.js';
import { type Problem, problemText } from '../lib/result.js';
import type { Outbox, OutboxRecord } from './outbox.js';
import { type AlarmRecord, alarmRecord } from './record.js';
import { type Delivered, type Refusal, refusal, type Sink } from './sink.js';

export interface DeliveryOptions {
  readonly outbox: Outbox;
  readonly sinks: readonly Sink[];
  /** How an event becomes a record; the windows and the site's name are known to the caller. */
  readonly record?: (event: FindingEvent) => AlarmRecord;
  readonly clock?: Clock;
  /** From 0 up to 1; spreads the retries of many guards that lost one receiver. */
  readonly random?: () => number;
  readonly attemptTimeoutMs?: number;
  readonly retryMs?: { readonly first: number; readonly longest: number };
  /** How often the queue is looked at without being woken. */
  readonly idleMs?: number;
  /** Sent to the sinks that take it, where nothing waits for them: what is missing is noticed, and is not caught up on. */
  readonly heartbeat?: { readonly everyMs: number; readonly record: () => AlarmRecord };
  /** Since when a sink has failed, if it did when this guard was last stopped. */
  readonly failingSince?: (sink: string) => number | undefined;
  /** Told of each failed attempt and of each recovery, for the log. */
  readonly onState?: (state: SinkState) => void;
  /** The store itself refused; delivery goes on by itself. */
  readonly onFault?: (error: unknown) => void;
}

export interface SinkState {
  readonly sink: string;
  readonly failingSince?: number;
  readonly lastError?: string;
  readonly lastDeliveredAt?: number;
  /** Records are taken, but not by everybody whom the sink names. */
  readonly isPartial?: true;
}

export interface Delivery {
  /** Something was queued: look now. */
  wake(): void;
  /** Resolves once every sink has either told all that is due or failed to. */
  settled(): Promise<void>;
  states(): readonly SinkState[];
  /** Ends the attempts under way (what they carried stays queued) and closes the sinks. */
  stop(): Promise<void>;
}

/** Doubles from `first` to `longest`; half of it is fixed, half is chance. */
export function backoffMs(
  attempts: number,
  { first, longest }: { readonly first: number; readonly longest: number },
  random: () => number,
): number {
  // 2^40 ms is decades: a larger exponent only overflows.
  const full = Math.min(longest, first * 2 ** Math.min(attempts - 1, 40));
  return Math.round(full / 2 + (full / 2) * random());
}

const BATCH = 50;
/**
 * A receiver that answers, and refuses one and the same record so often, refuses that record and not Écluse: a mail
 * server that takes it for spam, a hook that cannot read it. It is tried on and on; what waits behind it is told past it.
 */
const STUCK_AFTER = 6;

/** Tells each sink its queue, in order, independently of the others; what fails is tried again until it is told. */
export function startDelivery(options: DeliveryOptions): Delivery {
  const workers = options.sinks.map((sink) => startWorker(sink, options));
  return {
    wake() {
      for (const worker of workers) worker.wake();
    },
    async settled() {
      await Promise.all(workers.map((worker) => worker.settled()));
    },
    states: () => workers.map((worker) => worker.state()),
    async stop() {
      await Promise.all(workers.map((worker) => worker.stop()));
    },
  };
}

interface Worker {
  wake(): void;
  settled(): Promise<void>;
  state(): SinkState;
  stop(): Promise<void>;
}

/** What one batch of a sink shares. */
interface Lane {
  isBroken: boolean;
  /** What broke it was no word about the record: nobody answered, or the sink failed. */
  isAway?: boolean;
}

function startWorker(sink: Sink, options: DeliveryOptions): Worker {
  const { outbox, record: recordOf = alarmRecord, clock = systemClock, random = systemRandom } = options;
  const { attemptTimeoutMs = 10_000, retryMs = { first: 1_000, longest: 300_000 }, idleMs = 5_000 } = options;
  const stopping = new AbortController();
  // One listener for each record under way.
  setMaxListeners(0, stopping.signal);
  const before = options.failingSince?.(sink.id);
  let state: SinkState = { sink: sink.id, ...(before !== undefined && { failingSince: before }) };
  let awake: (() => void) | undefined;
  let busy = true;
  let again = false;
  let waiting: (() => void)[] = [];

  const show = (next: SinkState): void => {
    state = next;
    options.onState?.(next);
  };

  const attempt = async (recordOfIt: () => AlarmRecord): Promise<Delivered> => {
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    let late: ((answer: Delivered) => void) | undefined;
    const overdue = new Promise<Delivered>((resolve) => {
      late = resolve;
    });
    const cancel = clock.at(clock.now() + attemptTimeoutMs, () => {
      abort();
      // A sink that does not settle although it was told to must not hold up its queue for ever.
      late!(refusal('SINK_TIMEOUT', `no answer within ${attemptTimeoutMs} ms`));
    });
    stopping.signal.addEventListener('abort', abort, { once: true });
    try {
      return await Promise.race([sink.deliver(recordOfIt(), controller.signal), overdue]);
    } catch (error) {
      // A sink that throws is broken; its queue and the other sinks are not.
      return refusal('SINK_FAULT', `${sink.id} failed: ${String(error)}`);
    } finally {
      cancel();
      stopping.signal.removeEventListener('abort', abort);
    }
  };

  const taken = (now: number, complaint?: Problem): void => {
    if (complaint) {
      const failingSince = state.failingSince ?? now;
      show({ sink: sink.id, lastDeliveredAt: now, failingSince, lastError: problemText(complaint), isPartial: true });
    } else if (state.failingSince !== undefined) show({ sink: sink.id, lastDeliveredAt: now });
    else state = { sink: sink.id, lastDeliveredAt: now };
  };
  const notTaken = (now: number, lastError: string): void => {
    const { isPartial: _, ...before } = state;
    show({ ...before, failingSince: state.failingSince ?? now, lastError });
  };

  /** The records, by sequence, behind which nothing may wait any more. */
  const stuck = new Set<number>();

  const refused = (entry: OutboxRecord, error: Refusal, now: number): void => {
    const pauseMs = Math.min(error.retryAfterMs ?? 0, retryMs.longest);
    const nextAttemptAt = now + Math.max(pauseMs, backoffMs(entry.attempts + 1, retryMs, random));
    const lastError = problemText(error);
    outbox.failed(entry.sequence, nextAttemptAt, lastError);
    if (error.code === 'SINK_REFUSED' && entry.attempts + 1 >= STUCK_AFTER) stuck.add(entry.sequence);
    notTaken(now, lastError);
  };

  const tell = async (entry: OutboxRecord, lane: Lane): Promise<void> => {
    const answer = await attempt(() => recordOf(entry.event));
    const now = clock.now();
    if (answer.ok) {
      outbox.delivered(entry.sequence, now);
      stuck.delete(entry.sequence);
      // Past one that is stuck, the sink goes on to be one that does not take everything.
      if (stuck.size === 0) taken(now, answer.complaint);
      return;
    }
    // Behind one that failed, the others wait without a mark of their own.
    if (stopping.signal.aborted || lane.isBroken) return;
    lane.isBroken = true;
    lane.isAway = answer.error.code !== 'SINK_REFUSED';
    refused(entry, answer.error, now);
  };

  const undelivered = (): readonly OutboxRecord[] =>
    outbox.list({ sink: sink.id, undelivered: true, limit: 10 * BATCH });

  /** What gave way in a full queue is stuck no more. */
  const forgetGone = (): void => {
    const waiting = new Set(undelivered().map(({ sequence }) => sequence));
    for (const sequence of stuck) if (!waiting.has(sequence)) stuck.delete(sequence);
  };

  /**
   * Tells what waits behind a record that is stuck, one by one; of each alarm the events stay in their order. What is
   * stuck itself is tried when its time has come, whatever is stuck before it.
   */
  const tellPast = async (): Promise<void> => {
    const held = new Set<string>();
    for (const entry of undelivered()) {
      const { key } = entry.event.finding;
      if (held.has(key)) continue;
      const isStuck = entry.attempts >= STUCK_AFTER;
      const isDue = entry.nextAttemptAt <= clock.now();
      if (!isDue && !isStuck) return;
      const lane: Lane = { isBroken: !isDue };
      if (isDue) await tell(entry, lane);
      if (stopping.signal.aborted || lane.isAway || (lane.isBroken && !isStuck)) return;
      if (lane.isBroken) held.add(key);
    }
  };

  const beats = sink.takes.includes('heartbeat') ? options.heartbeat : undefined;
  let beatAt = beats ? clock.now() : Number.POSITIVE_INFINITY;
  const beat = async (): Promise<void> => {
    if (!beats || clock.now() < beatAt || stopping.signal.aborted) return;
    beatAt = clock.now() + beats.everyMs;
    // Behind what waits it would come late, and say of the wrong moment that all is well.
    if (outbox.waiting(sink.id) > 0) return;
    const answer = await attempt(beats.record);
    if (answer.ok) taken(clock.now(), answer.complaint);
    else if (!stopping.signal.aborted) notTaken(clock.now(), problemText(answer.error));
  };

  /** As many at once as the sink can take, in order; after a failure nothing more is begun. */
  const tellAll = async (due: readonly OutboxRecord[]): Promise<void> => {
    const underWay = new Set<Promise<void>>();
    const lane: Lane = { isBroken: false };
    let fault: unknown;
    for (const entry of due) {
      if (stopping.signal.aborted || lane.isBroken) break;
      const one = tell(entry, lane)
        .catch((error: unknown) => {
          fault ??= error;
          lane.isBroken = true;
        })
        .finally(() => underWay.delete(one));
      underWay.add(one);
      if (underWay.size >= (sink.window ?? 1)) await Promise.race(underWay);
    }
    await Promise.all(underWay);
    if (fault !== undefined) throw fault;
  };

  /** Tells what is due; answers when to look again. */
  const round = async (): Promise<number> => {
    for (;;) {
      if (stuck.size > 0) forgetGone();
      const due = outbox.due(sink.id, clock.now(), BATCH);
      if (due.length > 0) await tellAll(due);
      if (stuck.size > 0) await tellPast();
      if (stopping.signal.aborted) return 0;
      const [next] = outbox.list({ sink: sink.id, undelivered: true, limit: 1 });
      const now = clock.now();
      if (!next) return now + idleMs;
      if (next.nextAttemptAt > now) return Math.min(next.nextAttemptAt, now + idleMs);
    }
  };

  const sleepUntil = (atMs: number): Promise<void> =>
    new Promise((resolve) => {
      if (again || stopping.signal.aborted) {
        again = false;
        resolve();
        return;
      }
      const cancel = clock.at(atMs, () => awake?.());
      awake = () => {
        cancel();
        awake = undefined;
        busy = true;
        again = false;
        resolve();
      };
      busy = false;
      for (const tellCaller of waiting) tellCaller();
      waiting = [];
    });

  const run = async (): Promise<void> => {
    let faults = 0;
    while (!stopping.signal.aborted) {
      let next: number;
      try {
        next = await round();
        if (beats) await beat();
        next = Math.min(next, beatAt);
        faults = 0;
      } catch (error) {
        // The store refused (a full disk): nothing is lost, what was not marked as told is told again.
        options.onFault?.(error);
        next = clock.now() + backoffMs(++faults, retryMs, random);
      }
      await sleepUntil(next);
    }
  };

  const running = run();
  return {
    wake() {
      if (awake) awake();
      else again = true;
    },
    settled: () =>
      busy
        ? new Promise((resolve) => {
            waiting.push(resolve);
          })
        : Promise.resolve(),
    state: () => state,
    async stop() {
      stopping.abort();
      awake?.();
      await running;
      for (const tellCaller of waiting) tellCaller();
      await sink.close();
    },
  };
}

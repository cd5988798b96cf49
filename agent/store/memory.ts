import type { Outbox, OutboxRecord } from '../alarms/outbox.js';
import type { JudgeState, JudgeStore } from '../judge/findings.js';
import type { FindingEvent } from '../judge/types.js';

const emptyState: JudgeState = { present: [], findings: [], windows: [], waivers: [], devices: [], judgedUpTo: 0 };

/** A store that forgets with the process: for replays and for tests of the rooms above. */
export function memoryStore(route: (event: FindingEvent) => readonly string[] = () => []): {
  readonly judge: JudgeStore;
  readonly outbox: Outbox;
} {
  let state = emptyState;
  const records: OutboxRecord[] = [];
  const add = (events: readonly FindingEvent[], sinksOf: typeof route, nowMs: number): void => {
    for (const event of events) {
      for (const sink of sinksOf(event)) {
        if (records.some((record) => record.sink === sink && record.event.id === event.id)) continue;
        // An event is what it was when it was told first, whoever is told of it later.
        const first = records.find((record) => record.event.id === event.id)?.event ?? event;
        records.push({ sequence: records.length + 1, sink, event: first, attempts: 0, nextAttemptAt: nowMs });
      }
    }
  };
  const change = (sequence: number, to: (record: OutboxRecord) => OutboxRecord): void => {
    const record = records[sequence - 1];
    if (record && record.deliveredAt === undefined) records[sequence - 1] = to(record);
  };
  return {
    judge: {
      load: () => state,
      commit: ({ next, events, at }) => {
        add(events, route, at);
        state = next;
      },
    },
    outbox: {
      enqueue: (events, sinks, nowMs) => add(events, () => sinks, nowMs),
      due(sink, nowMs, limit) {
        const waiting = records.filter((record) => record.sink === sink && record.deliveredAt === undefined);
        const early = waiting.findIndex((record) => record.nextAttemptAt > nowMs);
        return waiting.slice(0, Math.min(limit, early < 0 ? waiting.length : early));
      },
      delivered: (sequence, nowMs) =>
        change(sequence, ({ lastError: _settled, ...record }) => ({
          ...record,
          attempts: record.attempts + 1,
          deliveredAt: nowMs,
        })),
      failed: (sequence, nextAttemptAt, lastError) =>
        change(sequence, (record) => ({ ...record, attempts: record.attempts + 1, nextAttemptAt, lastError })),
      list: ({ sink, undelivered, limit }) =>
        records
          .filter((record) => sink === undefined || record.sink === sink)
          .filter((record) => !undelivered || record.deliveredAt === undefined)
          .slice(0, limit),
    },
  };
}

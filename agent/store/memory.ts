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
  /** Sequences that gave way; a record's place in the list is its sequence. */
  const gone = new Set<number>();
  const waiting = (): readonly OutboxRecord[] =>
    records.filter((one) => one.deliveredAt === undefined && !gone.has(one.sequence));
  const queued = (sink: string): readonly OutboxRecord[] => waiting().filter((one) => one.sink === sink);
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
        const waiting = queued(sink);
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
      waiting: (sink) => (sink === undefined ? waiting() : queued(sink)).length,
      waitedFor: (event) =>
        waiting()
          .filter((one) => one.event.id === event)
          .map(({ sink }) => sink),
      shed(sink, atMost) {
        const isSuperseded = (one: OutboxRecord): boolean =>
          queued(sink).some(
            ({ sequence, event }) => sequence > one.sequence && event.finding.key === one.event.finding.key,
          );
        const groups: readonly ((one: OutboxRecord) => boolean)[] = [
          ({ event }) => event.kind === 'remind',
          ({ event }) => event.kind === 'answer',
          isSuperseded,
        ];
        let shed = 0;
        for (const belongs of groups) {
          const excess = Math.max(0, queued(sink).length - atMost);
          for (const { sequence } of queued(sink).filter(belongs).slice(0, excess)) {
            gone.add(sequence);
            shed++;
          }
        }
        return shed;
      },
      list: ({ sink, undelivered, limit }) =>
        records
          .filter(({ sequence }) => !gone.has(sequence))
          .filter((record) => sink === undefined || record.sink === sink)
          .filter((record) => !undelivered || record.deliveredAt === undefined)
          .slice(0, limit),
    },
  };
}

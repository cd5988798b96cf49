import type { Outbox, OutboxRecord } from '../../alarms/outbox.js';
import type { FindingEvent } from '../../judge/types.js';
import { decode, encode, keyText } from '../codec.js';
import { guarded } from '../failure.js';
import { type Queries, sql } from './query.js';

/** Which sinks are told of an event. */
export type Route = (event: FindingEvent) => readonly string[];

/** Puts events on record and in the queue of every sink; the caller holds the transaction. */
export interface EventQueue {
  add(events: readonly FindingEvent[], nowMs: number, route?: Route): void;
}

export function eventQueue(db: Queries, defaultRoute: Route): EventQueue {
  return {
    add(events, nowMs, route = defaultRoute) {
      for (const event of events) {
        const id = keyText(event.id);
        db.run(
          sql
            .insertInto('finding_events')
            .values({ id, finding: keyText(event.finding.key), kind: event.kind, at: event.at, body: encode(event) })
            .onConflict((conflict) => conflict.column('id').doNothing()),
        );
        const { number } = db.first(sql.selectFrom('finding_events').select('number').where('id', '=', id))!;
        for (const sink of route(event)) {
          db.run(
            sql
              .insertInto('outbox')
              .values({ sink: keyText(sink), event: number, attempts: 0, next_attempt_at: nowMs })
              .onConflict((conflict) => conflict.columns(['event', 'sink']).doNothing()),
          );
        }
      }
    },
  };
}

const rows = sql
  .selectFrom('outbox')
  .innerJoin('finding_events', 'finding_events.number', 'outbox.event')
  .select(['sequence', 'sink', 'attempts', 'next_attempt_at', 'delivered_at', 'last_error', 'body'])
  .orderBy('sequence');

interface Row {
  readonly sequence: number;
  readonly sink: string;
  readonly attempts: number;
  readonly next_attempt_at: number;
  readonly delivered_at: number | null;
  readonly last_error: string | null;
  readonly body: string;
}

function recordOf(row: Row): OutboxRecord {
  return {
    sequence: row.sequence,
    sink: decode(`"${row.sink}"`),
    event: decode(row.body),
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    ...(row.delivered_at === null ? {} : { deliveredAt: row.delivered_at }),
    ...(row.last_error === null ? {} : { lastError: decode<string>(row.last_error) }),
  };
}

export function sqliteOutbox(path: string, db: Queries, queue: EventQueue): Outbox {
  return {
    enqueue: (events, sinks, nowMs) => guarded(path, () => db.transaction(() => queue.add(events, nowMs, () => sinks))),
    due: (sink, nowMs, limit) =>
      guarded(path, () => {
        const waiting = db.all(rows.where('sink', '=', keyText(sink)).where('delivered_at', 'is', null).limit(limit));
        // Order is kept: what waits behind a record that may not be tried yet waits with it.
        const early = waiting.findIndex((row) => row.next_attempt_at > nowMs);
        return waiting.slice(0, early < 0 ? waiting.length : early).map(recordOf);
      }),
    delivered: (sequence, nowMs) =>
      guarded(path, () => {
        // Forgotten, it is told again with the same id, which every receiver may see twice anyway.
        db.unhurried(() =>
          db.run(
            sql
              .updateTable('outbox')
              .set((row) => ({ delivered_at: nowMs, last_error: null, attempts: row('attempts', '+', 1) }))
              .where('sequence', '=', sequence)
              .where('delivered_at', 'is', null),
          ),
        );
      }),
    failed: (sequence, nextAttemptAt, error) =>
      guarded(path, () => {
        db.run(
          sql
            .updateTable('outbox')
            .set((row) => ({
              next_attempt_at: nextAttemptAt,
              last_error: encode(error),
              attempts: row('attempts', '+', 1),
            }))
            .where('sequence', '=', sequence)
            .where('delivered_at', 'is', null),
        );
      }),
    waiting: (sink) => guarded(path, () => waitingOf(db, sink === undefined ? undefined : keyText(sink))),
    waitedFor: (event) =>
      guarded(path, () =>
        db
          .all(
            sql
              .selectFrom('outbox')
              .innerJoin('finding_events', 'finding_events.number', 'outbox.event')
              .select('sink')
              .where('id', '=', keyText(event))
              .where('delivered_at', 'is', null)
              .orderBy('sequence'),
          )
          .map(({ sink }) => decode<string>(`"${sink}"`)),
      ),
    shed: (sink, atMost) => guarded(path, () => db.transaction(() => shedOf(db, keyText(sink), atMost))),
    list: ({ sink, undelivered, limit }) =>
      guarded(path, () => {
        let query = rows;
        if (sink !== undefined) query = query.where('sink', '=', keyText(sink));
        if (undelivered) query = query.where('delivered_at', 'is', null);
        if (limit !== undefined) query = query.limit(limit);
        return db.all(query).map(recordOf);
      }),
  };
}

function waitingOf(db: Queries, sink: string | undefined): number {
  const counted = sql
    .selectFrom('outbox')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('delivered_at', 'is', null);
  return Number(db.first(sink === undefined ? counted : counted.where('sink', '=', sink))!.count);
}

function shedOf(db: Queries, sink: string, atMost: number): number {
  const queued = sql
    .selectFrom('outbox')
    .innerJoin('finding_events', 'finding_events.number', 'outbox.event')
    .where('sink', '=', sink)
    .where('delivered_at', 'is', null);
  const newest = queued.select((row) => row.fn.max('sequence').as('sequence')).groupBy('finding');
  const groups = [
    queued.where('kind', '=', 'remind'),
    queued.where('kind', '=', 'answer'),
    queued.where('sequence', 'not in', newest),
  ];
  let shed = 0;
  for (const group of groups) {
    const excess = waitingOf(db, sink) - atMost;
    if (excess <= 0) break;
    for (const { sequence } of db.all(group.select('sequence').orderBy('sequence').limit(excess))) {
      db.run(sql.deleteFrom('outbox').where('sequence', '=', sequence));
      shed++;
    }
  }
  return shed;
}

/** What was told, oldest first: the history of a finding, or the latest of all. */
export interface EventLog {
  list(filter?: {
    readonly finding?: string;
    readonly since?: number;
    readonly limit?: number;
  }): readonly FindingEvent[];
}

export function eventLog(path: string, db: Queries): EventLog {
  return {
    list: ({ finding, since, limit } = {}) =>
      guarded(path, () => {
        let query = sql.selectFrom('finding_events').select('body').orderBy('number', 'desc');
        if (finding !== undefined) query = query.where('finding', '=', keyText(finding));
        if (since !== undefined) query = query.where('at', '>=', since);
        if (limit !== undefined) query = query.limit(limit);
        return db
          .all(query)
          .map(({ body }) => decode<FindingEvent>(body))
          .reverse();
      }),
  };
}

import type { FindingEvent } from '../judge/types.js';

/** One record to deliver to one sink. */
export interface OutboxRecord {
  readonly sequence: number;
  readonly sink: string;
  readonly event: FindingEvent;
  readonly attempts: number;
  readonly nextAttemptAt: number;
  readonly deliveredAt?: number;
  readonly lastError?: string;
}

/** The port that alarms/ needs: a durable queue per sink, filled in the same transaction that records the finding. */
export interface Outbox {
  /** Adds the event once for each sink; an event id already queued for a sink is left alone. */
  enqueue(events: readonly FindingEvent[], sinks: readonly string[], nowMs: number): void;
  /** The oldest undelivered records of a sink, in order. */
  due(sink: string, nowMs: number, limit: number): readonly OutboxRecord[];
  delivered(sequence: number, nowMs: number): void;
  failed(sequence: number, nextAttemptAt: number, error: string): void;
  /** How many records a sink has not taken yet; all sinks together where none is named. */
  waiting(sink?: string): number;
  /** The sinks that have not taken an event yet, in the order in which it was queued for them. */
  waitedFor(event: string): readonly string[];
  /**
   * Takes records that wait out of a sink's queue until `atMost` do: reminders, then answers and the like, then events
   * behind which a newer one of the same alarm waits; each oldest first. What remains is the newest word on each alarm,
   * however many they are. Answers how many gave way.
   */
  shed(sink: string, atMost: number): number;
  list(filter: {
    readonly sink?: string;
    readonly undelivered?: boolean;
    readonly limit?: number;
  }): readonly OutboxRecord[];
}

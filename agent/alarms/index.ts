/**
 * alarms: what is told, to whom, and until when: a durable outbox, retries with backoff, and sinks, one folder each.
 */
export * from './outbox.js';

/**
 * alarms: what is told, to whom, and until when: a durable outbox, retries with backoff, and sinks, one folder each.
 */
export * from './deliver.js';
export type { TlsOptions } from './dial.js';
export { type Format, formats, formatted } from './formats/index.js';
export * from './heartbeat.js';
export * from './outbox.js';
export * from './record.js';
export * from './route.js';
export * from './sink.js';
export * from './sinks/index.js';
export * from './watch.js';

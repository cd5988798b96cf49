/**
 * sqlite: the store in one file. engine.ts opens it, migrations/ shape it, query.ts is the only way to its tables;
 * judge, outbox and snapshots are the ports.
 */

export { sqliteJudgeStore } from './judge.js';
export { openSqlite, preparePlace } from './open.js';
export { type EventLog, eventLog, eventQueue, type Route, sqliteOutbox } from './outbox.js';
export { queries } from './query.js';
export { type Pruned, prune, type Retention } from './retention.js';
export { sqliteSeal } from './sealed.js';
export { sqliteSnapshots } from './snapshots.js';

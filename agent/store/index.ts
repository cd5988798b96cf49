/**
 * store: what Écluse remembers, behind the ports that judge, alarms and baseline declare. One SQLite file, one process
 * at a time, one transaction for a judgement and everything that has to be told about it.
 */
import type { Outbox } from '../alarms/outbox.js';
import type { SealStore } from '../baseline/seal.js';
import type { SnapshotStore } from '../baseline/snapshots.js';
import type { JudgeStore } from '../judge/findings.js';
import { systemClock } from '../lib/clock.js';
import { failure, type Result, success } from '../lib/result.js';
import { writeCopy } from './copy.js';
import { guarded, problemOrThrow } from './failure.js';
import { lockPath, takeLock } from './lock.js';
import {
  type EventLog,
  eventLog,
  eventQueue,
  openSqlite,
  type Pruned,
  preparePlace,
  prune,
  queries,
  type Retention,
  type Route,
  sqliteJudgeStore,
  sqliteOutbox,
  sqliteSeal,
  sqliteSnapshots,
} from './sqlite/index.js';

export { copyStore, likeItsFolder, type RestoreOptions, restoreStore } from './copy.js';
export { StoreFailure } from './failure.js';
export { memoryStore } from './memory.js';
export type { EventLog, Pruned, Retention, Route } from './sqlite/index.js';

export interface StoreOptions {
  /** The database file, or `:memory:` for a store that ends with the process. */
  readonly path: string;
  /** Which sinks are told of an event; asked at each commit, so a reload may change it. Left out: nobody is told. */
  readonly route?: Route;
  readonly now?: () => number;
}

export interface Store {
  readonly judge: JudgeStore;
  readonly outbox: Outbox;
  readonly snapshots: SnapshotStore;
  readonly seal: SealStore;
  readonly events: EventLog;
  /** A consistent copy while the store is in use; never over an existing file. */
  backup(path: string): Result<void>;
  /** Removes what is older than its time. Throws a StoreFailure, as the ports do. */
  prune(retention: Retention): Pruned;
  /** Gives free pages back to the file system. */
  vacuum(): Result<void>;
  close(): void;
}

const IN_MEMORY = ':memory:';

function asResult(path: string, action: () => void): Result<void> {
  try {
    action();
    return success(undefined);
  } catch (error) {
    return failure(problemOrThrow(error, path));
  }
}

/** Opens the store, or says in one line why not and what to do. */
export function openStore(options: StoreOptions): Result<Store> {
  const { path, route = () => [], now = systemClock.now } = options;
  const inFile = path !== IN_MEMORY;
  const problem = inFile ? (preparePlace(path) ?? preparePlace(lockPath(path))) : undefined;
  if (problem) return failure(problem);
  const lock = inFile ? takeLock(path, now) : undefined;
  if (lock && !lock.ok) return lock;
  const release = (): void => {
    if (lock?.ok) lock.value.release();
  };
  const opened = openSqlite(path, now);
  if (!opened.ok) {
    release();
    return opened;
  }
  const database = opened.value;
  const db = queries(database);
  const queue = eventQueue(db, route);
  return success({
    judge: sqliteJudgeStore(path, db, queue),
    outbox: sqliteOutbox(path, db, queue),
    seal: sqliteSeal(path, db),
    snapshots: sqliteSnapshots(path, db),
    events: eventLog(path, db),
    backup: (to) => writeCopy(database, to),
    prune: (retention) => guarded(path, () => prune(database, db, retention)),
    vacuum: () => asResult(path, () => database.exec('vacuum; pragma wal_checkpoint(truncate)')),
    close() {
      // Prepared statements may outlive the connection until they are collected, and would put off SQLite's own
      // checkpoint at closing: the file left behind is to be whole by itself.
      asResult(path, () => database.exec('pragma wal_checkpoint(truncate)'));
      database.close();
      release();
    },
  });
}

import { hostname } from 'node:os';
import { failure, type Result, success } from '../lib/result.js';
import { problemOf } from './failure.js';
import { type Database, openDatabase } from './sqlite/engine.js';

/** Held for as long as the store is open. */
export interface Lock {
  release(): void;
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly since: number;
  readonly nonce: string;
}

const SQLITE_BUSY = 5;
const ATTEMPTS = 20;
const PAUSE_MS = 25;

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}

function holderOf(database: Database): Holder | undefined {
  return database.prepare('select pid, host, since, nonce from holder').get() as Holder | undefined;
}

/** Takes SQLite's RESERVED lock, or answers that another has it. */
function begin(database: Database): boolean {
  try {
    database.exec('begin immediate');
    return true;
  } catch (error) {
    const code = (error as { errcode?: number }).errcode;
    if (code !== undefined && (code & 0xff) === SQLITE_BUSY) return false;
    throw error;
  }
}

/**
 * One Écluse at a time on one store. The lock is an open write transaction on a small database beside the store: the
 * kernel lets go of it when the process ends, however it ends, so a `kill -9` leaves nothing stale; and because a
 * RESERVED lock lets others read (https://www.sqlite.org/lockingv3.html), who holds it can be told.
 */
export function takeLock(storePath: string, now: () => number): Result<Lock> {
  const path = `${storePath}.lock`;
  let database: Database | undefined;
  try {
    database = openDatabase(path);
    // A rollback journal: in WAL mode a lost write lock would not show to readers in the same way.
    database.exec('pragma busy_timeout = 0; pragma journal_mode = delete');
    const mine: Holder = { pid: process.pid, host: hostname(), since: now(), nonce: crypto.randomUUID() };
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (!begin(database)) {
        pause();
        continue;
      }
      database.exec(
        'create table if not exists holder (id integer primary key check (id = 1), pid integer, host text, since integer, nonce text)',
      );
      // The name has to be committed to be readable, which lets go of the lock for a moment: hold it again and look.
      if (holderOf(database)?.nonce === mine.nonce) {
        const held = database;
        return success({
          release() {
            // Closing alone may leave the lock until the last prepared statement is collected.
            held.exec('rollback');
            held.close();
          },
        });
      }
      database
        .prepare('insert or replace into holder (id, pid, host, since, nonce) values (1, ?, ?, ?, ?)')
        .run(mine.pid, mine.host, mine.since, mine.nonce);
      database.exec('commit');
    }
    const holder = holderOf(database);
    database.close();
    return failure({
      code: 'STORE_LOCKED',
      file: storePath,
      message: holder
        ? `process ${holder.pid} on ${holder.host} uses this store since ${new Date(holder.since).toISOString()}`
        : 'another process uses this store',
      remedy: holder ? `stop process ${holder.pid}, or ask it over its API` : 'stop the other process',
    });
  } catch (error) {
    try {
      database?.close();
    } catch {}
    const problem = problemOf(error, path);
    if (!problem) throw error;
    return failure(problem);
  }
}

import { hostname } from 'node:os';
import { failure, type Result, success } from '../lib/result.js';
import { primaryCode, problemOrThrow } from './failure.js';
import { closeAfterFailure, type Database, openDatabase } from './sqlite/engine.js';

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
const ATTEMPTS = 4;
const WAIT_MS = 200;

function isBusy(error: unknown): boolean {
  return primaryCode(error) === SQLITE_BUSY;
}

/** Runs `statement`, or answers that another connection is in the way. */
function attempt(database: Database, statement: string): boolean {
  try {
    database.exec(statement);
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw error;
  }
}

/** Who wrote the name last; unknown in the instant in which another is writing it. */
function holderOf(database: Database): Holder | undefined {
  try {
    return database.prepare('select pid, host, since, nonce from holder').get() as Holder | undefined;
  } catch (error) {
    if (isBusy(error)) return undefined;
    throw error;
  }
}

export function lockPath(storePath: string): string {
  return `${storePath}.lock`;
}

/** A connection that nothing refers to is collected and closed: the lock would end while the process goes on. */
const held = new Set<Database>();

/**
 * One Écluse at a time on one store. The lock is an open write transaction on a small database beside the store: the
 * kernel lets go of it when the process ends, however it ends, so a `kill -9` leaves nothing stale; and because a
 * RESERVED lock lets others read (https://www.sqlite.org/lockingv3.html), who holds it can be told.
 */
export function takeLock(storePath: string, now: () => number): Result<Lock> {
  const path = lockPath(storePath);
  let database: Database | undefined;
  try {
    database = openDatabase(path);
    database.exec(`pragma busy_timeout = ${WAIT_MS}`);
    const mine: Holder = { pid: process.pid, host: hostname(), since: now(), nonce: crypto.randomUUID() };
    for (let tries = 0; tries < ATTEMPTS; tries++) {
      if (!attempt(database, 'begin immediate')) continue;
      database.exec(
        'create table if not exists holder (id integer primary key check (id = 1), pid integer, host text, since integer, nonce text)',
      );
      // The name has to be committed to be readable, which lets go of the lock for a moment: hold it again and look.
      if (holderOf(database)?.nonce === mine.nonce) {
        const connection = database;
        held.add(connection);
        return success({
          release() {
            // Closing alone may leave the lock until the last prepared statement is collected.
            connection.exec('rollback');
            connection.close();
            held.delete(connection);
          },
        });
      }
      database
        .prepare('insert or replace into holder (id, pid, host, since, nonce) values (1, ?, ?, ?, ?)')
        .run(mine.pid, mine.host, mine.since, mine.nonce);
      if (!attempt(database, 'commit')) database.exec('rollback');
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
    closeAfterFailure(database);
    return failure(problemOrThrow(error, path));
  }
}

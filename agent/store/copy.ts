import {
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { failure, type Problem, type Result, success } from '../lib/result.js';
import { problemOrThrow } from './failure.js';
import { lockPath, takeLock } from './lock.js';
import { type Database, openDatabase } from './sqlite/engine.js';
import { APPLICATION_ID } from './sqlite/migrate.js';
import { damage, openSqlite, preparePlace } from './sqlite/open.js';

/** Writes a consistent copy through a connection to the store, which may be in use; never over an existing file. */
export function writeCopy(database: Database, path: string): Result<void> {
  if (existsSync(path)) {
    return failure({
      code: 'BACKUP_EXISTS',
      file: path,
      message: 'there is a file of this name already',
      expected: 'a path that is free',
    });
  }
  const unfinished = `${path}.part`;
  const problem = preparePlace(unfinished);
  if (problem) return failure(problem);
  try {
    // What an earlier copy that was cut off has left: SQLite writes into an empty file only.
    truncateSync(unfinished);
    database.prepare('vacuum into ?').run(unfinished);
    sync(unfinished);
    renameSync(unfinished, path);
    sync(dirname(path));
    return success(undefined);
  } catch (error) {
    rmSync(unfinished, { force: true });
    return failure(problemOrThrow(error, path));
  }
}

/** Copies a store that a daemon may be using at this moment: a reader of SQLite's log hinders nobody. */
export function copyStore(path: string, to: string): Result<void> {
  if (!existsSync(path)) {
    return failure({
      code: 'STORE_MISSING',
      file: path,
      message: 'there is no store here',
      expected: 'a state folder',
    });
  }
  let database: Database | undefined;
  try {
    database = openDatabase(path);
    database.exec('pragma busy_timeout = 5000');
    const problem = damage(database, path) ?? (isOurs(database) ? undefined : otherProgram(path));
    return problem ? failure(problem) : writeCopy(database, to);
  } catch (error) {
    return failure(problemOrThrow(error, path));
  } finally {
    database?.close();
  }
}

export interface RestoreOptions {
  /** Also where a store in good order stands already. */
  readonly replace: boolean;
  readonly now: () => number;
}

/**
 * Puts a backup in the place of the store, while nobody uses that. What stood there is put aside and never deleted;
 * at every moment in between there is a whole store at the path, old or new, so that no start can begin afresh.
 */
export function restoreStore(
  path: string,
  from: string,
  { replace, now }: RestoreOptions,
): Result<{ readonly aside?: string }> {
  const wrong = notABackup(from);
  if (wrong) return failure(wrong);
  const place = preparePlace(lockPath(path));
  if (place) return failure(place);
  const lock = takeLock(path, now);
  if (!lock.ok) return lock;
  try {
    likeItsFolder(lockPath(path));
    const stands = existsSync(path);
    if (stands && !replace && isGood(path)) {
      return failure({
        code: 'STORE_GOOD',
        file: path,
        message: 'the store that is here is in good order',
        remedy: 'with --replace it is put aside and the backup takes its place: what happened since is then forgotten',
      });
    }
    const checked = checkedCopy(from, `${path}.restoring`, now);
    if (!checked.ok) return checked;
    likeItsFolder(checked.value);
    const aside = stands ? putAside(path, now()) : undefined;
    renameSync(checked.value, path);
    sync(dirname(path));
    return success(aside === undefined ? {} : { aside });
  } catch (error) {
    return failure(problemOrThrow(error, path));
  } finally {
    lock.value.release();
  }
}

/** What root brings back belongs to the account that the folder belongs to: the daemon is not root. */
export function likeItsFolder(path: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(path));
  chownSync(path, uid, gid);
}

function notABackup(file: string): Problem | undefined {
  if (!existsSync(file)) {
    return { code: 'BACKUP_MISSING', file, message: 'there is no such file', expected: 'what `ecluse backup` wrote' };
  }
  if (hasLog(file)) {
    return {
      code: 'BACKUP_IN_USE',
      file,
      message: 'a write-ahead log lies beside it: this is a store in use, and the file alone is not whole',
      expected: 'what `ecluse backup` wrote',
    };
  }
  return notAStore(file);
}

function isOurs(database: Database): boolean {
  return Object.values(database.prepare('pragma application_id').get() as object)[0] === APPLICATION_ID;
}

function otherProgram(file: string): Problem {
  const message = 'this is the database of another program';
  return { code: 'STORE_NOT_OURS', file, message, expected: 'a store made by Écluse' };
}

/** By its first bytes (https://www.sqlite.org/fileformat.html), of a file that no connection of this process has open. */
function notAStore(file: string): Problem | undefined {
  const header = Buffer.alloc(100);
  try {
    const descriptor = openSync(file, 'r');
    try {
      readSync(descriptor, header, 0, header.length, 0);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    return problemOrThrow(error, file);
  }
  if (header.toString('latin1', 0, 16) !== 'SQLite format 3\0') {
    const message = 'the file is not an SQLite database';
    return { code: 'STORE_CORRUPT', file, message, expected: 'a store made by Écluse' };
  }
  return header.readUInt32BE(68) === APPLICATION_ID ? undefined : otherProgram(file);
}

/** An empty log is what a connection leaves that was closed in good order. */
function hasLog(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function remove(path: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
}

/** Looks at a copy: a connection that is not collected yet must not hold, or later remove, a log at the path itself. */
function isGood(path: string): boolean {
  if (notAStore(path)) return false;
  const copy = `${path}.checking`;
  let database: Database | undefined;
  try {
    remove(copy);
    copyFileSync(path, copy);
    if (hasLog(path)) copyFileSync(`${path}-wal`, `${copy}-wal`);
    database = openDatabase(copy);
    return damage(database, copy) === undefined;
  } catch {
    // Whatever the reason: what cannot be read is not in good order.
    return false;
  } finally {
    database?.close();
    remove(copy);
  }
}

/** The backup itself is not opened: the copy is, and is brought up to date, before anything is replaced by it. */
function checkedCopy(from: string, to: string, now: () => number): Result<string> {
  remove(to);
  const place = preparePlace(to);
  if (place) return failure(place);
  try {
    copyFileSync(from, to);
    const opened = openSqlite(to, now);
    if (!opened.ok) {
      remove(to);
      return failure({ ...opened.error, file: from });
    }
    opened.value.exec('pragma wal_checkpoint(truncate); pragma journal_mode = delete');
    opened.value.close();
    sync(to);
    return success(to);
  } catch (error) {
    remove(to);
    return failure(problemOrThrow(error, from));
  }
}

function putAside(path: string, nowMs: number): string {
  const [date, time] = new Date(nowMs).toISOString().replaceAll(/[-:]/g, '').split(/[T.]/);
  let aside = `${path}.aside-${date}-${time}`;
  for (let suffix = 2; existsSync(aside); suffix++) aside = `${path}.aside-${date}-${time}-${suffix}`;
  linkSync(path, aside);
  // The log of the old store must be gone before the new one stands here: it would be played into it.
  if (hasLog(path)) renameSync(`${path}-wal`, `${aside}-wal`);
  rmSync(`${path}-wal`, { force: true });
  rmSync(`${path}-shm`, { force: true });
  return aside;
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Problem } from '../lib/result.js';

/**
 * Thrown by a store's ports when the disk or the database refuses. JudgeStore and Outbox answer nothing, and a commit
 * that did not happen must not look like one that did: the caller stops, nothing was written.
 */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** https://www.sqlite.org/rescode.html; the low byte of an extended code is its primary code. */
const byCode: Readonly<Record<number, { code: string; message: string; remedy: string }>> = {
  3: { code: 'STORE_NO_RIGHT', message: 'permission denied', remedy: 'give the account that runs Écluse this folder' },
  5: { code: 'STORE_BUSY', message: 'another program holds the database', remedy: 'close the other program' },
  6: { code: 'STORE_BUSY', message: 'another program holds the database', remedy: 'close the other program' },
  8: { code: 'STORE_READ_ONLY', message: 'the place is read-only', remedy: 'choose a folder that can be written' },
  10: { code: 'STORE_IO', message: 'the disk answered with an error', remedy: 'check the disk, then restore a backup' },
  11: { code: 'STORE_CORRUPT', message: 'the database is damaged', remedy: '' },
  13: {
    code: 'STORE_FULL',
    message: 'no space left on the device',
    remedy: 'free some space; a daemon that runs goes on by itself',
  },
  14: {
    code: 'STORE_CANNOT_OPEN',
    message: 'the database file cannot be opened',
    remedy: 'check the path and the rights',
  },
  26: { code: 'STORE_CORRUPT', message: 'the file is not an SQLite database', remedy: '' },
};

const IO_ERROR = 10;
const FULL = 13;
const PAGES_MIN = 16;

/** SQLite calls it an I/O error when a full disk refuses a journal or the index of the write-ahead log. */
function isFull(path: string): boolean {
  try {
    return statfsSync(dirname(path)).bavail < PAGES_MIN;
  } catch {
    return false;
  }
}

const bySystemCode: Readonly<Record<string, number>> = {
  EACCES: 3,
  EPERM: 3,
  EROFS: 8,
  ENOSPC: 13,
  EDQUOT: 13,
  EIO: 10,
};

/** sqlite3_errstr() of the codes above: @photostructure/sqlite gives a statement's failure in words only. */
const byWords: Readonly<Record<string, number>> = {
  'database is locked': 5,
  'database table is locked': 6,
  'attempt to write a readonly database': 8,
  'disk I/O error': 10,
  'database disk image is malformed': 11,
  'database or disk is full': 13,
  'unable to open database file': 14,
  'file is not a database': 26,
};

/** SQLite's primary result code of an error, or the one that means the same for an error of the file system. */
export function primaryCode(error: unknown): number | undefined {
  // By its shape: an error of a native module is not an `Error` of a virtual context.
  if (typeof error !== 'object' || error === null) return undefined;
  const { errcode, code, message } = error as { errcode?: unknown; code?: unknown; message?: unknown };
  if (typeof errcode === 'number') return errcode & 0xff;
  if (code === 'ERR_SQLITE_ERROR') return byWords[String(message)];
  return typeof code === 'string' ? bySystemCode[code] : undefined;
}

/** How a damaged store is brought back: by a person, from a backup. Écluse never starts afresh on its own: that would forget what is open. */
export function restoreRemedy(path: string): string {
  return `stop Écluse and bring the last backup back: ecluse restore BACKUP (it puts ${path} aside), then start again`;
}

/** Undefined for an error that is not the database's or the file system's: a fault of ours. */
export function problemOf(error: unknown, path: string): Problem | undefined {
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return {
      code: 'STORE_NOT_A_FOLDER',
      file: path,
      message: 'a part of this path is a file',
      expected: 'a folder',
      remedy: 'correct the path in the configuration',
    };
  }
  const primary = primaryCode(error);
  const known = primary === undefined ? undefined : byCode[primary === IO_ERROR && isFull(path) ? FULL : primary];
  if (known) {
    const remedy = known.code === 'STORE_CORRUPT' ? restoreRemedy(path) : known.remedy;
    return { code: known.code, file: path, message: known.message, remedy };
  }
  // Any other answer of the operating system; any other one of SQLite (wrong SQL, a constraint) is a fault of ours.
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code)
    ? { code: 'STORE_IO', file: path, message: String(message) }
    : undefined;
}

/** The problem behind an error; an error that is a fault of ours goes on. */
export function problemOrThrow(error: unknown, path: string): Problem {
  const problem = problemOf(error, path);
  if (!problem) throw error;
  return problem;
}

/** Runs `action`; what the disk or the database refuses becomes a StoreFailure, our own faults pass unchanged. */
export function guarded<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof StoreFailure) throw error;
    throw Object.assign(new StoreFailure(problemOrThrow(error, path)), { cause: error });
  }
}

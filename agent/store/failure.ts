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
  13: { code: 'STORE_FULL', message: 'no space left on the device', remedy: 'free some space, then start again' },
  14: {
    code: 'STORE_CANNOT_OPEN',
    message: 'the database file cannot be opened',
    remedy: 'check the path and the rights',
  },
  26: { code: 'STORE_CORRUPT', message: 'the file is not an SQLite database', remedy: '' },
};

const bySystemCode: Readonly<Record<string, number>> = {
  EACCES: 3,
  EPERM: 3,
  EROFS: 8,
  ENOSPC: 13,
  EDQUOT: 13,
  EIO: 10,
};

/** How a damaged store is brought back: by a person, from a backup. Écluse never starts afresh on its own: that would forget what is open. */
export function restoreRemedy(path: string): string {
  return `stop Écluse, move ${path} and ${path}-wal aside, copy the last backup to ${path}, start again`;
}

/** Undefined for an error that is not the database's or the file system's: a fault of ours. */
export function problemOf(error: unknown, path: string): Problem | undefined {
  if (!(error instanceof Error)) return undefined;
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return {
      code: 'STORE_NOT_A_FOLDER',
      file: path,
      message: 'a part of this path is a file',
      expected: 'a folder',
      remedy: 'correct the path in the configuration',
    };
  }
  const primary =
    typeof errcode === 'number' ? errcode & 0xff : typeof code === 'string' ? bySystemCode[code] : undefined;
  if (primary === undefined && typeof code !== 'string') return undefined;
  const known = primary === undefined ? undefined : byCode[primary];
  if (!known) {
    if (typeof code !== 'string' || primary === 1) return undefined;
    return { code: 'STORE_IO', file: path, message: error.message };
  }
  const remedy = known.code === 'STORE_CORRUPT' ? restoreRemedy(path) : known.remedy;
  return { code: known.code, file: path, message: known.message, remedy };
}

/** Runs `action`; what the disk or the database refuses becomes a StoreFailure, our own faults pass unchanged. */
export function guarded<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof StoreFailure) throw error;
    const problem = problemOf(error, path);
    if (!problem) throw error;
    throw Object.assign(new StoreFailure(problem), { cause: error });
  }
}

import { accessSync, closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { failure, type Problem, type Result, success } from '../../lib/result.js';
import { problemOrThrow, restoreRemedy } from '../failure.js';
import { closeAfterFailure, type Database, openDatabase } from './engine.js';
import { migrate } from './migrate.js';
import type { Migration } from './migrations/index.js';

/**
 * WAL with FULL: a commit is on the disk before it answers, so an alarm that was queued survives the power
 * (https://www.sqlite.org/pragma.html#pragma_synchronous). Nothing in a store file may run code of its own.
 */
const SETTINGS = `
pragma busy_timeout = 5000;
pragma journal_mode = wal;
pragma synchronous = full;
pragma foreign_keys = on;
pragma trusted_schema = off;
`;

/** Not mkdir's `recursive`: Node then says ENOENT for a read-only place, and never returns where the parent is in /proc. */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  mkdirSync(folder, { mode: 0o700 });
}

/** Makes the folder and an empty file that only its owner may read: what it will hold is a map of every open gate. */
export function preparePlace(path: string): Problem | undefined {
  const folder = dirname(path);
  try {
    makeFolder(folder);
  } catch (error) {
    return problemOrThrow(error, folder);
  }
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory()) {
      return {
        code: 'STORE_IS_A_FOLDER',
        file: path,
        message: 'this is a folder',
        expected: 'the path of a file',
        remedy: 'add a file name, such as ecluse.db',
      };
    }
    // Only a file that is not there: to close any descriptor of a database in use would drop the locks this process
    // has on it (fcntl(2)).
    if (!there) closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    return problemOrThrow(error, path);
  }
  return undefined;
}

/** `quick_check` reads every page: a damaged store is found at the start, not by the one alarm that it lost. */
export function damage(database: Database, path: string): Problem | undefined {
  const rows = database.prepare('pragma quick_check(1)').all() as { quick_check: string }[];
  const verdict = rows[0]?.quick_check;
  if (verdict === 'ok') return undefined;
  const detail = (verdict ?? 'no answer').replaceAll(/\s+/g, ' ');
  return {
    code: 'STORE_CORRUPT',
    file: path,
    message: `the database is damaged: ${detail}`,
    remedy: restoreRemedy(path),
  };
}

/** Opens or makes the database, checks it and brings its schema up to date. Never replaces a file it cannot read. */
export function openSqlite(path: string, now: () => number, steps?: readonly Migration[]): Result<Database> {
  let database: Database | undefined;
  const refuse = (problem: Problem): Result<Database> => {
    closeAfterFailure(database);
    return failure(problem);
  };
  try {
    database = openDatabase(path);
    database.exec(SETTINGS);
    const problem = damage(database, path);
    if (problem) return refuse(problem);
    const migrated = migrate(database, path, now, steps);
    return migrated.ok ? success(database) : refuse(migrated.error);
  } catch (error) {
    return refuse(problemOrThrow(error, path));
  }
}

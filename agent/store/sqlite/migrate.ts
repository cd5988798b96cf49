import { createHash } from 'node:crypto';
import { failure, type Result, success } from '../../lib/result.js';
import type { Database } from './engine.js';
import { type Migration, migrations } from './migrations/index.js';

/** Marks the file as ours (`ECLU`), so that another program's database is not taken for an old store. */
export const APPLICATION_ID = 0x45434c55;

export function checksum(migration: Migration): string {
  return createHash('sha256').update(migration.sql).digest('hex');
}

interface Applied {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

function pragma(database: Database, name: string): unknown {
  return Object.values(database.prepare(`pragma ${name}`).get() as Record<string, unknown>)[0];
}

/** Runs `work` as one transaction; `immediate` takes the write lock first, so that it never fails half-way for want of it. */
export function inTransaction<T>(database: Database, work: () => T): T {
  database.exec('begin immediate');
  try {
    const value = work();
    database.exec('commit');
    return value;
  } catch (error) {
    try {
      database.exec('rollback');
    } catch {
      // SQLite has rolled back by itself already, as it does on a full disk.
    }
    throw error;
  }
}

/** Brings the schema up to date, one transaction for each step. What a newer Écluse wrote is refused, never guessed at. */
export function migrate(
  database: Database,
  path: string,
  now: () => number,
  steps: readonly Migration[] = migrations,
): Result<{ readonly applied: readonly number[] }> {
  const tables = database.prepare("select count(*) as n from sqlite_schema where name not like 'sqlite_%'").get();
  const empty = Number((tables as { n: number }).n) === 0;
  if (empty) {
    inTransaction(database, () => {
      database.exec(`pragma application_id = ${APPLICATION_ID}`);
      database.exec(`create table migrations (
        number integer primary key, name text not null, checksum text not null, applied_at integer not null
      ) strict`);
    });
  } else if (pragma(database, 'application_id') !== APPLICATION_ID) {
    return failure({
      code: 'STORE_NOT_OURS',
      file: path,
      message: 'this is the database of another program',
      expected: 'a store made by Écluse, or no file',
      remedy: 'choose another path in the configuration',
    });
  }
  const done = database.prepare('select number, name, checksum from migrations order by number').all() as Applied[];
  const newest = steps.at(-1)?.number ?? 0;
  const unknown = done.find(({ number }) => number > newest);
  if (unknown) {
    return failure({
      code: 'STORE_NEWER',
      file: path,
      message: `this store was written by a newer Écluse (schema ${done.at(-1)!.number}, this program knows ${newest})`,
      remedy: 'start that newer version, or restore a backup made before it',
    });
  }
  const applied: number[] = [];
  for (const step of steps) {
    const before = done.find(({ number }) => number === step.number);
    if (before && before.checksum !== checksum(step)) {
      return failure({
        code: 'STORE_SCHEMA_DIFFERS',
        file: path,
        message: `migration ${step.number} (${before.name}) of this store is not the one this program knows`,
        remedy: 'start the version of Écluse that made this store, or restore a backup',
      });
    }
    if (before) continue;
    inTransaction(database, () => {
      database.exec(step.sql);
      database
        .prepare('insert into migrations (number, name, checksum, applied_at) values (?, ?, ?, ?)')
        .run(step.number, step.name, checksum(step), now());
    });
    applied.push(step.number);
  }
  return success({ applied });
}

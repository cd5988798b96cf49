import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { problemText } from '../../agent/lib/result.js';
import { openStore, type Store, StoreFailure } from '../../agent/store/index.js';
import { openDatabase } from '../../agent/store/sqlite/engine.js';
import { migrate } from '../../agent/store/sqlite/migrate.js';
import { migrations } from '../../agent/store/sqlite/migrations/index.js';
import { must, systemTest, tempDir } from '../support/system.js';
import { anEvent, aState, emptyState } from './samples.js';

function opened(path: string): Store {
  const store = openStore({ path, route: () => ['siem'] });
  if (!store.ok) throw new Error(problemText(store.error));
  return store.value;
}

function refused(path: string) {
  const store = openStore({ path });
  if (store.ok) throw new Error('it was opened');
  expect(problemText(store.error)).not.toContain('\n');
  return store.error;
}

const state = aState({ subjects: 20, findings: 5, at: 7 });

function fill(store: Store, steps = 1): void {
  for (let step = 1; step <= steps; step++) {
    store.judge.commit({
      previous: store.judge.load(),
      next: { ...state, judgedUpTo: step },
      events: [anEvent(`f${step}`, 1)],
      at: step,
    });
  }
}

function digest(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

describe('opening a store', () => {
  test('makes its folder and a file that only the owner may read', () => {
    const path = join(tempDir(), 'var', 'lib', 'ecluse.db');
    opened(path).close();
    for (const file of [path, `${path}.lock`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
  });

  test('a file that is not a database is refused and left as it is', () => {
    const path = join(tempDir(), 'ecluse.db');
    writeFileSync(path, 'these are notes, not a database\n'.repeat(300));
    const before = digest(path);
    const problem = refused(path);
    expect(problem).toMatchObject({ code: 'STORE_CORRUPT', file: path });
    expect(problem.remedy).toContain('ecluse restore');
    expect(digest(path)).toBe(before);
  });

  test('a damaged page is found at opening; the file is left for a person', () => {
    const path = join(tempDir(), 'ecluse.db');
    const store = opened(path);
    fill(store, 60);
    store.close();
    const bytes = readFileSync(path);
    // Every page but the first, whose header would betray itself.
    bytes.fill(0xa5, 4096 * 3, 4096 * 9);
    writeFileSync(path, bytes);
    const before = digest(path);
    expect(refused(path)).toMatchObject({ code: 'STORE_CORRUPT' });
    expect(digest(path)).toBe(before);
  });

  test('a file that was cut short is refused', () => {
    const path = join(tempDir(), 'ecluse.db');
    const store = opened(path);
    fill(store, 60);
    store.close();
    truncateSync(path, 4096 * 6 + 100);
    expect(refused(path)).toMatchObject({ code: 'STORE_CORRUPT' });
  });

  test('a folder, a path through a file, and another program’s database are refused', () => {
    const folder = tempDir();
    expect(refused(folder)).toMatchObject({ code: 'STORE_IS_A_FOLDER' });
    writeFileSync(join(folder, 'file'), 'x');
    expect(refused(join(folder, 'file', 'ecluse.db'))).toMatchObject({ code: 'STORE_NOT_A_FOLDER' });
    const other = join(folder, 'other.db');
    const database = openDatabase(other);
    database.exec('create table customers (name text)');
    database.close();
    expect(refused(other)).toMatchObject({ code: 'STORE_NOT_OURS' });
  });

  test('a store of a newer Écluse is refused, and so is one whose migration differs', () => {
    const path = join(tempDir(), 'ecluse.db');
    opened(path).close();
    let database = openDatabase(path);
    database.exec("insert into migrations values (99, 'later', 'x', 0)");
    database.close();
    expect(refused(path)).toMatchObject({ code: 'STORE_NEWER' });
    database = openDatabase(path);
    database.exec("delete from migrations where number = 99; update migrations set checksum = 'x' where number = 2");
    database.close();
    expect(refused(path)).toMatchObject({ code: 'STORE_SCHEMA_DIFFERS' });
  });

  test('a refusal lets go of the lock', () => {
    const path = join(tempDir(), 'ecluse.db');
    writeFileSync(path, 'notes'.repeat(1000));
    refused(path);
    expect(refused(path)).toMatchObject({ code: 'STORE_CORRUPT' });
  });

  systemTest(['root'], 'a read-only place is told in one line', async () => {
    const folder = tempDir();
    opened(join(folder, 'old.db')).close();
    await must(['mount', '-t', 'tmpfs', '-o', 'ro,size=1m', 'none', folder]);
    try {
      expect(refused(join(folder, 'ecluse.db'))).toMatchObject({ code: 'STORE_READ_ONLY' });
      expect(refused(join(folder, 'new', 'ecluse.db'))).toMatchObject({ code: 'STORE_READ_ONLY' });
    } finally {
      // Lazily: the engine lets go of a closed database's file only once its statements are collected.
      await must(['umount', '--lazy', folder]);
    }
  });

  systemTest(['root', 'setpriv'], 'a folder without the right to write is told in one line', async () => {
    const folder = tempDir();
    chmodSync(folder, 0o755);
    const program = `
      const { openStore } = await import(${JSON.stringify(`file://${process.cwd()}/build/agent/store/index.js`)});
      const store = openStore({ path: ${JSON.stringify(join(folder, 'ecluse.db'))} });
      console.log(store.ok ? 'opened' : store.error.code);`;
    const argv = ['setpriv', '--reuid', '65534', '--clear-groups', process.execPath, '--input-type=module'];
    expect((await must(argv, { input: program })).trim()).toBe('STORE_NO_RIGHT');
  });
});

describe('a full disk', () => {
  systemTest(['root'], 'refuses the step as a whole; with space again the store goes on', async () => {
    const folder = tempDir();
    await must(['mount', '-t', 'tmpfs', '-o', 'size=2m', 'none', folder]);
    try {
      const path = join(folder, 'ecluse.db');
      const store = opened(path);
      let last = 0;
      let problem: unknown;
      for (let step = 1; step <= 5_000 && !problem; step++) {
        try {
          store.judge.commit({
            previous: state,
            next: { ...state, judgedUpTo: step },
            events: Array.from({ length: 40 }, (_, index) => anEvent(`f${step}-${index}`, 1)),
            at: step,
          });
          last = step;
        } catch (error) {
          problem = error;
        }
      }
      expect(last).toBeGreaterThan(0);
      expect(problem).toBeInstanceOf(StoreFailure);
      expect((problem as StoreFailure).problem).toMatchObject({ code: 'STORE_FULL' });
      expect(store.judge.load().judgedUpTo).toBe(last);
      expect(store.outbox.list({})).toHaveLength(40 * last);
      await must(['mount', '-o', 'remount,size=8m', folder]);
      store.judge.commit({ previous: state, next: { ...state, judgedUpTo: last + 1 }, events: [], at: last + 1 });
      store.close();
      const again = opened(path);
      expect(again.judge.load()).toEqual({ ...state, judgedUpTo: last + 1 });
      expect(again.outbox.list({})).toHaveLength(40 * last);
      again.close();
    } finally {
      await must(['umount', '--lazy', folder]);
    }
  });

  systemTest(['root'], 'is told in one line when the store cannot even be made', async () => {
    const folder = tempDir();
    await must(['mount', '-t', 'tmpfs', '-o', 'size=16k', 'none', folder]);
    try {
      expect(refused(join(folder, 'ecluse.db'))).toMatchObject({ code: 'STORE_FULL' });
    } finally {
      await must(['umount', '--lazy', folder]);
    }
  });
});

describe('migrations', () => {
  test('are numbered without a gap', () => {
    expect(migrations.map(({ number }) => number)).toEqual(migrations.map((_, index) => index + 1));
  });

  /** A store of today with something in every table, as the rows of its tables. */
  function rowsOfToday(): { readonly rows: ReadonlyMap<string, readonly Row[]>; readonly saved: string } {
    const path = join(tempDir(), 'ecluse.db');
    const store = opened(path);
    fill(store, 3);
    const saved = store.snapshots.save({
      device: 'fw1',
      captures: [{ driver: 'nftables', device: 'fw1', sections: [{ name: 'nft', source: 'nft', text: 'table' }] }],
      takenAt: 5,
      complete: true,
      blind: [],
      hash: 'h',
    }).id;
    store.snapshots.approve(saved, 'RSSI', 6);
    store.close();
    const database = openDatabase(path);
    const tables = database
      .prepare(
        "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' and name <> 'migrations'",
      )
      .all() as { name: string }[];
    const rows = new Map(tables.map(({ name }) => [name, database.prepare(`select * from ${name}`).all() as Row[]]));
    database.close();
    expect([...rows].filter(([, one]) => one.length === 0).map(([name]) => name)).toEqual([]);
    return { rows, saved };
  }

  type Row = Readonly<Record<string, string | number | null | Uint8Array>>;

  test.each([0, ...migrations.map(({ number }) => number)])(
    'a store at version %i becomes one of today, with everything that it held',
    (version) => {
      const path = join(tempDir(), 'ecluse.db');
      const early = openDatabase(path);
      expect(migrate(early, path, () => 1, migrations.slice(0, version))).toMatchObject({ ok: true });
      const { rows, saved } = rowsOfToday();
      const has = (table: string): boolean =>
        early.prepare('select name from sqlite_schema where name = ?').get(table) !== undefined;
      // Texts before the captures that name them: the foreign keys hold for an early store too.
      for (const [table, all] of rows) {
        if (!has(table)) continue;
        for (const row of all) {
          const names = Object.keys(row);
          early
            .prepare(`insert into ${table} (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`)
            .run(...Object.values(row));
        }
      }
      const [remembers, queued, kept] = [has('findings'), has('outbox'), has('snapshots')];
      const { acceptances: _, ...unaccepted } = state;
      const held = has('acceptances') ? state : unaccepted;
      early.close();
      const schema = (of: string): unknown => {
        const database = openDatabase(of);
        const all = database.prepare('select type, name, sql from sqlite_schema order by type, name').all();
        database.close();
        return all;
      };
      const store = opened(path);
      expect(store.judge.load()).toEqual(remembers ? { ...held, judgedUpTo: 3 } : emptyState);
      expect(store.events.list().map(({ id }) => id)).toEqual(remembers ? ['f1#1.1', 'f2#1.1', 'f3#1.1'] : []);
      expect(store.outbox.list({ undelivered: true })).toHaveLength(queued ? 3 : 0);
      expect(store.snapshots.approved('fw1')?.id).toBe(kept ? saved : undefined);
      expect(store.snapshots.get(saved)?.captures[0]?.sections[0]?.text).toBe(kept ? 'table' : undefined);
      fill(store, 4);
      expect(store.judge.load()).toEqual({ ...state, judgedUpTo: 4 });
      store.close();
      const fresh = join(tempDir(), 'fresh.db');
      opened(fresh).close();
      expect(schema(path)).toEqual(schema(fresh));
    },
  );

  test('a migration that fails leaves the version before it', () => {
    const path = join(tempDir(), 'ecluse.db');
    const database = openDatabase(path);
    const broken = { number: 2, name: 'broken', sql: 'create table half (a text); create table half (a text)' };
    expect(() => migrate(database, path, () => 1, [migrations[0]!, broken])).toThrow();
    expect(database.prepare("select name from sqlite_schema where name = 'half'").all()).toEqual([]);
    expect(migrate(database, path, () => 1)).toEqual({
      ok: true,
      value: { applied: migrations.slice(1).map(({ number }) => number) },
    });
    database.close();
  });
});

describe('a backup', () => {
  test('is a whole store, made while this one is in use, and never overwrites', () => {
    const folder = tempDir();
    const store = opened(join(folder, 'ecluse.db'));
    fill(store, 3);
    const copy = join(folder, 'backups', 'ecluse-1.db');
    expect(store.backup(copy)).toEqual({ ok: true, value: undefined });
    fill(store, 4);
    expect(store.backup(copy)).toMatchObject({ ok: false, error: { code: 'BACKUP_EXISTS' } });
    expect(store.vacuum()).toMatchObject({ ok: true });
    store.close();
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    const restored = opened(copy);
    expect(restored.judge.load()).toEqual({ ...state, judgedUpTo: 3 });
    expect(restored.outbox.list({})).toHaveLength(3);
    restored.close();
    expect(readdirSync(join(folder, 'backups')).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('to a place that cannot hold it is a problem, and leaves nothing', () => {
    const folder = tempDir();
    mkdirSync(join(folder, 'backups'));
    writeFileSync(join(folder, 'file'), '');
    const store = opened(join(folder, 'ecluse.db'));
    expect(store.backup(join(folder, 'file', 'b.db'))).toMatchObject({
      ok: false,
      error: { code: 'STORE_NOT_A_FOLDER' },
    });
    expect(existsSync(join(folder, 'file', 'b.db'))).toBe(false);
    store.close();
  });
});

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { problemText } from '../../agent/lib/result.js';
import { copyStore, openStore, restoreStore, type Store } from '../../agent/store/index.js';
import { openDatabase } from '../../agent/store/sqlite/engine.js';
import { must, tempDir } from '../support/system.js';
import { anEvent, aState } from './samples.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = tempDir();
  path = join(folder, 'ecluse.db');
});

function opened(at = path): Store {
  const store = openStore({ path: at, route: () => ['siem'] });
  if (!store.ok) throw new Error(problemText(store.error));
  return store.value;
}

function fill(store: Store, at: number): void {
  const next = aState({ subjects: 20, findings: 5, at });
  store.judge.commit({ previous: store.judge.load(), next, events: [anEvent(`f${at}`, 1)], at });
}

function filled(at: number, where = path): void {
  const store = opened(where);
  fill(store, at);
  store.close();
}

function judgedUpTo(): number {
  const store = opened();
  const { judgedUpTo: at } = store.judge.load();
  store.close();
  return at;
}

const NOW = Date.UTC(2026, 10, 22, 9, 30, 15);
const options = { replace: false, now: () => NOW };
const ASIDE = 'ecluse.db.aside-20261122-093015';

function damage(file: string): void {
  const bytes = readFileSync(file);
  bytes.fill(0xa5, 4096 * 2, 4096 * 9);
  writeFileSync(file, bytes);
}

describe('a copy', () => {
  test('is whole though another process is writing, and is the owner’s alone', async () => {
    const store = opened();
    fill(store, 3);
    const copy = join(folder, 'copy.db');
    // In a process of its own, as the command is: to close a file here would drop the locks that this process has on it.
    const module = JSON.stringify(`file://${process.cwd()}/build/agent/store/index.js`);
    const program = `const { copyStore } = await import(${module});
      console.log(JSON.stringify(copyStore(${JSON.stringify(path)}, ${JSON.stringify(copy)})));`;
    const said = await must([process.execPath, '--input-type=module'], { input: program });
    expect(JSON.parse(said)).toEqual({ ok: true });
    fill(store, 4);
    store.close();
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    expect(restoreStore(path, copy, { ...options, replace: true })).toMatchObject({ ok: true });
    expect(judgedUpTo()).toBe(3);
  });

  test('is not made of nothing, of a damaged store, of another program’s database, nor over a file', () => {
    const to = join(folder, 'copy.db');
    expect(copyStore(path, to)).toMatchObject({ ok: false, error: { code: 'STORE_MISSING' } });
    expect(existsSync(path)).toBe(false);
    filled(1);
    damage(path);
    expect(copyStore(path, to)).toMatchObject({ ok: false, error: { code: 'STORE_CORRUPT' } });
    const other = join(folder, 'other.db');
    const database = openDatabase(other);
    database.exec('create table customers (name text)');
    database.close();
    expect(copyStore(other, to)).toMatchObject({ ok: false, error: { code: 'STORE_NOT_OURS' } });
    writeFileSync(to, 'mine');
    filled(1, join(folder, 'good.db'));
    expect(copyStore(join(folder, 'good.db'), to)).toMatchObject({ ok: false, error: { code: 'BACKUP_EXISTS' } });
    expect(readFileSync(to, 'utf8')).toBe('mine');
  });
});

describe('a restore', () => {
  let backup: string;

  beforeEach(() => {
    mkdirSync(join(folder, 'backups'));
    backup = join(folder, 'backups', 'monday.db');
    filled(3, join(folder, 'early.db'));
    expect(copyStore(join(folder, 'early.db'), backup)).toMatchObject({ ok: true });
  });

  test('where nothing stands brings the backup, which stays as it is', () => {
    const before = readFileSync(backup);
    expect(restoreStore(path, backup, options)).toEqual({ ok: true, value: {} });
    expect(judgedUpTo()).toBe(3);
    expect(readFileSync(backup).equals(before)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.includes('restoring'))).toEqual([]);
  });

  test('over a good store is refused; with replace, that is put aside whole', () => {
    filled(9);
    expect(restoreStore(path, backup, options)).toMatchObject({ ok: false, error: { code: 'STORE_GOOD' } });
    expect(judgedUpTo()).toBe(9);
    expect(restoreStore(path, backup, { ...options, replace: true })).toEqual({
      ok: true,
      value: { aside: join(folder, ASIDE) },
    });
    expect(judgedUpTo()).toBe(3);
    // A second one at the same second takes another name.
    expect(restoreStore(path, join(folder, ASIDE), { ...options, replace: true })).toEqual({
      ok: true,
      value: { aside: join(folder, `${ASIDE}-2`) },
    });
    expect(judgedUpTo()).toBe(9);
  });

  test('over a damaged store puts that aside with its log, which is not played into the new one', () => {
    const store = opened();
    fill(store, 9);
    // What a power cut leaves: the database and its log.
    copyFileSync(`${path}-wal`, join(folder, 'kept-wal'));
    store.close();
    copyFileSync(join(folder, 'kept-wal'), `${path}-wal`);
    damage(path);
    writeFileSync(path, Buffer.concat([Buffer.from('scribble'), readFileSync(path).subarray(8)]));
    // Not opened before: whether the log mends such a file depends on what SQLite's version has put into it.
    expect(restoreStore(path, backup, options)).toMatchObject({ ok: true, value: { aside: join(folder, ASIDE) } });
    expect(readFileSync(join(folder, ASIDE)).subarray(0, 8).toString()).toBe('scribble');
    expect(judgedUpTo()).toBe(3);
  });

  test('while a store is in use is refused', () => {
    const store = opened();
    fill(store, 9);
    expect(restoreStore(path, backup, { ...options, replace: true })).toMatchObject({
      ok: false,
      error: { code: 'STORE_LOCKED' },
    });
    store.close();
    expect(judgedUpTo()).toBe(9);
  });

  test('of what is not a whole backup of ours leaves everything as it was', () => {
    filled(9);
    const replace = { ...options, replace: true };
    const refused = (from: string): unknown => {
      const answer = restoreStore(path, from, replace);
      expect(judgedUpTo()).toBe(9);
      return answer.ok ? 'restored' : answer.error.code;
    };
    const notes = join(folder, 'notes');
    writeFileSync(notes, 'these are notes\n'.repeat(300));
    const empty = join(folder, 'empty');
    writeFileSync(empty, '');
    const other = join(folder, 'other.db');
    const database = openDatabase(other);
    database.exec('create table customers (name text)');
    database.close();
    const newer = join(folder, 'newer.db');
    copyFileSync(backup, newer);
    const later = openDatabase(newer);
    later.exec("insert into migrations values (99, 'later', 'x', 0)");
    later.close();
    const broken = join(folder, 'broken.db');
    copyFileSync(backup, broken);
    damage(broken);
    const inUse = join(folder, 'in-use.db');
    copyFileSync(backup, inUse);
    writeFileSync(`${inUse}-wal`, 'log');
    expect([join(folder, 'nowhere'), notes, empty, other, newer, broken, inUse].map(refused)).toEqual([
      ...['BACKUP_MISSING', 'STORE_CORRUPT', 'STORE_CORRUPT', 'STORE_NOT_OURS'],
      ...['STORE_NEWER', 'STORE_CORRUPT', 'BACKUP_IN_USE'],
    ]);
    expect(readdirSync(folder).filter((name) => /restoring|aside/.test(name))).toEqual([]);
  });
});

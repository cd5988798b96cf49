import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openStore, type Store } from '../../agent/store/index.js';
import { anEvent, aState } from '../store/samples.js';
import { systemTest, tempDir } from '../support/system.js';
import { ecluse } from './capture.js';

interface Scene {
  readonly folder: string;
  readonly config: readonly string[];
  readonly database: string;
  readonly key: string;
}

function opened(path: string): Store {
  const store = openStore({ path });
  if (!store.ok) throw new Error(store.error.message);
  return store.value;
}

function remember(path: string, at: number): void {
  const store = opened(path);
  const next = aState({ findings: 2, at });
  store.judge.commit({ previous: store.judge.load(), next, events: [anEvent(`f${at}`, 1)], at });
  store.close();
}

function judgedUpTo(path: string): number {
  const store = opened(path);
  const { judgedUpTo: at } = store.judge.load();
  store.close();
  return at;
}

function scene(): Scene {
  const folder = tempDir();
  writeFileSync(join(folder, 'config.yaml'), 'state: ./state\n');
  const database = join(folder, 'state', 'ecluse.db');
  remember(database, 3);
  const key = join(folder, 'state', 'redaction.key');
  writeFileSync(key, Buffer.alloc(32, 7), { mode: 0o600 });
  return { folder, config: ['--config', join(folder, 'config.yaml')], database, key };
}

describe('ecluse backup and restore', () => {
  test('bring the state and its key back to another machine', async () => {
    const { folder, config, database, key } = scene();
    const file = join(folder, 'monday.db');
    const made = await ecluse('backup', file, ...config);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toContain(`redaction key: ${file}.key`);
    expect(statSync(`${file}.key`).mode & 0o777).toBe(0o600);
    const other = tempDir();
    writeFileSync(join(other, 'config.yaml'), 'state: ./state\n');
    const restored = await ecluse('restore', file, '--json', '--config', join(other, 'config.yaml'));
    expect(restored.code).toBe(0);
    expect(JSON.parse(restored.stdout)).toEqual({ database: join(other, 'state/ecluse.db'), key: 'restored' });
    expect(judgedUpTo(join(other, 'state/ecluse.db'))).toBe(3);
    expect(readFileSync(join(other, 'state/redaction.key')).equals(readFileSync(key))).toBe(true);
    expect(judgedUpTo(database)).toBe(3);
  });

  test('never overwrite: a backup, a store in good order, a store in use', async () => {
    const { folder, config, database, key } = scene();
    const file = join(folder, 'monday.db');
    await ecluse('backup', file, ...config);
    expect(await ecluse('backup', file, ...config)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is a file of this name already'),
    });
    remember(database, 8);
    expect(await ecluse('restore', file, ...config)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--replace'),
    });
    const inUse = opened(database);
    expect(await ecluse('restore', file, '--replace', ...config)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`process ${process.pid}`),
    });
    inUse.close();
    expect(judgedUpTo(database)).toBe(8);
    writeFileSync(key, Buffer.alloc(32, 9));
    const answer = await ecluse('restore', file, '--replace', '--json', ...config);
    const { aside, key: how } = JSON.parse(answer.stdout) as { readonly aside: string; readonly key: string };
    expect(how).toBe('restored');
    expect(judgedUpTo(database)).toBe(3);
    expect(judgedUpTo(aside)).toBe(8);
    expect(readFileSync(`${aside}.key`).equals(Buffer.alloc(32, 9))).toBe(true);
    expect(readFileSync(key).equals(Buffer.alloc(32, 7))).toBe(true);
  });

  test('of a damaged store: every command names the way back, and it works', async () => {
    const { folder, config, database } = scene();
    const file = join(folder, 'monday.db');
    await ecluse('backup', file, ...config);
    writeFileSync(database, 'scribble'.repeat(2_000));
    const refused = await ecluse('status', ...config);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('ecluse restore BACKUP') });
    expect(readFileSync(database, 'utf8')).toBe('scribble'.repeat(2_000));
    const back = await ecluse('restore', file, ...config);
    expect(back).toMatchObject({ code: 0, stdout: expect.stringContaining('what was there:') });
    expect(judgedUpTo(database)).toBe(3);
  });

  systemTest(['root'], 'by root give the state to the account that the folder belongs to', async () => {
    const { folder, config } = scene();
    const file = join(folder, 'monday.db');
    await ecluse('backup', file, ...config);
    const other = tempDir();
    const state = join(other, 'state');
    mkdirSync(state);
    chownSync(state, 65534, 65534);
    writeFileSync(join(other, 'config.yaml'), 'state: ./state\n');
    expect((await ecluse('restore', file, '--config', join(other, 'config.yaml'))).code).toBe(0);
    const owners = readdirSync(state).map((name) => [name, statSync(join(state, name)).uid]);
    expect(owners.sort()).toEqual([
      ['ecluse.db', 65534],
      ['ecluse.db.lock', 65534],
      ['redaction.key', 65534],
    ]);
  });

  test('say what is missing', async () => {
    const folder = tempDir();
    writeFileSync(join(folder, 'config.yaml'), 'state: ./state\n');
    const config = ['--config', join(folder, 'config.yaml')];
    expect((await ecluse('backup', join(folder, 'b.db'), ...config)).stderr).toContain('there is no store here');
    expect(existsSync(join(folder, 'state'))).toBe(false);
    expect((await ecluse('restore', join(folder, 'b.db'), ...config)).stderr).toContain('there is no such file');
  });
});

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SnapshotInput } from '../../agent/baseline/snapshots.js';
import type { Capture } from '../../agent/drivers/contract.js';
import { openStore, type Store } from '../../agent/store/index.js';
import { tempDir } from '../support/system.js';

const MORNING = Date.UTC(2026, 10, 22, 9, 30, 15);

let path: string;
let store: Store;

function open(): void {
  const opened = openStore({ path });
  if (!opened.ok) throw new Error(opened.error.message);
  store = opened.value;
}

beforeEach(() => {
  path = join(tempDir(), 'ecluse.db');
  open();
});
afterEach(() => store.close());

function reading(text: string, more: Partial<SnapshotInput> = {}): SnapshotInput {
  return {
    device: 'fw1',
    captures: [
      { driver: 'nftables', device: 'fw1', sections: [{ name: 'nft-text', source: 'nft list ruleset', text }] },
      { driver: 'linux-listeners', device: 'fw1', sections: [{ name: 'ss', source: 'ss -Hlntup', text: 'LISTEN' }] },
    ],
    takenAt: MORNING,
    complete: true,
    blind: [],
    hash: `sha256:${text.length}:${text.slice(0, 20)}`,
    ...more,
  };
}

describe('snapshots', () => {
  test('a reading comes back as it was captured, with its failures, and fits the drivers', () => {
    const input = reading('table inet filter {\r\n\u0000\u001b[2J é 漢 half\ud800\n}', {
      complete: false,
      blind: ['legacy iptables could not be read'],
      modelVersion: '1',
      summary: { rules: 12 },
    });
    const failed = {
      ...input.captures[0]!,
      sections: [
        ...input.captures[0]!.sections,
        {
          name: 'iptables',
          source: 'iptables-save',
          text: '',
          failure: { kind: 'missing-right' as const, problem: { code: 'MISSING_RIGHT', message: 'refused' } },
        },
      ],
    };
    const { id } = store.snapshots.save({ ...input, captures: [failed] });
    store.close();
    open();
    const snapshot = store.snapshots.get(id)!;
    const captures: readonly Capture[] = snapshot.captures;
    expect(captures).toEqual([failed]);
    expect(snapshot).toMatchObject({
      id: 'S-20261122-093015-fw1',
      complete: false,
      blind: ['legacy iptables could not be read'],
      summary: { rules: 12 },
      count: 1,
    });
    expect(store.snapshots.get('S-0')).toBeUndefined();
  });

  test('the same state read again counts on its snapshot', () => {
    const first = store.snapshots.save(reading('a'));
    expect(store.snapshots.save(reading('a', { takenAt: MORNING + 60_000 }))).toEqual({
      id: first.id,
      unchanged: true,
    });
    // A clock that was set back does not take the last sight back.
    store.snapshots.save(reading('a', { takenAt: MORNING - 60_000 }));
    expect(store.snapshots.latest('fw1')).toMatchObject({ count: 3, takenAt: MORNING, lastSeen: MORNING + 60_000 });
    expect(store.snapshots.list()).toHaveLength(1);
  });

  test.each<Partial<SnapshotInput>>([
    { hash: 'other' },
    { complete: false },
    { blind: ['truncated'] },
    { modelVersion: '2' },
  ])('a reading that differs in %j is a snapshot of its own', (more) => {
    const first = store.snapshots.save(reading('a', { modelVersion: '1' }));
    const second = store.snapshots.save(reading('a', { modelVersion: '1', ...more }));
    expect(second).toEqual({ id: `${first.id}-2`, unchanged: false });
    expect(store.snapshots.latest('fw1')!.id).toBe(second.id);
  });

  test('a state that comes back after another is a new snapshot that shares its text', () => {
    const before = store.snapshots.save(reading('a'));
    store.snapshots.save(reading('b', { takenAt: MORNING + 1_000 }));
    const after = store.snapshots.save(reading('a', { takenAt: MORNING + 2_000 }));
    expect(after.unchanged).toBe(false);
    expect(store.snapshots.get(after.id)!.captures).toEqual(store.snapshots.get(before.id)!.captures);
    expect(store.snapshots.list({ device: 'fw1' }).map(({ id }) => id)).toEqual([
      'S-20261122-093017-fw1',
      'S-20261122-093016-fw1',
      'S-20261122-093015-fw1',
    ]);
    expect(store.snapshots.list({ limit: 1 })).toHaveLength(1);
  });

  test('devices are apart, whatever their names', () => {
    for (const device of ['fw1', 'fw 1/é', 'fw\u00001', 'fw']) store.snapshots.save(reading('a', { device }));
    expect(store.snapshots.latest('fw 1/é')!.id).toBe('S-20261122-093015-fw-1-');
    expect(store.snapshots.latest('fw\u00001')).toMatchObject({ device: 'fw\u00001', id: 'S-20261122-093015-fw-1' });
    expect(store.snapshots.list({ device: 'fw' })).toHaveLength(1);
    expect(store.snapshots.latest('nobody')).toBeUndefined();
  });

  test('the latest approval holds, earlier ones stay on record', () => {
    const first = store.snapshots.save(reading('a')).id;
    const second = store.snapshots.save(reading('b', { takenAt: MORNING + 1_000 })).id;
    expect(store.snapshots.approved('fw1')).toBeUndefined();
    expect(store.snapshots.approve(second, 'DSI', 1)).toBe(true);
    expect(store.snapshots.approve(first, 'RSSI', 2)).toBe(true);
    expect(store.snapshots.approve('S-none', 'RSSI', 3)).toBe(false);
    expect(store.snapshots.approved('fw1')!.id).toBe(first);
    expect(store.snapshots.approvals('fw1')).toEqual([
      { snapshot: first, device: 'fw1', by: 'RSSI', at: 2 },
      { snapshot: second, device: 'fw1', by: 'DSI', at: 1 },
    ]);
  });

  test('ten thousand readings of an unchanged rule base add less than 2 MB', () => {
    store.close();
    // Durability is not at stake here, and ten thousand waits for the disk would be.
    const memory = openStore({ path: ':memory:' });
    if (!memory.ok) throw new Error(memory.error.message);
    store = memory.value;
    const text = Array.from({ length: 2_000 }, (_, n) => `ip saddr 10.0.${n % 250}.0/24 tcp dport ${n} accept`).join(
      '\n',
    );
    store.snapshots.save(reading(text));
    const size = (): number => {
      const copy = join(tempDir(), 'copy.db');
      store.backup(copy);
      return statSync(copy).size;
    };
    const before = size();
    for (let poll = 1; poll < 10_000; poll++) store.snapshots.save(reading(text, { takenAt: MORNING + poll * 1_000 }));
    expect(store.snapshots.latest('fw1')!.count).toBe(10_000);
    expect(size() - before).toBeLessThan(2_000_000);
    expect(before).toBeLessThan(text.length * 2);
  });
});

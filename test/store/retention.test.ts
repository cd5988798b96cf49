import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openStore, type Retention, type Store } from '../../agent/store/index.js';
import { seed } from '../support/seed.js';
import { tempDir } from '../support/system.js';
import { anEvent, aState } from './samples.js';

let path: string;
let store: Store;

beforeEach(() => {
  path = join(tempDir(), 'ecluse.db');
  const opened = openStore({ path, route: () => ['siem'] });
  if (!opened.ok) throw new Error(opened.error.message);
  store = opened.value;
});
afterEach(() => store.close());

/** A text that compression cannot make small. */
function noise(name: string): string {
  return Array.from({ length: 400 }, (_, index) => `${name}/${Math.sin(index + name.length * 7)}`).join('\n');
}

function read(text: string, takenAt: number, device = 'fw1'): string {
  const section = { name: 'nft-text', source: 'nft list ruleset', text };
  return store.snapshots.save({
    device,
    captures: [{ driver: 'nftables', device, sections: [section] }],
    takenAt,
    complete: true,
    blind: [],
    hash: text,
  }).id;
}

const nothing: Retention = { before: 0, snapshots: [], moments: [], findings: [] };

function ids(device = 'fw1'): readonly string[] {
  return store.snapshots
    .list({ device })
    .map(({ id }) => id)
    .reverse();
}

describe('snapshots that are too old', () => {
  test('go, but for those approved, those referred to, and the latest of each device', () => {
    const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((text, index) => read(noise(text), 1_000 * (index + 1)));
    const other = read('other', 1_500, 'old-host');
    store.snapshots.approve(b!, 'RSSI', 9_000);
    const pruned = store.prune({ ...nothing, before: 100_000, snapshots: [c!] });
    expect(pruned).toEqual({ snapshots: 2, events: 0 });
    expect(ids()).toEqual([b, c, e]);
    expect(ids('old-host')).toEqual([other]);
    for (const id of [a, d]) expect(store.snapshots.get(id!)).toBeUndefined();
    expect(store.snapshots.get(b!)?.captures[0]?.sections[0]?.text).toBe(noise('b'));
  });

  test('are counted from when they were last seen', () => {
    const a = read('a', 1_000);
    read('a', 50_000);
    const b = read('b', 60_000);
    read('c', 70_000);
    expect(store.prune({ ...nothing, before: 50_000 }).snapshots).toBe(0);
    expect(store.prune({ ...nothing, before: 50_001 }).snapshots).toBe(1);
    expect(ids()).not.toContain(a);
    expect(ids()).toContain(b);
  });

  test('stay where they are what was seen at an instant', () => {
    const [, b, , d] = ['a', 'b', 'c', 'd'].map((text, index) => read(text, 1_000 * (index + 1)));
    store.prune({ ...nothing, before: 100_000, moments: [{ device: 'fw1', at: 2_999 }] });
    expect(ids()).toEqual([b, d]);
  });

  test('leave a text that another snapshot has too, and a smaller file', () => {
    for (let index = 0; index < 60; index++) read(`${noise(String(index))}${noise(`x${index}`)}`, index);
    read('shared', 100);
    read('between', 101);
    read('shared', 102);
    expect(store.vacuum()).toMatchObject({ ok: true });
    const before = statSync(path).size;
    expect(store.prune({ ...nothing, before: 102 }).snapshots).toBe(62);
    expect(store.snapshots.get(ids()[0]!)?.captures[0]?.sections[0]?.text).toBe('shared');
    expect(statSync(path).size).toBeLessThan(before / 4);
  });

  test('never take what is left apart, whatever is kept', () => {
    const step = fc.record({ text: fc.constantFrom('a', 'b', 'c', 'd'), approve: fc.boolean(), keep: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), fc.nat(20), (steps, before) => {
        const device = `d${steps.length}-${store.snapshots.list().length}`;
        const texts = new Map<string, string>();
        const kept: string[] = [];
        steps.forEach(({ text, approve, keep }, at) => {
          const id = read(text, at, device);
          texts.set(id, text);
          if (approve) store.snapshots.approve(id, 'RSSI', at);
          if (keep) kept.push(id);
        });
        const approved = store.snapshots.approved(device)?.id;
        store.prune({ ...nothing, before, snapshots: kept });
        const left = ids(device);
        for (const id of [...kept, ...(approved ? [approved] : [])]) expect(left).toContain(id);
        for (const id of left) {
          expect(store.snapshots.get(id)?.captures[0]?.sections[0]?.text).toBe(texts.get(id));
        }
      }),
      { seed, numRuns: 40 },
    );
  });
});

describe('alarms that are too old', () => {
  const tell = (name: string, sequence: number): void => {
    const state = store.judge.load();
    store.judge.commit({
      previous: state,
      next: aState({ at: sequence }),
      events: [anEvent(name, sequence)],
      at: sequence,
    });
  };
  const told = (): readonly string[] => store.events.list().map(({ id }) => id);

  test('go once every sink has them, but for those of open findings', () => {
    tell('f1', 1);
    tell('f2', 2);
    tell('f3', 3);
    tell('f4', 9_000);
    const records = store.outbox.list({});
    for (const { sequence } of records.slice(1)) store.outbox.delivered(sequence, 10);
    const pruned = store.prune({ ...nothing, before: 5_000, findings: ['fw1/f2'] });
    expect(pruned).toEqual({ snapshots: 0, events: 1 });
    expect(told()).toEqual(['f1#1.1', 'f2#1.2', 'f4#1.9000']);
    expect(store.outbox.list({ undelivered: true }).map(({ event }) => event.id)).toEqual(['f1#1.1']);
    store.outbox.delivered(records[0]!.sequence, 20);
    expect(store.prune({ ...nothing, before: 5_000, findings: ['fw1/f2'] }).events).toBe(1);
    expect(told()).toEqual(['f2#1.2', 'f4#1.9000']);
  });

  test('leave the state of the judge as it is', () => {
    const state = aState({ subjects: 5, findings: 4, at: 7 });
    store.judge.commit({ previous: store.judge.load(), next: state, events: [anEvent('f1', 1)], at: 7 });
    store.outbox.delivered(store.outbox.list({})[0]!.sequence, 8);
    expect(store.prune({ ...nothing, before: 1e9 }).events).toBe(1);
    expect(store.judge.load()).toEqual(state);
  });
});

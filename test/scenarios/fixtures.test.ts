import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type Fixture, parseFixture, replay } from '../../agent/app/replay.js';
import { openStore } from '../../agent/store/index.js';
import { guardOf, subject } from '../support/guard.js';
import { memoryStore } from '../support/memory-store.js';
import { services } from '../support/services.js';

const folder = join('test', 'scenarios');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

function load(name: string): Fixture {
  const fixture = parseFixture(readFileSync(join(folder, name), 'utf8'), name);
  if (!fixture.ok) throw new Error(fixture.error.message);
  return fixture.value;
}

describe('the seed incidents, replayed', () => {
  test('all thirteen are here', () => expect(files).toHaveLength(13));

  test.each(files)('%s', (name) => {
    const result = replay(load(name), { store: memoryStore(), services: services() });
    expect(result.findings).toEqual(result.expected);
    expect(result.differences).toEqual([]);
    expect(result.equal).toBe(true);
  });
});

describe('through the store that the daemon uses', () => {
  const opened = () => {
    const store = openStore({ path: ':memory:' });
    if (!store.ok) throw new Error(store.error.message);
    return store.value;
  };

  test.each(files)('%s: the same, event for event', (name) => {
    const store = opened();
    const kept = replay(load(name), { store: store.judge, services: services() });
    const written = replay(load(name), { store: memoryStore(), services: services() });
    store.close();
    expect(kept.findings).toEqual(kept.expected);
    expect(kept.events).toEqual(written.events);
  });

  test('a declared flow that is partly cut is kept both as declared and as missing', () => {
    const guard = guardOf();
    const previous = guard.state;
    const flow = subject({ id: 'flow', ports: '443' });
    const step = guard.observe(0, 'fw', { declared: [flow], missing: [flow] });
    const store = opened();
    store.judge.commit({ previous, next: step.state, events: step.events, at: step.state.judgedUpTo });
    expect(store.judge.load()).toEqual(step.state);
    store.close();
  });
});

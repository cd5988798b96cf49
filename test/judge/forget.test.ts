import { describe, expect, test } from '@jest/globals';
import { guardOf, minute, subject } from '../support/guard.js';

const [x, y, z] = ['x', 'y', 'z'].map((id) => subject({ id }));

describe('what was shut long ago is forgotten', () => {
  const keys = (guard: ReturnType<typeof guardOf>) => guard.state.findings.map(({ key }) => key);

  test('what is open stays, and what was shut since', () => {
    const guard = guardOf();
    guard.read(0, 'fw', x!, y!, z!);
    guard.read(10, 'fw', y!, z!);
    guard.read(20, 'fw', z!);
    guard.feed({ kind: 'forget', at: minute(30), before: minute(20) });
    expect(keys(guard)).toEqual(['fw/y', 'fw/z']);
    expect(guard.events.map(({ code }) => code).filter((code) => code === 'RESOLVED')).toHaveLength(2);
  });

  test('so is nothing of windows and devices', () => {
    const guard = guardOf();
    guard.plan({ end: 60 });
    guard.miss(100, 'fw');
    guard.miss(120, 'fw');
    guard.tick(140);
    guard.read(150, 'fw');
    expect(guard.rows().some((row) => row.includes('GUARD_BLIND'))).toBe(true);
    const before = guard.state;
    guard.feed({ kind: 'forget', at: minute(10_000), before: minute(9_000) });
    expect(keys(guard)).toEqual(before.findings.map(({ key }) => key));
    expect(guard.state.windows).toEqual(before.windows);
    expect(guard.state.generationsForgotten).toBeUndefined();
  });

  test('open again, it is told under ids that were never told before', () => {
    const guard = guardOf();
    for (const round of [0, 1, 2]) {
      guard.read(round * 10, 'fw', x!);
      guard.read(round * 10 + 5, 'fw');
    }
    guard.read(40, 'fw', y!);
    guard.read(45, 'fw');
    guard.feed({ kind: 'forget', at: minute(60), before: minute(50) });
    expect(keys(guard)).toEqual([]);
    guard.read(70, 'fw', x!, y!);
    guard.feed({ kind: 'forget', at: minute(80), before: minute(75) });
    guard.read(90, 'fw');
    const ids = guard.events.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(guard.finding('fw/x')).toMatchObject({ generation: 4, firstSeen: minute(70) });
    expect(guard.finding('fw/x')?.previous).toBeUndefined();
  });
});

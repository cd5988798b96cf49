import { describe, expect, test } from '@jest/globals';
import { guardOf, minute, subject } from '../support/guard.js';

type Guard = ReturnType<typeof guardOf>;

function configured(guard: Guard, at: number, ...devices: readonly string[]): void {
  guard.feed({ kind: 'configured', at: minute(at), devices });
}

describe('a device that the configuration does not name any more', () => {
  test('is told at once and high while a window is open on it, until it is back', () => {
    const guard = guardOf();
    guard.plan({ start: 0, end: 60, scope: [{ dst: 'web' }] });
    guard.read(0, 'fw', subject({ id: 'x' }));
    guard.open(1);
    configured(guard, 10, 'web');
    expect(guard.rows().slice(1)).toEqual(['10 DEVICE_REMOVED fw high']);
    expect(guard.finding('removed/fw')).toMatchObject({
      windows: ['W'],
      details: ['fw: not in the configuration any more', expect.stringContaining('internet → web tcp 80')],
    });
    // Readings that bring nothing do not make a second finding of it; what it left is told all the same.
    for (const at of [11, 12, 13]) guard.miss(at, 'fw', 'it is not in the configuration any more');
    expect(guard.close(30, { fw: { blind: ['not in the configuration'] } }).answer?.state).not.toBe('closed');
    guard.tick(46);
    expect(guard.rows().slice(2)).toEqual(['30 CLOSURE_REFUSED W info', '45 LEFT_OPEN x high']);
    configured(guard, 50, 'web', 'fw');
    expect(guard.rows().at(-1)).toBe('50 RESOLVED fw info');
    configured(guard, 55, 'web');
    expect(guard.finding('removed/fw')).toMatchObject({ generation: 2, firstSeen: minute(55) });
  });

  test('was never read, and a window is open on it: told as well', () => {
    const guard = guardOf();
    guard.plan({ start: 0, end: 60 });
    guard.open(1);
    configured(guard, 10, 'web');
    expect(guard.rows()).toEqual(['10 DEVICE_REMOVED fw high']);
  });

  test('without a window it is told once, for the record; its blindness ends, what is open on it stays open', () => {
    const guard = guardOf();
    guard.read(0, 'fw', subject({ id: 'x' }));
    for (const at of [5, 10]) guard.miss(at, 'fw');
    configured(guard, 20, 'web');
    guard.tick(500);
    expect(guard.rows().slice(2)).toEqual(['20 RESOLVED fw info', '20 DEVICE_REMOVED fw info']);
    expect(guard.finding('blind/fw')).toMatchObject({ details: ['not in the configuration any more'] });
    expect(guard.events.findLast(({ code }) => code === 'DEVICE_REMOVED')).toMatchObject({ kind: 'answer' });
    expect(guard.finding('fw/x')?.resolvedAt).toBeUndefined();
    // Back again, it is as dark as it was.
    configured(guard, 600, 'fw', 'web');
    for (const at of [601, 602]) guard.miss(at, 'fw');
    expect(guard.rows().slice(4)).toEqual([expect.stringMatching(/GUARD_BLIND fw medium$/)]);
  });

  test('of several that went dark together, the others stay in their finding', () => {
    const guard = guardOf();
    for (const device of ['fw', 'web']) guard.read(0, device);
    for (const at of [5, 10]) for (const device of ['fw', 'web']) guard.miss(at, device);
    configured(guard, 20, 'web');
    expect(guard.finding('blind/fw')).toMatchObject({ group: { members: ['web'] }, device: 'web' });
    guard.read(25, 'web');
    expect(guard.finding('blind/fw')).toMatchObject({ resolvedAt: minute(25) });
  });

  test('the same list again tells nothing', () => {
    const guard = guardOf();
    guard.read(0, 'fw');
    configured(guard, 1, 'fw', 'web');
    configured(guard, 2, 'fw', 'web');
    configured(guard, 3, 'web');
    configured(guard, 4, 'web');
    expect(guard.rows()).toEqual(['3 DEVICE_REMOVED fw info']);
  });
});

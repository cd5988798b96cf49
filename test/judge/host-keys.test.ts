import { expect, test } from '@jest/globals';
import { guardOf, minute } from '../support/guard.js';

type Guard = ReturnType<typeof guardOf>;

function meet(guard: Guard, at: number, impostor?: string): void {
  guard.observe(at, 'fw', { blind: ['no reading'], ...(impostor !== undefined && { impostor }) });
}

test('a strange host key is told at the first reading, once, until the device itself is read', () => {
  const guard = guardOf();
  guard.read(0, 'fw');
  meet(guard, 5, 'it shows A');
  expect(guard.rows()).toEqual(['5 HOST_KEY_CHANGED fw high']);
  meet(guard, 6, 'it shows B');
  expect(guard.finding('host-key/fw')).toMatchObject({ details: ['it shows B'], generation: 1, firstSeen: minute(5) });
  // Whoever stood there may have hung up: that proves nothing.
  meet(guard, 7);
  expect(guard.rows()).toEqual(['5 HOST_KEY_CHANGED fw high']);
  guard.tick(20);
  expect(guard.rows().slice(1)).toEqual(['10 GUARD_BLIND fw low']);
  guard.read(30, 'fw');
  expect(guard.rows().slice(2)).toEqual(['30 RESOLVED fw info', '30 RESOLVED fw info']);
  meet(guard, 40, 'it shows B');
  expect(guard.finding('host-key/fw')).toMatchObject({ generation: 2 });
});

test('it names the windows that are open on the device, and ends when the device is taken out', () => {
  const guard = guardOf();
  guard.plan({ start: 0, end: 60 });
  guard.read(0, 'fw');
  guard.open(1);
  meet(guard, 5, 'it shows A');
  expect(guard.finding('host-key/fw')).toMatchObject({ windows: ['W'], severity: 'high', details: ['it shows A'] });
  guard.feed({ kind: 'configured', at: minute(10), devices: ['web'] });
  expect(guard.finding('host-key/fw')).toMatchObject({ resolvedAt: minute(10) });
});

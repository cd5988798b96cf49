import { expect, test } from '@jest/globals';
import { startTidier } from '../../agent/app/memory.js';
import { virtualClock } from '../../agent/lib/clock.js';

test('memory is tidied once it is quiet after work, not in the middle of it, and not without work', () => {
  const clock = virtualClock(0);
  const at: number[] = [];
  const tidier = startTidier(clock, () => at.push(clock.now()));
  clock.advanceTo(60_000);
  expect(at).toEqual([]);
  for (let reading = 0; reading < 5; reading++) {
    tidier.worked();
    clock.advanceTo(clock.now() + 1_000);
  }
  expect(at).toEqual([]);
  clock.advanceTo(100_000);
  expect(at).toEqual([67_000]);
  tidier.worked();
  tidier.stop();
  // What ends with the guard is work too.
  tidier.worked();
  clock.advanceTo(200_000);
  expect(at).toEqual([67_000]);
});

test('what is let go of is given back', () => {
  const clock = virtualClock(0);
  const tidier = startTidier(clock);
  let large: unknown[] | undefined = Array.from({ length: 300_000 }, (_, index) => ({ index }));
  const held = process.memoryUsage().heapUsed;
  expect(large).toHaveLength(300_000);
  large = undefined;
  tidier.worked();
  clock.advanceTo(10_000);
  expect(process.memoryUsage().heapUsed).toBeLessThan(held - 5_000_000);
});

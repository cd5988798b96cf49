import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { systemClock, virtualClock } from '../../agent/lib/clock.js';
import { seed } from '../support/seed.js';

describe('the virtual clock', () => {
  test('fires each timer at its own instant, in order of time and then of arming', () => {
    const clock = virtualClock(1_000);
    const seen: string[] = [];
    clock.at(1_030, () => seen.push(`late@${clock.now()}`));
    clock.at(1_010, () => seen.push(`first@${clock.now()}`));
    clock.at(1_010, () => seen.push(`second@${clock.now()}`));
    clock.advanceTo(1_020);
    expect(seen).toEqual(['first@1010', 'second@1010']);
    expect(clock.now()).toBe(1_020);
    clock.advanceTo(1_030);
    expect(seen.at(-1)).toBe('late@1030');
  });

  test('fires what a timer arms on the way, and not what one cancels', () => {
    const clock = virtualClock(0);
    const seen: number[] = [];
    const cancel = clock.at(30, () => seen.push(-1));
    clock.at(10, () => {
      cancel();
      clock.at(20, () => seen.push(clock.now()));
    });
    clock.advanceTo(100);
    cancel();
    expect(seen).toEqual([20]);
  });

  test('a timer in the past fires at the next step without turning time back', () => {
    const clock = virtualClock(50);
    const seen: number[] = [];
    clock.at(10, () => seen.push(clock.now()));
    clock.advanceTo(50);
    expect(seen).toEqual([50]);
    clock.advanceTo(20);
    expect(clock.now()).toBe(50);
  });

  test('however time is cut into steps, the same timers fire at the same instants', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(100), { maxLength: 20 }),
        fc.array(fc.nat(100), { maxLength: 10 }),
        (timers, steps) => {
          const clock = virtualClock(0);
          const seen: number[] = [];
          for (const atMs of timers) clock.at(atMs, () => seen.push(clock.now()));
          for (const step of steps.sort((a, b) => a - b)) clock.advanceTo(step);
          clock.advanceTo(100);
          expect(seen).toEqual([...timers].sort((a, b) => a - b));
        },
      ),
      { seed },
    );
  });
});

describe('the system clock', () => {
  beforeEach(() => {
    // It looks once a second whether the clock was set: for sixty days of these tests that is five million times.
    jest.useFakeTimers({ now: 0, doNotFake: ['setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('waits longer than the 24.8 days that one timer of Node can', () => {
    const day = 86_400_000;
    const seen: number[] = [];
    systemClock.at(60 * day, () => seen.push(systemClock.now()));
    jest.advanceTimersByTime(59 * day);
    expect(seen).toEqual([]);
    jest.advanceTimersByTime(2 * day);
    expect(seen).toEqual([60 * day]);
  });

  test('cancels also after a long wait has been cut into steps', () => {
    const day = 86_400_000;
    const seen: number[] = [];
    const cancel = systemClock.at(60 * day, () => seen.push(1));
    jest.advanceTimersByTime(30 * day);
    cancel();
    jest.advanceTimersByTime(60 * day);
    expect(seen).toEqual([]);
  });
});

describe('the system clock, where the hour of the day is set', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('ahead over what is waited for, fires within a second, and once', () => {
    const seen: string[] = [];
    systemClock.at(7_200_000, () => seen.push('hour'));
    const cancel = systemClock.at(3_600_000, () => seen.push('cancelled'));
    systemClock.at(90_000_000, () => seen.push('day'));
    jest.advanceTimersByTime(10_000);
    cancel();
    jest.setSystemTime(8_000_000);
    expect(seen).toEqual([]);
    jest.advanceTimersByTime(1_100);
    expect(seen).toEqual(['hour']);
    jest.advanceTimersByTime(3_600_000 * 3);
    expect(seen).toEqual(['hour']);
    jest.setSystemTime(90_000_001);
    jest.advanceTimersByTime(1_100);
    expect(seen).toEqual(['hour', 'day']);
  });

  test('back, waits until it has come again', () => {
    const seen: number[] = [];
    jest.setSystemTime(7_200_000);
    systemClock.at(7_260_000, () => seen.push(systemClock.now()));
    jest.advanceTimersByTime(10_000);
    jest.setSystemTime(3_600_000);
    jest.advanceTimersByTime(3_600_000);
    expect(seen).toEqual([]);
    jest.advanceTimersByTime(60_000);
    expect(seen).toEqual([7_260_000]);
  });
});

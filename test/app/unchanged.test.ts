import { expect, test } from '@jest/globals';
import type { Reading } from '../../agent/app/guard/index.js';
import { changeChecks } from '../../agent/app/guard/unchanged.js';
import type { CommandRunner } from '../../agent/collect/index.js';
import type { DeviceSettings } from '../../agent/config/index.js';
import { virtualClock } from '../../agent/lib/clock.js';

const HOUR = 3_600_000;
const device: DeviceSettings = { id: 'web', kind: 'host', interfaceZones: {}, source: { kind: 'local' }, drivers: [] };
const { signal } = new AbortController();

function scenery(wholeMs = HOUR) {
  const clock = virtualClock(0);
  const checks = changeChecks({ drivers: [], clock, wholeMs });
  let same = true;
  let looks = 0;
  const runner = {
    isUnchanged: async () => {
      looks++;
      return same;
    },
  } as unknown as CommandRunner;
  const reading = (more: Partial<Reading> = {}): Reading => ({
    device: 'web',
    at: clock.now(),
    captures: [],
    complete: true,
    blind: [],
    hash: 'h',
    rules: 0,
    listeners: 0,
    seal: { mark: 'm', sum: 's' },
    ...more,
  });
  const ask = (settings = device) => checks.stillSo(settings, runner, signal);
  return {
    clock,
    checks,
    ask,
    reading,
    /** One poll: whether it was read as a whole. */
    async poll(afterMs: number, more: Partial<Reading> = {}) {
      clock.advanceTo(clock.now() + afterMs);
      if (await ask()) return false;
      checks.keep(device, reading(more));
      return true;
    },
    set same(value: boolean) {
      same = value;
    },
    looks: () => looks,
  };
}

test('a device that says that nothing changed is not read, until the last whole reading is too old', async () => {
  const one = scenery();
  expect(await one.poll(0)).toBe(true);
  expect(await one.poll(300_000)).toBe(false);
  expect(await one.ask()).toMatchObject({ at: 300_000, hash: 'h', complete: true });
  expect(await one.poll(HOUR - 300_001)).toBe(false);
  expect(await one.poll(1)).toBe(true);
  expect(await one.poll(HOUR - 1)).toBe(false);
});

test('a device that says otherwise, or of which something was told, is read', async () => {
  const one = scenery();
  await one.poll(0);
  one.same = false;
  expect(await one.poll(1, { hash: 'new' })).toBe(true);
  one.same = true;
  expect(await one.poll(1)).toBe(false);
  one.checks.doubt('web');
  const before = one.looks();
  expect(await one.poll(1)).toBe(true);
  expect(one.looks()).toBe(before);
});

test('what is incomplete, unsealed, of other settings or of a clock that was set back is never repeated', async () => {
  const one = scenery();
  const kept = async (reading: Reading, settings = device): Promise<unknown> => {
    one.checks.keep(device, reading);
    return one.ask(settings);
  };
  const { seal: _seal, ...unsealed } = one.reading();
  expect(await kept(one.reading({ complete: false }))).toBeUndefined();
  expect(await kept(unsealed)).toBeUndefined();
  expect(await kept(one.reading({ at: HOUR }))).toBeUndefined();
  expect(await kept(one.reading(), { ...device })).toBeUndefined();
  expect(await kept(one.reading())).toBeDefined();
});

test('where only whole readings are wanted nothing is looked at', async () => {
  const one = scenery(0);
  await one.poll(0);
  expect(await one.poll(0)).toBe(true);
  expect(one.looks()).toBe(0);
});

test('a device in which something always changes is not looked at for an hour', async () => {
  const one = scenery();
  await one.poll(0);
  one.same = false;
  for (let poll = 0; poll < 10; poll++) expect(await one.poll(60_000)).toBe(true);
  expect(one.looks()).toBe(3);
  await one.poll(HOUR);
  await one.poll(1);
  expect(one.looks()).toBeGreaterThan(3);
});

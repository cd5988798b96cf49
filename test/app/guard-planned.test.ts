import { describe, expect, test } from '@jest/globals';
import { timestamp } from '../../agent/alarms/time.js';
import type { Settings } from '../../agent/config/index.js';
import { START } from '../support/guard.js';
import { type FakeWorld, fakeWorld, must, startGuard } from './fakes.js';

type Plan = NonNullable<Settings['windows']>[number];

const minute = (count: number): number => START + count * 60_000;

/** A series from tomorrow at eight on, an hour each. */
function series(rule: string, more: Partial<Plan> = {}): Plan {
  const recurs = { rule, timeZone: 'Europe/Paris' };
  return { ...plan('S', 24 * 60, 25 * 60), recurs, ...more };
}

function plan(id: string, start: number, end: number, more: Partial<Plan> = {}): Plan {
  return { id, vendor: 'Integrator', devices: ['fw'], start: minute(start), end: minute(end), scope: [], ...more };
}

/** The same hospital with another configuration, as after a reload. */
function configured(world: FakeWorld, windows: readonly Plan[]): FakeWorld {
  return { ...world, settings: { ...world.settings, windows } };
}

async function windowsOf(world: FakeWorld) {
  const running = await startGuard(world);
  const windows = must(await running.guard.windows({ all: true }));
  return { ...running, windows: windows.map(({ id, state, end }) => [id, state, (Date.parse(end) - START) / 60_000]) };
}

describe('windows of the configuration', () => {
  test('are planned, planned anew and cancelled, as long as they have not begun', async () => {
    const world = fakeWorld();
    const first = await windowsOf(configured(world, [plan('W1', 60, 120), plan('W2', 60, 120)]));
    expect(first.windows).toEqual([
      ['W1', 'planned', 120],
      ['W2', 'planned', 120],
    ]);
    await first.guard.close();
    const second = await windowsOf(configured(world, [plan('W1', 60, 180), plan('W3', 60, 90)]));
    expect(second.windows).toEqual([
      ['W1', 'planned', 180],
      ['W2', 'cancelled', 120],
      ['W3', 'planned', 90],
    ]);
    expect(world.said.slice(-3).map((text) => text.replace(/ from .*/, ''))).toEqual([
      'window W1: planned anew',
      'window W3: planned',
      'window W2: taken out of the configuration, cancelled',
    ]);
    await second.guard.close();
    world.said.length = 0;
    await (await windowsOf(configured(world, [plan('W1', 60, 180), plan('W3', 60, 90)]))).guard.close();
    expect(world.said).not.toContainEqual(expect.stringMatching(/^window/));
  });

  test('are told in the time of the place', async () => {
    const world = configured(fakeWorld(['fw'], { timeZone: 'Europe/Paris' }), [plan('W1', 60, 120)]);
    await (await windowsOf(world)).guard.close();
    const words = (count: number): string => timestamp(minute(count), 'Europe/Paris');
    expect(words(60)).toMatch(/\+0[12]:00$/);
    expect(world.said).toContain(`window W1: planned from ${words(60)} to ${words(120)}`);
  });

  test('that have begun are changed by command alone, and those by command are left alone', async () => {
    const world = fakeWorld();
    const first = await windowsOf(configured(world, [plan('W1', 0, 60)]));
    const at = (minutes: number): string => new Date(minute(minutes)).toISOString();
    must(await first.guard.planWindow({ ...plan('W2', 0, 0), start: at(30), end: at(60) } as never));
    await first.until(10);
    await first.guard.close();
    world.said.length = 0;
    const second = await windowsOf(configured(world, [plan('W1', 0, 600), plan('W2', 30, 600)]));
    expect(second.windows).toEqual([
      ['W1', 'planned', 60],
      ['W2', 'planned', 60],
    ]);
    expect(world.said).toEqual([
      expect.stringMatching(/^window W1: not changed .* it has begun: use ecluse window extend/),
      expect.stringMatching(/^window W2: not changed .* it was planned by command/),
    ]);
    await second.guard.close();
    // Taking one that has begun out of the file does not end it in silence.
    const third = await windowsOf(configured(world, []));
    expect(third.windows[0]).toEqual(['W1', 'planned', 60]);
    await third.guard.close();
  });

  test('excuse what is opened in them, and ask for its closing like any other', async () => {
    const world = fakeWorld();
    const windows = [plan('W1', 10, 60, { scope: [{ ports: '443' }] })];
    const { guard, until, rows } = await startGuard(configured(world, windows));
    world.devices.fw!.open = [];
    await until(20);
    world.devices.fw!.open = [{ id: 'a', ports: '443' }];
    world.devices.fw!.wake();
    await until(80);
    expect(rows().map((row) => row.replace(/^(?<minute>\d+)\S* /, '$<minute> '))).toEqual([
      '20 IN_WINDOW_CHANGE a',
      '75 LEFT_OPEN a',
      '75 WINDOW_NOT_CLOSED W1',
    ]);
    await guard.close();
  });

  test('whose deadline has passed are left out, and what fell due before a start is judged on what is read then', async () => {
    const world = fakeWorld();
    const first = await startGuard(configured(world, [plan('W1', 10, 60)]));
    await first.until(20);
    world.devices.fw!.open = [{ id: 'a', ports: '443' }];
    world.devices.fw!.wake();
    await first.until(21);
    await first.guard.close();
    // Shut while nobody watched; the guard comes back long after the window, with another one in the file.
    world.devices.fw!.open = [];
    world.clock.advanceTo(minute(200));
    const again = await windowsOf(configured(world, [plan('W0', 100, 110), plan('W1', 10, 60), plan('W2', 300, 400)]));
    expect(again.windows.map(([id]) => id)).toEqual(['W1', 'W2']);
    expect(again.rows().join()).not.toContain('LEFT_OPEN');
    expect(again.rows().join()).toContain('RESOLVED a');
    await again.guard.close();
  });

  test('that are put back are planned again, and those that somebody gave up by name are not', async () => {
    const world = fakeWorld();
    const both = [plan('W1', 60, 120), plan('W2', 60, 120)];
    const first = await windowsOf(configured(world, both));
    must(await first.guard.cancelWindow('W2'));
    await first.guard.close();
    await (await windowsOf(configured(world, []))).guard.close();
    world.said.length = 0;
    const back = await windowsOf(configured(world, both));
    expect(back.windows.map(([id, state]) => [id, state])).toEqual([
      ['W1', 'planned'],
      ['W2', 'cancelled'],
    ]);
    expect(world.said).toEqual(['window W1: planned again']);
    await back.guard.close();
  });
});

describe('series of the configuration', () => {
  const states = (running: Awaited<ReturnType<typeof windowsOf>>) =>
    running.windows.map(([id, state]) => `${id} ${state}`);

  test('are windows by their days, the same after a reload, each given up by itself', async () => {
    const world = fakeWorld();
    const plans = [series('FREQ=DAILY;COUNT=4')];
    const first = await windowsOf(configured(world, plans));
    expect(states(first)).toEqual([
      'S-20160217 planned',
      'S-20160218 planned',
      'S-20160219 planned',
      'S-20160220 planned',
    ]);
    expect(world.said).toContain('windows S-20160217 to S-20160220: 4 of the series S planned');
    must(await first.guard.cancelWindow('S-20160218'));
    const view = must(await first.guard.window('S-20160219'));
    expect(view.series).toMatchObject({ id: 'S', rule: 'FREQ=DAILY;COUNT=4', timeZone: 'Europe/Paris' });
    await first.guard.close();
    world.said.length = 0;
    const second = await windowsOf(configured(world, plans));
    expect(states(second)).toContain('S-20160218 cancelled');
    expect(second.windows).toHaveLength(4);
    expect(world.said).toEqual([]);
    await second.guard.close();
  });

  test('of another rule keep the days that they share, lose the others and take them back', async () => {
    const world = fakeWorld();
    await (await windowsOf(configured(world, [series('FREQ=DAILY;COUNT=4')]))).guard.close();
    world.said.length = 0;
    const fewer = await windowsOf(configured(world, [series('FREQ=DAILY;INTERVAL=2;COUNT=2')]));
    expect(states(fewer)).toEqual([
      'S-20160217 planned',
      'S-20160218 cancelled',
      'S-20160219 planned',
      'S-20160220 cancelled',
    ]);
    expect(must(await fewer.guard.window('S-20160219')).series?.rule).toBe('FREQ=DAILY;INTERVAL=2;COUNT=2');
    expect(world.said).toEqual([
      'windows S-20160217 to S-20160219: 2 of the series S planned anew',
      'windows S-20160218 to S-20160220: 2 of the series S taken out of the configuration, cancelled',
    ]);
    await fewer.guard.close();
    const again = await windowsOf(configured(world, [series('FREQ=DAILY;COUNT=4')]));
    expect(states(again).every((text) => text.endsWith(' planned'))).toBe(true);
    await again.guard.close();
    const none = await windowsOf(configured(world, []));
    expect(states(none).every((text) => text.endsWith(' cancelled'))).toBe(true);
    await none.guard.close();
  });

  test('change what lies ahead; the one that has begun is changed by command alone, the past stays', async () => {
    const world = fakeWorld();
    const plans = [series('FREQ=DAILY;COUNT=3')];
    await (await windowsOf(configured(world, plans))).guard.close();
    // Within the second one.
    world.clock.advanceTo(minute(48 * 60 + 30));
    world.said.length = 0;
    const longer = await windowsOf(configured(world, [{ ...plans[0]!, end: minute(26 * 60) }]));
    expect(longer.windows.map(([id, , end]) => [id, end])).toEqual([
      ['S-20160217', 25 * 60],
      ['S-20160218', 49 * 60],
      ['S-20160219', 74 * 60],
    ]);
    expect(world.said.filter((text) => text.startsWith('window'))).toEqual([
      expect.stringMatching(/^window S-20160218: not changed .* it has begun/),
      'window S-20160219: planned anew',
    ]);
    await longer.guard.close();
  });

  test('whose first ones are over before the guard is there begin with the next; a whole past series is nothing', async () => {
    const world = fakeWorld();
    world.clock.advanceTo(minute(4 * 24 * 60));
    const old = { ...series('FREQ=DAILY;COUNT=2'), id: 'OLD' };
    const running = await windowsOf(configured(world, [series('FREQ=DAILY;COUNT=5'), old]));
    expect(running.windows.map(([id]) => id)).toEqual(['S-20160220', 'S-20160221']);
    await running.guard.close();
  });
});

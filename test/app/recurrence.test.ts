import { describe, expect, test } from '@jest/globals';
import { openGuard } from '../../agent/app/guard/index.js';
import { fakeWorld, must } from './fakes.js';

describe('windows that recur', () => {
  test('are listed one by one, and one of them can be given up', async () => {
    const world = fakeWorld();
    const guard = must(await openGuard(world.settings, world.tools));
    try {
      const plan = {
        id: 'scanner',
        vendor: 'Siemens',
        devices: ['fw'],
        start: '2027-03-27T22:00:00+01:00',
        end: '2027-03-28T04:00:00+02:00',
        scope: [{ dst: 'pacs', proto: 'tcp', ports: '22' }],
        recurs: { rule: 'FREQ=WEEKLY;COUNT=3', timeZone: 'Europe/Paris' },
      };
      const first = must(await guard.planWindow(plan));
      expect(first).toMatchObject({ id: 'scanner-20270327', series: { id: 'scanner', planned: 3 } });
      must(await guard.cancelWindow('scanner-20270403'));
      const left = must(await guard.windows({ all: false }));
      expect(left.map(({ id, state, start }) => [id, state, start])).toEqual([
        ['scanner-20270327', 'planned', '2027-03-27T21:00:00.000Z'],
        ['scanner-20270410', 'planned', '2027-04-10T20:00:00.000Z'],
      ]);
      expect(must(await guard.windows({ all: true }))).toHaveLength(3);
      expect((await guard.planWindow(plan)).ok).toBe(false);
      expect(must(await guard.windows({ all: true }))).toHaveLength(3);
      expect((await guard.openWindow('', plan)).ok).toBe(false);
    } finally {
      await guard.close();
    }
  });

  test('of which one would be wrong are not planned at all', async () => {
    const world = fakeWorld();
    const guard = must(await openGuard(world.settings, world.tools));
    const earlier = {
      id: 'night',
      vendor: 'self',
      owner: 'Équipe réseau',
      devices: ['fw'],
      // Twelve hours by the clocks; thirteen in the second night, in which they go back.
      start: '2027-10-29T20:30:00+02:00',
      end: '2027-10-30T08:30:00+02:00',
      scope: [],
      recurs: { rule: 'FREQ=DAILY;COUNT=2', timeZone: 'Europe/Paris' },
    };
    expect(await guard.planWindow(earlier)).toMatchObject({ ok: false, error: { code: 'WINDOW_PLAN' } });
    expect(must(await guard.windows({ all: true }))).toEqual([]);
    await guard.close();
  });
});

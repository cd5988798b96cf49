import { describe, expect, test } from '@jest/globals';
import { START } from '../support/guard.js';
import { fakeWorld, must, startGuard } from './fakes.js';

const at = (minutes: number): string => new Date(START + minutes * 60_000).toISOString();

const plan = { vendor: 'Integrator', devices: ['fw'], start: at(0), end: at(60) };
const engineOff = { id: 'off', kind: 'engine', dst: 'any', proto: 'any', ports: 'any' } as const;

describe('a window', () => {
  test('filter off in it, left at its deadline, repaired: told once each, in order', async () => {
    const world = fakeWorld();
    const { guard, rows, settled, until } = await startGuard(world);
    must(await guard.openWindow('W1', { ...plan, scope: [{ kind: 'engine' }] }));
    await until(10);
    world.devices.fw!.open = [engineOff];
    world.devices.fw!.wake();
    await settled();
    expect(rows()).toEqual(['10 FILTERING_OFF off']);
    await until(100);
    expect(rows().slice(1)).toEqual(['75 LEFT_OPEN off', '75 WINDOW_NOT_CLOSED W1']);
    world.devices.fw!.open = [];
    await until(102);
    expect(rows().slice(3)).toEqual(['101 RESOLVED off']);
    await guard.close();
  });

  test('a close is refused while its opening is there, and accepted after', async () => {
    const world = fakeWorld();
    const { guard, rows } = await startGuard(world);
    must(await guard.openWindow('W1', { ...plan, scope: [] }));
    world.devices.fw!.open = [{ id: 'left', ports: '443' }];
    const refused = must(await guard.closeWindow('W1'));
    expect(refused).toMatchObject({ state: 'refused', attested: true, openings: [{ id: 'left', device: 'fw' }] });
    world.devices.fw!.open = [];
    const closed = must(await guard.closeWindow('W1'));
    expect(closed).toMatchObject({ state: 'closed', attested: true, openings: [] });
    expect(closed.coverage.observed).toEqual([`fw at ${at(0)}`]);
    expect(rows()).toEqual(['0 OUT_OF_SCOPE_OPENING left', '0 CLOSURE_REFUSED W1', '0 RESOLVED left']);
    await guard.close();
  });
});

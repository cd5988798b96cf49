import { describe, expect, test } from '@jest/globals';
import { emptyBaseline } from '../../agent/baseline/index.js';
import { START } from '../support/guard.js';
import { type FakeWorld, fakeWorld, startGuard } from './fakes.js';

const HOUR_MS = 3_600_000;

function waivedInFile(reason: string) {
  const waiver = {
    device: 'fw',
    subject: 'rdp',
    owner: 'RSSI',
    reason,
    until: START + 24 * HOUR_MS,
    at: { file: 'baseline.yaml', line: 1 },
  };
  return { ...emptyBaseline, waivers: [waiver] };
}

function withTools(world: FakeWorld, tools: Partial<FakeWorld['tools']>): FakeWorld {
  return { ...world, tools: { ...world.tools, ...tools } };
}

describe('a waiver of the baseline file', () => {
  test('ends when it is taken out of the file, and not those given by command', async () => {
    const world = fakeWorld();
    const first = await startGuard(withTools(world, { baseline: waivedInFile('parts are ordered') }));
    world.devices.fw!.open = [
      { id: 'rdp', ports: '3389' },
      { id: 'web', ports: '443' },
    ];
    await first.until(6);
    expect(first.rows()).toEqual(['5 UNPLANNED_OPENING web']);
    const until = new Date(START + 24 * HOUR_MS).toISOString();
    const waived = await first.guard.waive({ finding: 'fw/web', until, owner: 'RSSI', reason: 'by command' });
    expect(waived.ok).toBe(true);
    await first.guard.close();
    const again = await startGuard(withTools(world, { baseline: waivedInFile('parts are ordered') }));
    await again.until(12);
    expect(again.rows()).toEqual([]);
    await again.guard.close();
    const without = await startGuard(withTools(world, { baseline: emptyBaseline }));
    await without.until(13);
    expect(without.rows()).toEqual(['12 UNPLANNED_OPENING rdp']);
    await without.guard.close();
  });

  test('of a state that an earlier version kept ends as well', async () => {
    const world = fakeWorld();
    const first = await startGuard(withTools(world, { baseline: emptyBaseline }));
    world.devices.fw!.open = [{ id: 'rdp', ports: '3389' }];
    await first.until(6);
    // As the version before took it from the file: nothing says where it came from.
    const until = new Date(START + 24 * HOUR_MS).toISOString();
    await first.guard.waive({ finding: 'fw/rdp', until, owner: 'RSSI', reason: 'parts are ordered' });
    await first.guard.close();
    const named = await startGuard(withTools(world, { baseline: waivedInFile('parts are ordered') }));
    await named.until(7);
    await named.guard.close();
    const without = await startGuard(withTools(world, { baseline: emptyBaseline }));
    await without.until(8);
    expect(without.rows()).toEqual(['7 UNPLANNED_OPENING rdp']);
    await without.guard.close();
  });
});

describe('a device that is removed', () => {
  test('while it is dark: its blindness ends, also where something fell due while nothing was running', async () => {
    const world = fakeWorld(['fw', 'web']);
    const first = await startGuard(world);
    world.devices.web!.blind = ['no answer'];
    await first.until(12);
    expect(first.rows()).toEqual(['10 GUARD_BLIND web']);
    await first.guard.close();
    // The hour after which it would be medium passes meanwhile.
    world.clock.advanceTo(START + 3 * HOUR_MS);
    const devices = world.settings.devices.filter(({ id }) => id !== 'web');
    const second = await startGuard({ ...world, settings: { ...world.settings, devices } });
    await second.until(181);
    expect(second.rows()).toEqual(['180 RESOLVED web', '180 DEVICE_REMOVED web']);
    expect((await second.guard.status()).ok).toBe(true);
    await second.guard.close();
  });
});

import { describe, expect, test } from '@jest/globals';
import { retentionOf } from '../../agent/app/guard/retention.js';
import { emptyJudgeState, type JudgeState } from '../../agent/judge/index.js';
import { aState } from '../store/samples.js';
import { START } from '../support/guard.js';
import { fakeWorld, must, startGuard } from './fakes.js';

const DAY = 86_400_000;

describe('what is kept', () => {
  test('is all that an auditor asks for about a window, and what an open finding rests on', () => {
    const sample = aState({ findings: 2, at: 2_000 });
    const state: JudgeState = {
      ...sample,
      windows: [{ ...sample.windows[0]!, firstCloseAt: 880, closedAt: 950 }],
      findings: [sample.findings[0]!, { ...sample.findings[1]!, resolvedAt: 1_500 }],
      devices: [{ ...sample.devices[0]!, lastSnapshot: 'S-last' }],
    };
    expect(retentionOf(state, 10 * DAY, 4)).toEqual({
      before: 6 * DAY,
      snapshots: ['S-20261122-093015-fw1', 'S-last'],
      moments: [
        { device: 'fw1', at: 950 },
        { device: 'fw1', at: 880 },
        { device: 'fw1', at: 1_000 },
        { device: 'fw1', at: 999 },
      ],
      findings: ['fw1/s0'],
    });
    expect(retentionOf(emptyJudgeState(0), DAY, 1)).toEqual({ before: 0, snapshots: [], moments: [], findings: [] });
  });
});

describe('a guard that runs for a long time', () => {
  async function afterEightDays(retentionDays?: number): Promise<readonly string[]> {
    const world = fakeWorld(['fw'], { ...(retentionDays !== undefined && { retentionDays }) });
    const first = await startGuard(world);
    const shows = async (ids: readonly string[]): Promise<void> => {
      world.clock.advanceTo(world.clock.now() + 1_000);
      world.devices.fw!.open = ids.map((id) => ({ id, ports: '443' }));
      world.devices.fw!.wake();
      await first.settled();
    };
    await shows(['a']);
    await shows([]);
    await shows(['b']);
    await first.guard.close();
    world.clock.advanceTo(START + 8 * DAY);
    const { guard, until } = await startGuard(world);
    await until(8 * 24 * 60 + 11);
    const kept = must(await guard.snapshots({}));
    const told = must(await guard.alarms({}));
    expect(told.some(({ key }) => key.includes('/b'))).toBe(true);
    const { findings } = must(await guard.findings({ all: true }));
    expect(findings.some(({ key }) => key.includes('/b'))).toBe(true);
    await guard.close();
    return [
      `${kept.length} snapshots`,
      `${findings.filter(({ key }) => key.includes('/a')).length} findings`,
      ...told.filter(({ key }) => key.includes('/a')).map(({ code }) => code),
    ];
  }

  test('forgets what is too old, and nothing where no time is set', async () => {
    expect(await afterEightDays()).toEqual(['4 snapshots', '1 findings', 'UNPLANNED_OPENING', 'RESOLVED']);
    // What was approved, the one before the open finding, and the one that shows it.
    expect(await afterEightDays(7)).toEqual(['3 snapshots', '0 findings']);
  });
});

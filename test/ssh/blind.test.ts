import { expect, test } from '@jest/globals';
import { openGuard, realParts } from '../../agent/app/guard/index.js';
import type { FindingEvent } from '../../agent/judge/index.js';
import { fakeWorld, must } from '../app/fakes.js';
import { START } from '../support/guard.js';
import { device } from './device.js';
import { serve, target } from './hostile.js';

const RULESET = 'table inet filter {\n\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n\t}\n}\n';

test('a jump host that dies makes one finding of all devices behind it, and none of the one beside it', async () => {
  const jump = await serve({ forward: 'works' });
  const names = ['a', 'b', 'c', 'd', 'beside'];
  const answers = device((name) => (name.startsWith('nftables/nft-text') ? { out: RULESET } : undefined));
  const servers = await Promise.all(names.map(() => serve(answers)));
  const base = fakeWorld(names, { baselineFiles: ['/none'] });
  const devices = base.settings.devices.map((one, index) => {
    const by = one.id === 'beside' ? {} : { jump: target(jump) };
    const { device: _device, ...source } = target(servers[index]!, by);
    return { ...one, source: { kind: 'ssh' as const, ...source }, drivers: ['nftables'] };
  });
  const tools = { ...base.tools, parts: realParts, baseline: { flows: [], listeners: [], waivers: [] } };
  const guard = must(await openGuard({ ...base.settings, devices }, tools));
  try {
    const events: FindingEvent[] = [];
    const running = guard.run({ onEvents: (told) => void events.push(...told) });
    await running.firstReadings;
    expect(names.map((name) => [name, guard.seen(name)?.reading.blind])).toEqual(names.map((name) => [name, []]));
    await jump.stop();
    for (const minutes of [5, 6, 11, 12]) {
      base.clock.advanceTo(START + minutes * 60_000);
      await running.settled();
    }
    const dark = events.filter(({ code }) => code === 'GUARD_BLIND');
    expect(dark).toHaveLength(1);
    expect(dark[0]!.finding).toMatchObject({
      severity: 'low',
      severityBecause: expect.stringMatching(
        new RegExp(`^low: no complete reading of 4 devices for \\d+ min, jump host 127\\.0\\.0\\.1:${jump.port}$`),
      ),
      details: expect.arrayContaining(['4 devices: a, b, c, d', expect.stringMatching(/SSH_(?:UNREACHABLE|BROKEN)/)]),
    });
    const { findings } = must(await guard.findings({ all: false, device: 'c' }));
    const blind = findings.filter(({ code }) => code === 'GUARD_BLIND');
    expect(blind.map(({ key, devices: those = [] }) => [key, [...those].sort()])).toEqual([
      [expect.stringMatching(/^blind\/[abcd]$/), ['a', 'b', 'c', 'd']],
    ]);
    expect(guard.seen('beside')?.reading.complete).toBe(true);
  } finally {
    await guard.close();
  }
}, 120_000);

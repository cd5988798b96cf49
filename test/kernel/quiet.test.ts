import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from '@jest/globals';
import { waitFor } from '../support/system.js';
import { nftables } from './firewalls.js';
import { GRACE_SECONDS, type Guarded } from './guarded.js';
import {
  closeWindow,
  codes,
  expectDoor,
  expectFacts,
  expectWitnessPasses,
  first,
  openWindow,
  testStories,
  WINDOW_SECONDS,
} from './story.js';
import { PORTAL, RESULTS, web } from './world.js';

async function queued({ ecluse }: Guarded): Promise<number> {
  const alarms = JSON.parse((await ecluse('alarms', '--json')).stdout) as readonly { queuedFor: readonly string[] }[];
  return alarms.flatMap(({ queuedFor }) => queuedFor).length;
}

describe('on the real kernel', () => {
  testStories([
    {
      name: 'G1: rules that were loaded again, renamed, reordered or have counted raise nothing, in a window or not',
      firewall: nftables,
      action: async (guarded) => {
        const { world, ecluse, heard } = guarded;
        const clean = async (): Promise<void> => {
          const drift = await ecluse('drift', '--json');
          expect([drift.code, drift.stderr]).toEqual([0, '']);
          expect(JSON.parse((await ecluse('findings', '--json')).stdout)).toMatchObject({ findings: [] });
        };
        await clean();
        await nftables.load(world.firewall);
        await clean();
        await nftables.loadTidied!(world.firewall);
        await expectDoor(guarded, PORTAL, 'reached');
        await expectDoor(guarded, RESULTS, 'shut');
        await clean();
        const window = await openWindow(guarded, '--for', '10m');
        await nftables.load(world.firewall);
        await clean();
        expect(await closeWindow(guarded, window)).toMatchObject({
          exit: 0,
          answer: { state: 'closed', openings: [] },
        });
        expect(codes(heard())).toEqual([]);
      },
    },
    {
      name: 'G5: the IPv6 twin is left open while IPv4 is shut',
      firewall: nftables,
      action: async (guarded) => {
        const { world, told } = guarded;
        await openWindow(guarded);
        const rule = `nft insert rule inet filter forward iifname wan0 ip6 daddr ${web[6]} tcp dport ${RESULTS} accept`;
        await world.firewall.must(rule.split(' '));
        await expectDoor(guarded, RESULTS, 'reached', 6);
        await expectDoor(guarded, RESULTS, 'shut', 4);
        const left = first(await told('LEFT_OPEN'), 'LEFT_OPEN');
        expectFacts(left);
        expect(left.param('what')).toContain(web[6]);
        await expectWitnessPasses(guarded, left, true);
        await nftables.load(world.firewall);
        await told('RESOLVED');
        await expectDoor(guarded, RESULTS, 'shut', 6);
      },
    },
    {
      name: 'a guard that was killed in the middle, and dead at the end, tells what was left as soon as it lives, once',
      firewall: nftables,
      action: async (guarded) => {
        const { world, daemon, told, heard } = guarded;
        await openWindow(guarded, '--allow-filtering-off');
        for (const command of nftables.lift) await world.firewall.must(command);
        await told('FILTERING_OFF');
        // A record on its way at the kill may be told again, under its id; this one has arrived.
        await waitFor(async () => (await queued(guarded)) === 0, { what: 'the receipt' });
        await daemon.kill();
        await sleep((WINDOW_SECONDS + GRACE_SECONDS) * 1000);
        expect(codes(heard())).toEqual(['FILTERING_OFF']);
        const startedAtMs = performance.now();
        await daemon.start();
        expectFacts(first(await told('LEFT_OPEN'), 'LEFT_OPEN'));
        process.stdout.write(`told ${Math.round(performance.now() - startedAtMs)} ms after the restart\n`);
        await nftables.load(world.firewall);
        await told('RESOLVED');
        const story = ['FILTERING_OFF', 'LEFT_OPEN', 'RESOLVED'];
        expect(codes(heard()).filter((code) => story.includes(code))).toEqual(story);
      },
    },
  ]);
});

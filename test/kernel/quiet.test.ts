import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from '@jest/globals';
import { must } from '../support/answers.js';
import { waitFor } from '../support/system.js';
import { nftables } from './firewalls.js';
import {
  closeWindow,
  codes,
  expectDoor,
  expectFacts,
  expectWitnessPasses,
  findingsOnce,
  first,
  openWindow,
  testStories,
} from './story.js';
import { PORTAL, RESULTS, web } from './world.js';

const POLLS = 300;

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
        const { world, daemon, guard, told, heard } = guarded;
        const window = await openWindow(guarded, '--for', '15s', '--allow-filtering-off');
        for (const command of nftables.lift) await world.firewall.must(command);
        await told('FILTERING_OFF');
        // A record on its way at the kill may be told again, under its id; this one has arrived.
        const isTold = async (): Promise<boolean> =>
          must(await guard().alarms({})).every(({ queuedFor }) => queuedFor.length === 0);
        await waitFor(isTold, { what: 'the receipt' });
        const { deadline } = must(await guard().window(window));
        await daemon.kill();
        await sleep(Math.max(0, Date.parse(deadline) - Date.now()));
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
    {
      name: `G18: the same opening on ${POLLS} readings is one finding under one key, told once`,
      firewall: nftables,
      startsLater: true,
      action: async (guarded) => {
        const { world, configure, daemon, guard, told, heard } = guarded;
        configure({ entry: ['drivers: [nftables]'] });
        await daemon.start();
        await world.firewall.must([...nftables.addRule(RESULTS)]);
        const alarm = first(await told('UNPLANNED_OPENING'), 'UNPLANNED_OPENING');
        const [before] = await findingsOnce(guarded, 'UNPLANNED_OPENING');
        for (let poll = 0; poll < POLLS; poll++) {
          expect(must(await guard().snapshot(['fw1']))).toMatchObject([
            { device: 'fw1', unchanged: true, complete: true },
          ]);
        }
        const [after] = await findingsOnce(guarded, 'UNPLANNED_OPENING');
        expect(after).toMatchObject({ key: before!.key, firstSeen: before!.firstSeen });
        expect(after!.count).toBeGreaterThanOrEqual(before!.count + POLLS);
        await expectDoor(guarded, RESULTS, 'reached');
        expect(codes(heard())).toEqual(['UNPLANNED_OPENING']);
        expect(alarm.param('key')).toContain(before!.key);
      },
    },
  ]);
});

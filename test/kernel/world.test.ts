import { describe, expect } from '@jest/globals';
import { type Namespace, systemTest } from '../support/system.js';
import { iptablesLegacy, iptablesNft, nftables } from './firewalls.js';
import { PORTAL, RESULTS, type World, withWorld } from './world.js';

type Doors = Readonly<Record<'portal' | 'portal6' | 'results' | 'results6', 'reached' | 'shut'>>;

const guarded: Doors = { portal: 'reached', portal6: 'reached', results: 'shut', results6: 'shut' };

async function doors(world: World, expected: Doors): Promise<Doors> {
  const kind = async (port: number, family: 4 | 6, thought: 'reached' | 'shut') =>
    (await world.visit(port, { family, expected: thought })).kind;
  const [portal, portal6, results, results6] = await Promise.all([
    kind(PORTAL, 4, expected.portal),
    kind(PORTAL, 6, expected.portal6),
    kind(RESULTS, 4, expected.results),
    kind(RESULTS, 6, expected.results6),
  ]);
  return { portal: portal!, portal6: portal6!, results: results!, results6: results6! };
}

describe('the world of the reference incident', () => {
  for (const firewall of [nftables, iptablesNft, iptablesLegacy]) {
    const needs = ['root', 'netns', 'ip', ...firewall.needs] as const;
    systemTest(needs, `${firewall.title}: the kernel keeps, lifts, adds, keeps`, () =>
      withWorld(async (world) => {
        const expectDoors = async (expected: Doors): Promise<void> =>
          expect(await doors(world, expected)).toEqual(expected);
        await firewall.load(world.firewall);
        await expectDoors(guarded);
        for (const command of firewall.lift) await world.firewall.must(command);
        await expectDoors({ ...guarded, results: 'reached', results6: firewall.liftsIpv6 ? 'reached' : 'shut' });
        expect(await world.visit(RESULTS, { expected: 'reached' })).toMatchObject({
          status: 200,
          page: expect.stringContaining('patient'),
        });
        await firewall.load(world.firewall);
        await world.firewall.must(firewall.addRule(RESULTS));
        await expectDoors({ ...guarded, results: 'reached' });
        await firewall.load(world.firewall);
        await expectDoors(guarded);
        await firewall.loadTidied?.(world.firewall);
        await expectDoors(guarded);
      }),
    );
  }

  systemTest(['root', 'netns', 'ip'], 'it has no link and no way outside', () =>
    withWorld(async ({ internet, firewall, dmz }) => {
      const links = async (place: Namespace): Promise<readonly string[]> =>
        (JSON.parse(await place.must(['ip', '-j', 'link'])) as readonly { readonly ifname: string }[])
          .map(({ ifname }) => ifname)
          .toSorted();
      expect(await links(internet)).toEqual(['eth0', 'lo']);
      expect(await links(firewall)).toEqual(['dmz0', 'lo', 'wan0']);
      expect(await links(dmz)).toEqual(['eth0', 'lo']);
      expect((await firewall.run(['ip', 'route', 'get', '192.0.2.1'])).stderr).toContain('unreachable');
    }),
  );
});

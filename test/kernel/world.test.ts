import { describe, expect } from '@jest/globals';
import { type Namespace, systemTest } from '../support/system.js';
import { iptablesLegacy, iptablesNft, nftables } from './firewalls.js';
import { type Packet, passes } from './packet.js';
import { PORTAL, RESULTS, type World, web, withWorld } from './world.js';

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

  systemTest(['root', 'netns', 'ip', 'nft', 'perl'], 'a single packet passes or not, whatever it names', () =>
    withWorld(async (world) => {
      const syn = { protocol: 6, sourcePort: 40_000, destinationPort: RESULTS } as const;
      const packets: readonly Packet[] = [
        { family: 4, source: '203.0.113.10', destination: web[4], ...syn },
        { family: 6, source: '2001:db8:a::10', destination: web[6], ...syn },
        { family: 4, source: '192.0.2.1', destination: '10.0.0.10', protocol: 17, destinationPort: 161 },
        { family: 4, source: '203.0.113.10', destination: '10.1.2.3', protocol: 1, icmp: 0x0800 },
        { family: 6, source: '2001:db8:c::1', destination: 'fd00::10', protocol: 50 },
      ];
      const answers = async (): Promise<readonly boolean[]> => {
        const out: boolean[] = [];
        for (const packet of packets) out.push(await passes(world, packet));
        return out;
      };
      await nftables.load(world.firewall);
      expect(await answers()).toEqual(packets.map(() => false));
      expect(await passes(world, { ...packets[0]!, destinationPort: PORTAL })).toBe(true);
      for (const command of nftables.lift) await world.firewall.must(command);
      expect(await answers()).toEqual(packets.map(() => true));
    }),
  );

  systemTest(['root', 'netns', 'ip'], 'it has no link and no way outside', () =>
    withWorld(async ({ internet, firewall, dmz }) => {
      const links = async (place: Namespace): Promise<readonly string[]> =>
        (JSON.parse(await place.must(['ip', '-j', 'link'])) as readonly { readonly ifname: string }[])
          .map(({ ifname }) => ifname)
          .toSorted();
      expect(await links(internet)).toEqual(['eth0', 'lo']);
      expect(await links(firewall)).toEqual(['dmz0', 'lo', 'wan0']);
      expect(await links(dmz)).toEqual(['eth0', 'lo']);
      expect(await firewall.must(['ip', 'route', 'get', '192.0.2.1'])).toContain('via 203.0.113.10 dev wan0');
    }),
  );
});

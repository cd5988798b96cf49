import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { findProgram, systemPath } from '../support/needs.js';
import { tempDir } from '../support/system.js';
import { type Firewall, iptablesNft, nftables, withMore } from './firewalls.js';
import type { Guarded } from './guarded.js';
import {
  closeWindow,
  codes,
  expectDoor,
  expectFacts,
  expectWitnessPasses,
  findingsOnce,
  first,
  nft,
  openWindow,
  testStories,
} from './story.js';
import { PORTAL, RESULTS, web } from './world.js';

/** Cases of the scenarios that a kernel can show: beside what is told stands who gets in. */

const forward = 'inet filter forward';
const nat = [
  'add table ip nat',
  'add chain ip nat prerouting { type nat hook prerouting priority dstnat ; policy accept ; }',
];
/** As the program `miniupnpd` finds it: its own chains, empty, called from those that are always there. */
const upnp: Firewall = {
  ...iptablesNft,
  load: async (namespace) => {
    await iptablesNft.load(namespace);
    for (const rule of [
      ...['-t nat -N MINIUPNPD', '-t nat -A PREROUTING -i wan0 -j MINIUPNPD'],
      ...['-N MINIUPNPD', '-A FORWARD -i wan0 ! -o wan0 -j MINIUPNPD'],
    ])
      await namespace.must(['iptables-nft', ...rule.split(' ')]);
  },
};
/** A port of the web server that nothing answers on, translated to the results page. */
const OTHER = 8443;

/** A program in the place of nft that fails for as long as somebody wants it to. */
function brokenNft() {
  const folder = tempDir();
  const flag = join(folder, 'broken');
  const path = join(folder, 'bin', 'nft');
  mkdirSync(join(folder, 'bin'));
  const script = `#!/bin/sh
[ ! -e '${flag}' ] || { echo 'netlink: Error: cache initialization failed: Operation not permitted' >&2; exit 1; }
exec ${findProgram('nft')} "$@"
`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return {
    env: { PATH: [join(folder, 'bin'), systemPath()].join(delimiter) },
    breaks: () => writeFileSync(flag, ''),
    works: () => rmSync(flag),
  };
}

/** What the guard says now, after a reading of its own. */
async function expectDrift({ ecluse }: Guarded, code: 0 | 1, words = ''): Promise<void> {
  const drift = await ecluse('drift', '--json');
  expect([drift.code, drift.stderr]).toEqual([code, '']);
  expect(drift.stdout).toContain(words);
}

describe('on the real kernel', () => {
  testStories([
    {
      name: 'G2: the text of the rule is unchanged, and what it names was widened',
      firewall: withMore(
        `add set inet filter published { type inet_service ; elements = { ${PORTAL} } ; }`,
        `add rule ${forward} iifname wan0 ip daddr ${web[4]} tcp dport @published accept`,
      ),
      action: async (guarded) => {
        await openWindow(guarded);
        await nft(guarded, `add element inet filter published { ${RESULTS} }`);
        await expectDoor(guarded, RESULTS, 'reached');
        const left = first(await guarded.told('LEFT_OPEN'), 'LEFT_OPEN');
        expectFacts(left);
        await expectWitnessPasses(guarded, left, true);
        await nft(guarded, `delete element inet filter published { ${RESULTS} }`);
        await guarded.told('RESOLVED');
        await expectDoor(guarded, RESULTS, 'shut');
      },
    },
    {
      name: 'G8: a deny above stops what a new rule would let through; the deny gone, it is open',
      firewall: withMore(`insert rule ${forward} ip daddr ${web[4]} tcp dport ${RESULTS} drop`),
      action: async (guarded) => {
        const { world, told } = guarded;
        await nft(guarded, `add rule ${forward} iifname wan0 ip daddr ${web[4]} tcp dport ${RESULTS} accept`);
        const latent = first(await told('LATENT_OPENING'), 'LATENT_OPENING');
        expect(latent.param('device')).toBe('fw1');
        await expectDoor(guarded, RESULTS, 'shut');
        const listed = await world.firewall.must(['nft', '-a', 'list', 'chain', ...forward.split(' ')]);
        const handle = /drop # handle (?<handle>\d+)$/m.exec(listed)!.groups!.handle!;
        await nft(guarded, `delete rule ${forward} handle ${handle}`);
        await told('UNPLANNED_OPENING');
        await expectDoor(guarded, RESULTS, 'reached');
      },
    },
    {
      name: 'G10: removed for the close and back after it, under the name that it had',
      firewall: nftables,
      action: async (guarded) => {
        const { world, told } = guarded;
        const window = await openWindow(guarded);
        await world.firewall.must([...nftables.addRule(RESULTS)]);
        const seen = first(await told('OUT_OF_SCOPE_OPENING'), 'OUT_OF_SCOPE_OPENING');
        await nftables.load(world.firewall);
        expect((await closeWindow(guarded, window)).exit).toBe(0);
        await told('RESOLVED');
        await world.firewall.must([...nftables.addRule(RESULTS)]);
        const back = first(await told('UNPLANNED_OPENING'), 'UNPLANNED_OPENING');
        expect(back.param('key')).toBe(seen.param('key'));
        await expectDoor(guarded, RESULTS, 'reached');
      },
    },
    {
      name: 'G11: what could not be read in a window is told, is no clean close, and is judged once it can be read',
      firewall: nftables,
      startsLater: true,
      action: async (guarded) => {
        const { world, daemon, told } = guarded;
        const reader = brokenNft();
        await daemon.start(reader.env);
        const window = await openWindow(guarded, '--for', '10m');
        reader.breaks();
        const blind = first(await told('GUARD_BLIND'), 'GUARD_BLIND');
        await world.firewall.must([...nftables.addRule(RESULTS)]);
        expect([blind.param('severity'), blind.param('window')]).toEqual(['high', window]);
        expect(blind.param('details')).toContain('cache initialization failed');
        await expectDoor(guarded, RESULTS, 'reached');
        const no = await closeWindow(guarded, window);
        expect(no).toMatchObject({ exit: 3, answer: { state: 'refused', attested: false, openings: [] } });
        expect(no.answer.coverage.notCovered.join('\n')).toContain('cache initialization failed');
        reader.works();
        // The window was over by then: whether it was opened in it, nobody has seen.
        const open = first(await told('UNPLANNED_OPENING'), 'UNPLANNED_OPENING');
        await expectWitnessPasses(guarded, open, true);
        await nftables.load(world.firewall);
        await findingsOnce(guarded);
        await expectDoor(guarded, RESULTS, 'shut');
        expect(await closeWindow(guarded, window)).toMatchObject({ exit: 0, answer: { state: 'closed' } });
      },
    },
    {
      name: 'G14: a service for the machine itself is nothing, and the same one for everybody is told',
      firewall: nftables,
      action: async (guarded) => {
        const listen = (address: string, port: number): void => {
          const service = `require('net').createServer().listen(${port}, '${address}')`;
          guarded.world.firewall.start([process.execPath, '-e', service]).stdout?.resume();
        };
        const isUp = async (port: number): Promise<boolean> =>
          (await guarded.world.firewall.must(['ss', '-Hltn'])).includes(`:${port} `);
        const up = async (port: number): Promise<void> => {
          for (let tries = 0; tries < 200 && !(await isUp(port)); tries++)
            await guarded.world.firewall.must(['sleep', '0.1']);
          expect(await isUp(port)).toBe(true);
        };
        listen('127.0.0.1', 9001);
        await up(9001);
        await expectDrift(guarded, 0);
        listen('0.0.0.0', 9002);
        await up(9002);
        await expectDrift(guarded, 1, '9002');
        expect(codes(guarded.heard())).not.toContain('LEFT_OPEN');
      },
    },
    {
      name: 'G16: a mapping that a machine inside asked of the router is told, with the list it stands in',
      firewall: upnp,
      action: async (guarded) => {
        const { world, told } = guarded;
        await expectDoor(guarded, OTHER, 'shut');
        const mapping = [
          `-t nat -A MINIUPNPD -p tcp --dport ${OTHER} -j DNAT --to-destination ${web[4]}:${RESULTS}`,
          `-A MINIUPNPD -p tcp -d ${web[4]} --dport ${RESULTS} -j ACCEPT`,
        ];
        for (const rule of mapping) await world.firewall.must(['iptables-nft', ...rule.split(' ')]);
        await expectDoor(guarded, OTHER, 'reached');
        const opened = first(await told('UNPLANNED_OPENING'), 'UNPLANNED_OPENING');
        expect(opened.param('severity')).toBe('critical');
        expect(opened.param('cause')).toMatch(/^added: filter\/MINIUPNPD rule 1: /);
        for (const rule of mapping) await world.firewall.must(['iptables-nft', ...rule.replace('-A', '-D').split(' ')]);
        await told('RESOLVED');
        await expectDoor(guarded, OTHER, 'shut');
      },
    },
    {
      name: 'G15: a translation alone and a rule alone open nothing; both together do',
      firewall: withMore(...nat),
      action: async (guarded) => {
        const translation = `add rule ip nat prerouting iifname wan0 tcp dport ${OTHER} dnat to ${web[4]}:${RESULTS}`;
        const rule = `add rule ${forward} ct status dnat ip daddr ${web[4]} tcp dport ${RESULTS} accept`;
        await nft(guarded, translation);
        await expectDoor(guarded, OTHER, 'shut');
        await expectDrift(guarded, 0);
        await nft(guarded, 'flush chain ip nat prerouting');
        await nft(guarded, rule);
        await expectDoor(guarded, OTHER, 'shut');
        await expectDrift(guarded, 0);
        await nft(guarded, translation);
        await expectDoor(guarded, OTHER, 'reached');
        const told = first(await guarded.told('UNPLANNED_OPENING'), 'UNPLANNED_OPENING');
        expect(['critical', 'high']).toContain(told.param('severity'));
        expect(told.param('what')).toContain(`:${OTHER} → ${web[4]}:${RESULTS}`);
      },
    },
  ]);
});

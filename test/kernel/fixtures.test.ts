import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from '@jest/globals';
import { parseFixture } from '../../agent/app/replay.js';
import { waitFor } from '../support/system.js';
import { nftables } from './firewalls.js';
import { GRACE_SECONDS, type Guarded, POLL_SECONDS } from './guarded.js';
import { expectDoor, openWindow, testStories } from './story.js';
import { RESULTS, VENDOR, web } from './world.js';

/**
 * The fixtures S2b and S2c, lived through instead of replayed: the work of a day in seconds on a real kernel, and the
 * findings that the fixture expects, with their severities, in its order. (S2a is the first story of bethune.test.ts.)
 */
const IN_SCOPE = `nft add rule inet filter forward iifname wan0 ip saddr ${VENDOR} ip daddr ${web[4]} tcp dport ${RESULTS} accept`;
const ANY_ANY = 'nft add rule inet filter forward iifname wan0 accept';
/** A reading and two commands must fit into it on a slow machine; all of it is waited for. */
const EXTENDED_AFTER = '25s';
const SCOPE = ['--allow', `${VENDOR} -> ${web[4]} tcp/${RESULTS}`];

function expectedOf(id: string): readonly string[] {
  const file = `test/scenarios/${id}.yaml`;
  const fixture = parseFixture(readFileSync(file, 'utf8'), file);
  if (!fixture.ok) throw new Error(fixture.error.message);
  return fixture.value.expect.map(({ code, sev }) => `${code} ${sev}`);
}

interface Alarm {
  readonly key: string;
  readonly code: string;
  readonly severity: string;
}

/** What was told, without what only repeats or amends what a finding was called before. */
async function rows({ ecluse }: Guarded): Promise<readonly string[]> {
  const alarms = JSON.parse((await ecluse('alarms', '--json')).stdout) as readonly Alarm[];
  const known = new Map<string, string>();
  return alarms.flatMap(({ key, code, severity }) => {
    const isNews = known.get(key) !== code;
    known.set(key, code);
    return isNews ? [`${code} ${severity}`] : [];
  });
}

/** Waits until the first rows of the fixture are told, and no other. */
async function reaches(guarded: Guarded, expected: readonly string[], count: number): Promise<void> {
  await waitFor(async () => (await rows(guarded)).length >= count, {
    timeoutMs: 30_000,
    intervalMs: 200,
    what: `row ${count} of ${expected.join(', ')}`,
  });
  expect(await rows(guarded)).toEqual(expected.slice(0, count));
}

/** Deletes the rule of the forward list that has these words. */
async function remove({ world }: Guarded, words: string): Promise<void> {
  const listing = await world.firewall.must(['nft', '-a', 'list', 'chain', 'inet', 'filter', 'forward']);
  const line = listing.split('\n').find((text) => text.includes(words));
  const handle = /# handle (?<number>\d+)$/.exec(line ?? '')?.groups?.number;
  await world.firewall.must(['nft', 'delete', 'rule', 'inet', 'filter', 'forward', 'handle', handle!]);
}

describe('the fixtures of the reference incident, on the real kernel', () => {
  testStories([
    {
      name: 'S2b: an any-any rule, and a vendor who says that everything is closed',
      firewall: nftables,
      action: async (guarded) => {
        const expected = expectedOf('S2b-bethune-any-any-vendor-says-closed');
        const window = await openWindow(guarded, '--for', '10m', ...SCOPE);
        await guarded.world.firewall.must(IN_SCOPE.split(' '));
        await reaches(guarded, expected, 1);
        await guarded.world.firewall.must(ANY_ANY.split(' '));
        await reaches(guarded, expected, 2);
        await expectDoor(guarded, RESULTS, 'reached');
        await remove(guarded, `ip saddr ${VENDOR} ip daddr ${web[4]} tcp dport ${RESULTS} `);
        await reaches(guarded, expected, 3);
        expect((await guarded.ecluse('window', 'close', window, '--json')).code).toBe(1);
        await reaches(guarded, expected, 5);
        await expectDoor(guarded, RESULTS, 'reached');
        await nftables.load(guarded.world.firewall);
        await reaches(guarded, expected, 6);
        await expectDoor(guarded, RESULTS, 'shut');
      },
    },
    {
      name: 'S2c: the same work done properly, with an approved extension',
      firewall: nftables,
      action: async (guarded) => {
        const expected = expectedOf('S2c-bethune-clean');
        const window = await openWindow(guarded, '--for', EXTENDED_AFTER, ...SCOPE);
        await guarded.world.firewall.must(IN_SCOPE.split(' '));
        await reaches(guarded, expected, 1);
        const extended = await guarded.ecluse(
          ...['window', 'extend', window, '--until', '+10m', '--by', 'on-call', '--second', 'security'],
          ...['--reason', 'the update takes longer', '--json'],
        );
        expect([extended.code, extended.stderr]).toEqual([0, '']);
        // Past the planned end and its grace: the extension holds.
        const { end } = JSON.parse(extended.stdout) as { readonly end: string };
        await sleep(Math.max(0, Date.parse(end) + (GRACE_SECONDS + POLL_SECONDS) * 1000 - Date.now()));
        expect(await rows(guarded)).toEqual(expected.slice(0, 1));
        await remove(guarded, `ip saddr ${VENDOR} ip daddr ${web[4]} tcp dport ${RESULTS} `);
        await reaches(guarded, expected, 2);
        const closed = await guarded.ecluse('window', 'close', window, '--json');
        expect([closed.code, JSON.parse(closed.stdout)]).toMatchObject([0, { state: 'closed', openings: [] }]);
        expect(await rows(guarded)).toEqual(expected);
      },
    },
  ]);
});

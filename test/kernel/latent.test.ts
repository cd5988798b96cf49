import { describe, expect } from '@jest/globals';
import type { FindingView } from '../../agent/app/guard/contract.js';
import type { Namespace } from '../support/machine.js';
import { type Firewall, iptablesLegacy, iptablesNft, nftables, nftRules } from './firewalls.js';
import type { Guarded, Told } from './guarded.js';
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
  type Story,
  testStories,
} from './story.js';
import { RESULTS, web } from './world.js';

/** Cases of the scenarios in which a gate is shut and would open by itself: beside what is told stands who gets in. */

const SAVED = '/etc/nftables.conf';
const OPEN = `    iifname "wan0" ip daddr ${web[4]} tcp dport ${RESULTS} accept`;

/** The file of rules that the firewall loads at its start, with these lines at the end of its forward list. */
function save(firewall: Namespace, ...lines: readonly string[]): void {
  const end = '  }\n}\n';
  const more = lines.map((line) => `${line}\n`).join('');
  firewall.etc('nftables.conf', `${nftRules.slice(0, -end.length)}${more}${end}`);
}

/** What happens to the firewall when it starts again: its running rules give way to those of the file. */
async function load(firewall: Namespace): Promise<void> {
  await firewall.must(['nft', '-f', SAVED]);
}

/**
 * A firewall whose running rules are those that it loads at its start; the guard reads both. In a window the contractor
 * opens the door and saves it: answers with the window, and with what was told.
 */
async function openSaved(guarded: Guarded): Promise<{ readonly window: string; readonly opened: Told }> {
  const { world, configure, daemon, told } = guarded;
  const { firewall } = world;
  firewall.etc('systemd/system/multi-user.target.wants/nftables.service', '');
  save(firewall);
  await load(firewall);
  configure({ entry: ['drivers: [nftables, iptables, linux-listeners, linux-saved]'] });
  await daemon.start();
  const window = await openWindow(guarded, '--for', '10m');
  await firewall.must([...nftables.addRule(RESULTS)]);
  save(firewall, OPEN);
  const opened = first(await told('OUT_OF_SCOPE_OPENING'), 'OUT_OF_SCOPE_OPENING');
  await expectDoor(guarded, RESULTS, 'reached');
  return { window, opened };
}

async function expectClosed(guarded: Guarded, window: string): Promise<void> {
  await expectDoor(guarded, RESULTS, 'shut');
  expect(await closeWindow(guarded, window)).toMatchObject({ exit: 0, answer: { state: 'closed', openings: [] } });
  await findingsOnce(guarded);
}

/** A time so many hours from now, as the clock of this machine shows it, in the form that nft takes. */
function inHours(hours: number): string {
  const at = new Date(Date.now() + hours * 3_600_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Hours of every day that are not now, on whichever side of now midnight is further. */
function otherHours(): string {
  const [from, to] = new Date().getHours() < 12 ? [3, 6] : [-6, -3];
  return `"${inHours(from).slice(11, 16)}"-"${inHours(to).slice(11, 16)}"`;
}

type Times = 'now' | 'later' | 'again' | 'over';

/** A rule that passes at some times only, by the kernel's clock, which is the guard's. */
function timed(firewall: Firewall, rules: Readonly<Record<Times, readonly string[]>>): Story {
  return {
    name: `G4: ${firewall.title}: a rule with times of its own is open in them, latent before, over after, and possible where they come again`,
    firewall,
    action: async (guarded) => {
      const { world } = guarded;
      const window = await openWindow(guarded, '--for', '10m', '--allow', `any -> ${web[4]} tcp/${RESULTS}`);
      const becomes = async (when: Times, door: 'reached' | 'shut'): Promise<void> => {
        await firewall.load(world.firewall);
        await findingsOnce(guarded);
        await world.firewall.must([...rules[when]]);
        await expectDoor(guarded, RESULTS, door);
      };
      const told = async (): Promise<FindingView> => {
        const [finding] = await findingsOnce(guarded, 'IN_WINDOW_CHANGE');
        expect(finding!.summary).toContain(`${web[4]} tcp ${RESULTS}`);
        return finding!;
      };
      await becomes('now', 'reached');
      expect(await told()).toEqual(expect.not.objectContaining({ conditions: expect.anything() }));
      await becomes('again', 'shut');
      const again = await told();
      expect([again.conditions?.join(), again.returnsWhen]).toEqual([expect.stringMatching(/time|hour/), undefined]);
      await becomes('later', 'shut');
      expect((await told()).returnsWhen).toMatch(/^at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d .+, by its own clock$/);
      const no = await closeWindow(guarded, window);
      expect(no).toMatchObject({ exit: 1, answer: { state: 'refused' } });
      expect(no.answer.openings).toHaveLength(1);
      await becomes('over', 'shut');
      expect(await closeWindow(guarded, window)).toMatchObject({ exit: 0, answer: { state: 'closed', openings: [] } });
      await findingsOnce(guarded);
    },
  };
}

const way = ['iifname', 'wan0', 'ip', 'daddr', web[4], 'tcp', 'dport', String(RESULTS)];
const insert = ['nft', 'insert', 'rule', 'inet', 'filter', 'forward', ...way];
const extension = `-I FORWARD -i wan0 -d ${web[4]} -p tcp --dport ${RESULTS} -j ACCEPT -m time`.split(' ');
const utc = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString().slice(0, 19);

function extended(program: string): Readonly<Record<Times, readonly string[]>> {
  const rule = [program, ...extension];
  return {
    now: [...rule, '--datestart', utc(-4), '--datestop', utc(4)],
    later: [...rule, '--datestart', utc(4)],
    again: [...rule, '--timestart', utc(4).slice(11), '--timestop', utc(6).slice(11)],
    over: [...rule, '--datestart', utc(-6), '--datestop', utc(-4)],
  };
}

describe('on the real kernel', () => {
  testStories([
    // Which time zone nft shows a time in is not known: its bounds lie further from now than any zone from another.
    timed(nftables, {
      now: [...insert, 'meta', 'time', `"${inHours(-30)}"-"${inHours(30)}"`, 'accept'],
      later: [...insert, 'meta', 'time', '>=', `"${inHours(30)}"`, 'accept'],
      again: [...insert, 'meta', 'hour', otherHours(), 'accept'],
      over: [...insert, 'meta', 'time', '<', `"${inHours(-30)}"`, 'accept'],
    }),
    timed(iptablesNft, extended('iptables-nft')),
    timed(iptablesLegacy, extended('iptables-legacy')),
    {
      name: 'G3: commented out in the file, or in a chain that nobody calls: shut and clean, and told when it is back',
      firewall: nftables,
      startsLater: true,
      action: async (guarded) => {
        const { world, told, heard } = guarded;
        const { firewall } = world;
        const { window, opened } = await openSaved(guarded);
        await nftables.load(firewall);
        save(firewall, `# ${OPEN}`);
        await load(firewall);
        await expectClosed(guarded, window);
        // A chain that is there and that nobody calls lets nobody in either, until somebody calls it.
        await nft(guarded, 'add chain inet filter maintenance');
        await nft(guarded, `add rule inet filter maintenance ${way.join(' ')} accept`);
        await expectDoor(guarded, RESULTS, 'shut');
        expect((await guarded.ecluse('drift')).code).toBe(0);
        await nft(guarded, 'add rule inet filter forward jump maintenance');
        await expectDoor(guarded, RESULTS, 'reached');
        const back = first(await told('UNPLANNED_OPENING'), 'UNPLANNED_OPENING');
        expect(back.param('what')).toBe(opened.param('what'));
        await expectWitnessPasses(guarded, back, true);
        const seen = codes(heard()).filter((code) => code !== 'RESOLVED' && code !== 'LATENT_OPENING');
        expect(seen).toEqual(['OUT_OF_SCOPE_OPENING', 'UNPLANNED_OPENING']);
      },
    },
    {
      name: 'G6: shut in the running rules and open in the saved ones: no clean close, and the next start opens it',
      firewall: nftables,
      startsLater: true,
      action: async (guarded) => {
        const { world, told, heard } = guarded;
        const { firewall } = world;
        const { window, opened } = await openSaved(guarded);
        // Shut in the kernel alone.
        await nftables.load(firewall);
        await expectDoor(guarded, RESULTS, 'shut');
        const no = await closeWindow(guarded, window);
        expect(no).toMatchObject({ exit: 1, answer: { state: 'refused', attested: true } });
        expect(no.answer.openings).toEqual([
          expect.objectContaining({ summary: expect.stringContaining(`${web[4]} tcp ${RESULTS}`) }),
        ]);
        const latent = first(await told('LATENT_OPENING'), 'LATENT_OPENING');
        expectFacts(latent, 'latent');
        expect(latent.param('returnsWhen')).toBe(`at the next start, when nftables loads ${SAVED}`);
        await expectDoor(guarded, RESULTS, 'shut');
        // The firewall starts again.
        await load(firewall);
        await expectDoor(guarded, RESULTS, 'reached');
        const back = first(await told('UNPLANNED_OPENING'), 'UNPLANNED_OPENING');
        expect(back.param('key')).toBe(opened.param('key'));
        await expectWitnessPasses(guarded, back, true);
        save(firewall);
        await load(firewall);
        await expectClosed(guarded, window);
        const story = [
          'OUT_OF_SCOPE_OPENING',
          'RESOLVED',
          'LATENT_OPENING',
          'RESOLVED',
          'UNPLANNED_OPENING',
          'RESOLVED',
        ];
        expect(codes(heard())).toEqual(story);
      },
    },
  ]);
});

import { describe, expect } from '@jest/globals';
import { type Firewall, iptablesLegacy, iptablesNft, nftables } from './firewalls.js';
import {
  closeWindow,
  codes,
  expectDoor,
  expectFacts,
  expectWitnessPasses,
  first,
  openWindow,
  runUndo,
  type Story,
  testStories,
} from './story.js';
import { PORTAL, RESULTS, web } from './world.js';

/** Béthune: the filter is lifted, the window ends, and somebody puts the rules back in the end. */
function lifted(firewall: Firewall): Story {
  return {
    name: `${firewall.title}: lifted, left, put back: each told once, in order, in rsyslog's own file`,
    firewall,
    action: async (guarded) => {
      const { world, told, heard } = guarded;
      await expectDoor(guarded, PORTAL, 'reached');
      await expectDoor(guarded, RESULTS, 'shut');
      await openWindow(guarded, '--allow-filtering-off');
      const liftedAtMs = performance.now();
      for (const command of firewall.lift) await world.firewall.must(command);
      const off = first(await told('FILTERING_OFF'), 'FILTERING_OFF');
      process.stdout.write(
        `${firewall.title}: in rsyslog's file ${Math.round(performance.now() - liftedAtMs)} ms after\n`,
      );
      await expectDoor(guarded, RESULTS, 'reached');
      const left = first(await told('LEFT_OPEN'), 'LEFT_OPEN');
      await expectDoor(guarded, RESULTS, 'reached');
      await expectWitnessPasses(guarded, left, true);
      await firewall.load(world.firewall);
      const resolved = first(await told('RESOLVED'), 'RESOLVED');
      await expectDoor(guarded, RESULTS, 'shut');
      await expectDoor(guarded, PORTAL, 'reached');
      await expectWitnessPasses(guarded, left, false);
      for (const record of [off, left, resolved]) expectFacts(record);
      expect([off, left].map((record) => record.param('severity'))).toEqual(['high', 'critical']);
      expect(codes(heard())).toEqual(['FILTERING_OFF', 'LEFT_OPEN', 'WINDOW_NOT_CLOSED', 'RESOLVED']);
    },
  };
}

/** A smaller sin: one rule, which the record names, and which its undo takes away. */
function added(firewall: Firewall, announced: boolean): Story {
  return {
    name: `${firewall.title}: a rule ${announced ? 'that was announced' : 'nobody announced'}, left, undone word for word`,
    firewall,
    action: async (guarded) => {
      const { world, told, heard } = guarded;
      await openWindow(guarded, ...(announced ? ['--allow', `any -> ${web[4]} tcp/${RESULTS}`] : []));
      await world.firewall.must(firewall.addRule(RESULTS));
      const early = announced ? [] : [first(await told('OUT_OF_SCOPE_OPENING'), 'OUT_OF_SCOPE_OPENING')];
      await expectDoor(guarded, RESULTS, 'reached');
      const left = first(await told('LEFT_OPEN'), 'LEFT_OPEN');
      for (const record of [...early, left]) {
        expectFacts(record);
        expect(record.param('cause')).toMatch(/^added: .*8080/);
        expect(record.param('what')).toContain(`${web[4]} tcp 8080`);
      }
      await expectDoor(guarded, RESULTS, 'reached');
      await expectWitnessPasses(guarded, left, true);
      await runUndo(guarded, left);
      await told('RESOLVED');
      await expectDoor(guarded, RESULTS, 'shut');
      await expectDoor(guarded, PORTAL, 'reached');
      expect(codes(heard())).toEqual([
        ...early.map(({ code }) => code),
        ...['LEFT_OPEN', 'WINDOW_NOT_CLOSED', 'RESOLVED'],
      ]);
    },
  };
}

const refused: Story = {
  name: 'a close is refused while the door is open, says how to shut it, and is accepted once it is shut',
  firewall: nftables,
  action: async (guarded) => {
    const { world, heard } = guarded;
    const window = await openWindow(guarded, '--for', '10m');
    await world.firewall.must(nftables.addRule(RESULTS));
    await expectDoor(guarded, RESULTS, 'reached');
    const no = await closeWindow(guarded, window);
    expect(no).toMatchObject({ exit: 1, answer: { window, state: 'refused', attested: true } });
    expect(no.answer.openings).toHaveLength(1);
    const [opening] = no.answer.openings;
    expect(opening!.summary).toContain(`${web[4]} tcp 8080`);
    expect(opening!.undo).toMatch(/^nft delete rule inet filter forward handle \d+$/);
    await expectDoor(guarded, RESULTS, 'reached');
    await world.firewall.must(['sh', '-ec', opening!.undo!]);
    await expectDoor(guarded, RESULTS, 'shut');
    const yes = await closeWindow(guarded, window);
    expect(yes).toMatchObject({ exit: 0, answer: { window, state: 'closed', attested: true, openings: [] } });
    await guarded.told('RESOLVED');
    // A refused window ends there and then: where the grace had passed before the door was shut, that is told as well.
    const rest = codes(heard()).filter((code) => code !== 'LEFT_OPEN');
    expect(rest).toEqual(['OUT_OF_SCOPE_OPENING', 'RESOLVED']);
  },
};

describe('the reference incident on the real kernel', () => {
  testStories([
    lifted(nftables),
    lifted(iptablesNft),
    lifted(iptablesLegacy),
    added(nftables, false),
    added(iptablesNft, true),
    refused,
  ]);
});

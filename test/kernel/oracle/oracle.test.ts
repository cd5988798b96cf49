import { expect } from '@jest/globals';
import { seed } from '../../support/seed.js';
import { systemTest } from '../../support/system.js';
import { disagreementText, hunt, type Tally } from './hunt.js';
import { iptablesRuleset } from './iptables-rules.js';
import { withLab } from './lab.js';
import { nftRuleset } from './nft-rules.js';
import type { Ruleset } from './ruleset.js';

/**
 * Random rulesets in the real kernel, and random packets through them: what the kernel does with each is what the
 * model says: 201,000 packets in all. `npm run oracle -- --packets N --seed S` looks longer and elsewhere.
 */
const PACKETS = 67_000;

const backEnds: readonly Ruleset['backEnd'][] = ['nftables', 'iptables-nft', 'iptables-legacy'];
const needs = {
  nftables: ['nft'],
  'iptables-nft': ['nft', 'iptables', 'ipset'],
  'iptables-legacy': ['iptables-legacy', 'ipset'],
} as const;

for (const [index, backEnd] of backEnds.entries()) {
  systemTest(
    ['root', 'netns', 'tun', 'ip', 'perl', ...needs[backEnd]],
    `${backEnd}: the kernel and the model agree on every packet`,
    async () => {
      const tally: Tally = await withLab((lab) =>
        hunt(lab, {
          seed: seed + index,
          packets: PACKETS,
          perRuleset: 2000,
          asSets: 1,
          disagreementsMax: 1,
          make: (dice, bytecode) =>
            backEnd === 'nftables' ? nftRuleset(dice, bytecode) : iptablesRuleset(dice, backEnd),
        }),
      );
      expect(tally.disagreements.map(disagreementText)).toEqual([]);
      // Neither all through nor all stopped, and not undecided: or nothing was compared.
      expect(tally.packets).toBeGreaterThanOrEqual(PACKETS);
      expect(tally.passed).toBeGreaterThan(tally.packets / 10);
      expect(tally.passed).toBeLessThan((tally.packets * 9) / 10);
      expect(tally.undecided + tally.leftOut).toBeLessThan(tally.packets / 3);
    },
    900_000,
  );
}

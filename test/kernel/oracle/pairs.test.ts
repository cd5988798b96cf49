import { expect } from '@jest/globals';
import { seed } from '../../support/seed.js';
import { systemTest } from '../../support/system.js';
import { iptablesRuleset } from './iptables-rules.js';
import { withLab } from './lab.js';
import { nftRuleset } from './nft-rules.js';
import { huntPairs, wrongPairText } from './pairs.js';

/**
 * Two rulesets in the real kernel, one an edit of the other: each packet that fares differently lies in exactly one
 * entry of the comparison and no other packet in any, each witness fares differently, each entry names an edit that
 * was made, and of two equal ones nothing is told.
 */
const TIME_MS = 8_000;
/** As many as a fast machine gets through: it finds what others find. */
const PAIRS = 60;

const makers = {
  nftables: nftRuleset,
  'iptables-legacy': (dice: Parameters<typeof nftRuleset>[0]) => iptablesRuleset(dice, 'iptables-legacy'),
};
const needs = { nftables: ['nft'], 'iptables-legacy': ['iptables-legacy', 'ipset'] } as const;

for (const backEnd of ['nftables', 'iptables-legacy'] as const) {
  systemTest(
    ['root', 'netns', 'tun', 'ip', 'perl', ...needs[backEnd]],
    `${backEnd}: what an edit opens in the kernel is what the comparison tells`,
    async () => {
      const tally = await withLab((lab) =>
        huntPairs(lab, { seed, pairs: PAIRS, perPair: 400, wrongMax: 1, timeMsMax: TIME_MS, make: makers[backEnd] }),
      );
      expect(tally.wrong.map(wrongPairText)).toEqual([]);
      expect(tally.packets).toBeGreaterThan(500);
      expect(tally.undone).toBeGreaterThan(0);
      expect(tally.incomplete).toBeLessThan(tally.pairs / 2);
    },
    300_000,
  );
}

import type { Dice } from './dice.js';
import { disagreementText, hunt } from './hunt.js';
import { iptablesRuleset } from './iptables-rules.js';
import { withLab } from './lab.js';
import { nftRuleset } from './nft-rules.js';
import { huntPairs, wrongPairText } from './pairs.js';
import type { Ruleset } from './ruleset.js';

/**
 * `npm run oracle -- --packets N --seed S [--back 0|1|2] [--seconds T]`: a long comparison of the model with this machine's kernel;
 * with `--pairs N` of differences between two rulesets. `back`: nftables, iptables-nft, iptables-legacy.
 */
function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

const backEnd = (['nftables', 'iptables-nft', 'iptables-legacy'] as const)[option('back', 0)]!;
const make = (dice: Dice): Ruleset => (backEnd === 'nftables' ? nftRuleset(dice) : iptablesRuleset(dice, backEnd));
const startedMs = performance.now();
const common = { seed: option('seed', 1), make, timeMsMax: option('seconds', 1e6) * 1000 };
const pairs = option('pairs', 0);
const { wrong, ...counts } = await withLab(async (lab) => {
  if (pairs > 0) {
    const tally = await huntPairs(lab, { ...common, pairs, perPair: option('per', 300), wrongMax: option('stop', 5) });
    return { ...tally, wrong: tally.wrong.map(wrongPairText) };
  }
  const { disagreements, ...tally } = await hunt(lab, {
    ...common,
    packets: option('packets', 200_000),
    perRuleset: option('per', 1000),
    asSets: option('sets', 2),
    disagreementsMax: option('stop', 5),
  });
  return { ...tally, wrong: disagreements.map(disagreementText) };
});
for (const text of wrong) process.stdout.write(`\n— ${text}\n`);
const seconds = Math.round((performance.now() - startedMs) / 1000);
process.stdout.write(`${JSON.stringify({ backEnd, ...counts, wrong: wrong.length, seconds })}\n`);
process.exitCode = wrong.length > 0 ? 1 : 0;

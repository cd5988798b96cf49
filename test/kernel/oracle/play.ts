import { parseArgs } from 'node:util';
import type { Dice } from './dice.js';
import { disagreementText, hunt } from './hunt.js';
import { iptablesRuleset } from './iptables-rules.js';
import { withLab } from './lab.js';
import { nftRuleset } from './nft-rules.js';
import { huntPairs, wrongPairText } from './pairs.js';
import type { Ruleset } from './ruleset.js';

/**
 * `npm run oracle -- --packets N --seed S`: a long comparison of the model with this machine's kernel, a third of it
 * through each back end; with `--pairs N` of the differences between two rulesets. Exit code 1: they do not agree.
 */
const backEnds = ['nftables', 'iptables-nft', 'iptables-legacy'] as const;
type BackEnd = (typeof backEnds)[number];

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: '200000' },
    pairs: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    /** Only this one of nftables, iptables-nft, iptables-legacy. */
    back: { type: 'string' },
    /** Packets for each ruleset, or for each pair of them. */
    per: { type: 'string' },
    /** Ends earlier, after so many seconds a back end. */
    seconds: { type: 'string', default: '1000000' },
    /** Ends after so many disagreements a back end. */
    stop: { type: 'string', default: '5' },
  },
});

function number(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`--${name} ${text}: expected a whole number`);
  return Number(text);
}

function chosen(back: string | undefined): readonly BackEnd[] {
  if (back === undefined) return backEnds;
  const one = backEnds.find((name, index) => name === back || String(index) === back);
  if (!one) throw new Error(`--back ${back}: expected one of ${backEnds.join(', ')}`);
  return [one];
}

async function play(backEnd: BackEnd, share: number): Promise<number> {
  const make = (dice: Dice, bytecode = false): Ruleset =>
    backEnd === 'nftables' ? nftRuleset(dice, bytecode) : iptablesRuleset(dice, backEnd);
  const startedMs = performance.now();
  const timeMsMax = number('seconds', values.seconds) * 1000;
  const common = { seed: number('seed', values.seed), make, timeMsMax };
  const pairs = Math.ceil(number('pairs', values.pairs) / share);
  const stop = number('stop', values.stop);
  const { wrong, ...counts } = await withLab(async (lab) => {
    if (pairs > 0) {
      const perPair = number('per', values.per ?? '300');
      const tally = await huntPairs(lab, { ...common, pairs, perPair, wrongMax: stop });
      return { ...tally, wrong: tally.wrong.map(wrongPairText) };
    }
    const { disagreements, ...tally } = await hunt(lab, {
      ...common,
      packets: Math.ceil(number('packets', values.packets) / share),
      perRuleset: number('per', values.per ?? '2000'),
      asSets: 2,
      disagreementsMax: stop,
    });
    return { ...tally, wrong: disagreements.map(disagreementText) };
  });
  for (const text of wrong) process.stdout.write(`\n— ${text}\n`);
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  process.stdout.write(`${JSON.stringify({ backEnd, ...counts, wrong: wrong.length, seconds })}\n`);
  return wrong.length;
}

const list = chosen(values.back);
let wrong = 0;
for (const backEnd of list) wrong += await play(backEnd, list.length);
process.exitCode = wrong > 0 ? 1 : 0;

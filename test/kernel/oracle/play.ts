import { disagreementText, hunt } from './hunt.js';
import { iptablesRuleset } from './iptables-rules.js';
import { withLab } from './lab.js';
import { nftRuleset } from './nft-rules.js';

/** `npm run oracle -- --packets N --seed S`: a long comparison of the model with this machine's kernel. */
function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

const backEnd = (['nftables', 'iptables-nft', 'iptables-legacy'] as const)[option('back', 0)]!;
const startedMs = performance.now();
const tally = await withLab((lab) =>
  hunt(lab, {
    seed: option('seed', 1),
    packets: option('packets', 200_000),
    perRuleset: option('per', 400),
    asSets: option('sets', 2),
    disagreementsMax: option('stop', 5),
    make: (dice) => (backEnd === 'nftables' ? nftRuleset(dice) : iptablesRuleset(dice, backEnd)),
  }),
);
for (const one of tally.disagreements) process.stdout.write(`\n— ${disagreementText(one)}\n`);
const seconds = (performance.now() - startedMs) / 1000;
const { disagreements, ...counts } = tally;
process.stdout.write(
  `${JSON.stringify({ ...counts, disagreements: disagreements.length, seconds: Math.round(seconds) })}\n`,
);
process.exitCode = disagreements.length > 0 ? 1 : 0;

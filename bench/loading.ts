import { execFileSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { Driver } from '../agent/drivers/contract.js';
import { driver as iptables } from '../agent/drivers/iptables/index.js';
import { driver as nftables } from '../agent/drivers/nftables/index.js';
import { problemText } from '../agent/lib/result.js';
import { ruleList, rulePool } from '../agent/packets/index.js';
import type { Bench, Row } from './bench.js';
import { mainThreadMs, quantile } from './bench.js';
import { iptablesText, nftText } from './real-text.js';
import { missingWorkloads, neutralFields, type RuleFamily, readNeutral, ruleset } from './workloads.js';

const program = fileURLToPath(new URL('../agent/main.js', import.meta.url));
const RUNS = 9;

function median(argv: readonly string[]): number {
  const samples = Array.from({ length: RUNS }, () => {
    const startMs = performance.now();
    execFileSync(process.execPath, argv, { stdio: 'ignore' });
    return performance.now() - startMs;
  });
  return quantile(samples, 0.5);
}

interface Loaded {
  readonly family: RuleFamily;
  readonly driver: Driver;
  readonly section: string;
  text(pool: ReturnType<typeof rulePool>, rules: Int32Array): string;
  /** What the text is, in words. */
  readonly words: string;
}

const SAVE = { driver: iptables, section: 'iptables-save', text: iptablesText, words: 'as iptables-save' } as const;
const SIDES: readonly Loaded[] = [
  { ...SAVE, family: 'acl1' },
  { ...SAVE, family: 'fw1' },
  { ...SAVE, family: 'ipc1' },
  { driver: nftables, section: 'nft-text', text: nftText, words: 'as nft with sets', family: 'hosp' },
];

/** One side of a comparison: text to model. Each size is another text, so that no line was read before. */
function* sides(say: (progress: string) => void): Generator<Row> {
  for (const size of [10_000, 100_000]) {
    for (const { family, driver, section, text, words } of SIDES) {
      const pool = rulePool(neutralFields);
      const { rules } = ruleList(pool, readNeutral(ruleset(family, size), pool));
      const all = text(pool, rules);
      const startMs = mainThreadMs();
      const read = driver.read(
        { driver: driver.id, device: 'bench', sections: [{ name: section, text: all, source: section }] },
        { device: 'bench' },
      );
      const ms = mainThreadMs() - startMs;
      if (!read.ok) throw new Error(`${family}: ${problemText(read.error)}`);
      const held = read.value.pipeline.lists.reduce((sum, list) => sum + list.rules.length, 0);
      if (held < rules.length) throw new Error(`${family}: ${held} of ${rules.length} rules were read`);
      say(`${family} ${size}: ${Math.round(ms)} ms`);
      const goal = size === 100_000 && driver === iptables ? '< 1,000 ms' : undefined;
      yield {
        what: `${size.toLocaleString('en')} ${family} ${words}, ${Math.round(all.length / 1e6)} MB: parsed and modelled by the driver`,
        figure: ms,
        unit: 'ms',
        ...(goal !== undefined && { goal }),
      };
    }
  }
}

/** What a person waits for before a command begins its work. */
export const bench: Bench = {
  about:
    'Wall-clock time of a whole command that has nothing to do, median of 9, beside an empty Node program. The workloads of ../shared/bench in the words of iptables-save and nft, read by the drivers: processor time of the main thread, one run each.',
  missing: missingWorkloads,
  run: (say) => {
    const peer = { name: 'node -e 0', figure: median(['-e', '0']) };
    const rows = ['--version', 'drivers'].map((word) => ({
      what: `ecluse ${word}`,
      figure: median([program, word]),
      unit: 'ms',
      peer,
    }));
    return Promise.resolve([...rows, ...sides(say)]);
  },
};

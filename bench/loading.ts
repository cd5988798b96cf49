import { execFileSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { Bench } from './bench.js';
import { quantile } from './bench.js';

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

/** What a person waits for before a command begins its work. */
export const bench: Bench = {
  about: 'Wall-clock time of a whole command that has nothing to do, median of 9, beside an empty Node program.',
  run: () => {
    const peer = { name: 'node -e 0', figure: median(['-e', '0']) };
    const rows = ['--version', 'drivers'].map((word) => ({
      what: `ecluse ${word}`,
      figure: median([program, word]),
      unit: 'ms',
      peer,
    }));
    return Promise.resolve(rows);
  },
};

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { Bench, Row } from './bench.js';
import { quantile } from './bench.js';
import { corpus } from './workloads.js';

const program = fileURLToPath(new URL('../agent/main.js', import.meta.url));
const RUNS = 5;

/** The largest IPv4 and IPv6 rule sets of the corpus, and an earlier reading of the first. */
const FOUR = 'iptables/diekmann-Iptables_Semantics__TUM_iptables-save-2015-09-03_15-56-50';
const EARLIER = 'iptables/diekmann-Iptables_Semantics__TUM_iptables-save-2015-05-15_15-23-41';
const SIX = 'iptables/diekmann-net-network__TUM_ip6tables-save-2016-06-27';

/** Run inside of the measured process: it says what it used when it ends. */
const METER = `data:text/javascript,${encodeURIComponent(`
import { readFileSync } from 'node:fs';
process.on('exit', () => {
  const main = Number(readFileSync('/proc/self/task/' + process.pid + '/schedstat', 'utf8').split(' ')[0]) / 1e6;
  process.stderr.write('\\n' + JSON.stringify({ main, memory: process.resourceUsage().maxRSS / 1024 }) + '\\n');
});`)}`;

interface Used {
  readonly wallMs: number;
  /** Milliseconds of processor time of the main thread. */
  readonly main: number;
  /** Most resident memory, MiB. */
  readonly memory: number;
}

function run(...argv: readonly string[]): Used {
  const startMs = performance.now();
  const { stderr, error } = spawnSync(process.execPath, ['--import', METER, program, ...argv], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const wallMs = performance.now() - startMs;
  if (error) throw error;
  const said = JSON.parse(stderr.trimEnd().split('\n').at(-1)!) as { readonly main: number; readonly memory: number };
  return { wallMs, ...said };
}

/** The same rule set with ten rules put into its FORWARD chain, spread over it. */
function withInsertions(text: string, six: boolean): string {
  const lines = text.split('\n');
  const places = lines.flatMap((line, at) => (line.startsWith('-A FORWARD ') ? [at] : []));
  const step = Math.floor(places.length / 11);
  for (let number = 10; number > 0; number -= 1) {
    const host = six ? `2001:db8:${number}::/64` : `198.51.100.${number}/32`;
    lines.splice(places[number * step]!, 0, `-A FORWARD -s ${host} -p tcp -m tcp --dport 3389 -j ACCEPT`);
  }
  return lines.join('\n');
}

function rows(what: string, argv: readonly string[], goals: boolean): readonly Row[] {
  const all = Array.from({ length: RUNS }, () => run(...argv));
  const of = (pick: (used: Used) => number, share: number): number => quantile(all.map(pick), share);
  return [
    {
      what: `${what}: p95 wall clock`,
      figure: of(({ wallMs }) => wallMs, 0.95),
      unit: 'ms',
      ...(goals && { goal: '< 400 ms' }),
    },
    { what: `${what}: median processor time of the main thread`, figure: of(({ main }) => main, 0.5), unit: 'ms' },
    {
      what: `${what}: most memory`,
      figure: of(({ memory }) => memory, 1),
      unit: 'MB',
      ...(goals && { goal: '< 256 MB' }),
    },
  ];
}

/** How a person meets the engine: one command, from its start to its answer. */
export const bench: Bench = {
  about: `\`ecluse diff\` as a whole process on the largest real dumps of ../shared/corpus (4,973 rules of IPv4, 6,203 of IPv6): started, both files read and parsed, exact difference, printed; ${RUNS} runs.`,
  missing: () =>
    existsSync(join(corpus, SIX)) ? undefined : `the corpus: ${corpus} is not there; ECLUSE_SHARED names its folder`,
  run(say) {
    const folder = mkdtempSync(join(tmpdir(), 'ecluse-bench-'));
    try {
      const found: Row[] = [];
      for (const [name, six] of [
        [SIX, true],
        [FOUR, false],
      ] as const) {
        const before = join(corpus, name);
        const after = join(folder, six ? 'six' : 'four');
        writeFileSync(after, withInsertions(readFileSync(before, 'utf8'), six));
        say(name);
        found.push(
          ...rows(`${six ? 'IPv6, 6,203 rules' : 'IPv4, 4,973 rules'}, ten insertions`, ['diff', before, after], true),
        );
        const text = Array.from({ length: RUNS }, () => {
          const startMs = performance.now();
          spawnSync('diff', [before, after], { stdio: 'ignore' });
          return performance.now() - startMs;
        });
        found.push({ what: `the same two files by diff(1): median`, figure: quantile(text, 0.5), unit: 'ms' });
      }
      say('both');
      found.push(
        ...rows(
          'the IPv4 dump and the IPv6 one: nothing in common to compare',
          ['diff', join(corpus, FOUR), join(corpus, SIX)],
          true,
        ),
      );
      say(EARLIER);
      const history = run('diff', join(corpus, EARLIER), join(corpus, FOUR), '--budget', '10s');
      found.push({
        what: 'two readings of one firewall, four months apart (one run, budget 10 s)',
        figure: history.wallMs,
        unit: 'ms',
      });
      return Promise.resolve(found);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

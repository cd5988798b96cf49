import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GuardTools, openGuard, realParts } from '../agent/app/guard/index.js';
import { readConfiguration } from '../agent/app/reload.js';
import type { CommandRunner } from '../agent/collect/index.js';
import { virtualClock } from '../agent/lib/clock.js';
import { openLog } from '../agent/lib/log.js';
import { problemText, type Result } from '../agent/lib/result.js';
import { removeLeftovers, tempDir } from '../test/support/machine.js';
import { type Row, spent } from './bench.js';
import { ruleset } from './ruleset.js';

const POLLS = Number(process.env.ECLUSE_BENCH_POLLS ?? 10_000);
const RULES = 500;
const POLL_MS = 300_000;

function must<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Error(problemText(result.error));
}

/** A device whose nft always answers the same; its other programs are not asked for. */
const still: CommandRunner = {
  run: async (argv) => ({
    kind: 'exited',
    exitCode: argv.includes('-j') ? 1 : 0,
    stdout: argv.includes('-j') ? '' : ruleset(RULES),
    stderr: '',
  }),
  readFile: async (path) => ({ kind: 'missing', what: path }),
  follow: async () => ({ kind: 'cancelled' }),
  parallelMax: 1,
};

/** Megabytes of the database with what SQLite keeps beside it. */
function sizeOf(folder: string): number {
  const files = readdirSync(folder).filter((name) => name.startsWith('ecluse.db'));
  if (files.length === 0) throw new Error(`${folder} holds no store`);
  return files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0) / 2 ** 20;
}

/** What polls that find nothing new leave in the store, through the real judgement and on a real disk. */
export async function unchangedPolls(say: (progress: string) => void): Promise<readonly Row[]> {
  const folder = tempDir();
  const file = join(folder, 'config.yaml');
  writeFileSync(file, `state: ${join(folder, 'state')}\ndevices:\n  - {id: fw1, kind: fw, drivers: [nftables]}\n`);
  const { settings, baseline, rules } = must(readConfiguration(file));
  const clock = virtualClock(Date.UTC(2026, 0, 1));
  const log = openLog({ level: 'error' });
  const parts: GuardTools['parts'] = (place) => realParts({ ...place, runner: () => still });
  const open = async () => must(await openGuard(settings, { parts, log, clock, baseline, rules }));
  try {
    let guard = await open();
    for (let poll = 0; poll < 10; poll++) must(await guard.snapshot([]));
    await guard.close();
    const before = sizeOf(join(folder, 'state'));
    guard = await open();
    const { cpuMs } = await spent(async () => {
      for (let poll = 1; poll <= POLLS; poll++) {
        clock.advanceTo(clock.now() + POLL_MS);
        must(await guard.snapshot([]));
        if (poll % 1000 === 0) say(`${poll} of ${POLLS} polls`);
      }
    });
    await guard.close();
    const grown = sizeOf(join(folder, 'state')) - before;
    const what = `${POLLS.toLocaleString('en')} unchanged polls of ${RULES} rules`;
    return [
      { what: `${what}: the store grows by`, figure: grown, unit: 'MB', goal: '< 2 MB' },
      { what: `${what}: CPU of one, its programs aside`, figure: cpuMs / POLLS, unit: 'ms' },
    ];
  } finally {
    await log.closeLog();
    removeLeftovers();
  }
}

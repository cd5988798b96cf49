import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { installPackages } from './install.js';
import { missingPackages } from './needs.js';
import { seed } from './seed.js';
import { exitCode, type JestOutput, summaryLine, type Tally, tally, together } from './tally.js';

/**
 * `npm test`: gets the system packages that the tests use, runs jest, and says in plain words what was left out.
 * Its last line is always `N passed, N failed, N skipped`.
 */
const root = process.cwd();
/** How long jest may stay after it has written its results. A leaked socket or timer would keep it for ever. */
const LINGER_MS = 20_000;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/**
 * Tests that live by the clock: daemons, kernels and receivers whose windows last seconds. They run after the others
 * and one file at a time, so that on two slow cores a person's command in them still takes less than their windows.
 */
const BY_THE_CLOCK = 'test/(?:app|kernel)/';

/** What one call of jest runs: all that was asked for, or, where nothing was, first one half and then the other. */
function partsOf(given: readonly string[]): readonly (readonly string[])[] {
  if (given.length > 0) return [given];
  return [[`--testPathIgnorePatterns=${BY_THE_CLOCK}`], ['--maxWorkers=1', `--testPathPatterns=${BY_THE_CLOCK}`]];
}

/** jest runs compiled files: a path as one types it, `test/lib/clock.test.ts`, is the same test. */
function jestArguments(given: readonly string[], outputFile: string): readonly string[] {
  const workers = given.some((one) => /^(?:-i|--runInBand|-w|--maxWorkers)(?:=|$)/.test(one));
  return [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join(root, 'node_modules/jest/bin/jest.js'),
    '--ci',
    '--json',
    `--outputFile=${outputFile}`,
    `--seed=${seed}`,
    ...(workers ? [] : ['--maxWorkers=100%']),
    ...given.map((one) => one.replace(/\.ts$/, '.js')),
  ];
}

interface JestEnd {
  readonly code: number | undefined;
  /** It had finished its tests but something kept it running, so it was ended. */
  readonly lingered: boolean;
}

async function runJest(argv: readonly string[], outputFile: string): Promise<JestEnd> {
  const env = { ...process.env, ECLUSE_SEED: String(seed) };
  const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 1, 1] });
  const state = { ended: false };
  const ended = new Promise<number | undefined>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      state.ended = true;
      resolve(code ?? undefined);
    });
  });
  let writtenAtMs: number | undefined;
  while (!state.ended) {
    await Promise.race([ended, sleep(250)]);
    if (writtenAtMs === undefined && existsSync(outputFile)) writtenAtMs = performance.now();
    if (!state.ended && writtenAtMs !== undefined && performance.now() - writtenAtMs > LINGER_MS) {
      child.kill('SIGKILL');
      return { code: await ended, lingered: true };
    }
  }
  return { code: await ended, lingered: false };
}

/** What the results file does not tell: a jest that crashed, was ended, or failed for a reason of its own. */
function judge(end: JestEnd, outputFile: string): Tally {
  const nothing = { passed: 0, failed: 1, skipped: 0 };
  if (!existsSync(outputFile)) return { ...nothing, notes: [`jest gave no results: exit code ${end.code ?? 'none'}`] };
  const output = JSON.parse(readFileSync(outputFile, 'utf8')) as JestOutput;
  const counts = tally(output, root);
  const extra = [
    end.lingered && 'jest did not end by itself: a test left a timer, a socket or a program running',
    output.wasInterrupted && 'the run was interrupted',
    !end.lingered && end.code !== 0 && counts.failed === 0 && `jest ended with exit code ${end.code ?? 'none'}`,
  ].filter((note) => typeof note === 'string');
  return { ...counts, failed: counts.failed + extra.length, notes: [...counts.notes, ...extra] };
}

async function main(): Promise<number> {
  const skipsAllowed = process.env.ECLUSE_REQUIRE_SYSTEM !== '1';
  const missing = missingPackages();
  if (missing.length > 0) {
    const outcome = installPackages(missing, say);
    if (outcome !== 'installed') say('Tests that need them are skipped.');
  }
  say(`Node ${process.version}, seed ${seed} (ECLUSE_SEED)`);
  const folder = mkdtempSync(join(tmpdir(), 'ecl-jest-'));
  try {
    const tallies: Tally[] = [];
    for (const [index, given] of partsOf(process.argv.slice(2)).entries()) {
      const outputFile = join(folder, `results-${index}.json`);
      tallies.push(judge(await runJest(jestArguments(given, outputFile), outputFile), outputFile));
    }
    const counts = together(tallies);
    say('');
    for (const note of counts.notes) say(note);
    if (counts.skipped > 0 && !skipsAllowed) say('Skips count as failures: ECLUSE_REQUIRE_SYSTEM=1.');
    if (counts.passed + counts.failed + counts.skipped === 0) say('No test ran.');
    say(summaryLine(counts));
    return exitCode(counts, skipsAllowed);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// Not process.exit: it would cut off lines that a pipe has not taken yet.
process.exitCode = await main();

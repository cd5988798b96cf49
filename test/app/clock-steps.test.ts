import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect } from '@jest/globals';
import { type Namespace, run, systemTest, waitFor } from '../support/system.js';
import { endAll, inWorld, needs, startProgram } from './started.js';

afterEach(endAll);

const program = join(process.cwd(), 'build/agent/main.js');
const TOLD_MS = 60_000;

/** What `faketime` loads into the program that it starts. */
function library(): string {
  const probe = spawnSync('faketime', ['-f', '+0', 'sh', '-c', 'printf %s "$LD_PRELOAD"'], { encoding: 'utf8' });
  // The name alone, in a folder of the linker's own, or a path with $LIB in it, which the linker understands.
  return probe.stdout.split(/[ :]/).find((word) => word.includes('faketime'))!;
}

interface FakeTime {
  /** `@2026-03-29 00:30:00` in UTC, or `+2h` from the real time. */
  set(time: string): void;
  readonly env: Readonly<Record<string, string>>;
}

/** A clock on the wall that this test sets, for each program with this environment; clocks that nobody sets go on. */
function fakeTime(folder: string, first: string): FakeTime {
  const file = join(folder, 'time');
  const set = (time: string): void => {
    writeFileSync(`${file}.new`, `${time}\n`);
    renameSync(`${file}.new`, file);
  };
  set(first);
  return {
    set,
    env: {
      LD_PRELOAD: library(),
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      TZ: 'UTC',
    },
  };
}

interface Told {
  readonly code: string;
  readonly kind: string;
  readonly at: string;
}

interface Guarded {
  readonly time: FakeTime;
  readonly fw: Namespace;
  ecluse(...argv: readonly string[]): Promise<string>;
  /** Every record up to now, once one with `code` is among them. */
  told(code: string): Promise<readonly Told[]>;
  heard(): readonly Told[];
  readonly daemon: { readonly child: ChildProcess; said(): string };
}

function guarded(first: string, action: (guarded: Guarded) => Promise<void>): () => Promise<void> {
  return inWorld(async ({ folder, config, fw }) => {
    writeFileSync(config, `timeZone: Europe/Paris\ngrace: 0m\n${readFileSync(config, 'utf8')}`);
    const time = fakeTime(folder, first);
    const daemon = startProgram(['--config', config], time.env);
    await daemon.hears(/Stop with Ctrl-C/, TOLD_MS);
    const alarms = join(dirname(config), 'alarms.jsonl');
    const heard = (): readonly Told[] =>
      existsSync(alarms)
        ? readFileSync(alarms, 'utf8')
            .split('\n')
            .slice(0, -1)
            .map((line) => JSON.parse(line) as Told)
        : [];
    await action({
      time,
      fw,
      daemon,
      heard,
      ecluse: async (...argv) => {
        const outcome = await run([process.execPath, program, ...argv, '--config', config], { env: time.env });
        if (outcome.code !== 0) throw new Error(`${argv.join(' ')}: ${outcome.code}: ${outcome.stderr}`);
        return outcome.stdout;
      },
      told: (code) =>
        waitFor(
          () => {
            const all = heard();
            return all.some((one) => one.code === code) ? all : undefined;
          },
          { timeoutMs: TOLD_MS, what: `${code} among ${heard().map((one) => one.code)}; ${daemon.said()}` },
        ),
    });
  });
}

const OPEN_RULE = ['nft', 'add', 'rule', 'inet', 'filter', 'input', 'tcp', 'dport', '8080', 'accept'];
/** Without its reminders. */
const raised = (all: readonly Told[], code: string): readonly Told[] =>
  all.filter((one) => one.code === code && one.kind === 'raise');
const codesOf = (all: readonly Told[]): readonly string[] => all.map(({ code }) => code);

describe('a window whose end', () => {
  systemTest(
    [...needs, 'faketime'],
    'is jumped over is judged at once',
    guarded('+0', async ({ time, fw, ecluse, told, heard }) => {
      await ecluse('window', 'open', '--vendor', 'v', '--device', 'fw1', '--for', '2h');
      await fw.must(OPEN_RULE);
      await told('OUT_OF_SCOPE_OPENING');
      expect(codesOf(heard())).not.toContain('LEFT_OPEN');
      time.set('+150m');
      const all = await told('LEFT_OPEN');
      expect(codesOf(all).filter((code) => code === 'LEFT_OPEN')).toHaveLength(1);
    }),
    120_000,
  );

  systemTest(
    [...needs, 'faketime'],
    'comes again, because the clock was set back, is told once',
    guarded('+0', async ({ time, fw, ecluse, told, heard, daemon }) => {
      await ecluse('window', 'open', '--vendor', 'v', '--device', 'fw1', '--for', '1h');
      await fw.must(OPEN_RULE);
      await told('OUT_OF_SCOPE_OPENING');
      time.set('+90m');
      await told('LEFT_OPEN');
      time.set('-3h');
      await waitFor(() => /the clock was set back/.test(daemon.said()), { timeoutMs: TOLD_MS, what: 'the step back' });
      // What happens in the hours that come again is told, and so is what is mended in them.
      await fw.must(['nft', 'add', 'rule', 'inet', 'filter', 'input', 'tcp', 'dport', '8081', 'accept']);
      await told('UNPLANNED_OPENING');
      time.set('+30m');
      await fw.must(['nft', 'flush', 'chain', 'inet', 'filter', 'input']);
      await told('RESOLVED');
      expect(raised(heard(), 'LEFT_OPEN')).toHaveLength(1);
    }),
    180_000,
  );

  systemTest(
    [...needs, 'faketime'],
    'G12: stands at an hour that the clocks leave out in spring is judged when it would have come, and once',
    guarded('@2027-03-28 00:58:50', async ({ time, fw, ecluse, told, heard }) => {
      // 02:30 in Paris does not exist that night: 01:30 UTC.
      await ecluse('window', 'open', '--vendor', 'v', '--device', 'fw1', '--end', '2027-03-28 02:30');
      await fw.must(OPEN_RULE);
      await told('OUT_OF_SCOPE_OPENING');
      time.set('@2027-03-28 01:29:00');
      expect(codesOf(heard())).not.toContain('LEFT_OPEN');
      time.set('@2027-03-28 01:30:01');
      const left = (await told('LEFT_OPEN')).find(({ code }) => code === 'LEFT_OPEN')!;
      expect(Date.parse(left.at)).toBeGreaterThanOrEqual(Date.UTC(2027, 2, 28, 1, 30));
      expect(Date.parse(left.at)).toBeLessThan(Date.UTC(2027, 2, 28, 1, 33));
      time.set('@2027-03-28 02:31:00');
      await fw.must(['nft', 'flush', 'chain', 'inet', 'filter', 'input']);
      await told('RESOLVED');
      expect(raised(heard(), 'LEFT_OPEN')).toHaveLength(1);
    }),
    120_000,
  );

  systemTest(
    [...needs, 'faketime'],
    'G12: stands in the hour that the clocks show twice in autumn is judged the first time, and once',
    guarded('@2027-10-31 00:10:00', async ({ time, fw, ecluse, told, heard }) => {
      // 02:30 in Paris is 00:30 UTC, and 01:30 UTC once more.
      await ecluse('window', 'open', '--vendor', 'v', '--device', 'fw1', '--end', '2027-10-31 02:30');
      await fw.must(OPEN_RULE);
      await told('OUT_OF_SCOPE_OPENING');
      time.set('@2027-10-31 00:31:00');
      const left = (await told('LEFT_OPEN')).find(({ code }) => code === 'LEFT_OPEN')!;
      expect(Date.parse(left.at)).toBeLessThan(Date.UTC(2027, 9, 31, 1, 0));
      // The same time of the wall again.
      time.set('@2027-10-31 01:31:00');
      await fw.must(['nft', 'flush', 'chain', 'inet', 'filter', 'input']);
      await told('RESOLVED');
      expect(raised(heard(), 'LEFT_OPEN')).toHaveLength(1);
    }),
    120_000,
  );
});

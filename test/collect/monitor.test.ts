import { describe, expect, test } from '@jest/globals';
import type { CommandOutput, CommandRunner } from '../../agent/collect/index.js';
import { localRunner, startMonitors } from '../../agent/collect/index.js';
import { virtualClock } from '../../agent/lib/clock.js';
import type { Problem } from '../../agent/lib/result.js';
import { run, systemTest, waitFor, withNamespaces } from '../support/system.js';
import { fakeProgram } from './fakes.js';

function watching(...argv: readonly string[]): {
  readonly dialogue: { steps: []; monitors: readonly (readonly string[])[] };
} {
  return { dialogue: { steps: [], monitors: [argv] } };
}

/** A runner whose monitors are ended by hand. */
function handRunner(): { runner: CommandRunner; starts: ((output: CommandOutput) => void)[]; say: (() => void)[] } {
  const starts: ((output: CommandOutput) => void)[] = [];
  const say: (() => void)[] = [];
  const refuse = async (): Promise<CommandOutput> => ({ kind: 'cancelled' });
  const runner: CommandRunner = {
    run: refuse,
    readFile: refuse,
    parallelMax: 1,
    follow: (_argv, options) => {
      say.push(options.onOutput);
      return new Promise((resolve) => starts.push(resolve));
    },
  };
  return { runner, starts, say };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('monitors', () => {
  test('a burst is one reading, a fixed time after its first event', async () => {
    const clock = virtualClock(0);
    const { runner, say } = handRunner();
    const woken: number[] = [];
    const monitor = startMonitors(watching('nft', 'monitor'), runner, 'web-01', {
      wake: () => woken.push(clock.now()),
      say: () => {},
      clock,
      debounceMs: 200,
    });
    await settled();
    for (let at = 0; at < 1000; at += 50) {
      clock.advanceTo(at);
      say[0]!();
    }
    clock.advanceTo(5000);
    expect(woken).toEqual([200, 400, 600, 800, 1000]);
    say[0]!();
    monitor.stop();
    clock.advanceTo(9000);
    expect(woken).toHaveLength(5);
  });

  test('one that dies is started again, later each time, wakes the reader, and is told once', async () => {
    const clock = virtualClock(0);
    const { runner, starts } = handRunner();
    const woken: number[] = [];
    const said: Problem[] = [];
    const monitor = startMonitors(watching('nft', 'monitor'), runner, 'web-01', {
      wake: () => woken.push(clock.now()),
      say: (problem) => said.push(problem),
      clock,
      debounceMs: 0,
      backoffMsMin: 1_000,
      backoffMsMax: 4_000,
    });
    const dead: CommandOutput = { kind: 'exited', exitCode: 1, stdout: '', stderr: 'netlink: no buffer space\n' };
    for (const atMs of [1_000, 3_000, 7_000, 11_000]) {
      await settled();
      starts.at(-1)!(dead);
      await settled();
      clock.advanceTo(atMs - 1);
      const before = starts.length;
      clock.advanceTo(atMs);
      await settled();
      expect(starts).toHaveLength(before + 1);
      clock.advanceTo(atMs);
    }
    expect(woken).toEqual([1_000, 3_000, 7_000, 11_000]);
    expect(said.map(({ code, message }) => [code, message])).toEqual([
      [
        'MONITOR_ENDED',
        'web-01: nft monitor: ended (exit code 1): netlink: no buffer space; changes are noticed at the next poll',
      ],
    ]);
    // After a long good run the next failure is a first one again.
    clock.advanceTo(100_000);
    starts.at(-1)!(dead);
    await settled();
    const before = starts.length;
    clock.advanceTo(101_000);
    await settled();
    expect(starts).toHaveLength(before + 1);
    monitor.stop();
  });

  test.each([
    ['MISSING_PROGRAM', () => 'ecluse-no-such-program'],
    ['MISSING_RIGHT', () => fakeProgram('echo "nft: Operation not permitted" >&2; exit 1')],
    ['MONITOR_ENDED', () => fakeProgram('exit 0')],
  ])('one that cannot run says %s', async (code, program) => {
    const said: Problem[] = [];
    const argv = [program(), 'monitor'];
    const options = { wake: () => {}, say: (problem: Problem) => void said.push(problem), backoffMsMin: 60_000 };
    const monitor = startMonitors(watching(...argv), localRunner(), 'web-01', options);
    const problem = await waitFor(() => said[0]);
    monitor.stop();
    expect(problem.code).toBe(code);
    expect(problem.message).toContain(`web-01: ${argv.join(' ')}: `);
    expect(problem.remedy).toBeTruthy();
  });

  test('garbage wakes the reader too', async () => {
    let woken = 0;
    const program = fakeProgram("printf '\\377\\000garbage'; exec sleep 600");
    const monitor = startMonitors(watching(program), localRunner(), 'web-01', {
      wake: () => woken++,
      say: () => {},
      debounceMs: 1,
    });
    await waitFor(() => woken === 1);
    monitor.stop();
  });
});

systemTest(['root', 'netns', 'nft'], 'nft monitor wakes the reader when a rule is added', async () => {
  await withNamespaces(['fw'], async ({ fw }) => {
    let woken = 0;
    const monitor = startMonitors(watching('nft', 'monitor'), localRunner({ prefix: fw.inside([]) }), 'fw', {
      wake: () => woken++,
      say: () => {},
      debounceMs: 20,
    });
    // The monitor takes a moment to subscribe, so the change is repeated until it is seen.
    let table = 0;
    await waitFor(
      async () => {
        await fw.must(['nft', 'add', 'table', 'inet', `t${table++}`]);
        return woken > 0;
      },
      { intervalMs: 100 },
    );
    monitor.stop();
    const seen = woken;
    await fw.must(['nft', 'add', 'table', 'inet', 'after']);
    expect(woken).toBe(seen);
    await waitFor(async () => (await run(['ip', 'netns', 'pids', fw.name])).stdout === '', { what: 'its end' });
  });
});

import { createServer } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { CommandOutput, CommandRunner } from '../../agent/collect/index.js';
import { localRunner, startWakes } from '../../agent/collect/index.js';
import type { Wake } from '../../agent/drivers/contract.js';
import { drivers } from '../../agent/drivers/registry.js';
import { virtualClock } from '../../agent/lib/clock.js';
import { AUDIT, whyMissing } from '../support/needs.js';
import { run, systemTest, waitFor, withNamespaces } from '../support/system.js';

const wake: Wake = { id: 'w', title: 'a source', argv: ['source'], needs: 'a right' };
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A runner whose programs speak and end by hand. */
function byHand() {
  const programs: { readonly says: () => void; readonly ends: (output: CommandOutput) => void }[] = [];
  const refuse = async (): Promise<CommandOutput> => ({ kind: 'cancelled' });
  const runner: CommandRunner = {
    run: refuse,
    readFile: refuse,
    parallelMax: 1,
    follow: (_argv, { onOutput }) => new Promise((resolve) => programs.push({ says: onOutput, ends: resolve })),
  };
  const clock = virtualClock(0);
  const woken: number[] = [];
  const states: (string | undefined)[] = [];
  const monitor = startWakes({ dialogue: { steps: [], wakes: [wake] } }, runner, {
    clock,
    wake: () => void woken.push(clock.now()),
    onState: (_wake, why) => void states.push(why),
  });
  return { programs, clock, woken, states, monitor };
}

const refused: CommandOutput = { kind: 'exited', exitCode: 3, stdout: '', stderr: 'audit: Operation not permitted\n' };

describe('a source of wakes', () => {
  test('says that it listens, and then that there is news; many of them are few readings', async () => {
    const { programs, clock, woken, states, monitor } = byHand();
    programs[0]!.says();
    expect([states, woken]).toEqual([[undefined], []]);
    for (let at = 0; at <= 8_000; at += 10) {
      clock.advanceTo(at);
      programs[0]!.says();
    }
    expect(woken).toEqual([0, 100, 300, 700, 1_500, 3_100, 6_300]);
    clock.advanceTo(60_000);
    expect(woken.slice(7)).toEqual([12_700]);
    monitor.stop();
  });

  test('that is not allowed is told once and let be', async () => {
    const { programs, clock, woken, states, monitor } = byHand();
    programs[0]!.ends(refused);
    await settled();
    clock.advanceTo(3_600_000);
    await settled();
    expect(programs).toHaveLength(1);
    expect(states).toEqual(['audit: Operation not permitted']);
    expect(woken).toEqual([]);
    monitor.stop();
  });

  test('that worked and ended is started again, and what it missed is made good by a reading', async () => {
    const { programs, clock, woken, states, monitor } = byHand();
    programs[0]!.says();
    programs[0]!.ends({ kind: 'killed', signal: 'SIGKILL', stderr: '' });
    await settled();
    clock.advanceTo(1_000);
    await settled();
    expect(programs).toHaveLength(2);
    programs[1]!.says();
    expect(states).toEqual([undefined, 'it ended (killed)', undefined]);
    expect(woken).toEqual([1_000]);
    programs[1]!.ends(refused);
    await settled();
    monitor.stop();
    clock.advanceTo(3_600_000);
    expect(programs).toHaveLength(2);
  });
});

function wakesOf(driver: string): { readonly dialogue: { readonly steps: []; readonly wakes: readonly Wake[] } } {
  const { wakes = [] } = drivers.find(({ id }) => id === driver)!.dialogue;
  expect(wakes).toHaveLength(1);
  return { dialogue: { steps: [], wakes } };
}

function listening(driver: string, runner: CommandRunner) {
  const seen = { woken: 0, state: 'not yet' as string | undefined };
  const monitor = startWakes(wakesOf(driver), runner, {
    wake: () => void seen.woken++,
    onState(_wake, why) {
      seen.state = why;
    },
  });
  return { seen, monitor };
}

/** Whether a source can be listened to is said, one way or the other, and nothing wakes by it that did not happen. */
async function expectAnswer(driver: string, runner: CommandRunner): Promise<void> {
  const { seen, monitor } = listening(driver, runner);
  try {
    await waitFor(() => seen.state !== 'not yet', { what: 'an answer' });
    expect([seen.state ?? 'listens', seen.woken]).toEqual([expect.stringMatching(/\w+/), 0]);
  } finally {
    monitor.stop();
  }
}

/** Where the kernel's tracer is mounted for this program alone. */
const MOUNTED = ['unshare', '--mount', 'sh', '-c', 'mount -t tracefs tracefs /sys/kernel/tracing && exec "$@"', 'sh'];

systemTest(
  ['root', 'unshare'],
  'a new listening socket wakes, and nothing of the tracer stays behind; a kernel that keeps it to itself is no fault',
  async () => {
    const runner = localRunner({ prefix: MOUNTED });
    // A kernel or a container may keep its tracer to itself, and no package changes that.
    if (whyMissing(['tracefs']) !== undefined) return expectAnswer('linux-listeners', runner);
    const instances = async (): Promise<string> => {
      const output = await runner.run(['ls', '/sys/kernel/tracing/instances'], {
        timeoutMsMax: 20_000,
        bytesMax: 4096,
      });
      return output.kind === 'exited' ? output.stdout : '';
    };
    const { seen, monitor } = listening('linux-listeners', runner);
    try {
      await waitFor(() => seen.state === undefined, { what: 'the tracer to be read' });
      expect(await instances()).toMatch(/^ecluse-\d+$/m);
      const before = seen.woken;
      const server = createServer().listen(0, '127.0.0.1');
      await waitFor(() => seen.woken > before, { what: 'the wake' });
      server.close();
    } finally {
      monitor.stop();
    }
    await waitFor(async () => !(await instances()).includes('ecluse-'), { what: 'the instance to be gone' });
  },
  120_000,
);

systemTest(
  ['root', 'netns', 'iptables-legacy', 'perl'],
  'a change of a legacy table wakes where audit is on; where it is off or out of reach, that is said',
  async () => {
    // The kernel lets nobody ask from another than the first namespace of processes.
    if (whyMissing(['audit']) !== undefined) return expectAnswer('iptables', localRunner());
    const was = (await run(['perl', '-e', AUDIT, '0', '-'])).stdout;
    const { seen, monitor } = listening('iptables', localRunner());
    try {
      if (was === '0') {
        await waitFor(() => seen.state !== 'not yet', { what: 'an answer' });
        expect(seen.state).toBe("the kernel's audit is off");
        expect(await run(['perl', '-e', AUDIT, '1'])).toMatchObject({ code: 0 });
      }
      monitor.stop();
      const on = listening('iptables', localRunner());
      try {
        await waitFor(() => on.seen.state === undefined, { what: 'audit to be read' });
        await withNamespaces(['blue'], async ({ blue }) => {
          const before = on.seen.woken;
          await blue.must(['iptables-legacy', '-A', 'INPUT', '-p', 'tcp', '--dport', '99', '-j', 'ACCEPT']);
          await waitFor(() => on.seen.woken > before, { what: 'the wake' });
        });
      } finally {
        on.monitor.stop();
      }
    } finally {
      if (was === '0') await run(['perl', '-e', AUDIT, '0']);
    }
  },
  120_000,
);

test('sources are for this machine alone: no other is asked to run them', () => {
  expect(localRunner().filesInProcess).toBe(true);
  expect(localRunner({ prefix: ['ip', 'netns', 'exec', 'blue'] }).filesInProcess).toBeUndefined();
});

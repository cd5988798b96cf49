import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import {
  type CommandOutput,
  type CommandRunner,
  localRunner,
  startGlances,
  startMonitors,
} from '../../agent/collect/index.js';
import type { Glance } from '../../agent/drivers/contract.js';
import { driverById } from '../../agent/drivers/registry.js';
import { virtualClock } from '../../agent/lib/clock.js';
import type { Problem } from '../../agent/lib/result.js';
import { systemTest, waitFor, withNamespaces } from '../support/system.js';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Looks at made-up files and programs on a virtual clock; what is not there is missing. */
function watching(glances: readonly Glance[], world: Record<string, string | CommandOutput>) {
  const clock = virtualClock(0);
  const asked: string[] = [];
  const woken: number[] = [];
  const said: Problem[] = [];
  const answer = async (words: string): Promise<CommandOutput> => {
    asked.push(words);
    const found = world[words];
    if (found === undefined) return { kind: 'missing', what: words };
    return typeof found === 'string' ? { kind: 'exited', exitCode: 0, stdout: found, stderr: '' } : found;
  };
  const runner: CommandRunner = {
    run: (argv) => answer(argv.join(' ')),
    readFile: answer,
    follow: async () => ({ kind: 'cancelled' }),
    parallelMax: 1,
    filesInProcess: true,
  };
  const volatile = [{ title: 'counters', pattern: /\[\d+\]/, replacement: '' }];
  const monitor = startGlances({ dialogue: { steps: [], glances }, volatile }, runner, 'web-01', {
    wake: () => woken.push(clock.now()),
    say: (problem) => said.push(problem),
    clock,
  });
  const passUntil = async (atMs: number): Promise<void> => {
    for (let now = clock.now(); now <= atMs; now += 100) {
      for (let turn = 0; turn < 5; turn++) await settled();
      clock.advanceTo(now);
    }
    for (let turn = 0; turn < 5; turn++) await settled();
  };
  return { asked, woken, said, monitor, passUntil, world };
}

describe('a glance', () => {
  test('wakes when what counts differs, and not for the first look, for counters or for another order', async () => {
    const { woken, world, passUntil, monitor, asked } = watching(
      [
        { id: 'lines', file: '/lines', counts: /^(?<name>\w+) yes/m },
        { id: 'whole', file: '/whole' },
      ],
      { '/lines': 'a yes 1\nb no 2\n', '/whole': 'rules [5]\n' },
    );
    await passUntil(900);
    world['/lines'] = 'c no\na yes 7\n';
    world['/whole'] = 'rules [6]\n';
    await passUntil(1_900);
    expect(woken).toEqual([]);
    world['/lines'] = 'b yes\na yes\n';
    await passUntil(2_400);
    expect(woken).toEqual([2_000]);
    world['/lines'] = 'a yes\nb yes\n';
    world['/whole'] = 'other [6]\n';
    await passUntil(2_900);
    expect(woken).toEqual([2_000, 2_500]);
    delete world['/whole'];
    await passUntil(3_400);
    expect(woken).toEqual([2_000, 2_500, 3_000]);
    monitor.stop();
    const before = asked.length;
    await passUntil(9_000);
    expect(asked).toHaveLength(before);
  });

  test('of what must last counts at the second look, and when it is gone', async () => {
    const glance: Glance = { id: 'sockets', file: '/s', counts: /^\w+$/m, lasting: true };
    const { woken, world, passUntil } = watching([glance], { '/s': 'a\n' });
    await passUntil(900);
    world['/s'] = 'a\nmoment\n';
    await passUntil(1_400);
    world['/s'] = 'a\nother\n';
    await passUntil(1_900);
    expect(woken).toEqual([]);
    await passUntil(2_400);
    expect(woken).toEqual([2_000]);
    world['/s'] = 'a\n';
    await passUntil(2_900);
    expect(woken).toEqual([2_000, 2_500]);
  });

  test('behind a cheaper sign is taken when that moves, and seldom in any case', async () => {
    const after = { file: '/count', counts: /inuse (?<n>\d+)/ };
    const { woken, world, passUntil, asked } = watching([{ id: 'dear', file: '/dear', after }], {
      '/count': 'inuse 1 mem 4\n',
      '/dear': 'x',
    });
    const times = (): number => asked.filter((words) => words === '/dear').length;
    await passUntil(4_900);
    expect(times()).toBe(1);
    world['/count'] = 'inuse 2 mem 4\n';
    world['/dear'] = 'x y';
    await passUntil(5_400);
    expect([times(), woken]).toEqual([2, [5_000]]);
    world['/dear'] = 'x z';
    await passUntil(10_400);
    expect([times(), woken]).toEqual([3, [5_000, 10_000]]);
  });

  test('by a program waits for its file, is had each second, and seldom while it shows nothing', async () => {
    const { woken, world, passUntil, asked } = watching(
      [
        { id: 'rules', argv: ['save'], whileFilled: '/names' },
        { id: 'sets', argv: ['sets'] },
      ],
      { '/names': '', save: 'r1 [1]\n' },
    );
    await passUntil(3_900);
    expect(asked.filter((words) => words === 'save')).toEqual([]);
    expect(asked.filter((words) => words === 'sets')).toHaveLength(1);
    world['/names'] = 'filter\n';
    await passUntil(5_900);
    expect(woken).toEqual([4_000]);
    world.save = 'r1 [2]\nr2\n';
    await passUntil(6_900);
    expect(woken).toEqual([4_000, 6_000]);
    world.sets = 'Name: a\n';
    await passUntil(10_900);
    expect(woken).toEqual([4_000, 6_000, 10_000]);
  });

  test('that cannot be had is said once, and seen as soon as it can', async () => {
    const refused: CommandOutput = { kind: 'refused', reason: 'EACCES: permission denied' };
    const { woken, said, world, passUntil } = watching([{ id: 'f', file: '/f' }], { '/f': refused });
    await passUntil(2_000);
    expect(said.map(({ code, message }) => [code, message])).toEqual([
      [
        'GLANCE_FAILED',
        'web-01: /f: no glance (refused): EACCES: permission denied; changes are noticed at the next poll',
      ],
    ]);
    world['/f'] = 'text';
    await passUntil(3_000);
    expect(woken).toHaveLength(1);
  });
});

/** Milliseconds from an action to the wake that it must cause. */
async function noticed(woken: number[], action: () => unknown): Promise<number> {
  const before = woken.length;
  const startMs = performance.now();
  await action();
  await waitFor(() => woken.length > before, { timeoutMs: 20_000, what: `a wake after ${action}` });
  return woken[before]! - startMs;
}

describe('sockets of this machine', () => {
  test('are noticed within a second and a bit when they open and when they close', async () => {
    const woken: number[] = [];
    const listeners = driverById('linux-listeners')!;
    const monitor = startGlances(listeners, localRunner(), 'here', { wake: () => woken.push(performance.now()) });
    const server = createServer();
    const socket = createSocket('udp4');
    try {
      // The first look is the one that later ones are compared with.
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      const delays = [
        await noticed(woken, () => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))),
        await noticed(woken, () => new Promise((resolve) => server.close(resolve))),
        await noticed(woken, () => new Promise<void>((resolve) => socket.bind(21_987, '127.0.0.1', resolve))),
      ];
      for (const delay of delays) expect(delay).toBeLessThan(2_000);
    } finally {
      monitor.stop();
      socket.close();
    }
  });
});

systemTest(
  ['root', 'netns', 'ip', 'iptables-legacy', 'ipset'],
  'in a namespace sockets, forwarding, legacy rules and ipsets are noticed',
  async () => {
    await withNamespaces(['host'], async ({ host }) => {
      const woken: number[] = [];
      const wake = (): void => void woken.push(performance.now());
      const runner = localRunner({ prefix: host.inside([]) });
      await host.must(['ipset', 'create', 'office', 'hash:ip']);
      const monitors = ['linux-listeners', 'iptables'].map((id) =>
        startGlances(driverById(id)!, runner, 'host', { wake, everyMs: 100 }),
      );
      try {
        await new Promise((resolve) => setTimeout(resolve, 500));
        await noticed(woken, () => host.must(['iptables-legacy', '-A', 'INPUT', '-j', 'ACCEPT']));
        await noticed(woken, () => host.must(['iptables-legacy', '-A', 'INPUT', '-j', 'DROP']));
        await noticed(woken, () => host.must(['ipset', 'add', 'office', '192.0.2.1']));
        await noticed(woken, () => host.must(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']));
        const script = 'require("node:net").createServer().listen(2222, "127.0.0.1")';
        await noticed(woken, () => void host.start([process.execPath, '-e', script]));
      } finally {
        for (const monitor of monitors) monitor.stop();
      }
    });
  },
  120_000,
);

systemTest(['root', 'netns', 'ip'], 'routes, rules and forwarding are told by a monitor', async () => {
  await withNamespaces(['host'], async ({ host }) => {
    const woken: number[] = [];
    const wake = (): void => void woken.push(performance.now());
    const runner = localRunner({ prefix: host.inside([]) });
    const listeners = driverById('linux-listeners')!;
    const monitor = startMonitors(listeners, runner, 'host', { wake, say: () => {}, debounceMs: 1 });
    try {
      const first = async (): Promise<boolean> => {
        await host.must(['ip', 'rule', 'add', 'from', '203.0.113.0/24', 'lookup', '100']);
        await host.must(['ip', 'rule', 'del', 'from', '203.0.113.0/24', 'lookup', '100']);
        return woken.length > 0;
      };
      await waitFor(first, { what: 'the monitor' });
      for (const words of [
        ['ip', 'route', 'add', 'unreachable', '203.0.113.0/24'],
        ['ip', 'addr', 'add', '198.51.100.7/32', 'dev', 'lo'],
        ['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/lo/forwarding'],
      ]) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(await noticed(woken, () => host.must(words))).toBeLessThan(1_000);
      }
    } finally {
      monitor.stop();
    }
  });
});

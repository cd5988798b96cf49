import { once } from 'node:events';
import { createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandRunner, localRunner, startGlances, startWakes } from '../agent/collect/index.js';
import { drivers } from '../agent/drivers/registry.js';
import { run as program, withNamespaces } from '../test/support/machine.js';
import { AUDIT, whyMissing } from '../test/support/needs.js';
import { type Bench, quantile, type Row } from './bench.js';

const CHANGES = Number(process.env.ECLUSE_BENCH_CHANGES ?? 30);
/** Until every way of noticing has calmed down, and at another phase of those that look again and again. */
const BETWEEN_MS = 1_500;
const GIVE_UP_MS = 10_000;

/** The tracer, mounted for this program alone. */
const TRACED = ['unshare', '--mount', 'sh', '-c', 'mount -t tracefs tracefs /sys/kernel/tracing && exec "$@"', 'sh'];

interface Way {
  readonly what: string;
  readonly samples: number[];
  /** When it woke for the first time since `from` was set. */
  from?: number;
}

function noticing(what: string, start: (wake: () => void) => { stop(): void }) {
  const way: Way = { what, samples: [] };
  const watching = start(() => {
    if (way.from !== undefined) way.samples.push(performance.now() - way.from);
    delete way.from;
  });
  return { way, stop: () => watching.stop() };
}

function wakes(id: string, runner: CommandRunner): (wake: () => void) => { stop(): void } {
  const driver = drivers.find((one) => one.id === id)!;
  return (wake) => startWakes(driver, runner, { wake, onState: () => {} });
}

function glances(id: string, runner: CommandRunner): (wake: () => void) => { stop(): void } {
  const driver = drivers.find((one) => one.id === id)!;
  return (wake) => startGlances(driver, runner, 'bench', { wake });
}

/** Makes the change again and again, and sees how long each way of noticing takes. */
async function measured(ways: readonly ReturnType<typeof noticing>[], change: () => Promise<void>): Promise<Row[]> {
  await sleep(3_000);
  for (let index = 0; index < CHANGES; index++) {
    await sleep(BETWEEN_MS + 37 * index);
    const now = performance.now();
    for (const { way } of ways) way.from = now;
    await change();
    while (ways.some(({ way }) => way.from !== undefined) && performance.now() - now < GIVE_UP_MS) await sleep(20);
  }
  for (const { stop } of ways) stop();
  return ways.flatMap(({ way: { what, samples } }) => [
    { what: `${what}, median of ${samples.length}`, figure: quantile(samples, 0.5), unit: 'ms' },
    { what: `${what}, 99th percentile`, figure: quantile(samples, 0.99), unit: 'ms' },
  ]);
}

export const bench: Bench = {
  about:
    'From a change to the wake of a reading: what the kernel tells, beside what looking again and again notices. The time of the program that makes the change is in it. A wake is a reason to read; polling goes on.',
  missing: () => whyMissing(['root', 'netns', 'iptables-legacy', 'tracefs', 'audit']),
  async run(say) {
    say('new listening sockets');
    const sockets = await measured(
      [
        noticing('new listening socket: tracefs', wakes('linux-listeners', localRunner({ prefix: TRACED }))),
        noticing('new listening socket: looked for twice a second', glances('linux-listeners', localRunner())),
      ],
      async () => {
        const server = createServer().listen(0, '127.0.0.1');
        await once(server, 'listening');
        // Longer than the next look; its end is a change of its own, which is over before the next one.
        setTimeout(() => server.close(), 1_200);
      },
    );
    say('legacy tables');
    const was = (await program(['perl', '-e', AUDIT, '1'])).stdout;
    try {
      const rules = await withNamespaces(['bench'], async ({ bench: space }) => {
        const inside = localRunner({ prefix: ['ip', 'netns', 'exec', space.name] });
        await space.must(['iptables-legacy', '-A', 'INPUT', '-p', 'tcp', '--dport', '1', '-j', 'ACCEPT']);
        let port = 1000;
        return measured(
          [
            noticing('rule of a legacy table: audit', wakes('iptables', localRunner())),
            noticing('rule of a legacy table in a namespace: looked for by programs', glances('iptables', inside)),
          ],
          async () => {
            await space.must(['iptables-legacy', '-A', 'INPUT', '-p', 'tcp', '--dport', `${port++}`, '-j', 'ACCEPT']);
          },
        );
      });
      return [...sockets, ...rules];
    } finally {
      if (was === '0') await program(['perl', '-e', AUDIT, '0']);
    }
  },
};

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDevice } from '../agent/app/reading.js';
import type { Seal } from '../agent/collect/index.js';
import { spelled } from '../agent/collect/ssh/commands.js';
import { sshRunner } from '../agent/collect/ssh/index.js';
import { planOf } from '../agent/collect/ssh/plan.js';
import { drivers } from '../agent/drivers/registry.js';
import { type Namespace, removeLeftovers, run, tempDir, withNamespaces } from '../test/support/machine.js';
import { type Need, whyMissing } from '../test/support/needs.js';
import { makeKey, type Sshd, sshd } from '../test/support/sshd.js';
import type { Bench, Row } from './bench.js';
import { cpuSeconds, spent } from './bench.js';

/** `ECLUSE_BENCH_HOSTS` makes it smaller, for a look at whether it works at all. */
const HOSTS = Number(process.env.ECLUSE_BENCH_HOSTS ?? 200);
/** netmiko sleeps a good part of its time: fewer hosts tell how many it reads in a second. */
const PEER_HOSTS = Math.min(HOSTS, 16);
/** For what is done over connections that stand. */
const AGAIN_HOSTS = Math.min(HOSTS, 40);
const PARALLEL = 8;
const NEEDS: readonly Need[] = ['root', 'netns', 'nft', 'sshd', 'ssh-keygen'];
const PYTHON = '/usr/bin/python3';
const peerProgram = fileURLToPath(new URL('../../bench/netmiko-peer.py', import.meta.url));
const linux = drivers.filter(({ dialogue }) => dialogue.shell === undefined && dialogue.steps.length > 0);

/** A small server's filter: services with a few sources each. */
function ruleset(): string {
  const rules = Array.from(
    { length: 100 },
    (_, at) => `    ip saddr 198.51.100.${at} tcp dport ${1000 + at} accept comment "service ${at}"`,
  );
  return `table inet filter {\n  chain input {\n    type filter hook input priority filter; policy drop;\n${rules.join('\n')}\n  }\n}\n`;
}

async function inTurns(count: number, work: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

function device(server: Sshd, at: number) {
  const id = `host-${at}`;
  const source = {
    kind: 'ssh' as const,
    host: '127.0.0.1',
    port: server.port,
    user: server.user,
    hostKeys: [server.fingerprints.ed25519],
    keyFile: server.key,
    legacyAlgorithms: [],
  };
  return { id, kind: 'host' as const, interfaceZones: {}, source, drivers: linux.map((driver) => driver.id) };
}

interface Figures {
  readonly first: number;
  readonly again: number;
  readonly unchanged: number;
  readonly ownCpuMs: number;
  /** Of the servers, and of all that they start. */
  readonly hostCpuMs: number;
}

async function readAll(server: Sshd, knownKeys: string): Promise<Figures> {
  const key = randomBytes(32);
  const devices = Array.from({ length: HOSTS }, (_, at) => device(server, at));
  const runners = devices.map(({ id, source }) => sshRunner({ device: id, ...source }, { knownKeys }));
  const seals: (Seal | undefined)[] = [];
  const read = async (at: number): Promise<void> => {
    const reading = await readDevice(devices[at]!, { runner: runners[at]!, drivers, key });
    if (!reading.complete || reading.rules < 100) throw new Error(`${devices[at]!.id}: ${reading.blind.join('; ')}`);
    seals[at] = reading.seal;
  };
  let changed = 0;
  const look = async (at: number): Promise<void> => {
    if (!(await runners[at]!.isUnchanged(linux, seals[at]!))) changed++;
  };
  try {
    const before = cpuSeconds(server.pid);
    const first = await spent(() => inTurns(HOSTS, read));
    const hostCpu = cpuSeconds(server.pid) - before;
    const again = await spent(() => inTurns(AGAIN_HOSTS, read));
    const unchanged = await spent(() => inTurns(AGAIN_HOSTS, look));
    if (changed > 0) throw new Error(`${changed} hosts look changed though nothing did`);
    return {
      first: first.ms / 1000,
      again: again.ms / AGAIN_HOSTS,
      unchanged: unchanged.ms / AGAIN_HOSTS,
      ownCpuMs: first.cpuMs / HOSTS,
      hostCpuMs: (1000 * hostCpu) / HOSTS,
    };
  } finally {
    for (const runner of runners) runner.close();
  }
}

/** A login with a terminal, which netmiko wants. */
async function peer(server: Sshd, folder: string, { name }: Namespace): Promise<number> {
  await makeKey(join(folder, 'peer'));
  const shell = `ip netns exec ${name} /bin/bash --norc`;
  appendFileSync(
    join(folder, 'authorized'),
    `restrict,pty,command="${shell}" ${readFileSync(join(folder, 'peer.pub'))}`,
  );
  const commands = linux.map(planOf).flatMap(({ steps }) => steps.map(({ spellings }) => spelled(spellings[0]!)));
  const { port, user } = server;
  const wanted = { port, user, key: join(folder, 'peer'), hosts: PEER_HOSTS, parallel: PARALLEL, commands };
  const { code, stdout, stderr } = await run([PYTHON, peerProgram], {
    input: JSON.stringify(wanted),
    timeoutMs: 300_000,
  });
  if (code !== 0) throw new Error(`netmiko: ${stderr}`);
  return (JSON.parse(stdout) as { seconds: number }).seconds;
}

async function measure(say: (progress: string) => void): Promise<readonly Row[]> {
  return withNamespaces(['host'], async ({ host }) => {
    await host.must(['nft', '-f', '-'], { input: ruleset() });
    const folder = tempDir();
    const server = await sshd(folder, { inside: ['ip', 'netns', 'exec', host.name] });
    try {
      say(`${HOSTS} hosts, ${PARALLEL} at a time`);
      const { first, again, unchanged, ownCpuMs, hostCpuMs } = await readAll(server, join(folder, 'known-keys.json'));
      say(`netmiko, ${PEER_HOSTS} hosts, ${PARALLEL} at a time`);
      const peerSeconds = await peer(server, folder, host);
      return [
        {
          what: `${HOSTS} hosts read twice over and understood, with the login`,
          figure: first,
          unit: 's',
          goal: '< 30 s',
        },
        {
          what: 'the same for one host',
          figure: first / HOSTS,
          unit: 's',
          goal: '≥ 3 × faster than netmiko',
          peer: { name: 'netmiko, which reads once and understands nothing', figure: peerSeconds / PEER_HOSTS },
        },
        { what: 'one host again, over the connection that stands', figure: again, unit: 'ms' },
        { what: 'one host looked at, and nothing had changed', figure: unchanged, unit: 'ms' },
        { what: 'CPU time of Écluse for a first reading', figure: ownCpuMs, unit: 'ms' },
        { what: 'CPU time of the host for it: sshd and all it starts', figure: hostCpuMs, unit: 'ms' },
      ];
    } finally {
      await server.stop();
    }
  });
}

export const bench: Bench = {
  about: `Linux hosts read over SSH: one real sshd on loopback stands for all of them, each host with its own connection and
login; the forced command reads a network namespace with 100 rules. ${PARALLEL} hosts at a time; what runs on the hosts is done by
the same cores. netmiko (Debian's) runs the same commands on ${PEER_HOSTS} of them in the same run, also ${PARALLEL} at a time.`,
  missing() {
    const reason = whyMissing(NEEDS);
    if (reason !== undefined) return reason;
    try {
      execFileSync(PYTHON, ['-c', 'import netmiko'], { stdio: 'ignore' });
      return undefined;
    } catch {
      return 'netmiko is not there: apt-get install python3-netmiko';
    }
  },
  async run(say) {
    try {
      return await measure(say);
    } finally {
      await removeLeftovers();
    }
  },
};

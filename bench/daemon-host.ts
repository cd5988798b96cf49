import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, watch, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { must, removeLeftovers, tempDir } from '../test/support/machine.js';
import { freePort, type Rsyslog, rsyslog } from '../test/support/rsyslog.js';
import { children, cpuSeconds, quantile, type Row } from './bench.js';
import { ruleset } from './ruleset.js';

/** The half of `daemon.ts` that runs as a host: it prints its rows as JSON, and its progress on standard error. */
const program = fileURLToPath(new URL('../agent/main.js', import.meta.url));
const IDLE_SECONDS = Number(process.env.ECLUSE_BENCH_IDLE_SECONDS ?? 60);
const CHANGES = Number(process.env.ECLUSE_BENCH_CHANGES ?? 200);

const say = (text: string): void => void process.stderr.write(`${text}\n`);

interface Host {
  readonly folder: string;
  readonly config: string;
  readonly told: Rsyslog;
}

/** Daemons and receivers that still run, in case something goes wrong between their start and their end. */
const running = new Set<{ stop(): Promise<void> }>();

/** A firewall with so many rules and so many listening sockets, and who is told of it. */
async function host(name: string, rules: number, listeners: number, sockets: Server[]): Promise<Host> {
  const folder = join(tempDir(), name);
  mkdirSync(folder);
  await must(['nft', '-f', '-'], { input: `flush ruleset\n${ruleset(rules)}` });
  for (let i = sockets.length; i < listeners; i++) {
    const server = createServer().listen(10_000 + i, '127.0.0.1');
    await once(server, 'listening');
    sockets.push(server);
  }
  const told = rsyslog(folder, await freePort());
  const config = join(folder, 'config.yaml');
  writeFileSync(
    config,
    `state: ${join(folder, 'state')}
devices:
  - {id: fw1, kind: fw, interfaces: {wan0: internet}, networks: [10.0.0.0/8]}
sinks:
  - {id: siem, syslog: '127.0.0.1:${told.port}'}
`,
  );
  await told.start();
  running.add(told);
  return { folder, config, told };
}

interface Daemon {
  readonly child: ChildProcess;
  /** From the start of the process until everything was read, judged and said. */
  readonly readyMs: number;
  stop(): Promise<void>;
}

async function startDaemon(config: string): Promise<Daemon> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [program, 'start', '--config', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // As in docs/ecluse.service.
    env: { ...process.env, NODE_ENV: 'production', MALLOC_ARENA_MAX: '1' },
  });
  let said = '';
  const ready = new Promise<number>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk;
      if (said.includes('Stop with Ctrl-C')) resolve(performance.now() - startMs);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk;
      say(String(chunk).trimEnd());
    });
    child.on('exit', (code) => reject(new Error(`the daemon ended with ${code}: ${said}`)));
  });
  const stop = async (): Promise<void> => {
    running.delete(daemon);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  };
  const daemon = { stop };
  running.add(daemon);
  return { child, readyMs: await ready, stop };
}

/** Length of the file that rsyslog writes, and the moment at which it grew. */
function growth(file: string): { next(from: number, timeoutMs: number): Promise<number>; close(): void } {
  let hear: (() => void) | undefined;
  const watcher = watch(file, () => hear?.());
  return {
    next: (from, timeoutMs) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no record within ${timeoutMs} ms`)), timeoutMs);
        hear = () => {
          if (statSync(file).size <= from) return;
          const at = performance.now();
          clearTimeout(timer);
          hear = undefined;
          resolve(at);
        };
        hear();
      }),
    close: () => watcher.close(),
  };
}

/** An `nft -i` that waits for its next line, so that its start is no part of what is measured. */
function typist(): { type(line: string): void; end(): Promise<void> } {
  const nft = spawn('nft', ['-i'], { stdio: ['pipe', 'ignore', 'inherit'] });
  return {
    type: (line) => void nft.stdin.write(`${line}\n`),
    async end() {
      const ended = once(nft, 'exit');
      nft.stdin.end();
      await ended;
    },
  };
}

/** The handle of the rule that accepts this port: by it alone a rule can be deleted. */
async function handleOf(port: number): Promise<string> {
  const listed = await must(['nft', '-a', 'list', 'chain', 'inet', 'filter', 'forward']);
  return new RegExp(`dport ${port} accept # handle (?<handle>\\d+)`).exec(listed)!.groups!.handle!;
}

interface Latency {
  readonly opened: readonly number[];
  readonly shut: readonly number[];
}

async function latency({ folder }: Host, changes: number): Promise<Latency> {
  const file = join(folder, 'rsyslog.jsonl');
  if (!statSync(file, { throwIfNoEntry: false })) writeFileSync(file, '', { flag: 'a' });
  const grows = growth(file);
  const nft = typist();
  const opened: number[] = [];
  const shut: number[] = [];
  // A fixed sequence: a run can be repeated, and no pause hits the same moment of the daemon's own rounds twice.
  let chance = 12_345;
  const pause = (): Promise<void> => {
    chance = (chance * 1_103_515_245 + 12_345) % 2 ** 31;
    return sleep(100 + (chance % 900));
  };
  for (let i = 0; i < changes; i++) {
    await pause();
    const before = statSync(file).size;
    const addedMs = performance.now();
    nft.type(`insert rule inet filter forward iifname "wan0" tcp dport ${40_000 + i} accept`);
    const toldMs = await grows.next(before, 30_000);
    opened.push(toldMs - addedMs);
    const handle = await handleOf(40_000 + i);
    await pause();
    const open = statSync(file).size;
    const deletedMs = performance.now();
    nft.type(`delete rule inet filter forward handle ${handle}`);
    shut.push((await grows.next(open, 30_000)) - deletedMs);
    if (i % 20 === 19) say(`${i + 1} of ${changes} changes`);
  }
  await nft.end();
  grows.close();
  return { opened, shut };
}

/** Megabytes of one line of proc(5)'s status or smaps_rollup. */
function memory(pid: number, file: 'status' | 'smaps_rollup', name: string): number {
  const found = new RegExp(`^${name}:\\s+(?<kib>\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'));
  return Number(found!.groups!.kib) / 1024;
}

async function idle(pid: number): Promise<readonly Row[]> {
  const before = cpuSeconds(pid);
  const startMs = performance.now();
  await sleep(IDLE_SECONDS * 1000);
  const seconds = (performance.now() - startMs) / 1000;
  const share = (100 * (cpuSeconds(pid) - before)) / seconds;
  const family = [pid, ...children(pid)].map((one) => memory(one, 'smaps_rollup', 'Pss'));
  const resident = memory(pid, 'status', 'VmRSS');
  const rest = family.slice(1).reduce((sum, one) => sum + one, 0);
  const what = '500 rules, 200 listeners, nothing happens';
  return [
    { what: `${what}, ${Math.round(seconds)} s: CPU`, figure: share, unit: '% of one core', goal: '≤ 1 %' },
    { what: `${what}: resident`, figure: resident, unit: 'MB', goal: '≤ 120 MB' },
    { what: `${what}: its monitors beside it`, figure: rest, unit: 'MB' },
  ];
}

function latencyRows(what: string, { opened, shut }: Latency): readonly Row[] {
  return [
    {
      what: `${what}: rule added → record, median of ${opened.length}`,
      figure: quantile(opened, 0.5),
      unit: 'ms',
      goal: '≤ 100 ms',
    },
    { what: `${what}: rule added → record, p99`, figure: quantile(opened, 0.99), unit: 'ms', goal: '≤ 250 ms' },
    { what: `${what}: rule added → record, longest`, figure: Math.max(...opened), unit: 'ms' },
    { what: `${what}: rule deleted → record, median of ${shut.length}`, figure: quantile(shut, 0.5), unit: 'ms' },
    { what: `${what}: rule deleted → record, p99`, figure: quantile(shut, 0.99), unit: 'ms' },
  ];
}

async function measured(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const sockets: Server[] = [];
  const worlds = [
    { what: '20 rules, 10 listeners', rules: 20, listeners: 10 },
    { what: '500 rules, 200 listeners', rules: 500, listeners: 200 },
  ];
  for (const { what, rules, listeners } of worlds) {
    const one = await host(`${rules}`, rules, listeners, sockets);
    const first = await startDaemon(one.config);
    rows.push({ what: `${what}: first start → first judgement`, figure: first.readyMs, unit: 'ms', goal: '≤ 2 s' });
    await first.stop();
    const daemon = await startDaemon(one.config);
    rows.push({ what: `${what}: start again → first judgement`, figure: daemon.readyMs, unit: 'ms', goal: '≤ 2 s' });
    say(`${what}: ${CHANGES} changes`);
    // The heartbeat comes at the start; it is no record of a change.
    await sleep(6_000);
    if (rules === 500 && IDLE_SECONDS > 0) {
      say(`${what}: idle for ${IDLE_SECONDS} s`);
      rows.push(...(await idle(daemon.child.pid!)));
    }
    rows.push(...latencyRows(what, await latency(one, CHANGES)));
    await daemon.stop();
    await one.told.stop();
    running.delete(one.told);
  }
  for (const socket of sockets) socket.close();
  return rows;
}

try {
  process.stdout.write(JSON.stringify(await measured()));
} finally {
  for (const one of running) await one.stop();
  removeLeftovers();
}

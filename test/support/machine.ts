import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemPath } from './needs.js';

/**
 * Helpers that touch the machine: programs, namespaces, temporary folders, waiting. Free of jest, so that a play
 * outside the tests can use them too.
 */
export interface Outcome {
  /** Undefined when a signal ended the program. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Written to standard input, which is then closed. */
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  /** Added to the environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** 30 s when not said: a program that hangs must fail its own test, not the whole run. */
  readonly timeoutMs?: number;
}

function environment(extra: RunOptions['env']): NodeJS.ProcessEnv {
  return { ...process.env, PATH: systemPath(), LC_ALL: 'C.UTF-8', ...extra };
}

/** Runs a program to its end. An exit code other than 0 is an outcome; only a program that cannot start rejects. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0]!, argv.slice(1), { cwd: options.cwd, env: environment(options.env) });
    // Not spawn's own `timeout`: its timer lives on when the program could not be started at all.
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    // A program that ends before it has read all its input makes the pipe break; its exit code says the rest.
    child.stdin.on('error', () => {});
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({
        code: code ?? undefined,
        signal: signal ?? undefined,
        stdout: Buffer.concat(out).toString('utf8'),
        stderr: Buffer.concat(err).toString('utf8'),
      });
    });
    child.stdin.end(options.input ?? '');
  });
}

/** Runs a program that must succeed, for the scenery of a test; gives its standard output. */
export async function must(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const outcome = await run(argv, options);
  if (outcome.code === 0) return outcome.stdout;
  throw new Error(`${argv.join(' ')}: ${outcome.signal ?? `exit code ${outcome.code}`}\n${outcome.stderr}`);
}

export interface Namespace {
  /** The name `ip netns` knows. */
  readonly name: string;
  readonly path: string;
  /** The argv that runs `argv` inside. */
  inside(argv: readonly string[]): readonly string[];
  run(argv: readonly string[], options?: RunOptions): Promise<Outcome>;
  must(argv: readonly string[], options?: RunOptions): Promise<string>;
  /** Starts a program that goes on; it is ended, by its pid, with the namespace. */
  start(argv: readonly string[], options?: Pick<RunOptions, 'cwd' | 'env'>): ChildProcess;
  /**
   * Writes a file that programs inside see under /etc in the place of the machine's own (ip-netns(8)). The first part
   * of the path must exist in the machine's /etc, and is hidden whole where it is a folder.
   */
  etc(path: string, text: string): void;
}

/** The namespaces that exist now, each with the programs started in it. */
const living = new Map<string, ChildProcess[]>();
let counter = 0;

function namespace(name: string): Namespace {
  const inside = (argv: readonly string[]): readonly string[] => ['ip', 'netns', 'exec', name, ...argv];
  return {
    name,
    path: `/run/netns/${name}`,
    inside,
    run: (argv, options) => run(inside(argv), options),
    must: (argv, options) => must(inside(argv), options),
    start: (argv, options = {}) => {
      const [file, ...rest] = inside(argv);
      const child = spawn(file!, rest, { cwd: options.cwd, env: environment(options.env) });
      living.get(name)?.push(child);
      return child;
    },
    etc: (path, text) => {
      const file = join(etcOf(name), path);
      mkdirSync(dirname(file), { recursive: true });
      // In one step: whoever reads meanwhile finds the one text or the other.
      writeFileSync(`${etcOf(name)}.new`, text);
      renameSync(`${etcOf(name)}.new`, file);
    },
  };
}

function etcOf(name: string): string {
  return join('/etc/netns', name);
}

function pidsIn(name: string): readonly number[] {
  const listed = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8', env: environment(undefined) });
  return listed.stdout.split('\n').filter(Boolean).map(Number);
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended by itself between the listing and the signal.
    }
  }
}

async function remove(name: string): Promise<void> {
  signalAll(pidsIn(name), 'SIGTERM');
  for (let tries = 0; tries < 20 && pidsIn(name).length > 0; tries++) await sleep(50);
  removeNow(name);
}

function removeNow(name: string): void {
  signalAll(pidsIn(name), 'SIGKILL');
  spawnSync('ip', ['netns', 'del', name], { env: environment(undefined) });
  for (const child of living.get(name) ?? []) {
    // A pipe that nobody read never sees its end, and would keep this process alive.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
  }
  rmSync(etcOf(name), { recursive: true, force: true });
  living.delete(name);
}

/**
 * Makes one network namespace for each name, with `lo` up, and gives them to `action`. They have no link to anything
 * outside. Real names are `ecl-PID-COUNTER-NAME`, so parallel runs never meet; whatever happens, the processes inside
 * are ended and the namespaces deleted.
 */
export async function withNamespaces<Name extends string, T>(
  names: readonly Name[],
  action: (namespaces: Readonly<Record<Name, Namespace>>) => T | Promise<T>,
): Promise<T> {
  const made: Partial<Record<Name, Namespace>> = {};
  const real: string[] = [];
  try {
    for (const name of names) {
      const unique = `ecl-${process.pid}-${++counter}-${name}`;
      await must(['ip', 'netns', 'add', unique]);
      real.push(unique);
      living.set(unique, []);
      await must(['ip', '-n', unique, 'link', 'set', 'lo', 'up']);
      made[name] = namespace(unique);
    }
    return await action(made as Record<Name, Namespace>);
  } finally {
    for (const unique of real) await remove(unique);
  }
}

const folders = new Set<string>();

/** A new empty folder, removed by `removeLeftovers`. */
export function tempDir(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ecl-'));
  folders.add(folder);
  return folder;
}

/** Deletes what a test that timed out could not: jest leaves its promise hanging, so no `finally` is reached. */
export function removeLeftovers(): void {
  for (const name of [...living.keys()]) removeNow(name);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}

/** Asks until the answer is truthy, and gives it; fails with `what` when the time is over. */
export async function waitFor<T>(
  predicate: () => T | Promise<T>,
  options: { readonly timeoutMs?: number; readonly intervalMs?: number; readonly what?: string } = {},
): Promise<NonNullable<T>> {
  const timeoutMs = options.timeoutMs ?? 20_000;
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const answer = await predicate();
    if (answer) return answer;
    if (performance.now() >= endMs) throw new Error(`waited ${timeoutMs} ms in vain for ${options.what ?? predicate}`);
    await sleep(options.intervalMs ?? 20);
  }
}

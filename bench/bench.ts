import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

/**
 * What every measurement of this folder has in common: rows of figures, and the few sums they are made with. A bench
 * measures and says; it judges nothing, and no test depends on how fast this machine is.
 */
export interface Row {
  /** What was done, as one line of a table says it. */
  readonly what: string;
  readonly figure: number;
  /** `ms`, `s`, `MB`, `packets/s`, `× netmiko`… */
  readonly unit: string;
  /** What it should reach, in words: `≤ 100 ms`. */
  readonly goal?: string;
  /** The same work by somebody else's program in the same run. */
  readonly peer?: { readonly name: string; readonly figure: number };
}

export interface Bench {
  /** What is measured, and how, in one or two sentences: stands above its table. */
  readonly about: string;
  /** What the machine lacks for it: `undefined` where nothing is. */
  missing?(): string | undefined;
  run(say: (progress: string) => void): Promise<readonly Row[]>;
}

/** The value below which `share` (0 to 1) of the samples lie; `samples` is not empty. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))]!;
}

export interface Spent {
  /** Wall-clock milliseconds. */
  readonly ms: number;
  /** Milliseconds of this process' CPU time, all threads. */
  readonly cpuMs: number;
}

/** How long `action` took: on a busy machine the CPU time is the steadier of the two. */
export async function spent<T>(action: () => T | Promise<T>): Promise<Spent & { readonly result: T }> {
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  const result = await action();
  const ms = performance.now() - startMs;
  const used = process.cpuUsage(cpu);
  return { result, ms, cpuMs: (used.user + used.system) / 1000 };
}

/**
 * Milliseconds of processor time that the main thread has had. Where others share the machine this is what the wall
 * clock would show without them; work of other threads (garbage, compilation) that the main one does not wait for is
 * not in it. Where the system does not tell, the wall clock.
 */
export function mainThreadMs(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return performance.now();
  }
}

/** USER_HZ of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Of a process, and theirs. */
export function children(pid: number): readonly number[] {
  const own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  return [...own, ...own.flatMap(children)];
}

function fieldsOf(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Seconds of CPU of a process, of what it waited for, and of what still runs under it (proc(5), fields 14 to 17). */
export function cpuSeconds(pid: number): number {
  const ticks = [pid, ...children(pid)].map((one) => {
    try {
      return fieldsOf(one)
        .slice(11, 15)
        .reduce((sum, field) => sum + Number(field), 0);
    } catch {
      // It ended while it was looked at; its parent has waited for it, and has its time.
      return 0;
    }
  });
  return ticks.reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND;
}

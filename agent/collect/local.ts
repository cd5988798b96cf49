import { closeSync, constants, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { stepByStep } from './dialogue.js';
import { type Lanes, openLanes } from './lanes.js';
import { decoded, end, STDERR_BYTES_MAX, start, systemFailure } from './processes.js';
import type { CommandOutput, CommandRunner, Conversed, FollowOptions, RunLimits } from './runner.js';

export interface LocalOptions {
  /** Put before every command, such as `['ip', 'netns', 'exec', 'blue']`: a namespace is then read as a device. */
  readonly prefix?: readonly string[];
}

export interface LocalRunner extends CommandRunner {
  /** All of a reading by shells that start the programs. */
  converse: NonNullable<CommandRunner['converse']>;
  /** Ends the shells that wait for the next reading; they are no reason for this process to go on. */
  close(): void;
}

const PARALLEL_MAX = 4;

/** Reads this machine. */
export function localRunner(options: LocalOptions = {}): LocalRunner {
  const prefix = options.prefix ?? [];
  const lanesMax = Math.min(PARALLEL_MAX, availableParallelism() + 1);
  let kept: Lanes | undefined;
  const run = async (argv: readonly string[], limits: RunLimits): Promise<CommandOutput> => {
    const output = await execute([...prefix, ...argv], limits);
    return prefix.length > 0 && saysMissing(output, argv[0]!) ? { kind: 'missing', what: argv[0]! } : output;
  };
  const lanes = (): Lanes => {
    // Behind a prefix they are opened anew: the namespace of that name may be another one by now.
    if (prefix.length > 0) return openLanes(prefix, lanesMax);
    kept ??= openLanes(prefix, lanesMax);
    return kept;
  };
  return {
    ...asking(prefix, run),
    async converse(speakers, { passes, signal }) {
      const open = lanes();
      const inLanes = asking(prefix, async (argv, limits) => {
        const output = await open.run(argv, limits);
        return output === undefined ? run(argv, limits) : output;
      });
      const conversed: Conversed[] = [];
      try {
        while (conversed.length < passes) {
          const answers = await stepByStep(speakers, { ...inLanes, parallelMax: lanesMax }, signal ? { signal } : {});
          conversed.push({ answers });
        }
      } finally {
        if (open !== kept) open.close();
      }
      return conversed;
    },
    close() {
      kept?.close();
      kept = undefined;
    },
  };
}

/** All that can be asked, given how a program is run. */
function asking(prefix: readonly string[], run: CommandRunner['run']): CommandRunner {
  return {
    run,
    // A file under /proc depends on who reads it: behind a prefix the reading must happen behind it too.
    readFile: async (path, limits) => {
      if (prefix.length === 0) return readLocalFile(path, limits);
      const output = await run(['cat', '--', path], limits);
      const absent =
        output.kind === 'exited' && output.exitCode !== 0 && /No such file or directory/.test(output.stderr);
      return absent && output.stderr.startsWith('cat: ') ? { kind: 'missing', what: path } : output;
    },
    follow: (argv, followed) => follow([...prefix, ...argv], followed),
    parallelMax: PARALLEL_MAX,
    ...(prefix.length === 0 && { filesInProcess: true as const }),
  };
}

/**
 * A program behind a prefix that does not exist: `ip netns exec` says `exec of "nft" failed: No such file or
 * directory`, nsenter and setpriv `failed to execute nft: …`, sudo and env `nft: command not found` or `'nft': No …`.
 */
function saysMissing(output: CommandOutput, program: string): boolean {
  if (output.kind !== 'exited' || output.exitCode === 0) return false;
  const name = program.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const quoted = `["'‘]?${name}["'’]?`;
  const pattern = new RegExp(
    `exec of ${quoted} failed: No such file|failed to execute ${quoted}: No such file|${quoted}: (?:command not found|No such file)`,
  );
  return pattern.test(output.stderr);
}

function execute(argv: readonly string[], limits: RunLimits): Promise<CommandOutput> {
  return new Promise((resolve) => {
    if (limits.signal?.aborted) return resolve({ kind: 'cancelled' });
    const child = start(argv);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let outBytes = 0;
    let errBytes = 0;
    let settled = false;
    const settle = (output: CommandOutput, stillRuns = false): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      limits.signal?.removeEventListener('abort', cancel);
      if (stillRuns) end(child);
      resolve(output);
    };
    const cancel = (): void => settle({ kind: 'cancelled' }, true);
    const timer = setTimeout(
      () => settle({ kind: 'timeout', afterMs: limits.timeoutMsMax }, true),
      limits.timeoutMsMax,
    );
    limits.signal?.addEventListener('abort', cancel, { once: true });
    child.on('error', (error) => settle(systemFailure(argv[0]!, error)));
    child.stdout?.on('data', (chunk: Buffer) => {
      outBytes += chunk.length;
      if (outBytes > limits.bytesMax) settle({ kind: 'too-large', bytesMax: limits.bytesMax }, true);
      else out.push(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      if (errBytes < STDERR_BYTES_MAX) err.push(chunk);
      errBytes += chunk.length;
    });
    child.on('close', (exitCode, signal) => {
      const stderr = Buffer.concat(err).subarray(0, STDERR_BYTES_MAX).toString('utf8');
      if (exitCode === null) return settle({ kind: 'killed', signal: signal ?? 'unknown', stderr });
      settle(decoded(Buffer.concat(out), exitCode, stderr));
    });
  });
}

function follow(argv: readonly string[], options: FollowOptions): Promise<CommandOutput> {
  return new Promise((resolve) => {
    if (options.signal.aborted) return resolve({ kind: 'cancelled' });
    const child = start(argv);
    let stderr = '';
    const cancel = (): void => {
      end(child);
      resolve({ kind: 'cancelled' });
    };
    options.signal.addEventListener('abort', cancel, { once: true });
    const finish = (output: CommandOutput): void => {
      options.signal.removeEventListener('abort', cancel);
      resolve(output);
    };
    child.on('error', (error) => finish(systemFailure(argv[0]!, error)));
    child.stdout?.on('data', options.onOutput);
    child.stderr?.on('data', (chunk: Buffer) => {
      if (stderr.length < STDERR_BYTES_MAX) stderr += chunk.toString('utf8');
    });
    child.on('close', (exitCode, signal) => {
      if (exitCode === null) finish({ kind: 'killed', signal: signal ?? 'unknown', stderr });
      else finish({ kind: 'exited', exitCode, stdout: '', stderr });
    });
  });
}

/**
 * Files under /proc are made by the kernel at once and never wait for a disk: read without going through Node's pool
 * of threads they cost a tenth, which counts where they are looked at twice a second.
 */
function readKernelFile(path: string, limits: RunLimits): CommandOutput {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const chunks: Buffer[] = [];
    let bytes = 0;
    for (;;) {
      const length = readSync(descriptor, scratch);
      if (length === 0) break;
      bytes += length;
      if (bytes > limits.bytesMax) return { kind: 'too-large', bytesMax: limits.bytesMax };
      const chunk = Buffer.from(scratch.subarray(0, length));
      chunks.push(chunk);
      if (limits.until?.test(chunk.toString('latin1'))) break;
    }
    return decoded(Buffer.concat(chunks), 0, '');
  } catch (error) {
    return systemFailure(path, error as NodeJS.ErrnoException);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

const scratch = Buffer.alloc(64 * 1024);

async function readLocalFile(path: string, limits: RunLimits): Promise<CommandOutput> {
  if (path.startsWith('/proc/')) return limits.signal?.aborted ? { kind: 'cancelled' } : readKernelFile(path, limits);
  let handle: FileHandle | undefined;
  try {
    // O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const chunks: Buffer[] = [];
    let bytes = 0;
    const endMs = performance.now() + limits.timeoutMsMax;
    // Files under /proc say that their size is 0: read until the end, not until the size.
    for (;;) {
      if (limits.signal?.aborted) return { kind: 'cancelled' };
      if (performance.now() > endMs) return { kind: 'timeout', afterMs: limits.timeoutMsMax };
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(64 * 1024));
      if (bytesRead === 0) break;
      bytes += bytesRead;
      if (bytes > limits.bytesMax) return { kind: 'too-large', bytesMax: limits.bytesMax };
      chunks.push(buffer.subarray(0, bytesRead));
    }
    return decoded(Buffer.concat(chunks), 0, '');
  } catch (error) {
    return systemFailure(path, error as NodeJS.ErrnoException);
  } finally {
    await handle?.close();
  }
}

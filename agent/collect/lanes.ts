import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import { decoded, end, STDERR_BYTES_MAX, start } from './processes.js';
import type { CommandOutput, RunLimits } from './runner.js';

/**
 * Programs are started by a shell that is small and not by this process: to start one, the system copies the page
 * tables of the one who starts it, which takes 5 ms where 150 MB are in use, and a reading takes twenty programs. A
 * lane is one such shell. It is given one command at a time by its input, and says a mark behind what that printed.
 */
export interface Lanes {
  /** As `execute` would run it, `undefined` where the shell itself could not. Waits while every lane is taken. */
  run(argv: readonly string[], limits: RunLimits): Promise<CommandOutput | undefined>;
  /** Ends the shells; what runs in them is ended too. */
  close(): void;
}

interface Lane {
  run(argv: readonly string[], limits: RunLimits): Promise<CommandOutput | undefined>;
  readonly ended: boolean;
  close(): void;
}

/** `prefix` stands before the shell. */
export function openLanes(prefix: readonly string[], count: number): Lanes {
  const lanes = new Set<Lane>();
  const free: Lane[] = [];
  const waiting: (() => void)[] = [];
  let taken = 0;
  return {
    async run(argv, limits) {
      while (taken >= count) await new Promise<void>((resolve) => waiting.push(resolve));
      taken++;
      const lane = free.pop() ?? openLane(prefix);
      lanes.add(lane);
      try {
        return await lane.run(argv, limits);
      } finally {
        taken--;
        if (lane.ended) lanes.delete(lane);
        else free.push(lane);
        waiting.shift()?.();
      }
    },
    close() {
      for (const lane of lanes) lane.close();
      lanes.clear();
      free.length = 0;
    },
  };
}

/** Longer than any mark with its status. */
const TAIL_BYTES = 64;

/** What one command prints on one stream, up to the mark. */
function stream(mark: string, keptMax: number) {
  const chunks: Buffer[] = [];
  const pattern = new RegExp(`${mark} (?<status>\\d+)\\n$`);
  let bytes = 0;
  let tail = '';
  let found: RegExpExecArray | null = null;
  return {
    take(chunk: Buffer): void {
      if (bytes < keptMax + TAIL_BYTES) chunks.push(chunk);
      bytes += chunk.length;
      tail = (tail + chunk.subarray(-TAIL_BYTES).toString('latin1')).slice(-TAIL_BYTES);
      found = pattern.exec(tail);
    },
    /** Exit code of the command; `undefined` before the mark. */
    status: (): number | undefined => (found ? Number(found.groups!.status) : undefined),
    /** Without the mark. */
    length: (): number => bytes - (found?.[0].length ?? 0),
    content(): Buffer {
      return Buffer.concat(chunks).subarray(0, bytes - (found?.[0].length ?? 0));
    },
  };
}

function openLane(prefix: readonly string[]): Lane {
  const shell = start([...prefix, 'sh'], 'pipe');
  // No program can know it, so none can print what looks like the end of its own output.
  const mark = randomBytes(16).toString('hex');
  let ended = false;
  let hear: { out(chunk: Buffer): void; err(chunk: Buffer): void; end(): void } | undefined;
  const finish = (): void => {
    ended = true;
    hear?.end();
  };
  // Whoever ends first, the shell or the one who writes to it, the other end of the pipe breaks.
  shell.stdin!.on('error', finish);
  shell.on('error', finish);
  shell.on('close', finish);
  const close = (): void => {
    if (ended) return;
    ended = true;
    end(shell);
  };
  // What is printed while nothing was asked comes from something that a program left behind: no answer may hold it.
  shell.stdout!.on('data', (chunk: Buffer) => (hear ? hear.out(chunk) : close()));
  shell.stderr!.on('data', (chunk: Buffer) => (hear ? hear.err(chunk) : close()));
  return {
    get ended() {
      return ended;
    },
    close,
    run: (argv, limits) =>
      new Promise((resolve) => {
        if (limits.signal?.aborted) return resolve({ kind: 'cancelled' });
        if (ended) return resolve(undefined);
        keepsAwake(shell, true);
        const [out, err] = [stream(mark, limits.bytesMax), stream(mark, STDERR_BYTES_MAX)];
        const settle = (output: CommandOutput | undefined): void => {
          clearTimeout(timer);
          limits.signal?.removeEventListener('abort', cancel);
          hear = undefined;
          keepsAwake(shell, false);
          resolve(output);
        };
        const giveUp = (output: CommandOutput): void => {
          close();
          settle(output);
        };
        const cancel = (): void => giveUp({ kind: 'cancelled' });
        const timer = setTimeout(() => giveUp({ kind: 'timeout', afterMs: limits.timeoutMsMax }), limits.timeoutMsMax);
        limits.signal?.addEventListener('abort', cancel, { once: true });
        const look = (): void => {
          if (out.length() > limits.bytesMax) giveUp({ kind: 'too-large', bytesMax: limits.bytesMax });
          const status = out.status();
          if (status === undefined || err.status() === undefined) return;
          const stderr = err.content().subarray(0, STDERR_BYTES_MAX).toString('utf8');
          settle(outputOf(argv[0]!, status, out.content(), stderr));
        };
        hear = {
          out(chunk) {
            out.take(chunk);
            look();
          },
          err(chunk) {
            err.take(chunk);
            look();
          },
          end: () => settle(undefined),
        };
        shell.stdin!.write(line(argv, mark));
      }),
  };
}

/** A shell that waits for a command is no reason for this process to go on. */
function keepsAwake(shell: ChildProcess, awake: boolean): void {
  const pipes = [shell.stdin, shell.stdout, shell.stderr] as readonly { ref?(): void; unref?(): void }[];
  for (const one of [shell, ...pipes]) {
    if (awake) one.ref?.();
    else one.unref?.();
  }
}

/**
 * `exec` in a shell of its own never takes a command that the shell itself knows by that name. The status goes out on
 * both streams, so that the end of each is known.
 */
function line(argv: readonly string[], mark: string): string {
  const words = argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  return `(exec ${words} </dev/null); s=$?; printf '%s %s\\n' ${mark} "$s"; printf '%s %s\\n' ${mark} "$s" >&2\n`;
}

/** What a shell says where there is no such program (127), or it may not be run (126), as POSIX numbers them. */
function outputOf(program: string, status: number, out: Buffer, stderr: string): CommandOutput {
  if (status === 127 && /^[^\n]*\bsh: [^\n]*: (?:command )?not found\n?$/.test(stderr))
    return { kind: 'missing', what: program };
  if (status === 126 && /^[^\n]*\bsh: [^\n]*: Permission denied\n?$/.test(stderr))
    return { kind: 'refused', reason: stderr.trim() };
  if (status > 128) return { kind: 'killed', signal: signalName(status - 128), stderr };
  return decoded(out, status, stderr);
}

function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, one]) => one === number)?.[0] ?? `${number}`;
}

import type { ClientChannel } from 'ssh2';
import { displayMessage } from '../capture.js';
import type { CommandOutput, FollowOptions, RunLimits } from '../runner.js';
import { decodeUtf8 } from '../utf8.js';
import { REFUSAL, REFUSAL_CODE } from './commands.js';
import type { Link } from './link.js';

const STDERR_BYTES_MAX = 64 * 1024;
/** How long a channel may take to close before the whole connection is given up. */
const GRACE_MS = 5_000;

interface Ask {
  readonly link: Link;
  readonly line: string;
  /** Named where it is not there. */
  readonly program: string;
  readonly signal?: AbortSignal;
  readonly timeoutMsMax?: number;
  readonly bytesMax: number;
  /** Is given the output as it comes, and it is kept nowhere else. */
  readonly onOutput?: (chunk: Buffer) => void;
  readonly onError?: (chunk: Buffer) => void;
  /** Left out, the input stays open for as long as the program is wanted. */
  readonly input?: string;
}

/** Runs one command to its end. */
export function execute(link: Link, line: string, program: string, limits: RunLimits): Promise<CommandOutput> {
  const { timeoutMsMax, bytesMax, signal } = limits;
  return ask({ link, line, program, timeoutMsMax, bytesMax, input: '', ...(signal && { signal }) });
}

/** Runs one that goes on; what it says is only counted as a sign. */
export function follow(link: Link, line: string, program: string, options: FollowOptions): Promise<CommandOutput> {
  return ask({ link, line, program, bytesMax: Number.POSITIVE_INFINITY, ...options });
}

export interface Hearing {
  readonly input: string;
  readonly onOutput: (chunk: Buffer) => void;
  readonly onError: (chunk: Buffer) => void;
  readonly signal: AbortSignal;
}

/** Runs one whose output is taken in piece by piece; it has no limits of its own, and is ended by the signal. */
export function hear(link: Link, line: string, hearing: Hearing): Promise<CommandOutput> {
  return ask({ link, line, program: 'sh', bytesMax: Number.POSITIVE_INFINITY, ...hearing });
}

function ask(options: Ask): Promise<CommandOutput> {
  const { link, line, program, signal, timeoutMsMax, bytesMax, onOutput, onError, input } = options;
  return new Promise((resolve) => {
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let outBytes = 0;
    let errBytes = 0;
    let channel: ClientChannel | undefined;
    let exit: { readonly code?: number; readonly signal?: string } | undefined;
    let settled = false;
    const settle = (output: CommandOutput, stillRuns = false): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      stopListening();
      if (stillRuns) drop(link, channel);
      resolve(output);
    };
    const cancel = (): void => settle({ kind: 'cancelled' }, true);
    const timer =
      timeoutMsMax === undefined
        ? undefined
        : setTimeout(() => settle({ kind: 'timeout', afterMs: timeoutMsMax }, true), timeoutMsMax);
    let stopListening = (): void => {};
    stopListening = link.onLost((reason) => settle({ kind: 'broken', reason: `the connection was lost: ${reason}` }));
    if (settled) return stopListening();
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted) return settle({ kind: 'cancelled' });
    const end = (): void => {
      const stderr = Buffer.concat(err).subarray(0, STDERR_BYTES_MAX).toString('utf8');
      if (!exit) {
        settle({ kind: 'broken', reason: 'the server closed the channel without an exit code' });
        return;
      }
      if (exit.code === undefined) settle({ kind: 'killed', signal: displayMessage(exit.signal ?? '', 32), stderr });
      else settle(outputOf(Buffer.concat(out), exit.code, stderr, program));
    };
    const opened = (error: Error | undefined, stream: ClientChannel): void => {
      if (error) {
        const reason = `the server opens no channel: ${displayMessage(error.message)}`;
        settle({ kind: 'broken', reason });
        return;
      }
      channel = stream;
      stream.on('error', () => {});
      // It was given up while the server thought about it.
      if (settled) {
        drop(link, stream);
        return;
      }
      stream.on('data', (chunk: Buffer) => {
        if (onOutput) {
          onOutput(chunk);
          return;
        }
        outBytes += chunk.length;
        if (outBytes > bytesMax) settle({ kind: 'too-large', bytesMax }, true);
        else out.push(chunk);
      });
      stream.stderr.on('data', (chunk: Buffer) => {
        onError?.(chunk);
        if (errBytes < STDERR_BYTES_MAX) err.push(chunk);
        errBytes += chunk.length;
      });
      stream.on('exit', (code: number | null, name?: string) => {
        exit = code === null ? { signal: name ?? 'unknown' } : { code };
      });
      stream.on('close', end);
      // What goes on is ended by the end of its input.
      if (input !== undefined) stream.end(input);
    };
    try {
      link.client.exec(line, opened);
    } catch (error) {
      settle({ kind: 'broken', reason: `the connection was lost: ${displayMessage((error as Error).message)}` });
    }
  });
}

/** Ends a command. A server that does not even close a channel is hung: nothing else on the connection is worth a wait. */
function drop(link: Link, channel: ClientChannel | undefined): void {
  const timer = setTimeout(() => link.close('the server does not close a channel'), GRACE_MS);
  timer.unref();
  const stop = link.onLost(() => clearTimeout(timer));
  if (!channel) return;
  channel.on('close', () => {
    clearTimeout(timer);
    stop();
  });
  channel.resume();
  try {
    // Servers refuse the signal behind a forced command; there the end of the input ends the program.
    channel.signal('TERM');
    channel.close();
  } catch {
    // The connection is gone already.
  }
}

function outputOf(bytes: Buffer, exitCode: number, stderr: string, program: string): CommandOutput {
  const first = stderr.split('\n', 1)[0]!;
  if (exitCode === REFUSAL_CODE && stderr.startsWith(REFUSAL)) {
    return {
      kind: 'refused',
      reason: 'the forced command on the device does not allow it: install the one that `ecluse trust --script` prints',
    };
  }
  // env(1) says so in the language of the account; its name and the exit code are the same in all.
  if (exitCode === 127 && first.startsWith('env: ') && first.includes(program))
    return { kind: 'missing', what: program };
  const decoded = decodeUtf8(bytes);
  if ('badOffset' in decoded) return { kind: 'not-utf8', offset: decoded.badOffset };
  return { kind: 'exited', exitCode, stdout: decoded.text, stderr };
}

import { type ChildProcess, spawn } from 'node:child_process';
import type { CommandOutput } from './runner.js';
import { decodeUtf8 } from './utf8.js';

/** Programs of this machine: how they are started, ended, and what became of them. */

/** Where Debian keeps the administrator's programs; cron and ordinary users have a PATH without them. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
export const STDERR_BYTES_MAX = 64 * 1024;
/** From SIGTERM to SIGKILL: long enough for sudo to pass the signal on. */
const GRACE_MS = 500;

/**
 * The environment is made anew: messages in English, and nothing of ours (tokens, passwords) reaches a program that
 * only has to read.
 */
function environment(): NodeJS.ProcessEnv {
  const own = (process.env.PATH ?? '').split(':').filter((folder) => folder.startsWith('/'));
  return { PATH: [...new Set([...own, ...SYSTEM_FOLDERS])].join(':'), LC_ALL: 'C' };
}

/** Programs that may still run: none is left behind when this process ends. */
const living = new Set<ChildProcess>();

function killLiving(): void {
  for (const child of living) signalGroup(child, 'SIGKILL');
}

export function start(argv: readonly string[], input: 'ignore' | 'pipe' = 'ignore'): ChildProcess {
  // `detached` makes the program the leader of a process group, so that its children can be ended with it.
  const child = spawn(argv[0]!, argv.slice(1), {
    cwd: '/',
    env: environment(),
    stdio: [input, 'pipe', 'pipe'],
    detached: true,
  });
  if (living.size === 0) process.on('exit', killLiving);
  living.add(child);
  child.on('close', () => forget(child));
  child.on('error', () => forget(child));
  return child;
}

function forget(child: ChildProcess): void {
  if (living.delete(child) && living.size === 0) process.off('exit', killLiving);
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The whole group has ended already.
  }
}

/** Ends the group; the pipes are dropped at once, because a grandchild in a group of its own may hold them open. */
export function end(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
  signalGroup(child, 'SIGTERM');
  // A leader that ended on SIGTERM may leave children that did not, so the second signal is always sent.
  setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS);
}

export function systemFailure(what: string, error: NodeJS.ErrnoException): CommandOutput {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return { kind: 'missing', what };
  const kind = error.code === 'EACCES' || error.code === 'EPERM' ? 'refused' : 'broken';
  return { kind, reason: error.message };
}

export function decoded(bytes: Uint8Array, exitCode: number, stderr: string): CommandOutput {
  const result = decodeUtf8(bytes);
  if ('badOffset' in result) return { kind: 'not-utf8', offset: result.badOffset };
  return { kind: 'exited', exitCode, stdout: result.text, stderr };
}

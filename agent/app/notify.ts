import { spawn } from 'node:child_process';
import type { Clock } from '../lib/clock.js';

/** What systemd is told of this process, in the order of the calls (sd_notify(3)). */
export interface ServiceManager {
  ready(status: string): void;
  reloading(): void;
  /** Nothing is told after it. Resolves once systemd has it, or cannot be reached. */
  stopping(): Promise<void>;
}

export interface ServiceTools {
  /** NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are taken out of it: what is started from here must not speak for us. */
  readonly env: Record<string, string | undefined>;
  readonly clock: Clock;
  /** Resolves when the guard still answers. While it does not, the watchdog is not fed, and systemd starts it anew. */
  readonly alive: () => Promise<unknown>;
  readonly onTrouble: (message: string) => void;
  readonly program?: string;
}

const TELL_MS_MAX = 5_000;
/** Fed this many times before systemd's patience ends. */
const FEEDS = 3;

/**
 * Speaks to systemd where it waits for that, through `systemd-notify`: Node has no datagrams on Unix sockets. The unit
 * needs NotifyAccess=all, because the program that tells is a child of the service.
 */
export function serviceManager(tools: ServiceTools): ServiceManager {
  const { env, clock, alive, onTrouble, program = 'systemd-notify' } = tools;
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: patience, WATCHDOG_PID: pid } = env;
  delete env.NOTIFY_SOCKET;
  delete env.WATCHDOG_USEC;
  delete env.WATCHDOG_PID;
  if (!socket) return { ready: () => {}, reloading: () => {}, stopping: async () => {} };

  let told: Promise<void> = Promise.resolve();
  let troubled = false;
  const tell = (...states: readonly string[]): Promise<void> => {
    told = told
      .then(() => send(program, socket, states))
      .then((trouble) => {
        if (trouble !== undefined && !troubled) onTrouble(trouble);
        troubled = trouble !== undefined;
      });
    return told;
  };

  const isMine = pid === undefined || Number(pid) === process.pid;
  const feedMs = isMine ? Math.floor(Number(patience ?? 0) / 1000 / FEEDS) : 0;
  let cancel = (): void => {};
  let stopped = false;
  const feed = (): void => {
    void alive()
      .then(() => (stopped ? undefined : tell('WATCHDOG=1')))
      .catch((error: unknown) => onTrouble(String(error)))
      .finally(() => {
        if (!stopped) cancel = clock.at(clock.now() + feedMs, feed);
      });
  };
  if (feedMs > 0) feed();

  return {
    ready: (status) => void tell('READY=1', `STATUS=${status.replaceAll(/\s+/g, ' ')}`),
    reloading: () => void tell('RELOADING=1'),
    stopping() {
      stopped = true;
      cancel();
      return tell('STOPPING=1');
    },
  };
}

/** What went wrong, if anything did. */
function send(program: string, socket: string, states: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, [...states], {
      env: { PATH: process.env.PATH, NOTIFY_SOCKET: socket },
      stdio: 'ignore',
    });
    // Not spawn's own `timeout`: its timer lives on when the program could not be started at all.
    const timer = setTimeout(() => child.kill('SIGKILL'), TELL_MS_MAX);
    const end = (trouble: string | undefined): void => {
      clearTimeout(timer);
      resolve(trouble && `${program}: ${trouble}`);
    };
    child.on('error', (error) => end(error.message));
    child.on('close', (code, signal) => end(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
  });
}

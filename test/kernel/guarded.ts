import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Outcome, run, waitFor } from '../support/machine.js';
import { freePort, param, type Rsyslog, type RsyslogLine, rsyslog } from '../support/rsyslog.js';
import type { Firewall } from './firewalls.js';
import { type World, withWorld } from './world.js';

/**
 * The world with a guard: the real program watches the firewall's namespace and tells a real rsyslog; a person speaks
 * to it by the command line. Nothing here knows how Écluse works inside.
 */
export interface Guarded {
  readonly world: World;
  readonly firewall: Firewall;
  readonly rsyslog: Rsyslog;
  /** Runs `ecluse ARGV --config FILE`, as a person would. */
  ecluse(...argv: readonly string[]): Promise<Outcome>;
  readonly daemon: Daemon;
  /** What rsyslog wrote, in its order, once `code` stands among it. */
  told(code: string, timeoutMs?: number): Promise<readonly Told[]>;
  /** What rsyslog has written up to now. */
  heard(): readonly Told[];
}

export interface Daemon {
  start(): Promise<void>;
  /** SIGKILL: no chance to write anything. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** Standard output and error up to now. */
  said(): string;
}

/** One record as rsyslog understood it. */
export interface Told {
  readonly code: string;
  readonly kind: string;
  readonly line: RsyslogLine;
  param(name: string): string | undefined;
}

export const GRACE_SECONDS = 2;
export const POLL_SECONDS = 2;
const READY_MS = 60_000;
const TOLD_MS = 30_000;

const program = fileURLToPath(new URL('../../agent/main.js', import.meta.url));

function configuration(folder: string, netns: string, port: number): string {
  const path = join(folder, 'config.yaml');
  writeFileSync(
    path,
    `site: Hopital d'essai
timeZone: Europe/Paris
state: ${join(folder, 'state')}
poll: ${POLL_SECONDS}s
grace: ${GRACE_SECONDS}s
devices:
  - id: fw1
    kind: fw
    interfaces: {wan0: internet, dmz0: dmz}
    source: {netns: ${netns}}
sinks:
  - {id: siem, syslog: '127.0.0.1:${port}'}
  - {id: file, jsonl: ${join(folder, 'alarms.jsonl')}}
`,
  );
  return path;
}

/** The last line with which the daemon says that it guards. */
const READY = 'Stop with Ctrl-C';

function daemonOf(config: string): Daemon {
  let child: ChildProcess | undefined;
  let said = '';
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!child) return;
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child.kill(signal);
    await ended;
    child = undefined;
  };
  return {
    async start() {
      const started = spawn(process.execPath, [program, 'start', '--config', config], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child = started;
      const before = said.length;
      for (const stream of [started.stdout, started.stderr]) {
        stream.on('data', (chunk: Buffer) => {
          said += chunk;
        });
      }
      await waitFor(
        () => {
          if (started.exitCode !== null) throw new Error(`the daemon ended with ${started.exitCode}:\n${said}`);
          return said.indexOf(READY, before) >= 0;
        },
        { timeoutMs: READY_MS, what: 'the daemon' },
      );
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    said: () => said,
  };
}

function toldFrom(line: RsyslogLine): Told {
  const get = (name: string): string | undefined => param(line, name);
  return { code: line.msgid, kind: get('kind') ?? '', line, param: get };
}

/** `folder` keeps the configuration, the state and what rsyslog writes. */
export function withGuardedWorld<T>(
  folder: string,
  firewall: Firewall,
  action: (guarded: Guarded) => Promise<T>,
): Promise<T> {
  return withWorld(async (world) => {
    mkdirSync(folder, { recursive: true });
    const server = rsyslog(folder, await freePort());
    const config = configuration(folder, world.firewall.name, server.port);
    const ecluse = (...argv: readonly string[]): Promise<Outcome> =>
      run([process.execPath, program, ...argv, '--config', config]);
    const daemon = daemonOf(config);
    const heard = (): readonly Told[] => server.lines().map(toldFrom);
    await Promise.all([firewall.load(world.firewall), server.start()]);
    try {
      return await action({
        world,
        firewall,
        rsyslog: server,
        ecluse,
        daemon,
        heard,
        told: (code, timeoutMs = TOLD_MS) =>
          waitFor(
            () => {
              const all = heard();
              return all.some((one) => one.code === code) ? all : undefined;
            },
            { timeoutMs, what: `${code} in rsyslog's file` },
          ),
      });
    } finally {
      await daemon.stop();
      await server.stop();
    }
  });
}

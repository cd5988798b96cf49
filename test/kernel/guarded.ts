import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Guard } from '../../agent/app/guard/contract.js';
import { guardClient } from '../../agent/http/index.js';
import { type Outcome, run, waitFor } from '../support/machine.js';
import { freePort, param, type Rsyslog, type RsyslogLine, rsyslog } from '../support/rsyslog.js';
import type { Firewall } from './firewalls.js';
import { type World, withWorld } from './world.js';

/**
 * The world with a guard: the real program watches the firewall's namespace and tells a real rsyslog; a person speaks
 * to it by the command line.
 */
export interface Guarded {
  readonly world: World;
  readonly firewall: Firewall;
  readonly rsyslog: Rsyslog;
  /** Runs `ecluse ARGV --config FILE`, as a person would. */
  ecluse(...argv: readonly string[]): Promise<Outcome>;
  /** What the daemon answers on its socket, for what would take a person's command again and again. */
  guard(): Guard;
  readonly daemon: Daemon;
  /** Writes the configuration anew, for the next start of the guard. */
  configure(additions: Additions): void;
  /** What rsyslog wrote, in its order, once `code` stands among it. */
  told(code: string, timeoutMs?: number): Promise<readonly Told[]>;
  /** What rsyslog has written up to now. */
  heard(): readonly Told[];
}

/** What the configuration has besides the firewall, in YAML. */
export interface Additions {
  /** Settings of the firewall's own entry, such as the drivers that read it. */
  readonly entry?: readonly string[];
  /** Entries of other devices. */
  readonly devices?: readonly string[];
  readonly settings?: readonly string[];
  /** The name of the folder in which the guard remembers. */
  readonly state?: string;
}

export interface Daemon {
  /** `env` is added to its environment. */
  start(env?: Readonly<Record<string, string>>): Promise<void>;
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
const STATE = 'state';
const READY_MS = 120_000;
const TOLD_MS = 60_000;

const program = fileURLToPath(new URL('../../agent/main.js', import.meta.url));

/** The entry of a firewall between the two networks, in whichever namespace. */
export function gateway(id: string, netns: string, ...more: readonly string[]): string {
  const settings = [`id: ${id}`, 'kind: fw', 'interfaces: {wan0: internet, dmz0: dmz}', `source: {netns: ${netns}}`];
  return `{${[...settings, ...more].join(', ')}}`;
}

interface Place {
  readonly folder: string;
  readonly netns: string;
  readonly port: number;
}

/** Writes the file and gives its path. */
function configuration({ folder, netns, port }: Place, additions: Additions = {}): string {
  const { entry = [], devices = [], settings = [], state = STATE } = additions;
  const path = join(folder, 'config.yaml');
  const lines = [
    "site: Hopital d'essai",
    'timeZone: Europe/Paris',
    `state: ${join(folder, state)}`,
    `poll: ${POLL_SECONDS}s`,
    `grace: ${GRACE_SECONDS}s`,
    'devices:',
    ...[gateway('fw1', netns, ...entry), ...devices].map((device) => `  - ${device}`),
    'sinks:',
    `  - {id: siem, syslog: '127.0.0.1:${port}'}`,
    `  - {id: file, jsonl: ${join(folder, 'alarms.jsonl')}}`,
    ...settings,
  ];
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
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
    async start(env) {
      const started = spawn(process.execPath, [program, 'start', '--config', config], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...env },
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
    const place = { folder, netns: world.firewall.name, port: server.port };
    const config = configuration(place);
    let state = STATE;
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
        guard: () => guardClient(join(folder, state, 'ecluse.sock')),
        configure: (additions) => {
          state = additions.state ?? STATE;
          configuration(place, additions);
        },
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

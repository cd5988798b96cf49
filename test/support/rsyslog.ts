import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { waitFor } from './machine.js';
import { findProgram } from './needs.js';

/** A real rsyslogd on loopback, and what it wrote to its own file. Free of jest, so that a play can use it too. */
export interface Rsyslog {
  readonly port: number;
  /** Does nothing where it already runs. */
  start(): Promise<void>;
  /** `SIGKILL`: without a chance to write anything down. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** `SIGSTOP` hangs it, `SIGCONT` lets it go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  lines(): readonly RsyslogLine[];
}

/** rsyslog's own reading of one message: its header fields, the structured data as it came, the text. */
export interface RsyslogLine {
  readonly pri: string;
  readonly time: string;
  readonly host: string;
  readonly app: string;
  readonly msgid: string;
  readonly data: string;
  readonly msg: string;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ host: '127.0.0.1', port });
    probe.on('error', () => resolve(false));
    probe.on('connect', () => {
      probe.destroy();
      resolve(true);
    });
  });
}

function isBoundUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createSocket('udp4');
    probe.on('error', () => resolve(true));
    probe.bind(port, '127.0.0.1', () => {
      probe.close();
      resolve(false);
    });
  });
}

/** How messages come in, in rsyslog's own words. */
export interface RsyslogInput {
  /** Modules and global settings. */
  readonly before?: string;
  readonly input: string;
  readonly isUdp?: boolean;
}

function plainTcp(port: number): RsyslogInput {
  return {
    before: 'module(load="imtcp")',
    input: `input(type="imtcp" port="${port}" address="127.0.0.1" ruleset="out")`,
  };
}

/** Keeps its configuration, its pid file and its output in `folder`. */
export function rsyslog(folder: string, port: number, input: RsyslogInput = plainTcp(port)): Rsyslog {
  const output = join(folder, 'rsyslog.jsonl');
  const configuration = join(folder, 'rsyslog.conf');
  const property = (name: string, of: string): string => `property(outname="${name}" name="${of}" format="jsonf")`;
  writeFileSync(
    configuration,
    `global(workDirectory="${folder}" maxMessageSize="8k")
${input.before ?? ''}
template(name="line" type="list") {
  constant(value="{")
  ${property('pri', 'pri')} constant(value=",")
  property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf") constant(value=",")
  ${property('host', 'hostname')} constant(value=",")
  ${property('app', 'app-name')} constant(value=",")
  ${property('msgid', 'msgid')} constant(value=",")
  ${property('data', 'structured-data')} constant(value=",")
  ${property('msg', 'msg')}
  constant(value="}\\n")
}
${input.input}
ruleset(name="out" queue.type="Direct") { action(type="omfile" file="${output}" template="line") }
`,
  );
  let child: ChildProcess | undefined;
  return {
    port,
    async start() {
      if (child) return;
      const argv = ['-n', '-f', configuration, '-i', join(folder, 'rsyslog.pid')];
      child = spawn(findProgram('rsyslogd')!, argv, { stdio: 'ignore' });
      await waitFor(() => (input.isUdp ? isBoundUdp(port) : listens(port)), {
        timeoutMs: 30_000,
        what: 'rsyslogd to listen',
      });
    },
    async stop(signal = 'SIGTERM') {
      if (!child) return;
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
      child = undefined;
    },
    signal: (name) => void child?.kill(name),
    lines: () =>
      existsSync(output)
        ? readFileSync(output, 'utf8')
            .split('\n')
            // A line that is being written has no end yet.
            .slice(0, -1)
            .map((line) => JSON.parse(line) as RsyslogLine)
        : [],
  };
}

/** One parameter of a message's structured data, as it was before RFC 5424 escaped it. */
export function param(line: RsyslogLine, name: string): string | undefined {
  return new RegExp(` ${name}="(?<value>(?:[^"\\\\\\]]|\\\\.)*)"`)
    .exec(line.data)
    ?.groups?.value?.replaceAll(/\\(?<c>["\\\]])/g, '$1');
}

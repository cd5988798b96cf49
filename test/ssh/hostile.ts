import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Socket, type Server as TcpServer } from 'node:net';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';
import ssh2, { type AuthContext, type Connection, type ServerChannel, type ServerConfig } from 'ssh2';
import type { SshTarget } from '../../agent/collect/ssh/index.js';
import { tempDir } from '../support/system.js';

/** A server that does what a test tells it, however wrong that is. */
export interface FakeServer {
  readonly port: number;
  readonly fingerprint: string;
  connections(): number;
  /** Logins that were tried, as method and password. */
  readonly logins: string[];
  stop(): Promise<void>;
}

export interface Behaviour {
  readonly login?: (context: AuthContext, attempt: number) => void;
  readonly exec?: (channel: ServerChannel, command: string, client: Connection) => void;
  /** Opened with a terminal; left out, none is given. */
  readonly shell?: (channel: ServerChannel, client: Connection) => void;
  /** The terminal that is asked for with the shell. */
  readonly terminal?: (window: { readonly cols: number; readonly rows: number }) => void;
  /** An exec request is never answered. */
  readonly silent?: boolean;
  readonly forward?: 'works' | 'hangs' | 'refuses';
  readonly algorithms?: ServerConfig['algorithms'];
  readonly hostKey?: KeyPair;
}

export interface KeyPair {
  readonly private: string;
  readonly public: string;
}

/** ssh2 now and then writes an Ed25519 key that it cannot read itself. */
export function keyPair(): KeyPair {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519');
    const parsed = [pair.private, pair.public].map((text) => ssh2.utils.parseKey(text));
    if (!parsed.some((key) => key instanceof Error)) return pair;
  }
}

export function fingerprintOf(pair: KeyPair): string {
  const key = ssh2.utils.parseKey(pair.public);
  if (key instanceof Error) throw key;
  const blob = (Array.isArray(key) ? key[0]! : key).getPublicSSH();
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

const clientKeys = keyPair();

/** A private key in a file of its own. */
export function keyFile(mode = 0o600): string {
  const path = join(tempDir(), 'key');
  writeFileSync(path, clientKeys.private, { mode });
  return path;
}

const letIn = (context: AuthContext): void => {
  if (context.method === 'none') context.reject(['publickey', 'password', 'keyboard-interactive']);
  else context.accept();
};

async function fakeServer(behaviour: Behaviour = {}): Promise<FakeServer> {
  const hostKey = behaviour.hostKey ?? keyPair();
  const logins: string[] = [];
  const sockets = new Set<Socket>();
  const server = new ssh2.Server(
    { hostKeys: [hostKey.private], ...(behaviour.algorithms && { algorithms: behaviour.algorithms }) },
    (client) => {
      client.on('error', () => {});
      client.on('authentication', (context) => {
        if (context.method !== 'none')
          logins.push(context.method === 'password' ? `password ${context.password}` : context.method);
        (behaviour.login ?? letIn)(context, logins.length);
      });
      client.on('session', (accept) => {
        const session = accept();
        session.on('pty', (take, _reject, window) => {
          behaviour.terminal?.(window);
          take?.();
        });
        session.on('shell', (take, reject) => {
          if (!behaviour.shell) return void reject?.();
          const channel = take();
          channel.on('error', () => {});
          behaviour.shell(channel, client);
        });
        session.on('exec', (take, _reject, { command }) => {
          if (behaviour.silent) return;
          const channel = take();
          channel.on('error', () => {});
          (behaviour.exec ?? echo)(channel, command, client);
        });
      });
      client.on('tcpip', (accept, reject, { destIP, destPort }) => {
        if (behaviour.forward === 'hangs') return;
        if (behaviour.forward !== 'works') return void reject();
        const channel = accept();
        const onward = connect({ host: destIP, port: destPort });
        onward.on('error', () => channel.close());
        channel.on('error', () => onward.destroy());
        channel.pipe(onward).pipe(channel);
      });
    },
  );
  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    server.injectSocket(socket);
  });
  const port = await listening(tcp);
  return {
    port,
    fingerprint: fingerprintOf(hostKey),
    connections: () => sockets.size,
    logins,
    stop: () => stopped(tcp, sockets),
  };
}

function echo(channel: ServerChannel, command: string): void {
  channel.write(`${command}\n`);
  channel.exit(0);
  channel.end();
}

async function listening(tcp: TcpServer): Promise<number> {
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  return (tcp.address() as { port: number }).port;
}

async function stopped(tcp: TcpServer, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  if (!tcp.listening) return;
  tcp.close();
  await once(tcp, 'close');
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** Ends with the test. */
export function endsWithTest<T extends { stop(): Promise<void> }>(server: T): T {
  stops.push(() => server.stop());
  return server;
}

/** A fake server for one test. */
export async function serve(behaviour: Behaviour = {}): Promise<FakeServer> {
  return endsWithTest(await fakeServer(behaviour));
}

/** Not even SSH: `speak` writes what it likes to everybody who connects. */
export async function rawServe(speak: (socket: Socket) => void): Promise<Pick<FakeServer, 'port' | 'stop'>> {
  const sockets = new Set<Socket>();
  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.resume();
    speak(socket);
  });
  const port = await listening(tcp);
  return endsWithTest({ port, stop: () => stopped(tcp, sockets) });
}

export function target(
  server: { readonly port: number; readonly fingerprint?: string },
  more: Partial<SshTarget> = {},
): SshTarget {
  return {
    device: 'web',
    host: '127.0.0.1',
    port: server.port,
    user: 'ecluse',
    hostKeys: server.fingerprint === undefined ? [] : [server.fingerprint],
    keyFile: keyFile(),
    legacyAlgorithms: [],
    ...more,
  };
}

import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { failure, type Result, success } from '../../lib/result.js';
import { framer, MESSAGE_BYTES_MAX } from './frames.js';

export interface Place {
  readonly host: string;
  readonly port: number;
}

export interface ListenerOptions {
  readonly udp?: Place;
  readonly tcp?: Place;
  /** Whether messages from this address are looked at. */
  readonly isKnown: (address: string) => boolean;
  /** A message of a known sender: text of at most 8 KB. */
  readonly onMessage: (address: string, text: string) => void;
  /** A message, or over TCP a connection, of anybody else. Nothing of it was read. */
  readonly onUnknown: (address: string) => void;
  /** Something that one sender, or the next attempt of one, makes good: it is worth a line in the log. */
  readonly onTrouble: (error: Error) => void;
}

export interface SyslogListener {
  /** Where it listens, such as `127.0.0.1:5514`. */
  readonly udp?: string;
  readonly tcp?: string;
  stop(): void;
}

const CONNECTIONS_MAX = 256;
/** Of one sender: a device needs one, a relay a few. */
const CONNECTIONS_EACH_MAX = 8;

/** Listens over UDP and TCP until it is stopped. Both are there, or neither is and the answer says why. */
export async function listenSyslog(options: ListenerOptions): Promise<Result<SyslogListener>> {
  const datagrams = options.udp && (await overUdp(options.udp, options));
  if (datagrams && !datagrams.ok) return datagrams;
  const streams = options.tcp && (await overTcp(options.tcp, options));
  if (streams && !streams.ok) {
    datagrams?.value.stop();
    return streams;
  }
  return success({
    ...(datagrams && { udp: datagrams.value.place }),
    ...(streams && { tcp: streams.value.place }),
    stop() {
      datagrams?.value.stop();
      streams?.value.stop();
    },
  });
}

interface Half {
  readonly place: string;
  stop(): void;
}

function refused(transport: string, { host, port }: Place, error: NodeJS.ErrnoException): Result<Half> {
  const remedies: Readonly<Record<string, string>> = {
    EACCES: 'take a port above 1023, or grant CAP_NET_BIND_SERVICE',
    EADDRINUSE: 'another program listens there: take another port',
    EADDRNOTAVAIL: 'name an address of this machine, or 0.0.0.0 for all',
  };
  return failure({
    code: 'LISTEN_REFUSED',
    message: `${transport} ${shown(host, port)}: syslog cannot be listened for: ${error.code ?? error.message}`,
    expected: 'an address and a port of this machine that are free',
    remedy: remedies[error.code ?? ''] ?? 'name another address or port',
  });
}

function shown(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** An IPv4 address as people write it, also where a socket for both families got it; no zone of an interface. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}

function overUdp(place: Place, options: ListenerOptions): Promise<Result<Half>> {
  const socket: Datagrams = createSocket({ type: place.host.includes(':') ? 'udp6' : 'udp4' });
  socket.on('message', (message, { address }) => {
    const sender = plainAddress(address);
    if (!options.isKnown(sender)) options.onUnknown(sender);
    else options.onMessage(sender, textOf(message));
  });
  return new Promise((resolve) => {
    socket.once('error', (error) => {
      socket.close();
      resolve(refused('udp', place, error));
    });
    socket.bind(place.port, place.host, () => {
      socket.removeAllListeners('error');
      socket.on('error', options.onTrouble);
      const { address, port } = socket.address();
      resolve(success({ place: shown(address, port), stop: () => socket.close() }));
    });
  });
}

function textOf(message: Buffer): string {
  return message.subarray(0, MESSAGE_BYTES_MAX).toString('utf8');
}

function overTcp(place: Place, options: ListenerOptions): Promise<Result<Half>> {
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    const sender = plainAddress(socket.remoteAddress ?? '');
    if (!options.isKnown(sender)) {
      options.onUnknown(sender);
      socket.destroy();
      return;
    }
    const own = [...open].filter(({ remoteAddress }) => plainAddress(remoteAddress ?? '') === sender);
    // The oldest goes: a device that was restarted has forgotten it.
    if (own.length >= CONNECTIONS_EACH_MAX) own[0]!.destroy();
    open.add(socket);
    const frames = framer();
    socket.setKeepAlive(true, 60_000);
    socket.on('data', (chunk) => {
      for (const message of frames.take(chunk)) options.onMessage(sender, textOf(message));
    });
    socket.on('error', options.onTrouble);
    socket.on('close', () => open.delete(socket));
  });
  server.maxConnections = CONNECTIONS_MAX;
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(refused('tcp', place, error)));
    server.listen(place.port, place.host, () => {
      server.removeAllListeners('error');
      server.on('error', options.onTrouble);
      const { address, port } = server.address() as { address: string; port: number };
      resolve(
        success({
          place: shown(address, port),
          stop() {
            server.close();
            for (const socket of open) socket.destroy();
          },
        }),
      );
    });
  });
}

import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { takeFrames } from '../../agent/alarms/sinks/relp/frames.js';
import type { Received, Receiver } from '../contract/sinks.js';
import { tempDir } from '../support/system.js';

export interface MessageReceiver {
  readonly port: number;
  readonly messages: Received[];
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** The id that travels in the structured data. */
export function idOf(raw: Buffer): string {
  return / id="(?<id>(?:[^"\\\]]|\\.)*)"/.exec(raw.toString('utf8'))?.groups?.id ?? '';
}

/** What listens in this process, on a free port of the loopback that it keeps across restarts. */
interface Listener {
  port(): number;
  sockets(): ReadonlySet<Socket>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

async function listener(make: () => Server, serve: (socket: Socket) => void, secure = false): Promise<Listener> {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  const start = async (): Promise<void> => {
    server = make();
    server.on(secure ? 'secureConnection' : 'connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
      serve(socket);
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as { port: number }).port;
  };
  await start();
  return {
    port: () => port,
    sockets: () => sockets,
    start,
    async stop() {
      if (!server) return;
      const closing = once(server, 'close');
      server.close();
      server = undefined;
      for (const socket of sockets) socket.destroy();
      await closing;
    },
  };
}

function octetFrames(data: Buffer): { readonly whole: readonly Buffer[]; readonly rest: Buffer } {
  const whole: Buffer[] = [];
  let rest = data;
  for (;;) {
    const head = /^(?<length>[1-9]\d*) /.exec(rest.subarray(0, 12).toString('latin1'));
    if (!head) return { whole, rest };
    const start = head[0].length;
    const end = start + Number(head.groups!.length);
    if (rest.length < end) return { whole, rest };
    whole.push(rest.subarray(start, end));
    rest = rest.subarray(end);
  }
}

function lfFrames(data: Buffer): { readonly whole: readonly Buffer[]; readonly rest: Buffer } {
  const whole: Buffer[] = [];
  let rest = data;
  for (let at = rest.indexOf(10); at >= 0; at = rest.indexOf(10)) {
    whole.push(rest.subarray(0, at));
    rest = rest.subarray(at + 1);
  }
  return { whole, rest };
}

export interface TcpReceiver extends MessageReceiver {
  /** Connections accepted so far. */
  accepted(): number;
  /** Sends an end to every connection, as a receiver that is stopping does. */
  endAll(): void;
}

/** A syslog receiver over TCP; one that does not read takes connections and no more. */
export async function tcpReceiver(framing: 'octet' | 'lf', reads = true): Promise<TcpReceiver> {
  const messages: Received[] = [];
  const split = framing === 'octet' ? octetFrames : lfFrames;
  let accepted = 0;
  const make = (): Server => createServer({ allowHalfOpen: true, pauseOnConnect: !reads });
  const { port, sockets, start, stop } = await listener(make, (socket) => {
    accepted++;
    if (!reads) return;
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      const frames = split(Buffer.concat([rest, chunk]));
      rest = frames.rest;
      messages.push(...frames.whole.map((raw) => ({ id: idOf(raw), raw })));
    });
    socket.on('end', () => socket.end());
  });
  return {
    get port() {
      return port();
    },
    messages,
    start,
    stop,
    accepted: () => accepted,
    endAll() {
      for (const socket of sockets()) socket.end();
    },
  };
}

export async function udpReceiver(): Promise<MessageReceiver> {
  const messages: Received[] = [];
  let socket: DatagramSocket | undefined;
  let port = 0;
  const start = async (): Promise<void> => {
    socket = createSocket('udp4', (raw) => messages.push({ id: idOf(raw), raw }));
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    port = socket.address().port;
  };
  await start();
  return {
    get port() {
      return port;
    },
    messages,
    start,
    async stop() {
      if (!socket) return;
      const closing = once(socket, 'close');
      socket.close();
      socket = undefined;
      await closing;
    },
  };
}

export interface RelpReceiver extends MessageReceiver {
  /** The most messages that ever waited for an answer. */
  mostWaiting(): number;
  sessions(): number;
  /** Says something to every session, as a server may at any time. */
  say(text: string): void;
}

export interface RelpManners {
  /** What a message is answered with, and whether it is kept; left out, `200 OK`, at once. */
  readonly answer?: (message: Buffer, number: number) => string | undefined;
  readonly offers?: string;
  readonly delayMs?: number;
  readonly tls?: TlsOptions;
}

/** A RELP server in this process that can be made to behave in any way. */
export async function relpReceiver(manners: RelpManners = {}): Promise<RelpReceiver> {
  const { answer = () => '200 OK', offers = '200 OK\nrelp_version=0\ncommands=syslog', delayMs = 0, tls } = manners;
  const messages: Received[] = [];
  let count = 0;
  let sessions = 0;
  let waiting = 0;
  let mostWaiting = 0;

  const serve = (socket: Socket): void => {
    sessions++;
    let rest: Buffer = Buffer.alloc(0);
    const reply = (transaction: number, text: string): void => {
      if (!socket.destroyed) socket.write(`${transaction} rsp ${Buffer.byteLength(text)} ${text}\n`);
    };
    socket.on('data', (chunk: Buffer) => {
      const taken = takeFrames(Buffer.concat([rest, chunk]));
      if (!taken.ok) throw new Error(taken.error);
      rest = taken.value.rest;
      for (const { transaction, command, data } of taken.value.frames) {
        if (command === 'open') reply(transaction, offers);
        else if (command === 'close') {
          socket.write(`${transaction} rsp 0\n0 serverclose 0\n`);
          socket.end();
        } else {
          const raw = Buffer.from(data);
          const said = answer(raw, count++);
          if (said?.startsWith('200')) messages.push({ id: idOf(raw), raw });
          mostWaiting = Math.max(mostWaiting, ++waiting);
          const tell = (): void => {
            waiting--;
            if (said !== undefined) reply(transaction, said);
          };
          if (delayMs > 0) setTimeout(tell, delayMs);
          else tell();
        }
      }
    });
  };

  const make = (): Server => (tls ? createTlsServer(tls) : createServer());
  const { port, sockets, start, stop } = await listener(make, serve, tls !== undefined);
  return {
    get port() {
      return port();
    },
    messages,
    start,
    stop,
    mostWaiting: () => mostWaiting,
    sessions: () => sessions,
    say(text) {
      for (const socket of sockets()) socket.write(text);
    },
  };
}

/** A file that a sink writes to, in a folder that can be moved away; `read` finds the messages in what was written. */
export function fileReceiver(
  sinkTo: (path: string) => Receiver['sink'],
  read: (data: Buffer) => readonly Received[],
): Receiver {
  const folder = tempDir();
  const inner = join(folder, 'log');
  const away = join(folder, 'away');
  mkdirSync(inner);
  const path = join(inner, 'alarms.log');
  let here = true;
  return {
    sink: sinkTo(path),
    received: async () => {
      try {
        return read(readFileSync(here ? path : join(away, 'alarms.log')));
      } catch {
        return [];
      }
    },
    stop: async () => {
      renameSync(inner, away);
      here = false;
    },
    start: async () => {
      renameSync(away, inner);
      here = true;
    },
    close: async () => {},
  };
}

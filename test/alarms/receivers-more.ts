import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { takeFrames } from '../../agent/alarms/sinks/relp/frames.js';
import type { Received } from '../contract/sinks.js';
import { idOf } from './receivers.js';

export interface MessageReceiver {
  readonly port: number;
  readonly messages: Received[];
  start(): Promise<void>;
  stop(): Promise<void>;
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
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  let count = 0;
  let sessions = 0;
  let waiting = 0;
  let mostWaiting = 0;

  const serve = (socket: Socket): void => {
    sockets.add(socket);
    sessions++;
    let rest: Buffer = Buffer.alloc(0);
    const reply = (transaction: number, text: string): void => {
      if (!socket.destroyed) socket.write(`${transaction} rsp ${Buffer.byteLength(text)} ${text}\n`);
    };
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
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

  const start = async (): Promise<void> => {
    server = tls ? createTlsServer(tls, serve) : createServer(serve);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as { port: number }).port;
  };
  await start();
  return {
    get port() {
      return port;
    },
    messages,
    start,
    async stop() {
      if (!server) return;
      const closing = once(server, 'close');
      server.close();
      server = undefined;
      for (const socket of sockets) socket.destroy();
      await closing;
    },
    mostWaiting: () => mostWaiting,
    sessions: () => sessions,
    say(text) {
      for (const socket of sockets) socket.write(text);
    },
  };
}

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Received } from '../contract/sinks.js';

export interface TcpReceiver {
  readonly port: number;
  readonly messages: Received[];
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Connections accepted so far. */
  accepted(): number;
  /** Sends an end to every connection, as a receiver that is stopping does. */
  endAll(): void;
}

/** The id that travels in the structured data. */
export function idOf(raw: Buffer): string {
  return / id="(?<id>(?:[^"\\\]]|\\.)*)"/.exec(raw.toString('utf8'))?.groups?.id ?? '';
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

/** A syslog receiver in this process, on a free port of the loopback that it keeps across restarts. */
export async function tcpReceiver(framing: 'octet' | 'lf', reads = true): Promise<TcpReceiver> {
  const messages: Received[] = [];
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  let accepted = 0;
  const split = framing === 'octet' ? octetFrames : lfFrames;

  const start = async (): Promise<void> => {
    server = createServer({ allowHalfOpen: true, pauseOnConnect: !reads }, (socket) => {
      accepted++;
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
      if (!reads) return;
      let rest: Buffer = Buffer.alloc(0);
      socket.on('data', (chunk) => {
        const frames = split(Buffer.concat([rest, chunk]));
        rest = frames.rest;
        messages.push(...frames.whole.map((raw) => ({ id: idOf(raw), raw })));
      });
      socket.on('end', () => socket.end());
    });
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
    accepted: () => accepted,
    endAll() {
      for (const socket of sockets) socket.end();
    },
  };
}

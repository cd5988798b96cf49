import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Result, success } from '../../../lib/result.js';
import type { Connection } from '../../dial.js';
import { refusal } from '../../sink.js';
import type { ConnectionOptions } from './connection.js';

/**
 * RFC 5426. A datagram counts as told when it has left and nobody said within `settleMs` that the port is closed. One
 * that is lost on the way, or that the receiver had no room for, cannot be noticed.
 */
export function udpConnection({ host, port, settleMs }: ConnectionOptions): Connection {
  const place = `${host}:${port}`;
  let socket: Socket | undefined;
  let fault: Error | undefined;

  const drop = (): void => {
    socket?.close();
    socket = undefined;
  };

  const open = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const opening = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' });
      opening.once('error', reject);
      // Connected, the kernel hands over what the other machine answers: that nobody listens there.
      opening.connect(port, host, () => {
        opening.off('error', reject);
        opening.on('error', (error) => {
          fault = error;
        });
        resolve(opening);
      });
    });

  const send = (target: Socket, bytes: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      target.send(bytes, (error) => (error ? reject(error) : resolve()));
    });

  return {
    async send(bytes, signal): Promise<Result<void>> {
      fault = undefined;
      try {
        socket ??= await open();
        await send(socket, bytes);
        if (settleMs > 0) await sleep(settleMs, undefined, { signal }).catch(() => {});
        if (fault) throw fault;
        return success(undefined);
      } catch (error) {
        drop();
        const why = (error as Error).message;
        return refusal('SINK_UNREACHABLE', `${place}: ${why}`, 'check that the receiver listens on this port');
      }
    },
    close() {
      drop();
      return Promise.resolve();
    },
  };
}

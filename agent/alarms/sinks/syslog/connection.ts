import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Result, success } from '../../../lib/result.js';
import { type Connection, dial, type Peer, remedyOf } from '../../dial.js';
import { onAbort, refusal } from '../../sink.js';

export interface ConnectionOptions extends Peer {
  /** How long the connection is watched after a message: a receiver that is going away says so within it. */
  readonly settleMs: number;
}

/** How long a receiver has to refuse the certificate it was shown. */
const CERTIFICATE_MS = 150;

/**
 * One TCP or TLS connection, made when it is needed. TCP confirms nothing to the program: a message counts as told when the
 * kernel has taken it and the peer has not closed or reset the connection in the moment after. A receiver that
 * takes data and loses it later cannot be noticed; RELP is for those who cannot accept that.
 */
export function streamConnection({ settleMs, ...peer }: ConnectionOptions): Connection {
  const { host, port, tls } = peer;
  const place = `${host}:${port}`;
  let socket: Socket | undefined;
  let fault: string | undefined;

  const drop = (): void => {
    socket?.destroy();
    socket = undefined;
  };

  const open = (signal: AbortSignal): Promise<Result<Socket>> =>
    new Promise((resolve) => {
      fault = undefined;
      const { socket: opening, ready } = dial(peer);
      const stop = onAbort(signal, () => opening.destroy(new Error('no connection in time')));
      const lost = (why: string): void => {
        // A receiver that closes (`end`), resets (`error`) or vanished: nothing more is written to it.
        if (socket === opening) socket = undefined;
        fault ??= why;
        opening.destroy();
        stop();
        resolve(refusal('SINK_UNREACHABLE', `${place}: ${why}`, remedyOf(why, tls !== undefined)));
      };
      opening.on('error', (error) => lost(error.message || 'connection failed'));
      opening.on('end', () => lost('the receiver closed the connection'));
      opening.on('close', () => lost('the connection was closed'));
      // A syslog receiver says nothing, but only a socket that is read notices its end.
      opening.resume();
      opening.once(ready, async () => {
        socket = opening;
        // In TLS 1.3 a receiver that refuses our certificate says so only after the handshake has ended for us.
        if (tls?.cert !== undefined)
          await sleep(Math.max(settleMs, CERTIFICATE_MS), undefined, { signal }).catch(() => {});
        stop();
        if (socket === opening) resolve(success(opening));
      });
    });

  const write = (target: Socket, bytes: Buffer, signal: AbortSignal): Promise<Result<void>> =>
    new Promise((resolve) => {
      const finish = (answer: Result<void>): void => {
        stop();
        target.off('close', closed);
        resolve(answer);
      };
      const closed = (): void => finish(refusal('SINK_LOST', `${place}: ${fault ?? 'the connection was closed'}`));
      const stop = onAbort(signal, () => {
        // Half a message may be in the buffer: this connection cannot be used again.
        target.destroy();
        if (socket === target) socket = undefined;
        finish(refusal('SINK_TIMEOUT', `${place}: the receiver does not read`));
      });
      target.once('close', closed);
      target.write(bytes, (error) => {
        if (error) finish(refusal('SINK_LOST', `${place}: ${error.message}`));
        else finish(success(undefined));
      });
    });

  return {
    async send(bytes, signal) {
      // A close that has arrived is only known once the event loop has turned.
      await new Promise((resolve) => setImmediate(resolve));
      let target = socket;
      if (!target) {
        const opened = await open(signal);
        if (!opened.ok) return opened;
        target = opened.value;
      }
      const written = await write(target, bytes, signal);
      if (!written.ok) {
        drop();
        return written;
      }
      if (settleMs > 0) await sleep(settleMs, undefined, { signal }).catch(() => {});
      if (socket === target) return written;
      return refusal('SINK_LOST', `${place}: ${fault ?? 'the connection was closed'} just after the message`);
    },
    close() {
      const open = socket;
      socket = undefined;
      if (!open) return Promise.resolve();
      return new Promise((resolve) => {
        open.once('close', () => resolve());
        open.end();
        // A receiver that does not answer the end is left.
        setTimeout(() => open.destroy(), 1_000).unref();
      });
    },
  };
}

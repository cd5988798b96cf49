import type { Socket } from 'node:net';
import { failure, type Result, success } from '../../../lib/result.js';
import { type Connection, dial, type Peer, remedyOf } from '../../dial.js';
import { onAbort, refusal } from '../../sink.js';
import { type Frame, frameOf, takeFrames } from './frames.js';

export interface RelpOptions extends Peer {
  /** How many messages may be under way without an answer. */
  readonly window: number;
}

/** Transaction numbers have nine digits, and start again behind the last one. */
const TRANSACTION_MAX = 999_999_999;
const CLOSE_MS_MAX = 1_000;
const OFFERS = 'relp_version=0\nrelp_software=ecluse,1\ncommands=syslog';

type Answer = (answer: Result<Frame, string>) => void;

interface Session {
  /** Sends a command; answered once, by the server or by the end of the session. */
  ask(command: string, data: Buffer, answer: Answer): void;
  outstanding(): number;
  end(why: string): void;
  isOver(): boolean;
}

function openSession(socket: Socket, onEnd: (why: string) => void): Session {
  const waiting = new Map<number, Answer>();
  let rest: Buffer = Buffer.alloc(0);
  let last = 0;
  let isOver = false;

  const end = (why: string): void => {
    if (isOver) return;
    isOver = true;
    socket.destroy();
    onEnd(why);
    for (const answer of waiting.values()) answer(failure(why));
    waiting.clear();
  };
  const take = (frame: Frame): void => {
    if (frame.transaction === 0) {
      end(frame.command === 'serverclose' ? 'the receiver ends the session' : `the receiver says ${frame.command}`);
      return;
    }
    const answer = waiting.get(frame.transaction);
    if (!answer || frame.command !== 'rsp') {
      end('the receiver answers something that was not asked');
      return;
    }
    waiting.delete(frame.transaction);
    answer(success(frame));
  };
  socket.on('error', (error) => end(error.message || 'the connection failed'));
  socket.on('end', () => end('the receiver closed the connection'));
  socket.on('close', () => end('the connection was closed'));
  socket.on('data', (chunk: Buffer) => {
    const taken = takeFrames(Buffer.concat([rest, chunk]));
    if (!taken.ok) return end(taken.error);
    rest = taken.value.rest;
    for (const frame of taken.value.frames) take(frame);
  });
  return {
    ask(command, data, answer) {
      if (isOver) return answer(failure('the connection was closed'));
      last = last >= TRANSACTION_MAX ? 1 : last + 1;
      waiting.set(last, answer);
      socket.write(frameOf({ transaction: last, command, data }));
    },
    outstanding: () => waiting.size,
    end,
    isOver: () => isOver,
  };
}

/** `200 OK` is the only good answer; what follows the first line are the server's offers. */
function statusOf(frame: Frame): { readonly isGood: boolean; readonly text: string } {
  const text = frame.data.toString('utf8').split('\n')[0] ?? '';
  return { isGood: /^200(?: |$)/.test(text), text };
}

/**
 * A RELP client: the one syslog transport in which the receiver confirms each message. What was not confirmed before
 * the session ended is refused, and comes again with the same id: a receiver may see it twice, never not at all.
 */
export function relpConnection({ window, ...peer }: RelpOptions): Connection {
  const place = `${peer.host}:${peer.port}`;
  let session: Session | undefined;
  let opening: Promise<Result<Session>> | undefined;
  let queue: (() => void)[] = [];

  /** Whoever waits for room looks again. */
  const moved = (): void => {
    const woken = queue;
    queue = [];
    for (const look of woken) look();
  };

  const unreachable = (why: string) =>
    refusal('SINK_UNREACHABLE', `${place}: ${why}`, remedyOf(why, peer.tls !== undefined));

  const open = (signal: AbortSignal): Promise<Result<Session>> =>
    new Promise((resolve) => {
      const { socket, ready } = dial(peer);
      let stop = (): void => {};
      const finish = (answer: Result<Session>): void => {
        stop();
        resolve(answer);
      };
      const mine = openSession(socket, (why) => {
        if (session === mine) session = undefined;
        finish(unreachable(why));
        moved();
      });
      stop = onAbort(signal, () => mine.end('no session in time'));
      socket.once(ready, () => {
        mine.ask('open', Buffer.from(OFFERS, 'ascii'), (answer) => {
          // The end of the session has said so already.
          if (!answer.ok) return;
          const { isGood, text } = statusOf(answer.value);
          const speaksSyslog = /^commands=(?:.*,)?syslog(?:,|$)/m.test(answer.value.data.toString('utf8'));
          if (!isGood || !speaksSyslog) {
            mine.end(`the receiver refuses the session: ${text}`);
            return;
          }
          session = mine;
          finish(success(mine));
        });
      });
    });

  const reach = async (signal: AbortSignal): Promise<Result<Session>> => {
    if (session) return success(session);
    opening ??= open(signal).finally(() => {
      opening = undefined;
    });
    return opening;
  };

  const tell = (target: Session, bytes: Buffer, signal: AbortSignal): Promise<Result<void>> =>
    new Promise((resolve) => {
      let isAborted = false;
      const stop = onAbort(signal, () => {
        isAborted = true;
        // Whether it arrived is unknown, and so is everything behind it: only a new session brings order.
        target.end('the receiver does not answer');
      });
      target.ask('syslog', bytes, (answer) => {
        stop();
        if (!answer.ok) {
          resolve(refusal(isAborted ? 'SINK_TIMEOUT' : 'SINK_LOST', `${place}: ${answer.error}`));
        } else {
          const { isGood, text } = statusOf(answer.value);
          resolve(isGood ? success(undefined) : refusal('SINK_REFUSED', `${place}: the receiver refuses: ${text}`));
          // What was sent behind a message that was refused must not overtake it.
          if (!isGood) target.end('a message before this one was refused');
        }
        moved();
      });
    });

  return {
    async send(bytes, signal) {
      // An end that has arrived is only known once the event loop has turned.
      await new Promise((resolve) => setImmediate(resolve));
      for (;;) {
        const reached = await reach(signal);
        if (!reached.ok) return reached;
        const target = reached.value;
        if (target.isOver()) continue;
        if (target.outstanding() < window) return tell(target, bytes, signal);
        await new Promise<void>((resolve) => {
          const stop = onAbort(signal, resolve);
          queue.push(() => {
            stop();
            resolve();
          });
        });
        if (signal.aborted) return refusal('SINK_TIMEOUT', `${place}: the receiver does not answer`);
      }
    },
    async close() {
      const target = session;
      session = undefined;
      if (!target || target.isOver()) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, CLOSE_MS_MAX);
        target.ask('close', Buffer.alloc(0), () => {
          clearTimeout(timer);
          resolve();
        });
      });
      target.end('closed');
    },
  };
}

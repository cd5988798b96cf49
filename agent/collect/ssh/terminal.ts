import type { ClientChannel } from 'ssh2';
import { displayMessage } from '../capture.js';
import type { CommandOutput } from '../runner.js';
import type { Link } from './link.js';

/** The command line of an appliance, as a person sees it. */
export interface Terminal {
  type(text: string): void;
  /** Forgets what was shown so far. */
  clear(): void;
  /** What `until` looks at begins with a new line from here on. */
  turn(): void;
  /** All bytes since the last `clear`. */
  shown(): Buffer;
  /**
   * Waits until `look` finds something in what was shown last: the end of the text, without escape sequences, with one
   * character for each line end. Gives why it never will where that is so.
   */
  until<T>(look: (last: string) => T | undefined, limits: WaitLimits): Promise<Found<T>>;
  close(): void;
}

export interface WaitLimits {
  readonly untilMs: number;
  readonly bytesMax: number;
}

export type Found<T> = { readonly found: T } | { readonly failed: CommandOutput };

/** Far more than a prompt and what stands before it; the rest of an output need not be searched again. */
const LAST_BYTES = 8 * 1024;
/** ECMA-48: sequences for the cursor and colours, titles and the like, character sets, single functions. */
const ESCAPES =
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[ -/][0-~]|\u001b[0-?@-Z\\`-~]/g;

export function withoutEscapes(text: string): string {
  return text
    .replace(ESCAPES, '')
    .replaceAll('\u0000', '')
    .replace(/\r*\n\r*/g, '\n');
}

/** Wide, so that no line is broken in two, and high, so that a pager has little to do. */
const WINDOW = { term: 'vt100', cols: 511, rows: 1000 };

export function openTerminal(
  link: Link,
  { untilMs, signal }: { readonly untilMs: number; readonly signal?: AbortSignal },
): Promise<Found<Terminal>> {
  return new Promise((resolve) => {
    let settled = false;
    const settle = (result: Found<Terminal>): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      stop();
      resolve(result);
    };
    const broken = (reason: string): void => settle({ failed: { kind: 'broken', reason } });
    const cancel = (): void => settle({ failed: { kind: 'cancelled' } });
    const waitMs = Math.max(0, untilMs - performance.now());
    const timer = setTimeout(() => settle({ failed: { kind: 'timeout', afterMs: Math.round(waitMs) } }), waitMs);
    let stop = (): void => {};
    stop = link.onLost((reason) => broken(`the connection was lost: ${reason}`));
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted) return cancel();
    try {
      link.client.shell(WINDOW, (error, channel) => {
        if (error) broken(`the appliance opens no shell: ${displayMessage(error.message)}`);
        else if (settled) channel.close();
        else settle({ found: terminalOn(link, channel, signal) });
      });
    } catch (error) {
      broken(`the connection was lost: ${displayMessage((error as Error).message)}`);
    }
  });
}

function terminalOn(link: Link, channel: ClientChannel, signal: AbortSignal | undefined): Terminal {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let last = Buffer.alloc(0);
  let ended: CommandOutput | undefined;
  let news = (): void => {};
  const end = (why: CommandOutput): void => {
    ended ??= why;
    news();
  };
  const hear = (chunk: Buffer): void => {
    chunks.push(chunk);
    bytes += chunk.length;
    last = Buffer.concat([last, chunk]).subarray(-LAST_BYTES);
    news();
  };
  channel.on('error', () => {});
  channel.on('data', hear);
  channel.stderr.on('data', hear);
  channel.on('close', () => end({ kind: 'broken', reason: 'the appliance ended the session' }));
  const stopListening = link.onLost((reason) => end({ kind: 'broken', reason: `the connection was lost: ${reason}` }));
  const cancel = (): void => end({ kind: 'cancelled' });
  signal?.addEventListener('abort', cancel, { once: true });
  return {
    type: (text) => void channel.write(text),
    clear: () => {
      [chunks, bytes, last] = [[], 0, Buffer.alloc(0)];
    },
    turn: () => {
      last = Buffer.from('\n');
    },
    shown: () => Buffer.concat(chunks),
    until(look, { untilMs, bytesMax }) {
      return new Promise((resolve) => {
        const waitMs = Math.max(0, untilMs - performance.now());
        const settle = (result: Found<NonNullable<ReturnType<typeof look>>>): void => {
          clearTimeout(timer);
          news = () => {};
          resolve(result);
        };
        const timer = setTimeout(() => settle({ failed: { kind: 'timeout', afterMs: Math.round(waitMs) } }), waitMs);
        news = () => {
          if (bytes > bytesMax) return settle({ failed: { kind: 'too-large', bytesMax } });
          const found = look(withoutEscapes(last.toString('latin1')));
          if (found !== undefined && found !== null) settle({ found });
          else if (ended) settle({ failed: ended });
        };
        news();
      });
    },
    close() {
      signal?.removeEventListener('abort', cancel);
      stopListening();
      channel.close();
    },
  };
}

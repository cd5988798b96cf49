import { Worker } from 'node:worker_threads';
import { withinMs } from '../../exposure/index.js';
import { type WorkName, type Works, works } from './works.js';

/**
 * How long a comparison may hold up the guard's own thread: meanwhile no alarm goes out, nobody is answered and no other
 * device is read. Most take a few milliseconds.
 */
const HELD_UP_MS_MAX = 300;
/**
 * The first one finds code that V8 has not compiled yet, and takes some 0.4 s for 500 rules; nothing has been judged by
 * then that anybody could be told of. Begun again on a thread, which compiles it once more, it would take 0.5 s longer.
 */
const FIRST_MS_MAX = 1_500;

/** Does what compares states, on a thread of its own where it takes long. */
export interface Apart {
  /** A promise only where it takes long; it rejects where the thread fails, or is stopped. */
  work<Name extends WorkName>(
    name: Name,
    input: Works[Name]['input'],
  ): Works[Name]['output'] | Promise<Works[Name]['output']>;
  close(): void;
}

/** What goes to the thread. */
export interface Order {
  readonly name: WorkName;
  readonly input: unknown;
}

const thread = new URL('./apart-thread.js', import.meta.url);

interface Patience {
  readonly heldUpMsMax: number;
  /** Of the first comparison. */
  readonly firstMsMax: number;
}

export function apart(patience: Patience = { heldUpMsMax: HELD_UP_MS_MAX, firstMsMax: FIRST_MS_MAX }): Apart {
  let msMax = patience.firstMsMax;
  /** One thread at a time: each may take a processor and some hundred megabytes. */
  let last: Promise<unknown> = Promise.resolve();
  let running: Worker | undefined;
  let closed = false;

  const done = (order: Order): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (closed) return reject(new Error('the guard is stopped'));
      const worker = new Worker(thread, { workerData: order });
      running = worker;
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => {
        running = undefined;
        reject(new Error('the thread of a comparison ended without an answer'));
      });
    });

  return {
    work<Name extends WorkName>(name: Name, input: Works[Name]['input']) {
      const soon = withinMs(msMax, () => ({ output: works[name](input) }));
      msMax = patience.heldUpMsMax;
      if (soon) return soon.output;
      const answer = last.then(() => done({ name, input }));
      last = answer.catch(() => {});
      return answer as Promise<Works[Name]['output']>;
    },
    close() {
      closed = true;
      void running?.terminate();
    },
  };
}

import { parentPort, workerData } from 'node:worker_threads';
import { InternalFault } from '../../lib/assert.js';
import type { Order } from './apart.js';
import { works } from './works.js';

/** The thread that `apart.ts` starts: one work, and its answer. */
if (!parentPort) throw new InternalFault('apart-thread was started as a program');
const { name, input } = workerData as Order;
parentPort.postMessage(works[name](input as never));

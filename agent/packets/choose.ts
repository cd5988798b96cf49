import { failure, type Result, success } from '../lib/result.js';
import { bitsKernel } from './bits-kernel.js';
import { intervalsKernel } from './intervals-kernel.js';
import { type Budget, BudgetSpent, type Kernel, type Space } from './kernel.js';

export interface KernelOptions {
  /** Which kernel; left out, the overlap decides. */
  readonly kind?: Kernel['kind'];
  /** How many rules overlap the region in question. */
  readonly overlap?: number;
  readonly budget?: Budget;
}

/**
 * Up to about 10,000 rules in one region the interval diagram was built first in every list measured (address lists,
 * zone firewalls, random rules), 1.3 to 5 times as fast. Above, where rules neither share zones nor nest, its nodes get
 * so many edges that it runs out of room where bits still share: 14,000 rules of the ClassBench seed fw1 take more
 * than 16 million nodes of edges and 3 million of bits.
 */
const OVERLAP_OF_BITS = 10_000;

const MAKERS: Record<Kernel['kind'], (space: Space, budget?: Budget) => Kernel> = {
  intervals: intervalsKernel,
  bits: bitsKernel,
};

export function createKernel(space: Space, options: KernelOptions = {}): Kernel {
  return MAKERS[options.kind ?? kindFor(options.overlap ?? 0)](space, options.budget);
}

function kindFor(overlap: number): Kernel['kind'] {
  return overlap > OVERLAP_OF_BITS ? 'bits' : 'intervals';
}

/** The kernel that fits has this share of the time, the other one what is left. */
const FIRST_SHARE = 0.7;

/**
 * Does `work` with the kernel that fits the overlap and, when that one spends its budget, again from the start with the
 * other: what is wide for one is often narrow for the other. Each kernel gets all the nodes, and both together the time.
 * Diagrams belong to their kernel: `work` must return only what was read from them.
 */
export function withKernels<T>(
  space: Space,
  overlap: number,
  budget: Budget,
  work: (kernel: Kernel) => T,
): Result<T, string> {
  const first = kindFor(overlap);
  const reasons: string[] = [];
  const { timeMsMax, ...nodes } = budget;
  const started = performance.now();
  for (const kind of [first, first === 'bits' ? 'intervals' : 'bits'] as const) {
    const left = (timeMsMax ?? 0) * (kind === first ? FIRST_SHARE : 1) - (performance.now() - started);
    const time = timeMsMax === undefined ? {} : { timeMsMax: Math.max(1, Math.round(left)) };
    try {
      return success(work(createKernel(space, { kind, budget: { ...nodes, ...time } })));
    } catch (thrown) {
      if (!(thrown instanceof BudgetSpent)) throw thrown;
      reasons.push(`${kind}: ${thrown.reason}`);
    }
  }
  return failure(reasons.join('; '));
}

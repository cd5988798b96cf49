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
 * Above this many rules in one region the edges of the interval diagram get long and bits share more of them.
 */
const OVERLAP_OF_BITS = 2000;

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

/**
 * Does `work` with the kernel that fits the overlap and, when that one spends its budget, again from the start with the
 * other: what is wide for one is often narrow for the other. Each kernel gets the whole budget, so the time is at most
 * twice `timeMsMax`. Diagrams belong to their kernel: `work` must return only what was read from them.
 */
export function withKernels<T>(
  space: Space,
  overlap: number,
  budget: Budget,
  work: (kernel: Kernel) => T,
): Result<T, string> {
  const first = kindFor(overlap);
  const reasons: string[] = [];
  for (const kind of [first, first === 'bits' ? 'intervals' : 'bits'] as const) {
    try {
      return success(work(createKernel(space, { kind, budget })));
    } catch (thrown) {
      if (!(thrown instanceof BudgetSpent)) throw thrown;
      reasons.push(`${kind}: ${thrown.reason}`);
    }
  }
  return failure(reasons.join('; '));
}

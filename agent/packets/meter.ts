import { type Budget, BudgetSpent } from './kernel.js';

/** Without a stated limit a kernel still ends before memory does: about half a gibibyte. */
const NODES_MAX = 16_000_000;
/** Reading the clock costs more than a step of an operation, so it is read once in so many steps. */
const STEPS_PER_LOOK = 1024;

/** Watches a budget from inside the operations. */
export interface Meter {
  /** To be called in every recursive step; `count` where it stands for so many. */
  step(count?: number): void;
  /** To be called before a node is made, with how many are held already. */
  room(nodes: number): void;
}

export function createMeter(budget: Budget): Meter {
  const nodesMax = budget.nodesMax ?? NODES_MAX;
  const timeMsMax = budget.timeMsMax ?? Number.POSITIVE_INFINITY;
  const start = performance.now();
  let steps = 0;
  let looked = -STEPS_PER_LOOK;
  return {
    step(count = 1) {
      if (steps - looked >= STEPS_PER_LOOK) {
        looked = steps;
        if (performance.now() - start >= timeMsMax)
          throw new BudgetSpent(`the time budget of ${timeMsMax} ms is spent`);
      }
      steps += count;
    },
    room(nodes) {
      if (nodes >= nodesMax) throw new BudgetSpent(`the diagram budget of ${nodesMax} nodes is spent`);
    },
  };
}

import type { Core } from './core.js';
import { createHeap } from './heap.js';
import type { Box, Diagram, Space } from './kernel.js';
import type { Weights } from './weights.js';

/** Edges of one node that lead to the same child, as one set of classes. */
interface Branch {
  readonly child: Diagram;
  readonly classes: number[];
  /** Points of this field on these edges, times those of the fields skipped on the way to the child. */
  weight: number;
}

/** A box half made: the branches taken so far, and what is still to be looked at. */
interface Partial {
  readonly node: Diagram;
  readonly weight: number;
  /** The size of the largest box this can become. */
  readonly bound: number;
  readonly taken: Taken | undefined;
}

interface Taken {
  readonly field: number;
  readonly classes: readonly number[];
  readonly before: Taken | undefined;
}

/**
 * The ways from the root to 1 are disjoint boxes. They are taken best first: `largest` knows the largest box below
 * every node, so each partial way knows what it can still become, and a set of millions of boxes yields its largest
 * `limit` without listing the others. Sizes steer the search in floating point; the boxes found are sorted exactly.
 */
export function listBoxes(core: Core, weights: Weights, set: Diagram, limit: number) {
  const { space, meter } = core;
  const branchesOf = new Map<Diagram, readonly Branch[]>();
  const largestBelow = new Map<Diagram, number>();

  function branches(node: Diagram): readonly Branch[] {
    let found = branchesOf.get(node);
    if (found !== undefined) return found;
    meter.step();
    const field = core.field(node);
    const byChild = new Map<Diagram, Branch>();
    const { lasts, children } = core.edges(node);
    for (let edge = 0; edge < children.length; edge += 1) {
      const child = children[edge]!;
      if (child === 0) continue;
      let branch = byChild.get(child);
      if (branch === undefined) {
        branch = { child, classes: [], weight: 0 };
        byChild.set(child, branch);
      }
      const first = edge === 0 ? 0 : lasts[edge - 1]! + 1;
      branch.classes.push(first, lasts[edge]!);
      branch.weight += Number(weights.run(field, first, lasts[edge]!));
    }
    found = [...byChild.values()];
    for (const branch of found) branch.weight *= Number(weights.skipped(field + 1, core.field(branch.child)));
    branchesOf.set(node, found);
    return found;
  }

  function largest(node: Diagram): number {
    if (node >= 0) return 1;
    let best = largestBelow.get(node);
    if (best === undefined) {
      best = 0;
      for (const { child, weight } of branches(node)) best = Math.max(best, weight * largest(child));
      largestBelow.set(node, best);
    }
    return best;
  }

  const found: SizedBox[] = [];
  const waiting = createHeap<Partial>((partial) => partial.bound);
  if (set !== 0) {
    const weight = Number(weights.skipped(0, core.field(set)));
    waiting.push({ node: set, weight, bound: weight * largest(set), taken: undefined });
  }
  while (found.length < limit) {
    const partial = waiting.pop();
    if (partial === undefined) break;
    meter.step();
    if (partial.node >= 0) {
      found.push(sizedBox(space, weights, partial.taken));
      continue;
    }
    const field = core.field(partial.node);
    for (const branch of branches(partial.node)) {
      const weight = partial.weight * branch.weight;
      const taken = { field, classes: branch.classes, before: partial.taken };
      waiting.push({ node: branch.child, weight, bound: weight * largest(branch.child), taken });
    }
  }
  const complete = waiting.size() === 0;
  found.sort((a, b) => (a.points > b.points ? -1 : a.points < b.points ? 1 : 0));
  return { boxes: found.map(({ box }) => box), complete };
}

interface SizedBox {
  readonly box: Box;
  readonly points: bigint;
}

function sizedBox(space: Space, weights: Weights, taken: Taken | undefined): SizedBox {
  const box: Box[number][] = space.fields.map(() => undefined);
  let points = 1n;
  let skippedTo = space.fields.length;
  for (let way = taken; way !== undefined; way = way.before) {
    const { field, classes } = way;
    box[field] = space.values(field, classes);
    let width = 0n;
    for (let i = 0; i < classes.length; i += 2) width += weights.run(field, classes[i]!, classes[i + 1]!);
    points *= width * weights.skipped(field + 1, skippedTo);
    skippedTo = field;
  }
  return { box, points: points * weights.skipped(0, skippedTo) };
}

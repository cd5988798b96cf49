import { bitsKernel } from './bits-kernel.js';
import { foldOrder } from './fold-order.js';
import { type Box, type Budget, BudgetSpent, type Diagram, type Kernel } from './kernel.js';
import type { MergedLists } from './merge-lists.js';
import type { NearRules, Region } from './near-rules.js';
import { AFTER, BEFORE, BOTH } from './rests.js';
import type { RulePool } from './rules.js';
import { spaceFor } from './space.js';

/** A region of two lists, and the places of the rules that bear on it. */
export interface FoldedRegion {
  readonly pool: RulePool;
  readonly merged: MergedLists;
  readonly near: NearRules;
  readonly region: Region;
  /** Of these counts only that they hold a packet first. */
  readonly ahead: readonly number[];
  /** Ascending. */
  readonly behind: readonly number[];
}

export interface FoldedChange {
  readonly order: readonly number[];
  readonly kernel: Kernel;
  /** Labels of `join`. */
  readonly differs: Diagram;
  /** Absent where it is complete. */
  readonly reason?: string;
}

/**
 * What differs in a region, by folding: what stays between two changes is folded once for both lists, and of the rules
 * ahead only what they hold together. Each rule is cut to the region first, so that nothing is folded that the answer
 * does not need: outside of the region no rule behind is left, so that nothing differs there.
 */
export function foldChange(
  { pool, merged, near, region, ahead, behind }: FoldedRegion,
  options: { readonly join: (before: number, after: number) => number; readonly order: readonly number[] },
  budget: Budget,
): FoldedChange {
  const { join } = options;
  const clip = near.clippedTo(region);
  const shields = ahead.map((place) => clip(merged.rules[place]!, { open: true }));
  const rules = behind.map((place) => clip(merged.rules[place]!, { open: false }));
  const order = foldOrder(pool.fields, [...shields, ...rules], options.order);
  const kernel = bitsKernel(spaceFor(pool.fields, [...shields, ...rules], order), budget);
  const inOrder = (box: Box): Box => order.map((field) => box[field]);
  try {
    const lists: { readonly before: Diagram[]; readonly after: Diagram[] } = { before: [], after: [] };
    for (const { side, run } of runsOf(behind, region, merged, rules)) {
      const folded = foldBoxes(
        kernel,
        run.map((at) => ({ box: inOrder(rules[at]!), label: pool.labelOf(merged.rules[behind[at]!]!) })),
      );
      if (side & BEFORE) lists.before.push(folded);
      if (side & AFTER) lists.after.push(folded);
    }
    const [before, after] = [kernel.fold(lists.before), kernel.fold(lists.after)];
    const differs = kernel.pair(before, after, (a, b) => (a === b ? 0 : join(a, b)));
    return { order, kernel, differs: kernel.minus(differs, kernel.unite(shields.map(inOrder))) };
  } catch (thrown) {
    if (!(thrown instanceof BudgetSpent)) throw thrown;
    return { order, kernel, differs: kernel.none, reason: thrown.reason };
  }
}

/**
 * The rules behind, those next to each other that are in the same lists together. Behind a rule that holds all of the
 * region a list has nothing more to say.
 */
function runsOf(behind: readonly number[], region: Region, { sides }: MergedLists, rules: readonly Box[]) {
  const runs: { side: number; run: number[] }[] = [];
  let open = BOTH;
  for (let at = 0; at < behind.length && open !== 0; at += 1) {
    const side = sides[behind[at]!]! & open;
    if (side === 0) continue;
    const last = runs.at(-1);
    if (last?.side === side) last.run.push(at);
    else runs.push({ side, run: [at] });
    if (rules[at]!.every((values, field) => values === region.box[field])) open &= ~side;
  }
  return runs;
}

export interface LabelledBox {
  readonly box: Box;
  readonly label: number;
}

/** A first-match list of rules. Of neighbours that answer the same no one needs to know which was first. */
export function foldBoxes(kernel: Kernel, rules: readonly LabelledBox[]): Diagram {
  const runs: Diagram[] = [];
  for (let at = 0; at < rules.length; ) {
    const { label } = rules[at]!;
    const boxes: Box[] = [];
    for (; at < rules.length && rules[at]!.label === label; at += 1) boxes.push(rules[at]!.box);
    runs.push(kernel.unite(boxes, label));
  }
  return kernel.fold(runs);
}

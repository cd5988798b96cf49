import { InternalFault } from '../lib/assert.js';
import { bitsKernel } from './bits-kernel.js';
import { foldBoxes } from './fold-change.js';
import { foldOrder } from './fold-order.js';
import { intervalsKernel } from './intervals-kernel.js';
import { type Box, type Budget, BudgetSpent, type Diagram, type DifferOptions, type Kernel } from './kernel.js';
import type { MergedLists } from './merge-lists.js';
import { boundedRegion, type NearRules } from './near-rules.js';
import type { RuleList } from './rule-list.js';
import { spaceFor } from './space.js';

/** What two lists decide differently, as a whole: labels of `join`. */
export interface WholeDifference {
  readonly order: readonly number[];
  readonly kernel: Kernel;
  readonly differs: Diagram;
  /** Absent where it is complete. */
  readonly reason?: string;
}

export interface WholeLists {
  readonly before: RuleList;
  readonly after: RuleList;
  readonly merged: MergedLists;
  readonly near: NearRules;
}

export interface WholeOptions {
  readonly join: (before: number, after: number) => number;
  /** That in which they are folded, unless a better one is found. */
  readonly order: readonly number[];
  readonly stepsMax?: number;
}

/** As for one rule: after so many steps the walk goes on only where it is likely to cost less than folding. */
const STEPS = 200_000;
const STEPS_LIKELY = 6_000_000;

/**
 * Where much has changed: both lists walked at once, or, where that would take too long, both folded and laid one upon
 * the other. It costs less than looking at each change by itself.
 */
export function compareWholes(lists: WholeLists, options: WholeOptions, budget: Budget): WholeDifference {
  const given = { stepsMax: STEPS, stepsLikely: STEPS_LIKELY };
  const steps = options.stepsMax === undefined ? given : { stepsMax: options.stepsMax };
  for (const way of [walked, folded]) {
    try {
      return way(lists, { ...options, ...steps }, budget);
    } catch (thrown) {
      if (!(thrown instanceof BudgetSpent)) throw thrown;
      if (way === walked) continue;
      const kernel = bitsKernel(spaceFor(lists.before.pool.fields, [], options.order));
      return { order: options.order, kernel, differs: kernel.none, reason: thrown.reason };
    }
  }
  throw new InternalFault('two lists were neither walked nor folded');
}

type Way = WholeOptions & Pick<DifferOptions, 'stepsLikely'>;

function walked({ before, merged, near }: WholeLists, { order: _, ...options }: Way, budget: Budget): WholeDifference {
  const { fields } = before.pool;
  const places = Array.from(merged.rules, (__, place) => place);
  const everything: Box = fields.map(() => undefined);
  const order = near.narrowestFirst(places, boundedRegion(before.pool, everything));
  const rules = places.map(near.ruleAt);
  const kernel = intervalsKernel(
    spaceFor(
      fields,
      rules.map(({ box }) => box),
      order,
    ),
    budget,
  );
  return { order, kernel, differs: kernel.differ(rules, everything, { ...options, fields: order, pool: before.pool }) };
}

function folded({ before, after, near }: WholeLists, { order: given, join }: Way, budget: Budget): WholeDifference {
  const { fields } = before.pool;
  const boxes = [before, after].flatMap(({ rules }) => Array.from(rules, near.boxOf));
  const order = foldOrder(fields, boxes, given);
  const kernel = bitsKernel(spaceFor(fields, boxes, order), budget);
  const [was, is] = [before, after].map(({ pool, rules }) =>
    foldBoxes(
      kernel,
      Array.from(rules, (rule) => {
        const box = near.boxOf(rule);
        return { box: order.map((field) => box[field]), label: pool.labelOf(rule) };
      }),
    ),
  );
  return { order, kernel, differs: kernel.pair(was!, is!, (a, b) => (a === b ? 0 : join(a, b))) };
}

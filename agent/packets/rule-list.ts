import { type Column, type OverlapIndex, overlapIndex } from './overlap.js';
import type { RulePool } from './rules.js';

/** A first-match list of rules of a pool, with what finds its rules by their boxes. */
export interface RuleList {
  readonly pool: RulePool;
  /** Rule numbers, first match first. */
  readonly rules: Int32Array;
  /** Made when first asked for. */
  index(): OverlapIndex;
}

export function ruleList(pool: RulePool, rules: Int32Array): RuleList {
  let index: OverlapIndex | undefined;
  return {
    pool,
    rules,
    index() {
      index ??= overlapIndex(
        rules.length,
        columnsOf(pool, (at) => rules[at]!).map((column, field) => ({
          ...column,
          fill: (lows: Float64Array, highs: Float64Array) => pool.fillBounds(field, rules, { lows, highs }),
        })),
      );
      return index;
    },
  };
}

/** The bounds of rules, for an index; `ruleAt` is the rule of each of its boxes. */
export function columnsOf(pool: RulePool, ruleAt: (box: number) => number): readonly Column[] {
  return pool.fields.map(({ last }, field) => ({
    last: Number(last),
    low: (box) => pool.low(field, pool.setOf(ruleAt(box), field)),
    high: (box) => pool.high(field, pool.setOf(ruleAt(box), field)),
  }));
}

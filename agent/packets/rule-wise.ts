import { type Bound, ranges } from '../lib/intervals.js';
import { intervalsKernel } from './intervals-kernel.js';
import { type Box, BudgetSpent, type MergedRule, type Point } from './kernel.js';
import { listLookup } from './lookup.js';
import { type ChangedRule, mergeLists } from './merge-lists.js';
import { type NearRules, nearRules, type Region } from './near-rules.js';
import type { RuleList } from './rule-list.js';
import type { RulePool } from './rules.js';
import { spaceBuilder } from './space.js';

/** What one changed rule may have done: at most what its box holds and no rule before it does. */
export interface ToldRule {
  readonly change: ChangedRule;
  readonly box: Box;
  /** Places, in the list of `change.side`, of the rules before it that hold a part of its box, in order. */
  readonly except: readonly number[];
  /** A packet of the box that the lists label differently. */
  readonly witness?: { readonly point: Point; readonly before: number; readonly after: number };
  /** Whether it is known if there is one: by a witness, or because none was left out. */
  readonly decided: boolean;
}

export interface RuleWise {
  readonly told: readonly ToldRule[];
  /** The labels of one packet in both lists (0: no rule holds it): whether it is part of the difference, exactly. */
  verdicts(point: Point): { readonly before: number; readonly after: number };
}

export interface RuleWiseOptions {
  /** Packets tried for each rule before the lists are walked for one. */
  readonly triesMax?: number;
  /** Steps of that walk. */
  readonly stepsMax?: number;
}

const TRIES_MAX = 400;
const STEPS_MAX = 100_000;

/**
 * The difference of two lists where its boxes would be too many: rule by rule, as an administrator would say it. The
 * set of each changed rule is given by the rules before it, so nothing is left out and nothing is listed; whether a
 * packet is in it is answered exactly.
 */
export function tellRules(before: RuleList, after: RuleList, options: RuleWiseOptions = {}): RuleWise {
  const { pool } = before;
  const merged = mergeLists(before, after);
  const near = nearRules(before, merged);
  const lookups = { before: listLookup(before), after: listLookup(after) };
  const labelOf = ({ rules }: RuleList, place: number): number => (place < 0 ? 0 : pool.labelOf(rules[place]!));
  const verdicts = (point: Point): { before: number; after: number } => ({
    before: labelOf(before, lookups.before(point)),
    after: labelOf(after, lookups.after(point)),
  });
  /** For places of the merged list the place in a list, -1 where it is not in it. */
  const placesIn = { before: new Int32Array(merged.rules.length), after: new Int32Array(merged.rules.length) };
  const next = { before: 0, after: 0 };
  for (const [place, side] of merged.sides.entries()) {
    placesIn.before[place] = side & 1 ? next.before++ : -1;
    placesIn.after[place] = side & 2 ? next.after++ : -1;
  }
  const told = merged.changed.map(({ place, change }): ToldRule => {
    const region = near.regionOf(change.rule);
    const earlier = [...near.keptWithin(region, place), ...near.changedWithin(region, place)].sort((a, b) => a - b);
    const except = earlier.map((one) => placesIn[change.side][one]!).filter((one) => one >= 0);
    const common = { change, box: region.box, except };
    for (const point of samples(pool, region, options.triesMax ?? TRIES_MAX)) {
      const labels = verdicts(point);
      if (labels.before !== labels.after) return { ...common, witness: { point, ...labels }, decided: true };
    }
    const found = searched(pool, near, merged, region, options.stepsMax ?? STEPS_MAX);
    if (found === 'unknown') return { ...common, decided: false };
    return found
      ? { ...common, witness: { point: found, ...verdicts(found) }, decided: true }
      : { ...common, decided: true };
  });
  return { told, verdicts };
}

/** Numbers that look like chance and are the same each time (Park and Miller's generator), from 0 up to 1. */
function chances(): () => number {
  let state = 20160216;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** Packets of a region, spread over it: most rules speak of little, so that a packet taken blindly escapes them. */
function* samples({ fields }: RulePool, { box }: Region, count: number): Generator<Point> {
  const chance = chances();
  const within = (first: Bound, last: Bound): Bound => {
    if (typeof first === 'bigint') {
      const steps = BigInt(Math.floor(chance() * 2 ** 30));
      return first + (((last as bigint) - first) * steps) / 2n ** 30n;
    }
    return first + Math.floor(chance() * ((last as number) - first + 1));
  };
  for (let number = 0; number < count; number += 1) {
    yield fields.map(({ last }, field) => {
      const values = box[field];
      if (values === undefined) return within(typeof last === 'bigint' ? 0n : 0, last);
      const all = [...ranges(values)];
      const [first, end] = all[Math.floor(chance() * all.length)]!;
      return within(first, end);
    });
  }
}

/** A packet of the region that the lists label differently; undefined: there is none. */
function searched(
  pool: RulePool,
  near: NearRules,
  merged: ReturnType<typeof mergeLists>,
  region: Region,
  stepsMax: number,
): Point | undefined | 'unknown' {
  const { places } = near.within(region, 0, merged.rules.length);
  if (places.length > stepsMax) return 'unknown';
  const builder = spaceBuilder(pool.fields);
  const declared = new Set<unknown>();
  const rules = places.map((place): MergedRule => {
    const rule = merged.rules[place]!;
    const label = pool.labelOf(rule);
    const { box } = near.regionOf(rule);
    const side = merged.sides[place]!;
    return { box, ...(side & 1 && { before: label }), ...(side & 2 && { after: label }) };
  });
  for (const box of [region.box, ...rules.map((rule) => rule.box)]) {
    box.forEach((values, field) => {
      if (values === undefined || declared.has(values)) return;
      declared.add(values);
      builder.declare(field, values);
    });
  }
  const kernel = intervalsKernel(builder.build());
  try {
    return kernel.pick(kernel.differ(rules, region.box, { join: () => 1, some: true, stepsMax }));
  } catch (thrown) {
    if (!(thrown instanceof BudgetSpent)) throw thrown;
    return 'unknown';
  }
}

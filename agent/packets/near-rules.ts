import { type Bound, type Intervals, intersection, overlaps } from '../lib/intervals.js';
import type { Box, MergedRule } from './kernel.js';
import type { MergedLists } from './merge-lists.js';
import { overlapIndex } from './overlap.js';
import { columnsOf, type RuleList } from './rule-list.js';
import type { RulePool } from './rules.js';

/** A box over the fields of a pool, with the lowest and highest value of each. */
export interface Region {
  readonly box: Box;
  /** The fields of which it does not have all. */
  readonly asked: readonly number[];
  readonly lows: Float64Array;
  readonly highs: Float64Array;
}

/** Which rules of a merged list bear on a region. */
export interface NearRules {
  /** The rule at a place, with its labels on the sides it is on. */
  ruleAt(place: number): MergedRule;
  /** The same of which only counts that it holds a packet first. */
  shieldAt(place: number): MergedRule;
  /** What a rule asks; undefined where it asks for everything. */
  boxOf(rule: number): Box;
  /**
   * For rules that meet a region: the part of each that lies in it; `open`: where a rule has all that the region has of
   * a field it asks for nothing, as if it went on outside.
   */
  clippedTo(region: Region): (rule: number, options: { readonly open: boolean }) => Box;
  regionOf(rule: number): Region;
  /** Whether a rule holds a packet of the region. */
  meets(rule: number, region: Region): boolean;
  /**
   * Places of rules that meet the region, from `from` up to `to`, ascending, up to the first that holds all of it for
   * each of both sides.
   */
  within(region: Region, from: number, to: number): { readonly places: readonly number[] };
  /** Places before `to` of rules in both lists that meet the region, up to the first that holds all of it. */
  keptWithin(region: Region, to: number): readonly number[];
  /** Places before `to` of rules in one list only that meet the region. */
  changedWithin(region: Region, to: number): readonly number[];
  /** The fields, that of which the rules at these places ask the smallest share of a region first. */
  narrowestFirst(places: readonly number[], region: Region): readonly number[];
}

/** So many rules say well enough how narrow all are. */
const WEIGHED_MAX = 4096;

export function nearRules(before: RuleList, merged: MergedLists): NearRules {
  const { pool } = before;
  const { fields } = pool;
  const full = fields.map(({ last }, field) => pool.set(field, [typeof last === 'bigint' ? 0n : 0, last]));
  // As long as they may become: written here and there, an array that grows is kept as a slow table.
  const known = fields.map((_, field) => new Array<Intervals<Bound> | undefined>(pool.setCount(field)));
  const extents = fields.map((_, field) => new Array<number | undefined>(pool.setCount(field)));
  const boxes = new Array<Box | undefined>(pool.size());
  const rules = new Array<MergedRule | undefined>(merged.rules.length);
  const shields = new Array<MergedRule | undefined>(merged.rules.length);
  const regions = new Map<number, Region>();
  const changed = merged.changed.map(({ place }) => place);
  const changedIndex = overlapIndex(
    changed.length,
    columnsOf(pool, (at) => merged.rules[changed[at]!]!),
  );
  // Of each what lies behind it, and mostly what lies before it too.
  const questions = 2 * changed.length;
  changedIndex.expect(questions);
  before.index().expect(questions);

  function valuesOf(field: number, set: number): Intervals<Bound> {
    let values = known[field]![set];
    if (values === undefined) {
      values = pool.values(field, set);
      known[field]![set] = values;
    }
    return values;
  }

  /** How many values a set has, rounded. */
  function extentOf(field: number, set: number): number {
    let extent = extents[field]![set];
    if (extent === undefined) {
      const values = valuesOf(field, set);
      extent = 0;
      for (let at = 0; at < values.length; at += 2) extent += Number(values[at + 1]!) - Number(values[at]!) + 1;
      extents[field]![set] = extent;
    }
    return extent;
  }

  function boxOf(rule: number): Box {
    let box = boxes[rule];
    if (box === undefined) {
      const own = new Array<Intervals<Bound> | undefined>(fields.length);
      for (let field = 0; field < fields.length; field += 1) {
        const set = pool.setOf(rule, field);
        own[field] = set === full[field] ? undefined : valuesOf(field, set);
      }
      box = own;
      boxes[rule] = box;
    }
    return box;
  }

  function meets(rule: number, { box, asked, lows, highs }: Region): boolean {
    for (let at = 0; at < asked.length; at += 1) {
      const field = asked[at]!;
      const set = pool.setOf(rule, field);
      if (set === full[field]) continue;
      if (pool.high(field, set) < lows[field]! || highs[field]! < pool.low(field, set)) return false;
      const wanted = box[field]!;
      const own = valuesOf(field, set);
      if (own !== wanted && !overlaps(own, wanted)) return false;
    }
    return true;
  }

  function covers(rule: number, { box }: Region): boolean {
    for (let field = 0; field < fields.length; field += 1) {
      const set = pool.setOf(rule, field);
      if (set === full[field]) continue;
      const wanted = box[field];
      if (wanted === undefined) return false;
      const own = valuesOf(field, set);
      if (own !== wanted && !holds(own, wanted)) return false;
    }
    return true;
  }

  return {
    ruleAt(place) {
      let rule = rules[place];
      if (rule === undefined) {
        const label = pool.labelOf(merged.rules[place]!);
        const side = merged.sides[place]!;
        const number = merged.rules[place]!;
        rule = { box: boxOf(number), number, ...(side & 1 && { before: label }), ...(side & 2 && { after: label }) };
        rules[place] = rule;
      }
      return rule;
    },
    shieldAt(place) {
      let shield = shields[place];
      if (shield === undefined) {
        const number = merged.rules[place]!;
        shield = { box: boxOf(number), number, before: 0, after: 0 };
        shields[place] = shield;
      }
      return shield;
    },
    boxOf,
    clippedTo({ box }) {
      const clipped = fields.map(() => [] as Intervals<Bound>[]);
      return (rule, { open }) =>
        boxOf(rule).map((own, field) => {
          const wanted = box[field];
          if (own === undefined || wanted === undefined)
            return open && wanted !== undefined ? undefined : (own ?? wanted);
          const set = pool.setOf(rule, field);
          let part = clipped[field]![set];
          if (part === undefined) {
            part = holds(own, wanted) ? wanted : intersection(own, wanted);
            clipped[field]![set] = part;
          }
          return open && part === wanted ? undefined : part;
        });
    },
    meets,
    regionOf(rule) {
      let region = regions.get(rule);
      if (region === undefined) {
        region = boundedRegion(pool, boxOf(rule));
        regions.set(rule, region);
      }
      return region;
    },
    within(region, from, to) {
      const places: number[] = [];
      let open = 3;
      const take = (place: number): boolean => {
        const rule = merged.rules[place]!;
        if (!meets(rule, region)) return false;
        places.push(place);
        if (covers(rule, region)) open &= ~merged.sides[place]!;
        return open === 0;
      };
      const near: number[] = [];
      changedIndex.visit(region.lows, region.highs, (at) => {
        if (changed[at]! >= to) return true;
        if (changed[at]! >= from) near.push(changed[at]!);
        return false;
      });
      let next = 0;
      before.index().visit(region.lows, region.highs, (at) => {
        const place = merged.ofBefore[at]!;
        if (place < from || merged.sides[place] !== 3) return false;
        for (; next < near.length && near[next]! < place; next += 1) if (take(near[next]!)) return true;
        if (open === 0) return true;
        return place >= to || take(place);
      });
      for (; open !== 0 && next < near.length; next += 1) take(near[next]!);
      return { places };
    },
    keptWithin(region, to) {
      const places: number[] = [];
      before.index().visit(region.lows, region.highs, (at) => {
        const place = merged.ofBefore[at]!;
        if (place >= to) return true;
        const rule = merged.rules[place]!;
        if (merged.sides[place] !== 3 || !meets(rule, region)) return false;
        places.push(place);
        return covers(rule, region);
      });
      return places;
    },
    changedWithin(region, to) {
      const places: number[] = [];
      changedIndex.visit(region.lows, region.highs, (at) => {
        if (changed[at]! >= to) return true;
        if (meets(merged.rules[changed[at]!]!, region)) places.push(changed[at]!);
        return false;
      });
      return places;
    },
    narrowestFirst(places, { lows, highs }) {
      const every = Math.max(1, Math.floor(places.length / WEIGHED_MAX));
      const shares = fields.map((_, field) => {
        const room = highs[field]! - lows[field]! + 1;
        let sum = 0;
        for (let at = 0; at < places.length; at += every) {
          const set = pool.setOf(merged.rules[places[at]!]!, field);
          sum += set === full[field] ? 1 : Math.min(1, extentOf(field, set) / room);
        }
        return sum;
      });
      return fields.map((_, field) => field).sort((a, b) => shares[a]! - shares[b]! || a - b);
    },
  };
}

export function boundedRegion({ fields }: RulePool, box: Box): Region {
  const lows = Float64Array.from(fields, (_, field) => Number(box[field]?.[0] ?? 0));
  const highs = Float64Array.from(fields, ({ last }, field) => Number(box[field]?.at(-1) ?? last));
  const asked = fields.flatMap((_, field) => (box[field] === undefined ? [] : [field]));
  return { box, asked, lows, highs };
}

/** Whether each interval of `inner` lies in one of `outer`; both are canonical. */
function holds(outer: Intervals<Bound>, inner: Intervals<Bound>): boolean {
  let at = 0;
  for (let i = 0; i < inner.length; i += 2) {
    while (at < outer.length && outer[at + 1]! < inner[i]!) at += 2;
    if (at >= outer.length || outer[at]! > inner[i]! || outer[at + 1]! < inner[i + 1]!) return false;
  }
  return true;
}

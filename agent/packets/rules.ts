import type { Bound, Intervals } from '../lib/intervals.js';
import type { Field } from './kernel.js';
import { grown, mix } from './table.js';

/**
 * Rules as numbers. A rule is a label and one set of values for each field; equal sets of a field have equal numbers,
 * and so have equal rules. A list of rules is then an array of numbers: two readings of 100,000 rules are kept as one
 * pool and two short arrays, and are compared without looking into a rule.
 */
export interface RulePool {
  readonly fields: readonly Field[];
  /** The number of the set `bounds[0]` … `bounds[length - 1]`, canonical intervals that are not empty. */
  set(field: number, bounds: readonly Bound[] | Float64Array, length?: number): number;
  values(field: number, set: number): Intervals<Bound>;
  /** The lowest and the highest value, rounded where a double does not hold it: two sets that meet also meet so. */
  low(field: number, set: number): number;
  high(field: number, set: number): number;
  /** The same of one field of many rules. */
  fillBounds(field: number, rules: Int32Array, into: Bounds): void;
  /** The number of the rule with these sets, one a field. */
  rule(sets: ArrayLike<number>, label: number): number;
  setOf(rule: number, field: number): number;
  labelOf(rule: number): number;
  /** How many different rules there are. */
  size(): number;
  /** How many different sets of a field there are. */
  setCount(field: number): number;
}

/** For each of many rules the lowest and the highest value of one field. */
export interface Bounds {
  readonly lows: Float64Array;
  readonly highs: Float64Array;
}

interface Sets {
  find(bounds: readonly Bound[] | Float64Array, length: number): number;
  values(set: number): Intervals<Bound>;
  low(set: number): number;
  high(set: number): number;
  /** Of all sets; for a while only, because the arrays are replaced as they grow. */
  bounds(): Bounds;
  size(): number;
}

export function rulePool(fields: readonly Field[]): RulePool {
  const sets = fields.map(({ last }) => (typeof last === 'bigint' ? wideSets() : plainSets()));
  const width = fields.length + 1;
  let columns = new Int32Array(1024 * width);
  let slots = new Int32Array(4096);
  let count = 0;

  function hashOf(from: ArrayLike<number>, label: number): number {
    let hash = label;
    for (let field = 0; field < fields.length; field += 1) hash = mix(hash, from[field]!);
    return hash;
  }

  function same(rule: number, from: ArrayLike<number>, label: number): boolean {
    const at = rule * width;
    if (columns[at + fields.length] !== label) return false;
    for (let field = 0; field < fields.length; field += 1) if (columns[at + field] !== from[field]) return false;
    return true;
  }

  function rehash(): void {
    slots = new Int32Array(slots.length * 2);
    const mask = slots.length - 1;
    for (let rule = 0; rule < count; rule += 1) {
      const own = columns.subarray(rule * width, rule * width + fields.length);
      let slot = hashOf(own, columns[rule * width + fields.length]!) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = rule + 1;
    }
  }

  return {
    fields,
    set: (field, bounds, length = bounds.length) => sets[field]!.find(bounds, length),
    values: (field, set) => sets[field]!.values(set),
    low: (field, set) => sets[field]!.low(set),
    high: (field, set) => sets[field]!.high(set),
    fillBounds(field, rules, { lows, highs }) {
      const own = sets[field]!.bounds();
      for (let at = 0; at < rules.length; at += 1) {
        const set = columns[rules[at]! * width + field]!;
        lows[at] = own.lows[set]!;
        highs[at] = own.highs[set]!;
      }
    },
    rule(from, label) {
      const mask = slots.length - 1;
      let slot = hashOf(from, label) & mask;
      for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
        if (same(slots[slot]! - 1, from, label)) return slots[slot]! - 1;
      }
      const rule = count;
      count += 1;
      slots[slot] = count;
      if (count * width > columns.length) columns = grown(columns, 0);
      for (let field = 0; field < fields.length; field += 1) columns[rule * width + field] = from[field]!;
      columns[rule * width + fields.length] = label;
      if (count * 2 > slots.length) rehash();
      return rule;
    },
    setOf: (rule, field) => columns[rule * width + field]!,
    labelOf: (rule) => columns[rule * width + fields.length]!,
    size: () => count,
    setCount: (field) => sets[field]!.size(),
  };
}

/** Sets of values that a double holds, one after the other in one array. */
function plainSets(): Sets {
  let bounds = new Float64Array(1024);
  let offsets = new Int32Array(256);
  let slots = new Int32Array(1024);
  let count = 0;

  function hashOf(from: ArrayLike<number>, start: number, length: number): number {
    let hash = length;
    for (let at = start; at < start + length; at += 1) hash = mix(hash, from[at]!);
    return hash;
  }

  function same(set: number, from: ArrayLike<number>, length: number): boolean {
    const start = offsets[set]!;
    if (offsets[set + 1]! - start !== length) return false;
    for (let at = 0; at < length; at += 1) if (bounds[start + at] !== from[at]) return false;
    return true;
  }

  function rehash(): void {
    slots = new Int32Array(slots.length * 2);
    const mask = slots.length - 1;
    for (let set = 0; set < count; set += 1) {
      let slot = hashOf(bounds, offsets[set]!, offsets[set + 1]! - offsets[set]!) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = set + 1;
    }
  }

  return {
    find(given, length) {
      // A field's bounds are all of one type, which its `last` tells.
      const from = given as ArrayLike<number>;
      const mask = slots.length - 1;
      let slot = hashOf(from, 0, length) & mask;
      for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
        if (same(slots[slot]! - 1, from, length)) return slots[slot]! - 1;
      }
      const start = offsets[count]!;
      if (start + length > bounds.length) {
        const larger = new Float64Array(Math.max(bounds.length * 2, start + length));
        larger.set(bounds);
        bounds = larger;
      }
      for (let at = 0; at < length; at += 1) bounds[start + at] = from[at]!;
      const set = count;
      count += 1;
      if (count + 1 > offsets.length) offsets = grown(offsets, 0);
      offsets[count] = start + length;
      slots[slot] = count;
      if (count * 2 > slots.length) rehash();
      return set;
    },
    values(set) {
      const start = offsets[set]!;
      const values = new Array<number>(offsets[set + 1]! - start);
      for (let at = 0; at < values.length; at += 1) values[at] = bounds[start + at]!;
      return values;
    },
    low: (set) => bounds[offsets[set]!]!,
    high: (set) => bounds[offsets[set + 1]! - 1]!,
    bounds() {
      const [lows, highs] = [new Float64Array(count), new Float64Array(count)];
      for (let set = 0; set < count; set += 1) {
        lows[set] = bounds[offsets[set]!]!;
        highs[set] = bounds[offsets[set + 1]! - 1]!;
      }
      return { lows, highs };
    },
    size: () => count,
  };
}

/** Sets of IPv6 addresses. */
function wideSets(): Sets {
  const numbers = new Map<string, number>();
  const known: Intervals<Bound>[] = [];
  let lows = new Float64Array(256);
  let highs = new Float64Array(256);
  return {
    find(given, length) {
      const values = (given as readonly Bound[]).slice(0, length);
      const key = values.join();
      let set = numbers.get(key);
      if (set === undefined) {
        set = known.length;
        numbers.set(key, set);
        known.push(values);
        if (set === lows.length) [lows, highs] = [doubled(lows), doubled(highs)];
        // Rounding keeps the order, or makes two values equal: what meets still meets.
        lows[set] = Number(values[0]!);
        highs[set] = Number(values[length - 1]!);
      }
      return set;
    },
    values: (set) => known[set]!,
    low: (set) => lows[set]!,
    high: (set) => highs[set]!,
    bounds: () => ({ lows, highs }),
    size: () => known.length,
  };
}

function doubled(array: Float64Array): Float64Array<ArrayBuffer> {
  const out = new Float64Array(array.length * 2);
  out.set(array);
  return out;
}

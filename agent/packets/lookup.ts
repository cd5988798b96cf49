import { type Bound, contains, type Intervals } from '../lib/intervals.js';
import type { Point } from './kernel.js';
import type { RuleList } from './rule-list.js';

/** The place of the first rule that holds a packet, -1 where none does. */
export type Lookup = (point: Point) => number;

/** Asks only the rules that the list's index cannot rule out. */
export function listLookup(list: RuleList): Lookup {
  const { pool } = list;
  const fieldCount = pool.fields.length;
  const index = list.index();
  const near = new Float64Array(fieldCount);
  const { lows, highs, loose, parts } = boundsOf(list);
  let asked: Point = [];

  const holds = (place: number): boolean => {
    const first = place * fieldCount;
    for (let field = 0; field < fieldCount; field += 1) {
      const value = near[field]!;
      if (value < lows[first + field]! || value > highs[first + field]!) return false;
    }
    if (loose[place] === 1) {
      for (let field = 0; field < fieldCount; field += 1) {
        const values = parts[first + field];
        if (values !== undefined && !contains(values, asked[field]!)) return false;
      }
    }
    return true;
  };

  return (point) => {
    for (let field = 0; field < fieldCount; field += 1) near[field] = Number(point[field]);
    asked = point;
    return index.find(near, holds);
  };
}

/** What each rule of a list asks, from the lowest to the highest value, and where that does not say all of it the set. */
function boundsOf({ pool, rules }: RuleList) {
  const fieldCount = pool.fields.length;
  const lows = new Float64Array(rules.length * fieldCount);
  const highs = new Float64Array(rules.length * fieldCount);
  const loose = new Uint8Array(rules.length);
  const parts: (Intervals<Bound> | undefined)[] = [];
  const known = pool.fields.map(() => new Map<number, Intervals<Bound> | undefined>());
  for (let place = 0; place < rules.length; place += 1) {
    for (let field = 0; field < fieldCount; field += 1) {
      const set = pool.setOf(rules[place]!, field);
      const at = place * fieldCount + field;
      lows[at] = pool.low(field, set);
      highs[at] = pool.high(field, set);
      const sets = known[field]!;
      if (!sets.has(set)) {
        const values = pool.values(field, set);
        sets.set(set, isWhole(values, pool.fields[field]!.last) ? undefined : values);
      }
      parts.push(sets.get(set));
      if (parts[at] !== undefined) loose[place] = 1;
    }
  }
  return { lows, highs, loose, parts };
}

/** An address of IPv6 is rounded, unless it is any. */
function isWhole(values: Intervals<Bound>, last: Bound): boolean {
  return values.length === 2 && (typeof last === 'number' || (values[0] === 0n && values[1] === last));
}

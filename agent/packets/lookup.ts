import { type Bound, contains, type Intervals } from '../lib/intervals.js';
import type { Point } from './kernel.js';
import type { RuleList } from './rule-list.js';

/** The place of the first rule that holds a packet, -1 where none does. */
export type Lookup = (point: Point) => number;

/** Asks only the rules that the list's index cannot rule out. */
export function listLookup(list: RuleList): Lookup {
  const { pool, rules } = list;
  const fieldCount = pool.fields.length;
  const values = pool.fields.map((): (Intervals<Bound> | undefined)[] => []);
  const index = list.index();
  const near = new Float64Array(fieldCount);
  let asked: Point = [];
  let found = -1;

  const holds = (place: number): boolean => {
    const rule = rules[place]!;
    for (let field = 0; field < fieldCount; field += 1) {
      const set = pool.setOf(rule, field);
      let own = values[field]![set];
      if (own === undefined) {
        own = pool.values(field, set);
        values[field]![set] = own;
      }
      const value = asked[field]!;
      if (own.length === 2 ? value < own[0]! || value > own[1]! : !contains(own, value)) return false;
    }
    found = place;
    return true;
  };

  return (point) => {
    for (let field = 0; field < fieldCount; field += 1) near[field] = Number(point[field]);
    asked = point;
    found = -1;
    index.visit(near, near, holds);
    return found;
  };
}

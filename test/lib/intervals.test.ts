import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import * as intervals from '../../agent/lib/intervals.js';
import { seed } from '../support/seed.js';

type Bound = intervals.Bound;
type Set_<T extends Bound> = intervals.Intervals<T>;

/** Sorted, disjoint, never adjacent: what makes equal sets equal arrays. */
function isCanonical<T extends Bound>(set: Set_<T>): boolean {
  if (set.length % 2 !== 0) return false;
  return set.every((bound, index) => {
    if (index === 0) return true;
    const before = set[index - 1]!;
    return index % 2 === 1 ? before <= bound : intervals.successor(before) < bound;
  });
}

describe('every pair of sets in a universe of six values', () => {
  const LAST = 5;
  const universe = Array.from({ length: LAST + 1 }, (_, value) => value);
  const sets = Array.from({ length: 2 ** universe.length }, (_, bits) =>
    universe.filter((value) => (bits >> value) & 1),
  );
  const made = sets.map((values) => intervals.fromRanges(values.map((value) => [value, value] as const)));

  test('is canonical, and has the right members', () => {
    sets.forEach((values, index) => {
      const set = made[index]!;
      expect(isCanonical(set)).toBe(true);
      expect(universe.filter((value) => intervals.contains(set, value))).toEqual(values);
      expect(intervals.size(set)).toBe(BigInt(values.length));
      expect(intervals.isEmpty(set)).toBe(values.length === 0);
      const outside = universe.filter((value) => !values.includes(value));
      expect(intervals.complement(set, [0, LAST])).toEqual(
        intervals.fromRanges(outside.map((one) => [one, one] as const)),
      );
    });
  });

  test('agrees with brute force', () => {
    const of = (bits: number): Set_<number> => made[bits]!;
    for (let a = 0; a < sets.length; a++) {
      for (let b = 0; b < sets.length; b++) {
        const results = [
          [intervals.union(of(a), of(b)), of(a | b)],
          [intervals.intersection(of(a), of(b)), of(a & b)],
          [intervals.difference(of(a), of(b)), of(a & ~b)],
        ] as const;
        for (const [result, expected] of results) {
          if (!intervals.equals(result, expected))
            throw new Error(`${of(a)} with ${of(b)}: ${result}, not ${expected}`);
        }
        expect(intervals.isSubset(of(a), of(b))).toBe((a & ~b) === 0);
        expect(intervals.overlaps(of(a), of(b))).toBe((a & b) !== 0);
        expect(intervals.equals(of(a), of(b))).toBe(a === b);
      }
    }
  });
});

/** The same laws over addresses: 32-bit numbers, and 128-bit ones that a `number` could not tell apart. */
describe.each([
  ['numbers', fc.nat(60)],
  ['wide numbers', fc.nat(60).map((value) => (1n << 127n) + BigInt(value))],
] as readonly (readonly [string, fc.Arbitrary<Bound>])[])('random ranges of %s', (_name, value) => {
  const rangesOf = fc.array(fc.tuple(value, value), { maxLength: 8 });
  const inside = (ranges: readonly (readonly [Bound, Bound])[], one: Bound): boolean =>
    ranges.some(([first, last]) => first <= one && one <= last);

  test('hold exactly what the ranges hold, through every operation', () => {
    fc.assert(
      fc.property(rangesOf, rangesOf, fc.array(value, { maxLength: 20 }), (left, right, probes) => {
        const a = intervals.fromRanges(left);
        const b = intervals.fromRanges(right);
        const either = intervals.union(a, b);
        const both = intervals.intersection(a, b);
        const only = intervals.difference(a, b);
        for (const set of [a, b, either, both, only]) expect(isCanonical(set)).toBe(true);
        for (const one of [...probes, ...left.flat(), ...right.flat()]) {
          const [inA, inB] = [inside(left, one), inside(right, one)];
          expect(intervals.contains(a, one)).toBe(inA);
          expect(intervals.contains(either, one)).toBe(inA || inB);
          expect(intervals.contains(both, one)).toBe(inA && inB);
          expect(intervals.contains(only, one)).toBe(inA && !inB);
        }
        expect(intervals.size(either)).toBe(intervals.size(a) + intervals.size(b) - intervals.size(both));
        expect(intervals.equals(intervals.union(both, only), a)).toBe(true);
      }),
      { seed },
    );
  });
});

test('a range whose first exceeds its last is empty', () => expect(intervals.fromRanges([[5, 4]])).toEqual([]));

test('neighbours are merged, also where a number would have lost the last bits', () => {
  expect(
    intervals.fromRanges([
      [3, 4],
      [1, 2],
    ]),
  ).toEqual([1, 4]);
  const wide = 1n << 100n;
  expect(
    intervals.fromRanges([
      [wide, wide],
      [wide + 1n, wide + 2n],
    ]),
  ).toEqual([wide, wide + 2n]);
  expect(
    intervals.fromRanges([
      [wide, wide],
      [wide + 2n, wide + 2n],
    ]),
  ).toHaveLength(4);
});

test('ranges gives back the pairs', () =>
  expect([...intervals.ranges([1, 2, 5, 5])]).toEqual([
    [1, 2],
    [5, 5],
  ]));

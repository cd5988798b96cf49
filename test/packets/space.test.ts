import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Bound, contains, fromRanges, type Intervals, intersection, union } from '../../agent/lib/intervals.js';
import { type Field, spaceBuilder } from '../../agent/packets/index.js';
import { maskIntervals, RUNS } from './universe.js';

function spaceOf(field: Field, sets: readonly Intervals<Bound>[]) {
  const builder = spaceBuilder([field]);
  for (const set of sets) builder.declare(0, set);
  return builder.build();
}

const PORT: Field = { name: 'dport', last: 65535 };
const ADDRESS: Field = { name: 'src', last: 2n ** 128n - 1n };

describe('classes of a field', () => {
  test('values that no declared set tells apart are one class, numbered by first value', () => {
    const space = spaceOf(PORT, [
      [22, 22],
      [80, 80, 443, 443],
    ]);
    expect(space.classCount(0)).toBe(3);
    expect([0, 22, 23, 80, 100, 443, 65535].map((port) => space.classOf(0, port))).toEqual([0, 1, 0, 2, 0, 2, 0]);
    expect(space.values(0, [0, 0])).toEqual([0, 21, 23, 79, 81, 442, 444, 65535]);
    expect(space.values(0, [1, 2])).toEqual([22, 22, 80, 80, 443, 443]);
    expect([0, 1, 2].map((number) => space.representative(0, number))).toEqual([0, 22, 80]);
    expect(space.classes(0, [80, 80, 443, 443])).toEqual([2, 2]);
    expect(space.classes(0, [0, 21, 23, 65535])).toEqual([0, 0, 2, 2]);
  });

  test('a field nobody declared is one class', () => {
    const space = spaceOf(ADDRESS, []);
    expect(space.classCount(0)).toBe(1);
    expect(space.classes(0, [0n, ADDRESS.last])).toEqual([0, 0]);
    expect(space.classes(0, [])).toEqual([]);
    expect(space.values(0, [0, 0])).toEqual([0n, ADDRESS.last]);
  });

  test('IPv6 edges keep every bit: 2^53 ± 1, 2^64, 2^128 - 1', () => {
    const edges = [0n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n, 2n ** 128n - 1n];
    const space = spaceOf(
      ADDRESS,
      edges.map((edge) => [edge, edge]),
    );
    expect(space.classCount(0)).toBe(7);
    for (const edge of edges) {
      const classNumber = space.classOf(0, edge);
      expect(space.classes(0, [edge, edge])).toEqual([classNumber, classNumber]);
      expect(space.values(0, [classNumber, classNumber])).toEqual([edge, edge]);
      expect(space.representative(0, classNumber)).toBe(edge);
      for (const near of [edge - 1n, edge + 1n].filter((v) => v >= 0n && v <= ADDRESS.last && !edges.includes(v))) {
        expect(space.classOf(0, near)).toBe(space.classOf(0, 1n));
      }
    }
  });

  test('classes are exactly the groups of equal membership, and values and classes undo each other', () => {
    const last = 19;
    const sets = fc.array(fc.integer({ min: 0, max: 2 ** (last + 1) - 1 }).map(maskIntervals), { maxLength: 6 });
    fc.assert(
      fc.property(sets, fc.boolean(), (numbers, wide) => {
        const lift = (value: Bound): Bound => (wide ? BigInt(value) << 100n : value);
        const liftSet = (set: Intervals): Intervals<Bound> =>
          fromRanges(
            Array.from({ length: set.length / 2 }, (_, i) => {
              const end = lift(set[2 * i + 1]! + 1);
              return [lift(set[2 * i]!), typeof end === 'bigint' ? end - 1n : end - 1] as [Bound, Bound];
            }),
          );
        const declared = numbers.map(liftSet);
        const space = spaceOf({ name: 'f', last: liftSet([0, last])[1]! }, declared);
        const all = Array.from({ length: last + 1 }, (_, value) => lift(value));
        const groups = new Map<string, number>();
        for (const value of all) {
          const group = declared.map((set) => contains(set, value)).join();
          if (!groups.has(group)) groups.set(group, groups.size);
          expect(space.classOf(0, value)).toBe(groups.get(group));
        }
        expect(space.classCount(0)).toBe(groups.size);
        const combined = declared.reduce((a, b) => union(a, b), []);
        const common = declared.reduce((a, b) => intersection(a, b), liftSet([0, last]));
        for (const set of [...declared, combined, common]) expect(space.values(0, space.classes(0, set))).toEqual(set);
      }),
      RUNS,
    );
  });

  test('what cannot be tested exactly is a fault of the caller, with the field and the bound', () => {
    const space = spaceOf(PORT, [
      [10, 20],
      [30, 40],
    ]);
    expect(() => space.classes(0, [10, 19])).toThrow('field dport: the bound 19 was never declared');
    expect(() => space.classes(0, [11, 20])).toThrow('field dport: the bound 11 was never declared');
    expect(() => space.classes(0, [10, 40])).toThrow('no Boolean combination of declared sets');
    expect(() => space.classes(0, [10n, 20n])).toThrow('10 is a bigint, the field holds numbers');
    expect(() => space.classOf(0, 65536)).toThrow('outside 0–65535');
    expect(() => space.classOf(0, 1.5)).toThrow('not a whole number');
    const builder = spaceBuilder([PORT]);
    expect(() => builder.declare(0, [20, 10])).toThrow('runs backwards');
    expect(() => builder.declare(0, [10, 19, 20, 30])).toThrow('overlap, touch or are unsorted');
    expect(() => builder.declare(0, [10])).toThrow('has no end');
    expect(() => spaceBuilder([{ name: 'src', last: 2 ** 128 }])).toThrow('use a bigint');
  });
});

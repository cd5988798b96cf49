import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { contains, isSubset, single, size } from '../../agent/lib/intervals.js';
import type { Box, Diagram, Kernel } from '../../agent/packets/index.js';
import {
  boxOf,
  fullSpace,
  KERNELS,
  RUNS,
  type Scenario,
  scenarios,
  spaceFor,
  tableOf,
  universeOf,
} from './universe.js';

function holdsBox(box: Box, point: readonly number[]): boolean {
  return box.every((values, field) => values === undefined || contains(values, point[field]!));
}

function points(box: Box, { universe }: Scenario): bigint {
  return box.reduce((all, values, f) => all * (values ? size(values) : BigInt(universe.fields[f]!.last) + 1n), 1n);
}

describe.each(KERNELS)('what kernel %s reads from a diagram', (_, makeKernel) => {
  function holds(law: (kernel: Kernel, set: Diagram, inside: readonly (readonly number[])[], s: Scenario) => void) {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        const kernel = makeKernel(spaceFor(scenario.universe, scenario.rules));
        const sets = scenario.rules.map(({ masks }) => kernel.box(boxOf(masks)));
        const symmetric = sets.reduce((a, b) => kernel.minus(kernel.or(a, b), kernel.and(a, b)));
        for (const set of [symmetric, kernel.not(symmetric), sets[0]!]) {
          law(
            kernel,
            set,
            scenario.universe.points.filter((point) => kernel.at(set, point) === 1),
            scenario,
          );
        }
      }),
      RUNS,
    );
  }

  test('count is the number of points', () => {
    holds((kernel, set, inside) => expect(kernel.count(set)).toBe(BigInt(inside.length)));
  });

  test('labels are those of the points', () => {
    holds((kernel, _set, _inside, { universe, rules }) => {
      const list = kernel.fold(rules.map(({ masks, label }) => kernel.paint(kernel.box(boxOf(masks)), label)));
      expect(kernel.labels(list)).toEqual([...new Set(tableOf(kernel, list, universe))].sort());
    });
  });

  test('split is where, label by label, of those that are wanted', () => {
    holds((kernel, _set, _inside, { rules }) => {
      const list = kernel.fold(rules.map(({ masks, label }) => kernel.paint(kernel.box(boxOf(masks)), label)));
      for (const wanted of [() => true, (label: number) => label % 2 === 1, () => false]) {
        const labels = kernel.labels(list).filter((label) => label !== 0 && wanted(label));
        expect([...kernel.split(list, wanted)].sort()).toEqual(
          labels.map((label) => [label, kernel.where(list, (one) => one === label)]).sort(),
        );
      }
    });
  });

  test('boxes are disjoint, cover the set and come largest first', () => {
    holds((kernel, set, inside, scenario) => {
      const { boxes, complete } = kernel.boxes(set, 1000);
      expect(complete).toBe(true);
      const met = scenario.universe.points.filter((point) => {
        const holding = boxes.filter((box) => holdsBox(box, point)).length;
        expect(holding).toBeLessThanOrEqual(1);
        return holding === 1;
      });
      expect(met).toEqual(inside);
      const sizes = boxes.map((box) => points(box, scenario));
      expect(sizes).toEqual([...sizes].sort((a, b) => Number(b - a)));
      for (let limit = 0; limit <= boxes.length; limit += 1) {
        const some = kernel.boxes(set, limit);
        expect(some.complete).toBe(limit === boxes.length);
        expect(some.boxes.map((box) => points(box, scenario))).toEqual(sizes.slice(0, limit));
      }
    });
  });

  test('hull is the projection on each field', () => {
    holds((kernel, set, inside, { universe }) => {
      const hull = kernel.hull(set);
      if (inside.length === 0) return expect(hull).toBeUndefined();
      universe.fields.forEach(({ last }, field) => {
        for (let value = 0; value <= Number(last); value += 1) {
          const expected = inside.some((point) => point[field] === value);
          expect(hull![field] === undefined || contains(hull![field]!, value)).toBe(expected);
        }
        if (hull![field]) expect(isSubset([0, last], hull![field]!)).toBe(false);
      });
    });
  });

  test('pick takes a preferred value where that is possible, else the lowest, field by field', () => {
    fc.assert(
      fc.property(scenarios, fc.array(fc.array(fc.nat(8), { maxLength: 3 })), (scenario, preferred) => {
        const kernel = makeKernel(spaceFor(scenario.universe, scenario.rules));
        const set = scenario.rules
          .map(({ masks }) => kernel.box(boxOf(masks)))
          .reduce((a, b) => kernel.minus(kernel.or(a, b), kernel.and(a, b)));
        let left = scenario.universe.points.filter((point) => kernel.at(set, point) === 1);
        const picked = kernel.pick(set, preferred);
        if (left.length === 0) return expect(picked).toBeUndefined();
        scenario.universe.fields.forEach((_field, field) => {
          const possible = new Set(left.map((point) => point[field]!));
          const wish = (preferred[field] ?? []).find((value) => possible.has(value));
          expect(picked![field]).toBe(wish ?? Math.min(...possible));
          left = left.filter((point) => point[field] === picked![field]);
        });
        return expect(kernel.at(set, picked!)).toBe(1);
      }),
      RUNS,
    );
  });

  test('boxes join edges with one continuation: two ports of one pair of hosts are one box', () => {
    const universe = universeOf([7, 7]);
    const kernel = makeKernel(fullSpace(universe));
    const set = kernel.box([
      [1, 1, 4, 5],
      [2, 3, 6, 6],
    ]);
    expect(kernel.boxes(set, 10)).toEqual({
      boxes: [
        [
          [1, 1, 4, 5],
          [2, 3, 6, 6],
        ],
      ],
      complete: true,
    });
    expect(kernel.boxes(kernel.all, 1)).toEqual({ boxes: [[undefined, undefined]], complete: true });
    expect(kernel.boxes(kernel.none, 0)).toEqual({ boxes: [], complete: true });
  });

  test('a label outside 0 … 2^31-1 and a missing bound are faults, not answers', () => {
    const kernel = makeKernel(spaceFor(universeOf([9]), [{ masks: [0b110], label: 1 }]));
    for (const label of [-1, 1.5, 2 ** 31, Number.NaN]) {
      expect(() => kernel.constant(label)).toThrow('is not a label');
      expect(() => kernel.paint(kernel.test(0, [1, 2]), label)).toThrow('is not a label');
      expect(() => kernel.map(kernel.all, () => label)).toThrow('is not a label');
    }
    expect(kernel.labels(kernel.constant(2 ** 31 - 1))).toEqual([2 ** 31 - 1]);
    expect(() => kernel.test(0, single(1))).toThrow('never declared');
  });
});

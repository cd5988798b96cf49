import { describe, expect, test } from '@jest/globals';
import type { Diagram, Kernel } from '../../agent/packets/index.js';
import { boxOf, fullSpace, inBox, KERNELS, universeOf } from './universe.js';

/**
 * Two tiny universes taken whole. Three values a field leave a spare code in two bits, which is where an encoding in
 * bits could go wrong. A set is a bit mask over the points, so the expected answers are one machine instruction each.
 */
function reader(kernel: Kernel, points: readonly (readonly number[])[]) {
  const known = new Map<Diagram, number>();
  return (set: Diagram): number => {
    let mask = known.get(set);
    if (mask === undefined) {
      mask = points.reduce((bits, point, i) => bits | (kernel.at(set, point) << i), 0);
      known.set(set, mask);
    }
    return mask;
  };
}

/** Checks every binary operation on every ordered pair; reports the first wrong pair instead of asserting each one. */
function wrongPair(kernel: Kernel, sets: readonly Diagram[], masks: readonly number[], read: (set: Diagram) => number) {
  for (let i = 0; i < sets.length; i += 1) {
    for (let j = 0; j < sets.length; j += 1) {
      const [a, b, inA, inB] = [sets[i]!, sets[j]!, masks[i]!, masks[j]!];
      const right =
        read(kernel.and(a, b)) === (inA & inB) &&
        read(kernel.or(a, b)) === (inA | inB) &&
        read(kernel.minus(a, b)) === (inA & ~inB) &&
        read(kernel.override(a, b)) === (inA | inB) &&
        read(kernel.keep(a, b)) === (inA & inB) &&
        kernel.isSubset(a, b) === ((inA & ~inB) === 0) &&
        (a === b) === (inA === inB);
      if (!right) return { a: inA.toString(2), b: inB.toString(2) };
    }
  }
  return undefined;
}

describe.each(KERNELS)('kernel %s on a whole tiny universe', (_, makeKernel) => {
  test('all 512 sets of 3 × 3 points, alone and in all pairs', () => {
    const universe = universeOf([2, 2]);
    const { points } = universe;
    const kernel = makeKernel(fullSpace(universe));
    const read = reader(kernel, points);
    const dots = points.map((point) => kernel.box(boxOf(point.map((value) => 1 << value))));
    const masks = Array.from({ length: 512 }, (_set, mask) => mask);
    const sets = masks.map((mask) => dots.filter((_dot, i) => (mask >> i) & 1).reduce(kernel.or, kernel.none));
    expect(sets.map(read)).toEqual(masks);
    expect(new Set(sets).size).toBe(512);
    expect(wrongPair(kernel, sets, masks, read)).toBeUndefined();
    for (const mask of masks) {
      const set = sets[mask]!;
      const inside = points.filter((_point, i) => (mask >> i) & 1);
      expect(read(kernel.not(set))).toBe(~mask & 511);
      expect(kernel.count(set)).toBe(BigInt(inside.length));
      expect(kernel.labels(set)).toEqual(mask === 0 ? [0] : mask === 511 ? [1] : [0, 1]);
      expect(kernel.pick(set)).toEqual(inside[0]);
      const { boxes, complete } = kernel.boxes(set, 9);
      const union = boxes.map((box) => kernel.box(box));
      expect([union.reduce(kernel.or, kernel.none), complete]).toEqual([set, true]);
      expect(union.reduce((total, box) => total + kernel.count(box), 0n)).toBe(kernel.count(set));
      for (const field of [0, 1]) {
        const other = 1 - field;
        const mates = (point: readonly number[]) => inside.filter((one) => one[other] === point[other]).length;
        const some = points.reduce((bits, point, i) => bits | (mates(point) > 0 ? 1 << i : 0), 0);
        const every = points.reduce((bits, point, i) => bits | (mates(point) === 3 ? 1 << i : 0), 0);
        expect([read(kernel.exists(set, field)), read(kernel.forall(set, field))]).toEqual([some, every]);
      }
    }
  });

  test('all pairs of the boxes of 3 × 3 × 3 points', () => {
    const universe = universeOf([2, 2, 2]);
    const kernel = makeKernel(fullSpace(universe));
    const family: number[][] = [[0, 0, 0]];
    for (let x = 1; x < 8; x += 1) for (let y = 1; y < 8; y += 1) for (let z = 1; z < 8; z += 1) family.push([x, y, z]);
    const masks = family.map((box) => universe.points.reduce((bits, p, i) => bits | (inBox(box, p) ? 1 << i : 0), 0));
    const sets = family.map((box) => kernel.box(boxOf(box)));
    expect(wrongPair(kernel, sets, masks, reader(kernel, universe.points))).toBeUndefined();
  });

  test('all lists of three rules over 4 × 3 points, from a family of boxes', () => {
    const universe = universeOf([3, 2]);
    const kernel = makeKernel(fullSpace(universe));
    const family = [0b0001, 0b0110, 0b1011, 0b1111].flatMap((x) => [0b001, 0b101, 0b110, 0b111].map((y) => [x, y]));
    const sets = family.map((box) => kernel.box(boxOf(box)));
    const wrong: unknown[] = [];
    for (let i = 0; i < sets.length; i += 1) {
      for (let j = 0; j < sets.length; j += 1) {
        for (let k = 0; k < sets.length; k += 1) {
          const list = kernel.fold([i, j, k].map((rule, turn) => kernel.paint(sets[rule]!, turn + 1)));
          const right = universe.points.every((point) => {
            const first = [i, j, k].findIndex((rule) => inBox(family[rule]!, point));
            return kernel.at(list, point) === first + 1;
          });
          if (!right) wrong.push([i, j, k]);
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

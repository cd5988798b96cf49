import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Kernel, MergedRule } from '../../agent/packets/index.js';
import {
  boxOf,
  firstMatch,
  inBox,
  KERNELS,
  type MaskRule,
  RUNS,
  type Scenario,
  scenarios,
  spaceFor,
} from './universe.js';

/** Which of the two lists a rule is in: 1 before, 2 after, 3 both. */
interface Case extends Scenario {
  readonly sides: readonly number[];
  readonly region: readonly number[];
}

const cases: fc.Arbitrary<Case> = scenarios.chain(({ universe, rules }) =>
  fc.record({
    universe: fc.constant(universe),
    rules: fc.constant(rules),
    sides: fc.array(fc.constantFrom(1, 2, 3, 3, 3), { minLength: rules.length, maxLength: rules.length }),
    region: fc.tuple(
      ...universe.fields.map(({ last }) => {
        const all = 2 ** (Number(last) + 1) - 1;
        return fc.oneof(fc.constant(all), fc.integer({ min: 1, max: all }));
      }),
    ),
  }),
);

const join = (before: number, after: number): number => 1 + before * 8 + after;

function merged({ rules, sides }: Case): readonly MergedRule[] {
  return rules.map(({ masks, label }, at) => ({
    box: boxOf(masks),
    ...(sides[at]! & 1 && { before: label }),
    ...(sides[at]! & 2 && { after: label }),
  }));
}

function listOf({ rules, sides }: Case, side: number): readonly MaskRule[] {
  return rules.filter((_, at) => sides[at]! & side);
}

describe.each(KERNELS)('kernel %s', (_, makeKernel) => {
  const kernelFor = (one: Case): Kernel =>
    makeKernel(spaceFor(one.universe, [...one.rules, { masks: one.region, label: 1 }]));

  test('tells where two merged lists differ, point by point', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const kernel = kernelFor(one);
        const found = kernel.differ(merged(one), boxOf(one.region), { join });
        for (const point of one.universe.points) {
          const before = firstMatch(listOf(one, 1), point);
          const after = firstMatch(listOf(one, 2), point);
          const wanted = before !== after && inBox(one.region, point) ? join(before, after) : 0;
          expect(kernel.at(found, point)).toBe(wanted);
        }
      }),
      RUNS,
    );
  });

  test('gives the very diagram that folding both lists and pairing them gives', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const kernel = kernelFor(one);
        const fold = (side: number) =>
          kernel.fold(listOf(one, side).map(({ masks, label }) => kernel.paint(kernel.box(boxOf(masks)), label)));
        const plain = kernel.pair(fold(1), fold(2), (a, b) => (a === b ? 0 : join(a, b)));
        const region = kernel.box(boxOf(one.region));
        expect(kernel.differ(merged(one), boxOf(one.region), { join })).toBe(kernel.keep(plain, region));
      }),
      RUNS,
    );
  });

  test('tells the same of a space whose fields stand in another order than those of the boxes', () => {
    fc.assert(
      fc.property(cases, fc.array(fc.nat(), { minLength: 8, maxLength: 8 }), (one, keys) => {
        const places = one.universe.fields.map((_, field) => field).sort((x, y) => keys[x]! - keys[y]! || x - y);
        const turned = <T>(values: readonly T[]): T[] => places.map((place) => values[place]!);
        const all = [...one.rules, { masks: one.region, label: 1 }];
        const space = spaceFor(
          { fields: turned(one.universe.fields), points: [] },
          all.map(({ masks, label }) => ({ masks: turned(masks), label })),
        );
        const [straight, other] = [kernelFor(one), makeKernel(space)];
        const region = boxOf(one.region);
        const found = straight.differ(merged(one), region, { join });
        const same = other.differ(merged(one), region, { join, fields: places });
        for (const point of one.universe.points) expect(other.at(same, turned(point))).toBe(straight.at(found, point));
      }),
      RUNS,
    );
  });

  test('some part of the difference is a part of it, and empty only where it is', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const kernel = kernelFor(one);
        const rules = merged(one);
        const whole = kernel.differ(rules, boxOf(one.region), { join });
        const part = kernel.differ(rules, boxOf(one.region), { join, some: true });
        expect(part === kernel.none).toBe(whole === kernel.none);
        expect(kernel.pair(part, whole, (a, b) => (a === 0 || a === b ? 0 : 1))).toBe(kernel.none);
      }),
      RUNS,
    );
  });
});

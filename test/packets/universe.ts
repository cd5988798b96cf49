import fc from 'fast-check';
import { fromRanges, type Intervals } from '../../agent/lib/intervals.js';
import {
  type Box,
  bitsKernel,
  type Diagram,
  type Field,
  intervalsKernel,
  type Kernel,
  type Space,
  spaceBuilder,
} from '../../agent/packets/index.js';

/** What the tests compare the kernels with: universes small enough to write every function down, point by point. */
export interface Universe {
  readonly fields: readonly Field[];
  readonly points: readonly (readonly number[])[];
}

/** A function as its list of labels, one for each point; a set is a function to 0 and 1. */
export type Table = readonly number[];

/** A rule of a small universe: for each field the bit mask of its values. */
export interface MaskRule {
  readonly masks: readonly number[];
  readonly label: number;
}

export const KERNELS = [
  ['intervals', intervalsKernel],
  ['bits', bitsKernel],
] as const;

export function universeOf(lasts: readonly number[]): Universe {
  let points: number[][] = [[]];
  for (const last of lasts) {
    points = points.flatMap((point) => Array.from({ length: last + 1 }, (_, value) => [...point, value]));
  }
  return { fields: lasts.map((last, index) => ({ name: `f${index}`, last })), points };
}

/** The set bits of a mask as intervals: 0b1011 is [0–1, 3]. */
export function maskIntervals(mask: number): Intervals {
  const values: [number, number][] = [];
  for (let value = 0; value < 32; value += 1) if ((mask >>> value) & 1) values.push([value, value]);
  return fromRanges(values);
}

export function boxOf(masks: readonly number[]): Box {
  return masks.map(maskIntervals);
}

export function inBox(masks: readonly number[], point: readonly number[]): boolean {
  return masks.every((mask, field) => (mask >>> point[field]!) & 1);
}

/** A space that can make the tests of these rules. */
export function spaceFor(universe: Universe, rules: readonly MaskRule[]): Space {
  const builder = spaceBuilder(universe.fields);
  for (const { masks } of rules) {
    masks.forEach((mask, field) => {
      builder.declare(field, maskIntervals(mask));
    });
  }
  return builder.build();
}

/** A space that tells every value apart. */
export function fullSpace(universe: Universe): Space {
  const builder = spaceBuilder(universe.fields);
  universe.fields.forEach(({ last }, field) => {
    for (let value = 0; value <= Number(last); value += 1) builder.declare(field, [value, value]);
  });
  return builder.build();
}

export function tableOf(kernel: Kernel, diagram: Diagram, { points }: Universe): Table {
  return points.map((point) => kernel.at(diagram, point));
}

/** The verdict of a rule list by the definition: the label of the first rule that holds the packet, else 0. */
export function firstMatch(rules: readonly MaskRule[], point: readonly number[]): number {
  return rules.find(({ masks }) => inBox(masks, point))?.label ?? 0;
}

export interface Scenario {
  readonly universe: Universe;
  readonly rules: readonly MaskRule[];
}

/** Two to four fields of one to seven values and up to nine rules; labels 1–4, so that rules share some. */
export const scenarios: fc.Arbitrary<Scenario> = fc
  .array(fc.integer({ min: 0, max: 6 }), { minLength: 2, maxLength: 4 })
  .filter((lasts) => lasts.reduce((points, last) => points * (last + 1), 1) <= 500)
  .chain((lasts) =>
    fc.record({
      universe: fc.constant(universeOf(lasts)),
      rules: fc.array(
        fc.record({
          masks: fc.tuple(...lasts.map((last) => fc.oneof(fc.constant(2 ** (last + 1) - 1), maskUpTo(last)))),
          label: fc.integer({ min: 1, max: 4 }),
        }),
        { minLength: 2, maxLength: 9 },
      ),
    }),
  );

function maskUpTo(last: number): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: 2 ** (last + 1) - 1 });
}

/** Properties run with a fixed seed: a failure tomorrow is a change of code, not of luck. */
export const RUNS = { seed: 20160216, numRuns: 150 };

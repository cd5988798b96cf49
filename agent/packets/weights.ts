import { size } from '../lib/intervals.js';
import type { Space } from './kernel.js';

/** How many values stand behind class numbers, exactly. */
export interface Weights {
  /** The values of the classes `first` to `last` of a field. */
  run(field: number, first: number, last: number): bigint;
  /** The number of points in the fields `from` to `to - 1`, none of which is looked at. */
  skipped(from: number, to: number): bigint;
}

/** Made when first asked: many kernels are built and dropped without one count. */
export function createWeights(space: Space): Weights {
  /** For each field the number of values below each class. */
  const totals: bigint[][] = [];

  function totalsOf(field: number): readonly bigint[] {
    let sums = totals[field];
    if (sums === undefined) {
      sums = [0n];
      for (let classNumber = 0; classNumber < space.classCount(field); classNumber += 1) {
        sums.push(sums[classNumber]! + size(space.values(field, [classNumber, classNumber])));
      }
      totals[field] = sums;
    }
    return sums;
  }

  return {
    run: (field, first, last) => totalsOf(field)[last + 1]! - totalsOf(field)[first]!,
    skipped(from, to) {
      let points = 1n;
      for (let field = from; field < to; field += 1) points *= BigInt(space.fields[field]!.last) + 1n;
      return points;
    },
  };
}

import { assert } from '../lib/assert.js';
import type { Bound, Intervals } from '../lib/intervals.js';
import { fromRanges, predecessor, successor } from '../lib/intervals.js';
import type { Field, Space, SpaceBuilder } from './kernel.js';
import { signatures } from './signatures.js';

/** One field cut into segments (between neighbouring declared bounds) and the segments grouped into classes. */
interface Cut {
  readonly classCount: number;
  classOf(value: Bound): number;
  classes(values: Intervals<Bound>): Intervals;
  values(classes: Intervals): Intervals<Bound>;
  representative(classNumber: number): Bound;
}

/**
 * Collects the sets a question will test and cuts every field into its classes: two values are in one class exactly
 * when every declared set holds both or neither. Tests may then be any Boolean combination of declared sets.
 *
 * A worked example: ports declared as {22}, {80, 443} give three classes, numbered by first value:
 * 0 = everything else (0–21, 23–79, 81–442, 444–65535), 1 = {22}, 2 = {80, 443}.
 */
export function spaceBuilder(fields: readonly Field[]): SpaceBuilder {
  const declared = fields.map(() => new Map<string, Intervals<Bound>>());
  for (const { name, last } of fields) {
    assert(
      last >= 0 && (typeof last === 'bigint' || Number.isSafeInteger(last)),
      `field ${name}: ${last} is not a last value (a number holds at most 2^53-1; use a bigint)`,
    );
  }
  return {
    declare(field, values) {
      const { name, last } = fields[field]!;
      checkIntervals(name, last, values);
      if (values.length > 0) declared[field]!.set(values.join(), values);
    },
    build(): Space {
      const cuts = fields.map((field, index) => cutField(field, [...declared[index]!.values()]));
      return {
        fields,
        classCount: (field) => cuts[field]!.classCount,
        classOf: (field, value) => cuts[field]!.classOf(value),
        classes: (field, values) => cuts[field]!.classes(values),
        values: (field, classes) => cuts[field]!.values(classes),
        representative: (field, classNumber) => cuts[field]!.representative(classNumber),
      };
    },
  };
}

function checkValue(name: string, last: Bound, value: Bound): void {
  assert(typeof value === typeof last, `field ${name}: ${value} is a ${typeof value}, the field holds ${typeof last}s`);
  assert(typeof value === 'bigint' || Number.isInteger(value), `field ${name}: ${value} is not a whole number`);
  assert(value >= 0 && value <= last, `field ${name}: ${value} is outside 0–${last}`);
}

function checkIntervals(name: string, last: Bound, values: Intervals<Bound>): void {
  assert(values.length % 2 === 0, `field ${name}: an interval has no end`);
  for (let i = 0; i < values.length; i += 2) {
    checkValue(name, last, values[i]!);
    checkValue(name, last, values[i + 1]!);
    assert(values[i]! <= values[i + 1]!, `field ${name}: interval ${values[i]}–${values[i + 1]} runs backwards`);
    assert(
      i === 0 || values[i]! > successor(values[i - 1]!),
      `field ${name}: intervals overlap, touch or are unsorted`,
    );
  }
}

function cutField({ name, last }: Field, sets: readonly Intervals<Bound>[]): Cut {
  const zero: Bound = typeof last === 'bigint' ? 0n : 0;
  const starts = segmentStarts(zero, last, sets);
  const { classOfSegment, classCount } = groupSegments(starts, last, sets);
  const { offsets, members } = segmentsByClass(classOfSegment, classCount);
  const merged = classCount < starts.length;
  const known = new Map<string, Intervals>();

  /** The segment that holds a value: the last one that starts at or before it. */
  function segmentOf(value: Bound): number {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= value) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  function lastOfSegment(segment: number): Bound {
    return segment + 1 < starts.length ? predecessor(starts[segment + 1]!) : last;
  }

  /** First and last segment of one interval, whose ends must be declared bounds. */
  function segmentRange(first: Bound, end: Bound): readonly [number, number] {
    const from = segmentOf(first);
    const to = segmentOf(end);
    assert(starts[from] === first, `field ${name}: the bound ${first} was never declared`);
    assert(lastOfSegment(to) === end, `field ${name}: the bound ${end} was never declared`);
    return [from, to];
  }

  function classesOf(values: Intervals<Bound>): Intervals {
    const found: number[] = [];
    for (let i = 0; i < values.length; i += 2) {
      const [from, to] = segmentRange(values[i]!, values[i + 1]!);
      if (!merged) found.push(from, to);
      else for (let segment = from; segment <= to; segment += 1) found.push(classOfSegment[segment]!);
    }
    // Without merged segments classes are segments, and canonical values give canonical classes.
    return merged ? wholeClasses(found) : found;
  }

  /** Class numbers, one for each covered segment, as intervals; a class that is covered in part cannot be tested. */
  function wholeClasses(found: readonly number[]): Intervals {
    const sorted = Int32Array.from(found).sort();
    const out: number[] = [];
    for (let i = 0; i < sorted.length; ) {
      const classNumber = sorted[i]!;
      let next = i + 1;
      while (next < sorted.length && sorted[next] === classNumber) next += 1;
      assert(
        next - i === offsets[classNumber + 1]! - offsets[classNumber]!,
        `field ${name}: the set is no Boolean combination of declared sets, though its bounds were declared`,
      );
      if (out.length > 0 && out[out.length - 1] === classNumber - 1) out[out.length - 1] = classNumber;
      else out.push(classNumber, classNumber);
      i = next;
    }
    return out;
  }

  return {
    classCount,
    classOf(value) {
      checkValue(name, last, value);
      return classOfSegment[segmentOf(value)]!;
    },
    classes(values) {
      if (values.length === 0) return [];
      checkIntervals(name, last, values);
      if (values[0] === zero && values[1] === last) return [0, classCount - 1];
      if (!merged) return classesOf(values);
      const key = values.join();
      let classes = known.get(key);
      if (classes === undefined) {
        classes = classesOf(values);
        known.set(key, classes);
      }
      return classes;
    },
    values(classes) {
      const ranges: [Bound, Bound][] = [];
      for (let i = 0; i < classes.length; i += 2) {
        const to = offsets[classes[i + 1]! + 1]!;
        for (let member = offsets[classes[i]!]!; member < to; member += 1) {
          const segment = members[member]!;
          ranges.push([starts[segment]!, lastOfSegment(segment)]);
        }
      }
      return fromRanges(ranges);
    },
    representative: (classNumber) => starts[members[offsets[classNumber]!]!]!,
  };
}

/** Where a declared set begins or has just ended: between two neighbours no set can tell values apart. */
function segmentStarts(zero: Bound, last: Bound, sets: readonly Intervals<Bound>[]): readonly Bound[] {
  const seen = new Set<Bound>([zero]);
  for (const set of sets) {
    for (let i = 0; i < set.length; i += 2) {
      seen.add(set[i]!);
      if (set[i + 1]! < last) seen.add(successor(set[i + 1]!));
    }
  }
  return [...seen].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Gives segments that lie in the same declared sets one class number, in order of first value. */
function groupSegments(starts: readonly Bound[], last: Bound, sets: readonly Intervals<Bound>[]) {
  const segmentAt = new Map<Bound, number>(starts.map((start, segment) => [start, segment]));
  // A set toggles membership where it begins and right after it ends; the sweep sees the toggles segment by segment.
  const toggles: number[][] = starts.map(() => []);
  sets.forEach((set, index) => {
    for (let i = 0; i < set.length; i += 2) {
      toggles[segmentAt.get(set[i]!)!]!.push(index);
      if (set[i + 1]! < last) toggles[segmentAt.get(successor(set[i + 1]!))!]!.push(index);
    }
  });
  const sweep = signatures(sets.length);
  const classOfSignature = new Map<number, number>();
  const classOfSegment = new Int32Array(starts.length);
  let signature = sweep.empty;
  toggles.forEach((indices, segment) => {
    for (const index of indices) signature = sweep.toggle(signature, index);
    let classNumber = classOfSignature.get(signature);
    if (classNumber === undefined) {
      classNumber = classOfSignature.size;
      classOfSignature.set(signature, classNumber);
    }
    classOfSegment[segment] = classNumber;
  });
  return { classOfSegment, classCount: classOfSignature.size };
}

/** The segments of each class in ascending order: those of class c are members[offsets[c]] … members[offsets[c + 1] - 1]. */
function segmentsByClass(classOfSegment: Int32Array, classCount: number) {
  const offsets = new Int32Array(classCount + 1);
  for (const classNumber of classOfSegment) offsets[classNumber + 1]! += 1;
  for (let i = 0; i < classCount; i += 1) offsets[i + 1]! += offsets[i]!;
  const next = offsets.slice();
  const members = new Int32Array(classOfSegment.length);
  classOfSegment.forEach((classNumber, segment) => {
    members[next[classNumber]!] = segment;
    next[classNumber]! += 1;
  });
  return { offsets, members };
}

import { assert } from '../lib/assert.js';
import type { Bound, Intervals } from '../lib/intervals.js';
import { predecessor, successor } from '../lib/intervals.js';
import type { Box, Field, Space, SpaceBuilder } from './kernel.js';
import { groupSegments, membersOf, segmentIn, segmentStarts } from './segments.js';

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
  const declared = fields.map(() => new Set<Intervals<Bound>>());
  for (const { name, last } of fields) {
    assert(
      last >= 0 && (typeof last === 'bigint' || Number.isSafeInteger(last)),
      `field ${name}: ${last} is not a last value (a number holds at most 2^53-1; use a bigint)`,
    );
  }
  return {
    declare(field, values) {
      if (declared[field]!.has(values)) return;
      const { name, last } = fields[field]!;
      checkIntervals(name, last, values);
      if (values.length > 0) declared[field]!.add(values);
    },
    build(): Space {
      const cuts = fields.map((field, index) => cutField(field, [...declared[index]!]));
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

/** A space that can make the tests of these boxes; its fields are those of `order`. */
export function spaceFor(fields: readonly Field[], boxes: Iterable<Box>, order: readonly number[]): Space {
  const builder = spaceBuilder(order.map((field) => fields[field]!));
  for (const box of boxes) {
    for (let index = 0; index < order.length; index += 1) {
      const values = box[order[index]!];
      if (values !== undefined) builder.declare(index, values);
    }
  }
  return builder.build();
}

function isValue(last: Bound, value: Bound): boolean {
  return (
    typeof value === typeof last &&
    (typeof value === 'bigint' || Number.isInteger(value)) &&
    value >= 0 &&
    value <= last
  );
}

function areIntervals(last: Bound, values: Intervals<Bound>): boolean {
  for (let i = 0; i < values.length; i += 2) {
    const [from, to] = [values[i]!, values[i + 1]!];
    if (!isValue(last, from) || !isValue(last, to) || from > to) return false;
    if (i > 0 && from <= successor(values[i - 1]!)) return false;
  }
  return values.length % 2 === 0;
}

function checkValue(name: string, last: Bound, value: Bound): void {
  if (isValue(last, value)) return;
  assert(typeof value === typeof last, `field ${name}: ${value} is a ${typeof value}, the field holds ${typeof last}s`);
  assert(typeof value === 'bigint' || Number.isInteger(value), `field ${name}: ${value} is not a whole number`);
  assert(false, `field ${name}: ${value} is outside 0–${last}`);
}

/** Every set of every rule comes by here: the words are made only where something is wrong. */
function checkIntervals(name: string, last: Bound, values: Intervals<Bound>): void {
  if (areIntervals(last, values)) return;
  assert(values.length % 2 === 0, `field ${name}: an interval has no end`);
  for (let i = 0; i < values.length; i += 2) {
    checkValue(name, last, values[i]!);
    checkValue(name, last, values[i + 1]!);
    assert(values[i]! <= values[i + 1]!, `field ${name}: interval ${values[i]}–${values[i + 1]} runs backwards`);
  }
  assert(false, `field ${name}: intervals overlap, touch or are unsorted`);
}

/** A field of which nothing is asked is one class: of most fields a small question asks nothing. */
function wholeField({ name, last }: Field): Cut {
  const zero: Bound = typeof last === 'bigint' ? 0n : 0;
  return {
    classCount: 1,
    classOf(value) {
      checkValue(name, last, value);
      return 0;
    },
    classes(values) {
      if (values.length === 0) return [];
      checkIntervals(name, last, values);
      const [first, end] = values;
      if (first !== zero) assert(false, `field ${name}: the bound ${first} was never declared`);
      if (end !== last) assert(false, `field ${name}: the bound ${end} was never declared`);
      return [0, 0];
    },
    values: (classes) => (classes.length === 0 ? [] : [zero, last]),
    representative: () => zero,
  };
}

function cutField(field: Field, sets: readonly Intervals<Bound>[]): Cut {
  if (sets.length === 0) return wholeField(field);
  const { name, last } = field;
  const zero: Bound = typeof last === 'bigint' ? 0n : 0;
  const starts = segmentStarts(zero, last, sets);
  const { classOfSegment, classCount, known } = groupSegments(starts, sets);
  const { offsets, members } = membersOf(classOfSegment, classCount);
  const merged = classCount < starts.length;

  /** The segment that holds a value: the last one that starts at or before it. */
  function segmentOf(value: Bound): number {
    return segmentIn(starts, value);
  }

  function lastOfSegment(segment: number): Bound {
    return segment + 1 < starts.length ? predecessor(starts[segment + 1]!) : last;
  }

  /** First and last segment of one interval, whose ends must be declared bounds. */
  function segmentRange(first: Bound, end: Bound): readonly [number, number] {
    const from = segmentOf(first);
    const to = segmentOf(end);
    if (starts[from] !== first) assert(false, `field ${name}: the bound ${first} was never declared`);
    if (lastOfSegment(to) !== end) assert(false, `field ${name}: the bound ${end} was never declared`);
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
      if (next - i !== offsets[classNumber + 1]! - offsets[classNumber]!)
        assert(
          false,
          `field ${name}: the set is no Boolean combination of declared sets, though its bounds were declared`,
        );
      if (out.length > 0 && out[out.length - 1] === classNumber - 1) out[out.length - 1] = classNumber;
      else out.push(classNumber, classNumber);
      i = next;
    }
    return out;
  }

  /** Whoever lists a set of packets asks for the same few sets of one field again and again. */
  const valuesOf = new Map<string, Intervals<Bound>>();

  function valuesIn(classes: Intervals): Intervals<Bound> {
    let count = 0;
    for (let i = 0; i < classes.length; i += 2) count += offsets[classes[i + 1]! + 1]! - offsets[classes[i]!]!;
    const segments = new Int32Array(count);
    for (let i = 0, at = 0; i < classes.length; i += 2) {
      const part = members.subarray(offsets[classes[i]!]!, offsets[classes[i + 1]! + 1]!);
      segments.set(part, at);
      at += part.length;
    }
    segments.sort();
    const out: Bound[] = [];
    for (let at = 0; at < count; at += 1) {
      if (at === 0 || segments[at]! !== segments[at - 1]! + 1) out.push(starts[segments[at]!]!);
      if (at + 1 === count || segments[at + 1]! !== segments[at]! + 1) out.push(lastOfSegment(segments[at]!));
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
      let classes = known.get(values);
      if (classes === undefined) {
        checkIntervals(name, last, values);
        classes = values[0] === zero && values[1] === last ? [0, classCount - 1] : classesOf(values);
        known.set(values, classes);
      }
      return classes;
    },
    values(classes) {
      if (!merged) return classes.map((bound, at) => (at % 2 === 0 ? starts[bound]! : lastOfSegment(bound)));
      const key = classes.join();
      let values = valuesOf.get(key);
      if (values === undefined) {
        values = valuesIn(classes);
        valuesOf.set(key, values);
      }
      return values;
    },
    representative: (classNumber) => starts[members[offsets[classNumber]!]!]!,
  };
}

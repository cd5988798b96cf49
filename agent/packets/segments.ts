import { type Bound, type Intervals, successor } from '../lib/intervals.js';
import { signatures } from './signatures.js';

/** Where a declared set begins or has just ended: between two neighbours no set can tell values apart. */
export function segmentStarts(zero: Bound, last: Bound, sets: readonly Intervals<Bound>[]): ArrayLike<Bound> {
  const seen: Bound[] = [zero];
  for (const set of sets) {
    for (let i = 0; i < set.length; i += 2) {
      seen.push(set[i]!);
      if (set[i + 1]! < last) seen.push(successor(set[i + 1]!));
    }
  }
  const wide = typeof last === 'bigint';
  const sorted = wide
    ? (seen as bigint[]).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    : Float64Array.from(seen as number[]).sort();
  let count = 0;
  for (let at = 0; at < sorted.length; at += 1) {
    if (at > 0 && sorted[at] === sorted[count - 1]) continue;
    sorted[count] = sorted[at]!;
    count += 1;
  }
  return sorted instanceof Float64Array ? sorted.subarray(0, count) : sorted.slice(0, count);
}

/** The segment that holds a value: the last one that starts at or before it. */
export function segmentIn(starts: ArrayLike<Bound>, value: Bound): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** What makes of segments classes. */
interface Classes {
  readonly classOfSegment: Int32Array;
  readonly classCount: number;
  /** The classes of declared sets, as far as they are known already. */
  readonly known: Map<Intervals<Bound>, Intervals>;
}

/**
 * Gives segments that lie in the same declared sets one class number, in order of first value.
 *
 * Most sets are one interval, and of two of these one lies in the other or none meets the other, as with prefixes: of
 * such the innermost one of a segment says which others hold it. Only the sets that are not so are followed one by one.
 */
export function groupSegments(starts: ArrayLike<Bound>, sets: readonly Intervals<Bound>[]): Classes {
  const froms = new Int32Array(sets.length);
  const tos = new Int32Array(sets.length);
  const { inner, nested, others } = nestedSets(starts, sets, froms, tos);
  const other = toggledSegments(starts, others);
  const classOfSegment = new Int32Array(starts.length);
  /** How many classes have appeared up to a segment. */
  const appeared = new Int32Array(starts.length);
  const classOf = numbering((sets.length + 1) * other.count);
  for (let segment = 0; segment < starts.length; segment += 1) {
    const same = segment > 0 && inner[segment] === inner[segment - 1] && other.of[segment] === other.of[segment - 1];
    const key = inner[segment]! * other.count + other.of[segment]!;
    classOfSegment[segment] = same ? classOfSegment[segment - 1]! : classOf.of(key);
    appeared[segment] = classOf.size();
  }
  const known = new Map<Intervals<Bound>, Intervals>();
  // No class of what is inside a nested set has appeared before the set begins: its classes are one interval.
  for (const set of nested) known.set(sets[set]!, [classOfSegment[froms[set]!]!, appeared[tos[set]!]! - 1]);
  return { classOfSegment, classCount: classOf.size(), known };
}

/** Up to so many keys an array is the shortest way to a number, and not yet much to be emptied first. */
const KEYS_MAX = 1 << 20;

/** Numbers keys below `end` in the order in which they come. */
function numbering(end: number): { of(key: number): number; size(): number } {
  if (end > KEYS_MAX) {
    const numbers = new Map<number, number>();
    return {
      of(key) {
        let number = numbers.get(key);
        if (number === undefined) {
          number = numbers.size;
          numbers.set(key, number);
        }
        return number;
      },
      size: () => numbers.size,
    };
  }
  /** One more than the number; 0: none yet. */
  const numbers = new Int32Array(end);
  let size = 0;
  return {
    of(key) {
      if (numbers[key] === 0) {
        size += 1;
        numbers[key] = size;
      }
      return numbers[key]! - 1;
    },
    size: () => size,
  };
}

/**
 * Finds sets that are nested: for each segment the innermost of them (one more than the last where there is none).
 * `froms` and `tos` are filled with the first and last segments of sets that are one interval.
 */
function nestedSets(
  starts: ArrayLike<Bound>,
  sets: readonly Intervals<Bound>[],
  froms: Int32Array,
  tos: Int32Array,
): { readonly inner: Int32Array; readonly nested: readonly number[]; readonly others: readonly Intervals<Bound>[] } {
  const keys = new Float64Array(sets.length);
  const others: Intervals<Bound>[] = [];
  const plain: number[] = [];
  sets.forEach((values, set) => {
    if (values.length !== 2) {
      others.push(values);
      return;
    }
    froms[set] = segmentIn(starts, values[0]!);
    tos[set] = segmentIn(starts, values[1]!);
    // Those that begin first come first, of these the longest.
    keys[set] = froms[set]! * starts.length + (starts.length - 1 - tos[set]!);
    plain.push(set);
  });
  const nested: number[] = [];
  const inner = new Int32Array(starts.length).fill(sets.length);
  /** The sets that are open, the innermost last. */
  const open: number[] = [];
  let next = 0;
  const fillUpTo = (end: number): void => {
    for (;;) {
      while (open.length > 0 && tos[open.at(-1)!]! < next) open.pop();
      if (next >= end) return;
      const top = open.at(-1);
      const until = top === undefined ? end : Math.min(end, tos[top]! + 1);
      if (top !== undefined) inner.fill(top, next, until);
      next = until;
    }
  };
  for (const set of byKey(plain, keys, starts.length ** 2)) {
    fillUpTo(froms[set]!);
    const top = open.at(-1);
    if (top !== undefined && tos[set]! > tos[top]!) others.push(sets[set]!);
    else {
      nested.push(set);
      open.push(set);
    }
  }
  fillUpTo(starts.length);
  return { inner, nested, others };
}

/** Items by their keys, whole numbers below `end`: without a comparison that is asked for each two, where both fit a double. */
function byKey(items: readonly number[], keys: Float64Array, end: number): Int32Array {
  const width = keys.length;
  if (end * width >= Number.MAX_SAFE_INTEGER) return Int32Array.from(items).sort((a, b) => keys[a]! - keys[b]!);
  const sorted = Float64Array.from(items, (item) => keys[item]! * width + item).sort();
  return Int32Array.from(sorted, (code) => code - Math.floor(code / width) * width);
}

/** Follows each set where it begins and ends; equal numbers for segments that lie in the same sets. */
function toggledSegments(starts: ArrayLike<Bound>, sets: readonly Intervals<Bound>[]) {
  if (sets.length === 0) return { of: new Int32Array(starts.length), count: 1 };
  // A set toggles membership where it begins and right after it ends; the sweep sees the toggles segment by segment.
  let total = 0;
  for (const set of sets) total += set.length;
  const places = new Int32Array(total);
  const owners = new Int32Array(total);
  let toggles = 0;
  sets.forEach((set, index) => {
    for (let i = 0; i < set.length; i += 2) {
      owners[toggles] = index;
      places[toggles] = segmentIn(starts, set[i]!);
      toggles += 1;
      const end = segmentIn(starts, set[i + 1]!) + 1;
      if (end === starts.length) continue;
      owners[toggles] = index;
      places[toggles] = end;
      toggles += 1;
    }
  });
  const { offsets, members } = membersOf(places.subarray(0, toggles), starts.length);
  const sweep = signatures(sets.length);
  const classOfSignature = new Map<number, number>();
  const classOfSegment = new Int32Array(starts.length);
  let signature = sweep.empty;
  for (let segment = 0; segment < starts.length; segment += 1) {
    for (let at = offsets[segment]!; at < offsets[segment + 1]!; at += 1)
      signature = sweep.toggle(signature, owners[members[at]!]!);
    let classNumber = classOfSignature.get(signature);
    if (classNumber === undefined) {
      classNumber = classOfSignature.size;
      classOfSignature.set(signature, classNumber);
    }
    classOfSegment[segment] = classNumber;
  }
  return { of: classOfSegment, count: classOfSignature.size };
}

/** The items of each group in ascending order: those of group g are members[offsets[g]] … members[offsets[g + 1] - 1]. */
export function membersOf(groupOf: Int32Array, groupCount: number) {
  const offsets = new Int32Array(groupCount + 1);
  for (let item = 0; item < groupOf.length; item += 1) offsets[groupOf[item]! + 1]! += 1;
  for (let i = 0; i < groupCount; i += 1) offsets[i + 1]! += offsets[i]!;
  const next = offsets.slice();
  const members = new Int32Array(groupOf.length);
  for (let item = 0; item < groupOf.length; item += 1) {
    members[next[groupOf[item]!]!] = item;
    next[groupOf[item]!]! += 1;
  }
  return { offsets, members };
}

/**
 * Which of many numbered boxes a box may meet, without looking at each. For every field the range of values is cut into
 * buckets; for each bucket two rows of bits are kept: the boxes that begin in it or before, and those that end in it or
 * after. A box that meets [low, high] begins in the bucket of `high` or before and ends in the bucket of `low` or after:
 * two rows a field, and the rows of all fields together leave few. It says where to look, never what is true: a box
 * that meets is always among the answers.
 */
export interface OverlapIndex {
  readonly count: number;
  /** Calls `visit` with the numbers of the boxes that may meet, ascending, until it answers true. */
  visit(lows: ArrayLike<number>, highs: ArrayLike<number>, visit: (box: number) => boolean): void;
}

/** One field of all boxes: the lowest and the highest value of each. */
export interface Column {
  low(box: number): number;
  high(box: number): number;
}

/** Rows of bits are kept up to about this many bytes. */
const BYTES_MAX = 64 * 1024 * 1024;
const BUCKETS_MAX = 1024;
/** So many boxes tell well enough where all begin. */
const BEGINS_MAX = 4096;
/** Making the rows costs as much as looking at every box so many times: who asks less often does not wait for them. */
const LOOKS_MAX = 64;

interface Bounds {
  readonly field: number;
  /** The last value at which one begins, and the first at which one ends: what holds both meets all. */
  readonly last: number;
  readonly first: number;
  readonly lows: Float64Array;
  readonly highs: Float64Array;
}

interface Rows {
  readonly field: number;
  /** The first value of each bucket but the first. */
  readonly cuts: Float64Array;
  readonly begun: Int32Array;
  readonly going: Int32Array;
  /** For boxes that lie within one bucket, as packets do: both rows in one. */
  readonly inside: Int32Array;
  /** The share of boxes that a packet is left with, on average. */
  readonly left: number;
}

export function overlapIndex(count: number, columns: readonly Column[]): OverlapIndex {
  const words = (count + 31) >> 5;
  let bounds: readonly Bounds[] | undefined;
  let rows: readonly Rows[] | undefined;
  let looks = 0;

  function look(lows: ArrayLike<number>, highs: ArrayLike<number>, visit: (box: number) => boolean): void {
    bounds ??= columns.map((column, field) => boundsOf(column, field, count));
    // Only fields in which some box lies outside, and the one first of which the question asks for the smallest share.
    const asked = bounds
      .filter(({ field, first, last }) => lows[field]! > first || highs[field]! < last)
      .map((one) => ({ ...one, low: lows[one.field]!, high: highs[one.field]! }))
      .sort((a, b) => (a.high - a.low) / (a.last - a.first) - (b.high - b.low) / (b.last - b.first));
    for (let box = 0; box < count; box += 1) {
      let meets = true;
      for (let at = 0; at < asked.length && meets; at += 1) {
        const one = asked[at]!;
        meets = one.lows[box]! <= one.high && one.highs[box]! >= one.low;
      }
      if (meets && visit(box)) return;
    }
  }

  function makeRows(): readonly Rows[] {
    bounds ??= columns.map((column, field) => boundsOf(column, field, count));
    const room = Math.floor(BYTES_MAX / (Math.max(1, columns.length) * 3 * 4 * Math.max(1, words)));
    const buckets = Math.max(16, Math.min(BUCKETS_MAX, room));
    // The field that leaves least is asked first, so that most words are empty after one row.
    return bounds
      .map((one) => rowsOf(one, words, buckets))
      .filter(({ cuts }) => cuts.length > 0)
      .sort((a, b) => a.left - b.left);
  }

  return {
    count,
    visit(lows, highs, visit) {
      looks += 1;
      if (looks <= LOOKS_MAX) return look(lows, highs, visit);
      rows ??= makeRows();
      // Made anew each time: a visit may lead to another one of the same index.
      const selected: Int32Array[] = [];
      const starts: number[] = [];
      for (const { field, cuts, begun, going, inside } of rows) {
        const first = bucketOf(cuts, lows[field]!);
        const last = bucketOf(cuts, highs[field]!);
        if (first === last) {
          selected.push(inside);
          starts.push(first * words);
          continue;
        }
        // Every box begins in the last bucket or before, and ends in the first or after.
        if (last < cuts.length) {
          selected.push(begun);
          starts.push(last * words);
        }
        if (first > 0) {
          selected.push(going);
          starts.push(first * words);
        }
      }
      const rowCount = selected.length;
      for (let word = 0; word < words; word += 1) {
        let bits = -1;
        for (let row = 0; row < rowCount && bits !== 0; row += 1) bits &= selected[row]![starts[row]! + word]!;
        while (bits !== 0) {
          const box = word * 32 + 31 - Math.clz32(bits & -bits);
          bits &= bits - 1;
          if (box >= count || visit(box)) return;
        }
      }
    },
  };
}

function boundsOf(column: Column, field: number, count: number): Bounds {
  const lows = new Float64Array(count);
  const highs = new Float64Array(count);
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (let box = 0; box < count; box += 1) {
    lows[box] = column.low(box);
    highs[box] = column.high(box);
    last = Math.max(last, lows[box]!);
    first = Math.min(first, highs[box]!);
  }
  return { field, first, last, lows, highs };
}

function bucketOf(cuts: Float64Array, value: number): number {
  let low = 0;
  let high = cuts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cuts[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function rowsOf({ field, lows, highs }: Bounds, words: number, bucketsMax: number): Rows {
  const cuts = cutsOf(lows, bucketsMax);
  const buckets = cuts.length + 1;
  const begun = new Int32Array(buckets * words);
  const going = new Int32Array(buckets * words);
  let held = 0;
  for (let box = 0; box < lows.length; box += 1) {
    const word = box >> 5;
    const bit = 1 << (box & 31);
    const first = bucketOf(cuts, lows[box]!);
    const last = bucketOf(cuts, highs[box]!);
    begun[first * words + word]! |= bit;
    going[last * words + word]! |= bit;
    held += last - first + 1;
  }
  for (let at = words; at < begun.length; at += 1) begun[at]! |= begun[at - words]!;
  for (let at = going.length - words - 1; at >= 0; at -= 1) going[at]! |= going[at + words]!;
  const inside = begun.slice();
  for (let at = 0; at < inside.length; at += 1) inside[at]! &= going[at]!;
  return { field, cuts, begun, going, inside, left: held / Math.max(1, lows.length * buckets) };
}

/** Cuts so that about equally many boxes begin in each bucket: where they begin is taken from some of them. */
function cutsOf(lows: Float64Array, bucketsMax: number): Float64Array {
  const every = Math.max(1, Math.floor(lows.length / BEGINS_MAX));
  const distinct = new Float64Array(Math.ceil(lows.length / every));
  for (let at = 0; at < distinct.length; at += 1) distinct[at] = lows[at * every]!;
  distinct.sort();
  let count = 0;
  for (const low of distinct) {
    if (count === 0 || distinct[count - 1] !== low) {
      distinct[count] = low;
      count += 1;
    }
  }
  const cuts: number[] = [];
  const step = Math.max(1, count / bucketsMax);
  for (let at = step; at < count; at += step) cuts.push(distinct[Math.floor(at)]!);
  return Float64Array.from(cuts);
}

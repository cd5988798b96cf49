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
  visit(lows: ArrayLike<number>, highs: ArrayLike<number>, visit: (box: number) => boolean | undefined): void;
}

/** One field of all boxes: the lowest and the highest value of each. */
export interface Column {
  low(box: number): number;
  high(box: number): number;
}

/** Rows of bits are kept up to about this many bytes. */
const BYTES_MAX = 64 * 1024 * 1024;
const BUCKETS_MAX = 1024;

interface Rows {
  /** The first value of each bucket but the first. */
  readonly cuts: Float64Array;
  readonly begun: Int32Array;
  readonly going: Int32Array;
}

export function overlapIndex(count: number, columns: readonly Column[]): OverlapIndex {
  const words = (count + 31) >> 5;
  const room = Math.floor(BYTES_MAX / (Math.max(1, columns.length) * 2 * 4 * Math.max(1, words)));
  const rows = columns.map((column) => rowsOf(column, count, words, Math.max(16, Math.min(BUCKETS_MAX, room))));
  const selected: Int32Array[] = [];
  const starts: number[] = [];
  return {
    count,
    visit(lows, highs, visit) {
      selected.length = 0;
      starts.length = 0;
      for (let field = 0; field < rows.length; field += 1) {
        const { cuts, begun, going } = rows[field]!;
        const first = bucketOf(cuts, lows[field]!);
        const last = bucketOf(cuts, highs[field]!);
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
          const bit = 31 - Math.clz32(bits & -bits);
          bits &= bits - 1;
          const box = word * 32 + bit;
          if (box >= count || visit(box) === true) return;
        }
      }
    },
  };
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

function rowsOf(column: Column, count: number, words: number, bucketsMax: number): Rows {
  const cuts = cutsOf(column, count, bucketsMax);
  const buckets = cuts.length + 1;
  const begun = new Int32Array(buckets * words);
  const going = new Int32Array(buckets * words);
  for (let box = 0; box < count; box += 1) {
    const word = box >> 5;
    const bit = 1 << (box & 31);
    begun[bucketOf(cuts, column.low(box)) * words + word]! |= bit;
    going[bucketOf(cuts, column.high(box)) * words + word]! |= bit;
  }
  for (let at = words; at < begun.length; at += 1) begun[at]! |= begun[at - words]!;
  for (let at = going.length - words - 1; at >= 0; at -= 1) going[at]! |= going[at + words]!;
  return { cuts, begun, going };
}

/** Cuts so that about equally many boxes begin in each bucket. */
function cutsOf(column: Column, count: number, bucketsMax: number): Float64Array {
  const lows = new Float64Array(count);
  for (let box = 0; box < count; box += 1) lows[box] = column.low(box);
  lows.sort();
  const distinct: number[] = [];
  for (const low of lows) if (distinct[distinct.length - 1] !== low) distinct.push(low);
  const cuts: number[] = [];
  const step = Math.max(1, distinct.length / bucketsMax);
  for (let at = step; at < distinct.length; at += step) cuts.push(distinct[Math.floor(at)]!);
  return Float64Array.from(cuts);
}

/**
 * Which of many numbered boxes a box may meet, without looking at each. For every field the range of values is cut into
 * buckets; for each bucket two rows of bits are kept: the boxes that begin in it or before, and those that end in it or
 * after. A box that meets [low, high] begins in the bucket of `high` or before and ends in the bucket of `low` or after:
 * two rows a field, and the rows of all fields together leave few. It says where to look, never what is true: a box
 * that meets is always among the answers.
 */
export interface OverlapIndex {
  readonly count: number;
  /** About so many questions come: where they are many, none is spent on looking at every box. */
  expect(questions: number): void;
  /** Calls `visit` with the numbers of the boxes that may meet, ascending, until it answers true. */
  visit(lows: ArrayLike<number>, highs: ArrayLike<number>, visit: (box: number) => boolean): void;
  /** The first box of those that may hold a packet for which `holds` answers true, -1 where none does. */
  find(values: ArrayLike<number>, holds: (box: number) => boolean): number;
}

/** One field of all boxes: the lowest and the highest value of each. */
export interface Column {
  /** No box goes beyond 0 and this: who asks for all of it need not look at the boxes. */
  readonly last: number;
  low(box: number): number;
  high(box: number): number;
  /** The same of all boxes at once, where there is a shorter way to it. */
  fill?(lows: Float64Array, highs: Float64Array): void;
}

/** Rows of bits are kept up to about this many bytes. */
const BYTES_MAX = 64 * 1024 * 1024;
/** More would tell boxes apart a little better, but no longer fit beside the processor. */
const BUCKETS_MAX = 256;
const STEPS = 4096;
/** So many boxes are looked at together. */
const PART = 4096;
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

/** The rows that one question asks for, and where its row begins in each. */
interface Selection {
  readonly rows: Int32Array[];
  readonly starts: number[];
  readonly marks: Int32Array[];
  readonly firstMarks: number[];
}

interface Rows {
  readonly field: number;
  readonly buckets: Buckets;
  readonly begun: Int32Array;
  readonly going: Int32Array;
  /** For boxes that lie within one bucket, as packets do: both rows in one. */
  readonly inside: Int32Array;
  /** For each word of a row of these a bit: whether one of its bits is set. */
  readonly marks: Int32Array;
  /** The share of boxes that a packet is left with, on average. */
  readonly left: number;
}

export function overlapIndex(count: number, columns: readonly Column[]): OverlapIndex {
  const words = (count + 31) >> 5;
  const markWords = (words + 31) >> 5;
  const selections: Selection[] = [];
  /** For each row of a packet its bucket. */
  const buckets = new Int32Array(columns.length);
  let depth = 0;
  const bounds: (Bounds | undefined)[] = columns.map(() => undefined);
  let rows: readonly Rows[] | undefined;
  let looks = 0;

  function boundsIn(field: number): Bounds {
    bounds[field] ??= boundsOf(columns[field]!, field, count);
    return bounds[field];
  }

  function look(lows: ArrayLike<number>, highs: ArrayLike<number>, visit: (box: number) => boolean): void {
    // Only fields in which some box lies outside, and the one first of which the question asks for the smallest share.
    const asked = columns
      .flatMap(({ last }, field) => (lows[field]! > 0 || highs[field]! < last ? [boundsIn(field)] : []))
      .filter(({ field, first, last }) => lows[field]! > first || highs[field]! < last)
      .map((one) => ({ ...one, low: lows[one.field]!, high: highs[one.field]! }))
      .sort((a, b) => (a.high - a.low) / (a.last - a.first) - (b.high - b.low) / (b.last - b.first));
    const near = new Int32Array(Math.min(count, PART));
    for (let from = 0; from < count; from += PART) {
      // Part by part, because the visitor may have enough soon; field by field, because a plain loop is the fastest.
      let held = Math.min(PART, count - from);
      for (let at = 0; at < held; at += 1) near[at] = from + at;
      for (let at = 0; at < asked.length && held > 0; at += 1) held = meeting(asked[at]!, near, held);
      for (let at = 0; at < held; at += 1) if (visit(near[at]!)) return;
    }
  }

  function makeRows(): readonly Rows[] {
    const room = Math.floor(BYTES_MAX / (Math.max(1, columns.length) * 3 * 4 * Math.max(1, words)));
    const bucketsMax = Math.max(16, Math.min(BUCKETS_MAX, room));
    // The field that leaves least is asked first, so that most words are empty after one row.
    return columns
      .flatMap((_, field): Rows[] => {
        const bounds = boundsIn(field);
        const cuts = cutsOf(bounds.lows, bucketsMax);
        return cuts.length === 0 ? [] : [rowsOf(bounds, bucketsOf(cuts), words)];
      })
      .sort((a, b) => a.left - b.left);
  }

  /** As `walkRows`, of a packet: it lies within one bucket of each field, and whoever asks for packets asks for many. */
  function findIn(from: readonly Rows[], values: ArrayLike<number>, holds: (box: number) => boolean): number {
    const rowCount = from.length;
    for (let row = 0; row < rowCount; row += 1) buckets[row] = from[row]!.buckets.of(values[from[row]!.field]!);
    for (let group = 0; group < markWords; group += 1) {
      let some = -1;
      for (let row = 0; row < rowCount && some !== 0; row += 1)
        some &= from[row]!.marks[buckets[row]! * markWords + group]!;
      while (some !== 0) {
        const word = group * 32 + 31 - Math.clz32(some & -some);
        some &= some - 1;
        if (word >= words) break;
        let bits = -1;
        for (let row = 0; row < rowCount && bits !== 0; row += 1)
          bits &= from[row]!.inside[buckets[row]! * words + word]!;
        while (bits !== 0) {
          const box = word * 32 + 31 - Math.clz32(bits & -bits);
          bits &= bits - 1;
          if (box >= count) return -1;
          if (holds(box)) return box;
        }
      }
    }
    return -1;
  }

  return {
    count,
    expect(questions) {
      if (questions > LOOKS_MAX) looks = LOOKS_MAX;
    },
    find(values, holds) {
      looks += 1;
      if (looks > LOOKS_MAX) {
        rows ??= makeRows();
        return findIn(rows, values, holds);
      }
      let found = -1;
      look(values, values, (box) => {
        if (holds(box)) found = box;
        return found >= 0;
      });
      return found;
    },
    visit(lows, highs, visit) {
      looks += 1;
      if (looks <= LOOKS_MAX) return look(lows, highs, visit);
      rows ??= makeRows();
      // A visit may lead to another one of the same index: each depth has a place of its own.
      if (depth === selections.length) selections.push({ rows: [], starts: [], marks: [], firstMarks: [] });
      const asked = selections[depth]!;
      depth += 1;
      try {
        select(asked, rows, lows, highs);
        walkRows(asked, visit);
      } finally {
        depth -= 1;
      }
    },
  };

  function select(asked: Selection, from: readonly Rows[], lows: ArrayLike<number>, highs: ArrayLike<number>): void {
    let count = 0;
    let marked = 0;
    for (const { field, buckets, begun, going, inside, marks } of from) {
      const first = buckets.of(lows[field]!);
      const last = lows[field] === highs[field] ? first : buckets.of(highs[field]!);
      if (first === last) {
        asked.rows[count] = inside;
        asked.starts[count] = first * words;
        count += 1;
        asked.marks[marked] = marks;
        asked.firstMarks[marked] = first * markWords;
        marked += 1;
        continue;
      }
      // Every box begins in the last bucket or before, and ends in the first or after.
      if (last < buckets.count - 1) {
        asked.rows[count] = begun;
        asked.starts[count] = last * words;
        count += 1;
      }
      if (first > 0) {
        asked.rows[count] = going;
        asked.starts[count] = first * words;
        count += 1;
      }
    }
    asked.rows.length = count;
    asked.marks.length = marked;
  }

  function walkRows(asked: Selection, visit: (box: number) => boolean): void {
    const { rows: selected, starts, marks, firstMarks } = asked;
    const [rowCount, markCount] = [selected.length, marks.length];
    for (let group = 0; group < markWords; group += 1) {
      // Where the field's mark of a word is 0 none of its boxes lies in the bucket.
      let some = -1;
      for (let row = 0; row < markCount && some !== 0; row += 1) some &= marks[row]![firstMarks[row]! + group]!;
      while (some !== 0) {
        const word = group * 32 + 31 - Math.clz32(some & -some);
        some &= some - 1;
        if (word >= words) return;
        let bits = -1;
        for (let row = 0; row < rowCount && bits !== 0; row += 1) bits &= selected[row]![starts[row]! + word]!;
        while (bits !== 0) {
          const box = word * 32 + 31 - Math.clz32(bits & -bits);
          bits &= bits - 1;
          if (box >= count || visit(box)) return;
        }
      }
    }
  }
}

/** Keeps those of the first `held` boxes that meet an interval of one field; answers how many. */
function meeting(
  { lows, highs, low, high }: Bounds & { readonly low: number; readonly high: number },
  near: Int32Array,
  held: number,
): number {
  let kept = 0;
  for (let at = 0; at < held; at += 1) {
    const box = near[at]!;
    near[kept] = box;
    if (lows[box]! <= high && highs[box]! >= low) kept += 1;
  }
  return kept;
}

function boundsOf(column: Column, field: number, count: number): Bounds {
  const lows = new Float64Array(count);
  const highs = new Float64Array(count);
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  if (column.fill) column.fill(lows, highs);
  else {
    for (let box = 0; box < count; box += 1) {
      lows[box] = column.low(box);
      highs[box] = column.high(box);
    }
  }
  for (let box = 0; box < count; box += 1) {
    if (lows[box]! > last) last = lows[box]!;
    if (highs[box]! < first) first = highs[box]!;
  }
  return { field, first, last, lows, highs };
}

interface Buckets {
  readonly count: number;
  of(value: number): number;
}

/** `cuts` are the first values of the buckets but the first. */
function bucketsOf(cuts: Float64Array): Buckets {
  // Values in equal steps say where to begin to search, so that little is left to be searched.
  const scale = cuts.length === 0 ? 1 : STEPS / (cuts[cuts.length - 1]! + 1);
  const before = new Int32Array(STEPS + 2);
  for (let cut = 0; cut < cuts.length; cut += 1) before[Math.floor(cuts[cut]! * scale) + 1] = cut + 1;
  for (let step = 1; step < before.length; step += 1) before[step] = Math.max(before[step]!, before[step - 1]!);
  return {
    count: cuts.length + 1,
    of(value) {
      const step = Math.min(STEPS, Math.floor(value * scale));
      let low = before[step]!;
      let high = before[step + 1]!;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (cuts[middle]! <= value) low = middle + 1;
        else high = middle;
      }
      return low;
    },
  };
}

function rowsOf({ field, lows, highs }: Bounds, buckets: Buckets, words: number): Rows {
  const begun = new Int32Array(buckets.count * words);
  const going = new Int32Array(buckets.count * words);
  let held = 0;
  for (let box = 0; box < lows.length; box += 1) {
    const word = box >> 5;
    const bit = 1 << (box & 31);
    const first = buckets.of(lows[box]!);
    const last = buckets.of(highs[box]!);
    begun[first * words + word]! |= bit;
    going[last * words + word]! |= bit;
    held += last - first + 1;
  }
  for (let at = words; at < begun.length; at += 1) begun[at]! |= begun[at - words]!;
  for (let at = going.length - words - 1; at >= 0; at -= 1) going[at]! |= going[at + words]!;
  const inside = begun.slice();
  for (let at = 0; at < inside.length; at += 1) inside[at]! &= going[at]!;
  const markWords = (words + 31) >> 5;
  const marks = new Int32Array(buckets.count * markWords);
  for (let bucket = 0; bucket < buckets.count; bucket += 1) {
    for (let word = 0; word < words; word += 1) {
      if (inside[bucket * words + word] !== 0) marks[bucket * markWords + (word >> 5)]! |= 1 << (word & 31);
    }
  }
  return { field, buckets, begun, going, inside, marks, left: held / Math.max(1, lows.length * buckets.count) };
}

/** Cuts so that about equally many boxes begin in each bucket: where they begin is taken from some of them. */
function cutsOf(lows: Float64Array, bucketsMax: number): Float64Array {
  const every = Math.max(1, Math.floor(lows.length / BEGINS_MAX));
  const distinct = new Float64Array(Math.ceil(lows.length / every));
  for (let at = 0; at < distinct.length; at += 1) distinct[at] = lows[at * every]!;
  distinct.sort();
  let count = 0;
  for (let at = 0; at < distinct.length; at += 1) {
    if (count > 0 && distinct[count - 1] === distinct[at]) continue;
    distinct[count] = distinct[at]!;
    count += 1;
  }
  const cuts: number[] = [];
  const step = Math.max(1, count / bucketsMax);
  for (let at = step; at < count; at += step) cuts.push(distinct[Math.floor(at)]!);
  return Float64Array.from(cuts);
}

/** How two lists correspond; the numbers are positions, i before and j after. */
export interface Alignment {
  /** Same item, in the same order on both sides: both i and j ascend. */
  readonly kept: readonly (readonly [number, number])[];
  /** Only before. */
  readonly removed: readonly number[];
  /** Only after. */
  readonly added: readonly number[];
  /** Same item on both sides, but on another side of some kept item (or of another moved one). */
  readonly moved: readonly (readonly [number, number])[];
}

/** Part of both lists, ends excluded, and how often it was cut out of a larger part. */
interface Gap {
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly end: number;
  readonly depth: number;
}

/** Cutting gaps deeper than this finds nothing more in lists that people wrote, and costs a pass over the gap each time. */
const DEPTH_MAX = 32;

/**
 * Aligns two lists by the identity of their items. Every item that is not kept is named as removed, added or moved, so
 * what meets none of those walks over the same kept items in the same order on both sides: for rules, the same first
 * match. The prefix and suffix in common are kept; between them the items that occur once on both sides are kept as far
 * as their order agrees (a longest increasing subsequence), and the gaps between those are treated likewise.
 */
export function alignLists<T>(before: readonly T[], after: readonly T[], key: (item: T) => string | number): Alignment {
  const numbers = new Map<string | number, number>();
  const numberOf = (item: T): number => {
    const own = key(item);
    let number = numbers.get(own);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(own, number);
    }
    return number;
  };
  const left = Int32Array.from(before, numberOf);
  const right = Int32Array.from(after, numberOf);
  const partners = alignNumbers(left, right);
  const kept: [number, number][] = [];
  partners.forEach((j, i) => {
    if (j >= 0) kept.push([i, j]);
  });
  return { kept, ...changes(left, right, partners) };
}

/** As `alignLists`, of items that are small whole numbers: for each place before the kept one after, or -1. */
export function alignNumbers(left: Int32Array, right: Int32Array): Int32Array {
  const partners = new Int32Array(left.length).fill(-1);
  const seats = seatsFor(left, right);
  const gaps: Gap[] = [{ from: 0, to: left.length, start: 0, end: right.length, depth: 0 }];
  for (let gap = gaps.pop(); gap !== undefined; gap = gaps.pop()) {
    let { from, to, start, end } = gap;
    while (from < to && start < end && left[from] === right[start]) {
      partners[from] = start;
      from += 1;
      start += 1;
    }
    while (to > from && end > start && left[to - 1] === right[end - 1]) {
      to -= 1;
      end -= 1;
      partners[to] = end;
    }
    if (from === to || start === end) continue;
    const inner: Gap = { from, to, start, end, depth: gap.depth };
    const anchors = gap.depth < DEPTH_MAX ? increasing(uniquePairs(left, right, inner, seats)) : NONE;
    // Nothing occurs once on both sides: what is left are duplicates, paired first with first, second with second.
    const pairs = anchors.lefts.length > 0 ? anchors : increasing(occurrencePairs(left, right, inner));
    pairs.lefts.forEach((i, at) => {
      partners[i] = pairs.rights[at]!;
    });
    if (anchors.lefts.length > 0) gaps.push(...between(anchors, inner));
  }
  return partners;
}

/** Pairs of positions; those before ascend. */
interface Pairs {
  readonly lefts: Int32Array;
  readonly rights: Int32Array;
}

const NONE: Pairs = { lefts: new Int32Array(0), rights: new Int32Array(0) };

/** For each item how often it was met in a gap, and where; made once and left as it was found. */
interface Seats {
  readonly inLeft: Int32Array;
  readonly inRight: Int32Array;
  readonly place: Int32Array;
}

function seatsFor(left: Int32Array, right: Int32Array): Seats {
  let last = -1;
  for (const item of left) if (item > last) last = item;
  for (const item of right) if (item > last) last = item;
  return {
    inLeft: new Int32Array(last + 1),
    inRight: new Int32Array(last + 1),
    place: new Int32Array(last + 1),
  };
}

function uniquePairs(left: Int32Array, right: Int32Array, { from, to, start, end }: Gap, seats: Seats): Pairs {
  const { inLeft, inRight, place } = seats;
  for (let i = from; i < to; i += 1) inLeft[left[i]!]! += 1;
  for (let j = start; j < end; j += 1) {
    inRight[right[j]!]! += 1;
    place[right[j]!] = j;
  }
  const lefts = new Int32Array(to - from);
  const rights = new Int32Array(to - from);
  let count = 0;
  for (let i = from; i < to; i += 1) {
    const item = left[i]!;
    if (inLeft[item] !== 1 || inRight[item] !== 1) continue;
    lefts[count] = i;
    rights[count] = place[item]!;
    count += 1;
  }
  for (let i = from; i < to; i += 1) inLeft[left[i]!] = 0;
  for (let j = start; j < end; j += 1) inRight[right[j]!] = 0;
  return { lefts: lefts.subarray(0, count), rights: rights.subarray(0, count) };
}

function occurrencePairs(left: Int32Array, right: Int32Array, { from, to, start, end }: Gap): Pairs {
  const inRight = positions(right, start, end);
  const pairs: [number, number][] = [];
  for (const [item, places] of positions(left, from, to)) {
    const others = inRight.get(item) ?? [];
    const count = Math.min(places.length, others.length);
    for (let n = 0; n < count; n += 1) pairs.push([places[n]!, others[n]!]);
  }
  pairs.sort((a, b) => a[0] - b[0]);
  return { lefts: Int32Array.from(pairs, ([i]) => i), rights: Int32Array.from(pairs, ([, j]) => j) };
}

function positions(items: Int32Array, from: number, to: number): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (let at = from; at < to; at += 1) {
    const places = found.get(items[at]!);
    if (places === undefined) found.set(items[at]!, [at]);
    else places.push(at);
  }
  return found;
}

/** A longest subsequence whose second numbers ascend (the first ones do), by patience sorting. */
function increasing({ lefts, rights }: Pairs): Pairs {
  /** For each length the index of the pair that ends a chain of that length earliest. */
  const tails = new Int32Array(lefts.length);
  const previous = new Int32Array(lefts.length);
  let length = 0;
  for (let index = 0; index < lefts.length; index += 1) {
    const j = rights[index]!;
    let low = 0;
    let high = length;
    // In lists that hardly differ the next one is behind all before it.
    if (length > 0 && rights[tails[length - 1]!]! < j) low = length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rights[tails[middle]!]! < j) low = middle + 1;
      else high = middle;
    }
    previous[index] = low === 0 ? -1 : tails[low - 1]!;
    tails[low] = index;
    if (low === length) length += 1;
  }
  const chain = { lefts: new Int32Array(length), rights: new Int32Array(length) };
  for (
    let index = length === 0 ? -1 : tails[length - 1]!, at = length - 1;
    index >= 0;
    index = previous[index]!, at -= 1
  ) {
    chain.lefts[at] = lefts[index]!;
    chain.rights[at] = rights[index]!;
  }
  return chain;
}

function between({ lefts, rights }: Pairs, gap: Gap): Gap[] {
  const out: Gap[] = [];
  let { from, start } = gap;
  for (let at = 0; at <= lefts.length; at += 1) {
    const to = at < lefts.length ? lefts[at]! : gap.to;
    const end = at < lefts.length ? rights[at]! : gap.end;
    if (from < to && start < end) out.push({ from, to, start, end, depth: gap.depth + 1 });
    from = to + 1;
    start = end + 1;
  }
  return out;
}

function changes(left: Int32Array, right: Int32Array, partners: Int32Array) {
  const keptAfter = new Set(partners);
  const arrivals = new Map<number, number[]>();
  right.forEach((item, j) => {
    if (keptAfter.has(j)) return;
    const places = arrivals.get(item);
    if (places === undefined) arrivals.set(item, [j]);
    else places.push(j);
  });
  for (const places of arrivals.values()) places.reverse();
  const removed: number[] = [];
  const moved: [number, number][] = [];
  left.forEach((item, i) => {
    if (partners[i]! >= 0) return;
    const j = arrivals.get(item)?.pop();
    if (j === undefined) removed.push(i);
    else moved.push([i, j]);
  });
  const added = [...arrivals.values()].flat().sort((a, b) => a - b);
  return { removed, added, moved };
}

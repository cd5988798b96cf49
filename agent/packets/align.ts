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
  readonly before: readonly [number, number];
  readonly after: readonly [number, number];
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
  const left = before.map(key);
  const right = after.map(key);
  const kept: (readonly [number, number])[] = [];
  const gaps: Gap[] = [{ before: [0, left.length], after: [0, right.length], depth: 0 }];
  for (let gap = gaps.pop(); gap !== undefined; gap = gaps.pop()) {
    const [from, to] = gap.before;
    const [start, end] = gap.after;
    let prefix = 0;
    while (from + prefix < to && start + prefix < end && left[from + prefix] === right[start + prefix]) {
      kept.push([from + prefix, start + prefix]);
      prefix += 1;
    }
    let suffix = 0;
    while (
      to - suffix > from + prefix &&
      end - suffix > start + prefix &&
      left[to - suffix - 1] === right[end - suffix - 1]
    ) {
      suffix += 1;
      kept.push([to - suffix, end - suffix]);
    }
    const inner: Gap = {
      before: [from + prefix, to - suffix],
      after: [start + prefix, end - suffix],
      depth: gap.depth,
    };
    if (inner.before[0] === inner.before[1] || inner.after[0] === inner.after[1]) continue;
    const unique = gap.depth < DEPTH_MAX ? increasing(uniquePairs(left, right, inner)) : [];
    if (unique.length > 0) gaps.push(...between(unique, inner));
    // Nothing occurs once on both sides: what is left are duplicates, paired first with first, second with second.
    else kept.push(...increasing(occurrencePairs(left, right, inner)));
    kept.push(...unique);
  }
  kept.sort((a, b) => a[0] - b[0]);
  return { kept, ...changes(left, right, kept) };
}

type Key = string | number;

function uniquePairs(left: readonly Key[], right: readonly Key[], { before, after }: Gap): [number, number][] {
  const inLeft = positions(left, before);
  const inRight = positions(right, after);
  const pairs: [number, number][] = [];
  for (const [key, [i, ...more]] of inLeft) {
    const [j, ...others] = inRight.get(key) ?? [];
    if (j !== undefined && more.length === 0 && others.length === 0) pairs.push([i!, j]);
  }
  return pairs;
}

function occurrencePairs(left: readonly Key[], right: readonly Key[], { before, after }: Gap): [number, number][] {
  const inRight = positions(right, after);
  const pairs: [number, number][] = [];
  for (const [key, places] of positions(left, before)) {
    const others = inRight.get(key) ?? [];
    const count = Math.min(places.length, others.length);
    for (let n = 0; n < count; n += 1) pairs.push([places[n]!, others[n]!]);
  }
  return pairs.sort((a, b) => a[0] - b[0]);
}

function positions(keys: readonly Key[], [from, to]: readonly [number, number]): Map<Key, number[]> {
  const found = new Map<Key, number[]>();
  for (let at = from; at < to; at += 1) {
    const places = found.get(keys[at]!);
    if (places === undefined) found.set(keys[at]!, [at]);
    else places.push(at);
  }
  return found;
}

/** A longest subsequence whose second numbers ascend (the first ones do), by patience sorting. */
function increasing(pairs: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  /** For each length the index of the pair that ends a chain of that length earliest. */
  const tails: number[] = [];
  const previous = new Int32Array(pairs.length);
  pairs.forEach(([, j], index) => {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[tails[middle]!]![1] < j) low = middle + 1;
      else high = middle;
    }
    previous[index] = low === 0 ? -1 : tails[low - 1]!;
    tails[low] = index;
  });
  const chain: (readonly [number, number])[] = [];
  for (let index = tails[tails.length - 1] ?? -1; index >= 0; index = previous[index]!) chain.push(pairs[index]!);
  return chain.reverse();
}

function between(anchors: readonly (readonly [number, number])[], { before, after, depth }: Gap): Gap[] {
  const out: Gap[] = [];
  let [from, start] = [before[0], after[0]];
  for (const [i, j] of [...anchors, [before[1], after[1]] as const]) {
    if (from < i && start < j) out.push({ before: [from, i], after: [start, j], depth: depth + 1 });
    from = i + 1;
    start = j + 1;
  }
  return out;
}

function changes(left: readonly Key[], right: readonly Key[], kept: readonly (readonly [number, number])[]) {
  const keptBefore = new Set(kept.map(([i]) => i));
  const keptAfter = new Set(kept.map(([, j]) => j));
  const arrivals = new Map<Key, number[]>();
  right.forEach((key, j) => {
    if (keptAfter.has(j)) return;
    const places = arrivals.get(key);
    if (places === undefined) arrivals.set(key, [j]);
    else places.push(j);
  });
  for (const places of arrivals.values()) places.reverse();
  const removed: number[] = [];
  const moved: [number, number][] = [];
  left.forEach((key, i) => {
    if (keptBefore.has(i)) return;
    const j = arrivals.get(key)?.pop();
    if (j === undefined) removed.push(i);
    else moved.push([i, j]);
  });
  const added = [...arrivals.values()].flat().sort((a, b) => a - b);
  return { removed, added, moved };
}

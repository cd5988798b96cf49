/** A priority queue: the largest rank first, the earlier of equal ranks first (so the order never depends on chance). */
export interface Heap<T> {
  push(item: T): void;
  pop(): T | undefined;
  size(): number;
}

export function createHeap<T>(rank: (item: T) => number): Heap<T> {
  const entries: { readonly item: T; readonly rank: number; readonly turn: number }[] = [];
  let turns = 0;

  function precedes(a: number, b: number): boolean {
    const left = entries[a]!;
    const right = entries[b]!;
    return left.rank > right.rank || (left.rank === right.rank && left.turn < right.turn);
  }

  function swap(a: number, b: number): void {
    const kept = entries[a]!;
    entries[a] = entries[b]!;
    entries[b] = kept;
  }

  return {
    push(item) {
      entries.push({ item, rank: rank(item), turn: turns });
      turns += 1;
      for (let at = entries.length - 1; at > 0; ) {
        const parent = (at - 1) >> 1;
        if (!precedes(at, parent)) break;
        swap(at, parent);
        at = parent;
      }
    },
    pop() {
      if (entries.length === 0) return undefined;
      swap(0, entries.length - 1);
      const { item } = entries.pop()!;
      for (let at = 0; ; ) {
        let best = at;
        for (const child of [2 * at + 1, 2 * at + 2]) if (child < entries.length && precedes(child, best)) best = child;
        if (best === at) return item;
        swap(at, best);
        at = best;
      }
    },
    size: () => entries.length,
  };
}

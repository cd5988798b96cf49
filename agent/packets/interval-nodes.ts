import type { Diagram } from './kernel.js';
import type { Meter } from './meter.js';
import { grown, hash2, mix } from './table.js';

/**
 * The inner nodes of the interval diagram. A node tests one field (its level) and has edges in ascending order: edge e
 * leads to `child[e]` for the classes after the previous edge's `last` up to its own. Neighbouring edges have
 * different children and a node has at least two, so a function has exactly one diagram; a field that does not matter
 * is skipped. Node n is the diagram ~n (a negative number).
 */
export interface IntervalNodes {
  level(diagram: Diagram): number;
  /** Where the edges of an inner node begin and end in `last` and `child`. */
  first(diagram: Diagram): number;
  end(diagram: Diagram): number;
  last(edge: number): number;
  child(edge: number): Diagram;
  /** A node is built on a stack, because building its children builds nodes: remember `open()`, `push` in order, `close`. */
  open(): number;
  push(base: number, last: number, child: Diagram): void;
  close(base: number, level: number): Diagram;
  /** Memory held, in nodes of two edges: so one budget means about the same memory in both kernels. */
  size(): number;
}

export function intervalNodes(fieldCount: number, meter: Meter): IntervalNodes {
  let levels = new Int32Array(16);
  let hashes = new Int32Array(16);
  /** One more than there are nodes: where the next one's edges begin. */
  let firsts = new Int32Array(32);
  let lasts = new Int32Array(16);
  let children = new Int32Array(16);
  let count = 0;
  let slots = new Int32Array(16);
  let stackLasts = new Int32Array(16);
  let stackChildren = new Int32Array(16);
  let top = 0;

  function same(node: number, level: number, base: number, edges: number): boolean {
    const first = firsts[node]!;
    if (levels[node] !== level || firsts[node + 1]! - first !== edges) return false;
    for (let i = 0; i < edges; i += 1) {
      if (lasts[first + i] !== stackLasts[base + i] || children[first + i] !== stackChildren[base + i]) return false;
    }
    return true;
  }

  function reserve(edges: number): void {
    if (count === levels.length) {
      levels = grown(levels, 0);
      hashes = grown(hashes, 0);
      firsts = grown(firsts, 0);
    }
    const needed = firsts[count]! + edges;
    if (needed > lasts.length) {
      lasts = grown(lasts, needed);
      children = grown(children, needed);
    }
  }

  function rehash(): void {
    slots = new Int32Array(slots.length * 2);
    const mask = slots.length - 1;
    for (let node = 0; node < count; node += 1) {
      let slot = hashes[node]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = node + 1;
    }
  }

  return {
    level: (diagram) => (diagram >= 0 ? fieldCount : levels[~diagram]!),
    first: (diagram) => firsts[~diagram]!,
    end: (diagram) => firsts[~diagram + 1]!,
    last: (edge) => lasts[edge]!,
    child: (edge) => children[edge]!,
    open: () => top,
    push(base, last, child) {
      if (top > base && stackChildren[top - 1] === child) {
        stackLasts[top - 1] = last;
        return;
      }
      if (top === stackLasts.length) {
        stackLasts = grown(stackLasts, 0);
        stackChildren = grown(stackChildren, 0);
      }
      stackLasts[top] = last;
      stackChildren[top] = child;
      top += 1;
    },
    close(base, level) {
      const edges = top - base;
      top = base;
      if (edges === 1) return stackChildren[base]!;
      let hash = hash2(level, edges);
      for (let i = base; i < base + edges; i += 1) hash = mix(mix(hash, stackLasts[i]!), stackChildren[i]!);
      const mask = slots.length - 1;
      let slot = hash & mask;
      for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
        const node = slots[slot]! - 1;
        if (hashes[node] === hash && same(node, level, base, edges)) return ~node;
      }
      meter.room((firsts[count]! + edges) >> 1);
      reserve(edges);
      const node = count;
      const first = firsts[node]!;
      lasts.set(stackLasts.subarray(base, base + edges), first);
      children.set(stackChildren.subarray(base, base + edges), first);
      levels[node] = level;
      hashes[node] = hash;
      firsts[node + 1] = first + edges;
      slots[slot] = node + 1;
      count += 1;
      if (count * 2 > slots.length) rehash();
      return ~node;
    },
    size: () => firsts[count]! >> 1,
  };
}

import { grown, hash2 } from './table.js';

/**
 * Subsets of {0 … count-1} as numbers, equal numbers for equal subsets.
 *
 * A subset is a hash-consed binary trie over its members' bits, so adding or removing one member makes at most
 * log2(count) nodes and comparing two subsets compares two numbers. Comparing random fingerprints would be shorter
 * code, but only probably right, and a wrongly merged class is a wrong verdict.
 */
export function signatures(count: number) {
  const depth = count > 1 ? 32 - Math.clz32(count - 1) : 0;
  // Node 0 is the empty subtree and 1 the present leaf; the others are pairs of nodes.
  let left = new Int32Array(64);
  let right = new Int32Array(64);
  let nodes = 2;
  let slots = new Int32Array(256);
  const path = new Int32Array(depth);

  function slotOf(low: number, high: number): number {
    const mask = slots.length - 1;
    let slot = hash2(low, high) & mask;
    while (slots[slot] !== 0 && (left[slots[slot]!] !== low || right[slots[slot]!] !== high)) slot = (slot + 1) & mask;
    return slot;
  }

  function make(low: number, high: number): number {
    if (low === 0 && high === 0) return 0;
    const slot = slotOf(low, high);
    if (slots[slot] !== 0) return slots[slot]!;
    if (nodes === left.length) {
      left = grown(left, nodes + 1);
      right = grown(right, nodes + 1);
    }
    left[nodes] = low;
    right[nodes] = high;
    slots[slot] = nodes;
    nodes += 1;
    const made = nodes - 1;
    if (nodes * 2 > slots.length) {
      slots = new Int32Array(slots.length * 2);
      for (let node = 2; node < nodes; node += 1) slots[slotOf(left[node]!, right[node]!)] = node;
    }
    return made;
  }

  return {
    empty: 0,
    /** The subset with `member` added if it was missing, removed if it was there. */
    toggle(subset: number, member: number): number {
      let node = subset;
      for (let bit = depth - 1; bit >= 0; bit -= 1) {
        path[bit] = node;
        if (node !== 0) node = (member >> bit) & 1 ? right[node]! : left[node]!;
      }
      node = 1 - node;
      for (let bit = 0; bit < depth; bit += 1) {
        const above = path[bit]!;
        const low = above === 0 ? 0 : left[above]!;
        const high = above === 0 ? 0 : right[above]!;
        node = (member >> bit) & 1 ? make(low, node) : make(node, high);
      }
      return node;
    },
  };
}

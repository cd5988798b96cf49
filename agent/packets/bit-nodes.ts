import type { Diagram } from './kernel.js';
import type { Meter } from './meter.js';
import { grown, hash2, mix } from './table.js';

/** The inner nodes of the bit diagram: node n is the diagram ~n; equal tests with equal children are one node. */
export interface BitNodes {
  /** The bit a diagram looks at first; the number of bits for a constant. */
  bit(diagram: Diagram): number;
  /** The children of an inner node, for the bit 0 and 1. */
  low(diagram: Diagram): Diagram;
  high(diagram: Diagram): Diagram;
  make(bit: number, low: Diagram, high: Diagram): Diagram;
  size(): number;
}

/**
 * A node is four numbers side by side, because whoever looks at one needs all of it, and memory is fetched in larger
 * pieces: bit, low, high, and the next node of the same slot.
 */
const WIDTH = 4;
const BIT = 0;
const LOW = 1;
const HIGH = 2;
const NEXT = 3;
/** No node: the end of a slot's chain. */
const END = -1;

export function bitNodes(bitCount: number, meter: Meter): BitNodes {
  let nodes = new Int32Array(1024 * WIDTH);
  /** For each slot the node that was put there last; as many as there is room for nodes. */
  let slots = new Int32Array(1024).fill(END);
  let count = 0;

  function hashOf(bit: number, low: Diagram, high: Diagram): number {
    return mix(hash2(low, high), bit);
  }

  function grow(): void {
    nodes = grown(nodes, 0);
    slots = new Int32Array(slots.length * 2).fill(END);
    const mask = slots.length - 1;
    for (let node = 0; node < count; node += 1) {
      const at = node * WIDTH;
      const slot = hashOf(nodes[at + BIT]!, nodes[at + LOW]!, nodes[at + HIGH]!) & mask;
      nodes[at + NEXT] = slots[slot]!;
      slots[slot] = node;
    }
  }

  return {
    bit: (diagram) => (diagram >= 0 ? bitCount : nodes[~diagram * WIDTH + BIT]!),
    low: (diagram) => nodes[~diagram * WIDTH + LOW]!,
    high: (diagram) => nodes[~diagram * WIDTH + HIGH]!,
    make(bit, low, high) {
      if (low === high) return low;
      const hash = hashOf(bit, low, high);
      for (let node = slots[hash & (slots.length - 1)]!; node !== END; ) {
        const at = node * WIDTH;
        if (nodes[at + LOW] === low && nodes[at + HIGH] === high && nodes[at + BIT] === bit) return ~node;
        node = nodes[at + NEXT]!;
      }
      meter.room(count);
      if (count * WIDTH === nodes.length) grow();
      const slot = hash & (slots.length - 1);
      const node = count;
      const at = node * WIDTH;
      nodes[at + BIT] = bit;
      nodes[at + LOW] = low;
      nodes[at + HIGH] = high;
      nodes[at + NEXT] = slots[slot]!;
      slots[slot] = node;
      count += 1;
      return ~node;
    },
    size: () => count,
  };
}

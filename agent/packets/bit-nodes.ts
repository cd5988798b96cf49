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

export function bitNodes(bitCount: number, meter: Meter): BitNodes {
  let bits = new Int32Array(1024);
  let lows = new Int32Array(1024);
  let highs = new Int32Array(1024);
  let slots = new Int32Array(4096);
  let count = 0;

  function slotOf(bit: number, low: Diagram, high: Diagram): number {
    const mask = slots.length - 1;
    let slot = mix(hash2(low, high), bit) & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const node = slots[slot]! - 1;
      if (lows[node] === low && highs[node] === high && bits[node] === bit) break;
    }
    return slot;
  }

  return {
    bit: (diagram) => (diagram >= 0 ? bitCount : bits[~diagram]!),
    low: (diagram) => lows[~diagram]!,
    high: (diagram) => highs[~diagram]!,
    make(bit, low, high) {
      if (low === high) return low;
      const slot = slotOf(bit, low, high);
      if (slots[slot] !== 0) return ~(slots[slot]! - 1);
      meter.room(count);
      if (count === bits.length) {
        bits = grown(bits, 0);
        lows = grown(lows, 0);
        highs = grown(highs, 0);
      }
      const node = count;
      bits[node] = bit;
      lows[node] = low;
      highs[node] = high;
      slots[slot] = node + 1;
      count += 1;
      if (count * 2 > slots.length) {
        slots = new Int32Array(slots.length * 2);
        for (let other = 0; other < count; other += 1) {
          slots[slotOf(bits[other]!, lows[other]!, highs[other]!)] = other + 1;
        }
      }
      return ~node;
    },
    size: () => count,
  };
}

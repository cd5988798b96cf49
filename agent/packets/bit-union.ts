import type { Intervals } from '../lib/intervals.js';
import type { BitNodes } from './bit-nodes.js';
import type { Diagram, Space } from './kernel.js';
import type { Meter } from './meter.js';

/** What a union is built with. */
export interface UnionParts {
  readonly space: Space;
  readonly meter: Meter;
  readonly nodes: BitNodes;
  /** The bits of field f are firstBit[f] … firstBit[f + 1] - 1. */
  readonly firstBit: readonly number[];
  or(a: Diagram, b: Diagram): Diagram;
}

/** For each field the classes that a box has; undefined where it has all. */
export type ClassBox = readonly (Intervals | undefined)[];

/**
 * The union of many boxes at once. Going down the bits of a field, a box stays behind where it holds all of the codes
 * below, and goes on only where it ends among them; those that stay behind are united over the later fields, and what
 * comes of it is handed down to where the others end. So hardly a node is made that is not part of the union: boxes
 * made one by one and folded would take one for each bit of each, and most of them again for each step of the fold.
 */
export function uniteBoxes(parts: UnionParts, boxes: readonly ClassBox[], label: number): Diagram {
  const { space, meter, nodes, firstBit, or } = parts;
  /** For each box the first field from which on it has everything. */
  const ends = boxes.map((box) => {
    let end = space.fields.length;
    while (end > 0 && box[end - 1] === undefined) end -= 1;
    return end;
  });

  /** What the boxes of a list hold from a field on, together with what is `held` already. */
  function behind(field: number, list: readonly number[], held: Diagram): Diagram {
    if (list.length === 0 || held === label) return held;
    for (const box of list) if (ends[box]! <= field) return label;
    return codes(field, firstBit[field]!, 0, list, held);
  }

  /** The same for the codes `first` to `first + 2^(end - bit) - 1` of a field; spare ones mean the last class. */
  function codes(field: number, bit: number, first: number, list: readonly number[], held: Diagram): Diagram {
    meter.step(1 + (list.length >> 3));
    const end = firstBit[field + 1]!;
    const lastClass = space.classCount(field) - 1;
    const last = Math.min(first + 2 ** (end - bit) - 1, lastClass);
    const from = Math.min(first, lastClass);
    const whole: number[] = [];
    const partial: number[] = [];
    for (const box of list) {
      const classes = boxes[box]![field];
      const holds = classes === undefined ? last : heldFrom(classes, from, last);
      if (holds >= last) whole.push(box);
      else if (holds !== OUTSIDE) partial.push(box);
    }
    // What is held may still tell the codes of this field apart.
    const all = nodes.bit(held) >= end ? behind(field + 1, whole, held) : or(held, behind(field + 1, whole, 0));
    if (all === label || partial.length === 0) return all;
    const here = nodes.bit(all) === bit;
    const low = codes(field, bit + 1, first, partial, here ? nodes.low(all) : all);
    const second = first + 2 ** (end - bit - 1);
    return nodes.make(bit, low, codes(field, bit + 1, second, partial, here ? nodes.high(all) : all));
  }

  const list = boxes.map((_, box) => box);
  return behind(0, list, 0);
}

const OUTSIDE = -1;
const INSIDE = -2;

/** Up to where a set of classes goes on from `from`; INSIDE where it has none there but some up to `last`. */
function heldFrom(classes: Intervals, from: number, last: number): number {
  let low = 0;
  let high = classes.length >> 1;
  // The first interval that does not end before `from`.
  while (low < high) {
    const middle = (low + high) >> 1;
    if (classes[middle * 2 + 1]! < from) low = middle + 1;
    else high = middle;
  }
  if (low * 2 === classes.length || classes[low * 2]! > last) return OUTSIDE;
  return classes[low * 2]! <= from ? classes[low * 2 + 1]! : INSIDE;
}

import type { Intervals } from '../lib/intervals.js';
import { bitNodes } from './bit-nodes.js';
import { uniteBoxes } from './bit-union.js';
import { assembleKernel, type Core, type Edges } from './core.js';
import type { Budget, Diagram, Kernel, Space } from './kernel.js';
import { createMeter } from './meter.js';
import { type AND, isCommutative, OR, PAINT, SUBSET, shortcut } from './operations.js';
import { createMemo, UNKNOWN } from './table.js';

/**
 * The kernel `bits`: a reduced ordered decision diagram over the bits of the class numbers, field by field, highest
 * bit first.
 *
 * A field of 5 classes takes 3 bits, which can also say 5, 6 and 7. These spare codes mean the same as the last class:
 * every set is built that way and every operation works point by point, so it stays true of every diagram. Thus equal
 * functions are still equal diagrams, `not` makes nothing up, and exists and forall see no value that is not there.
 * Only reading edges must stop at the last class.
 */
export function bitsKernel(space: Space, budget: Budget = {}): Kernel {
  const meter = createMeter(budget);
  const fieldCount = space.fields.length;
  /** The bits of field f are firstBit[f] … firstBit[f + 1] - 1. */
  const firstBit = [0];
  const fieldOfBit: number[] = [];
  for (let field = 0; field < fieldCount; field += 1) {
    const width = 32 - Math.clz32(space.classCount(field) - 1);
    for (let bit = 0; bit < width; bit += 1) fieldOfBit.push(field);
    firstBit.push(fieldOfBit.length);
  }
  const nodes = bitNodes(fieldOfBit.length, meter);
  const memo = createMemo();

  function apply(operation: number, left: Diagram, right: Diagram): Diagram {
    const known = shortcut(operation, left, right);
    if (known !== UNKNOWN) return known;
    const swap = left > right && isCommutative(operation);
    const a = swap ? right : left;
    const b = swap ? left : right;
    const remembered = memo.recall(operation, a, b);
    if (remembered !== UNKNOWN) return remembered;
    meter.step();
    const bitA = nodes.bit(a);
    const bitB = nodes.bit(b);
    const low = apply(operation, bitA <= bitB ? nodes.low(a) : a, bitB <= bitA ? nodes.low(b) : b);
    const high = apply(operation, bitA <= bitB ? nodes.high(a) : a, bitB <= bitA ? nodes.high(b) : b);
    const result = nodes.make(bitA < bitB ? bitA : bitB, low, high);
    memo.remember(operation, a, b, result);
    return result;
  }

  /** Like `apply` for the question a ⊆ b, but it makes no nodes and stops at the first packet that says no. */
  function subset(a: Diagram, b: Diagram): number {
    const known = shortcut(SUBSET, a, b);
    if (known !== UNKNOWN) return known;
    const remembered = memo.recall(SUBSET, a, b);
    if (remembered !== UNKNOWN) return remembered;
    meter.step();
    const bitA = nodes.bit(a);
    const bitB = nodes.bit(b);
    let holds = subset(bitA <= bitB ? nodes.low(a) : a, bitB <= bitA ? nodes.low(b) : b);
    if (holds) holds = subset(bitA <= bitB ? nodes.high(a) : a, bitB <= bitA ? nodes.high(b) : b);
    memo.remember(SUBSET, a, b, holds);
    return holds;
  }

  function map(operation: number, diagram: Diagram, rename: (label: number) => number): Diagram {
    if (diagram >= 0) return rename(diagram);
    const remembered = memo.recall(operation, diagram, 0);
    if (remembered !== UNKNOWN) return remembered;
    meter.step();
    const low = map(operation, nodes.low(diagram), rename);
    const result = nodes.make(nodes.bit(diagram), low, map(operation, nodes.high(diagram), rename));
    memo.remember(operation, diagram, 0, result);
    return result;
  }

  function paint(set: Diagram, label: number): Diagram {
    if (set >= 0) return set === 0 ? 0 : label;
    const remembered = memo.recall(PAINT, set, label);
    if (remembered !== UNKNOWN) return remembered;
    meter.step();
    const low = paint(nodes.low(set), label);
    const result = nodes.make(nodes.bit(set), low, paint(nodes.high(set), label));
    memo.remember(PAINT, set, label, result);
    return result;
  }

  function pair(operation: number, a: Diagram, b: Diagram, join: (a: number, b: number) => number): Diagram {
    if (a >= 0 && b >= 0) return join(a, b);
    const remembered = memo.recall(operation, a, b);
    if (remembered !== UNKNOWN) return remembered;
    meter.step();
    const bitA = nodes.bit(a);
    const bitB = nodes.bit(b);
    const low = pair(operation, bitA <= bitB ? nodes.low(a) : a, bitB <= bitA ? nodes.low(b) : b, join);
    const high = pair(operation, bitA <= bitB ? nodes.high(a) : a, bitB <= bitA ? nodes.high(b) : b, join);
    const result = nodes.make(bitA < bitB ? bitA : bitB, low, high);
    memo.remember(operation, a, b, result);
    return result;
  }

  /** Exists (combine with OR) and forall (combine with AND) over all bits of a field. */
  function quantify(operation: number, set: Diagram, field: number, combine: typeof OR | typeof AND): Diagram {
    const bit = nodes.bit(set);
    if (bit >= firstBit[field + 1]!) return set;
    const remembered = memo.recall(operation, set, 0);
    if (remembered !== UNKNOWN) return remembered;
    meter.step();
    const low = quantify(operation, nodes.low(set), field, combine);
    const high = quantify(operation, nodes.high(set), field, combine);
    const result = bit >= firstBit[field]! ? apply(combine, low, high) : nodes.make(bit, low, high);
    memo.remember(operation, set, 0, result);
    return result;
  }

  function layer(field: number, classes: Intervals, inside: Diagram): Diagram {
    const lastClass = space.classCount(field) - 1;
    const end = firstBit[field + 1]!;
    let next = 0;

    /** The codes `first` to `first + 2^(end - bit) - 1`; called in ascending order, so `next` only moves forward. */
    function codes(bit: number, first: number): Diagram {
      const last = Math.min(first + 2 ** (end - bit) - 1, lastClass);
      // Spare codes mean the last class, so a block of spare codes only reads like a block that holds just that class.
      const from = Math.min(first, lastClass);
      while (next < classes.length && classes[next + 1]! < from) next += 2;
      if (next >= classes.length || classes[next]! > last) return 0;
      if (classes[next]! <= from && last <= classes[next + 1]!) return inside;
      const low = codes(bit + 1, first);
      return nodes.make(bit, low, codes(bit + 1, first + 2 ** (end - bit - 1)));
    }

    return codes(firstBit[field]!, 0);
  }

  function node(field: number, lasts: readonly number[], children: readonly Diagram[]): Diagram {
    const lastClass = space.classCount(field) - 1;
    const end = firstBit[field + 1]!;
    let next = 0;

    /** As in `layer`: in ascending order, spare codes mean the last class. */
    function codes(bit: number, first: number): Diagram {
      const last = Math.min(first + 2 ** (end - bit) - 1, lastClass);
      const from = Math.min(first, lastClass);
      while (lasts[next]! < from) next += 1;
      if (last <= lasts[next]!) return children[next]!;
      const low = codes(bit + 1, first);
      return nodes.make(bit, low, codes(bit + 1, first + 2 ** (end - bit - 1)));
    }

    return codes(firstBit[field]!, 0);
  }

  function fieldOf(diagram: Diagram): number {
    return diagram >= 0 ? fieldCount : fieldOfBit[nodes.bit(diagram)]!;
  }

  function edges(diagram: Diagram): Edges {
    const field = fieldOf(diagram);
    const end = firstBit[field + 1]!;
    const lastClass = space.classCount(field) - 1;
    const lasts: number[] = [];
    const children: Diagram[] = [];

    function walk(node: Diagram, bit: number, first: number): void {
      if (first > lastClass) return;
      if (nodes.bit(node) >= end) {
        const last = Math.min(first + 2 ** (end - bit) - 1, lastClass);
        if (children.length > 0 && children[children.length - 1] === node) lasts[lasts.length - 1] = last;
        else {
          lasts.push(last);
          children.push(node);
        }
        return;
      }
      const here = nodes.bit(node) === bit;
      walk(here ? nodes.low(node) : node, bit + 1, first);
      walk(here ? nodes.high(node) : node, bit + 1, first + 2 ** (end - bit - 1));
    }

    walk(diagram, firstBit[field]!, 0);
    return { lasts, children };
  }

  const core: Core = {
    kind: 'bits',
    space,
    meter,
    apply,
    subset,
    map,
    paint,
    pair,
    quantify,
    unite: (boxes, label) => uniteBoxes({ space, meter, nodes, firstBit, or: (a, b) => apply(OR, a, b) }, boxes, label),
    layer,
    node,
    field: fieldOf,
    edges,
    step(diagram, field, classNumber) {
      const end = firstBit[field + 1]!;
      let node = diagram;
      for (let bit = nodes.bit(node); bit < end; bit = nodes.bit(node)) {
        node = (classNumber >> (end - bit - 1)) & 1 ? nodes.high(node) : nodes.low(node);
      }
      return node;
    },
    size: nodes.size,
    forget: memo.clear,
  };
  return assembleKernel(core);
}

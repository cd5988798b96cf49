import type { Intervals } from '../lib/intervals.js';
import { assembleKernel, type Core } from './core.js';
import { intervalNodes } from './interval-nodes.js';
import type { Budget, Diagram, Kernel, Space } from './kernel.js';
import { createMeter } from './meter.js';
import { type AND, isCommutative, type OR, PAINT, SUBSET, shortcut } from './operations.js';
import { createMemo, UNKNOWN } from './table.js';

/**
 * The kernel `intervals`: a hash-consed decision diagram with one level a field and edges that carry intervals of
 * class numbers. Its edges are the readable parts of a firewall rule, and rules that differ in an early field (the
 * zone) share nothing that would have to be walked twice.
 */
export function intervalsKernel(space: Space, budget: Budget = {}): Kernel {
  const meter = createMeter(budget);
  const nodes = intervalNodes(space.fields.length, meter);
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
    const levelA = nodes.level(a);
    const levelB = nodes.level(b);
    const level = levelA < levelB ? levelA : levelB;
    const base = nodes.open();
    if (levelA < levelB) {
      const end = nodes.end(a);
      for (let i = nodes.first(a); i < end; i += 1)
        nodes.push(base, nodes.last(i), apply(operation, nodes.child(i), b));
    } else if (levelB < levelA) {
      const end = nodes.end(b);
      for (let j = nodes.first(b); j < end; j += 1)
        nodes.push(base, nodes.last(j), apply(operation, a, nodes.child(j)));
    } else {
      // Both nodes end with the field's last class, so the two walks end together.
      const end = nodes.end(a);
      for (let i = nodes.first(a), j = nodes.first(b); i < end; ) {
        const lastA = nodes.last(i);
        const lastB = nodes.last(j);
        nodes.push(base, lastA < lastB ? lastA : lastB, apply(operation, nodes.child(i), nodes.child(j)));
        if (lastA <= lastB) i += 1;
        if (lastB <= lastA) j += 1;
      }
    }
    const result = nodes.close(base, level);
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
    const levelA = nodes.level(a);
    const levelB = nodes.level(b);
    let holds = 1;
    if (levelA < levelB) {
      for (let i = nodes.first(a); holds && i < nodes.end(a); i += 1) holds = subset(nodes.child(i), b);
    } else if (levelB < levelA) {
      for (let j = nodes.first(b); holds && j < nodes.end(b); j += 1) holds = subset(a, nodes.child(j));
    } else {
      const end = nodes.end(a);
      for (let i = nodes.first(a), j = nodes.first(b); holds && i < end; ) {
        const lastA = nodes.last(i);
        const lastB = nodes.last(j);
        holds = subset(nodes.child(i), nodes.child(j));
        if (lastA <= lastB) i += 1;
        if (lastB <= lastA) j += 1;
      }
    }
    memo.remember(SUBSET, a, b, holds);
    return holds;
  }

  function map(operation: number, diagram: Diagram, rename: (label: number) => number): Diagram {
    if (diagram >= 0) return rename(diagram);
    const remembered = memo.recall(operation, diagram, 0);
    if (remembered !== UNKNOWN) return remembered;
    meter.step();
    const base = nodes.open();
    const end = nodes.end(diagram);
    for (let i = nodes.first(diagram); i < end; i += 1) {
      nodes.push(base, nodes.last(i), map(operation, nodes.child(i), rename));
    }
    const result = nodes.close(base, nodes.level(diagram));
    memo.remember(operation, diagram, 0, result);
    return result;
  }

  function paint(set: Diagram, label: number): Diagram {
    if (set >= 0) return set === 0 ? 0 : label;
    const remembered = memo.recall(PAINT, set, label);
    if (remembered !== UNKNOWN) return remembered;
    meter.step();
    const base = nodes.open();
    const end = nodes.end(set);
    for (let i = nodes.first(set); i < end; i += 1) nodes.push(base, nodes.last(i), paint(nodes.child(i), label));
    const result = nodes.close(base, nodes.level(set));
    memo.remember(PAINT, set, label, result);
    return result;
  }

  function pair(operation: number, a: Diagram, b: Diagram, join: (a: number, b: number) => number): Diagram {
    if (a >= 0 && b >= 0) return join(a, b);
    const remembered = memo.recall(operation, a, b);
    if (remembered !== UNKNOWN) return remembered;
    meter.step();
    const levelA = nodes.level(a);
    const levelB = nodes.level(b);
    const base = nodes.open();
    if (levelA < levelB) {
      const end = nodes.end(a);
      for (let i = nodes.first(a); i < end; i += 1) {
        nodes.push(base, nodes.last(i), pair(operation, nodes.child(i), b, join));
      }
    } else if (levelB < levelA) {
      const end = nodes.end(b);
      for (let j = nodes.first(b); j < end; j += 1) {
        nodes.push(base, nodes.last(j), pair(operation, a, nodes.child(j), join));
      }
    } else {
      const end = nodes.end(a);
      for (let i = nodes.first(a), j = nodes.first(b); i < end; ) {
        const lastA = nodes.last(i);
        const lastB = nodes.last(j);
        nodes.push(base, lastA < lastB ? lastA : lastB, pair(operation, nodes.child(i), nodes.child(j), join));
        if (lastA <= lastB) i += 1;
        if (lastB <= lastA) j += 1;
      }
    }
    const result = nodes.close(base, levelA < levelB ? levelA : levelB);
    memo.remember(operation, a, b, result);
    return result;
  }

  /** Exists (combine with OR) and forall (combine with AND): the field's node becomes the combination of its children. */
  function quantify(operation: number, set: Diagram, field: number, combine: typeof OR | typeof AND): Diagram {
    const level = nodes.level(set);
    if (level > field) return set;
    const remembered = memo.recall(operation, set, 0);
    if (remembered !== UNKNOWN) return remembered;
    meter.step();
    const end = nodes.end(set);
    let result: Diagram;
    if (level === field) {
      result = nodes.child(nodes.first(set));
      for (let i = nodes.first(set) + 1; i < end; i += 1) result = apply(combine, result, nodes.child(i));
    } else {
      const base = nodes.open();
      for (let i = nodes.first(set); i < end; i += 1) {
        nodes.push(base, nodes.last(i), quantify(operation, nodes.child(i), field, combine));
      }
      result = nodes.close(base, level);
    }
    memo.remember(operation, set, 0, result);
    return result;
  }

  const core: Core = {
    kind: 'intervals',
    space,
    meter,
    apply,
    subset,
    map,
    paint,
    pair,
    quantify,
    layer(field, classes: Intervals, inside) {
      const base = nodes.open();
      const last = space.classCount(field) - 1;
      let next = 0;
      for (let i = 0; i < classes.length; i += 2) {
        if (classes[i]! > next) nodes.push(base, classes[i]! - 1, 0);
        nodes.push(base, classes[i + 1]!, inside);
        next = classes[i + 1]! + 1;
      }
      if (next <= last) nodes.push(base, last, 0);
      return nodes.close(base, field);
    },
    node(field, lasts, children) {
      const base = nodes.open();
      for (let i = 0; i < lasts.length; i += 1) nodes.push(base, lasts[i]!, children[i]!);
      return nodes.close(base, field);
    },
    field: nodes.level,
    edges(diagram) {
      const lasts: number[] = [];
      const children: Diagram[] = [];
      for (let i = nodes.first(diagram); i < nodes.end(diagram); i += 1) {
        lasts.push(nodes.last(i));
        children.push(nodes.child(i));
      }
      return { lasts, children };
    },
    step(diagram, _field, classNumber) {
      let low = nodes.first(diagram);
      let high = nodes.end(diagram) - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (nodes.last(middle) < classNumber) low = middle + 1;
        else high = middle;
      }
      return nodes.child(low);
    },
    size: nodes.size,
    forget: memo.clear,
  };
  return assembleKernel(core);
}

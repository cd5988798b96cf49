import { assert } from '../lib/assert.js';
import type { Bound, Intervals } from '../lib/intervals.js';
import type { ClassBox } from './bit-union.js';
import type { Box, Diagram, Kernel, Space } from './kernel.js';
import { differ } from './merged.js';
import type { Meter } from './meter.js';
import { AND, FIRST_FREE, KEEP, LABEL_MAX, MINUS, OR, OVERRIDE } from './operations.js';
import { labelsOf, readings } from './readings.js';

/** The edges of a node, read as intervals of class numbers: edge i covers what edge i-1 left, up to `lasts[i]`. */
export interface Edges {
  readonly lasts: readonly number[];
  readonly children: readonly Diagram[];
}

/**
 * What a diagram must be able to do for a kernel to be made of it. The rest is written once (here and in readings.ts),
 * so the two kernels can differ only in how they store and combine nodes. `operation` numbers key the memo: results of
 * equal numbers may be shared.
 */
export interface Core {
  readonly kind: Kernel['kind'];
  readonly space: Space;
  readonly meter: Meter;
  apply(operation: number, a: Diagram, b: Diagram): Diagram;
  subset(a: Diagram, b: Diagram): number;
  map(operation: number, diagram: Diagram, rename: (label: number) => number): Diagram;
  paint(set: Diagram, label: number): Diagram;
  pair(operation: number, a: Diagram, b: Diagram, join: (a: number, b: number) => number): Diagram;
  quantify(operation: number, set: Diagram, field: number, combine: typeof OR | typeof AND): Diagram;
  /** `inside` where `field` lies in `classes`, 0 elsewhere; `inside` looks at later fields only. */
  layer(field: number, classes: Intervals, inside: Diagram): Diagram;
  /** The union of boxes, where the kernel has a shorter way to it than to make each and fold them. */
  unite?(boxes: readonly ClassBox[], label: number): Diagram;
  /** The function that has `children[i]` for the classes of `field` after `lasts[i - 1]` up to `lasts[i]`. */
  node(field: number, lasts: readonly number[], children: readonly Diagram[]): Diagram;
  /** The first field the diagram looks at; the number of fields for a constant. */
  field(diagram: Diagram): number;
  /** The edges of an inner node over its first field; the children look at later fields only. */
  edges(diagram: Diagram): Edges;
  /** The child of an inner node, whose first field is `field`, for one class. */
  step(diagram: Diagram, field: number, classNumber: number): Diagram;
  size(): number;
  forget(): void;
}

export function assembleKernel(core: Core): Kernel {
  const { space, apply } = core;
  const fieldCount = space.fields.length;
  /** Each call with a callback gets a memo number of its own: another callback may answer differently. */
  let operations = FIRST_FREE + 2 * fieldCount;

  function checkLabel(label: number): number {
    assert(Number.isInteger(label) && label >= 0 && label <= LABEL_MAX, `${label} is not a label`);
    return label;
  }

  function checkField(field: number): number {
    assert(space.fields[field] !== undefined, `the space has no field ${field}`);
    return field;
  }

  function test(field: number, values: Intervals<Bound>): Diagram {
    return values.length === 0 ? 0 : core.layer(checkField(field), space.classes(field, values), 1);
  }

  function box(box: Box, label = 1): Diagram {
    assert(box.length <= fieldCount, `a box of ${box.length} sets in a space of ${fieldCount} fields`);
    let diagram: Diagram = checkLabel(label);
    for (let field = box.length - 1; field >= 0; field -= 1) {
      const values = box[field];
      if (values !== undefined)
        diagram = values.length === 0 ? 0 : core.layer(field, space.classes(field, values), diagram);
    }
    return diagram;
  }

  function unite(boxes: readonly Box[], label = 1): Diagram {
    if (core.unite === undefined)
      return boxes.length === 0
        ? 0
        : fold(
            boxes.map((one) => box(one, label)),
            0,
            boxes.length,
          );
    const some = boxes.filter((one) => one.every((values) => values?.length !== 0));
    return core.unite(
      some.map((one) => one.map((values, field) => values && space.classes(field, values))),
      checkLabel(label),
    );
  }

  function map(diagram: Diagram, rename: (label: number) => number): Diagram {
    operations += 1;
    const renamed = new Map<number, number>();
    return core.map(operations, diagram, (label) => {
      let name = renamed.get(label);
      if (name === undefined) {
        name = checkLabel(rename(label));
        renamed.set(label, name);
      }
      return name;
    });
  }

  /** Balanced, so that a rule takes part in log2(n) operations instead of n, most of them on small diagrams. */
  function fold(rules: readonly Diagram[], from: number, to: number): Diagram {
    if (to - from === 1) return rules[from]!;
    const middle = (from + to) >> 1;
    return apply(OVERRIDE, fold(rules, from, middle), fold(rules, middle, to));
  }

  /**
   * Labels with a constant successor are renamed in one walk. The others are halved again and again: each half sees
   * only its own part of the diagram, and a single label is the successor kept inside that part.
   */
  function bind(diagram: Diagram, next: (label: number) => Diagram): Diagram {
    const nexts = new Map<number, Diagram>();
    for (const label of labelsOf(core, diagram)) if (label !== 0) nexts.set(label, next(label));
    const constant = map(diagram, (label) => Math.max(0, nexts.get(label) ?? 0));
    const inner = [...nexts].filter(([, successor]) => successor < 0);
    const parts = (part: Diagram, from: number, to: number): Diagram => {
      if (to - from === 1) return apply(KEEP, inner[from]![1], part);
      const middle = (from + to) >> 1;
      const split = (low: number, high: number): Diagram => {
        const wanted = new Set(inner.slice(low, high).map(([label]) => label));
        return parts(
          map(part, (label) => (wanted.has(label) ? label : 0)),
          low,
          high,
        );
      };
      return apply(OVERRIDE, split(from, middle), split(middle, to));
    };
    if (inner.length === 0) return constant;
    const moving = new Set(inner.map(([label]) => label));
    return apply(
      OVERRIDE,
      constant,
      parts(
        map(diagram, (label) => (moving.has(label) ? label : 0)),
        0,
        inner.length,
      ),
    );
  }

  /** As in `bind`: one walk through the whole diagram for each of many labels would be as many whole walks. */
  function split(diagram: Diagram, wanted: (label: number) => boolean): ReadonlyMap<number, Diagram> {
    const found = new Map<number, Diagram>();
    const labels = labelsOf(core, diagram).filter((label) => label !== 0 && wanted(label));
    const halve = (part: Diagram, from: number, to: number): void => {
      if (to - from === 1) {
        found.set(
          labels[from]!,
          map(part, (label) => (label === labels[from] ? 1 : 0)),
        );
        return;
      }
      const middle = (from + to) >> 1;
      for (const [low, high] of [[from, middle] as const, [middle, to] as const]) {
        const half = new Set(labels.slice(low, high));
        halve(
          map(part, (label) => (half.has(label) ? label : 0)),
          low,
          high,
        );
      }
    };
    if (labels.length > 0) halve(diagram, 0, labels.length);
    return found;
  }

  const ends = { some: new Map<Diagram, Diagram>(), every: new Map<Diagram, Diagram>(), field: -1 };

  /** A node that looks at none but the fields from `field` on holds some of their values, and not all. */
  function endAt(known: Map<Diagram, Diagram>, set: Diagram, field: number, inner: Diagram): Diagram {
    if (set >= 0) return set;
    const own = core.field(set);
    if (own >= field) return inner;
    let result = known.get(set);
    if (result === undefined) {
      core.meter.step();
      const { lasts, children } = core.edges(set);
      result = core.node(
        own,
        lasts,
        children.map((child) => endAt(known, child, field, inner)),
      );
      known.set(set, result);
    }
    return result;
  }

  function quantifyFrom(how: 'some' | 'every', set: Diagram, field: number): Diagram {
    if (ends.field !== checkField(field)) {
      ends.some.clear();
      ends.every.clear();
      ends.field = field;
    }
    return endAt(ends[how], set, field, how === 'some' ? 1 : 0);
  }

  function pair(a: Diagram, b: Diagram, join: (a: number, b: number) => number): Diagram {
    operations += 1;
    // Two maps instead of one with a combined key: two labels together do not fit in 53 bits.
    const joined = new Map<number, Map<number, number>>();
    return core.pair(operations, a, b, (labelA, labelB) => {
      let row = joined.get(labelA);
      if (row === undefined) {
        row = new Map();
        joined.set(labelA, row);
      }
      let label = row.get(labelB);
      if (label === undefined) {
        label = checkLabel(join(labelA, labelB));
        row.set(labelB, label);
      }
      return label;
    });
  }

  return {
    kind: core.kind,
    space,
    none: 0,
    all: 1,
    constant: checkLabel,
    test,
    box,
    not: (set) => apply(MINUS, 1, set),
    and: (a, b) => apply(AND, a, b),
    or: (a, b) => apply(OR, a, b),
    minus: (a, b) => apply(MINUS, a, b),
    paint: (set, label) => (label === 1 ? set : core.paint(set, checkLabel(label))),
    override: (first, second) => apply(OVERRIDE, first, second),
    fold: (rules) => (rules.length === 0 ? 0 : fold(rules, 0, rules.length)),
    unite,
    differ(rules, region, options) {
      const joins = { ...options, join: (b: number, a: number) => checkLabel(options.join(b, a)) };
      const own = options.fields?.map((place) => region[place]) ?? region;
      // Fields that no rule asks for are skipped on the way down, the region's bounds with them.
      return apply(KEEP, differ(core, rules, own, joins), box(own));
    },
    keep: (diagram, region) => apply(KEEP, diagram, region),
    bind,
    map,
    pair,
    split,
    where: (diagram, wanted) => map(diagram, (label) => (wanted(label) ? 1 : 0)),
    exists: (set, field) => core.quantify(FIRST_FREE + 2 * checkField(field), set, field, OR),
    forall: (set, field) => core.quantify(FIRST_FREE + 2 * checkField(field) + 1, set, field, AND),
    existsFrom: (set, field) => quantifyFrom('some', set, field),
    forallFrom: (set, field) => quantifyFrom('every', set, field),
    isEmpty: (set) => set === 0,
    isSubset: (a, b) => core.subset(a, b) === 1,
    size: core.size,
    forget() {
      ends.some.clear();
      ends.every.clear();
      core.forget();
    },
    ...readings(core),
  };
}

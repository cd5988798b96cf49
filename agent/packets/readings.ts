import type { Bound, Intervals } from '../lib/intervals.js';
import { listBoxes } from './boxes.js';
import type { Core } from './core.js';
import type { Box, Diagram, Kernel, Point } from './kernel.js';
import { createWeights, type Weights } from './weights.js';

type Readings = Pick<Kernel, 'labels' | 'fields' | 'at' | 'pick' | 'boxes' | 'hull' | 'count'>;

/** The questions that make no nodes. */
export function readings(core: Core): Readings {
  const weights = createWeights(core.space);
  return {
    labels: (diagram) => labelsOf(core, diagram),
    fields: (diagram) => new Set(nodesOf(core, diagram).flatMap((node) => (node < 0 ? [core.field(node)] : []))),
    at: (diagram, point) => labelAt(core, diagram, point),
    pick: (set, preferred) => pickPoint(core, set, preferred ?? []),
    boxes: (set, limit) => listBoxes(core, weights, set, limit),
    hull: (set) => hullOf(core, set),
    count: (set) => countOf(core, weights, set),
  };
}

export function labelsOf(core: Core, diagram: Diagram): readonly number[] {
  return nodesOf(core, diagram)
    .filter((node) => node >= 0)
    .sort((a, b) => a - b);
}

/** Every node of a diagram, labels among them. */
function nodesOf(core: Core, diagram: Diagram): Diagram[] {
  const seen = new Set<Diagram>([diagram]);
  // A set keeps its order of insertion and may grow while it is walked: it is its own queue.
  for (const node of seen) {
    if (node >= 0) continue;
    core.meter.step();
    for (const child of core.edges(node).children) seen.add(child);
  }
  return [...seen];
}

function labelAt(core: Core, diagram: Diagram, point: Point): number {
  let node = diagram;
  while (node < 0) {
    const field = core.field(node);
    node = core.step(node, field, core.space.classOf(field, point[field]!));
  }
  return node;
}

function pickPoint(core: Core, set: Diagram, preferred: readonly (readonly Bound[] | undefined)[]): Point | undefined {
  if (set === 0) return undefined;
  const { space } = core;
  let node = set;
  return space.fields.map(({ last }, field) => {
    const wishes = (preferred[field] ?? []).filter((value) => value >= 0 && value <= last);
    const free = core.field(node) > field;
    for (const wish of wishes) {
      const classNumber = space.classOf(field, wish);
      if (free) return wish;
      const child = core.step(node, field, classNumber);
      if (child !== 0) {
        node = child;
        return wish;
      }
    }
    if (free) return space.representative(field, 0);
    // Classes are numbered by their first value, so the lowest class with something in it has the lowest value.
    const { lasts, children } = core.edges(node);
    const edge = children.findIndex((child) => child !== 0);
    node = children[edge]!;
    return space.representative(field, edge === 0 ? 0 : lasts[edge - 1]! + 1);
  });
}

/** Every way from a node that is not `none` reaches a packet, so each edge and each skipped field counts. */
function hullOf(core: Core, set: Diagram): Box | undefined {
  if (set === 0) return undefined;
  const { space } = core;
  const fieldCount = space.fields.length;
  const marks = space.fields.map((_, field) => new Uint8Array(space.classCount(field)));
  const free = new Array<boolean>(fieldCount).fill(false);
  free.fill(true, 0, core.field(set));
  const seen = new Set<Diagram>([set]);
  for (const node of seen) {
    if (node >= 0) continue;
    core.meter.step();
    const field = core.field(node);
    const { lasts, children } = core.edges(node);
    children.forEach((child, edge) => {
      if (child === 0) return;
      marks[field]!.fill(1, edge === 0 ? 0 : lasts[edge - 1]! + 1, lasts[edge]! + 1);
      free.fill(true, field + 1, core.field(child));
      seen.add(child);
    });
  }
  return marks.map((mark, field) => {
    if (free[field] || !mark.includes(0)) return undefined;
    return space.values(field, markedIntervals(mark));
  });
}

function markedIntervals(mark: Uint8Array): Intervals {
  const out: number[] = [];
  for (let first = mark.indexOf(1); first >= 0; ) {
    const end = mark.indexOf(0, first);
    out.push(first, (end < 0 ? mark.length : end) - 1);
    first = end < 0 ? -1 : mark.indexOf(1, end);
  }
  return out;
}

function countOf(core: Core, weights: Weights, set: Diagram): bigint {
  const known = new Map<Diagram, bigint>();
  const fieldCount = core.space.fields.length;

  /** Packets of `diagram`, counted over the fields from `from` on. */
  function packets(diagram: Diagram, from: number): bigint {
    if (diagram === 0) return 0n;
    const field = core.field(diagram);
    return weights.skipped(from, field) * (field === fieldCount ? 1n : below(diagram, field));
  }

  function below(node: Diagram, field: number): bigint {
    let total = known.get(node);
    if (total !== undefined) return total;
    core.meter.step();
    total = 0n;
    const { lasts, children } = core.edges(node);
    for (let edge = 0; edge < children.length; edge += 1) {
      if (children[edge] === 0) continue;
      const first = edge === 0 ? 0 : lasts[edge - 1]! + 1;
      total += weights.run(field, first, lasts[edge]!) * packets(children[edge]!, field + 1);
    }
    known.set(node, total);
    return total;
  }

  return packets(set, 0);
}

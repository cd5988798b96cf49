import type { Bound, Intervals } from '../lib/intervals.js';

/**
 * The final interface of the packet algebra. Two exact kernels implement it and must agree on every answer:
 * `intervals` (a hash-consed interval decision diagram; best for narrow regions and zone-structured rules) and
 * `bits` (a reduced ordered decision diagram over the bits of the class numbers; best for wide regions).
 */

/** One dimension of a packet. Values are the whole numbers from 0 to `last`. */
export interface Field {
  readonly name: string;
  readonly last: Bound;
}

/**
 * The universe of one question. Each field is cut into *classes*: maximal groups of values that no test asked about
 * in this question can tell apart. All work inside a kernel is over class numbers, which makes an IPv6 address cost
 * what an IPv4 address costs. Tests must be Boolean combinations of sets that were declared before the space was built:
 * ports declared as {22} and {80, 443} make no test {80} possible, because 80 and 443 are one class.
 */
export interface Space {
  readonly fields: readonly Field[];
  /** How many classes field `field` has. */
  classCount(field: number): number;
  /** The class of a value. */
  classOf(field: number, value: Bound): number;
  /**
   * The classes, as intervals of class numbers, that make up exactly `values`. Throws InternalFault when a bound was
   * never declared or the set would cut a class in two.
   */
  classes(field: number, values: Intervals<Bound>): Intervals;
  /** The values of a set of classes. */
  values(field: number, classes: Intervals): Intervals<Bound>;
  /** A member of one class: its first value. */
  representative(field: number, classNumber: number): Bound;
}

export interface SpaceBuilder {
  /** Declares that tests on `field` will use this set. */
  declare(field: number, values: Intervals<Bound>): void;
  build(): Space;
}

/**
 * A total function from packets to labels, a small node number that is only meaningful to the kernel that made it.
 * Label 0 means "nothing decided here". A set of packets is a diagram with labels 0 and 1 only. Equal functions are
 * equal numbers.
 */
export type Diagram = number;

export interface Budget {
  /** Most nodes the kernel may hold. */
  readonly nodesMax?: number;
  /** Wall-clock milliseconds, measured from the kernel's creation. */
  readonly timeMsMax?: number;
}

/** Thrown inside an operation when the budget is spent; the caller turns it into `complete: false` with this reason. */
export class BudgetSpent extends Error {
  override readonly name = 'BudgetSpent';
  readonly reason: string;
  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

/** One packet: a value for each field of the space, in order. */
export type Point = readonly Bound[];

/** A product of per-field value sets, in field order; `undefined` where the field is unconstrained. */
export type Box = readonly (Intervals<Bound> | undefined)[];

/** A rule of two lists that were merged into one: the label that it gives in each list; absent where it is not in it. */
export interface MergedRule {
  readonly box: Box;
  readonly before?: number;
  readonly after?: number;
  /** Its number in the pool that is given with it. */
  readonly number?: number;
}

/** Sets of values that have numbers: equal sets of a field equal ones. */
export interface NumberedSets {
  setOf(rule: number, field: number): number;
  setCount(field: number): number;
}

export interface DifferOptions {
  /** The label for packets whose labels in the two lists (0: no rule matches) are these two. Called once a pair. */
  readonly join: (before: number, after: number) => number;
  /** Some part of the answer is enough; it is empty only where the answer is. */
  readonly some?: boolean;
  /** For each field of the space its place in the boxes of the rules and the region; left out, the same. */
  readonly fields?: readonly number[];
  /** The sets of rules that have a number, by which each is looked at but once. */
  readonly pool?: NumberedSets;
  /** Throws BudgetSpent after so many steps: a limit for this one call, the same on every machine. */
  readonly stepsMax?: number;
  /** Goes on beyond `stepsMax` as long as what is done already lets expect an end within so many steps. */
  readonly stepsLikely?: number;
}

export interface Kernel {
  readonly kind: 'intervals' | 'bits';
  readonly space: Space;
  readonly none: Diagram;
  readonly all: Diagram;
  /** The constant function. `constant(0) === none`, `constant(1) === all`. */
  constant(label: number): Diagram;
  /** The set of packets whose `field` lies in `values`. */
  test(field: number, values: Intervals<Bound>): Diagram;
  /** The product of tests, as one diagram (cheaper than folding `test` with `keep`), with a label of its own. */
  box(box: Box, label?: number): Diagram;
  not(set: Diagram): Diagram;
  and(a: Diagram, b: Diagram): Diagram;
  or(a: Diagram, b: Diagram): Diagram;
  /** The packets of any of the boxes, with a label of their own. */
  unite(boxes: readonly Box[], label?: number): Diagram;
  /** Packets in `a` that are not in `b`; where `a` has labels they stay. */
  minus(a: Diagram, b: Diagram): Diagram;
  /** `set` with label 1 replaced by `label`. */
  paint(set: Diagram, label: number): Diagram;
  /** `first` where it decides (label ≠ 0), else `second`. Associative: a rule list is a fold of it. */
  override(first: Diagram, second: Diagram): Diagram;
  /** The rules of a list, first match first, folded as a balanced tree of `override`. */
  fold(rules: readonly Diagram[]): Diagram;
  /**
   * Where in `region` two lists, merged in their order, give different labels. It costs what lies under the rules that
   * are not in both: a fold of both lists costs all of them.
   */
  differ(rules: readonly MergedRule[], region: Box, options: DifferOptions): Diagram;
  /** `diagram` inside `region`, 0 outside. */
  keep(diagram: Diagram, region: Diagram): Diagram;
  /** Replaces each label l ≠ 0 by the diagram `next(l)`, pointwise; packets labelled 0 stay 0. `next` is called once a label. */
  bind(diagram: Diagram, next: (label: number) => Diagram): Diagram;
  /** Renames labels. `rename(0)` is honoured too. */
  map(diagram: Diagram, rename: (label: number) => number): Diagram;
  /** Both functions at once: the label `join(labelOfA, labelOfB)`. `join` is called once a pair of labels. */
  pair(a: Diagram, b: Diagram, join: (a: number, b: number) => number): Diagram;
  /** The set of packets with one of the labels for which `wanted` holds. */
  where(diagram: Diagram, wanted: (label: number) => boolean): Diagram;
  /** The set of packets with each of the labels for which `wanted` holds; 0 is none of them. */
  split(diagram: Diagram, wanted: (label: number) => boolean): ReadonlyMap<number, Diagram>;
  /** Forgets a field: in the set if some value of the field is. */
  exists(set: Diagram, field: number): Diagram;
  /** In the set if every value of the field is. */
  forall(set: Diagram, field: number): Diagram;
  /** The same of this field and all behind it. */
  existsFrom(set: Diagram, field: number): Diagram;
  forallFrom(set: Diagram, field: number): Diagram;
  /** The fields that the function looks at: it is the same for all values of any other. */
  fields(diagram: Diagram): ReadonlySet<number>;
  /** Every label the function takes, ascending. */
  labels(diagram: Diagram): readonly number[];
  /** The label of one packet. */
  at(diagram: Diagram, point: Point): number;
  isEmpty(set: Diagram): boolean;
  isSubset(a: Diagram, b: Diagram): boolean;
  /**
   * Some packet of a set, or undefined if the set is empty. Where there is a choice each field takes the first value
   * of `preferred` that is possible, else the lowest possible value.
   */
  pick(set: Diagram, preferred?: readonly (readonly Bound[] | undefined)[]): Point | undefined;
  /** Disjoint boxes whose union is the set, largest first; at most `limit`, and whether that is all of it. */
  boxes(set: Diagram, limit: number): { readonly boxes: readonly Box[]; readonly complete: boolean };
  /** The smallest box that contains the set (the projection on each field), or undefined if the set is empty. */
  hull(set: Diagram): Box | undefined;
  /** Exact number of packets. */
  count(set: Diagram): bigint;
  /** Nodes held, for budgets and benchmarks. */
  size(): number;
  /** Gives back the room of what is remembered of operations that were done: for a kernel of which little is still asked. */
  forget(): void;
}

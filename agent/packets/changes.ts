import { bitsKernel } from './bits-kernel.js';
import { intervalsKernel } from './intervals-kernel.js';
import {
  type Box,
  type Budget,
  BudgetSpent,
  type Diagram,
  type Kernel,
  type MergedRule,
  type Space,
} from './kernel.js';
import { type ChangedRule, type MergedLists, mergeLists } from './merge-lists.js';
import { boundedRegion, type NearRules, nearRules, type Region } from './near-rules.js';
import type { RuleList } from './rule-list.js';
import type { RulePool } from './rules.js';
import { spaceBuilder } from './space.js';

export type { ChangedRule } from './merge-lists.js';

/** What differs because of one changed rule: the parts are disjoint, and together all that differs. */
export interface ChangePart {
  readonly change: ChangedRule;
  /** How many rules were looked at. */
  readonly overlap: number;
  /** The kernel that the diagram belongs to; its fields are those of `order`. */
  readonly kernel: Kernel;
  /** Labels of `join`; none where the part is not complete. */
  readonly differs: Diagram;
  readonly complete: boolean;
  readonly reason?: string;
}

export interface CompareListsOptions extends Budget {
  /** The label of packets to which the two lists give these two labels (0: no rule holds them). */
  readonly join: (before: number, after: number) => number;
  /** The fields in the order in which a kernel looks at them; left out, as the pool has them. */
  readonly order?: readonly number[];
  /** Steps after which a rule is taken for too wide to be walked, and folded. */
  readonly stepsMax?: number;
}

export interface ListChanges {
  /** In the order of the lists. */
  readonly parts: readonly ChangePart[];
  readonly complete: boolean;
  readonly order: readonly number[];
}

/** What one changed rule asks: the rules behind it, and the earlier changed ones, whose packets are theirs. */
interface Asked {
  readonly change: ChangedRule;
  readonly place: number;
  readonly region: Region;
  readonly shields: readonly number[];
  /** From its own place on. */
  readonly behind: readonly number[];
}

/** A box in which something differs unless a rule before holds it. */
interface Suspect {
  readonly region: Region;
  /** The labels of all of it; absent where the rules behind must be asked again. */
  readonly labels?: { readonly before: number; readonly after: number };
}

interface Work {
  readonly pool: RulePool;
  readonly order: readonly number[];
  readonly merged: MergedLists;
  readonly near: NearRules;
  readonly join: CompareListsOptions['join'];
  readonly stepsMax: number | undefined;
}

/** A few boxes are followed one by one; of more the hull. */
const SUSPECTS_MAX = 256;
/** Steps after which a rule is taken for too wide to be walked; where it meets many rules, folding is tried sooner. */
const STEPS_NARROW = 1_000_000;
const STEPS_OF_MANY = 100_000;
const MANY = 4000;

/**
 * What two lists decide differently, exactly. A packet that no changed rule holds meets the same rules in the same
 * order on both sides; so each changed rule's box is looked at by itself, without what an earlier one holds.
 *
 * First among the rules behind it only: often they say that nothing differs, or that it does in a few small boxes. The
 * rules before it matter in those alone, and of them only whether they hold a packet. What is too wide to be walked is
 * folded as a whole in the kernel of bits.
 */
export function compareLists(before: RuleList, after: RuleList, options: CompareListsOptions): ListChanges {
  const { pool } = before;
  const merged = mergeLists(before, after);
  const order = options.order ?? pool.fields.map((_, field) => field);
  const near = nearRules(before, merged);
  const work: Work = { pool, order, merged, near, join: options.join, stepsMax: options.stepsMax };
  const started = performance.now();
  const budget = (): Budget => ({
    ...(options.nodesMax !== undefined && { nodesMax: options.nodesMax }),
    ...(options.timeMsMax !== undefined && {
      timeMsMax: Math.max(1, options.timeMsMax - (performance.now() - started)),
    }),
  });
  const asked = merged.changed.map(({ place, change }): Asked => {
    const region = near.regionOf(change.rule);
    const shields = near.changedWithin(region, place);
    return { change, place, region, shields, behind: near.within(region, place, merged.rules.length).places };
  });
  const narrowed = partsOf(work, asked, suspectsOf(work, asked, budget()), budget());
  const parts = asked.map((one, number) => narrowed[number] ?? foldedPart(work, one, budget()));
  return { parts, complete: parts.every(({ complete }) => complete), order };
}

function stepsFor({ stepsMax }: Work, rules: number): number {
  return stepsMax ?? (rules > MANY ? STEPS_OF_MANY : STEPS_NARROW);
}

/** A kernel for each question while its budget lasts, then a fresh one: what one spends, the others still have. */
function kernels(space: Space, budget: Budget) {
  let kernel = intervalsKernel(space, budget);
  return {
    /** Undefined where the budget is spent. */
    attempt<T>(work: (kernel: Kernel) => T): T | undefined {
      try {
        return work(kernel);
      } catch (thrown) {
        if (!(thrown instanceof BudgetSpent)) throw thrown;
        kernel = intervalsKernel(space, budget);
        return undefined;
      }
    },
  };
}

/** Where each change differs if no rule before it holds the packet; undefined: too wide to be walked. */
function suspectsOf(work: Work, asked: readonly Asked[], budget: Budget): readonly (readonly Suspect[] | undefined)[] {
  const { pool, order, merged } = work;
  const space = spaceOf(work, (declare) => {
    for (const { change, shields, behind } of asked) {
      declare(change.rule);
      for (const place of shields) declare(merged.rules[place]!);
      for (const place of behind) declare(merged.rules[place]!);
    }
  });
  const narrow = kernels(space, budget);
  return asked.map(({ region, shields, behind }) =>
    narrow.attempt((kernel): readonly Suspect[] => {
      const pairs: { readonly before: number; readonly after: number }[] = [];
      const join = (before: number, after: number): number => pairs.push({ before, after });
      const rules = [...shieldsOf(work, shields), ...rulesOf(work, behind)];
      const differs = kernel.differ(rules, inOrder(order, region.box), {
        join,
        stepsMax: stepsFor(work, rules.length),
      });
      if (differs === kernel.none) return [];
      const suspects: Suspect[] = [];
      for (const label of kernel.labels(differs)) {
        if (label === 0) continue;
        const part = kernel.where(differs, (one) => one === label);
        const { boxes, complete } = kernel.boxes(part, SUSPECTS_MAX - suspects.length);
        if (!complete) {
          const hull = kernel.hull(kernel.where(differs, (one) => one !== 0))!;
          return [{ region: boundedRegion(pool, outOfOrder(order, hull)) }];
        }
        const labels = pairs[label - 1]!;
        for (const box of boxes) suspects.push({ region: boundedRegion(pool, outOfOrder(order, box)), labels });
      }
      return suspects;
    }),
  );
}

/** Takes out of the suspects what rules before hold; undefined: too wide to be walked. */
function partsOf(
  work: Work,
  asked: readonly Asked[],
  suspects: readonly (readonly Suspect[] | undefined)[],
  budget: Budget,
): readonly (ChangePart | undefined)[] {
  const { order, merged, near } = work;
  const before = suspects.map((some, number) =>
    some?.map(({ region }) => near.keptWithin(region, asked[number]!.place)),
  );
  const space = spaceOf(work, (declare, declareBox) => {
    suspects.forEach((some, number) => {
      some?.forEach(({ region, labels }, index) => {
        declareBox(region.box);
        for (const place of before[number]![index]!) declare(merged.rules[place]!);
        if (labels) return;
        for (const place of asked[number]!.shields) declare(merged.rules[place]!);
        for (const place of asked[number]!.behind) declare(merged.rules[place]!);
      });
    });
  });
  const narrow = kernels(space, budget);
  return asked.map(({ change, shields, behind }, number) => {
    const some = suspects[number];
    if (some === undefined) return undefined;
    return narrow.attempt((kernel): ChangePart => {
      let overlap = shields.length + behind.length;
      const pieces = some.map(({ region, labels }, index): Diagram => {
        const held = before[number]![index]!;
        overlap += held.length;
        const rules = shieldsOf(work, held);
        if (labels) rules.push({ box: [], before: labels.before, after: labels.after });
        else {
          const bears = (place: number): boolean => near.meets(merged.rules[place]!, region);
          rules.push(...shieldsOf(work, shields.filter(bears)), ...rulesOf(work, behind.filter(bears)));
        }
        return kernel.differ(rules, inOrder(order, region.box), {
          join: work.join,
          stepsMax: stepsFor(work, rules.length),
        });
      });
      return { change, overlap, kernel, differs: kernel.fold(pieces), complete: true };
    });
  });
}

/**
 * One change by folding: what stays between two changes is folded once for both lists, and of the rules before only
 * what they hold together.
 */
function foldedPart(work: Work, { change, place, region, shields, behind }: Asked, budget: Budget): ChangePart {
  const { order, merged, near, join } = work;
  const before = near.keptWithin(region, place);
  const overlap = shields.length + behind.length + before.length;
  const space = spaceOf(work, (declare) => {
    declare(change.rule);
    for (const list of [shields, behind, before]) for (const one of list) declare(merged.rules[one]!);
  });
  const kernel = bitsKernel(space, budget);
  try {
    const boxOf = (one: number): Diagram => kernel.box(boxInOrder(work, merged.rules[one]!));
    const held = kernel.fold(near.sorted([...shields, ...before], order).map(boxOf));
    const open = kernel.minus(kernel.box(inOrder(order, region.box)), held);
    const lists: { readonly before: Diagram[]; readonly after: Diagram[] } = { before: [], after: [] };
    for (let at = 0; at < behind.length; ) {
      const side = merged.sides[behind[at]!]!;
      let end = at + 1;
      while (end < behind.length && merged.sides[behind[end]!] === side) end += 1;
      const run = kernel.fold(
        behind.slice(at, end).map((one) => kernel.paint(boxOf(one), work.pool.labelOf(merged.rules[one]!))),
      );
      if (side & 1) lists.before.push(run);
      if (side & 2) lists.after.push(run);
      at = end;
    }
    const inside = (list: readonly Diagram[]): Diagram => kernel.keep(kernel.fold(list), open);
    const differs = kernel.pair(inside(lists.before), inside(lists.after), (a, b) => (a === b ? 0 : join(a, b)));
    return { change, overlap, kernel, differs, complete: true };
  } catch (thrown) {
    if (!(thrown instanceof BudgetSpent)) throw thrown;
    return { change, overlap, kernel, differs: kernel.none, complete: false, reason: thrown.reason };
  }
}

function inOrder(order: readonly number[], box: Box): Box {
  return order.map((field) => box[field]);
}

function outOfOrder(order: readonly number[], box: Box): Box {
  const out: Box[number][] = [];
  order.forEach((field, index) => {
    out[field] = box[index];
  });
  return out;
}

function boxInOrder({ order, near }: Work, rule: number): Box {
  return inOrder(order, near.regionOf(rule).box);
}

/** Rules of which only counts that they hold a packet first. */
function shieldsOf(work: Work, places: readonly number[]): MergedRule[] {
  return places.map((place) => ({ box: boxInOrder(work, work.merged.rules[place]!), before: 0, after: 0 }));
}

function rulesOf(work: Work, places: readonly number[]): MergedRule[] {
  const { merged, pool } = work;
  return places.map((place): MergedRule => {
    const rule = merged.rules[place]!;
    const label = pool.labelOf(rule);
    const box = boxInOrder(work, rule);
    const side = merged.sides[place]!;
    return { box, ...(side & 1 && { before: label }), ...(side & 2 && { after: label }) };
  });
}

/** A space that can tell apart what these rules and boxes do. */
function spaceOf(
  { pool, order, near }: Work,
  collect: (declare: (rule: number) => void, declareBox: (box: Box) => void) => void,
): Space {
  const builder = spaceBuilder(order.map((field) => pool.fields[field]!));
  const rules = new Set<number>();
  const declared = new Set<unknown>();
  const declareBox = (box: Box): void => {
    order.forEach((field, index) => {
      const values = box[field];
      if (values === undefined || declared.has(values)) return;
      declared.add(values);
      builder.declare(index, values);
    });
  };
  collect((rule) => {
    if (rules.has(rule)) return;
    rules.add(rule);
    declareBox(near.regionOf(rule).box);
  }, declareBox);
  return builder.build();
}

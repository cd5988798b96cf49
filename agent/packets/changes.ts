import { foldChange } from './fold-change.js';
import { intervalsKernel } from './intervals-kernel.js';
import {
  type Box,
  type Budget,
  BudgetSpent,
  type Diagram,
  type DifferOptions,
  type Kernel,
  type MergedRule,
} from './kernel.js';
import { type ChangedRule, type MergedLists, mergeLists } from './merge-lists.js';
import { boundedRegion, type NearRules, nearRules, type Region } from './near-rules.js';
import type { RuleList } from './rule-list.js';
import type { RulePool } from './rules.js';
import { spaceFor } from './space.js';
import { compareWholes } from './whole-lists.js';

export type { ChangedRule } from './merge-lists.js';

/** What differs because of one changed rule: the parts are disjoint, and together all that differs. */
export interface ChangePart {
  /** Absent where so much has changed that both lists were compared as wholes: then there is one part. */
  readonly change?: ChangedRule;
  /** How many rules were looked at. */
  readonly overlap: number;
  /** The fields of the pool in the order in which the kernel has them. */
  readonly order: readonly number[];
  /** The kernel that the diagram belongs to. */
  readonly kernel: Kernel;
  /** Labels of `join`; none where the part is not complete. */
  readonly differs: Diagram;
  readonly complete: boolean;
  readonly reason?: string;
}

export interface CompareListsOptions extends Budget {
  /** The label of packets to which the two lists give these two labels (0: no rule holds them). */
  readonly join: (before: number, after: number) => number;
  /**
   * The fields in the order in which what is too wide to be walked is folded; left out, as the pool has them. A walk
   * begins with the field of which its rules ask least.
   */
  readonly order?: readonly number[];
  /** The share of the rules above which, once that many have changed, both lists are compared as wholes. */
  readonly wholeShare?: number;
  /** Steps after which a rule is taken for too wide to be walked, and folded. */
  readonly stepsMax?: number;
}

export interface ListChanges {
  /** In the order of the lists. */
  readonly parts: readonly ChangePart[];
  readonly complete: boolean;
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
  /** The parts of it that differ, with the labels of each; absent where the rules behind must be asked again. */
  readonly parts?: readonly MergedRule[];
}

interface Suspects {
  readonly found: readonly Suspect[];
  /** What differs, where no rule before holds any of it; absent where it was too much to be looked for. */
  readonly whole?: () => Pick<ChangePart, 'order' | 'kernel' | 'differs'>;
}

/** What a walk through the rules behind a change found: the labels of `differs` are places in `pairs`, from 1 on. */
interface Walked {
  readonly pool: RulePool;
  readonly order: readonly number[];
  readonly kernel: Kernel;
  readonly differs: Diagram;
  readonly pairs: readonly Required<Pick<MergedRule, 'before' | 'after'>>[];
}

interface Work {
  readonly pool: RulePool;
  readonly order: readonly number[];
  readonly merged: MergedLists;
  readonly near: NearRules;
  readonly join: CompareListsOptions['join'];
  readonly stepsMax: number | undefined;
}

/** In lists of at least so many rules, above this share of changed ones, looking at each costs more than folding all. */
const WHOLE_SHARE = 0.1;
const WHOLE_MIN = 1000;
/** Some boxes are followed; of more the hull. */
const SUSPECTS_MAX = 256;
/** A few of them each by itself, with the rules that it meets: of more most rules meet some. */
const APART_MAX = 8;
/** A diagram of so many nodes is more than a few boxes, and is not walked to its end for them. */
const SUSPECT_NODES = 20_000;
/** Steps after which a rule is taken for too wide to be walked, unless what is done by then lets expect a near end. */
const STEPS = 50_000;
const STEPS_LIKELY = 4_000_000;

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
  if (merged.changed.length > Math.max(WHOLE_MIN, merged.rules.length) * (options.wholeShare ?? WHOLE_SHARE)) {
    const { reason, ...whole } = compareWholes({ before, after, merged, near }, { ...options, order }, budget());
    const complete = reason === undefined;
    const part = { ...whole, overlap: merged.rules.length, complete, ...(!complete && { reason }) };
    return { parts: [part], complete };
  }
  const parts = merged.changed.map((one): ChangePart => {
    const part = partOf(work, one, budget);
    part.kernel.forget();
    return part;
  });
  return { parts, complete: parts.every(({ complete }) => complete) };
}

function partOf(work: Work, { place, change }: MergedLists['changed'][number], budget: () => Budget): ChangePart {
  const { pool, merged, near, join, order } = work;
  const region = near.regionOf(change.rule);
  const shields = near.changedWithin(region, place);
  const behind = near.within(region, place, merged.rules.length).places;
  const asked: Asked = { change, place, region, shields, behind };
  const narrowed = attempt(() => narrowedPart(work, asked, suspectsOf(work, asked, budget()), budget()));
  if (narrowed) return narrowed;
  const ahead = near.keptWithin(region, place);
  const { reason, ...folded } = foldChange(
    { pool, merged, near, region, ahead: [...ahead, ...shields], behind },
    { join, order },
    budget(),
  );
  const overlap = shields.length + behind.length + ahead.length;
  return { change, overlap, ...folded, complete: reason === undefined, ...(reason !== undefined && { reason }) };
}

function stepsFor({ stepsMax }: Work): Pick<DifferOptions, 'stepsMax' | 'stepsLikely'> {
  return stepsMax === undefined ? { stepsMax: STEPS, stepsLikely: STEPS_LIKELY } : { stepsMax };
}

/** Undefined where the budget is spent. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof BudgetSpent)) throw thrown;
    return undefined;
  }
}

/** Where a change differs if no rule in both lists that is before it holds the packet: anywhere, where that is a lot. */
function suspectsOf(work: Work, asked: Asked, budget: Budget): Suspects {
  const nodesMax = Math.min(SUSPECT_NODES, budget.nodesMax ?? Number.POSITIVE_INFINITY);
  return attempt(() => walkedBehind(work, asked, { ...budget, nodesMax })) ?? { found: [{ region: asked.region }] };
}

function walkedBehind(work: Work, { region, shields, behind }: Asked, budget: Budget): Suspects {
  const { pool, merged, near } = work;
  const places = [...shields, ...behind];
  const order = near.narrowestFirst(places, region);
  const boxes = places.map((one) => near.boxOf(merged.rules[one]!));
  const kernel = intervalsKernel(spaceFor(pool.fields, [region.box, ...boxes], order), budget);
  const pairs: Required<Pick<MergedRule, 'before' | 'after'>>[] = [];
  const join = (before: number, after: number): number => pairs.push({ before, after });
  const rules = [...shields.map(near.shieldAt), ...behind.map(near.ruleAt)];
  const differs = kernel.differ(rules, region.box, { join, fields: order, pool, ...stepsFor(work) });
  const labelled = (label: number): number => {
    const pair = pairs[label - 1];
    return pair ? work.join(pair.before, pair.after) : 0;
  };
  return {
    found: suspectsIn({ pool, order, kernel, differs, pairs }),
    whole: () => ({ order, kernel, differs: kernel.map(differs, labelled) }),
  };
}

function suspectsIn({ pool, order, kernel, differs, pairs }: Walked): readonly Suspect[] {
  if (differs === kernel.none) return [];
  const hull = (): Region =>
    boundedRegion(pool, outOfOrder(order, kernel.hull(kernel.where(differs, (one) => one !== 0))!));
  const parts: MergedRule[] = [];
  for (const label of kernel.labels(differs)) {
    if (label === 0) continue;
    const part = kernel.where(differs, (one) => one === label);
    const { boxes, complete } = kernel.boxes(part, SUSPECTS_MAX - parts.length);
    if (!complete) return [{ region: hull() }];
    for (const box of boxes) parts.push({ box: outOfOrder(order, box), ...pairs[label - 1]! });
  }
  if (parts.length > APART_MAX) return [{ region: hull(), parts }];
  return parts.map((part) => ({ region: boundedRegion(pool, part.box), parts: [part] }));
}

/** Takes out of the suspects of a change what rules before it hold. */
function narrowedPart(work: Work, asked: Asked, { found, whole }: Suspects, budget: Budget): ChangePart {
  const { merged, near } = work;
  const { change, place, region, shields, behind } = asked;
  const questions = found.map(({ region: inside, parts }) => {
    const held = near.keptWithin(inside, place);
    if (parts || (whole && held.length === 0)) return { inside, parts: parts ?? [], held, again: [] };
    const bears = (one: number): boolean => near.meets(merged.rules[one]!, inside);
    const shielding = shields.filter(bears);
    return { inside, parts: [], held: [...held, ...shielding], again: behind.filter(bears) };
  });
  if (whole && questions.every(({ held }) => held.length === 0))
    return { change, overlap: shields.length + behind.length, ...whole(), complete: true };
  const order = near.narrowestFirst(
    questions.flatMap(({ held, again }) => [...held, ...again]),
    region,
  );
  const boxes = questions.flatMap(({ inside, parts, held, again }) => [
    inside.box,
    ...parts.map(({ box }) => box),
    ...[...held, ...again].map((one) => near.boxOf(merged.rules[one]!)),
  ]);
  const kernel = intervalsKernel(spaceFor(work.pool.fields, boxes, order), budget);
  let overlap = shields.length + behind.length;
  const pieces = questions.map(({ inside, parts, held, again }): Diagram => {
    overlap += held.length;
    const rules = [...held.map(near.shieldAt), ...parts, ...again.map(near.ruleAt)];
    return kernel.differ(rules, inside.box, { join: work.join, fields: order, pool: work.pool, ...stepsFor(work) });
  });
  return { change, order, overlap, kernel, differs: kernel.fold(pieces), complete: true };
}

function outOfOrder(order: readonly number[], box: Box): Box {
  const out: Box[number][] = [];
  order.forEach((field, index) => {
    out[field] = box[index];
  });
  return out;
}

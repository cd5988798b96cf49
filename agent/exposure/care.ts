import { type Bound, type Intervals, intersection, isEmpty, overlaps, union } from '../lib/intervals.js';
import type { Action, BaseList, Condition, Direction, Family, Pipeline, Rule, RuleList, Step } from '../model/index.js';
import type { Edits } from './edits.js';
import { pathOf } from './path.js';
import { interfaceMatches, type PacketField } from './universe.js';

/**
 * A box that holds every packet a rule can touch, as packets arrive; an absent field is unconstrained. It may hold
 * more: it says where to look, never what is true.
 */
export interface LooseBox {
  readonly fields: ReadonlyMap<PacketField, Intervals<Bound>>;
  readonly names: ReadonlyMap<'inInterface' | 'outInterface', readonly string[]>;
}

const everything: LooseBox = { fields: new Map(), names: new Map() };

/** What a translation before a list may have put in the place of a header field: the packets that it translates. */
interface Rewritten {
  readonly destination?: LooseBox | undefined;
  readonly source?: LooseBox | undefined;
}

/** Undefined: no packet at all. */
function meet(a: LooseBox, b: LooseBox): LooseBox | undefined {
  const fields = new Map(a.fields);
  for (const [field, values] of b.fields) {
    const known = fields.get(field);
    const both = known === undefined ? values : intersection(known, values);
    if (isEmpty(both)) return undefined;
    fields.set(field, both);
  }
  return { fields, names: new Map([...b.names, ...a.names]) };
}

function join(a: LooseBox, b: LooseBox): LooseBox {
  const fields = new Map<PacketField, Intervals<Bound>>();
  for (const [field, values] of a.fields) {
    const other = b.fields.get(field);
    if (other !== undefined) fields.set(field, union(values, other));
  }
  const names = new Map<'inInterface' | 'outInterface', readonly string[]>();
  for (const [side, list] of a.names) {
    const other = b.names.get(side);
    if (other !== undefined) names.set(side, [...new Set([...list, ...other])]);
  }
  return { fields, names };
}

function only(field: PacketField, values: Intervals<Bound>): LooseBox | undefined {
  return isEmpty(values) ? undefined : { fields: new Map([[field, values]]), names: new Map() };
}

/** A test on a header field that a rule before may have rewritten also holds for what was translated. */
function rewritable(
  box: LooseBox | undefined,
  translated: LooseBox | undefined,
  original: true | undefined,
): LooseBox | undefined {
  if (translated === undefined || original) return box;
  return box === undefined ? translated : join(box, translated);
}

function looseCondition(condition: Condition, family: Family, rewritten: Rewritten): LooseBox | undefined {
  const recur = (part: Condition): LooseBox | undefined => looseCondition(part, family, rewritten);
  switch (condition.kind) {
    case 'all': {
      let box: LooseBox | undefined = everything;
      for (const part of condition.of) {
        const other = recur(part);
        box = other && box && meet(box, other);
        if (!box) return undefined;
      }
      return box;
    }
    case 'any': {
      let box: LooseBox | undefined;
      for (const part of condition.of) {
        const other = recur(part);
        if (other) box = box ? join(box, other) : other;
      }
      return box;
    }
    case 'family':
      return condition.family === family ? everything : undefined;
    case 'source':
    case 'destination':
      return rewritable(
        only(condition.kind, condition.addresses[family] as Intervals<Bound>),
        rewritten[condition.kind],
        condition.original,
      );
    case 'protocol':
      return only('protocol', condition.protocols);
    case 'destinationPort':
      return rewritable(only('destinationPort', condition.ports), rewritten.destination, condition.original);
    case 'sourcePort':
      return rewritable(only('sourcePort', condition.ports), rewritten.source, condition.original);
    case 'icmp':
      return only('icmp', condition.typeCodes);
    case 'sourceMac':
      return only('sourceMac', condition.addresses);
    case 'inInterface':
    case 'outInterface':
      return condition.names.includes('')
        ? everything
        : { fields: new Map(), names: new Map([[condition.kind, condition.names]]) };
    case 'connectionState':
      // Differences are asked for new connections; untracked ones are new ones that a rule has marked so.
      return condition.states.includes('new') ||
        condition.states.includes('untracked') ||
        condition.states.includes('invalid')
        ? everything
        : undefined;
    default:
      return everything;
  }
}

function looseSteps(steps: readonly Step[], family: Family, rewritten: Rewritten): LooseBox | undefined {
  let box: LooseBox | undefined = everything;
  for (const [index, step] of steps.entries()) {
    // What comes before the first guard is done to every packet.
    if (step.kind !== 'match' && step.kind !== 'dispatch') {
      if (step.kind === 'sideEffect') continue;
      return box;
    }
    const condition: Condition =
      step.kind === 'match' ? step.condition : { kind: 'any', of: step.cases.map((branch) => branch.condition) };
    const other = looseCondition(condition, family, rewritten);
    box = other && meet(box, other);
    if (!box || index === steps.length - 1) return box;
    // What a case did stays done where a later guard fails.
    if (step.kind === 'dispatch' && step.cases.some(({ actions }) => actions.length > 0)) return box;
  }
  return box;
}

/** What was found of the same boxes before, by the steps of the rule: rules of the same words share theirs. */
export type Met = Map<Rule['steps'], boolean>;

export interface LooseBoxes {
  /** Whether a list is called on this path. */
  isReached(list: string): boolean;
  /** Undefined: no new packet of this family can meet the rule on this path. */
  of(rule: Rule, list: string): LooseBox | undefined;
  /** The rules of a list that a packet of one of the boxes may meet; none of those whose own box meets none of them. */
  meeting(list: RuleList, boxes: readonly LooseBox[], known: Met): readonly Rule[];
}

/** Loose boxes of all rules on one path through a device. */
export function looseBoxes(pipeline: Pipeline, direction: Direction, family: Family): LooseBoxes {
  const reached = reachableFrom(pipeline, pathOf(pipeline, direction, family));
  const memo = new Map<string, Map<Rule, LooseBox | undefined>>();
  const translated = translations(pipeline, reached, family);
  /** Whether a list is only called before anything can have been translated. */
  const isEarly = (bases: readonly BaseList[]): boolean =>
    bases.every(
      (base) =>
        (base.hook === 'prerouting' || base.hook === 'output') &&
        !pipeline.bases.some((nat) => nat.type === 'nat' && nat.hook === base.hook && nat.priority < base.priority),
    );
  const rewritings = new Map<string, Rewritten>();
  const rewrittenBefore = (list: string, bases: readonly BaseList[]): Rewritten => {
    let rewritten = rewritings.get(list);
    if (!rewritten) {
      const late = bases.some((base) => base.hook === 'postrouting' || base.hook === 'input');
      rewritten = {
        destination: isEarly(bases) ? undefined : translated.destination,
        source: late ? translated.source : undefined,
      };
      rewritings.set(list, rewritten);
    }
    return rewritten;
  };
  const of: LooseBoxes['of'] = (rule, list) => {
    const bases = reached.get(list);
    if (!bases) return undefined;
    const known = memo.get(list) ?? new Map<Rule, LooseBox | undefined>();
    memo.set(list, known);
    if (!known.has(rule)) known.set(rule, looseSteps(rule.steps, family, rewrittenBefore(list, bases)));
    return known.get(rule);
  };
  return {
    isReached: (list) => reached.has(list),
    of,
    meeting({ id, rules }, wanted, known) {
      const bases = reached.get(id);
      if (!bases) return [];
      const { destination, source } = rewrittenBefore(id, bases);
      if (destination || source) {
        return rules.filter((rule) => {
          const box = of(rule, id);
          return box !== undefined && wanted.some((one) => mayMeet(one, box));
        });
      }
      return rules.filter(({ steps }) => {
        let met = known.get(steps);
        if (met === undefined) {
          met = wanted.some((one) => stepsMayMeet(steps, family, one));
          known.set(steps, met);
        }
        return met;
      });
    },
  };
}

/** `looseSteps` and `mayMeet` in one, without making the box: where nothing was translated before. */
function stepsMayMeet(steps: readonly Step[], family: Family, box: LooseBox): boolean {
  for (const step of steps) {
    if (step.kind === 'match') {
      if (!conditionMayMeet(step.condition, family, box)) return false;
    } else if (step.kind !== 'sideEffect') {
      return step.kind !== 'dispatch' || step.cases.some((branch) => conditionMayMeet(branch.condition, family, box));
    }
  }
  return true;
}

function fieldMayMeet({ fields }: LooseBox, field: PacketField, values: Intervals<Bound>): boolean {
  const wanted = fields.get(field);
  return wanted === undefined ? values.length > 0 : overlaps(values, wanted);
}

/** Asked of every rule of a device for each edit, and so without anything that must be made first. */
function conditionMayMeet(condition: Condition, family: Family, box: LooseBox): boolean {
  switch (condition.kind) {
    case 'all':
      for (const part of condition.of) if (!conditionMayMeet(part, family, box)) return false;
      return true;
    case 'any':
      for (const part of condition.of) if (conditionMayMeet(part, family, box)) return true;
      return false;
    case 'source':
    case 'destination':
      return fieldMayMeet(box, condition.kind, condition.addresses[family] as Intervals<Bound>);
    case 'protocol':
      return fieldMayMeet(box, 'protocol', condition.protocols);
    case 'sourcePort':
    case 'destinationPort':
      return fieldMayMeet(box, condition.kind, condition.ports);
    case 'icmp':
      return fieldMayMeet(box, 'icmp', condition.typeCodes);
    case 'inInterface':
    case 'outInterface': {
      const wanted = box.names.get(condition.kind);
      return wanted === undefined || condition.names.includes('') || shareNames(condition.names, wanted);
    }
    default:
      return looseCondition(condition, family, {}) !== undefined;
  }
}

/** Every list that is called on the path, with the bases it is called from. */
function reachableFrom(pipeline: Pipeline, bases: readonly BaseList[]): ReadonlyMap<string, readonly BaseList[]> {
  const lists = new Map(pipeline.lists.map((list) => [list.id, list]));
  const found = new Map<string, BaseList[]>();
  for (const base of bases) {
    const queue = new Set([base.list]);
    for (const id of queue) {
      found.set(id, [...(found.get(id) ?? []), base]);
      const list = lists.get(id);
      if (list) for (const called of summaryOf(list).calls) queue.add(called);
    }
  }
  return found;
}

/** What is asked of every list again and again. */
interface Summary {
  readonly calls: ReadonlySet<string>;
  /** Rules that translate. */
  readonly translating: readonly Rule[];
}

const summaries = new WeakMap<RuleList, Summary>();

function summaryOf(list: RuleList): Summary {
  const known = summaries.get(list);
  if (known) return known;
  const calls = new Set<string>();
  const translating: Rule[] = [];
  let translates = false;
  const look = (action: Action | Step): void => {
    if (action.kind === 'jump' || action.kind === 'goto') calls.add(action.list);
    else if (action.kind === 'nat') translates = true;
  };
  for (const rule of list.rules) {
    translates = false;
    for (let at = 0; at < rule.steps.length; at += 1) {
      const step = rule.steps[at]!;
      if (step.kind === 'dispatch') actionsOf(step).forEach(look);
      else look(step);
    }
    if (translates) translating.push(rule);
  }
  const summary = { calls, translating };
  summaries.set(list, summary);
  return summary;
}

/** The packets whose destination or source some rule on the path rewrites. */
function translations(
  pipeline: Pipeline,
  reached: ReadonlyMap<string, readonly BaseList[]>,
  family: Family,
): Rewritten {
  const collect = (side: 'destination' | 'source', rewritten: Rewritten): LooseBox | undefined => {
    let found: LooseBox | undefined;
    for (const list of pipeline.lists) {
      if (!reached.has(list.id)) continue;
      for (const rule of summaryOf(list).translating) {
        if (!rule.steps.some((step) => actionsOf(step).some((one) => one.kind === 'nat' && one.translate === side)))
          continue;
        const box = looseSteps(rule.steps, family, rewritten);
        if (box) found = found ? join(found, box) : box;
      }
    }
    return found;
  };
  const destination = collect('destination', {});
  return { destination, source: collect('source', { destination }) };
}

function actionsOf(step: Step): readonly (Action | Step)[] {
  return step.kind === 'dispatch' ? step.cases.flatMap((branch) => branch.actions) : [step];
}

/** Whether two boxes may have a packet in common. */
export function mayMeet(a: LooseBox, b: LooseBox): boolean {
  for (const [field, values] of a.fields) {
    const other = b.fields.get(field);
    if (other !== undefined && !overlaps(values, other)) return false;
  }
  for (const [side, list] of a.names) {
    const other = b.names.get(side);
    if (other && !shareNames(list, other)) return false;
  }
  return true;
}

function shareNames(a: readonly string[], b: readonly string[]): boolean {
  return a.some((x) => b.some((y) => interfaceMatches(x, y) || interfaceMatches(y, x)));
}

/** The packets that may fare differently: boxes, or `everything`. */
export type Care = readonly LooseBox[] | 'everything';

/** Beyond this many comparisons of boxes it is cheaper to look at all rules. */
const COMPARISONS_MAX = 4_000_000;

/**
 * Where two states may differ: a packet that meets no edited rule walks over the same rules in the same order on both
 * sides, and so fares alike.
 */
export function careOf(edits: Edits, before: LooseBoxes, now: LooseBoxes): Care {
  if (edits.wholesale) return 'everything';
  const boxes: LooseBox[] = [];
  for (const { rule, list, pipeline } of edits.rules) {
    const box = (pipeline === 'now' ? now : before).of(rule, list.id);
    if (!box) continue;
    if (box.fields.size === 0 && box.names.size === 0) return 'everything';
    boxes.push(box);
  }
  return boxes;
}

/** Which rules bear on those packets; undefined: all are taken. `known` is shared by all that are asked of one care. */
export function relevantTo(
  care: Care,
  pipeline: Pipeline,
  boxes: LooseBoxes,
  known: Met = new Map(),
): ReadonlySet<Rule> | undefined {
  const count = pipeline.lists.reduce((sum, list) => sum + list.rules.length, 0);
  if (care === 'everything' || care.length * count > COMPARISONS_MAX) return undefined;
  const relevant = new Set<Rule>();
  for (const list of pipeline.lists) {
    for (const rule of boxes.meeting(list, care, known)) relevant.add(rule);
  }
  return relevant;
}

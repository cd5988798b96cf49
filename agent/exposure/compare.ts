import { type Bound, type Intervals, single } from '../lib/intervals.js';
import type { Pipeline, Rule } from '../model/index.js';
import { type Diagram, type Kernel, withKernels } from '../packets/index.js';
import { boundedOpenings } from './bounded.js';
import { type Care, careOf, type LooseBox, looseBoxes, type Met, relevantTo } from './care.js';
import { type Compiler, compiler } from './compile.js';
import { withDrawnNames } from './drawn-names.js';
import { type Edits, editsBetween } from './edits.js';
import { occurrencesOf } from './identity.js';
import type { CompareOptions, Comparison, Opening } from './opening.js';
import { differing, joinOpenings, openingsOf } from './openings.js';
import { giveUpIfWaitedFor, msFor } from './patience.js';
import type { Question, Side } from './question.js';
import { fieldIndex, inUniverse, type Universe, type UniverseBuilder } from './universe.js';
import { startEnv, type Walk, walkDevice } from './walk.js';

const TCP = 6;
/** The flag byte with which a TCP connection begins. */
const SYN = 2;

const NODES_MAX = 8_000_000;
/** Even a question on which few rules bear takes a moment, and more where the machine has other things to do. */
const TIME_MS_MIN = 100;
const SHARE_MIN = 0.25;

/**
 * Splits exactly what a device lets through, for new connections (TCP: SYN), by what is declared: all that another
 * state lets through with the same translation, and declared flows. Only directions and families of which both states
 * speak are compared. Where the exact answer does not fit the budget, what is told is rule-wise and not complete.
 */
export function compare(now: Pipeline, options: CompareOptions = {}): Comparison {
  const { timeMsMax: _, ...asked } = options;
  if (Object.keys(asked).length > 0) return compared(now, options);
  const known = alone.get(now);
  if (known) return known;
  const comparison = compared(now, options);
  if (comparison.complete) alone.set(now, comparison);
  return comparison;
}

/** All that a state lets through, where that was listed exactly: more than one reader of a reading asks for it. */
const alone = new WeakMap<Pipeline, Comparison>();

/** A bridge that docker drew a new name for is the bridge that it was: what asks for it by its old name asks for it now. */
function compared(now: Pipeline, options: CompareOptions): Comparison {
  const known = new Map<Pipeline, Edits>();
  const editsSince = (former: Pipeline): Edits => {
    const edits = known.get(former) ?? editsBetween(former, now);
    known.set(former, edits);
    return edits;
  };
  const named = (former: Pipeline | undefined): ReturnType<typeof withDrawnNames> =>
    former && withDrawnNames(former, now, editsSince(former));
  const other = named(options.pipeline);
  const before = options.reference === options.pipeline ? other : named(options.reference);
  const answer = comparedAsNamed(now, editsSince, {
    ...options,
    ...(other && { pipeline: other.pipeline }),
    ...(before && { reference: before.pipeline }),
  });
  return other ? { ...answer, renamed: other.renamed } : answer;
}

function comparedAsNamed(now: Pipeline, editsSince: (former: Pipeline) => Edits, options: CompareOptions): Comparison {
  const { pipeline } = options;
  const scopes = now.speaksOf.filter(
    (scope) =>
      !pipeline || pipeline.speaksOf.some((one) => one.family === scope.family && one.direction === scope.direction),
  );
  const reference = options.reference ?? pipeline;
  const edits = reference && editsSince(reference);
  const changes = pipeline && editsSince(pipeline);
  const questions = scopes.flatMap(({ direction, family }): readonly Question[] => {
    const side = (one: Pipeline): Side => ({ pipeline: one, boxes: looseBoxes(one, direction, family) });
    const here = side(now);
    const other = pipeline && side(pipeline);
    // What is declared must be listed whether it changed or not.
    const care = changes && other && !options.withDeclared ? careOf(changes, other.boxes, here.boxes) : 'everything';
    if (care !== 'everything' && care.length === 0) return [];
    return [{ direction, family, now: here, ...(other && { other }), ...(edits && { edits }), care, options }];
  });
  const asked = questions.map(prepared);
  const answers = answersOf(asked, msFor(options.timeMsMax));
  const parts = (['forward', 'input', 'output'] as const).map((direction) =>
    joinParts(asked.filter(({ question }) => question.direction === direction).map((one) => answers.get(one)!)),
  );
  return {
    undeclared: parts.flatMap((part) => part.undeclared),
    declared: parts.flatMap((part) => part.declared),
    closed: parts.flatMap((part) => part.closed),
    complete: parts.every((part) => part.complete),
    reasons: [...new Set(parts.flatMap((part) => part.reasons))],
  };
}

/**
 * The time is for what must be asked, by how many rules bear on it: where nothing changed, none is needed. What needs
 * least is asked first, and leaves what it did not need to the others.
 */
function answersOf(asked: readonly Prepared[], timeMsMax: number | undefined): ReadonlyMap<Prepared, Comparison> {
  const started = performance.now();
  const answers = new Map<Prepared, Comparison>();
  let rulesLeft = asked.reduce((sum, { rules }) => sum + rules, 0);
  for (const one of asked.toSorted((a, b) => a.rules - b.rules)) {
    const timeLeft = (timeMsMax ?? 0) - (performance.now() - started);
    const share = Math.max(SHARE_MIN, one.rules / Math.max(1, rulesLeft));
    answers.set(
      one,
      answer(one, timeMsMax === undefined ? undefined : Math.max(TIME_MS_MIN, Math.round(timeLeft * share))),
    );
    rulesLeft -= one.rules;
  }
  return answers;
}

/** Rules for both families are one opening where both families' parts look alike. */
function joinParts(parts: readonly Comparison[]): Comparison {
  const join = (pick: (part: Comparison) => readonly Opening[]): readonly Opening[] => joinOpenings(parts.map(pick));
  return {
    undeclared: join((part) => part.undeclared),
    declared: join((part) => part.declared),
    closed: join((part) => part.closed),
    complete: parts.every((part) => part.complete),
    reasons: parts.flatMap((part) => part.reasons),
  };
}

/** A question, and the rules that bear on it. */
interface Prepared {
  readonly question: Question;
  readonly relevant: Relevant;
  /** How many they are, on both sides. */
  readonly rules: number;
}

function prepared(question: Question): Prepared {
  const { now, other, care } = question;
  const met: Met = new Map();
  const relevant = {
    now: relevantTo(care, now.pipeline, now.boxes, met),
    other: other && relevantTo(care, other.pipeline, other.boxes, met),
  };
  const count = ({ pipeline, boxes }: Side, rules: ReadonlySet<Rule> | undefined): number =>
    rules?.size ?? pipeline.lists.reduce((sum, { id, rules }) => sum + (boxes.isReached(id) ? rules.length : 0), 0);
  return { question, relevant, rules: count(now, relevant.now) + (other ? count(other, relevant.other) : 0) };
}

function answer({ question, relevant }: Prepared, timeMsMax: number | undefined): Comparison {
  const { now, other, care, family, options } = question;
  const rules = chosen(now.pipeline, relevant.now);
  const otherRules = other ? chosen(other.pipeline, relevant.other) : [];
  const seed = (builder: UniverseBuilder): void => {
    const names = occurrencesOf(now.pipeline);
    for (const rule of rules) builder.rule(rule, names);
    const otherNames = other && occurrencesOf(other.pipeline);
    for (const rule of otherRules) builder.rule(rule, otherNames);
    for (const { condition } of [...(options.flows ?? []), ...(options.within ?? [])]) builder.condition(condition);
    builder.field('protocol', single(TCP));
    builder.names(options.interfaces ?? []);
    if (care === 'everything') return;
    for (const { fields, names } of care) {
      for (const [field, values] of fields) builder.field(field, values);
      for (const list of names.values()) builder.names(list);
    }
  };
  const budget = {
    nodesMax: options.nodesMax ?? NODES_MAX,
    ...(timeMsMax !== undefined && { timeMsMax }),
  };
  const exact = inUniverse(family, seed, (universe) =>
    withKernels(universe.space, rules.length + otherRules.length, budget, (kernel) =>
      exactly({ question, relevant, rules: rules.length + otherRules.length }, universe, kernel),
    ),
  );
  if (exact.ok) return exact.value;
  giveUpIfWaitedFor();
  return boundedOpenings(question, exact.error);
}

function chosen(pipeline: Pipeline, relevant: ReadonlySet<Rule> | undefined): readonly Rule[] {
  const rules = pipeline.lists.flatMap((list) => list.rules);
  return relevant ? rules.filter((rule) => relevant.has(rule)) : rules;
}

interface Relevant {
  readonly now: ReadonlySet<Rule> | undefined;
  readonly other: ReadonlySet<Rule> | undefined;
}

/** So many edits, and rules that they bear on, are looked at together and not one by one. */
const EDITS_WIDE = 32;
const RULES_WIDE = 1_000;

function exactly({ question, relevant, rules: count }: Prepared, universe: Universe, kernel: Kernel): Comparison {
  const { now, other, care, direction, options } = question;
  const region = regionOf(kernel, universe, care);
  const compilerFor = (pipeline: Pipeline): Compiler =>
    compiler({
      kernel,
      universe,
      localAddresses: pipeline.localAddresses,
      broadcastAddresses: pipeline.broadcastAddresses,
      state: 'new',
      tcpFlags: SYN,
      occurrences: occurrencesOf(pipeline),
    });
  const edited = care === 'everything' || care.length > EDITS_WIDE;
  const wide = other !== undefined && !options.withDeclared && edited && count > RULES_WIDE;
  const walk = (side: 'now' | 'other', within: Diagram, withDeciders: boolean): Walk => {
    const { pipeline } = question[side]!;
    const rules = relevant[side];
    return walkDevice({
      pipeline,
      direction,
      compiler: compilerFor(pipeline),
      region: within,
      sends: wide && withDeciders,
      withDeciders,
      translates: true,
      ...(rules && { relevant: (rule: Rule) => rules.has(rule) }),
    });
  };
  const plain = compilerFor(now.pipeline);
  const flowSet = (flows: CompareOptions['flows']): Diagram =>
    kernel.fold(
      (flows ?? [])
        .filter((flow) => flow.direction === direction)
        .map((flow) => plain.condition(flow.condition, startEnv(true))),
    );
  // Which rule permits is asked only of packets that fare differently: told apart everywhere, the rules of a long list
  // are too many for any diagram, though few of them bear on what differs.
  const told = wide
    ? kernel.and(region, differing(kernel, walk('now', kernel.all, false), walk('other', kernel.all, false)))
    : region;
  return openingsOf({
    question,
    kernel,
    universe,
    now: walk('now', told, true),
    ...(other && { other: walk('other', told, true) }),
    flows: flowSet(options.flows),
    within: options.within ? kernel.and(region, flowSet(options.within)) : region,
  });
}

function regionOf(kernel: Kernel, universe: Universe, care: Care): Diagram {
  if (care === 'everything') return kernel.all;
  const boxOf = ({ fields, names }: LooseBox): Diagram => {
    const box: (Intervals<Bound> | undefined)[] = universe.space.fields.map(() => undefined);
    for (const [field, values] of fields) box[fieldIndex[field]] = values;
    for (const [side, list] of names) {
      const indexes = universe.interfaceIndexes(list);
      if (indexes.length === 0) return kernel.none;
      box[fieldIndex[side]] = indexes;
    }
    return kernel.box(box);
  };
  return kernel.fold(care.map(boxOf));
}

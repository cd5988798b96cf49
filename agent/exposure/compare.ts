import { type Bound, type Intervals, single } from '../lib/intervals.js';
import type { Pipeline, Rule } from '../model/index.js';
import { type Diagram, type Kernel, withKernels } from '../packets/index.js';
import { boundedOpenings } from './bounded.js';
import { type Care, careOf, type LooseBox, looseBoxes, type Met, relevantTo } from './care.js';
import { type Compiler, compiler } from './compile.js';
import { editsBetween } from './edits.js';
import { occurrencesOf } from './identity.js';
import type { CompareOptions, Comparison, Opening } from './opening.js';
import { joinOpenings, openingsOf } from './openings.js';
import type { Question, Side } from './question.js';
import { fieldIndex, inUniverse, type Universe, type UniverseBuilder } from './universe.js';
import { startEnv, type Walk, walkDevice } from './walk.js';

const TCP = 6;
/** The flag byte with which a TCP connection begins. */
const SYN = 2;

const NODES_MAX = 8_000_000;
/** A question that is too wide for one kernel is asked again of the other. */
const KERNELS = 2;

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

function compared(now: Pipeline, options: CompareOptions): Comparison {
  const { pipeline } = options;
  const scopes = now.speaksOf.filter(
    (scope) =>
      !pipeline || pipeline.speaksOf.some((one) => one.family === scope.family && one.direction === scope.direction),
  );
  const reference = options.reference ?? pipeline;
  const edits = reference && editsBetween(reference, now);
  const changes = pipeline && (pipeline === reference ? edits : editsBetween(pipeline, now));
  const questions = scopes.flatMap(({ direction, family }): readonly Question[] => {
    const side = (one: Pipeline): Side => ({ pipeline: one, boxes: looseBoxes(one, direction, family) });
    const here = side(now);
    const other = pipeline && side(pipeline);
    // What is declared must be listed whether it changed or not.
    const care = changes && other && !options.withDeclared ? careOf(changes, other.boxes, here.boxes) : 'everything';
    if (care !== 'everything' && care.length === 0) return [];
    return [{ direction, family, now: here, ...(other && { other }), ...(edits && { edits }), care, options }];
  });
  // The time is for what must be asked: a scope in which nothing changed takes none of it.
  const parts = (['forward', 'input', 'output'] as const).map((direction) =>
    joinParts(
      questions.filter((one) => one.direction === direction).map((question) => answer(question, questions.length)),
    ),
  );
  return {
    undeclared: parts.flatMap((part) => part.undeclared),
    declared: parts.flatMap((part) => part.declared),
    closed: parts.flatMap((part) => part.closed),
    complete: parts.every((part) => part.complete),
    reasons: [...new Set(parts.flatMap((part) => part.reasons))],
  };
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

function answer(question: Question, questions: number): Comparison {
  const { now, other, care, family, options } = question;
  const met: Met = new Map();
  const relevant = {
    now: relevantTo(care, now.pipeline, now.boxes, met),
    other: other && relevantTo(care, other.pipeline, other.boxes, met),
  };
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
    ...(options.timeMsMax !== undefined && {
      timeMsMax: Math.max(50, Math.round(options.timeMsMax / (KERNELS * Math.max(1, questions)))),
    }),
  };
  const exact = inUniverse(family, seed, (universe) =>
    withKernels(universe.space, rules.length + otherRules.length, budget, (kernel) =>
      exactly(question, relevant, universe, kernel),
    ),
  );
  return exact.ok ? exact.value : boundedOpenings(question, exact.error);
}

function chosen(pipeline: Pipeline, relevant: ReadonlySet<Rule> | undefined): readonly Rule[] {
  const rules = pipeline.lists.flatMap((list) => list.rules);
  return relevant ? rules.filter((rule) => relevant.has(rule)) : rules;
}

interface Relevant {
  readonly now: ReadonlySet<Rule> | undefined;
  readonly other: ReadonlySet<Rule> | undefined;
}

function exactly(question: Question, relevant: Relevant, universe: Universe, kernel: Kernel): Comparison {
  const { now, other, care, direction, options } = question;
  const region = regionOf(kernel, universe, care);
  const compilerFor = (pipeline: Pipeline): Compiler =>
    compiler({
      kernel,
      universe,
      localAddresses: pipeline.localAddresses,
      state: 'new',
      tcpFlags: SYN,
      occurrences: occurrencesOf(pipeline),
    });
  const walk = ({ pipeline }: Side, rules: ReadonlySet<Rule> | undefined): Walk =>
    walkDevice({
      pipeline,
      direction,
      compiler: compilerFor(pipeline),
      region,
      withDeciders: true,
      translates: true,
      ...(rules && { relevant: (rule: Rule) => rules.has(rule) }),
    });
  const plain = compilerFor(now.pipeline);
  const flowSet = (flows: CompareOptions['flows']): Diagram =>
    kernel.fold(
      (flows ?? [])
        .filter((flow) => flow.direction === direction)
        .map((flow) => plain.condition(flow.condition, startEnv(true))),
    );
  return openingsOf({
    question,
    kernel,
    universe,
    now: walk(now, relevant.now),
    ...(other && { other: walk(other, relevant.other) }),
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

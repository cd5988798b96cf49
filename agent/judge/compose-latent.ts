import { flowSetOf } from '../baseline/index.js';
import { compare, type Opening, ruleKey } from '../exposure/index.js';
import type { Device, LaterState, Pipeline, Rule, RuleList } from '../model/index.js';
import { type Sides, undecided } from './compose-compare.js';
import type { Surroundings } from './compose-flow.js';
import { groupByRule, subjectOfRule } from './compose-rules.js';
import type { Subject } from './types.js';

/** Where more rules than this are new and open nothing, the list was written anew: each would take a comparison. */
const NEW_MAX = 64;

/** What comes back by itself, and what was not looked at. */
export interface Latent {
  readonly subjects: readonly Subject[];
  readonly limits: readonly string[];
}

interface Candidate {
  readonly rule: Rule;
  readonly list: RuleList;
  /** The device as it would be if this rule took effect. */
  readonly then: Pipeline;
  readonly latent: NonNullable<Subject['latent']>;
}

/**
 * Rules that open nothing now and would: one that is switched off, one whose time has not come, and a new one
 * behind a rule that stops all it lets through. Whoever disables a rule instead of deleting it has not shut the gate for good. What was approved with such
 * a rule in it was approved with the rule.
 */
export function latentSubjects(sides: Sides, open: readonly Opening[], around: Surroundings): Latent {
  const effective = new Set(open.map((opening) => opening.permittedBy.origin));
  const asleep = candidates(sides).filter(({ rule }) => !effective.has(rule.origin));
  const waiting = asleep.filter(({ rule }) => rule.disabled || rule.asleep);
  const behind = asleep.filter(({ rule }) => !rule.disabled && !rule.asleep);
  const tooMany = behind.length > NEW_MAX;
  const shadowed = tooMany ? [] : behind.filter((candidate) => isWithoutEffect(candidate, sides));
  const subjects = [...waiting, ...shadowed].flatMap(({ then, latent, rule }) =>
    groupByRule(wouldOpen(then, sides)).map((group) => {
      const { cause: _, undo: __, ...subject } = subjectOfRule(group, around, undefined);
      return { ...subject, id: `${subject.id}+latent`, place: rule.origin, latent };
    }),
  );
  const limits = [`${behind.length} new rules open nothing now: which of them others only hide was not looked at`];
  return { subjects, limits: tooMany ? limits : [] };
}

/**
 * What the rules that lie ready (saved, typed and not committed, on the member that stands by) would let through once
 * they hold, and does not pass now. A gate that is shut on the running machine alone is shut until somebody restarts
 * it. What was approved with these rules lying there was approved with them. Rules that cannot be read now are as they
 * were: that nobody can look is no reason to call them shut.
 */
export function laterSubjects(
  { now, approved, earlier, blind }: LaterInput,
  sides: Sides,
  around: Surroundings,
): Latent {
  const states = blind ? [] : (now.later ?? []);
  const unknown = (now.laterUnknown ?? []).filter((kind) => !states.some((state) => state.kind === kind));
  const parts = states.map((state) => {
    const known = approved?.later?.find(({ kind }) => kind === state.kind);
    return subjectsOf(state, known?.pipeline, sides, around);
  });
  return {
    subjects: [
      ...parts.flatMap(({ subjects }) => subjects),
      ...earlier.filter(({ id, latent }) => latent && unknown.some((kind) => id.endsWith(endOf(kind)))),
    ],
    limits: parts.flatMap(({ limits }) => limits),
  };
}

export interface LaterInput {
  readonly now: Device;
  readonly approved: Device | undefined;
  readonly earlier: readonly Subject[];
  /** What holds now was not read whole: there is nothing to compare with. */
  readonly blind: boolean;
}

/** How the ids of subjects end that come with a later state. */
function endOf(kind: LaterState['kind']): string {
  return `+${kind}`;
}

function subjectsOf(
  { kind, pipeline, returnsWhen }: LaterState,
  approved: Pipeline | undefined,
  sides: Sides,
  around: Surroundings,
): Latent {
  const budget = sides.timeMsMax === undefined ? {} : { timeMsMax: sides.timeMsMax };
  let opened: readonly Opening[] | undefined;
  const reasons: string[] = [];
  for (const known of [sides.now, sides.approved, approved]) {
    if (!known || opened?.length === 0) continue;
    const within = opened && { within: opened.map(flowSetOf) };
    const seen = compare(pipeline, { pipeline: known, flows: sides.flows, ...within, ...budget });
    reasons.push(...undecided(seen));
    opened = seen.undeclared;
  }
  const subjects = groupByRule(opened ?? []).map((group): Subject => {
    const { cause: _, undo: __, ...subject } = subjectOfRule(group, around, undefined);
    return { ...subject, id: `${subject.id}${endOf(kind)}`, latent: { returnsWhen } };
  });
  return { subjects, limits: [...new Set(reasons)].map((reason) => `what comes back ${returnsWhen}: ${reason}`) };
}

export const nothingLatent: Latent = { subjects: [], limits: [] };

function candidates({ now, approved }: Sides): readonly Candidate[] {
  const nat = new Set(now.bases.filter(({ type }) => type === 'nat').map(({ list }) => list));
  const known = new Set((approved?.lists ?? []).flatMap((list) => list.rules.map(keyOf)));
  return now.lists
    .filter((list) => !nat.has(list.id))
    .flatMap((list) =>
      list.rules.flatMap((rule, index): readonly Candidate[] => {
        if (!mayPermit(rule) || known.has(keyOf(rule))) return [];
        if (rule.asleep) {
          const then = withRules(now, list, list.rules.with(index, rule.asleep.rule));
          return [{ rule, list, then, latent: { returnsWhen: rule.asleep.returnsWhen } }];
        }
        if (rule.disabled) {
          const { disabled: _, ...enabled } = rule;
          const then = withRules(now, list, list.rules.with(index, enabled));
          return [{ rule, list, then, latent: { returnsWhen: 'when the disabled rule is enabled' } }];
        }
        // Without an approved state every rule is new, and that a rule never takes effect is nobody's work of today.
        if (!approved) return [];
        const then = withRules(now, list, [rule, ...list.rules.toSpliced(index, 1)]);
        return [{ rule, list, then, latent: { returnsWhen: 'when what stops it first is gone', shadowed: true } }];
      }),
    );
}

/** Two rules whose times have not come may differ in these alone. */
function keyOf(rule: Rule): string {
  return ruleKey(rule.asleep?.written ?? rule);
}

function mayPermit({ steps }: Rule): boolean {
  return steps.some(
    (step) =>
      step.kind === 'accept' ||
      (step.kind === 'dispatch' && step.cases.some(({ actions }) => actions.some(({ kind }) => kind === 'accept'))),
  );
}

function withRules(pipeline: Pipeline, list: RuleList, rules: readonly Rule[]): Pipeline {
  return { ...pipeline, lists: pipeline.lists.map((one) => (one === list ? { ...list, rules } : one)) };
}

function isWithoutEffect({ rule, list }: Candidate, { now, timeMsMax }: Sides): boolean {
  const without = withRules(
    now,
    list,
    list.rules.filter((one) => one !== rule),
  );
  const seen = compare(now, { pipeline: without, withClosed: true, ...(timeMsMax !== undefined && { timeMsMax }) });
  return seen.undeclared.length === 0 && seen.closed.length === 0 && undecided(seen).length === 0;
}

/** What would pass then, does not now, and is neither approved nor declared. */
function wouldOpen(then: Pipeline, { now, approved, flows, timeMsMax }: Sides): readonly Opening[] {
  const budget = timeMsMax === undefined ? {} : { timeMsMax };
  const opened = compare(then, { pipeline: now, flows, ...budget }).undeclared;
  if (!approved || opened.length === 0) return opened;
  return compare(then, { pipeline: approved, flows, within: opened.map(flowSetOf), ...budget }).undeclared;
}

/**
 * Interfaces whose names are drawn anew each time that they are made: a network of docker that went and came back has a
 * bridge of another name, and the same rules with it.
 */
import type { Action, Condition, Pipeline, Rule, RuleList, Step } from '../model/index.js';
import type { Edits } from './edits.js';
import { ruleText } from './identity.js';

export interface Renamed {
  readonly was: string;
  readonly is: string;
}

/** The bridge of a docker network, and the ends of pairs that docker and Calico give to containers. */
const DRAWN = /^(?:br-[0-9a-f]{12}|veth[0-9a-f]{7,8}|cali[0-9a-f]{11})$/;

/** The state before with the names that its interfaces have now; undefined where no name was drawn anew. */
export function withDrawnNames(
  before: Pipeline,
  now: Pipeline,
  edits: Edits,
): { readonly pipeline: Pipeline; readonly renamed: readonly Renamed[] } | undefined {
  const edited = (of: 'before' | 'now'): readonly Rule[] =>
    edits.rules.flatMap(({ rule, pipeline }) => (pipeline === of ? [rule] : []));
  const [old, young] = [namesOf(edited('before')), namesOf(edited('now'))];
  if (old.size === 0 || young.size === 0) return undefined;
  const all = ({ lists }: Pipeline): ReadonlySet<string> => namesOf(lists.flatMap(({ rules }) => rules));
  const [had, has] = [all(before), all(now)];
  const gone = [...old].filter((name) => !has.has(name));
  const came = [...young].filter((name) => !had.has(name));
  const renamed = pairsOf(before, now, gone, came);
  if (renamed.length === 0) return undefined;
  const names = new Map(renamed.map(({ was, is }) => [was, is]));
  return { pipeline: renamedIn(before, names), renamed };
}

/** One that went and one that came are one; of several, those that the same rules ask for. */
function pairsOf(
  before: Pipeline,
  now: Pipeline,
  gone: readonly string[],
  came: readonly string[],
): readonly Renamed[] {
  const only = (left: readonly string[], right: readonly string[]): readonly Renamed[] =>
    left.length === 1 && right.length === 1 ? [{ was: left[0]!, is: right[0]! }] : [];
  if (gone.length <= 1 || came.length <= 1) return only(gone, came);
  const uses = (pipeline: Pipeline, names: readonly string[]): ReadonlyMap<string, string> =>
    new Map(names.map((name) => [name, useOf(pipeline, name)]));
  const [left, right] = [uses(before, gone), uses(now, came)];
  const once = (of: ReadonlyMap<string, string>, use: string): readonly string[] =>
    [...of].flatMap(([name, other]) => (other === use ? [name] : []));
  const found = gone.flatMap((name) => only(once(left, left.get(name)!), once(right, left.get(name)!)));
  const rest = only(
    gone.filter((name) => found.every(({ was }) => was !== name)),
    came.filter((name) => found.every(({ is }) => is !== name)),
  );
  return [...found, ...rest];
}

/** What rules ask of an interface and of what else, other drawn names left open. */
function useOf({ lists }: Pipeline, name: string): string {
  const uses = lists.flatMap(({ id, rules }) =>
    rules.filter((rule) => namesOf([rule]).has(name)).map((rule) => `${id} ${ruleText(rule)}`),
  );
  const quoted = /"(?<name>(?:br-|veth|cali)[0-9a-f]{7,12})"/g;
  return uses
    .map((text) => text.replaceAll(quoted, (_, found: string) => (found === name ? '"%"' : '"*"')))
    .sort()
    .join('\n');
}

function namesOf(rules: readonly Rule[]): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (condition: Condition): void => {
    if (condition.kind === 'all' || condition.kind === 'any') condition.of.forEach(visit);
    else if (condition.kind === 'not') visit(condition.of);
    else if (condition.kind === 'inInterface' || condition.kind === 'outInterface')
      for (const name of condition.names) if (DRAWN.test(name)) found.add(name);
  };
  for (const { steps } of rules) {
    for (const step of steps) {
      if (step.kind === 'match') visit(step.condition);
      else if (step.kind === 'dispatch') for (const { condition } of step.cases) visit(condition);
    }
  }
  return found;
}

function renamedIn(pipeline: Pipeline, names: ReadonlyMap<string, string>): Pipeline {
  const inCondition = (condition: Condition): Condition => {
    switch (condition.kind) {
      case 'all':
      case 'any':
        return { ...condition, of: condition.of.map(inCondition) };
      case 'not':
        return { ...condition, of: inCondition(condition.of) };
      case 'inInterface':
      case 'outInterface':
        return { ...condition, names: condition.names.map((name) => names.get(name) ?? name).sort() };
      default:
        return condition;
    }
  };
  const inStep = (step: Step | Action): Step => {
    if (step.kind === 'match') return { ...step, condition: inCondition(step.condition) };
    if (step.kind !== 'dispatch') return step;
    const cases = step.cases.map((one) => ({ ...one, condition: inCondition(one.condition) }));
    return { ...step, cases };
  };
  const asks = (rule: Rule): boolean => [...namesOf([rule])].some((name) => names.has(name));
  // What undoes an edit is carried out on the interfaces that there are.
  const inText = (text: string): string => [...names].reduce((said, [was, is]) => said.replaceAll(was, () => is), text);
  const inRule = ({ origin, steps, ...rule }: Rule): Rule => ({
    ...rule,
    origin: { ...origin, text: inText(origin.text) },
    steps: steps.map(inStep),
  });
  const lists = pipeline.lists.map((list): RuleList => {
    if (!list.rules.some(asks)) return list;
    return { ...list, rules: list.rules.map((rule) => (asks(rule) ? inRule(rule) : rule)) };
  });
  return { ...pipeline, lists };
}

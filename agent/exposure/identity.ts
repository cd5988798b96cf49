import { createHash } from 'node:crypto';
import type { Condition, Pipeline, Rule, RuleList, Step, Unknown } from '../model/index.js';

/** SHA-256, cut to 80 bits: two different contents of one device never meet, and a person can compare two of them. */
export function digest(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex').slice(0, 20);
}

export function contentText(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
}

/** What is worked out from the steps of a rule, and whether it is disabled: rules of the same line share their steps. */
function remembered(work: (rule: Rule) => string): (rule: Rule) => string {
  const known = { enabled: new WeakMap<Rule['steps'], string>(), disabled: new WeakMap<Rule['steps'], string>() };
  return (rule) => {
    const of = rule.disabled === true ? known.disabled : known.enabled;
    let text = of.get(rule.steps);
    if (text === undefined) {
      text = work(rule);
      of.set(rule.steps, text);
    }
    return text;
  };
}

/**
 * The content of a rule: what it asks and what it does. Not its number, comment, counters, log prefix or handle; a set
 * is there with its members, so that an edited set is an edited rule.
 */
export const ruleKey = remembered((rule) => digest(ruleText(rule)));

const texts = new WeakMap<object, string>();

/** `contentText` of a part of a rule, remembered: parts are shared by rules, and by readings of the same lines. */
function partText(part: Condition | Step): string {
  let text = texts.get(part);
  if (text === undefined) {
    text = madeText(part);
    texts.set(part, text);
  }
  return text;
}

/** As `contentText` writes it, put together of the texts of its parts. */
function madeText(part: Condition | Step): string {
  switch (part.kind) {
    case 'match':
      return `{"kind":"match","condition":${partText(part.condition)}}`;
    case 'not':
      return `{"kind":"not","of":${partText(part.of)}}`;
    case 'all':
    case 'any':
      return `{"kind":"${part.kind}","of":[${part.of.map(partText).join()}]}`;
    default:
      return contentText(part);
  }
}

/** The content of a rule as text: equal exactly where `ruleKey` is. */
export const ruleText = remembered((rule) => {
  const steps = rule.steps.filter((step) => step.kind !== 'sideEffect').map(partText);
  return `[${rule.disabled === true},[${steps.join()}]]`;
});

/** What leads to a list: the base it is, or the guards of the rules that jump to it; never a list's name. */
type Callers = ReadonlyMap<string, readonly { readonly list: string; readonly guard: string }[]>;

function callersOf(pipeline: Pipeline): Callers {
  const callers = new Map<string, { list: string; guard: string }[]>();
  const note = (target: string, list: string, guard: unknown): void => {
    const known = callers.get(target) ?? [];
    callers.set(target, known);
    known.push({ list, guard: digest(contentText(guard)) });
  };
  for (const list of pipeline.lists) {
    for (const rule of list.rules) {
      const guard: Step[] = [];
      for (let at = 0; at < rule.steps.length; at += 1) {
        const step = rule.steps[at]!;
        if (step.kind === 'jump' || step.kind === 'goto') note(step.list, list.id, [step.kind, guard]);
        else if (step.kind === 'match') guard.push(step);
        else if (step.kind === 'dispatch') {
          for (const { condition, actions } of step.cases) {
            for (const action of actions) {
              if (action.kind === 'jump' || action.kind === 'goto') {
                note(action.list, list.id, [action.kind, guard, condition]);
              }
            }
          }
        }
      }
    }
  }
  return callers;
}

export interface Identities {
  /** Digest of a rule's whole match: its own and that of the rules that lead to its list. */
  rule(list: string, rule: Rule): string;
  policy(list: string): string;
  list(id: string): RuleList | undefined;
}

const identities = new WeakMap<Pipeline, Identities>();

export function identitiesOf(pipeline: Pipeline): Identities {
  const known = identities.get(pipeline);
  if (known) return known;
  const made = makeIdentities(pipeline);
  identities.set(pipeline, made);
  return made;
}

function makeIdentities(pipeline: Pipeline): Identities {
  const lists = new Map(pipeline.lists.map((list) => [list.id, list]));
  const callers = callersOf(pipeline);
  const contexts = new Map<string, string>();
  const contextOf = (id: string): string => {
    const known = contexts.get(id);
    if (known !== undefined) return known;
    // Lists never call each other in a circle on a device; a capture that says so must not hang us.
    contexts.set(id, 'circle');
    const bases = pipeline.bases.filter((base) => base.list === id).map((base) => `${base.type} ${base.hook}`);
    const from = (callers.get(id) ?? []).map(({ list, guard }) => digest(guard, contextOf(list)));
    const context = digest(...[...new Set(bases)].sort(), '|', ...[...new Set(from)].sort());
    contexts.set(id, context);
    return context;
  };
  return {
    rule: (list, rule) => digest('rule', ruleKey(rule), contextOf(list)),
    policy: (list) => digest('policy', contextOf(list)),
    list: (id) => lists.get(id),
  };
}

/**
 * Names for the occurrences of conditions that answer anew each time (limits, random choices): by what the rule asks
 * in which they stand, so that the limit of a rule that asks the same is the same unknown before and after, whatever
 * list it leads to or address it translates to now.
 */
export function occurrencesOf(pipeline: Pipeline): ReadonlyMap<Unknown, string> {
  let names = occurrences.get(pipeline);
  if (names === undefined) {
    names = nameOccurrences(pipeline);
    occurrences.set(pipeline, names);
  }
  return names;
}

/** What a rule asks, in whatever order and words, and which kinds of things it does. */
const askedKey = remembered(({ steps }) => {
  const asked = new Set<string>();
  const note = (condition: Condition): void => {
    if (condition.kind === 'all') for (const part of condition.of) note(part);
    else asked.add(condition.kind === 'unknown' ? condition.id : partText(condition));
  };
  const done: string[] = [];
  for (const step of steps) {
    if (step.kind === 'match') note(step.condition);
    else if (step.kind !== 'sideEffect') done.push(step.kind);
  }
  return digest(...[...asked].sort(), '|', ...done);
});

const occurrences = new WeakMap<Pipeline, ReadonlyMap<Unknown, string>>();

function nameOccurrences(pipeline: Pipeline): ReadonlyMap<Unknown, string> {
  const names = new Map<Unknown, string>();
  const counts = new Map<string, number>();
  const visit = (condition: Condition, rule: Rule): void => {
    switch (condition.kind) {
      case 'all':
      case 'any':
        for (let at = 0; at < condition.of.length; at += 1) visit(condition.of[at]!, rule);
        return;
      case 'not':
        visit(condition.of, rule);
        return;
      case 'unknown': {
        if (condition.stateful !== true || names.has(condition)) return;
        const place = `${condition.id} ${askedKey(rule)}`;
        const count = (counts.get(place) ?? 0) + 1;
        counts.set(place, count);
        names.set(condition, `${place} ${count}`);
        return;
      }
      default:
    }
  };
  for (const list of pipeline.lists) {
    for (const rule of list.rules) {
      for (let at = 0; at < rule.steps.length; at += 1) {
        const step = rule.steps[at]!;
        if (step.kind === 'match') visit(step.condition, rule);
        else if (step.kind === 'dispatch') for (const { condition } of step.cases) visit(condition, rule);
      }
    }
  }
  return names;
}

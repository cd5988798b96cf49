import { assert } from '../lib/assert.js';
import type { BaseList, Rule } from '../model/index.js';
import { type Env, envKey } from './env.js';

/** What decided: a rule, a base list's policy, or the device's routing. */
export type Decider =
  | { readonly kind: 'rule'; readonly list: string; readonly index: number; readonly rule: Rule }
  | { readonly kind: 'policy'; readonly base: BaseList }
  | { readonly kind: 'routing'; readonly text: string };

/** How a packet left a list, a hook or the device. */
export type Outcome =
  | { readonly kind: 'accept'; readonly env: Env; readonly by?: Decider }
  | { readonly kind: 'deny'; readonly env: Env; readonly by?: Decider; readonly answer?: string }
  /** The rule ended without a verdict, having changed the packet. */
  | { readonly kind: 'next'; readonly env: Env }
  /** The list ended without a verdict. */
  | { readonly kind: 'return'; readonly env: Env };

/** Numbers for what becomes of packets, as a diagram holds them. */
export interface OutcomeLabels {
  /** Equal environments are one. */
  intern(env: Env): Env;
  /** Labels start at 2: 0 is "undecided", 1 is a plain set. */
  label(outcome: Outcome): number;
  outcome(label: number): Outcome;
}

export function outcomeLabels(): OutcomeLabels {
  const envs = new Map<string, Env>();
  const outcomes: Outcome[] = [];
  const labels = new Map<string, number>();
  const deciders = new Map<unknown, number>();

  const intern = (env: Env): Env => {
    const key = envKey(env);
    const known = envs.get(key);
    if (known) return known;
    envs.set(key, env);
    return env;
  };

  const deciderKey = (by: Decider | undefined): string => {
    if (!by) return '';
    const subject = by.kind === 'rule' ? by.rule : by.kind === 'policy' ? by.base : by.text;
    let id = deciders.get(subject);
    if (id === undefined) {
      id = deciders.size + 1;
      deciders.set(subject, id);
    }
    return String(id);
  };

  const label = (outcome: Outcome): number => {
    const by = 'by' in outcome ? deciderKey(outcome.by) : '';
    const answer = outcome.kind === 'deny' ? (outcome.answer ?? '') : '';
    const key = `${outcome.kind} ${by} ${answer} ${envKey(outcome.env)}`;
    let number = labels.get(key);
    if (number === undefined) {
      outcomes.push(outcome);
      number = outcomes.length + 1;
      labels.set(key, number);
    }
    return number;
  };

  const outcome = (number: number): Outcome => {
    const found = outcomes[number - 2];
    assert(found, 'a walk ended in a label it never gave');
    return found;
  };

  return { intern, label, outcome };
}

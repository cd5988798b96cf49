import type { BaseList, Condition, Pipeline, Rule, RuleList, Step } from '../../model/index.js';
import { all } from '../../model/index.js';

/** What one context makes of a packet; every name in it begins with the context's. */
export interface ContextPipeline {
  readonly prefix: string;
  readonly pipeline: Omit<Pipeline, 'speaksOf'>;
}

/** Which interfaces a packet has to come in and go out by for a context to judge it. */
function guard(prefix: string, hook: BaseList['hook']): Condition {
  const names = [`${prefix}*`];
  if (hook === 'prerouting' || hook === 'input') return { kind: 'inInterface', names };
  return all({ kind: 'inInterface', names }, { kind: 'outInterface', names });
}

/**
 * A device of one context that has no name is that context. Of several each judges the packets of its own interfaces:
 * at each place one list calls the lists of the contexts, and between contexts nothing passes.
 */
export function mergeContexts(contexts: readonly ContextPipeline[]): Omit<Pipeline, 'speaksOf'> {
  const [first] = contexts;
  if (first && contexts.length === 1 && first.prefix === '') return first.pipeline;
  const lists: RuleList[] = contexts.flatMap(({ pipeline }) => pipeline.lists);
  const places = new Map<string, BaseList>();
  for (const { prefix, pipeline } of contexts)
    for (const base of pipeline.bases) {
      const id = base.list.slice(prefix.length);
      if (!places.has(id)) places.set(id, { ...base, list: id });
    }
  for (const [id, base] of places) {
    const rules = contexts.flatMap(({ prefix, pipeline }): readonly Rule[] => {
      const list = pipeline.lists.find((one) => one.id === prefix + id);
      if (!list) return [];
      const steps: readonly Step[] = [
        { kind: 'match', condition: guard(prefix, base.hook) },
        { kind: 'jump', list: list.id },
      ];
      return [{ origin: { ...list.origin, rule: `context ${prefix.slice(0, -1)}` }, steps }];
    });
    lists.push({ id, rules, families: ['ip4', 'ip6'], origin: base.policyOrigin });
  }
  return { lists, bases: [...places.values()] };
}

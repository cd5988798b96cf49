import type { Pipeline, Rule } from '../../model/index.js';

type Filter = Omit<Pipeline, 'speaksOf'>;

/** Whether two configurations filter the same, rule by rule and in the same order; where they stand does not count. */
export function filtersAlike(one: Filter, other: Filter): boolean {
  return (
    basesText(one) === basesText(other) &&
    one.lists.length === other.lists.length &&
    one.lists.every(({ id, rules }, index) => {
      const { id: otherId, rules: otherRules } = other.lists[index]!;
      return (
        id === otherId &&
        rules.length === otherRules.length &&
        rules.every((rule, place) => ruleText(rule) === ruleText(otherRules[place]!))
      );
    })
  );
}

function basesText({ bases }: Filter): string {
  return JSON.stringify(bases.map(({ list, hook, priority, policy }) => [list, hook, priority, policy]));
}

function ruleText({ steps, disabled }: Rule): string {
  return JSON.stringify([steps, disabled], (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}

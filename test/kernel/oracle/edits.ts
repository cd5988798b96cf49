import type { Dice } from './dice.js';
import { type Chain, mapChains, type Ruleset } from './ruleset.js';

/** What people do to rulesets between two readings. */
export const edits = [
  'nothing',
  'edit',
  'tweak',
  'insert',
  'delete',
  'reorder',
  'rename',
  'regroup',
  'policy',
  'object',
] as const;
export type EditKind = (typeof edits)[number];

/** The same firewall after one edit; `donor` lends rules that fit. Undefined where there is nothing to edit so. */
export function edited(dice: Dice, ruleset: Ruleset, kind: EditKind, donor: Ruleset): Ruleset | undefined {
  const chains = ruleset.tables.flatMap(({ chains: all }) => all).filter(({ rules }) => rules.length > 0);
  if (kind === 'nothing') return ruleset;
  if (kind === 'object') return withOtherObject(dice, ruleset);
  if (kind === 'policy') return withOtherPolicy(dice, ruleset);
  const chosen = chains.length > 0 ? dice.pick(chains) : undefined;
  if (!chosen) return undefined;
  if (kind === 'rename') return renamed(ruleset, chosen);
  if (kind === 'regroup') return regrouped(dice, ruleset, chosen);
  const lent = donor.tables.flatMap(({ chains: all }) => all).filter(({ name }) => name === chosen.name);
  const rules = lent.flatMap((chain) => chain.rules);
  const at = dice.below(chosen.rules.length);
  const put = (next: readonly string[]): Ruleset =>
    mapChains(ruleset, (chain) => (chain === chosen ? { ...chain, rules: next } : chain));
  switch (kind) {
    case 'edit':
      return rules.length > 0 ? put(chosen.rules.with(at, dice.pick(rules))) : undefined;
    case 'insert':
      return rules.length > 0 ? put(chosen.rules.toSpliced(at, 0, dice.pick(rules))) : undefined;
    case 'delete':
      return put(chosen.rules.toSpliced(at, 1));
    case 'tweak':
      return put(chosen.rules.with(at, tweaked(dice, chosen.rules[at]!)));
    case 'reorder': {
      if (chosen.rules.length < 2) return undefined;
      const taken = chosen.rules[at]!;
      const rest = chosen.rules.toSpliced(at, 1);
      return put(rest.toSpliced(dice.below(rest.length + 1), 0, taken));
    }
  }
}

/** One number, one verdict, or one condition the other way round. */
function tweaked(dice: Dice, rule: string): string {
  const changes: (() => string)[] = [
    () => rule.replace(/\b(?<port>22|25|53|80|104|443|3389|8080)\b/, '2222'),
    () => rule.replace(/\/24\b/, '/25'),
    () => (/\baccept\b/.test(rule) ? rule.replace('accept', 'drop') : rule.replace(/\bdrop\b/, 'accept')),
    () => (rule.includes('ACCEPT') ? rule.replace('ACCEPT', 'DROP') : rule.replace('DROP', 'ACCEPT')),
    () => rule.replace(/\btcp\b/, 'udp'),
    () => rule.replace(/(?<key>saddr|dport|iifname) (?!!=|[.{@<>&])/, '$<key> != '),
  ];
  const different = changes.map((change) => change()).filter((text) => text !== rule);
  return different.length > 0 ? dice.pick(different) : rule;
}

function renamed(ruleset: Ruleset, chosen: Chain): Ruleset | undefined {
  if (chosen.base !== undefined && ruleset.backEnd !== 'nftables') return undefined;
  const name = `${chosen.name}_x`;
  const pattern = new RegExp(`(?<before>jump |goto |-j |-g )${chosen.name}\\b`, 'g');
  const tables = ruleset.tables.map((table) => {
    if (!table.chains.includes(chosen)) return table;
    const inText = (text: string): string => text.replace(pattern, `$<before>${name}`);
    return {
      ...table,
      sets: table.sets.map((set) => ({ ...set, elements: set.elements.map(inText) })),
      chains: table.chains.map((chain) => ({
        ...chain,
        name: chain === chosen ? name : chain.name,
        rules: chain.rules.map(inText),
      })),
    };
  });
  return { ...ruleset, tables };
}

/** Some of a chain's rules go into a chain of their own, called in their place. */
function regrouped(dice: Dice, ruleset: Ruleset, chosen: Chain): Ruleset {
  const from = dice.below(chosen.rules.length);
  const count = 1 + dice.below(chosen.rules.length - from);
  // No two groups have one name, since each makes one chain more.
  const name = `group_${ruleset.tables.flatMap(({ chains }) => chains).length}`;
  const group: Chain = { name, rules: chosen.rules.slice(from, from + count) };
  const call = `${ruleset.backEnd === 'nftables' ? 'jump' : '-j'} ${name}`;
  const tables = ruleset.tables.map((table) =>
    table.chains.includes(chosen)
      ? {
          ...table,
          chains: [
            ...table.chains.map((chain) =>
              chain === chosen ? { ...chain, rules: chain.rules.toSpliced(from, count, call) } : chain,
            ),
            group,
          ],
        }
      : table,
  );
  return { ...ruleset, tables };
}

function withOtherPolicy(dice: Dice, ruleset: Ruleset): Ruleset | undefined {
  const bases = ruleset.tables.flatMap(({ chains }) => chains).filter(({ base }) => base !== undefined);
  if (bases.length === 0) return undefined;
  const chosen = dice.pick(bases);
  const turned: Readonly<Record<string, string>> = { accept: 'drop', drop: 'accept', ACCEPT: 'DROP', DROP: 'ACCEPT' };
  return mapChains(ruleset, (chain) =>
    chain === chosen
      ? { ...chain, base: chain.base!.replace(/\b(?:accept|drop|ACCEPT|DROP)\b/, (word) => turned[word]!) }
      : chain,
  );
}

function withOtherObject(dice: Dice, ruleset: Ruleset): Ruleset | undefined {
  const sets = ruleset.tables.flatMap((table) => table.sets).filter(({ elements }) => elements.length > 1);
  if (sets.length === 0) return undefined;
  const chosen = dice.pick(sets);
  const gone = dice.below(chosen.elements.length);
  const tables = ruleset.tables.map((table) => ({
    ...table,
    sets: table.sets.map((set) => (set === chosen ? { ...set, elements: set.elements.toSpliced(gone, 1) } : set)),
  }));
  return { ...ruleset, tables };
}

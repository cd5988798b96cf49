import type { Dice } from './dice.js';
import { type Chain, mapChains, type Ruleset } from './ruleset.js';
import { addressBounds, addressText } from './words.js';

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
  'widen',
  'value',
  'priority',
  'split',
  'table',
] as const;
export type EditKind = (typeof edits)[number];

/** After these a firewall lets through what it did before. */
export const equalKinds: ReadonlySet<EditKind> = new Set(['nothing', 'split', 'rename']);

/** The same firewall after one edit; `donor` lends rules that fit. Undefined where there is nothing to edit so. */
export function edited(dice: Dice, ruleset: Ruleset, kind: EditKind, donor: Ruleset): Ruleset | undefined {
  const chains = ruleset.tables.flatMap(({ chains: all }) => all).filter(({ rules }) => rules.length > 0);
  if (kind === 'nothing') return ruleset;
  if (kind === 'object') return withOtherObject(dice, ruleset);
  if (kind === 'policy') return withOtherPolicy(dice, ruleset);
  if (kind === 'widen') return withOtherElement(dice, ruleset, widened);
  if (kind === 'value') return withOtherElement(dice, ruleset, withOtherValue);
  if (kind === 'split') return withOtherElement(dice, ruleset, halves) ?? withSplitRule(dice, ruleset);
  if (kind === 'priority') return withOtherPriority(dice, ruleset);
  if (kind === 'table') return withoutTable(dice, ruleset);
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

/** One element of a set or map becomes others; undefined where none can. */
function withOtherElement(
  dice: Dice,
  ruleset: Ruleset,
  change: (element: string, dice: Dice, others: readonly string[]) => readonly string[] | undefined,
): Ruleset | undefined {
  const places = ruleset.tables.flatMap((table) =>
    table.sets.flatMap((set) =>
      set.elements.flatMap((element, index) => {
        const changed = change(element, dice, set.elements.toSpliced(index, 1));
        return changed ? [{ set, index, changed }] : [];
      }),
    ),
  );
  if (places.length === 0) return undefined;
  const { set: chosen, index, changed } = dice.pick(places);
  const tables = ruleset.tables.map((table) => ({
    ...table,
    sets: table.sets.map((set) =>
      set === chosen ? { ...set, elements: set.elements.toSpliced(index, 1, ...changed) } : set,
    ),
  }));
  return { ...ruleset, tables };
}

const network = /(?<address>\d+\.\d+\.\d+\.\d+)\/(?<length>\d+)/;

/** A network of twice the size, unless another of the set lies there: nft refuses it then. */
function widened(element: string, _: Dice, others: readonly string[]): readonly string[] | undefined {
  const length = Number(network.exec(element)?.groups?.length ?? 0);
  if (length < 10) return undefined;
  const wide = element.replace(network, `$<address>/${length - 1}`);
  const bounds = (text: string): readonly [number, number] | undefined => {
    const found = /\d+\.\d+\.\d+\.\d+(?:[/-][\d.]+)?/.exec(text)?.[0];
    return found === undefined ? undefined : (addressBounds(found) as readonly [number, number]);
  };
  const [first, last] = bounds(wide)!;
  const meets = others.map(bounds).some((other) => other !== undefined && other[0] <= last && first <= other[1]);
  return meets ? undefined : [wide];
}

function withOtherValue(element: string, dice: Dice): readonly string[] | undefined {
  const [key, value, ...rest] = element.split(' : ');
  if (value === undefined || rest.length > 0) return undefined;
  const others = value.startsWith('0x') ? ['0x0', '0x1', '0x10', '0xff'] : ['accept', 'drop', 'return'];
  const other = dice.pick(others);
  return other === value ? undefined : [`${key} : ${other}`];
}

/** The two halves of a network, of the family that has no colons. */
function halvesOf(text: string): readonly [string, string] | undefined {
  const { address, length } = network.exec(text)?.groups ?? {};
  if (address === undefined || Number(length) > 30) return undefined;
  const [first] = addressBounds(`${address}/${length}`) as readonly [number, number];
  const long = Number(length) + 1;
  return [`${addressText(first)}/${long}`, `${addressText(first + 2 ** (32 - long))}/${long}`];
}

/** A network as its two halves, with whatever stands beside it; one that is the exception of another stays whole. */
function halves(element: string): readonly string[] | undefined {
  const found = element.includes('nomatch') || /,(?:wan|lan|dmz)\d/.test(element) ? undefined : halvesOf(element);
  return found?.map((half) => element.replace(network, half));
}

/** The same in place: `ip saddr 10.0.0.0/8` becomes `ip saddr { 10.0.0.0/9, 10.128.0.0/9 }`. */
function withSplitRule(dice: Dice, ruleset: Ruleset): Ruleset | undefined {
  const plain = /(?<head>ip [sd]addr (?:!= )?)(?<net>\d+\.\d+\.\d+\.\d+\/\d+)(?= [a-z@])/;
  const split = (rule: string): string => {
    const { head, net } = plain.exec(rule)?.groups ?? {};
    const found = net === undefined ? undefined : halvesOf(net);
    return found ? rule.replace(plain, `${head}{ ${found.join(', ')} }`) : rule;
  };
  const chains = ruleset.tables
    .flatMap((table) => table.chains)
    .filter(({ rules }) => rules.some((one) => split(one) !== one));
  if (chains.length === 0) return undefined;
  const chosen = dice.pick(chains);
  return mapChains(ruleset, (chain) => (chain === chosen ? { ...chain, rules: chain.rules.map(split) } : chain));
}

function withOtherPriority(dice: Dice, ruleset: Ruleset): Ruleset | undefined {
  const pattern = /priority (?<priority>-?\d+);/;
  const bases = ruleset.tables
    .flatMap(({ chains }) => chains)
    .filter(
      ({ base }) =>
        base !== undefined && pattern.test(base) && /type (?:filter|route) hook (?!ingress|egress)/.test(base),
    );
  if (bases.length === 0) return undefined;
  const chosen = dice.pick(bases);
  const other = dice.pick([-310, -160, -20, 5, 150]);
  return mapChains(ruleset, (chain) =>
    chain === chosen ? { ...chain, base: chain.base!.replace(pattern, `priority ${other};`) } : chain,
  );
}

/** A table that is gone, or dormant, decides nothing. */
function withoutTable(dice: Dice, ruleset: Ruleset): Ruleset | undefined {
  const tables = ruleset.tables.filter(
    ({ name, chains }) => name !== 'ipset' && chains.some(({ rules }) => rules.length > 0),
  );
  if (tables.length === 0) return undefined;
  const chosen = dice.pick(tables);
  if (ruleset.backEnd === 'nftables') return { ...ruleset, tables: ruleset.tables.filter((one) => one !== chosen) };
  const emptied = { ...chosen, chains: chosen.chains.filter(({ name }) => name === 'tracking') };
  return { ...ruleset, tables: ruleset.tables.map((one) => (one === chosen ? emptied : one)) };
}

/**
 * Tables of which it is not known whether they sleep: nft 1.0.6 prints the flags of a table garbled in its JSON, so that
 * one that is dormant, and decides nothing, looks like one that a program owns.
 */
import type { BaseList, Rule, RuleList } from '../../model/index.js';
import type { Table } from './extract.js';
import { unknown } from './sets.js';

/** A base chain that decides only if its table is awake: a list of its own calls it then, or drops in its name. */
export function ifAwake(
  { family, name }: Table,
  base: BaseList,
  called: RuleList,
): { readonly base: BaseList; readonly list: RuleList } {
  const condition = unknown(`the table ${family} ${name} is not dormant`);
  const awake: Rule['steps'][number] = { kind: 'match', condition };
  const id = `${called.id} if awake`;
  const calls: Rule = { origin: called.origin, steps: [awake, { kind: 'jump', list: called.id }] };
  const ends: Rule = { origin: base.policyOrigin, steps: [awake, { kind: 'drop' }] };
  return {
    list: { ...called, id, rules: base.policy === 'drop' ? [calls, ends] : [calls] },
    base: { ...base, list: id, policy: 'accept' },
  };
}

export function unreadFlags({ family, name }: Table): string {
  return `table ${family} ${name}: its flags are garbled in the listing (nft -j 1.0.6): whether it is dormant is not known; the text of “nft list ruleset” says it`;
}

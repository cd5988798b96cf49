import type { Family } from '../../../agent/model/index.js';
import type { Dice } from './dice.js';
import { type Context, familyFor, match, type TableFamily, word } from './nft-rules.js';
import type { Chain, Table } from './ruleset.js';
import * as words from './words.js';

/** A table that translates: both sides, at every hook that can. */
export function natTable(dice: Dice, family: TableFamily): Table {
  const context: Context = { dice, table: family, sets: [], callable: [], hook: 'prerouting', early: false };
  const chains = dice.some(['prerouting', 'postrouting', 'output', 'input'], 1 + dice.below(3)).map((hook): Chain => {
    const at: Context = { ...context, hook };
    const destination = hook === 'prerouting' || hook === 'output';
    const rules = Array.from({ length: 1 + dice.below(4) }, () => natRule(at, destination));
    const priority = dice.pick(destination ? [-100, -100, -90] : [100, 100, 110]);
    return {
      name: `nat_${hook}`,
      base: `type nat hook ${hook} priority ${priority}; policy ${dice.once(8) ? 'drop' : 'accept'};`,
      rules,
    };
  });
  if (dice.once(4)) {
    const rules = [natRule(context, true)];
    chains.push({ name: 'nat_second', base: 'type nat hook prerouting priority -95; policy accept;', rules });
  }
  return { name: `${family} nat`, sets: [], chains };
}

/** Prefixes that do not overlap, each with a host that it is translated to. */
function mapped(dice: Dice, family: Family): string {
  return words
    .apart(2, () => words.aPrefix(dice, family), words.addressBounds)
    .map((one) => `${one} : ${dice.pick(words.hosts[family])}`)
    .join(', ');
}

function natRule(context: Context, destination: boolean): string {
  const { dice } = context;
  const family = familyFor(context);
  const head = dice.once(3) ? `${match(context)} ` : '';
  const to = context.table === 'inet' ? ` ${word(family)}` : '';
  const host = dice.pick(dice.once(8) ? words.ownHosts[family] : words.hosts[family]);
  const withPort = (text: string): string => (family === 'ip6' ? `[${text}]` : text);
  const which = `${head}${word(family)} ${dice.pick(['daddr', 'saddr'])} ${words.anAddress(dice, family)}`;
  const service = `${dice.pick(['tcp', 'tcp', 'udp'])} dport ${words.aPortRange(dice)}`;
  if (!destination) {
    return dice.pick([
      () => `${which} masquerade`,
      () => `oifname "${dice.pick(['wan0', 'dmz0'])}" masquerade`,
      () => `${which} snat${to} to ${host}`,
      () => `${which} ${service} snat${to} to ${withPort(host)}:${dice.pick(['1024-65535', '40000-40999'])}`,
      () => `${which} snat${to} to ${family === 'ip4' ? '203.0.113.20-203.0.113.29' : host}`,
      () => `${which} ${service} masquerade to :${dice.pick(['1024-65535', '40000-40999'])}`,
      () => `snat${to} to ${word(family)} saddr map { ${mapped(dice, family)} }`,
      () => `${which} return`,
      () => `${which} ${dice.pick(['accept', 'drop', 'meta mark set 0x7'])}`,
    ])();
  }
  return dice.pick([
    () => `${which} dnat${to} to ${host}`,
    () => `${which} ${service} dnat${to} to ${withPort(host)}:${words.aPort(dice) || 1}`,
    () => `${which} ${service} dnat${to} to ${host}`,
    () => `${head}${service} redirect to :${words.aPort(dice) || 1}`,
    () => `${which} ${dice.pick(['redirect', 'accept', 'return', 'drop', 'meta mark set 0x9'])}`,
    () => `${which} dnat${to} to tcp dport map { 80 : ${host}, 443 : ${dice.pick(words.hosts[family])} }`,
    () => `${which} dnat${to} to ${word(family)} daddr map { ${mapped(dice, family)} }`,
    () => `${head}dnat${to} to tcp dport map { 80 : ${host} . 8080, 22 : ${dice.pick(words.hosts[family])} . 2222 }`,
    () => (family === 'ip4' ? `${which} dnat${to} to 10.0.5.7-10.0.5.9` : `${which} dnat${to} to ${host}`),
  ])();
}

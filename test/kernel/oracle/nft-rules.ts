import type { Family } from '../../../agent/model/index.js';
import type { Dice } from './dice.js';
import { bits } from './nft-bits.js';
import { garbled, isGarbled, perhapsNot } from './nft-garbled.js';
import { natTable } from './nft-nat.js';
import { concatenated, namedSets, verdict } from './nft-sets.js';
import type { Chain, NamedSet, Ruleset, Table } from './ruleset.js';
import * as words from './words.js';

/**
 * A random ruleset in the language of nft: a few tables, whose chains hold everything that a hospital's firewall has been
 * seen to hold. `bytecode`: with what nft prints as something else.
 */
export function nftRuleset(dice: Dice, bytecode = false): Ruleset {
  const families = ['inet', 'inet', 'ip', 'ip6'] as const;
  const names = ['filter', 'guard', 'extra'];
  const tables = Array.from({ length: 1 + dice.below(3) }, (_, index) =>
    table(dice, dice.pick(families), names[index]!, bytecode),
  );
  if (dice.below(3) > 0) tables.push(natTable(dice, dice.pick(families)));
  if (dice.once(3)) tables.push(frameTable(dice));
  return { backEnd: 'nftables', tables };
}

/** Chains that see what comes in by one interface before, or goes out by it after, everything else. */
function frameTable(dice: Dice): Table {
  const context: Context = { dice, table: 'inet', sets: [], callable: [], hook: 'ingress', early: true };
  const ask = (): string =>
    dice.pick([
      () => address(context),
      () => address(context),
      () => port(context),
      () => header(context),
      () => `${dice.pick(['iifname', 'oifname'])} ${operator(dice)}${names(dice)}`,
      () => `meta mark ${operator(dice)}${words.hex(dice.pick(words.marks))}`,
    ])();
  const chains = dice.some(['ingress', 'egress'], 1 + dice.below(2)).map((hook): Chain => {
    const device = dice.pick(['wan0', 'lan0', 'lan1', 'dmz0']);
    const act = (): string =>
      dice.pick(['drop', 'drop', 'accept', 'return', 'meta mark set 0x1', 'meta mark set 0x10', 'jump shared']);
    return {
      name: `${hook}_${device}`,
      base: `type filter hook ${hook} device "${device}" priority ${dice.pick([-500, 0, 10])}; policy ${dice.once(6) ? 'drop' : 'accept'};`,
      rules: Array.from({ length: 1 + dice.below(4) }, () => `${ask()} ${act()}`),
    };
  });
  const shared: Chain = {
    name: 'shared',
    rules: [`${address(context)} ${dice.pick(['drop', 'accept'])}`, `${ask()} drop`],
  };
  return { name: 'netdev edge', sets: [], chains: [...chains, shared] };
}

export type TableFamily = 'inet' | 'ip' | 'ip6';

export interface Context {
  readonly dice: Dice;
  readonly table: TableFamily;
  readonly sets: readonly NamedSet[];
  /** Chains that a rule may call. */
  readonly callable: readonly string[];
  readonly hook: string;
  readonly early: boolean;
  /** What the kernel has is read too. */
  readonly bytecode?: boolean;
}

const priorities: Readonly<Record<string, readonly number[]>> = {
  prerouting: [-300, -250, -150, -90, 0],
  input: [-10, 0, 0, 10],
  forward: [-10, 0, 0, 10],
  output: [-300, -150, 0, 0, 10],
  postrouting: [-150, 0, 90, 110, 300],
};

function table(dice: Dice, family: TableFamily, name: string, bytecode: boolean): Table {
  const callable = ['side', 'tail', 'deep'].slice(0, dice.below(4));
  const bare: Context = { dice, table: family, sets: [], callable, hook: '', early: false, bytecode };
  const sets = namedSets(bare);
  const hooks = dice.some(['prerouting', 'input', 'forward', 'output', 'postrouting'], 1 + dice.below(4));
  const bases = [...hooks, ...(dice.once(3) ? [dice.pick(hooks)] : [])].map((hook, index): Chain => {
    const priority = dice.pick(priorities[hook]!);
    const policy =
      hook === 'prerouting' || hook === 'postrouting'
        ? dice.once(6)
          ? 'drop'
          : 'accept'
        : dice.pick(['accept', 'drop']);
    const type = hook === 'output' && dice.once(6) ? 'route' : 'filter';
    return {
      name: `${hook}_${index}`,
      base: `type ${type} hook ${hook} priority ${priority}; policy ${policy};`,
      rules: rulesOf({ ...bare, sets, hook, early: priority <= -200 }, 1 + dice.below(7)),
    };
  });
  // A chain may call those after it only, so that no circle arises.
  const sides = callable.map((one, index): Chain => {
    const context = {
      ...bare,
      sets: sets.filter(({ kind, elements }) => kind === 'set' || !elements.some((text) => /jump|goto/.test(text))),
      callable: callable.slice(index + 1),
      hook: 'side',
    };
    return { name: one, rules: rulesOf(context, 1 + dice.below(5)) };
  });
  return { name: `${family} ${name}`, sets, chains: [...bases, ...sides] };
}

function rulesOf(context: Context, count: number): readonly string[] {
  return Array.from({ length: count }, () => rule(context));
}

export function familyFor({ table: family, dice }: Context): Family {
  return family === 'ip' ? 'ip4' : family === 'ip6' ? 'ip6' : dice.pick(['ip4', 'ip4', 'ip6'] as const);
}

export function operator(dice: Dice): string {
  return dice.once(4) ? '!= ' : '';
}

export const word = (family: Family): string => (family === 'ip4' ? 'ip' : 'ip6');

function address(context: Context): string {
  const { dice } = context;
  const family = familyFor(context);
  const side = dice.pick(['saddr', 'daddr']);
  const set = context.sets.filter(
    ({ name, kind }) => kind === 'set' && (family === 'ip4' ? /^(?:nets4|hosts4|timed4)$/ : /^nets6$/).test(name),
  );
  const head = `${word(family)} ${side} ${operator(dice)}`;
  if (set.length > 0 && dice.once(3)) return `${head}@${dice.pick(set).name}`;
  if (dice.once(3)) return `${head}{ ${words.addressList(dice, family)} }`;
  if (dice.once(40))
    return `${word(family)} ${side} & ${family === 'ip4' ? '0.0.0.255' : '::ffff'} ${dice.pick(['==', '!='])} ${family === 'ip4' ? `0.0.0.${dice.pick([1, 7, 9, 80])}` : '::7'}`;
  return head + words.anAddress(dice, family);
}

function names(dice: Dice): string {
  const one = dice.pick(['"wan0"', '"lan0"', '"lan1"', '"dmz0"', '"lan*"', '"eth9"']);
  return dice.once(4) ? `{ ${dice.some(['"wan0"', '"lan0"', '"lan1"', '"dmz0"'], 2).join(', ')} }` : one;
}

function port({ dice, sets }: Context): string {
  // The listing of a port of any protocol does not decide by itself.
  const head = `${dice.once(30) ? 'th' : dice.pick(['tcp', 'tcp', 'udp'])} ${dice.pick(['dport', 'dport', 'dport', 'sport'])}`;
  if (sets.some(({ name }) => name === 'services') && dice.once(3)) return `${head} ${operator(dice)}@services`;
  switch (dice.below(5)) {
    case 0:
      return `${head} ${operator(dice)}{ ${words.portList(dice)} }`;
    case 1:
      return `${head} ${dice.pick(['<', '>', '<=', '>='])} ${dice.pick([25, 1024, 8080])}`;
    default:
      return `${head} ${perhapsNot(dice, operator(dice), words.aPortRange(dice))}`;
  }
}

const flags = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg'] as const;

function tcpFlags(dice: Dice): string {
  const mask = dice.some(flags, 1 + dice.below(3));
  const value = dice.some(mask, dice.below(mask.length + 1));
  return dice.pick([
    'tcp flags syn',
    `tcp flags ${dice.pick(flags)}`,
    `tcp flags != ${dice.pick(flags)}`,
    'tcp flags & (fin | syn | rst | ack) == syn',
    `tcp flags & (${mask.join(' | ')}) ${dice.pick(['==', '!='])} ${value.length > 0 ? value.join(' | ') : '0x0'}`,
    'tcp flags syn / syn,ack',
    `tcp flags { ${dice.pick(flags)}, syn | ack }`,
    'tcp flags & (syn | ack) == { syn, ack }',
  ]);
}

function state(dice: Dice): string {
  const states = dice.some(['new', 'established', 'related', 'invalid', 'untracked'], 1 + dice.below(3));
  return dice.pick([
    `ct state ${states.join(',')}`,
    `ct state { ${states.join(', ')} }`,
    `ct state != ${states[0]}`,
    'ct state new',
    'ct state established,related',
    `ct original proto-${dice.pick(['dst', 'dst', 'src'])} ${operator(dice)}${words.aPort(dice)}`,
    `ct direction ${dice.pick(['original', 'reply'])}`,
    `ct status ${dice.pick(['dnat', 'snat', 'dnat,snat', 'seen-reply', '!= dnat', '& (dnat | snat) == dnat', '& (dnat | seen-reply) != dnat'])}`,
    // Before a test of a port nft leaves "ct protocol tcp" out of its listing.
    `ct ${dice.pick(['', 'original ', 'reply '])}protocol ${operator(dice)}${dice.pick(['47', '50'])}`,
    `meta l4proto ${dice.pick(['tcp', 'udp'])} ct reply proto-${dice.pick(['dst', 'src'])} ${operator(dice)}${words.aPortRange(dice)}`,
  ]);
}

function mark(dice: Dice): string {
  const key = dice.pick(['meta mark', 'meta mark', 'ct mark']);
  const value = words.hex(dice.pick(words.marks));
  return dice.pick([
    `${key} ${operator(dice)}${value}`,
    `${key} & ${words.hex(dice.pick([0xff, 0x10, 0xf, 0x8000_0000]))} ${dice.pick(['==', '!='])} ${value}`,
    `${key} { ${dice.some([1, 2, 3, 0x10, 0xff], 2).map(words.hex).join(', ')} }`,
    `${key} ${dice.pick(['1-3', '0x10-0x1f', '< 0x10', '> 0x1'])}`,
    `${key} ${operator(dice)}${value}`,
  ]);
}

function concatenation(context: Context): string {
  const { dice, sets } = context;
  const has = (name: string): boolean => sets.some((one) => one.name === name) && dice.once(2);
  if (has('pairs4') && context.table !== 'ip6')
    return `ip ${dice.pick(['saddr', 'daddr'])} . ${dice.pick(['tcp', 'udp', 'th'])} dport ${operator(dice)}@pairs4`;
  if (has('pairs6') && context.table !== 'ip')
    return `ip6 ${dice.pick(['saddr', 'daddr'])} . ${dice.pick(['tcp', 'udp', 'th'])} dport ${operator(dice)}@pairs6`;
  if (has('triples') && context.table !== 'ip6')
    return `meta l4proto . ip ${dice.pick(['saddr', 'daddr'])} . th dport ${operator(dice)}@triples`;
  if (has('flows')) return `meta l4proto . th dport ${operator(dice)}@flows`;
  if (has('ways') && context.table !== 'ip6') return `iifname . ip ${dice.pick(['saddr', 'daddr'])} @ways`;
  const family = familyFor(context);
  const ip = word(family);
  return dice.pick([
    () =>
      `${ip} daddr . tcp dport ${operator(dice)}{ ${concatenated(dice, () => `${words.aPrefix(dice, family)} . ${words.aPortRange(dice)}`).join(', ')} }`,
    () =>
      `${ip} saddr . ${ip} daddr { ${concatenated(dice, () => `${words.aPrefix(dice, family)} . ${words.anAddress(dice, family)}`).join(', ')} }`,
    () =>
      `meta l4proto . th dport { ${concatenated(dice, () => `${dice.pick(['tcp', 'udp'])} . ${words.aPortRange(dice)}`).join(', ')} }`,
    () => `iifname . oifname { "wan0" . "${dice.pick(['dmz0', 'lan0'])}", "lan0" . "wan0" }`,
    () => `iifname . tcp dport { "${dice.pick(['wan0', 'lan0'])}" . ${words.aPort(dice)}, "dmz0" . 80 }`,
    () => `ct state . meta mark { new . 0x1, new . 0x0 }`,
    () => `${ip} saddr . meta mark { ${words.aPrefix(dice, family)} . ${words.hex(dice.pick(words.marks))} }`,
  ])();
}

function local(context: Context): string {
  const { dice } = context;
  const side = dice.pick(['daddr', 'daddr', 'saddr']);
  if (dice.once(8)) return `fib ${side} . iif type ${dice.pick(['local', '!= local', 'unicast'])}`;
  return `fib ${side} type ${dice.pick(['local', 'local', '!= local', '{ local, broadcast, multicast }', 'unicast', 'multicast', 'broadcast'])}`;
}

function header(context: Context): string {
  const { dice, table: family } = context;
  return dice.pick([
    () =>
      `meta l4proto ${operator(dice)}${dice.pick(['tcp', 'udp', 'icmp', 'ipv6-icmp', '47', '{ tcp, udp }', '{ icmp, 50-52 }'])}`,
    () =>
      family === 'ip6'
        ? `ip6 nexthdr ${operator(dice)}${dice.pick(['tcp', 'udp', '{ tcp, ipv6-icmp }'])}`
        : `ip protocol ${operator(dice)}${dice.pick(['tcp', 'udp', 'icmp', '{ tcp, udp }'])}`,
    () =>
      family === 'inet'
        ? `meta nfproto ${operator(dice)}${dice.pick(['ipv4', 'ipv6'])}`
        : `meta l4proto ${dice.pick(['tcp', 'udp'])}`,
    () =>
      family === 'ip6'
        ? `icmpv6 type ${operator(dice)}${dice.pick(['echo-request', 'echo-reply', '{ echo-request, destination-unreachable }'])}`
        : `icmp type ${operator(dice)}${dice.pick(['echo-request', 'echo-reply', '{ echo-request, timestamp-request }', 'destination-unreachable', '8-13'])}`,
    () =>
      family === 'ip'
        ? `icmp code ${operator(dice)}${dice.pick(['0', '1', 'port-unreachable'])}`
        : `icmpv6 type ${dice.pick(['echo-request', '1-128'])} icmpv6 code ${dice.pick(['0', 'admin-prohibited'])}`,
  ])();
}

export function match(context: Context): string {
  const { dice } = context;
  if (context.bytecode && dice.once(5)) return garbled(context);
  if (dice.once(25)) return bits(context);
  switch (dice.below(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return address(context);
    case 4:
    case 5:
    case 6:
      return port(context);
    case 7:
      if (dice.once(4)) return `iif ${operator(dice)}${dice.pick(['"wan0"', '"lan0"', '{ "lan1", "dmz0" }'])}`;
      return `iifname ${operator(dice)}${names(dice)}`;
    case 8:
      if (dice.once(4)) return `oif ${operator(dice)}${dice.pick(['"wan0"', '"lan0"', '{ "lan1", "dmz0" }'])}`;
      return `oifname ${operator(dice)}${names(dice)}`;
    case 9:
      if (dice.once(8))
        return `ether saddr ${operator(dice)}${dice.pick(['02:00:5e:10:00:01', '{ 02:00:5e:10:00:01, 02:00:5e:10:00:09 }'])}`;
      if (dice.once(8)) return 'limit rate 50/second burst 3 packets';
      return tcpFlags(dice);
    case 10:
    case 11:
      return state(dice);
    case 12:
      return mark(dice);
    case 13:
      return concatenation(context);
    case 14:
      return dice.once(2)
        ? local(context)
        : `ct ${dice.pick(['original', 'reply'])} ${context.table === 'inet' ? 'ip ' : ''}${dice.pick(['saddr', 'daddr'])} ${operator(dice)}${dice.pick(words.hosts[context.table === 'ip6' ? 'ip6' : 'ip4'])}`;
    default:
      return header(context);
  }
}

function action(context: Context): string {
  const { dice } = context;
  switch (dice.below(14)) {
    case 0:
    case 1:
      return `${dice.pick(['meta mark', 'meta mark', 'ct mark'])} set ${words.hex(dice.pick(words.marks))}`;
    case 2:
      return dice.pick([
        'meta mark set ct mark',
        'ct mark set meta mark',
        'meta mark set meta mark | 0x10',
        'meta mark set meta mark & 0xfffffff0',
        'ct mark set ct mark ^ 0x3',
        'meta mark set ct mark & 0xff',
        'ct mark set meta mark | 0x100',
      ]);
    case 3:
      return context.early || dice.once(10) ? 'notrack' : 'counter';
    case 4:
      if (context.sets.some(({ name }) => name === 'places') && context.table !== 'ip6' && dice.once(2))
        return `${dice.pick(['meta mark', 'ct mark'])} set ip ${dice.pick(['saddr', 'daddr'])} map @places`;
      return context.sets.some(({ name }) => name === 'labels')
        ? 'meta mark set tcp dport map @labels'
        : `meta mark set ${dice.pick(['tcp', 'udp'])} dport map { 22 : 0x1, 80-443 : 0x2 }`;
    case 5:
      return `reject${dice.pick(['', '', ' with tcp reset', ' with icmpx type admin-prohibited'])}`;
    default:
      return verdict(context);
  }
}

function verdictMap(context: Context): string {
  const { dice, sets } = context;
  const v = (): string => verdict(context);
  const family = familyFor(context);
  const has = (name: string): boolean => sets.some((one) => one.name === name);
  if (has('doors') && dice.once(2)) return `${dice.pick(['tcp', 'udp', 'th'])} dport vmap @doors`;
  if (has('sides') && context.table !== 'ip6' && dice.once(2)) return `ip ${dice.pick(['saddr', 'daddr'])} vmap @sides`;
  if (has('desks') && context.table !== 'ip6' && dice.once(2))
    return `ip ${dice.pick(['saddr', 'daddr'])} . ${dice.pick(['tcp', 'udp'])} dport vmap @desks`;
  return dice.pick([
    () => `icmp type vmap { echo-request : ${v()}, 13 : ${v()} }`,
    () => `ct mark vmap { 0x0 : ${v()}, 0x1 : ${v()} }`,
    () => `oifname vmap { "wan0" : ${v()}, "lan*" : ${v()} }`,
    () => `jump { ${match(context)} ${verdict({ ...context, callable: [] })}; ${match(context)} ${v()}; }`,
    () =>
      `${dice.pick(['tcp', 'udp'])} dport vmap { ${words
        .portList(dice)
        .split(', ')
        .map((one) => `${one} : ${v()}`)
        .join(', ')} }`,
    () =>
      `${word(family)} ${dice.pick(['saddr', 'daddr'])} vmap { ${words
        .addressList(dice, family)
        .split(', ')
        .map((one) => `${one} : ${v()}`)
        .join(', ')} }`,
    () => `iifname vmap { "wan0" : ${v()}, "lan0" : ${v()} }`,
    () => `iifname . tcp dport vmap { "wan0" . 22 : ${v()}, "lan0" . 80 : ${v()} }`,
    () => `ct state vmap { new : ${v()}, invalid : ${v()}, untracked : ${v()} }`,
    () => `meta mark vmap { 0x1 : ${v()}, 0x10-0x1f : ${v()}, 0x0 : ${v()} }`,
    () => `meta l4proto vmap { tcp : ${v()}, udp : ${v()} }`,
    () =>
      `${word(family)} saddr . tcp dport vmap { ${words.aPrefix(dice, family)} . ${words.aPortRange(dice)} : ${v()} }`,
    () => `tcp flags vmap { syn : ${v()}, syn | ack : ${v()} }`,
  ])();
}

function rule(context: Context): string {
  const { dice } = context;
  const matches = Array.from({ length: dice.pick([0, 1, 1, 1, 2, 2, 3]) }, () => match(context));
  if (dice.once(7)) return [...matches, verdictMap(context)].join(' ');
  const first = action(context);
  const parts = [...matches, first];
  // What an earlier statement did stays done where a later match fails.
  if (/ set |^notrack|^counter/.test(first)) {
    if (dice.once(3)) parts.push(match(context));
    if (dice.once(2)) parts.push(verdict(context));
  }
  const text = parts.join(' ');
  if (context.bytecode) return text;
  if (isGarbled(text)) return rule(context);
  // Beside this answer nft 1.0.6 leaves "meta nfproto" out of its listing, as what goes without saying.
  return text.includes('meta nfproto') ? text.replace(' with tcp reset', '') : text;
}

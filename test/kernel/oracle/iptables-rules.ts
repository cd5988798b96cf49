import type { Family } from '../../../agent/model/index.js';
import type { Dice } from './dice.js';
import type { Chain, Ruleset, Table } from './ruleset.js';
import * as words from './words.js';

/** A random ruleset in the language of iptables, for both families, with sets of ipset. */
export function iptablesRuleset(dice: Dice, backEnd: 'iptables-nft' | 'iptables-legacy'): Ruleset {
  const tables = (['ip', 'ip6'] as const).flatMap((family) => tableNames.map((name) => table(dice, family, name)));
  return { backEnd, tables: [setsOf(dice), ...tables] };
}

type TableName = 'raw' | 'mangle' | 'nat' | 'filter';
const tableNames = ['raw', 'mangle', 'nat', 'filter'] as const;

export const builtIn: Readonly<Record<TableName, readonly string[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
};

interface Context {
  readonly dice: Dice;
  readonly family: Family;
  readonly table: TableName;
  readonly chain: string;
  readonly callable: readonly string[];
}

/** The sets stand in a table of their own, which every ruleset has. */
function setsOf(dice: Dice): Table {
  const draw = (count: number, one: () => string): readonly string[] => [
    ...new Set(Array.from({ length: 1 + dice.below(count) }, one)),
  ];
  const members = (family: Family): readonly string[] =>
    words.apart(3, () => words.aPrefix(dice, family), words.addressBounds).filter((one) => one !== '0.0.0.0/1');
  const service = (): string => `${dice.pick(['tcp', 'udp'])}:${words.aPort(dice)}`;
  const set = (name: string, head: string, elements: readonly string[]) => ({
    name,
    kind: 'set' as const,
    head,
    elements,
  });
  return {
    name: 'ipset',
    chains: [],
    sets: [
      set('nets4', 'hash:net family inet', members('ip4')),
      set('nets6', 'hash:net family inet6', members('ip6')),
      set('hosts4', 'hash:ip family inet', dice.some(words.hosts.ip4, 2)),
      set(
        'netports4',
        'hash:net,port family inet',
        draw(3, () => `${dice.pick(words.hosts.ip4)},${service()}`),
      ),
      set('holes4', 'hash:net family inet', ['10.0.0.0/8', '10.0.5.0/24 nomatch', '10.0.5.7']),
      set(
        'ports',
        'bitmap:port range 0-65535',
        draw(3, () => String(words.aPort(dice))),
      ),
      set(
        'pairs4',
        'hash:ip,port,ip family inet',
        draw(2, () => `${dice.pick(words.hosts.ip4)},${service()},${dice.pick(words.hosts.ip4)}`),
      ),
      set(
        'ways4',
        'hash:net,iface family inet',
        draw(3, () => `${dice.pick(words.networks.ip4)},${dice.pick(['wan0', 'lan0', 'dmz0'])}`),
      ),
      set(
        'routes4',
        'hash:net,net family inet',
        draw(2, () => `${dice.pick(words.networks.ip4)},${dice.pick(words.networks.ip4)}`),
      ),
      set(
        'netports6',
        'hash:net,port family inet6',
        draw(3, () => `${dice.pick(words.networks.ip6)},${service()}`),
      ),
      set('clients4', 'bitmap:ip range 10.0.5.0/24', ['10.0.5.7', '10.0.5.16-10.0.5.31']),
      set('both4', 'list:set size 8', dice.some(['nets4', 'hosts4', 'netports4'], 2)),
    ],
  };
}

const rulesMax: Readonly<Record<TableName, number>> = { raw: 3, mangle: 4, nat: 4, filter: 8 };

function table(dice: Dice, family: 'ip' | 'ip6', name: TableName): Table {
  const bare = { dice, family: family === 'ip' ? ('ip4' as const) : ('ip6' as const), table: name };
  const used = name === 'filter' || dice.once(2);
  const callable = used ? ['side', 'tail', 'deep'].slice(0, dice.below(4)) : [];
  const bases = builtIn[name].map((chain): Chain => {
    const policy =
      name === 'filter' ? dice.pick(['ACCEPT', 'DROP']) : dice.once(12) && used && name !== 'nat' ? 'DROP' : 'ACCEPT';
    const count = used && dice.below(3) > 0 ? dice.below(rulesMax[name] + 1) : 0;
    // Chains that translate destinations may not be called where sources are translated.
    const calls = name === 'nat' && (chain === 'POSTROUTING' || chain === 'INPUT') ? [] : callable;
    const context = { ...bare, chain, callable: calls };
    return { name: chain, base: policy, rules: Array.from({ length: count }, () => rule(context)) };
  });
  const sides = callable.map((chain, index): Chain => {
    const context = { ...bare, chain, callable: callable.slice(index + 1) };
    return { name: chain, rules: Array.from({ length: 1 + dice.below(4) }, () => rule(context)) };
  });
  const tracking: Chain = { name: 'tracking', rules: ['-m conntrack --ctstate NEW'] };
  return {
    name: `${family} ${name}`,
    sets: [],
    chains: [...bases, ...sides, ...(name === 'filter' ? [tracking] : [])],
  };
}

function not(dice: Dice): string {
  return dice.once(4) ? '! ' : '';
}

function address({ dice, family }: Context): string {
  if (dice.once(8)) {
    const range = words.anAddress(dice, family);
    if (range.includes('-')) return `-m iprange ${not(dice)}--${dice.pick(['src', 'dst'])}-range ${range}`;
  }
  if (dice.once(12))
    return `${not(dice)}${dice.pick(['-s', '-d'])} ${dice.pick(
      family === 'ip4'
        ? ['10.0.0.7/255.0.0.255', '198.51.0.80/255.255.0.255', '0.0.0.1/0.0.0.3']
        : ['2001:db8:b::7/ffff:ffff::ffff', '::7/::f'],
    )}`;
  return `${not(dice)}${dice.pick(['-s', '-d'])} ${words.aPrefix(dice, family)}`;
}

function portRange(dice: Dice): string {
  return words.aPortRange(dice).replace('-', ':');
}

function portMatch(dice: Dice): string {
  const direction = dice.pick(['dport', 'dport', 'dport', 'sport']);
  if (dice.once(3)) {
    const list = words.portList(dice).replaceAll('-', ':').replaceAll(', ', ',');
    return `-m multiport ${not(dice)}--${dice.pick([`${direction}s`, `${direction}s`, 'ports'])} ${list}`;
  }
  return `${not(dice)}--${direction} ${portRange(dice)}`;
}

const flagNames = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'] as const;

/** What must come first: the protocol, with what it allows. */
function protocol({ dice, family }: Context): string {
  const icmp = family === 'ip4' ? 'icmp' : 'ipv6-icmp';
  switch (dice.below(10)) {
    case 0:
    case 1:
    case 2:
      return `-p tcp ${portMatch(dice)}`;
    case 3:
      return `-p udp ${portMatch(dice)}`;
    case 4: {
      const mask = dice.some(flagNames, 1 + dice.below(4));
      const value = dice.some(mask, dice.below(mask.length + 1));
      return `-p tcp ${dice.pick([`${not(dice)}--syn`, `${not(dice)}--tcp-flags ${mask.join(',')} ${value.join(',') || 'NONE'}`, `--tcp-flags ALL ${dice.pick(['NONE', 'ALL', 'SYN'])}`])}`;
    }
    case 5:
      return family === 'ip4'
        ? `-p icmp ${not(dice)}--icmp-type ${dice.pick(['8', '0', 'echo-request', '3/1', '3', '13/0', 'any'])}`
        : `-p ipv6-icmp ${not(dice)}--icmpv6-type ${dice.pick(['128', '129', 'echo-request', '1/3', '1'])}`;
    case 6:
      return `${not(dice)}-p ${dice.pick(['tcp', 'udp', icmp, '47', '50', '253'])}`;
    default:
      return '';
  }
}

function mark(dice: Dice): string {
  const value = words.hex(dice.pick(words.marks));
  return `-m ${dice.pick(['mark', 'mark', 'connmark'])} ${not(dice)}--mark ${value}${dice.once(2) ? `/${words.hex(dice.pick([0xff, 0xf, 0x8000_0000]))}` : ''}`;
}

function state(context: Context): string {
  const { dice, family } = context;
  const states = dice.some(
    ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED', 'DNAT', 'SNAT'],
    1 + dice.below(3),
  );
  return dice.pick([
    `-m conntrack ${not(dice)}--ctstate ${states.join(',')}`,
    `-m conntrack --ctstate ${dice.pick(['NEW', 'RELATED,ESTABLISHED', 'INVALID', 'NEW,UNTRACKED'])}`,
    `-m state --state ${dice.pick(['NEW', 'INVALID', 'RELATED,ESTABLISHED'])}`,
    `-m conntrack ${not(dice)}--ctorigdst ${words.aPrefix(dice, family)}`,
    `-m conntrack ${not(dice)}--ctorigsrc ${words.aPrefix(dice, family)}`,
    `-m conntrack --ctdir ${dice.pick(['ORIGINAL', 'REPLY'])}`,
    `-m conntrack ${not(dice)}--ctrepl${dice.pick(['src', 'dst'])} ${words.aPrefix(dice, family)}`,
    `-m conntrack ${not(dice)}--ctreplsrcport ${words.aPort(dice)}`,
    `-m conntrack ${not(dice)}--ctorigdstport ${words.aPort(dice)}`,
    `-m conntrack ${not(dice)}--ctproto ${dice.pick(['tcp', 'udp', '47'])}`,
    `-m conntrack ${not(dice)}--ctstatus ${dice.pick(['NONE', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED', 'EXPECTED'])}`,
  ]);
}

function setMatch({ dice, family }: Context): string {
  const side = dice.pick(['src', 'dst']);
  const known =
    family === 'ip4'
      ? [
          `nets4 ${side}`,
          `hosts4 ${side}`,
          `netports4 ${side},${dice.pick(['dst', 'src'])}`,
          `holes4 ${side}`,
          `ports ${side}`,
          'pairs4 src,dst,dst',
          'pairs4 dst,dst,src',
          `ways4 ${dice.pick(['src,src', 'dst,src', 'dst,dst'])}`,
          `routes4 ${dice.pick(['src,dst', 'dst,src'])}`,
          `clients4 ${side}`,
          `both4 ${side},dst`,
        ]
      : [`nets6 ${side}`, `ports ${side}`, `netports6 ${side},${dice.pick(['dst', 'src'])}`];
  return `-m set ${not(dice)}--match-set ${dice.pick(known)}`;
}

function match(context: Context): string {
  const { dice, chain } = context;
  switch (dice.below(12)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return address(context);
    case 4:
      return chain === 'OUTPUT' || chain === 'POSTROUTING'
        ? ''
        : `${not(dice)}-i ${dice.pick(['wan0', 'lan0', 'dmz0', 'lan+', 'eth9'])}`;
    case 5:
      return chain === 'PREROUTING' || chain === 'INPUT'
        ? ''
        : `${not(dice)}-o ${dice.pick(['wan0', 'lan0', 'dmz0', 'lan+', 'eth9'])}`;
    case 6:
      return mark(dice);
    case 7:
    case 8:
      return state(context);
    case 9:
      if (dice.once(8) && /^(?:PREROUTING|INPUT|FORWARD)$/.test(chain))
        return `-m mac ${not(dice)}--mac-source 02:00:5E:10:00:01`;
      if (dice.once(8)) return '-m limit --limit 50/sec --limit-burst 3';
      if (dice.once(8)) return `-m recent ${not(dice)}--set --name seen`;
      if (dice.once(8) && /^(?:OUTPUT|POSTROUTING)$/.test(chain)) return `-m owner ${not(dice)}--uid-owner 1000`;
      return `-m addrtype ${not(dice)}--${dice.pick(['dst', 'dst', 'src'])}-type ${dice.pick(['LOCAL', 'LOCAL', 'MULTICAST', 'LOCAL,MULTICAST', ...(context.family === 'ip6' ? ['UNICAST'] : [])])}`;
    default:
      return setMatch(context);
  }
}

function target(context: Context): string {
  const { dice, table: name, callable } = context;
  if (name === 'nat' && dice.below(3) > 0) return translation(context);
  if (callable.length > 0 && dice.once(4)) return `${dice.pick(['-j', '-j', '-g'])} ${dice.pick(callable)}`;
  if ((name === 'mangle' || name === 'filter') && dice.below(name === 'mangle' ? 2 : 8) === 0) {
    const value = words.hex(dice.pick(words.marks));
    return dice.pick([
      `-j MARK --set-mark ${value}`,
      `-j MARK --set-xmark ${value}/${words.hex(dice.pick([0xff, 0xf, 0xffff_ffff]))}`,
      `-j MARK --${dice.pick(['or', 'and', 'xor'])}-mark ${value}`,
      `-j CONNMARK --set-mark ${value}`,
      `-j CONNMARK --set-xmark ${value}/0xff`,
      '-j CONNMARK --save-mark',
      '-j CONNMARK --restore-mark',
      '-j CONNMARK --restore-mark --nfmask 0xf0 --ctmask 0xff',
    ]);
  }
  if (name === 'raw' && dice.once(2)) return dice.pick(['-j CT --notrack', '-j NOTRACK']);
  if (dice.once(16))
    return dice.pick(['', '-j LOG --log-prefix "seen: "', name === 'mangle' ? '-j TOS --set-tos 0x10' : '']);
  if (name === 'filter' && dice.once(6)) return `-j REJECT${dice.once(3) ? ' --reject-with tcp-reset' : ''}`;
  return `-j ${dice.pick(['ACCEPT', 'ACCEPT', 'DROP', 'DROP', 'RETURN'])}`;
}

function translation({ dice, family, chain }: Context): string {
  const host = dice.pick(dice.once(8) ? words.ownHosts[family] : words.hosts[family]);
  const withPort = family === 'ip6' ? `[${host}]` : host;
  if (chain === 'POSTROUTING' || chain === 'INPUT') {
    return dice.pick([
      `-j SNAT --to-source ${host}`,
      `-j SNAT --to-source ${withPort}:40000-40999`,
      chain === 'INPUT' ? '-j ACCEPT' : '-j MASQUERADE',
      '-j RETURN',
      '-j ACCEPT',
    ]);
  }
  return dice.pick([
    `-j DNAT --to-destination ${host}`,
    `-j DNAT --to-destination ${withPort}:${words.aPort(dice) || 1}`,
    `-j DNAT --to-destination ${family === 'ip4' ? '10.0.5.7-10.0.5.9' : host}`,
    `-j REDIRECT${dice.once(2) ? ` --to-ports ${words.aPort(dice) || 1}` : ''}`,
    family === 'ip4' ? '-j NETMAP --to 10.0.5.0/24' : `-j DNAT --to-destination ${host}`,
    '-j ACCEPT',
    '-j RETURN',
  ]);
}

function rule(context: Context): string {
  const { dice, table: name } = context;
  const head = protocol(context);
  const matches = Array.from({ length: dice.pick([0, 1, 1, 1, 2, 2]) }, () => match(context));
  const option = /(?:^| )(?:-[sdio]|-m (?:mark|connmark|addrtype|iprange|conntrack|state|limit|recent|owner))\b/;
  const flagOf = (text: string): string => option.exec(text)?.[0].trim() ?? text;
  const kept = matches.filter(
    (one, index) => one !== '' && matches.findIndex((other) => flagOf(other) === flagOf(one)) === index,
  );
  let end = target(context);
  const ported = /^-p (?:tcp|udp)/.test(head);
  if (!ported && /:\d+(?:-\d+)?$|--to-ports/.test(end) && name === 'nat') end = '-j ACCEPT';
  if (!head.startsWith('-p tcp')) end = end.replace(' --reject-with tcp-reset', '');
  return [head, ...kept, end].filter((one) => one !== '').join(' ');
}

import { type Firewalld, type FirewalldFile, valuesOf } from './firewalld-config.js';
import { interfaceWords, type Matcher, matcherOf, NotRead } from './firewalld-match.js';
import { type Ruled, type Rules, rulesOf } from './firewalld-rules.js';
import type { Placed } from './nft.js';

const CONF = '/etc/firewalld/firewalld.conf';

/** What firewalld would load, or why that is not known. */
export interface Loaded {
  readonly lines: readonly Placed[];
  /** Direct rules, as a save of iptables, by family. */
  readonly direct: { readonly ipv4: readonly Placed[]; readonly ipv6: readonly Placed[] };
  /** In sentences without their end; empty where all of it is known. */
  readonly notRead: readonly string[];
}

interface Zone {
  readonly name: string;
  readonly file: FirewalldFile;
  readonly rules: Rules;
  readonly interfaces: readonly string[];
  readonly sources: readonly string[];
}

interface Policy {
  readonly name: string;
  readonly file: FirewalldFile;
  readonly rules: Rules;
  readonly priority: number;
  readonly ingress: readonly string[];
  readonly egress: readonly string[];
}

/**
 * The table that firewalld 1.x makes of its permanent configuration with the nftables backend: the same hooks, the same
 * way of a packet through sources, interfaces, zones and policies, and of each of these the same rules, as far as they
 * let a new connection through or stop it. Logs, marks, helpers and modules are left out.
 */
export function firewalldLoads(config: Firewalld): Loaded {
  const nothing = { lines: [], direct: { ipv4: [], ipv6: [] } };
  try {
    const backend = config.settings.get('FIREWALLBACKEND') ?? 'nftables';
    if (backend !== 'nftables') throw new NotRead(`the backend ${backend}: only that of nftables is read`);
    if (config.broken.length > 0) throw new NotRead(`${config.broken.join(', ')}: no whole files of firewalld`);
    const direct = directRules(config);
    return { lines: tableOf(config), direct, notRead: [] };
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
    return { ...nothing, notRead: [error.message] };
  }
}

function tableOf(config: Firewalld): readonly Placed[] {
  const matcher = matcherOf(config);
  const usual = config.settings.get('DEFAULTZONE') ?? 'public';
  const zones = zonesOf(config, matcher, usual);
  const policies = policiesOf(config, matcher, zones);
  const made = (text: string): Placed => ({ file: CONF, line: 1, text });
  const hook = (name: string, type: string, lines: readonly string[]): readonly Placed[] => [
    made(`chain ${name} {`),
    made(`type ${type}; policy accept;`),
    ...lines.map(made),
    made('}'),
  ];
  const reserved =
    (config.settings.get('RFC3964_IPV4') ?? 'yes') === 'no' ? [] : [`ip6 daddr { ${RFC3964.join(', ')} } reject`];
  const rpfilter = config.settings.get('IPV6_RPFILTER') ?? 'yes';
  if (!['yes', 'no', 'strict', 'loose'].includes(rpfilter)) throw new NotRead(`IPv6_rpfilter=${rpfilter}`);
  const early =
    rpfilter === 'no'
      ? []
      : [
          'icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept',
          `meta nfproto ipv6 fib saddr . mark${rpfilter === 'loose' ? '' : ' . iif'} oif missing drop`,
        ];
  const known = ['ct state { established, related } accept', 'ct status dnat accept'];
  const body = [
    ...chainsOfZones(zones, usual, matcher),
    ...chainsOfPolicies(policies, zones, matcher),
    ...hook('filter_PREROUTING', 'filter hook prerouting priority filter + 10', early),
    ...hook('filter_INPUT', 'filter hook input priority filter + 10', [
      ...known,
      'iifname "lo" accept',
      'ct state invalid drop',
      'jump filter_INPUT_ZONES',
      'reject',
    ]),
    ...hook('filter_FORWARD', 'filter hook forward priority filter + 10', [
      ...known,
      'iifname "lo" accept',
      'ct state invalid drop',
      ...reserved,
      'jump filter_FORWARD_ZONES',
      'reject',
    ]),
    ...hook('filter_OUTPUT', 'filter hook output priority filter + 10', [
      'ct state { established, related } accept',
      'oifname "lo" accept',
      ...reserved,
      'jump filter_OUTPUT_POLICIES_pre',
      'jump filter_OUTPUT_POLICIES_post',
    ]),
    ...hook('nat_PREROUTING', 'nat hook prerouting priority dstnat + 10', ['jump nat_PREROUTING_ZONES']),
    ...hook('nat_POSTROUTING', 'nat hook postrouting priority srcnat + 10', ['jump nat_POSTROUTING_ZONES']),
    ...hook('nat_OUTPUT', 'nat hook output priority -90', [
      'jump nat_OUTPUT_POLICIES_pre',
      'jump nat_OUTPUT_POLICIES_post',
    ]),
  ];
  return [made('table inet firewalld {'), ...matcher.sets().map(made), ...body, made('}')];
}

/** Networks of IPv6 that would carry addresses of IPv4 that lead nowhere (RFC 3964). */
const RFC3964: readonly string[] = [
  ...['::/96', '::ffff:0.0.0.0/96', '2002::/24', '2002:a00::/24', '2002:7f00::/24', '2002:a9fe::/32', '2002:ac10::/28'],
  ...['2002:c0a8::/32', '2002:e000::/19'],
];

/** Zones that a packet can meet: that of the default, and those with a source or an interface. */
function zonesOf(config: Firewalld, matcher: Matcher, usual: string): readonly Zone[] {
  if (!config.zones.has(usual)) throw new NotRead(`the default zone ${usual}, which is not there`);
  return [...config.zones]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, file]): readonly Zone[] => {
      const interfaces = valuesOf(file.root, 'interface', 'name');
      const macs = valuesOf(file.root, 'source', 'mac');
      if (macs.length > 0) throw new NotRead(`${file.path}: a source by its hardware address`);
      const sets = valuesOf(file.root, 'source', 'ipset').map((set) => `ipset:${set}`);
      const sources = [...valuesOf(file.root, 'source', 'address'), ...sets].sort();
      if (name !== usual && interfaces.length + sources.length === 0) return [];
      if (file.root.attributes.has('priority') || file.root.attributes.has('ingress-priority'))
        throw new NotRead(`${file.path}: a zone with a priority`);
      return [{ name, file, rules: rulesOf({ config, matcher, file }), interfaces, sources }];
    });
}

const SYMBOLS: readonly string[] = ['ANY', 'HOST'];

/** Policies that join zones which are there. */
function policiesOf(config: Firewalld, matcher: Matcher, zones: readonly Zone[]): readonly Policy[] {
  const isThere = (name: string): boolean =>
    SYMBOLS.includes(name) ||
    zones.some((zone) => zone.name === name && zone.interfaces.length + zone.sources.length > 0);
  return [...config.policies]
    .flatMap(([name, file]): readonly Policy[] => {
      // Since 2.4 one may lie there switched off.
      if (file.root.children.some((one) => one.name === 'disable')) return [];
      const [ingress, egress] = ['ingress-zone', 'egress-zone'].map((side) => valuesOf(file.root, side, 'name')) as [
        readonly string[],
        readonly string[],
      ];
      const target = file.root.attributes.get('target') ?? '';
      if (!['CONTINUE', 'ACCEPT', 'DROP', 'REJECT'].includes(target))
        throw new NotRead(`${file.path}: the target ${target}`);
      if (!ingress.some(isThere) || !egress.some(isThere)) return [];
      const priority = Number(file.root.attributes.get('priority') ?? -1);
      return [{ name, file, rules: rulesOf({ config, matcher, file }), priority, ingress, egress }];
    })
    .sort((a, b) => a.priority - b.priority || (a.name < b.name ? -1 : 1));
}

const PLACES = ['pre', 'deny', 'allow', 'post'] as const;

/** One chain for each place, under firewalld's own names: a limit is one by the place it stands in. */
function chainsOf(name: string, rules: readonly Ruled[]): readonly Placed[] {
  return PLACES.flatMap((place) => {
    const here = rules.filter((one) => one.place === place);
    const ordered = here
      .map((one, index) => ({ ...one, index }))
      .sort((a, b) => a.priority - b.priority || a.index - b.index);
    return chain(
      `${name}_${place}`,
      ordered.map(({ line }) => line),
    );
  });
}

type Hook = 'filter_INPUT' | 'filter_FORWARD' | 'filter_OUTPUT' | 'nat_PREROUTING' | 'nat_POSTROUTING' | 'nat_OUTPUT';

const CHAINS: Readonly<Record<Hook, string>> = {
  filter_INPUT: 'filter_IN_',
  filter_FORWARD: 'filter_FWD_',
  filter_OUTPUT: 'filter_OUT_',
  nat_PREROUTING: 'nat_PRE_',
  nat_POSTROUTING: 'nat_POST_',
  nat_OUTPUT: 'nat_OUT_',
};

/** Of what belongs to a hook: filters go with its own direction, translations with theirs. */
function rulesAt({ filter, incoming, outgoing }: Rules, hook: Hook): readonly Ruled[] {
  if (hook.startsWith('filter_')) return filter;
  return hook === 'nat_POSTROUTING' ? outgoing : incoming;
}

function chainsOfZones(zones: readonly Zone[], usual: string, matcher: Matcher): readonly Placed[] {
  const hooks = ['filter_INPUT', 'filter_FORWARD', 'nat_PREROUTING', 'nat_POSTROUTING'] as const;
  return hooks.flatMap((hook) => {
    const isOut = hook === 'nat_POSTROUTING';
    const dispatch = (zone: Zone, words: string): Placed => ({
      file: zone.file.path,
      line: zone.file.root.line,
      text: `${words} goto ${CHAINS[hook]}${zone.name}`.trim(),
    });
    const sources = zones.flatMap((zone) =>
      zone.sources.map((source) => dispatch(zone, matcher.address(isOut ? 'daddr' : 'saddr', source))),
    );
    // Each zone's interfaces are put before those that are there.
    const interfaces = [...zones]
      .reverse()
      .flatMap((zone) =>
        zone.interfaces.map((name) => dispatch(zone, interfaceWords(isOut ? 'oifname' : 'iifname', name))),
      );
    const last = dispatch(zones.find(({ name }) => name === usual)!, '');
    return [
      ...zones.flatMap((zone) => chainOfZone(zone, hook, matcher)),
      ...chain(`${hook}_ZONES`, [...sources, ...interfaces, last]),
    ];
  });
}

function chain(name: string, lines: readonly Placed[]): readonly Placed[] {
  const made = (text: string): Placed => ({ file: CONF, line: 1, text });
  return [made(`chain ${name} {`), ...lines, made('}')];
}

function chainOfZone({ name, file, rules, interfaces, sources }: Zone, hook: Hook, matcher: Matcher) {
  const { root, path } = file;
  const at = (text: string): Placed => ({ file: path, line: root.line, text });
  const target = root.attributes.get('target') ?? 'default';
  if (!['default', 'ACCEPT', 'DROP', 'REJECT', '%%REJECT%%'].includes(target))
    throw new NotRead(`${path}: the target ${target}`);
  const has = (wanted: string) => root.children.find((one) => one.name === wanted);
  const forward = has('forward');
  const within: readonly Placed[] =
    hook === 'filter_FORWARD' && forward && forward.attributes.get('enabled') !== 'no'
      ? [
          ...interfaces.map((one) => interfaceWords('oifname', one)),
          ...sources.map((one) => matcher.address('daddr', one)),
        ].map((words) => ({ file: path, line: forward.line, text: `${words} accept` }))
      : [];
  // What a zone's services, ports and rich rules let in is for the machine itself.
  const own = hook === 'filter_FORWARD' ? [] : rulesAt(rules, hook);
  const chainName = `${CHAINS[hook]}${name}`;
  const all = [...own, ...within.map((line): Ruled => ({ place: 'allow', priority: 0, line }))];
  const icmp = has('icmp-block-inversion')
    ? ['meta l4proto { icmp, ipv6-icmp } reject']
    : target === 'default'
      ? ['meta l4proto { icmp, ipv6-icmp } accept']
      : [];
  const ending = target === 'ACCEPT' ? 'accept' : target === 'DROP' ? 'drop' : 'reject';
  return [
    ...chainsOf(chainName, all),
    ...chain(chainName, [
      at(`jump ${hook}_POLICIES_pre`),
      ...PLACES.map((place) => at(`jump ${chainName}_${place}`)),
      at(`jump ${hook}_POLICIES_post`),
      ...(hook === 'filter_INPUT' ? icmp.map(at) : []),
      ...(hook.startsWith('filter_') ? [at(ending)] : []),
    ]),
  ];
}

/** The hooks that a policy stands in, by whom it joins: fw_policy.py, _get_table_chains_for_policy_dispatch. */
function hooksOf({ ingress, egress }: Policy, zones: readonly Zone[]): readonly Hook[] {
  const bare = !egress.some((name) => zones.some((zone) => zone.name === name && zone.interfaces.length > 0));
  if (egress.includes('HOST'))
    return ['filter_INPUT', ...(ingress.includes('ANY') ? (['nat_PREROUTING'] as const) : [])];
  if (ingress.includes('HOST')) return ['filter_OUTPUT', 'nat_OUTPUT'];
  const incoming = egress.includes('ANY') || bare;
  return ['filter_FORWARD', 'nat_POSTROUTING', ...(incoming ? (['nat_PREROUTING'] as const) : [])];
}

function chainsOfPolicies(policies: readonly Policy[], zones: readonly Zone[], matcher: Matcher): readonly Placed[] {
  const hooks = Object.keys(CHAINS) as readonly Hook[];
  for (const policy of policies) {
    const { rules, file } = policy;
    const own = hooksOf(policy, zones);
    const isLost = (hooked: readonly Hook[]): boolean => !own.some((hook) => hooked.includes(hook));
    if (rules.incoming.length > 0 && isLost(['nat_PREROUTING', 'nat_OUTPUT']))
      throw new NotRead(`${file.path}: a forward-port between these zones`);
    if (rules.outgoing.length > 0 && isLost(['nat_POSTROUTING'])) throw new NotRead(`${file.path}: a masquerade there`);
  }
  return hooks.flatMap((hook) => {
    const here = policies.filter((policy) => hooksOf(policy, zones).includes(hook));
    const dispatches = (wanted: readonly Policy[]): readonly Placed[] =>
      wanted.flatMap((policy) =>
        ways(policy, zones, matcher).map((words) => ({
          file: policy.file.path,
          line: policy.file.root.line,
          text: `${words} jump ${CHAINS[hook]}policy_${policy.name}`.trim(),
        })),
      );
    return [
      ...here.flatMap((policy) => chainOfPolicy(policy, hook)),
      ...chain(`${hook}_POLICIES_pre`, dispatches(here.filter(({ priority }) => priority < 0))),
      ...chain(`${hook}_POLICIES_post`, dispatches(here.filter(({ priority }) => priority >= 0))),
    ];
  });
}

/** How packets are known that go from one of a policy's zones to another: every interface and source with every other. */
function ways({ ingress, egress }: Policy, zones: readonly Zone[], matcher: Matcher): readonly string[] {
  const matches = (
    names: readonly string[],
    key: 'iifname' | 'oifname',
    side: 'saddr' | 'daddr',
  ): readonly string[] => {
    const some = zones.filter(({ name }) => names.includes(name));
    return [
      ...some.flatMap(({ interfaces }) => interfaces.map((name) => interfaceWords(key, name))),
      ...some.flatMap(({ sources }) => sources.map((source) => matcher.address(side, source))),
    ];
  };
  const [from, to] = [matches(ingress, 'iifname', 'saddr'), matches(egress, 'oifname', 'daddr')];
  const mixed = (one: string, other: string): boolean =>
    (one.startsWith('ip ') && other.startsWith('ip6 ')) || (one.startsWith('ip6 ') && other.startsWith('ip '));
  return (from.length === 0 ? [''] : from).flatMap((one) =>
    (to.length === 0 ? [''] : to).flatMap((other) => (mixed(one, other) ? [] : [`${one} ${other}`.trim()])),
  );
}

function chainOfPolicy({ name, file, rules }: Policy, hook: Hook): readonly Placed[] {
  const { root, path } = file;
  const at = (text: string): Placed => ({ file: path, line: root.line, text });
  const target = root.attributes.get('target') ?? '';
  const isEnd = target !== 'CONTINUE' && hook.startsWith('filter_');
  const chainName = `${CHAINS[hook]}policy_${name}`;
  return [
    ...chainsOf(chainName, rulesAt(rules, hook)),
    ...chain(chainName, [
      ...PLACES.map((place) => at(`jump ${chainName}_${place}`)),
      ...(isEnd ? [at(target.toLowerCase())] : []),
    ]),
  ];
}

/** Rules in the words of iptables that firewalld hands on as they are: firewalld.direct(5). */
function directRules({ direct }: Firewalld): Loaded['direct'] {
  const found: { ipv4: Placed[]; ipv6: Placed[] } = { ipv4: [], ipv6: [] };
  if (!direct) return found;
  const tables = new Map<string, { readonly chains: Map<string, Placed>; readonly rules: Placed[] }>();
  const ordered = [...direct.root.children].sort(
    (a, b) => Number(a.attributes.get('priority') ?? 0) - Number(b.attributes.get('priority') ?? 0),
  );
  for (const { name, line, attributes, text } of ordered) {
    const [family, table = 'filter', own] = [attributes.get('ipv'), attributes.get('table'), attributes.get('chain')];
    const isRule = name === 'rule' && own !== undefined;
    const isChain = name === 'chain' && own !== undefined;
    if ((family !== 'ipv4' && family !== 'ipv6') || (!isRule && !isChain))
      throw new NotRead(`${direct.path}:${line}: ${name} of ${family}`);
    const key = `${family} ${table}`;
    const known = tables.get(key) ?? { chains: new Map<string, Placed>(), rules: [] };
    tables.set(key, known);
    const place = (words: string): Placed => ({ file: direct.path, line, text: words });
    const builtIn = BUILT_IN[table];
    if (!builtIn) throw new NotRead(`${direct.path}:${line}: the table ${table}`);
    for (const one of builtIn) if (!known.chains.has(one)) known.chains.set(one, place(`:${one} ACCEPT [0:0]`));
    if (!known.chains.has(own)) known.chains.set(own, place(`:${own} - [0:0]`));
    if (isRule) known.rules.push(place(`-A ${own} ${text.trim()}`));
  }
  for (const [key, { chains, rules }] of tables) {
    const [family, table] = key.split(' ') as ['ipv4' | 'ipv6', string];
    const made = (text: string): Placed => ({ file: direct.path, line: 1, text });
    found[family].push(made(`*${table}`), ...chains.values(), ...rules, made('COMMIT'));
  }
  return found;
}

/** The chains that each table of iptables has by itself. */
const BUILT_IN: Readonly<Record<string, readonly string[]>> = {
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  raw: ['PREROUTING', 'OUTPUT'],
};

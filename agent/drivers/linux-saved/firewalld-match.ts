import { parseAddressSet } from '../../model/index.js';
import type { Firewalld } from './firewalld-config.js';
import type { Element } from './firewalld-xml.js';

/** What cannot be said in rules of nft, with why: what firewalld would load then is not known. */
export class NotRead extends Error {}

export interface Matcher {
  /** Words that match an address, a prefix or a set by name, on one side. */
  address(side: 'saddr' | 'daddr', text: string, invert?: boolean): string;
  /** The sets that were asked for, as nft declares them. */
  sets(): readonly string[];
}

/** An interface as nft spells it: a `+` at the end stands for the rest of a name. */
export function interfaceWords(key: 'iifname' | 'oifname', name: string): string {
  if (!/^[\w.:@-]+\+?$/.test(name)) throw new NotRead(`the interface ${name}`);
  return `${key} "${name.replace(/\+$/, '*')}"`;
}

function familyOf(text: string): 'ip' | 'ip6' {
  const set = parseAddressSet(text);
  if (!set || text.includes('-')) throw new NotRead(`the address ${text}`);
  return set.ip4.length > 0 ? 'ip' : 'ip6';
}

/** The words of nft for addresses, and for those of the sets that rules name. */
export function matcherOf({ ipsets }: Firewalld): Matcher {
  const used = new Map<string, { readonly family: 'ip' | 'ip6'; readonly text: string }>();
  const setOf = (name: string): 'ip' | 'ip6' => {
    const known = used.get(name);
    if (known) return known.family;
    const root = ipsets.get(name)?.root;
    const type = root?.attributes.get('type');
    if (!root || !/^[\w.-]+$/.test(name)) throw new NotRead(`the ipset ${name}, which is not there`);
    if (type !== 'hash:ip' && type !== 'hash:net') throw new NotRead(`the ipset ${name} of type ${type}`);
    const options = new Map(
      root.children
        .filter((one) => one.name === 'option')
        .map(({ attributes }) => [attributes.get('name'), attributes.get('value')] as const),
    );
    if (options.has('timeout')) throw new NotRead(`the ipset ${name}, whose members come and go`);
    const family = options.get('family') === 'inet6' ? 'ip6' : 'ip';
    const members = root.children.filter((one) => one.name === 'entry').map(({ text }) => text.trim());
    for (const member of members)
      if (!parseAddressSet(member)) throw new NotRead(`the member ${member} of the ipset ${name}`);
    const elements = members.length === 0 ? '' : `elements = { ${members.join(', ')} }; `;
    const kind = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
    used.set(name, { family, text: `set ${name} { type ${kind}; flags interval; auto-merge; ${elements}}` });
    return family;
  };
  return {
    address(side, text, invert = false) {
      const not = invert ? '!= ' : '';
      if (text.startsWith('ipset:')) {
        const name = text.slice('ipset:'.length);
        return `${setOf(name)} ${side} ${not}@${name}`;
      }
      if (/^(?:[\dA-Fa-f]{2}:){5}[\dA-Fa-f]{2}$/.test(text)) {
        if (side === 'daddr') throw new NotRead(`the hardware address ${text} of a destination`);
        return `ether saddr ${not}${text.toLowerCase()}`;
      }
      return `${familyOf(text)} ${side} ${not}${text}`;
    },
    sets: () => [...used.values()].map(({ text }) => text),
  };
}

const PROTOCOLS: readonly string[] = ['tcp', 'udp', 'sctp', 'dccp'];

/** `tcp dport 8080-8090`, of an element with a port and a protocol. */
export function portWords({ attributes }: Element, key: 'dport' | 'sport'): string {
  const [port = '', protocol = ''] = [attributes.get('port'), attributes.get('protocol')];
  if (!/^\d{1,5}(?:-\d{1,5})?$/.test(port) || !PROTOCOLS.includes(protocol))
    throw new NotRead(`the port ${port} of protocol ${protocol}`);
  return `${protocol} ${key} ${port}`;
}

export function protocolWords(value: string | undefined): string {
  if (value === undefined || !/^[\w-]+$/.test(value)) throw new NotRead(`the protocol ${value}`);
  return `meta l4proto ${value}`;
}

/** What a service stands for: one match a port or protocol, with what it includes; firewalld.service(5). */
export function serviceWords(
  config: Firewalld,
  matcher: Matcher,
  name: string,
  seen: string[] = [],
): readonly string[] {
  if (seen.includes(name)) return [];
  seen.push(name);
  const root = config.services.get(name)?.root;
  if (!root) throw new NotRead(`the service ${name}, which is not there`);
  const children = (wanted: string): readonly Element[] => root.children.filter((one) => one.name === wanted);
  const own = [
    ...children('port').flatMap((one) =>
      // A port of 0 or none stands for the protocol.
      (one.attributes.get('port') ?? '') === ''
        ? protocolWords(one.attributes.get('protocol'))
        : portWords(one, 'dport'),
    ),
    ...children('protocol').map((one) => protocolWords(one.attributes.get('value'))),
    ...children('source-port').map((one) => portWords(one, 'sport')),
  ];
  const targets = children('destination').flatMap(({ attributes }) =>
    ['ipv4', 'ipv6'].flatMap((family) => {
      const address = attributes.get(family);
      return address === undefined ? [] : [matcher.address('daddr', address)];
    }),
  );
  const included = children('include').flatMap((one) =>
    serviceWords(config, matcher, one.attributes.get('service') ?? '', seen),
  );
  const matches = targets.length === 0 ? own : targets.flatMap((target) => own.map((words) => `${target} ${words}`));
  return [...included, ...matches];
}

/** What each name stands for in each family, as firewalld's nftables.py has it: a type, and a code where one is meant. */
const ICMP4: Readonly<Record<string, string>> = {
  ...{
    'echo-reply': 'echo-reply',
    'echo-request': 'echo-request',
    redirect: 'redirect',
    'source-quench': 'source-quench',
  },
  ...{ 'destination-unreachable': 'destination-unreachable', 'time-exceeded': 'time-exceeded' },
  ...{ 'parameter-problem': 'parameter-problem', 'router-advertisement': 'router-advertisement' },
  ...{ 'router-solicitation': 'router-solicitation', 'timestamp-request': 'timestamp-request' },
  'timestamp-reply': 'timestamp-reply',
  ...coded('destination-unreachable', 'icmp', {
    ...{ 'network-unreachable': 0, 'host-unreachable': 1, 'protocol-unreachable': 2, 'port-unreachable': 3 },
    ...{ 'fragmentation-needed': 4, 'source-route-failed': 5, 'network-unknown': 6, 'host-unknown': 7 },
    ...{ 'network-prohibited': 8, 'host-prohibited': 10, 'tos-network-unreachable': 11, 'tos-host-unreachable': 12 },
    ...{ 'communication-prohibited': 13, 'host-precedence-violation': 14, 'precedence-cutoff': 15 },
  }),
  ...coded('redirect', 'icmp', {
    ...{ 'network-redirect': 0, 'host-redirect': 1, 'tos-network-redirect': 2, 'tos-host-redirect': 3 },
  }),
  ...coded('parameter-problem', 'icmp', { 'ip-header-bad': 1, 'required-option-missing': 1 }),
  ...coded('time-exceeded', 'icmp', { 'ttl-zero-during-transit': 0, 'ttl-zero-during-reassembly': 1 }),
};

const ICMP6: Readonly<Record<string, string>> = {
  ...{ 'echo-reply': 'echo-reply', 'echo-request': 'echo-request', redirect: 'nd-redirect' },
  ...{ 'destination-unreachable': 'destination-unreachable', 'time-exceeded': 'time-exceeded' },
  ...{ 'parameter-problem': 'parameter-problem', 'packet-too-big': 'packet-too-big' },
  ...{ 'router-advertisement': 'nd-router-advert', 'router-solicitation': 'nd-router-solicit' },
  ...{ 'neighbour-advertisement': 'nd-neighbor-advert', 'neighbour-solicitation': 'nd-neighbor-solicit' },
  ...{ 'mld-listener-query': 'mld-listener-query', 'mld-listener-report': 'mld-listener-report' },
  ...{ 'mld-listener-done': 'mld-listener-done', 'mld2-listener-report': 'mld2-listener-report' },
  ...coded('destination-unreachable', 'icmpv6', {
    ...{ 'no-route': 0, 'communication-prohibited': 1, 'beyond-scope': 2, 'address-unreachable': 3 },
    ...{ 'port-unreachable': 4, 'failed-policy': 5, 'reject-route': 6 },
  }),
  ...coded('parameter-problem', 'icmpv6', { 'bad-header': 0, 'unknown-header-type': 1, 'unknown-option': 2 }),
  ...coded('time-exceeded', 'icmpv6', { 'ttl-zero-during-transit': 0, 'ttl-zero-during-reassembly': 1 }),
};

function coded(type: string, family: 'icmp' | 'icmpv6', codes: Readonly<Record<string, number>>) {
  return Object.fromEntries(Object.entries(codes).map(([name, code]) => [name, `${type} ${family} code ${code}`]));
}

export function icmpWords(name = ''): readonly string[] {
  const words = [
    ...(Object.hasOwn(ICMP4, name) ? [`icmp type ${ICMP4[name]}`] : []),
    ...(Object.hasOwn(ICMP6, name) ? [`icmpv6 type ${ICMP6[name]}`] : []),
  ];
  if (words.length === 0) throw new NotRead(`the ICMP type ${name}`);
  return words;
}

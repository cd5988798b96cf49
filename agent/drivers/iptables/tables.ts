import type { BaseList, Family, Hook } from '../../model/index.js';

/** How the kernel calls a built-in chain. */
export interface BuiltIn {
  readonly hook: Hook;
  readonly priority: number;
  readonly type: BaseList['type'];
}

/**
 * The built-in chains, with the priorities of enum nf_ip_hook_priorities (linux/netfilter_ipv4.h; IPv6 has the same
 * numbers). `mangle` OUTPUT routes again when a rule changed the mark or an address; `nat` INPUT translates sources,
 * behind the filter, since Linux 2.6.36.
 */
export const builtIns: Readonly<Record<string, Readonly<Record<string, BuiltIn>>>> = {
  raw: {
    PREROUTING: { hook: 'prerouting', priority: -300, type: 'filter' },
    OUTPUT: { hook: 'output', priority: -300, type: 'filter' },
  },
  mangle: {
    PREROUTING: { hook: 'prerouting', priority: -150, type: 'filter' },
    INPUT: { hook: 'input', priority: -150, type: 'filter' },
    FORWARD: { hook: 'forward', priority: -150, type: 'filter' },
    OUTPUT: { hook: 'output', priority: -150, type: 'route' },
    POSTROUTING: { hook: 'postrouting', priority: -150, type: 'filter' },
  },
  nat: {
    PREROUTING: { hook: 'prerouting', priority: -100, type: 'nat' },
    INPUT: { hook: 'input', priority: 100, type: 'nat' },
    OUTPUT: { hook: 'output', priority: -100, type: 'nat' },
    POSTROUTING: { hook: 'postrouting', priority: 100, type: 'nat' },
  },
  filter: {
    INPUT: { hook: 'input', priority: 0, type: 'filter' },
    FORWARD: { hook: 'forward', priority: 0, type: 'filter' },
    OUTPUT: { hook: 'output', priority: 0, type: 'filter' },
  },
  security: {
    INPUT: { hook: 'input', priority: 50, type: 'filter' },
    FORWARD: { hook: 'forward', priority: 50, type: 'filter' },
    OUTPUT: { hook: 'output', priority: 50, type: 'filter' },
  },
};

export function builtIn(table: string, chain: string): BuiltIn | undefined {
  const chains = Object.hasOwn(builtIns, table) ? builtIns[table] : undefined;
  return chains && Object.hasOwn(chains, chain) ? chains[chain] : undefined;
}

/**
 * Built-in chains that every save of the table prints (both back ends print them even where the kernel holds no such
 * chain), so that a save without one is damaged. Old kernels had no INPUT in `nat`.
 */
export function expectedChains(table: string): readonly string[] {
  return Object.keys(builtIns[table] ?? {}).filter((chain) => !(table === 'nat' && chain === 'INPUT'));
}

export const protocolNumbers: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  ggp: 3,
  ipencap: 4,
  ipip: 4,
  st: 5,
  tcp: 6,
  egp: 8,
  igp: 9,
  pup: 12,
  udp: 17,
  hmp: 20,
  'xns-idp': 22,
  rdp: 27,
  'iso-tp4': 29,
  dccp: 33,
  xtp: 36,
  ddp: 37,
  'idpr-cmtp': 38,
  ipv6: 41,
  'ipv6-route': 43,
  'ipv6-frag': 44,
  idrp: 45,
  rsvp: 46,
  gre: 47,
  esp: 50,
  'ipsec-esp': 50,
  ah: 51,
  'ipsec-ah': 51,
  skip: 57,
  icmp6: 58,
  icmpv6: 58,
  'ipv6-icmp': 58,
  'ipv6-nonxt': 59,
  'ipv6-opts': 60,
  rspf: 73,
  vmtp: 81,
  eigrp: 88,
  ospf: 89,
  ospfigp: 89,
  'ax.25': 93,
  etherip: 97,
  encap: 98,
  pim: 103,
  ipcomp: 108,
  vrrp: 112,
  carp: 112,
  l2tp: 115,
  isis: 124,
  sctp: 132,
  fc: 133,
  'mobility-header': 135,
  'ipv6-mh': 135,
  mh: 135,
  udplite: 136,
  'mpls-in-ip': 137,
  manet: 138,
  hip: 139,
  shim6: 140,
  wesp: 141,
  rohc: 142,
  ethernet: 143,
};

/** Names of /etc/services that hand-written rule files use; iptables-save itself prints numbers. */
export const serviceNumbers: Readonly<Record<string, number>> = {
  'ftp-data': 20,
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  time: 37,
  whois: 43,
  tacacs: 49,
  domain: 53,
  bootps: 67,
  bootpc: 68,
  tftp: 69,
  http: 80,
  www: 80,
  kerberos: 88,
  'iso-tsap': 102,
  acr_nema: 104,
  'acr-nema': 104,
  pop3: 110,
  'pop-3': 110,
  sunrpc: 111,
  auth: 113,
  ident: 113,
  nntp: 119,
  ntp: 123,
  'netbios-ns': 137,
  'netbios-dgm': 138,
  'netbios-ssn': 139,
  imap: 143,
  imap2: 143,
  snmp: 161,
  'snmp-trap': 162,
  snmptrap: 162,
  bgp: 179,
  ldap: 389,
  https: 443,
  'microsoft-ds': 445,
  isakmp: 500,
  syslog: 514,
  printer: 515,
  submission: 587,
  ipp: 631,
  ldaps: 636,
  rsync: 873,
  imaps: 993,
  pop3s: 995,
  socks: 1080,
  openvpn: 1194,
  'ms-sql-s': 1433,
  l2f: 1701,
  pptp: 1723,
  radius: 1812,
  'radius-acct': 1813,
  nfs: 2049,
  mysql: 3306,
  'ms-wbt-server': 3389,
  svn: 3690,
  'ipsec-nat-t': 4500,
  sip: 5060,
  'sip-tls': 5061,
  mdns: 5353,
  postgresql: 5432,
  vnc: 5900,
  x11: 6000,
};

/** First and last type × 256 + code, of `iptables -p icmp -h` and `ip6tables -p icmpv6 -h`. */
export const icmpNames: Readonly<Record<Family, Readonly<Record<string, readonly [number, number]>>>> = {
  ip4: {
    'echo-reply': type(0),
    pong: type(0),
    'destination-unreachable': type(3),
    'network-unreachable': code(3, 0),
    'host-unreachable': code(3, 1),
    'protocol-unreachable': code(3, 2),
    'port-unreachable': code(3, 3),
    'fragmentation-needed': code(3, 4),
    'source-route-failed': code(3, 5),
    'network-unknown': code(3, 6),
    'host-unknown': code(3, 7),
    'network-prohibited': code(3, 9),
    'host-prohibited': code(3, 10),
    'tos-network-unreachable': code(3, 11),
    'tos-host-unreachable': code(3, 12),
    'communication-prohibited': code(3, 13),
    'host-precedence-violation': code(3, 14),
    'precedence-cutoff': code(3, 15),
    'source-quench': type(4),
    redirect: type(5),
    'network-redirect': code(5, 0),
    'host-redirect': code(5, 1),
    'tos-network-redirect': code(5, 2),
    'tos-host-redirect': code(5, 3),
    'echo-request': type(8),
    ping: type(8),
    'router-advertisement': type(9),
    'router-solicitation': type(10),
    'time-exceeded': type(11),
    'ttl-exceeded': type(11),
    'ttl-zero-during-transit': code(11, 0),
    'ttl-zero-during-reassembly': code(11, 1),
    'parameter-problem': type(12),
    'ip-header-bad': code(12, 0),
    'required-option-missing': code(12, 1),
    'timestamp-request': type(13),
    'timestamp-reply': type(14),
    'address-mask-request': type(17),
    'address-mask-reply': type(18),
  },
  ip6: {
    'destination-unreachable': type(1),
    'no-route': code(1, 0),
    'communication-prohibited': code(1, 1),
    'beyond-scope': code(1, 2),
    'address-unreachable': code(1, 3),
    'port-unreachable': code(1, 4),
    'failed-policy': code(1, 5),
    'reject-route': code(1, 6),
    'packet-too-big': type(2),
    'time-exceeded': type(3),
    'ttl-exceeded': type(3),
    'ttl-zero-during-transit': code(3, 0),
    'ttl-zero-during-reassembly': code(3, 1),
    'parameter-problem': type(4),
    'bad-header': code(4, 0),
    'unknown-header-type': code(4, 1),
    'unknown-option': code(4, 2),
    'echo-request': type(128),
    ping: type(128),
    'echo-reply': type(129),
    pong: type(129),
    'router-solicitation': type(133),
    'router-advertisement': type(134),
    'neighbour-solicitation': type(135),
    'neighbor-solicitation': type(135),
    'neighbour-advertisement': type(136),
    'neighbor-advertisement': type(136),
    redirect: type(137),
  },
};

function type(number: number): readonly [number, number] {
  return [number * 256, number * 256 + 255];
}

function code(typeNumber: number, codeNumber: number): readonly [number, number] {
  return [typeNumber * 256 + codeNumber, typeNumber * 256 + codeNumber];
}

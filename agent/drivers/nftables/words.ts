/**
 * The fields and keys that nft knows, by the header or source they are read from (nft(8), PAYLOAD and META
 * EXPRESSIONS). The readers need them to tell `meta l4proto tcp` from `tcp dport`.
 */
const ports = ['sport', 'dport'];

export const payloadFields: Readonly<Record<string, readonly string[]>> = {
  ether: ['daddr', 'saddr', 'type'],
  vlan: ['id', 'dei', 'cfi', 'pcp', 'type'],
  arp: ['htype', 'ptype', 'hlen', 'plen', 'operation', 'saddr', 'daddr'],
  ip: [
    'version',
    'hdrlength',
    'dscp',
    'ecn',
    'length',
    'id',
    'frag-off',
    'ttl',
    'protocol',
    'checksum',
    'saddr',
    'daddr',
  ],
  icmp: ['type', 'code', 'checksum', 'id', 'sequence', 'gateway', 'mtu'],
  igmp: ['type', 'checksum', 'mrt', 'group'],
  ip6: ['version', 'dscp', 'ecn', 'flowlabel', 'length', 'nexthdr', 'hoplimit', 'saddr', 'daddr'],
  icmpv6: [
    ...['type', 'code', 'checksum', 'parameter-problem', 'packet-too-big', 'mtu', 'id', 'sequence', 'max-delay'],
    ...['taddr', 'daddr'],
  ],
  ah: ['nexthdr', 'hdrlength', 'reserved', 'spi', 'sequence'],
  esp: ['spi', 'sequence'],
  comp: ['nexthdr', 'flags', 'cpi'],
  udp: [...ports, 'length', 'checksum'],
  udplite: [...ports, 'checksum', 'csumcov'],
  tcp: [...ports, 'sequence', 'ackseq', 'doff', 'reserved', 'flags', 'window', 'checksum', 'urgptr'],
  dccp: [...ports, 'type'],
  sctp: [...ports, 'vtag', 'checksum'],
  th: ports,
  gre: ['flags', 'version', 'protocol'],
  geneve: ['vni', 'type'],
  vxlan: ['vni', 'flags'],
  hbh: ['nexthdr', 'hdrlength'],
  rt: ['nexthdr', 'hdrlength', 'type', 'seg-left'],
  rt0: ['addr', 'nexthdr', 'hdrlength', 'type', 'seg-left'],
  rt2: ['addr', 'nexthdr', 'hdrlength', 'type', 'seg-left'],
  rt4: ['last-entry', 'flags', 'tag', 'nexthdr', 'hdrlength', 'type', 'seg-left'],
  frag: ['nexthdr', 'reserved', 'frag-off', 'reserved2', 'more-fragments', 'id'],
  dst: ['nexthdr', 'hdrlength'],
  mh: ['nexthdr', 'hdrlength', 'type', 'reserved', 'checksum'],
  srh: ['flags', 'tag', 'sid', 'seg-left', 'nexthdr', 'hdrlength'],
};

/** Headers that carry another packet, of which fields are read by naming it: `vxlan ip saddr`. */
export const tunnelHeaders: ReadonlySet<string> = new Set(['gre', 'gretap', 'geneve', 'vxlan']);

/** Extension headers of IPv6, as `exthdr NAME` names them. */
export const extensionHeaders: ReadonlySet<string> = new Set([
  'hbh',
  'rt',
  'rt0',
  'rt2',
  'rt4',
  'frag',
  'dst',
  'mh',
  'srh',
]);

export const metaKeys: ReadonlySet<string> = new Set(
  [
    'length protocol priority mark iif iifname iiftype oif oifname oiftype skuid skgid nftrace rtclassid',
    'ibriport ibrname obriport obrname ibridgename obridgename ibrpvid ibrvproto pkttype cpu iifgroup oifgroup cgroup',
    'random ipsec secpath secmark iifkind oifkind nfproto l4proto time day hour sdif sdifname broute',
  ].flatMap((line) => line.split(' ')),
);

/** Keys of meta that stand without the word (nft parser_bison.y, `meta_key_unqualified`). */
export const bareMetaKeys: ReadonlySet<string> = new Set(
  [
    'mark iif iifname iiftype oif oifname oiftype skuid skgid nftrace rtclassid ibriport ibrname obriport obrname',
    'ibridgename obridgename pkttype cpu iifgroup oifgroup cgroup secpath ipsec time day hour sdif sdifname',
    'l4proto nfproto protocol',
  ].flatMap((line) => line.split(' ')),
);

export const ctKeys: ReadonlySet<string> = new Set(
  [
    'state direction status mark expiration helper label event secmark id l3proto protocol saddr daddr proto-src',
    'proto-dst count bytes packets avgpkt zone timeout expectation',
  ].flatMap((line) => line.split(' ')),
);

export const socketKeys: ReadonlySet<string> = new Set(['transparent', 'mark', 'wildcard', 'cgroupv2']);

/** Flags of a table. */
export const tableFlags: readonly string[] = ['dormant', 'owner', 'persist'];

/** Option names of one extension and how many words each takes. */
export type OptionArity = Readonly<Record<string, number>>;

/** `name` takes no word, `name=` takes one, `name==` takes two. */
function options(text: string): OptionArity {
  return Object.fromEntries(
    text.split(' ').map((word) => [word.replace(/=+$/, ''), /(?<words>=*)$/.exec(word)?.groups?.words?.length ?? 0]),
  );
}

const ports = 'sport= source-port= dport= destination-port=';
const mark = 'mark=';

/** Options of iptables itself, by their long names; `-c` takes packets and bytes. */
export const coreOptions: OptionArity = options(
  'source= src= destination= dst= protocol= in-interface= out-interface= jump= goto= match= fragment ipv4 ipv6 set-counters== table= numeric verbose exact line-numbers modprobe= wait',
);

export const shortOptions: Readonly<Record<string, string>> = {
  s: 'source',
  d: 'destination',
  p: 'protocol',
  i: 'in-interface',
  o: 'out-interface',
  j: 'jump',
  g: 'goto',
  m: 'match',
  f: 'fragment',
  4: 'ipv4',
  6: 'ipv6',
  c: 'set-counters',
  t: 'table',
  n: 'numeric',
  v: 'verbose',
  x: 'exact',
  w: 'wait',
};

/** One name for options that have several. */
export const optionAliases: Readonly<Record<string, string>> = {
  src: 'source',
  dst: 'destination',
  'source-port': 'sport',
  'destination-port': 'dport',
  'source-ports': 'sports',
  'destination-ports': 'dports',
  to: 'to',
};

/** Match extensions (iptables-extensions(8), and those of xtables-addons and old kernels that captures still show). */
export const matchOptions: Readonly<Record<string, OptionArity>> = {
  tcp: options(`${ports} syn tcp-flags== tcp-option=`),
  udp: options(ports),
  udplite: options(ports),
  dccp: options(`${ports} dccp-types= dccp-option=`),
  sctp: options(`${ports} chunk-types==`),
  multiport: options('sports= source-ports= dports= destination-ports= ports='),
  icmp: options('icmp-type='),
  icmp6: options('icmpv6-type='),
  state: options('state='),
  conntrack: options(
    'ctstate= ctproto= ctorigsrc= ctorigdst= ctreplsrc= ctrepldst= ctorigsrcport= ctorigdstport= ctreplsrcport= ctrepldstport= ctstatus= ctexpire= ctdir=',
  ),
  mark: options(mark),
  connmark: options(mark),
  addrtype: options('src-type= dst-type= limit-iface-in limit-iface-out'),
  iprange: options('src-range= dst-range='),
  set: options(
    'match-set== set== return-nomatch update-counters update-subcounters packets-eq= packets-lt= packets-gt= bytes-eq= bytes-lt= bytes-gt=',
  ),
  comment: options('comment='),
  limit: options('limit= limit-burst='),
  hashlimit: options(
    'hashlimit= hashlimit-upto= hashlimit-above= hashlimit-burst= hashlimit-mode= hashlimit-srcmask= hashlimit-dstmask= hashlimit-name= hashlimit-htable-size= hashlimit-htable-max= hashlimit-htable-expire= hashlimit-htable-gcinterval= hashlimit-rate-match hashlimit-rate-interval=',
  ),
  recent: options('set rcheck update remove seconds= reap hitcount= rttl name= rsource rdest mask='),
  statistic: options('mode= probability= every= packet='),
  random: options('average='),
  nth: options('every= counter= start= packet='),
  quota: options('quota= name= no-change grow packets'),
  quota2: options('quota= name= no-change grow packets'),
  connlimit: options('connlimit-above= connlimit-upto= connlimit-mask= connlimit-saddr connlimit-daddr'),
  connbytes: options('connbytes= connbytes-dir= connbytes-mode='),
  time: options('timestart= timestop= datestart= datestop= days= weekdays= monthdays= kerneltz utc localtz contiguous'),
  string: options('string= hex-string= algo= from= to= icase'),
  u32: options('u32='),
  bpf: options('bytecode= object-pinned='),
  owner: options('uid-owner= gid-owner= pid-owner= sid-owner= cmd-owner= socket-exists suppl-groups'),
  mac: options('mac-source='),
  length: options('length='),
  length2: options('length= layer3 layer4 layer5 layer7'),
  ttl: options('ttl= ttl-eq= ttl-lt= ttl-gt='),
  hl: options('hl-eq= hl-lt= hl-gt='),
  tos: options('tos='),
  dscp: options('dscp= dscp-class='),
  ecn: options('ecn-tcp-cwr ecn-tcp-ece ecn-ip-ect='),
  geoip: options('src-cc= source-country= dst-cc= destination-country='),
  policy: options('dir= pol= strict reqid= spi= proto= mode= tunnel-src= tunnel-dst= next'),
  physdev: options('physdev-in= physdev-out= physdev-is-in physdev-is-out physdev-is-bridged'),
  socket: options('transparent nowildcard restore-skmark'),
  rpfilter: options('loose validmark accept-local invert'),
  realm: options('realm='),
  helper: options('helper='),
  pkttype: options('pkt-type='),
  tcpmss: options('mss='),
  esp: options('espspi='),
  ah: options('ahspi= ahlen= ahres'),
  ipcomp: options('ipcompspi= compres'),
  cgroup: options('cgroup= path='),
  cpu: options('cpu='),
  devgroup: options('src-group= dst-group='),
  osf: options('genre= ttl= log='),
  nfacct: options('nfacct-name='),
  connlabel: options('label= set'),
  cluster: options(
    'cluster-total-nodes= cluster-local-node= cluster-local-nodemask= cluster-hash-seed= cluster-source-nodemask=',
  ),
  rateest: options(
    'rateest= rateest1= rateest2= rateest-delta rateest-lt rateest-gt rateest-eq rateest-bps= rateest-pps= rateest-bps1= rateest-bps2= rateest-pps1= rateest-pps2=',
  ),
  ipvs: options('ipvs vproto= vaddr= vport= vdir= vmethod= vportctl='),
  rt: options('rt-type= rt-segsleft= rt-len= rt-0-res rt-0-addrs= rt-0-not-strict'),
  frag: options('fragid= fraglen= fragres fragfirst fragmore fraglast'),
  ipv6header: options('header= soft'),
  hbh: options('hbh-len= hbh-opts='),
  dst: options('dst-len= dst-opts='),
  mh: options('mh-type='),
  srh: options('srh-next-hdr= srh-hdr-len-eq= srh-hdr-len-gt= srh-hdr-len-lt= srh-segs-left-eq= srh-tag='),
  eui64: {},
  unclean: {},
  standard: {},
  layer7: options('l7proto= l7dir= l7pkts='),
  condition: options('condition='),
};

/** These depend on what came before: asked again, they may answer differently. */
export const statefulMatches: ReadonlySet<string> = new Set(
  'limit hashlimit recent statistic random nth quota quota2 connlimit connbytes rateest nfacct'.split(' '),
);

/** Target extensions. */
export const targetOptions: Readonly<Record<string, OptionArity>> = {
  ACCEPT: {},
  DROP: {},
  RETURN: {},
  QUEUE: {},
  REJECT: options('reject-with='),
  LOG: options('log-level= log-prefix= log-tcp-sequence log-tcp-options log-ip-options log-uid log-macdecode'),
  NFLOG: options('nflog-group= nflog-prefix= nflog-range= nflog-size= nflog-threshold='),
  ULOG: options('ulog-nlgroup= ulog-prefix= ulog-cprange= ulog-qthreshold='),
  TRACE: {},
  AUDIT: options('type='),
  MARK: options('set-mark= set-xmark= and-mark= or-mark= xor-mark='),
  CONNMARK: options(
    'set-mark= set-xmark= and-mark= or-mark= xor-mark= save-mark restore-mark mask= nfmask= ctmask= left-shift-mark= right-shift-mark=',
  ),
  DNAT: options('to-destination= random persistent'),
  SNAT: options('to-source= random random-fully persistent'),
  MASQUERADE: options('to-ports= random random-fully'),
  REDIRECT: options('to-ports= random'),
  NETMAP: options('to='),
  NOTRACK: {},
  CT: options('notrack helper= ctevents= expevents= zone= zone-orig= zone-reply= timeout='),
  TPROXY: options('on-port= on-ip= tproxy-mark='),
  TCPMSS: options('set-mss= clamp-mss-to-pmtu'),
  TCPOPTSTRIP: options('strip-options='),
  DSCP: options('set-dscp= set-dscp-class='),
  TOS: options('set-tos= and-tos= or-tos= xor-tos='),
  TTL: options('ttl-set= ttl-dec= ttl-inc='),
  HL: options('hl-set= hl-dec= hl-inc='),
  ECN: options('ecn-tcp-remove ecn-tcp-cwr= ecn-tcp-ece= ecn-ip-ect='),
  CLASSIFY: options('set-class='),
  SET: options('add-set== del-set== map-set== exist timeout= map-mark map-prio map-queue'),
  NFQUEUE: options('queue-num= queue-balance= queue-bypass queue-cpu-fanout'),
  SECMARK: options('selctx='),
  CONNSECMARK: options('save restore'),
  CHECKSUM: options('checksum-fill'),
  RATEEST: options('rateest-name= rateest-interval= rateest-ewmalog='),
  LED: options('led-trigger-id= led-delay= led-always-blink'),
  IDLETIMER: options('timeout= label= alarm'),
  TEE: options('gateway= oif='),
  CLUSTERIP: options('new hashmode= clustermac= total-nodes= local-node= hash-init='),
  HMARK: options(
    'hmark-tuple= hmark-mod= hmark-offset= hmark-src-prefix= hmark-dst-prefix= hmark-sport-mask= hmark-dport-mask= hmark-spi-mask= hmark-proto-mask= hmark-rnd= hmark-sport= hmark-dport= hmark-spi=',
  ),
  SYNPROXY: options('mss= wscale= sack-perm timestamp ecn'),
  DNPT: options('src-pfx= dst-pfx='),
  SNPT: options('src-pfx= dst-pfx='),
};

/**
 * Names for numbers that nft prints or accepts: protocols, services, ICMP types and codes, flags (IANA registries;
 * nft's own spelling where it differs).
 */
export type Names = Readonly<Record<string, number>>;

function table(text: string): Names {
  return Object.fromEntries(
    text
      .trim()
      .split(/\s+/)
      .map((pair) => {
        const [name, number] = pair.split('=');
        return [name!, Number(number)];
      }),
  );
}

/** A name's number; a plain number stands for itself. */
export function numberOf(names: Names, text: string): number | undefined {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  return Object.hasOwn(names, text) ? names[text] : undefined;
}

export const protocols = table(`
  ip=0 hopopt=0 icmp=1 igmp=2 ggp=3 ipencap=4 ipip=4 st=5 tcp=6 egp=8 igp=9 pup=12 udp=17 hmp=20 xns-idp=22 rdp=27
  iso-tp4=29 dccp=33 xtp=36 ddp=37 idpr-cmtp=38 ipv6=41 ipv6-route=43 ipv6-frag=44 idrp=45 rsvp=46 gre=47 esp=50
  ah=51 skip=57 ipv6-icmp=58 icmpv6=58 ipv6-nonxt=59 ipv6-opts=60 rspf=73 vmtp=81 eigrp=88 ospf=89 ospfigp=89
  ax.25=93 etherip=97 encap=98 pim=103 ipcomp=108 comp=108 vrrp=112 l2tp=115 isis=124 sctp=132 fc=133
  mobility-header=135 udplite=136 mpls-in-ip=137 manet=138 hip=139 shim6=140 wesp=141 rohc=142 ethernet=143
`);

export const services = table(`
  tcpmux=1 echo=7 discard=9 systat=11 daytime=13 chargen=19 ftp-data=20 ftp=21 ssh=22 telnet=23 smtp=25 time=37
  whois=43 tacacs=49 domain=53 bootps=67 bootpc=68 tftp=69 gopher=70 finger=79 http=80 kerberos=88 iso-tsap=102
  acr-nema=104 pop3=110 sunrpc=111 auth=113 ident=113 nntp=119 ntp=123 epmap=135 netbios-ns=137 netbios-dgm=138
  netbios-ssn=139 imap=143 imap2=143 snmp=161 snmp-trap=162 xdmcp=177 bgp=179 irc=194 ldap=389 https=443
  microsoft-ds=445 kpasswd=464 submissions=465 isakmp=500 exec=512 login=513 who=513 shell=514 syslog=514
  printer=515 talk=517 route=520 gdomap=538 uucp=540 dhcpv6-client=546 dhcpv6-server=547 rtsp=554 nntps=563
  submission=587 ipp=631 ldaps=636 domain-s=853 rsync=873 ftps-data=989 ftps=990 telnets=992 imaps=993 pop3s=995
  socks=1080 openvpn=1194 ms-sql-s=1433 ms-sql-m=1434 radius=1812 radius-acct=1813 cisco-sccp=2000 nfs=2049
  iscsi-target=3260 mysql=3306 ms-wbt-server=3389 nut=3493 svn=3690 ipsec-nat-t=4500 sip=5060 sip-tls=5061
  xmpp-client=5222 xmpp-server=5269 mdns=5353 postgresql=5432 rmtcfg=1236 amqps=5671 amqp=5672 x11=6000
  syslog-tls=6514 ircd=6667 ircs-u=6697 http-alt=8080 zabbix-agent=10050 zabbix-trapper=10051 dicom=11112
`);

export const icmpTypes = table(`
  echo-reply=0 destination-unreachable=3 source-quench=4 redirect=5 echo-request=8 router-advertisement=9
  router-solicitation=10 time-exceeded=11 parameter-problem=12 timestamp-request=13 timestamp-reply=14
  info-request=15 info-reply=16 address-mask-request=17 address-mask-reply=18
`);

export const icmpv6Types = table(`
  destination-unreachable=1 packet-too-big=2 time-exceeded=3 parameter-problem=4 echo-request=128 echo-reply=129
  mld-listener-query=130 mld-listener-report=131 mld-listener-done=132 mld-listener-reduction=132
  nd-router-solicit=133 nd-router-advert=134 nd-neighbor-solicit=135 nd-neighbor-advert=136 nd-redirect=137
  router-renumbering=138 ind-neighbor-solicit=141 ind-neighbor-advert=142 mld2-listener-report=143
`);

export const icmpCodes = table(`
  net-unreachable=0 host-unreachable=1 prot-unreachable=2 port-unreachable=3 frag-needed=4 net-prohibited=9
  host-prohibited=10 admin-prohibited=13
`);

export const icmpv6Codes = table(`
  no-route=0 admin-prohibited=1 addr-unreachable=3 port-unreachable=4 policy-fail=5 reject-route=6
`);

export const tcpFlags = table('fin=1 syn=2 rst=4 psh=8 ack=16 urg=32 ecn=64 ece=64 cwr=128');

/** Bits of `ct state` as nf_tables sees them (NF_CT_STATE_BIT). */
export const ctStates = table('invalid=1 established=2 related=4 new=8 untracked=64');

/** Bits of `ct status` (enum ip_conntrack_status). */
export const ctStatuses = table('expected=1 seen-reply=2 assured=4 confirmed=8 snat=16 dnat=32 dying=512');

/** NFPROTO_IPV4 and NFPROTO_IPV6, and the EtherTypes of the same. */
export const netfilterFamilies = table('ipv4=2 ip=2 ipv6=10 ip6=10');
export const etherTypes = table('ip=2048 ipv4=2048 arp=2054 8021q=33024 vlan=33024 ip6=34525 ipv6=34525 8021ad=34984');

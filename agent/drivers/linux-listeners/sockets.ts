import { single } from '../../lib/intervals.js';
import type { Listener } from '../../model/index.js';
import {
  type AddressSet,
  anyAddress,
  anyIp4,
  anyIp6,
  formatIp4,
  formatIp6,
  parseIp4,
  parseIp6,
} from '../../model/index.js';

/** A waiting socket in the words of the source that showed it. */
export interface Socket {
  readonly protocol: Listener['protocol'];
  readonly bind: Bind;
  /** A port, or for a raw socket the number of the IP protocol. */
  readonly port: number;
  readonly processes: readonly SocketProcess[];
  /** Absent where the source does not say. */
  readonly uid?: number;
  readonly user?: string;
  readonly cgroup?: string;
  readonly file: string;
  readonly line: number;
}

export interface SocketProcess {
  readonly name: string;
  readonly pid: number;
  /** The number by which the process knows the socket; 0 where the source does not say. */
  readonly fd: number;
}

/** What a socket answers on. */
export interface Bind {
  readonly addresses: AddressSet;
  /** One spelling for one meaning: `0.0.0.0`, `[::]` (IPv6 only), `*` (both), `[2001:db8::1]%eth0`. */
  readonly canonical: string;
  /** As the source wrote it. */
  readonly text: string;
  readonly interface?: string;
  /** Set where the source leaves open whether IPv4 is answered too; `addresses` then holds both. */
  readonly doubt?: string;
}

/** Whether a wildcard IPv6 socket answers IPv4 too. */
export type Dual = 'both' | 'ip6' | 'unknown';

const dualDoubt = 'the source does not say whether this socket answers IPv4 too: read as both families';

/** Reads the address part of a socket, such as `*`, `[::]`, `127.0.0.53%lo`, `[fe80::1]%eth0` or `[fe80::1%eth0]`. */
export function parseBind(text: string, star: Dual | 'ip4', wildcard6: Dual): Bind | undefined {
  const parts = /^\[?(?<address>[^[\]%]*)(?:%(?<inner>[^\]\s]+))?\]?(?:%(?<outer>\S+))?$/.exec(text)?.groups;
  if (!parts) return undefined;
  const device = parts.outer ?? parts.inner;
  const found = parts.address === '*' ? wildcard(star) : address(parts.address!, wildcard6);
  if (!found) return undefined;
  return {
    ...found,
    canonical: device === undefined ? found.canonical : `${found.canonical}%${device}`,
    text,
    ...(device !== undefined && { interface: device }),
  };
}

function wildcard(dual: Dual | 'ip4'): Pick<Bind, 'addresses' | 'canonical' | 'doubt'> {
  if (dual === 'ip4') return { addresses: anyIp4, canonical: '0.0.0.0' };
  if (dual === 'ip6') return { addresses: anyIp6, canonical: '[::]' };
  return { addresses: anyAddress, canonical: '*', ...(dual === 'unknown' && { doubt: dualDoubt }) };
}

function address(text: string, wildcard6: Dual): Pick<Bind, 'addresses' | 'canonical' | 'doubt'> | undefined {
  const ip4 = parseIp4(text);
  if (ip4 !== undefined) return bound4(ip4);
  const ip6 = parseIp6(text);
  if (ip6 === undefined) return undefined;
  if (ip6 === 0n) return wildcard(wildcard6);
  // RFC 4291 section 2.5.5.2: a socket bound to ::ffff:192.0.2.1 answers IPv4 packets to 192.0.2.1 and nothing else.
  if (ip6 >> 32n === 0xffffn) return bound4(Number(ip6 & 0xffff_ffffn));
  return { addresses: { ip4: [], ip6: single(ip6) }, canonical: `[${formatIp6(ip6)}]` };
}

function bound4(ip4: number): Pick<Bind, 'addresses' | 'canonical'> {
  const addresses = ip4 === 0 ? anyIp4 : { ip4: single(ip4), ip6: [] };
  return { addresses, canonical: formatIp4(ip4) };
}

/** Cuts `ADDRESS:PORT` at its last colon; a port may be a number, `*`, or a service's name. */
export function splitLocal(text: string): { readonly address: string; readonly port: number } | undefined {
  const colon = text.lastIndexOf(':');
  if (colon < 0) return undefined;
  const port = portNumber(text.slice(colon + 1));
  return port === undefined ? undefined : { address: text.slice(0, colon), port };
}

export function portNumber(text: string): number | undefined {
  if (text === '*') return 0;
  if (/^(?:0|[1-9]\d{0,4})$/.test(text)) return Number(text) <= 65535 ? Number(text) : undefined;
  return services.get(text);
}

/** Registered names (IANA) of services that are often seen where a listing was taken without -n. */
const services: ReadonlyMap<string, number> = new Map(
  `ftp 21,ssh 22,telnet 23,smtp 25,time 37,domain 53,bootps 67,bootpc 68,tftp 69,gopher 70,finger 79,http 80,kerberos 88,
  acr-nema 104,pop3 110,sunrpc 111,auth 113,nntp 119,ntp 123,epmap 135,loc-srv 135,netbios-ns 137,netbios-dgm 138,
  netbios-ssn 139,imap2 143,imap 143,snmp 161,snmp-trap 162,snmptrap 162,xdmcp 177,bgp 179,irc 194,ldap 389,https 443,
  microsoft-ds 445,submissions 465,isakmp 500,exec 512,biff 512,login 513,who 513,shell 514,syslog 514,printer 515,
  route 520,dhcpv6-client 546,dhcpv6-server 547,rtsp 554,nntps 563,submission 587,ipp 631,ldaps 636,domain-s 853,
  rsync 873,ftps-data 989,ftps 990,telnets 992,imaps 993,pop3s 995,socks 1080,openvpn 1194,ms-sql-s 1433,ms-sql-m 1434,
  l2tp 1701,pptp 1723,radius 1812,radius-acct 1813,mqtt 1883,nfs 2049,cvspserver 2401,squid 3128,mysql 3306,
  ms-wbt-server 3389,nut 3493,svn 3690,ipsec-nat-t 4500,sip 5060,sip-tls 5061,xmpp-client 5222,mdns 5353,
  postgresql 5432,amqp 5672,x11 6000,http-alt 8080,mqtts 8883,zabbix-agent 10050,zabbix-trapper 10051,dicom 11112,
  icmp 1,igmp 2,ipv6-icmp 58,ospf 89`
    .split(',')
    .map((entry) => entry.trim().split(' ') as [string, string])
    .map(([name, port]) => [name, Number(port)]),
);

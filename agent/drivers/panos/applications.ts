import { type Application, all, any, type Condition, not } from '../../model/index.js';
import { find, type Reader, unknown } from './scope.js';
import { portsOf, portTest, protocol } from './services.js';
import { at, contentOf, membersOf, type Node, valueIn } from './tree.js';

/**
 * Where applications are by default, those first that a port is known by. Only those whose ports do not change with
 * every update of the vendor's catalogue; any other is a condition that a packet does not decide.
 */
const catalogue: Readonly<Record<string, readonly string[]>> = {
  'web-browsing': ['tcp/80'],
  ssl: ['tcp/443'],
  ssh: ['tcp/22'],
  dns: ['tcp/53', 'udp/53'],
  'dns-base': ['tcp/53', 'udp/53'],
  ftp: ['tcp/21'],
  telnet: ['tcp/23'],
  smtp: ['tcp/25,587'],
  pop3: ['tcp/110'],
  imap: ['tcp/143'],
  ntp: ['udp/123'],
  'ntp-base': ['udp/123'],
  snmp: ['tcp/161', 'udp/161'],
  'snmp-base': ['tcp/161', 'udp/161'],
  'snmp-trap': ['tcp/162', 'udp/162'],
  syslog: ['tcp/1468,6514', 'udp/514'],
  ldap: ['tcp/389,636,3268,3269', 'udp/389,3268'],
  kerberos: ['tcp/88,464', 'udp/88,464'],
  'ms-rdp': ['tcp/3389', 'udp/3389'],
  'ms-ds-smb': ['tcp/445,139'],
  'ms-ds-smb-base': ['tcp/445,139'],
  'netbios-ns': ['udp/137'],
  'netbios-dg': ['udp/138'],
  'netbios-ss': ['tcp/139'],
  msrpc: ['tcp/135'],
  'msrpc-base': ['tcp/135'],
  bgp: ['tcp/179'],
  ospf: ['ip/89'],
  eigrp: ['ip/88'],
  pim: ['ip/103'],
  igmp: ['ip/2'],
  vrrp: ['ip/112'],
  'ipsec-esp': ['ip/50'],
  'ipsec-ah': ['ip/51'],
  'ipsec-esp-udp': ['udp/4500'],
  ike: ['udp/500,4500'],
  gre: ['ip/47'],
  ping: ['icmp/8', 'icmp/0'],
  ping6: ['icmp6/128', 'icmp6/129'],
  icmp: ['ip/1'],
  'ipv6-icmp': ['ip/58'],
  traceroute: ['udp/33434-33534', 'icmp/8', 'icmp/11'],
  tftp: ['udp/69'],
  dhcp: ['udp/67,68'],
  dhcpv6: ['udp/546,547'],
  radius: ['udp/1812,1813,1645,1646'],
  'tacacs-plus': ['tcp/49'],
  mysql: ['tcp/3306'],
  'mssql-db': ['tcp/1433'],
  'mssql-mon': ['udp/1434'],
  oracle: ['tcp/1521'],
  postgres: ['tcp/5432'],
  sip: ['tcp/5060,5061', 'udp/5060'],
  h323: ['tcp/1720', 'udp/1719'],
  rtsp: ['tcp/554', 'udp/554'],
  vnc: ['tcp/5900-5910'],
  'vnc-base': ['tcp/5900-5910'],
  nfs: ['tcp/2049', 'udp/2049'],
  portmapper: ['tcp/111', 'udp/111'],
  lpd: ['tcp/515'],
  ipp: ['tcp/631'],
  dicom: ['tcp/104,11112'],
  rsync: ['tcp/873'],
  whois: ['tcp/43'],
  finger: ['tcp/79'],
  irc: ['tcp/6665-6669'],
  'pan-db-cloud': ['tcp/443'],
  paloalto: ['tcp/443'],
};

function defaultPort(text: string): Condition | undefined {
  const found = /^(?<kind>tcp|udp|sctp|ip|icmp|icmp6)\/(?<value>[\d,-]+|dynamic)$/.exec(text.trim())?.groups;
  if (!found) return undefined;
  const { kind, value } = found;
  if (kind === 'icmp' || kind === 'icmp6') {
    const type = Number(value);
    const number = kind === 'icmp' ? 1 : 58;
    return type <= 255 ? all(protocol(number), { kind: 'icmp', typeCodes: [type * 256, type * 256 + 255] }) : undefined;
  }
  if (kind === 'ip') return Number(value) <= 255 ? protocol(Number(value)) : undefined;
  const number = kind === 'tcp' ? 6 : kind === 'udp' ? 17 : 132;
  if (value === 'dynamic') return protocol(number);
  const ports = portsOf(value);
  return ports && all(protocol(number), portTest('destination', ports, true));
}

/** An application as rules ask for it. */
export interface Asked {
  readonly name: string;
  readonly id: string;
  /** Whether a connection is this application. */
  readonly condition: Condition;
  /** Its default ports; absent: any, or not known. */
  readonly ports?: Condition;
  readonly isCustom: boolean;
  /** Ports that rules which let it through name for it. */
  readonly named?: readonly Condition[];
}

const order = new Map(Object.keys(catalogue).map((name, index) => [name, index]));

/** Applications of one's own stand before the catalogue's, those before what is not known by its ports. */
export function applicationsOf(asked: Iterable<Asked>): readonly Application[] {
  const rank = ({ name, isCustom }: Asked): number => (isCustom ? -1 : (order.get(name) ?? order.size));
  const byId = new Map([...asked].map((one) => [one.id, one]));
  return [...byId.values()]
    .sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1))
    .map(({ name, id, ports, isCustom, named = [] }) => ({
      name,
      id,
      // One of one's own is only what a rule or its own ports say that it is.
      ...(!isCustom && named.length > 0 ? { named: any(...named) } : {}),
      ...(ports && !isDynamic(ports) ? { defaults: ports } : {}),
      ...(!ports && !isCustom ? { unplaced: true as const } : {}),
    }));
}

/** Any port of a transport protocol tells nothing about the application. */
function isDynamic(condition: Condition): boolean {
  if (condition.kind === 'any') return condition.of.some(isDynamic);
  return condition.kind === 'protocol' && [6, 17].includes(condition.protocols[0]!);
}

function customApplication(node: Node, { ledger }: Reader): Asked {
  ledger.all(node);
  const listed = at(node, 'default');
  const texts = membersOf(at(listed, 'port'));
  const numbers = [
    ...membersOf(at(listed, 'ident-by-ip-protocol')).map((value) => `ip/${value}`),
    ...membersOf(at(listed, 'ident-by-icmp-type', 'type')).map((value) => `icmp/${value}`),
    ...membersOf(at(listed, 'ident-by-icmp6-type', 'type')).map((value) => `icmp6/${value}`),
  ];
  const conditions = [...texts, ...numbers].map(defaultPort);
  const known = conditions.filter((one) => one !== undefined);
  const content = `application ${node.name} ${contentOf(node)}`;
  if (known.length < conditions.length) ledger.lost(node, 'the default ports of an application are not understood');
  const one = unknown(`the application is ${node.name}`, content);
  return {
    name: node.name,
    id: one.id,
    condition: one,
    isCustom: true,
    ...(known.length > 0 && { ports: any(...known) }),
  };
}

/** What the names in a rule stand for; `any` among them is every application. */
export function applicationsNamed(names: readonly string[], reader: Reader): readonly Asked[] | 'any' {
  if (names.includes('any')) return 'any';
  return names.flatMap((name) => expand(name, reader, new Set()));
}

function expand(name: string, reader: Reader, seen: ReadonlySet<Node>): readonly Asked[] {
  const found = find(reader.scopes, ['application', 'application-group', 'application-filter'], name);
  if (found && seen.has(found.node)) return [];
  if (found?.kind === 'application') return [customApplication(found.node, reader)];
  if (found?.kind === 'application-group') {
    reader.ledger.all(found.node);
    const lists = [at(found.node, 'members'), ...(found.node.index.has('members') ? [] : [found.node])];
    const inner = new Set([...seen, found.node]);
    return lists.flatMap(membersOf).flatMap((member) => expand(member, reader, inner));
  }
  if (found) {
    reader.ledger.all(found.node);
    const one = unknown(`the application is of the kind ${name}`, `application filter ${contentOf(found.node)}`);
    return [{ name, id: one.id, condition: one, isCustom: false }];
  }
  const one = unknown(`the application is ${name}`, `application ${name}`);
  const texts = Object.hasOwn(catalogue, name) ? catalogue[name]! : [];
  const ports = texts.map(defaultPort).filter((port) => port !== undefined);
  return [{ name, id: one.id, condition: one, isCustom: false, ...(ports.length > 0 && { ports: any(...ports) }) }];
}

/** A rule that says which application certain packets are, whatever is in them. */
export interface Override {
  readonly application: string;
  readonly condition: Condition;
}

/** Whether a packet is the application: because a rule says so, or because the device recognises it. */
export function isApplication(asked: Asked, overrides: readonly Override[]): Condition {
  if (overrides.length === 0) return asked.condition;
  const said = overrides.flatMap(({ application, condition }, index) =>
    application === asked.name
      ? [all(condition, ...overrides.slice(0, index).map((before) => not(before.condition)))]
      : [],
  );
  return any(...said, all(asked.condition, ...overrides.map(({ condition }) => not(condition))));
}

/** The override's own words: one protocol and ports. */
export function overridePorts(node: Node): Condition | undefined {
  const number = { tcp: 6, udp: 17 }[valueIn(at(node, 'protocol')) ?? ''];
  const ports = portsOf(membersOf(at(node, 'port')).join(','));
  return number !== undefined && ports ? all(protocol(number), portTest('destination', ports, true)) : undefined;
}

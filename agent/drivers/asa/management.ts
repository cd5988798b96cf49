import { difference, union } from '../../lib/intervals.js';
import {
  type AddressSet,
  all,
  any,
  anyAddress,
  type Condition,
  noAddress,
  parseIp6,
  type Rule,
  type Step,
} from '../../model/index.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import type { Config } from './config.js';
import { cursorOf, NotUnderstood, refuse } from './cursor.js';
import { withoutSecret } from './facts.js';
import type { Interface } from './interfaces.js';
import { isIrrelevant } from './irrelevant.js';
import { type Addresses, hostOf, known, maskedOf, sideCondition, takeAddresses } from './library.js';
import type { Line } from './parse.js';
import { isIcmpType, takeIcmp } from './services.js';
import { ends, tunnelOf } from './vpn.js';

/** What the device answers itself, in the order in which it asks: management lines, ICMP, services of its own. */
export interface ToTheDevice {
  /** What comes in by another interface than it is meant for. */
  readonly refused: readonly Rule[];
  /** Decided before any access list of the control plane. */
  readonly first: readonly Rule[];
  /** Decided after it. */
  readonly last: readonly Rule[];
}

const httpPort = /^http server enable(?: (?<port>\d+))?$/;

const tcp = (port: number): Condition =>
  all({ kind: 'protocol', protocols: [6, 6] }, { kind: 'destinationPort', ports: [port, port] });
const udp = (port: number): Condition =>
  all({ kind: 'protocol', protocols: [17, 17] }, { kind: 'destinationPort', ports: [port, port] });

export function toTheDevice(
  config: Config,
  places: readonly Pick<Interface, 'name' | 'line' | 'level'>[],
  coverage: CoverageBuilder,
): ToTheDevice {
  const first: Rule[] = [];
  const last: Rule[] = [];
  const ports = { http: undefined as number | undefined, ssh: 22, telnet: 23 };
  for (const { text } of config.management) {
    const found = httpPort.exec(text);
    if (found) ports.http = Number(found.groups?.port ?? 443);
  }
  const icmp: Rule[] = [];
  const least = Math.min(...places.map(({ level }) => level));
  const lowest = places.filter(({ level }) => level === least && places.length > 1).map(({ name }) => name);
  for (const line of config.management) {
    try {
      const [verb] = line.words;
      if (verb === 'http' || verb === 'ssh' || verb === 'telnet') {
        const rule = managementRule(config, line, { port: ports[verb], guarded: verb === 'telnet' ? lowest : [] });
        if (rule) first.push(rule);
        if (rule || httpPort.test(line.text)) coverage.mark(config.file, line.number, 'modelled');
        else if (!isIrrelevant(line.words)) refuse('this setting is not known');
      } else if (/^(?:ipv6 )?icmp (?:permit|deny) /.test(line.text)) {
        icmp.push(icmpRule(config, line));
        coverage.mark(config.file, line.number, 'modelled');
      } else {
        const rule = serviceRule(config, line);
        if (rule) coverage.mark(config.file, line.number, 'modelled');
        if (rule) last.push(rule);
      }
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error;
      coverage.lose(config.file, line.number, error.message);
    }
  }
  return {
    refused: elsewhere(config),
    first,
    last: [...icmp, ...icmpDefaults(config, places, icmp), ...last, ...vpnServices(config), ...routingServices(config)],
  };
}

function rule(config: Config, line: Line, conditions: readonly Condition[], action: Step): Rule {
  return {
    origin: {
      file: config.file,
      line: line.number,
      rule: line.words.slice(0, 2).join(' '),
      text: withoutSecret(line.text),
    },
    steps: [{ kind: 'match', condition: all(...conditions) }, action],
  };
}

function on(config: Config, name: string): Condition {
  return { kind: 'inInterface', names: [config.prefix + name] };
}

/**
 * The device answers only at the interface by which a packet came in, whatever lines there are for the others (its
 * guide to management access); what comes out of a tunnel is let to the one of `management-access`. Interfaces of
 * bridges and of zones have or share other addresses, and are left out.
 */
function elsewhere({ file, prefix, interfaces, transparent }: Config): readonly Rule[] {
  const isShared = interfaces.some(
    ({ hardware, zone, line }) =>
      zone !== undefined || /^bvi/i.test(hardware) || line.children.some(({ words }) => words[0] === 'bridge-group'),
  );
  if (transparent || isShared) return [];
  return interfaces.flatMap(({ name, line, addresses, dynamic }) => {
    const others = interfaces.filter((one) => one.name !== name && !one.dynamic).map((one) => one.addresses);
    const set = others.reduce<AddressSet>(
      (sum, { ip4, ip6 }) => ({ ip4: union(sum.ip4, ip4), ip6: union(sum.ip6, ip6) }),
      noAddress,
    );
    const foreign = { ip4: difference(set.ip4, addresses.ip4), ip6: difference(set.ip6, addresses.ip6) };
    if (dynamic || foreign.ip4.length + foreign.ip6.length === 0) return [];
    const text = `the address of another interface than ${name}, by which the packet came in`;
    const condition = all({ kind: 'inInterface', names: [prefix + name] }, { kind: 'destination', addresses: foreign });
    return [
      {
        origin: { file, line: line.number, rule: `interface ${name}`, text },
        steps: [{ kind: 'match', condition }, { kind: 'drop' }],
      } satisfies Rule,
    ];
  });
}

/** Where a line for an interface holds: there, and for what comes out of a tunnel where management goes through it. */
function managed(config: Config, name: string, guarded: readonly string[]): Condition {
  const tunnels = ends(config).map((end) => tunnelOf(end.name));
  // Telnet is not taken at the lowest level, but within a tunnel.
  const names = guarded.includes(name) ? [tunnelOf(name)] : [name];
  if (config.managementAccess === name) names.push(...tunnels);
  return { kind: 'inInterface', names: [...new Set(names)].sort().map((one) => config.prefix + one) };
}

interface ManagementPort {
  /** Undefined: the server is off. */
  readonly port: number | undefined;
  /** Interfaces at which it answers only in tunnels. */
  readonly guarded: readonly string[];
}

/** `ssh 192.0.2.0 255.255.255.0 inside`, `http 2001:db8::/32 inside`; undefined for lines of other settings. */
function managementRule(config: Config, line: Line, { port, guarded }: ManagementPort): Rule | undefined {
  const [, address, second, third, ...more] = line.words;
  if (address === undefined || !/^[\d.]+$|:/.test(address)) {
    const named = address !== undefined && config.library.names.has(address) && third !== undefined;
    if (!named) return undefined;
  }
  const isV6 = address!.includes(':');
  const name = isV6 ? second : third;
  if (name === undefined || more.length > 0 || (isV6 && third !== undefined))
    return refuse('an address and an interface are expected');
  const source = isV6 ? hostOrPrefix(address!, config) : maskedOf(address!, second!, config.library);
  if (port === undefined) return rule(config, line, [any()], { kind: 'accept' });
  return rule(config, line, [managed(config, name, guarded), tcp(port), sideCondition('source', known(source))], {
    kind: 'accept',
  });
}

function hostOrPrefix(text: string, config: Config): Addresses['set'] {
  const cursor = cursorOf([text]);
  if (parseIp6(text.split('/')[0]!) === undefined) return refuse(`${text} is not an address`);
  return takeAddresses(cursor, config.library).set;
}

/** `icmp permit any echo outside`. An interface with such a line refuses what no line of it permits. */
function icmpRule(config: Config, line: Line): Rule {
  const isV6 = line.words[0] === 'ipv6';
  const cursor = cursorOf(line.words, isV6 ? 2 : 1);
  const action = cursor.take();
  const source = cursor.took('any') ? known(anyAddress) : takeAddresses(cursor, config.library);
  const protocol = isV6 ? 58 : 1;
  const conditions: Condition[] = [
    { kind: 'protocol', protocols: [protocol, protocol] },
    sideCondition('source', source),
  ];
  if (cursor.peek(1) !== undefined && isIcmpType(cursor.peek(), protocol)) conditions.push(takeIcmp(cursor, protocol));
  const name = cursor.take() ?? refuse('the interface is missing');
  if (cursor.peek() !== undefined) return refuse(`${cursor.peek()} is not expected here`);
  return rule(config, line, [on(config, name), ...conditions], { kind: action === 'permit' ? 'accept' : 'drop' });
}

/** Without a line of its own an interface answers every ICMP message that is meant for it. */
function icmpDefaults(
  config: Config,
  places: readonly Pick<Interface, 'name' | 'line'>[],
  rules: readonly Rule[],
): readonly Rule[] {
  return places.flatMap(({ name, line }) =>
    ([1, 58] as const).map((protocol) => {
      const listed = rules.some(
        ({ origin }) => origin.text.startsWith('ipv6') === (protocol === 58) && origin.text.endsWith(` ${name}`),
      );
      const text = `${protocol === 1 ? 'ICMP' : 'ICMPv6'} to the interface ${name} itself (the default${listed ? ' where there are icmp lines' : ''})`;
      return {
        origin: { file: config.file, line: line.number, rule: `icmp default of ${name}`, text },
        steps: [
          { kind: 'match', condition: all(on(config, name), { kind: 'protocol', protocols: [protocol, protocol] }) },
          { kind: listed ? 'drop' : 'accept' },
        ],
      } satisfies Rule;
    }),
  );
}

function serviceRule(config: Config, line: Line): Rule | undefined {
  const { words, text } = line;
  if (words[0] === 'snmp-server' && words[1] === 'host') {
    const [, , name, address, ...more] = words;
    if (name === undefined || address === undefined) return refuse('an interface and an address are expected');
    if (more.includes('trap')) return undefined;
    const source = known(hostOf(address, config.library));
    return rule(config, line, [on(config, name), udp(161), sideCondition('source', source)], { kind: 'accept' });
  }
  const name = /^dhcpd enable (?<name>\S+)$/.exec(text)?.groups?.name;
  return name === undefined ? undefined : rule(config, line, [on(config, name), udp(67)], { kind: 'accept' });
}

const routing: Readonly<Record<string, Condition>> = {
  ospf: { kind: 'protocol', protocols: [89, 89] },
  eigrp: { kind: 'protocol', protocols: [88, 88] },
  bgp: tcp(179),
  rip: udp(520),
};

/** A routing protocol listens wherever its networks are, which is not followed: on any interface. */
function routingServices(config: Config): readonly Rule[] {
  return config.told.flatMap((line) => {
    const name = line.words[0] === 'router' ? line.words[1]! : '';
    return Object.hasOwn(routing, name) ? [rule(config, line, [routing[name]!], { kind: 'accept' })] : [];
  });
}

/** Where tunnels may end: key exchange, ESP, and the portal of `webvpn`. */
function vpnServices(config: Config): readonly Rule[] {
  const out: Rule[] = [];
  for (const line of config.vpn) {
    const key = /^crypto (?:isakmp|ikev1|ikev2) enable (?<name>\S+)/.exec(line.text)?.groups?.name;
    if (key !== undefined) {
      const esp: Condition = { kind: 'protocol', protocols: [50, 51] };
      out.push(rule(config, line, [on(config, key), any(udp(500), udp(4500), esp)], { kind: 'accept' }));
    }
    if (line.words[0] !== 'webvpn') continue;
    const port = Number(
      /^port (?<port>\d+)$/.exec(line.children.find(({ words }) => words[0] === 'port')?.text ?? '')?.groups?.port ??
        443,
    );
    for (const child of line.children) {
      const name = /^enable (?<name>\S+)/.exec(child.text)?.groups?.name;
      if (name !== undefined)
        out.push(rule(config, child, [on(config, name), any(tcp(port), udp(port))], { kind: 'accept' }));
    }
  }
  return out;
}

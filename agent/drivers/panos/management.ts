import { fromRanges } from '../../lib/intervals.js';
import { all, any, type Condition, type Rule } from '../../model/index.js';
import { join, literal } from './addresses.js';
import type { Ledger } from './ledger.js';
import type { Network } from './network.js';
import { portTest, protocol } from './services.js';
import { ownOf } from './system.js';
import { at, membersOf, type Node, valueIn } from './tree.js';

/** The name of the port that is there for management alone. */
export const MANAGEMENT_PORT = 'management';

const tcp = (...ports: readonly number[]): Condition =>
  all(protocol(6), portTest('destination', fromRanges(ports.map((port) => [port, port])), false));
const udp = (port: number): Condition => all(protocol(17), portTest('destination', [port, port], false));
const echo: Condition = any(
  all({ kind: 'family', family: 'ip4' }, protocol(1), { kind: 'icmp', typeCodes: [8 * 256, 8 * 256 + 255] }),
  all({ kind: 'family', family: 'ip6' }, protocol(58), { kind: 'icmp', typeCodes: [128 * 256, 128 * 256 + 255] }),
);

/** The services of an interface management profile. */
const services: Readonly<Record<string, Condition>> = {
  ping: echo,
  ssh: tcp(22),
  telnet: tcp(23),
  http: tcp(80),
  https: tcp(443),
  'http-ocsp': tcp(80),
  snmp: udp(161),
  'response-pages': tcp(6080, 6081, 6082, 6083),
  'userid-service': tcp(5007),
  'userid-syslog-listener-ssl': tcp(6514),
  'userid-syslog-listener-udp': udp(514),
};

function sources(node: Node | undefined): Condition | undefined {
  const sets = membersOf(node).map(literal);
  if (sets.some((set) => set === undefined)) return undefined;
  if (sets.length === 0) return all();
  const { set } = join(sets.map((one) => ({ set: one!, unknowns: [] })));
  return { kind: 'source', addresses: set };
}

interface Reached {
  readonly interfaces: readonly string[];
  readonly condition: Condition;
}

/**
 * The profile of the interface that has the address counts, wherever in its virtual system a packet came in that the
 * rules let there. `judged`: the interfaces of the systems whose rules were asked.
 */
function reachedAt(network: Network, interfaces: readonly string[], judged: readonly (readonly string[])[]): Reached {
  const around = judged.filter((names) => interfaces.some((name) => names.includes(name))).flat();
  if (around.length === 0) return { interfaces, condition: { kind: 'inInterface', names: interfaces } };
  const anywhere: Condition = { kind: 'inInterface', names: around };
  return { interfaces, condition: all(anywhere, { kind: 'destination', addresses: ownOf(network, interfaces) }) };
}

/** Services that are reached by an interface which has the profile. */
function profileRules(node: Node, { interfaces, condition }: Reached, ledger: Ledger): readonly Rule[] {
  const from = sources(at(node, 'permitted-ip'));
  if (!from) ledger.lost(at(node, 'permitted-ip')!, 'the addresses that may manage are not understood');
  return node.children.flatMap((child): readonly Rule[] => {
    const service = Object.hasOwn(services, child.name) ? services[child.name] : undefined;
    const value = valueIn(child);
    if (child.name === 'permitted-ip') return [];
    if (!service || (value !== 'yes' && value !== 'no')) {
      ledger.lost(child, `“${child.name}” of a management profile is not known`);
      return [];
    }
    if (value === 'no') return [];
    const rule = `management profile ${node.name}`;
    return [
      {
        origin: { file: child.file, line: child.line, rule, text: `${child.name} on ${interfaces.join(', ')}` },
        steps: [{ kind: 'match', condition: all(condition, service, from ?? all()) }, { kind: 'accept' }],
      },
    ];
  });
}

/** On the management port these are on unless they are switched off; the others the other way round. */
const usuallyOn = new Set(['ssh', 'https', 'icmp']);
const ownServices: Readonly<Record<string, Condition>> = {
  ssh: tcp(22),
  https: tcp(443),
  icmp: echo,
  http: tcp(80),
  telnet: tcp(23),
  snmp: udp(161),
};

function portRules(node: Node, { prefix }: Network, ledger: Ledger): readonly Rule[] {
  const system = at(node, 'system');
  const from = sources(at(system, 'permitted-ip')) ?? all();
  return Object.entries(ownServices).flatMap(([name, condition]) => {
    const setting = at(system, 'service', `disable-${name}`);
    const value = valueIn(setting);
    if (setting && value !== 'yes' && value !== 'no') ledger.lost(setting, `“${setting.name}” is neither yes nor no`);
    const isOn = setting ? value !== 'yes' : usuallyOn.has(name);
    if (!isOn) return [];
    const place = setting ?? system ?? node;
    return [
      {
        origin: { file: place.file, line: place.line, rule: 'management port', text: `${name} on the management port` },
        steps: [
          {
            kind: 'match' as const,
            condition: all({ kind: 'inInterface', names: [prefix + MANAGEMENT_PORT] }, condition, from),
          },
          { kind: 'accept' as const },
        ],
      },
    ];
  });
}

/** What reaches the device itself, as far as profiles and the settings of the management port decide it. */
export function toTheDevice(
  network: Network,
  deviceconfig: readonly Node[],
  ledger: Ledger,
  judged: readonly (readonly string[])[],
): readonly Rule[] {
  const rules: Rule[] = [];
  for (const node of deviceconfig) {
    ledger.used(node);
    for (const child of node.children) {
      if (child.name !== 'system') {
        ledger.irrelevant(child);
        continue;
      }
      ledger.used(child);
      for (const one of child.children) {
        if (one.name === 'service' || one.name === 'permitted-ip') ledger.all(one);
        else ledger.irrelevant(one);
      }
      const allowed = at(child, 'permitted-ip');
      if (allowed && !sources(allowed)) ledger.lost(allowed, 'the addresses that may manage are not understood');
    }
    rules.push(...portRules(node, network, ledger));
  }
  const users = new Map<string, string[]>();
  for (const { name, profile } of network.interfaces)
    if (profile !== undefined) users.set(profile, [...(users.get(profile) ?? []), name]);
  for (const [profile, interfaces] of users) {
    const node = network.profiles.get(profile);
    if (node) rules.push(...profileRules(node, reachedAt(network, interfaces, judged), ledger));
  }
  return rules;
}

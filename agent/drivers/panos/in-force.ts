/**
 * In force: what a device prints of the rules that its data plane has (`show running security-policy`, `show running
 * nat-policy`, and of these `test … -match` the ones that match). Names are resolved there; an application and a service
 * stand together as `0:web-browsing/tcp/any/80`, a translation as a sentence. Here it becomes a configuration like any
 * other, whose words are those of the text.
 */
import type { CoverageBuilder } from '../shared/index.js';
import type { Ledger } from './ledger.js';
import { grow, type Node, nodeOf, type Tree, valueIn } from './tree.js';

const marks = /^\s+(?:translate-to |application\/service |terminal (?:yes|no);)/m;

export function isInForce(text: string): boolean {
  return marks.test(text) && !/^\s*rulebase \{$/m.test(text);
}

/** One setting of these is printed with a colon and without its end; behind the rules stand two remarks. */
export function withEnds(text: string): string {
  return text
    .replace(/^(?:dynamic url: (?:yes|no)|pol objs matched)$/gm, '')
    .replace(/^(?<space>\s+)(?<word>[a-z-]+): (?<value>\w+)$/gm, '$<space>$<word> $<value>;');
}

const numbered = /^(?<name>.*); index: (?<index>\d+)$/;
const without: Readonly<Record<string, string>> = {
  'source-region': 'none',
  'destination-region': 'none',
  'source-device': 'any',
  'destination-device': 'any',
  'destinataion-device': 'any',
};
const copied: Readonly<Record<string, string>> = {
  from: 'from',
  to: 'to',
  source: 'source',
  destination: 'destination',
  user: 'source-user',
  category: 'category',
  action: 'action',
  type: 'rule-type',
  'nat-type': 'nat-type',
  'to-interface': 'to-interface',
};

/** The configuration that says the same; what stands in the tree and is not in it has its entry in the ledger. */
export function configurationOf({ root }: Tree, ledger: Ledger, coverage: CoverageBuilder): Node {
  const made = nodeOf('', root.file, 1);
  const services = grow(made, 'service', 1);
  let expected = 1;
  for (const rule of root.children) {
    ledger.used(rule);
    const { name = rule.name, index } = numbered.exec(rule.name)?.groups ?? {};
    if (index !== undefined && Number(index) !== expected)
      coverage.blind(`${rule.file}:${rule.line}: the rules before number ${index} are not in this capture`);
    if (index !== undefined) expected = Number(index) + 1;
    const isNat = rule.index.has('translate-to');
    const rules = grow(grow(grow(made, 'rulebase', 1), isNat ? 'nat' : 'security', 1), 'rules', 1);
    for (const one of isNat ? [natRule(rule, name, services, ledger)] : securityRules(rule, name, services, ledger))
      add(rules, one);
  }
  return made;
}

function add(parent: Node, child: Node): void {
  parent.children.push(child);
  parent.index.set(child.name, child);
}

function like(node: Node, name: string): Node {
  return { ...nodeOf(name, node.file, node.line), lastLine: node.lastLine, parts: [node] };
}

/** The words that both kinds have, under the names that a configuration gives them. */
function plainRule(rule: Node, name: string, own: ReadonlySet<string>, ledger: Ledger): Node {
  const made = like(rule, name);
  for (const child of rule.children) {
    const word = Object.hasOwn(copied, child.name) ? copied[child.name] : undefined;
    if (word !== undefined) {
      const copy = like(child, word);
      for (const one of child.children) add(copy, one);
      if (copy.children.length > 0) add(made, copy);
      ledger.all(child);
    } else if (child.name === 'terminal' || child.name === 'icmp-unreachable') ledger.irrelevant(child);
    else if (Object.hasOwn(without, child.name) && valueIn(child) === without[child.name]) ledger.irrelevant(child);
    else if (!own.has(child.name)) ledger.lost(child, `“${child.name}” of a rule in force is not known`);
  }
  return made;
}

/** One rule for each application that it names: they stand together, and do the same. */
function securityRules(rule: Node, name: string, services: Node, ledger: Ledger): readonly Node[] {
  const listed = rule.index.get('application/service');
  const own = new Set(['application/service']);
  const byApplication = new Map<string, string[]>();
  for (const { name: text } of listed?.children ?? []) {
    const found = /^(?:\d+:)?(?<application>[^/]+)\/(?<service>[^/]+\/[^/]+\/[^/]+)$/.exec(text)?.groups;
    const service = found && serviceOf(found.service!, found.application!, services, listed!);
    if (!found || service === undefined) ledger.lost(listed!, `“${text}” is no service that is known`);
    else byApplication.set(found.application!, [...(byApplication.get(found.application!) ?? []), service]);
  }
  if (listed) ledger.all(listed);
  return [...byApplication].map(([application, of], index) => {
    const made = plainRule(rule, index === 0 ? name : `${name} (${application})`, own, ledger);
    add(made, like(listed!, 'application'));
    grow(made.index.get('application')!, application, listed!.line);
    add(made, like(listed!, 'service'));
    for (const one of of) grow(made.index.get('service')!, one, listed!.line);
    return made;
  });
}

/** `tcp/any/80`: protocol, source port, destination port; as an object of that name. */
function serviceOf(text: string, application: string, services: Node, from: Node): string | undefined {
  const [protocol = '', source = '', port = ''] = text.split('/');
  if (source === 'any' && port === 'any' && (protocol === 'any' || application !== 'any')) return 'any';
  if (!/^(?:tcp|udp|sctp)$/.test(protocol) || ![source, port].every((one) => /^(?:any|\d+(?:-\d+)?)$/.test(one)))
    return undefined;
  const ports = (word: string): string => (word === 'any' ? '0-65535' : word);
  if (!services.index.has(text)) {
    const transport = grow(grow(grow(services, text, from.line), 'protocol', from.line), protocol, from.line);
    grow(grow(transport, 'port', from.line), ports(port), from.line);
    if (source !== 'any') grow(grow(transport, 'source-port', from.line), source, from.line);
  }
  return text;
}

const sourceWords =
  /^(?<interface>\S+)? ?(?<addresses>[\d.:a-fA-F/, -]+?) \((?<kind>dynamic-ip-and-port|dynamic-ip|static-ip)\)/;

function natRule(rule: Node, name: string, services: Node, ledger: Ledger): Node {
  const made = plainRule(rule, name, new Set(['service', 'translate-to']), ledger);
  const service = rule.index.get('service');
  const text = valueIn(service) ?? 'any/any/any';
  const of = serviceOf(text.replace(/^\d+:/, ''), 'any', services, rule);
  if (of === undefined) ledger.lost(service!, `“${text}” is no service that is known`);
  else if (service) {
    ledger.all(service);
    add(made, like(service, 'service'));
    grow(made.index.get('service')!, of, service.line);
  }
  const translation = rule.index.get('translate-to')!;
  ledger.all(translation);
  const sentence = valueIn(translation) ?? '';
  const parts = sentence.split(/[;,]?\s*(?=\b(?:src|dst): )/).filter((part) => part !== '');
  for (const part of parts) {
    const [side, said] = [part.slice(0, 4), part.slice(5).trim()];
    const source = side === 'src:' ? sourceWords.exec(said)?.groups : undefined;
    const target = side === 'dst:' ? /^(?<to>[\d.:a-fA-F-]+?)(?::(?<port>\d+))?$/.exec(said)?.groups : undefined;
    if (source) {
      const how = like(translation, 'source-translation');
      const list = grow(grow(how, source.kind!, rule.line), 'translated-address', rule.line);
      for (const one of source.addresses!.split(/[\s,]+/).filter((word) => word !== '')) grow(list, one, rule.line);
      add(made, how);
    } else if (target) {
      const how = like(translation, 'destination-translation');
      grow(grow(how, 'translated-address', rule.line), target.to!, rule.line);
      if (target.port !== undefined) grow(grow(how, 'translated-port', rule.line), target.port, rule.line);
      add(made, how);
    } else ledger.lost(translation, `“${part}” is no translation that is known`);
  }
  return made;
}

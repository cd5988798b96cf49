import { failure, type Problem, problemText, type Result, success } from '../../lib/result.js';
import type { Device, Scope as ModelScope, NamedObject, Origin } from '../../model/index.js';
import type { Capture, Identification, ReadContext, Section } from '../contract.js';
import { type CoverageBuilder, coverageBuilder } from '../shared/coverage.js';
import { addressGroup, addressObject, sideCondition } from './addresses.js';
import { applicationsNamed, applicationsOf } from './applications.js';
import { convert, isFragment, markOthers, securityList } from './convert.js';
import { factsOf } from './facts.js';
import { createLedger, type Ledger } from './ledger.js';
import { type Network, readNetwork } from './network.js';
import { DEFAULT_SYSTEM, emptyPlaces, type Places, sortInto } from './places.js';
import { objectKinds, type Reader, type Scope, scopeOf } from './scope.js';
import { serviceGroup, serviceObject } from './services.js';
import { type System, zonesOf } from './system.js';
import { at, membersOf, type Node, type Tree } from './tree.js';
import { parseBraces, parseSet } from './words.js';
import { parseXml } from './xml.js';

/** Longer than any configuration; a text beyond it is refused before work is spent on it. */
const CHARACTERS_MAX = 64 * 1024 * 1024;
const LOOKED_AT = 256 * 1024;

const certain =
  /<config\b[^>]*\burldb=|<entry name="localhost\.localdomain">|^\s*localhost\.localdomain \{|^set (?:policy panorama |device-group \S+ |network interface ethernet ethernet\d|zone \S+ network layer3 |deviceconfig (?:system|setting) )|^policy \{\s+panorama \{/m;
const likely =
  /^<response status="success"|<policy>\s*<panorama|^set (?:vsys \S+ )?(?:rulebase (?:security|nat) rules |address-group |service-group \S+ members )|^set shared (?:address|service|application)|^\s*rulebase \{$|^\s+terminal (?:yes|no);$/m;

export function identify(sections: readonly Section[]): Identification {
  let best: Identification = 'no';
  for (const { text } of sections) {
    const start = text.slice(0, LOOKED_AT);
    if (certain.test(start)) return 'certain';
    if (likely.test(start)) best = 'likely';
  }
  return best;
}

function parse({ name, text }: Section): Result<Tree> {
  // A digest in the place of a secret looks like the beginning of an element, and is a text.
  if (/^\s*</.test(text)) return parseXml(name, text.replace(/<(?<digest>secret-[0-9a-f]{24})>/g, '[$<digest>]'));
  if (/^[^\S\n]*set\s/m.test(text)) return success(parseSet(name, text));
  if (text.includes('{') || /^\s*\w[\w-]*;\s*$/.test(text)) return parseBraces(name, text);
  return failure<Problem>({
    code: 'NOT_UNDERSTOOD',
    message: 'there is no configuration of PAN-OS in this text',
    file: name,
    expected: 'the output of “show config running”, or the file of “export configuration”',
  });
}

const scopes: readonly ModelScope[] = (['ip4', 'ip6'] as const).flatMap((family) =>
  (['forward', 'input'] as const).map((direction) => ({ family, direction })),
);

/** Reads a live capture, or files: an exported configuration, with what Panorama pushed beside it or within. */
export function read(capture: Capture, { device }: ReadContext): Result<Device> {
  const coverage = coverageBuilder();
  const ledger = createLedger(coverage);
  const places = emptyPlaces();
  const trees: { readonly tree: Tree; readonly section: Section }[] = [];
  for (const section of capture.sections) {
    if (section.text.length > CHARACTERS_MAX)
      return failure({ code: 'TOO_LARGE', message: `more than ${CHARACTERS_MAX} characters`, file: section.name });
    coverage.source(section.name, section.text, section.source);
    if (section.failure) {
      coverage.blind(`${section.name}: ${problemText(section.failure.problem)}`);
      continue;
    }
    // A firewall without a manager prints nothing where the manager's rules would stand.
    if (section.name === 'pushed-policy' && section.text.trim() === '') continue;
    const tree = parse(section);
    if (!tree.ok) return tree;
    trees.push({ tree: tree.value, section });
    sortInto(places, tree.value.root, ledger);
  }
  const first = trees[0];
  if (!first || trees.every(({ tree }) => tree.root.children.length === 0))
    return failure({ code: 'NOT_UNDERSTOOD', message: 'there is no configuration of PAN-OS in this capture' });
  const origin: Origin = {
    file: first.section.name,
    line: 1,
    rule: 'the device',
    text: 'what no rule permits is denied',
  };
  const missing = new Set<string>();
  const network = readNetwork(places.network, [scopeOf('shared', places.shared)], ledger);
  const asked: System['asked'] = new Map();
  const shared = { ledger, missing, asked, network };
  const isManager = places.groups.size > 0 || places.templates.length > 0;
  const systems = isManager ? groupsOf(places, shared) : systemsOf(places, shared);
  const pipeline = isManager
    ? managed(systems, coverage, origin)
    : convert(systems, network, places.deviceconfig, ledger, coverage, origin);
  const objects = objectsOf(places, { ledger, missing });
  accountOf(places, ledger, coverage, isManager);
  const told = { users: places.users, network: places.network, deviceconfig: places.deviceconfig };
  const facts = factsOf({ ...told, systems: [...places.systems.values()].flat() });
  for (const { tree, section } of trees) ledger.settle(tree, section.text, section.name);
  say(places, systems, network, coverage, isManager);
  for (const name of [...missing].sort()) coverage.blind(`${name} is referred to and is not in this capture`);
  const version = trees.find(({ tree }) => tree.version !== undefined)?.tree.version;
  return success({
    id: device,
    ...(version !== undefined && { version }),
    pipeline: { ...pipeline, speaksOf: isManager ? [] : scopes, objects, applications: applicationsOf(asked.values()) },
    listeners: [],
    facts,
    coverage: coverage.build(),
  });
}

type Shared = Pick<System, 'ledger' | 'missing' | 'asked' | 'network'>;

/** The virtual systems of a firewall, each with what Panorama put before and behind its own rules. */
function systemsOf(places: Places, shared: Shared): readonly System[] {
  const common = scopeOf('shared', places.shared);
  const pushed = scopeOf('panorama', places.pushed);
  const named: readonly (readonly [string, readonly Node[]])[] =
    places.systems.size > 0 ? [...places.systems] : places.pushed.length > 0 ? [[DEFAULT_SYSTEM, []]] : [];
  return named.map(([name, nodes]) => {
    const own = scopeOf(name, nodes);
    const theirs = [pushed, own, common];
    const bases = (from: string, key: string, list: readonly Node[], scope: readonly Scope[]): System['bases'] =>
      list.flatMap((node) => {
        const found = at(node, key);
        return found ? [{ node: found, from, scopes: scope }] : [];
      });
    return {
      ...shared,
      name,
      nodes,
      zones: withNamedZones(zonesOf(nodes, shared.ledger), nodes, places.pushed),
      bases: [
        ...bases('pushed', 'pre-rulebase', places.pushed, theirs),
        ...bases('own', 'rulebase', nodes, [own, pushed, common]),
        ...bases('pushed', 'post-rulebase', places.pushed, theirs),
      ],
      overrides: [],
    };
  });
}

/** Where no zone is described, those that rules name are taken for interfaces of their own names. */
function withNamedZones(zones: System['zones'], nodes: readonly Node[], pushed: readonly Node[]): System['zones'] {
  if (zones.size > 0) return zones;
  const names = new Set<string>();
  for (const node of [...nodes, ...pushed])
    for (const key of ['rulebase', 'pre-rulebase', 'post-rulebase'])
      for (const kind of ['security', 'nat'])
        for (const rule of at(node, key, kind, 'rules')?.children ?? [])
          for (const side of ['from', 'to']) for (const name of membersOf(at(rule, side))) names.add(name);
  names.delete('any');
  names.delete('multicast');
  return new Map([...names].sort().map((name) => [name, { name, interfaces: [name], isExternal: false }]));
}

/** The device groups of a manager: what it would push, without the rules that stand on the firewalls. */
function groupsOf(places: Places, shared: Shared): readonly System[] {
  const common = scopeOf('shared', places.shared);
  return [...places.groups].map(([name, nodes]) => {
    const scope = [scopeOf(name, nodes), common];
    const part = (list: readonly Node[], key: string, from: string): System['bases'] =>
      list.flatMap((node) => {
        const found = at(node, key);
        return found ? [{ node: found, from, scopes: scope }] : [];
      });
    return {
      ...shared,
      name: `device-group/${name}`,
      nodes,
      zones: new Map(),
      bases: [
        ...part(places.shared, 'pre-rulebase', 'shared pre'),
        ...part(nodes, 'pre-rulebase', 'pre'),
        ...part(nodes, 'post-rulebase', 'post'),
        ...part(places.shared, 'post-rulebase', 'shared post'),
      ],
      overrides: [],
    };
  });
}

/** Lists that can be asked one by one; a manager itself filters nothing. */
function managed(
  systems: readonly System[],
  coverage: CoverageBuilder,
  origin: Origin,
): Pick<Device['pipeline'], 'lists' | 'bases'> {
  for (const system of systems) markOthers(system);
  return { lists: systems.map((system) => securityList(system, coverage, origin)), bases: [] };
}

const plain = new Set([
  'application-status',
  'application-tag',
  'tag',
  'botnet',
  'report',
  'reports',
  'report-group',
  'profiles',
  'profile-group',
  'log-settings',
  'certificate',
  'certificate-profile',
  'ssl-tls-service-profile',
  'ssl-decrypt',
  'local-user-database',
  'authentication-profile',
  'authentication-sequence',
  'authentication-object',
  'server-profile',
  'admin-role',
  'content-preview',
  'alg-override',
  'email-scheduler',
  'pdf-summary-report',
  'override',
  'setting',
  'import',
  'display-name',
  'user-id-collector',
  'user-id-agent',
  'user-id-agent-sequence',
  'user-id-ssl-auth',
  'ts-agent',
  'group-mapping',
  'global-protect',
  'captive-portal',
  'dns-proxy',
  'response-page',
  'scep',
  'ocsp-responder',
  'description',
  'devices',
  'parent-dg',
  'reference-templates',
  'threats',
  'url-admin-override',
  'url-content-types',
  'vm-info-source',
  'redistribution-agent',
  'dynamic-user-group',
  'device-object',
  'gp-auth-override',
  'access-domain',
  'sdwan-path-quality-profile',
  'sdwan-traffic-distribution-profile',
  'to-sw-version',
  'custom-url-category',
  'pkcs-certificate',
  'master-device',
  'log-forwarding',
  'schedules',
  'last-address',
  'user-group',
  'syslog',
]);
const readElsewhere = new Set<string>(['zone', 'rulebase', 'pre-rulebase', 'post-rulebase', ...objectKinds]);

/** What of a system, of the shared part or of a pushed one has no entry yet is irrelevant only where it is known to be. */
function accountOf(places: Places, ledger: Ledger, coverage: CoverageBuilder, isManager: boolean): void {
  for (const node of [
    ...places.shared,
    ...places.pushed,
    ...[...places.systems.values(), ...places.groups.values()].flat(),
  ]) {
    ledger.used(node);
    for (const child of node.children) {
      if (plain.has(child.name)) ledger.irrelevant(child);
      else if (readElsewhere.has(child.name)) {
        ledger.used(child);
        if (
          ['region', 'external-list', 'schedule', 'application', 'application-group', 'application-filter'].includes(
            child.name,
          )
        )
          ledger.all(child);
      }
    }
  }
  for (const node of places.users) ledger.irrelevant(node);
  for (const node of places.templates) ledger.told(node, 'unmodelled', 'templates of a manager are not put together');
  if (isManager) for (const node of [...places.network, ...places.deviceconfig]) ledger.irrelevant(node);
  if (isManager)
    coverage.blind('this is the configuration of a manager: the rules that stand on its firewalls are not in it');
}

/** What lies outside of this reading. */
function say(
  places: Places,
  systems: readonly System[],
  network: Network,
  coverage: CoverageBuilder,
  isManager: boolean,
): void {
  const isManaged = places.deviceconfig.some(
    (node) => at(node, 'system', 'panorama') ?? at(node, 'system', 'panorama-server'),
  );
  if (isManaged && places.pushed.length === 0 && !isManager)
    coverage.blind('Panorama manages this firewall, and the rules that it pushed are not in this capture');
  if (systems.some(isFragment))
    coverage.notCovered(
      'no interface of any zone is in this capture: a zone is taken for an interface of its own name',
    );
  const hasNat = systems.some(({ bases }) =>
    bases.some(({ node }) => (at(node, 'nat', 'rules')?.children.length ?? 0) > 0),
  );
  if (hasNat && !network.reach)
    coverage.notCovered('where a packet goes before translation is not fixed in the configuration');
  coverage.notCovered('what applications and users are is decided on the device from what it sees');
  coverage.notCovered('whether security rules refuse traffic to the device’s own services is not applied to it');
}

/** Each address and service object, so that it can be asked what it holds; every one is read, used or not. */
function objectsOf(places: Places, parts: Pick<Reader, 'ledger' | 'missing'>): readonly NamedObject[] {
  const common = scopeOf('shared', places.shared);
  const pushed = scopeOf('panorama', places.pushed);
  const homes: readonly (readonly [Scope, readonly Scope[]])[] = [
    ...[...places.systems, ...places.groups].map(([name, nodes]) => {
      const own = scopeOf(name, nodes);
      return [own, [own, pushed, common]] as const;
    }),
    [pushed, [pushed, common]],
    [common, [common]],
  ];
  const out: NamedObject[] = [];
  for (const [own, scope] of homes) {
    const reader: Reader = { ...parts, scopes: scope };
    const within = own.name;
    for (const node of own.objects.get('address')?.values() ?? [])
      out.push({
        kind: 'address',
        name: node.name,
        within,
        condition: sideCondition(addressObject(node, 'source', reader), 'source', false),
      });
    for (const node of own.objects.get('address-group')?.values() ?? [])
      out.push({
        kind: 'address',
        name: node.name,
        within,
        condition: sideCondition(addressGroup(node, 'source', reader, new Set()), 'source', false),
      });
    for (const node of own.objects.get('service')?.values() ?? [])
      out.push({ kind: 'service', name: node.name, within, condition: serviceObject(node, reader, false) });
    for (const node of own.objects.get('service-group')?.values() ?? [])
      out.push({ kind: 'service', name: node.name, within, condition: serviceGroup(node, reader, false, new Set()) });
    for (const name of own.objects.get('application')?.keys() ?? []) applicationsNamed([name], reader);
  }
  return out;
}

import { failure, type Problem, problemText, type Result, success } from '../../lib/result.js';
import {
  type Availability,
  type Device,
  type LaterState,
  type Scope as ModelScope,
  type NamedObject,
  type Origin,
  type Pipeline,
  withStateRemarks,
} from '../../model/index.js';
import type { Capture, ReadContext, Section } from '../contract.js';
import { filtersAlike } from '../shared/alike.js';
import { type CoverageBuilder, coverageBuilder, linesOf } from '../shared/coverage.js';
import { accountOf } from './account.js';
import { addressGroup, addressObject, sideCondition } from './addresses.js';
import { applicationsNamed, applicationsOf } from './applications.js';
import { AVAILABILITY, availabilityOf, standsAlone } from './availability.js';
import { convert, isDeviceJudged, isFragment } from './convert.js';
import { CANDIDATE } from './dialogue.js';
import { factsOf } from './facts.js';
import { configurationOf, isInForce, withEnds } from './in-force.js';
import { createLedger } from './ledger.js';
import { readManager } from './manager.js';
import { type Network, readNetwork } from './network.js';
import { emptyPlaces, type Places, sortInto } from './places.js';
import { isNothing, PUSHED, sortOver, sortPushed, systemOf, TEMPLATE } from './pushed.js';
import { type Reader, type Scope, scopeOf } from './scope.js';
import { serviceGroup, serviceObject } from './services.js';
import type { System } from './system.js';
import { type Shared, systemsOf } from './systems.js';
import { at, type Node, type Tree } from './tree.js';
import { parseBraces, parseSet } from './words.js';
import { parseXml } from './xml.js';

/** Longer than any configuration; a text beyond it is refused before work is spent on it. */
const CHARACTERS_MAX = 64 * 1024 * 1024;
function parse({ name, text }: Section): Result<Tree> {
  if (isInForce(text)) return parseBraces(name, withEnds(text));
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
  const tooLong = capture.sections.find(({ text }) => text.length > CHARACTERS_MAX);
  if (tooLong)
    return failure({ code: 'TOO_LARGE', message: `more than ${CHARACTERS_MAX} characters`, file: tooLong.name });
  const isCandidate = ({ name }: Section): boolean => stepOf(name) === CANDIDATE;
  const isBeside = ({ name }: Section): boolean => stepOf(name) === AVAILABILITY;
  const now = capture.sections.filter((section) => !isCandidate(section) && !isBeside(section));
  const made = readSections(now, device, coverage);
  if (!made.ok) return made;
  const availability = availabilityIn(capture.sections.find(isBeside), coverage);
  const candidate = capture.sections.find(isCandidate);
  const later = candidate && candidateState(candidate, now, made.value.pipeline, coverage);
  return success(
    withStateRemarks({
      ...made.value,
      ...(availability && { availability }),
      ...(later === 'unknown' ? { laterUnknown: ['candidate'] } : later && { later: [later] }),
      coverage: coverage.build(),
    }),
  );
}

/** A file has the name of the step whose output it holds, and an ending. */
function stepOf(name: string): string {
  return name.replace(/\.\w+$/, '');
}

function isPushed(step: string): boolean {
  return step === PUSHED || step === TEMPLATE || systemOf(step) !== undefined;
}

function availabilityIn(section: Section | undefined, coverage: CoverageBuilder): Availability | undefined {
  if (!section) return undefined;
  const lines = coverage.source(section.name, section.text, section.source);
  for (const index of lines.keys()) coverage.mark(section.name, index + 1, 'irrelevant');
  if (section.failure) return undefined;
  const found = availabilityOf(section);
  if (!found && !standsAlone(section.text))
    coverage.notCovered('whether this firewall is one of a pair: what it says of that is not understood');
  return found;
}

/** What the next commit brings, where that filters otherwise than what holds; what cannot be read of it blinds nothing now. */
function candidateState(
  section: Section,
  now: readonly Section[],
  running: Pipeline,
  coverage: CoverageBuilder,
): LaterState | 'unknown' | undefined {
  coverage.source(section.name, section.text, section.source);
  if (section.failure) return 'unknown';
  if (now.some(({ text }) => text === section.text)) {
    for (const index of linesOf(section.text).keys()) coverage.mark(section.name, index + 1, 'irrelevant');
    return undefined;
  }
  const own = coverageBuilder();
  const pushed = now.filter(({ name }) => isPushed(stepOf(name)));
  const read = readSections([section, ...pushed], section.name, own);
  const { lines, blind } = own.build();
  for (const { file, line, state, reason } of lines)
    if (file === section.name) coverage.mark(file, line, state === 'unrecognized' ? 'unmodelled' : state, reason);
  if (!read.ok) {
    for (const index of linesOf(section.text).keys())
      coverage.mark(section.name, index + 1, 'unmodelled', read.error.message);
    return 'unknown';
  }
  if (blind.length > 0 || lines.some(({ state }) => state === 'unrecognized')) return 'unknown';
  const { pipeline } = read.value;
  if (filtersAlike(pipeline, running)) return undefined;
  return { kind: 'candidate', pipeline, returnsWhen: 'once the candidate configuration is committed' };
}

function readSections(
  sections: readonly Section[],
  device: string,
  coverage: CoverageBuilder,
): Result<Omit<Device, 'coverage'>> {
  const ledger = createLedger(coverage);
  const places = emptyPlaces();
  const trees: { readonly tree: Tree; readonly section: Section }[] = [];
  let template: Node | undefined;
  const own: Node[] = [];
  for (const section of sections) {
    const step = stepOf(section.name);
    const system = systemOf(step);
    coverage.source(section.name, section.text, section.source);
    if (section.failure) {
      // A firewall of one virtual system has no rules for it alone.
      const reason = `${section.name}: ${problemText(section.failure.problem)}`;
      if (system === undefined) coverage.blind(reason);
      continue;
    }
    // A firewall without a manager has nothing where the manager's part would stand.
    if ((step === PUSHED || step === TEMPLATE || system !== undefined) && isNothing(section.text)) {
      for (const index of linesOf(section.text).keys()) coverage.mark(section.name, index + 1, 'irrelevant');
      if (system !== undefined) places.pushedTo.set(system, []);
      continue;
    }
    const tree = parse(section);
    if (!tree.ok) return tree;
    trees.push({ tree: tree.value, section });
    const root = isInForce(section.text) ? configurationOf(tree.value, ledger, coverage) : tree.value.root;
    if (system !== undefined) {
      places.pushedTo.set(system, []);
      sortPushed(places.pushedTo.get(system)!, root, ledger);
    } else if (step === PUSHED) sortPushed(places.pushed, root, ledger);
    else if (step === TEMPLATE) template = root;
    else own.push(root);
  }
  const [main, ...rest] = own;
  if (main && template) sortOver(places, main, template, ledger);
  else if (main ?? template) sortInto(places, (main ?? template)!, ledger);
  for (const root of rest) sortInto(places, root, ledger);
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
  const asked: System['asked'] = new Map();
  const common = { ledger, missing, asked, count: countOnce(coverage) };
  const isManager = places.groups.size > 0 || places.templates.length > 0;
  const { pipeline, systems, network, managed, given } = isManager
    ? { network: undefined, ...readManager(places, common, coverage, origin) }
    : { managed: undefined, given: [], ...readFirewall(places, common, coverage, origin) };
  const objects = objectsOf(places, { ledger, missing });
  for (const one of given) accountOf(one, ledger);
  accountOf(places, ledger);
  if (isManager) {
    for (const node of [...places.network, ...places.deviceconfig]) ledger.irrelevant(node);
    coverage.blind('this is the configuration of a manager: the rules that stand on its firewalls are not in it');
  }
  const facts = factsOf({
    users: places.users,
    network: places.network,
    deviceconfig: places.deviceconfig,
    systems: [...places.systems.values()].flat(),
  });
  for (const { tree, section } of trees) ledger.settle(tree, section.text, section.name);
  say(systems, network, coverage);
  if (network) sayPushed(places, systems, template !== undefined, coverage);
  for (const name of [...missing].sort()) coverage.blind(`${name} is referred to and is not in this capture`);
  const told = { speaksOf: scopes, objects, applications: applicationsOf(asked.values()) };
  const version = trees.find(({ tree }) => tree.version !== undefined)?.tree.version;
  return success({
    id: device,
    ...(version !== undefined && { version }),
    pipeline: { ...pipeline, ...told },
    ...(managed && {
      managed: Object.fromEntries(Object.entries(managed).map(([id, one]) => [id, { ...one, ...told }])),
    }),
    listeners: [],
    facts,
  });
}

/** A rule counts once, however many firewalls a manager gives it to. */
function countOnce(coverage: CoverageBuilder): System['count'] {
  const counted = new Set<Node>();
  return (rule, understood) => {
    if (!counted.has(rule)) coverage.rule(understood);
    counted.add(rule);
  };
}

/** A firewall's own configuration, with what was pushed to it. */
function readFirewall(
  places: Places,
  common: Omit<Shared, 'network'>,
  coverage: CoverageBuilder,
  origin: Origin,
): { pipeline: Omit<Pipeline, 'speaksOf'>; systems: readonly System[]; network: Network } {
  const network = readNetwork(places.network, [scopeOf('shared', places.shared)], common.ledger);
  const systems = systemsOf(places, { ...common, network });
  const pipeline = convert(systems, network, places.deviceconfig, common.ledger, coverage, origin);
  return { pipeline, systems, network };
}

/** What a manager has given the firewall and is not in this capture. */
function sayPushed(
  { deviceconfig, pushed, pushedTo }: Places,
  systems: readonly System[],
  hasTemplate: boolean,
  coverage: CoverageBuilder,
): void {
  const isManaged = deviceconfig.some(
    (node) => at(node, 'system', 'panorama') ?? at(node, 'system', 'panorama-server'),
  );
  if (!isManaged) return;
  const manages = 'Panorama manages this firewall, and';
  if (pushed.length === 0 && pushedTo.size === 0)
    coverage.blind(`${manages} the rules that it pushed are not in this capture`);
  else if (systems.length > 1)
    for (const { name } of systems)
      if (!pushedTo.has(name)) coverage.blind(`${manages} the rules that it pushed to ${name} are not in this capture`);
  if (hasTemplate) return;
  const sentence = `${manages} what its templates give, such as zones, is not in this capture`;
  if (systems.every(isFragment)) coverage.blind(sentence);
  else coverage.notCovered(sentence);
}

/** What lies outside of this reading. */
function say(systems: readonly System[], network: Network | undefined, coverage: CoverageBuilder): void {
  const isManager = network === undefined;
  if (!isManager && systems.some(isFragment))
    coverage.notCovered(
      'no interface of any zone is in this capture: a zone is taken for an interface of its own name',
    );
  const hasNat = systems.some(({ bases }) =>
    bases.some(({ node }) => (at(node, 'nat', 'rules')?.children.length ?? 0) > 0),
  );
  if (hasNat && !network?.reach)
    coverage.notCovered('where a packet goes before translation is not fixed in the configuration');
  coverage.notCovered('what applications and users are is decided on the device from what it sees');
  const hasProfiles = network?.interfaces.some(({ profile }) => profile !== undefined) ?? true;
  if (isManager || (hasProfiles && !systems.every(isDeviceJudged)))
    coverage.notCovered('whether security rules refuse traffic to the device’s own services is not applied to it');
}

/** Each address and service object, so that it can be asked what it holds; every one is read, used or not. */
function objectsOf(places: Places, parts: Pick<Reader, 'ledger' | 'missing'>): readonly NamedObject[] {
  const common = scopeOf('shared', places.shared);
  const pushed = scopeOf('panorama', places.pushed);
  const homes: readonly (readonly [Scope, readonly Scope[]])[] = [
    ...[...places.systems, ...places.groups].map(([name, nodes]) => {
      const own = scopeOf(name, nodes);
      return [own, [own, scopeOf(`panorama/${name}`, places.pushedTo.get(name) ?? []), pushed, common]] as const;
    }),
    ...[...places.pushedTo].map(([name, nodes]) => {
      const mine = scopeOf(`panorama/${name}`, nodes);
      return [mine, [mine, pushed, common]] as const;
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

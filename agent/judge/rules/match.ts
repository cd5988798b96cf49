import { isSubset, overlaps } from '../../lib/intervals.js';
import { publicAddresses } from '../../model/index.js';
import type { JudgeContext } from '../context.js';
import { addressesOf } from '../networks.js';
import { oncePer, oncePerSubject } from '../once.js';
import {
  destinationZones,
  isOne,
  isToFirewall,
  OUTER_ZONES,
  type SourceClass,
  sourceOf,
  unapprovedDestination,
  whoIs,
} from '../parties.js';
import {
  baseRisk,
  CLINICAL_ZONES,
  DATA_ZONES,
  doorsOf,
  KEY_ZONES,
  levelOf,
  openingReaching,
  type Rating,
  setTo,
} from '../risk.js';
import { anyPort, hasProtocol, protocolsOf, reachesRemoteTool, type Service, servicesReached } from '../services.js';
import type { Party, Subject } from '../types.js';
import { namesOf } from '../zones.js';
import type { Breadth, Door, ExposureRule, PartyTest, Trust, ZoneKind } from './types.js';

const TRUST_OF: Readonly<Record<SourceClass, Trust>> = {
  internet: 'internet',
  publicHost: 'publicHost',
  vendorTunnel: 'vendor',
  internal: 'inside',
};

const ZONES_OF: Readonly<Record<ZoneKind, readonly string[]>> = {
  clinical: CLINICAL_ZONES,
  key: KEY_ZONES,
  data: DATA_ZONES,
  outer: OUTER_ZONES,
};

/** Words by which the platforms' readers say that the clock decides; they are the texts of unknown conditions. */
const CLOCK =
  /\bschedule\b|\btime-range\b|\bit is (?:in the time|\d\d:\d\d)|\b(?:date|time)(?:start|stop)\b|\bmeta (?:time|hour|day)\b/;

interface Facets {
  readonly from: Side;
  readonly to: Side;
  readonly anyPort: boolean;
  readonly protocols: readonly string[];
  readonly doors: readonly Door[];
  readonly services: readonly string[];
  readonly categories: readonly string[];
  readonly portRisk: number;
  readonly remoteTool: boolean;
  readonly unapproved: boolean;
  readonly endless: boolean;
}

interface Side {
  readonly trust: Trust | undefined;
  readonly zones: readonly string[];
  readonly breadth: Breadth;
}

/** What one subject is, as the rules ask about it. */
function facetsOf(subject: Subject, context: JudgeContext): Facets {
  const { flow } = subject;
  const services = servicesOf(subject, context);
  return {
    from: sourceSide(subject, context),
    to: {
      trust: TRUST_OF[whoIs(flow.dst, context).class],
      zones: targetZones(subject, context),
      breadth: breadthOf(flow.dst, context),
    },
    anyPort: anyPort(flow.ports),
    protocols: protocolsOf(flow.proto),
    doors: isToFirewall(subject, context) ? doorsOf(flow, context) : NO_DOOR,
    services: services.map(({ id }) => id),
    categories: services.map(({ category }) => category),
    portRisk: levelOf(baseRisk(subject, context).severity),
    remoteTool: reachesRemoteTool(context.services, flow.proto.toLowerCase(), flow.ports),
    unapproved: unapprovedDestination(subject, context),
    endless: !subject.conditions?.some((text) => CLOCK.test(text)),
  };
}

/** A listener or a fact is not sent from anywhere: who reaches it is told by the openings beside it. */
function sourceSide(subject: Subject, context: JudgeContext): Side {
  const { src } = subject.flow;
  const hasSource = subject.kind === 'rule' || subject.kind === 'engine';
  return {
    trust: hasSource ? TRUST_OF[sourceOf(subject, context).class] : undefined,
    zones: hasSource ? zonesOf(src, context) : [],
    breadth: breadthOf(src, context),
  };
}

function targetZones(subject: Subject, context: JudgeContext): readonly string[] {
  const own = subject.kind === 'listener' ? context.devices[subject.device]?.zone : undefined;
  const zones = zonesOf(subject.flow.dst, context);
  return own === undefined ? zones : [...zones, ...namesOf(own, context.zones)];
}

const NO_DOOR: readonly Door[] = ['none'];

function zonesOf(party: Party, context: JudgeContext): readonly string[] {
  return destinationZones(party, context).map((zone) => zone.toLowerCase());
}

/** All the services that a flow can reach; without a named port that is every one of its protocols. */
function servicesOf({ flow }: Subject, context: JudgeContext): readonly Service[] {
  const everyPort = anyPort(flow.ports);
  return protocolsOf(flow.proto).flatMap((proto) =>
    everyPort || flow.ports === 'any'
      ? context.services.services.filter((one) => hasProtocol(proto, one.proto))
      : servicesReached(context.services, proto, flow.ports).reached.map(({ service }) => service),
  );
}

function breadthOf(party: Party, context: JudgeContext): Breadth {
  if (!party.addresses && party.text.toLowerCase() === 'any') return 'any';
  const addresses = party.addresses ?? addressesOf(party.text, context);
  if (!addresses) return 'network';
  const { ip4, ip6 } = publicAddresses;
  if (isSubset(ip4, addresses.ip4) || isSubset(ip6, addresses.ip6)) return 'any';
  return isOne(addresses) ? 'host' : 'network';
}

/** The zones that a test names, as they are compared: by the names that are usual for their kinds, and in lower case. */
const zonesMeant = oncePer(({ zones, kinds, notZones }: PartyTest) => {
  const lower = (names: readonly string[] | undefined) => names?.map((name) => name.toLowerCase());
  return { zones: lower(zones), kinds: kinds?.flatMap((kind) => ZONES_OF[kind]), notZones: lower(notZones) };
});

type Test = (facets: Facets, subject: Subject) => boolean;

const meets = <T>(wanted: readonly T[], values: readonly T[]): boolean =>
  values.some((value) => wanted.includes(value));

/** What a rule asks, as one test for each thing that it names: most rules name two or three. */
const testsOf = oncePer(({ when }: ExposureRule): readonly Test[] => {
  const tests: Test[] = [];
  const ask = <T>(wanted: T | undefined, test: (wanted: T) => Test): void => {
    if (wanted !== undefined) tests.push(test(wanted));
  };
  ask(
    when.access,
    (wanted) =>
      (_, { factCode }) =>
        factCode !== undefined && wanted.includes(factCode),
  );
  ask(
    when.direction,
    (wanted) =>
      (_, { direction }) =>
        direction !== undefined && wanted.includes(direction),
  );
  ask(
    when.anyPort,
    (wanted) =>
      ({ anyPort: value }) =>
        value === wanted,
  );
  ask(
    when.door,
    (wanted) =>
      ({ doors }) =>
        meets(wanted, doors),
  );
  ask(
    when.services,
    (wanted) =>
      ({ services }) =>
        meets(wanted, services),
  );
  ask(
    when.categories,
    (wanted) =>
      ({ categories }) =>
        meets(wanted, categories),
  );
  ask(
    when.protocols,
    (wanted) =>
      ({ protocols }) =>
        meets(wanted, protocols),
  );
  ask(
    when.portRisk,
    (wanted) =>
      ({ portRisk }) =>
        portRisk >= levelOf(wanted),
  );
  ask(
    when.remoteTool,
    (wanted) =>
      ({ remoteTool }) =>
        remoteTool === wanted,
  );
  ask(
    when.unapprovedHost,
    (wanted) =>
      ({ unapproved }) =>
        unapproved === wanted,
  );
  ask(
    when.from,
    (wanted) =>
      ({ from }) =>
        partyHolds(wanted, from),
  );
  ask(
    when.to,
    (wanted) =>
      ({ to }) =>
        partyHolds(wanted, to),
  );
  ask(when.ports, (wanted) => (_, { flow }) => {
    return wanted === 'any' || flow.ports === 'any' || overlaps(wanted, flow.ports);
  });
  ask(
    when.endless,
    (wanted) =>
      ({ endless }) =>
        endless === wanted,
  );
  return tests;
});

function partyHolds(test: PartyTest, { trust, zones, breadth }: Side): boolean {
  if (test.trust !== undefined && (trust === undefined || !test.trust.includes(trust))) return false;
  if (test.breadth !== undefined && !test.breadth.includes(breadth)) return false;
  const meant = zonesMeant(test);
  if (meant.zones !== undefined && !meets(meant.zones, zones)) return false;
  if (meant.kinds !== undefined && !meets(meant.kinds, zones)) return false;
  return meant.notZones === undefined || !meets(meant.notZones, zones);
}

/** The rules that speak of a kind of subject, in their order. */
const byKind = oncePer((rules: JudgeContext['exposures']) => {
  const lists = new Map<Subject['kind'], ExposureRule[]>();
  for (const rule of rules) {
    for (const kind of new Set(rule.when.kind)) lists.set(kind, [...(lists.get(kind) ?? []), rule]);
  }
  return lists;
});

/** What holds of a subject whatever else is open. */
const standing = oncePerSubject((subject, context): readonly ExposureRule[] => {
  const ofKind = byKind(context.exposures).get(subject.kind);
  if (!ofKind) return [];
  const facets = facetsOf(subject, context);
  return ofKind.filter((rule) => testsOf(rule).every((test) => test(facets, subject)));
});

/** The rules that speak of a subject; `alongside` is everything else that lets the internet in at the same moment. */
export function exposuresOf(
  subject: Subject,
  context: JudgeContext,
  alongside: readonly Subject[] = [],
): readonly ExposureRule[] {
  const rules = standing(subject, context);
  if (!rules.some(({ when: { reached } }) => reached !== undefined)) return rules;
  const isReached = openingReaching(subject, context, alongside) !== undefined;
  return rules.filter(({ when: { reached } }) => reached === undefined || reached === isReached);
}

/** The severity with what the rules make of it: first what is said outright, then at least, then at most. */
export function withRules(rating: Rating, rules: readonly ExposureRule[]): Rating {
  if (rules.every(({ severity }) => severity.kind === 'risk')) return rating;
  const of = (kind: ExposureRule['severity']['kind']) =>
    rules.flatMap(({ id, severity }) =>
      severity.kind === kind && severity.kind !== 'risk' ? [{ id, level: severity.level }] : [],
    );
  const worst = (list: ReturnType<typeof of>) =>
    list.length === 0 ? undefined : list.reduce((a, b) => (levelOf(b.level) > levelOf(a.level) ? b : a));
  const mildest = (list: ReturnType<typeof of>) =>
    list.length === 0 ? undefined : list.reduce((a, b) => (levelOf(b.level) < levelOf(a.level) ? b : a));
  let out = rating;
  const outright = worst(of('is'));
  if (outright) out = setTo(out, outright.level, `rule ${outright.id} ${outright.level}`);
  const least = worst(of('atLeast'));
  if (least && levelOf(least.level) > levelOf(out.severity)) {
    out = setTo(out, least.level, `rule ${least.id} at least ${least.level}`);
  }
  const most = mildest(of('atMost'));
  if (most && levelOf(most.level) < levelOf(out.severity)) {
    out = setTo(out, most.level, `rule ${most.id} at most ${most.level}`);
  }
  return out;
}

import { intersection, isSubset, size } from '../../lib/intervals.js';
import { type AddressSet, publicAddresses } from '../../model/index.js';
import {
  addressesOf,
  destinationZones,
  isToFirewall,
  type JudgeContext,
  OUTER_ZONES,
  type SourceClass,
  sourceOf,
  unapprovedDestination,
} from '../context.js';
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
import type { Breadth, Door, ExposureRule, PartyTest, Trust, When, ZoneKind } from './types.js';

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

/** What one subject is, worked out once and only where a rule asks. */
function facetsOf(subject: Subject, context: JudgeContext) {
  const { flow } = subject;
  const lazily = <T>(work: () => T): (() => T) => {
    let known: { readonly value: T } | undefined;
    return () => {
      known ??= { value: work() };
      return known.value;
    };
  };
  /** A listener or a fact is not sent from anywhere: who reaches it is told by the openings beside it. */
  const hasSource = subject.kind === 'rule' || subject.kind === 'engine';
  const services = lazily(() => servicesOf(subject, context));
  return {
    from: {
      trust: lazily((): Trust | undefined => (hasSource ? TRUST_OF[sourceOf(subject, context).class] : undefined)),
      zones: lazily(() => (hasSource ? zonesOf(flow.src, context) : [])),
      breadth: lazily(() => breadthOf(flow.src, context)),
    },
    to: {
      trust: lazily(() => trustOf(flow.dst, subject, context)),
      zones: lazily(() => {
        const own = subject.kind === 'listener' ? context.devices[subject.device]?.zone : undefined;
        const zones = zonesOf(flow.dst, context);
        return own === undefined ? zones : [...zones, ...namesOf(own, context.zones)];
      }),
      breadth: lazily(() => breadthOf(flow.dst, context)),
    },
    anyPort: lazily(() => anyPort(flow.ports)),
    protocols: lazily(() => protocolsOf(flow.proto)),
    doors: lazily(() => (isToFirewall(subject, context) ? doorsOf(flow, context) : NO_DOOR)),
    services: lazily(() => services().map(({ id }) => id)),
    categories: lazily(() => services().map(({ category }) => category)),
    portRisk: lazily(() => levelOf(baseRisk(subject, context).severity)),
    remoteTool: lazily(() => reachesRemoteTool(context.services, flow.proto.toLowerCase(), flow.ports)),
    unapproved: lazily(() => unapprovedDestination(subject, context)),
    endless: lazily(() => !(subject.conditions ?? []).some((text) => CLOCK.test(text))),
  };
}

const NO_DOOR: readonly Door[] = ['none'];

type Facets = ReturnType<typeof facetsOf>;

function zonesOf(party: Party, context: JudgeContext): readonly string[] {
  return destinationZones(party, context).map((zone) => zone.toLowerCase());
}

/** Whom a destination belongs to, by the same reckoning as a source. */
function trustOf(party: Party, subject: Subject, context: JudgeContext): Trust {
  const { direction: _, ...turned } = subject;
  return TRUST_OF[sourceOf({ ...turned, flow: { ...subject.flow, src: party } }, context).class];
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
  return countOf(addresses) === 1n ? 'host' : 'network';
}

function countOf({ ip4, ip6 }: AddressSet): bigint {
  return size(ip4) + size(ip6);
}

function has<T>(wanted: readonly T[] | undefined, value: T | undefined): boolean {
  return wanted === undefined || (value !== undefined && wanted.includes(value));
}

function some<T>(wanted: readonly T[] | undefined, values: () => readonly T[]): boolean {
  return wanted === undefined || values().some((value) => wanted.includes(value));
}

function is(wanted: boolean | undefined, value: () => boolean): boolean {
  return wanted === undefined || wanted === value();
}

/** The zones that a test names, as they are compared: by the names that are usual for their kinds, and in lower case. */
const zonesMeant = remembered(({ zones, kinds, notZones }: PartyTest) => {
  const lower = (names: readonly string[] | undefined) => names?.map((name) => name.toLowerCase());
  return { zones: lower(zones), kinds: kinds?.flatMap((kind) => ZONES_OF[kind]), notZones: lower(notZones) };
});

/** Worked out once for each of the rules' parts, which never change. */
function remembered<K extends object, V>(work: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, V>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) {
      value = work(key);
      known.set(key, value);
    }
    return value;
  };
}

function partyHolds(test: PartyTest | undefined, { trust, zones, breadth }: Facets['from']): boolean {
  if (!test) return true;
  const meant = zonesMeant(test);
  return (
    (test.trust === undefined || has(test.trust, trust())) &&
    some(meant.zones, zones) &&
    some(meant.kinds, zones) &&
    !(meant.notZones !== undefined && zones().some((zone) => meant.notZones!.includes(zone))) &&
    (test.breadth === undefined || test.breadth.includes(breadth()))
  );
}

/** The rules that speak of a kind of subject, in their order. */
const byKind = remembered((rules: JudgeContext['exposures']) => {
  const lists = new Map<Subject['kind'], ExposureRule[]>();
  for (const rule of rules) {
    for (const kind of new Set(rule.when.kind)) lists.set(kind, [...(lists.get(kind) ?? []), rule]);
  }
  return lists;
});

function holds(when: When, subject: Subject, facets: Facets): boolean {
  return (
    has(when.access, subject.factCode) &&
    has(when.direction, subject.direction) &&
    is(when.anyPort, facets.anyPort) &&
    some(when.protocols, facets.protocols) &&
    portsMeet(when.ports, subject) &&
    some(when.door, facets.doors) &&
    some(when.services, facets.services) &&
    some(when.categories, facets.categories) &&
    partyHolds(when.from, facets.from) &&
    partyHolds(when.to, facets.to) &&
    (when.portRisk === undefined || facets.portRisk() >= levelOf(when.portRisk)) &&
    is(when.remoteTool, facets.remoteTool) &&
    is(when.unapprovedHost, facets.unapproved) &&
    is(when.endless, facets.endless)
  );
}

function portsMeet(wanted: When['ports'], { flow }: Subject): boolean {
  if (wanted === undefined || wanted === 'any' || flow.ports === 'any') return true;
  return intersection(wanted, flow.ports).length > 0;
}

/** What holds of a subject whatever else is open: kept, because unchanged readings are judged again and again. */
const known = new WeakMap<JudgeContext, WeakMap<Subject, readonly ExposureRule[]>>();

function standing(subject: Subject, context: JudgeContext): readonly ExposureRule[] {
  const ofContext = known.get(context) ?? new WeakMap<Subject, readonly ExposureRule[]>();
  known.set(context, ofContext);
  const before = ofContext.get(subject);
  if (before) return before;
  const facets = facetsOf(subject, context);
  const ofKind = byKind(context.exposures).get(subject.kind) ?? [];
  const rules = ofKind.filter(({ when }) => holds(when, subject, facets));
  ofContext.set(subject, rules);
  return rules;
}

/** The rules that speak of a subject; `alongside` is everything else that lets the internet in at the same moment. */
export function exposuresOf(
  subject: Subject,
  context: JudgeContext,
  alongside: readonly Subject[] = [],
): readonly ExposureRule[] {
  return standing(subject, context).filter(
    ({ when: { reached } }) =>
      reached === undefined || reached === (openingReaching(subject, context, alongside) !== undefined),
  );
}

/** The severity with what the rules make of it: first what is said outright, then at least, then at most. */
export function withRules(rating: Rating, rules: readonly ExposureRule[]): Rating {
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

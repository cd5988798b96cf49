import { assert } from '../lib/assert.js';
import type { Diagram, Kernel, Point } from '../packets/index.js';
import { packetBoxOf } from './care-box.js';
import { anyTranslates, editBehind, type Fate, partedByCause } from './cause.js';
import { conditionsIn } from './conditions.js';
import { elsewhereOf } from './elsewhere.js';
import { type ExampleWishes, exampleOf, joinFamilies, listEntries, setDigest } from './entries.js';
import { type Env, envKey, type Translation } from './env.js';
import { contentText, digest, identitiesOf } from './identity.js';
import type { Comparison, Opening, PacketBox, PacketExample, Permit } from './opening.js';
import type { Question } from './question.js';
import type { TracedPacket } from './trace.js';
import { packetFields, type Universe } from './universe.js';
import type { Decider, Outcome, Walk } from './walk.js';

export interface OpeningsInput {
  readonly question: Question;
  readonly kernel: Kernel;
  readonly universe: Universe;
  readonly now: Walk;
  readonly other?: Walk;
  /** Declared flows. */
  readonly flows: Diagram;
  /** Only packets in here count. */
  readonly within: Diagram;
}

/** What is let through for one reason: one permitting rule with one translation. */
interface Group {
  readonly by: Decider | undefined;
  readonly env: Env;
}

/** Reads the openings out of two walks: what the one permits and the other does not permit in the same way. */
export function openingsOf(input: OpeningsInput): Comparison {
  const { kernel, flows, within, now, other, question } = input;
  const { withDeclared, withClosed } = question.options;
  const there = other ?? { ...now, diagram: kernel.none };
  const shared = sharedOf(kernel, now, there);
  const forth = sidesOf(kernel, now, shared, question, 'now');
  const undeclaredOf = (set: Diagram): Diagram => kernel.minus(kernel.and(set, within), flows);
  const listing = (
    groups: readonly Group[],
    regionOf: (group: Group) => Diagram,
    order: 'opened' | 'closed' | 'declared',
  ): readonly Opening[] => listGroups({ input, groups, regionOf, there: order === 'closed' ? now : there, order });

  const undeclared = listing(forth.groups, (group) => undeclaredOf(forth.setOf(group, false)), 'opened');
  const declared = withDeclared
    ? listing(
        forth.groups,
        (group) =>
          kernel.and(within, kernel.or(forth.setOf(group, true), kernel.and(forth.setOf(group, false), flows))),
        'declared',
      )
    : [];
  let closed: readonly Opening[] = [];
  if (withClosed && other) {
    const back = sidesOf(kernel, other, shared, question, 'other');
    closed = listing(back.groups, (group) => kernel.and(within, back.setOf(group, false)), 'closed');
  }
  const all = [...undeclared, ...declared, ...closed];
  const reasons = [...new Set(all.flatMap((opening) => (opening.reason === undefined ? [] : [opening.reason])))];
  return { undeclared, declared, closed, complete: reasons.length === 0, reasons };
}

/** Where the two may not let the same through: every packet that an opening of the one or the other may hold. */
export function differing(kernel: Kernel, now: Walk, other: Walk): Diagram {
  const permits = ({ diagram, outcome }: Walk): Diagram =>
    kernel.where(diagram, (label) => label !== 0 && accepted(outcome(label)));
  return kernel.minus(kernel.or(permits(now), permits(other)), sharedOf(kernel, now, other));
}

function translationKey({ destination, source }: Env): string {
  return envKey({ mark: 0, connectionMark: 0, ...(destination && { destination }), ...(source && { source }) });
}

/** Where a packet is sent to. Under which source address it goes on changes nothing in what is let through. */
function destinationKey({ destination }: Env): string {
  return translationKey({ mark: 0, connectionMark: 0, ...(destination && { destination }) });
}

interface Sides {
  readonly groups: readonly Group[];
  /** What the group lets through; `shared`: the part that the other state lets through in the same way. */
  setOf(group: Group, shared: boolean): Diagram;
}

type Accepted = Outcome & { readonly kind: 'accept' };

function accepted(outcome: Outcome): outcome is Accepted {
  return outcome.kind === 'accept';
}

/** What both states let through to the same host and port. A translation that leaves a packet as it is is none. */
function sharedOf(kernel: Kernel, one: Walk, other: Walk): Diagram {
  const numbers = new Map<string, number>();
  const numberOf = (env: Env): number => {
    const key = destinationKey(env);
    const number = numbers.get(key) ?? numbers.size + 1;
    numbers.set(key, number);
    return number;
  };
  const destinationsOf = (walk: Walk): Diagram =>
    kernel.bind(walk.diagram, (label) => {
      const outcome = label === 0 ? undefined : walk.outcome(label);
      if (!outcome || !accepted(outcome)) return kernel.none;
      const { destination, ...untouched } = outcome.env;
      const plain = kernel.constant(numberOf(untouched));
      if (!destination) return plain;
      return kernel.override(kernel.paint(walk.translated(destination), numberOf(outcome.env)), plain);
    });
  return kernel.pair(destinationsOf(one), destinationsOf(other), (a, b) => (a !== 0 && a === b ? 1 : 0));
}

function sidesOf(kernel: Kernel, walk: Walk, common: Diagram, question: Question, side: 'now' | 'other'): Sides {
  const groups = new Map<string, { group: Group; number: number }>();
  const numberOf = (outcome: Accepted): number => {
    const key = `${permitOf(outcome.by, outcome.env, question, side).identity} ${translationKey(outcome.env)}`;
    const known = groups.get(key);
    if (known) return known.number;
    const group: Group = { by: outcome.by, env: outcome.env };
    groups.set(key, { group, number: groups.size });
    return groups.size - 1;
  };
  const cells = kernel.pair(walk.diagram, common, (label, shared) => {
    const outcome = label === 0 ? undefined : walk.outcome(label);
    return outcome && accepted(outcome) ? 1 + 2 * numberOf(outcome) + shared : 0;
  });
  // A device with a thousand rules has as many groups.
  const own = once(() => kernel.split(cells, (label) => label % 2 === 1));
  const both = once(() => kernel.split(cells, (label) => label % 2 === 0));
  const numbers = new Map([...groups.values()].map(({ group, number }) => [group, number]));
  return {
    groups: inOrder(
      [...groups.values()].map(({ group }) => group),
      side === 'now' ? question.now : question.other!,
    ),
    setOf: (group, shared) => {
      const wanted = 1 + 2 * numbers.get(group)! + (shared ? 1 : 0);
      return (shared ? both : own)().get(wanted) ?? kernel.none;
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** As the rules stand on the device; policies and what nothing filters come last. */
function inOrder(groups: readonly Group[], { pipeline }: Question['now']): readonly Group[] {
  const places = new Map(pipeline.lists.map((list, place) => [list.id, place]));
  const place = ({ by }: Group): readonly [number, number] =>
    by?.kind === 'rule' ? [places.get(by.list) ?? 0, by.index] : [places.size, by ? 0 : 1];
  return groups
    .map((group) => ({ group, at: place(group) }))
    .sort((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1])
    .map(({ group }) => group);
}

const NOTHING = { file: '', line: 0, rule: 'no filter', text: 'no list filters this traffic' } as const;

/** Who permits. A translated destination is part of it: a published host is not the same opening as another one. */
export function permitOf(by: Decider | undefined, env: Env, question: Question, side: 'now' | 'other'): Permit {
  const pipeline = side === 'now' ? question.now.pipeline : (question.other ?? question.now).pipeline;
  const identities = identitiesOf(pipeline);
  // What source a packet goes on with changes nothing that is reached: masquerading does not make two rules of one.
  const { destination } = env;
  const translation = destination ? envKey({ mark: 0, connectionMark: 0, destination }) : '';
  const identity = (own: string): string => digest(question.direction, own, translation);
  if (!by || by.kind === 'routing') return { kind: 'unfiltered', origin: NOTHING, identity: identity('unfiltered') };
  if (by.kind === 'policy') {
    const { list, policyOrigin } = by.base;
    return { kind: 'policy', origin: policyOrigin, identity: identity(identities.policy(list)), list };
  }
  return {
    kind: 'rule',
    origin: by.rule.origin,
    identity: identity(identities.rule(by.list, by.rule)),
    list: by.list,
  };
}

/** What the permitting rule asks for by itself. */
function matchOf(by: Decider | undefined, question: Question, side: 'now' | 'other'): PacketBox | undefined {
  if (by?.kind !== 'rule') return undefined;
  const { boxes } = side === 'now' ? question.now : (question.other ?? question.now);
  const box = boxes.of(by.rule, by.list);
  return box && packetBoxOf(box, question.family);
}

interface Listing {
  readonly input: OpeningsInput;
  readonly groups: readonly Group[];
  readonly regionOf: (group: Group) => Diagram;
  /** The walk that the same packets take in the other state. */
  readonly there: Walk;
  readonly order: 'opened' | 'closed' | 'declared';
}

/**
 * One entry for each packet: conditions that a packet does not decide are projected away, and what several rules may
 * let through belongs to the first of them.
 */
function listGroups({ input, groups, regionOf, there, order }: Listing): readonly Opening[] {
  const { kernel, universe, question } = input;
  const project = (set: Diagram, how: 'existsFrom' | 'forallFrom'): Diagram =>
    universe.predicates.length === 0 ? set : kernel[how](set, packetFields.length);
  const { edits } = question;
  const translated = anyTranslates(question);
  const regions = groups.flatMap((group) => {
    const region = regionOf(group);
    if (region === kernel.none) return [];
    return partedByCause(region, { edits, kernel, by: group.by, there, order, translated }).map((part) => ({
      group,
      region: part,
    }));
  });
  const whole = kernel.fold(regions.map(({ region }) => region));
  const certain = project(whole, 'forallFrom');
  let listed = kernel.none;
  const parts = regions.map(({ group, region }) => {
    const all = project(region, 'existsFrom');
    const own = kernel.minus(all, listed);
    listed = kernel.or(listed, own);
    return { destination: group.env.destination, all, own };
  });
  const elsewhere = universe.predicates.length === 0 ? () => [] : elsewhereOf(kernel, parts);
  return regions.flatMap(({ group, region }, number) => {
    const here = parts[number]!.own;
    const elsewise = once(() => project(kernel.minus(whole, region), 'existsFrom'));
    const side = order === 'closed' ? 'other' : 'now';
    const match = matchOf(group.by, question, side);
    const permittedBy = { ...permitOf(group.by, group.env, question, side), ...(match && { match }) };
    return (['certain', 'possible'] as const).flatMap((certainty) => {
      const part = certainty === 'certain' ? kernel.and(here, certain) : kernel.minus(here, certain);
      return listEntries(kernel, universe, part).map((entry): Opening => {
        const set = kernel.and(region, kernel.and(part, entry.region));
        const { point, packet } = exampleOf(kernel, universe, set, { ...wishesFor(question), within: entry.box });
        const because = causeAt(point, group, { question, there, kernel, universe, packet, order });
        const others = elsewhere(number, entry.region);
        const { inInterface, outInterface, ...fields } = packet;
        return {
          id: digest(permittedBy.identity, certainty, contentText(entry.box), contentText(entry.except)),
          direction: question.direction,
          box: entry.box,
          except: entry.except,
          certainty,
          conditions:
            certainty === 'certain'
              ? []
              : conditionsIn(kernel, universe, { whole, part: entry.region, others: elsewise() }),
          ...natOf(group.env, others),
          witness: {
            ...fields,
            ...(question.direction !== 'output' && inInterface !== undefined && { inInterface }),
            ...(question.direction !== 'input' && outInterface !== undefined && { outInterface }),
          },
          permittedBy,
          ...(because && { because }),
          set: setDigest(kernel, universe, entry.region),
          complete: entry.complete,
          ...(entry.reason !== undefined && { reason: entry.reason }),
        };
      });
    });
  });
}

function natOf({ destination, source }: Env, others: readonly Translation[]): Pick<Opening, 'nat'> {
  if (!destination && !source && others.length === 0) return {};
  return {
    nat: { ...(destination && { destination }), ...(source && { source }), ...(others.length > 0 && { others }) },
  };
}

function wishesFor({ direction, now, options }: Question): ExampleWishes {
  const addresses = now.pipeline.localAddresses;
  const side = direction === 'output' ? 'source' : 'destination';
  return {
    ...(options.interfaces && { order: options.interfaces }),
    ...(addresses && direction !== 'forward' && { own: { side, addresses } }),
  };
}

interface Comparing {
  readonly question: Question;
  readonly universe: Universe;
  readonly packet: PacketExample;
  readonly there: Walk;
  readonly kernel: Kernel;
  readonly order: Listing['order'];
}

function causeAt(point: Point, group: Group, comparing: Comparing): Opening['because'] {
  const { question, there, kernel, order } = comparing;
  const { edits } = question;
  if (!edits || order === 'declared') return undefined;
  const label = kernel.at(there.diagram, point);
  const outcome = label === 0 ? undefined : there.outcome(label);
  assert(outcome === undefined || outcome.kind === 'accept' || outcome.kind === 'deny', 'a walk ended half way');
  const here: Fate = { by: group.by };
  const opposite: Fate = { by: outcome && 'by' in outcome ? outcome.by : undefined };
  const [now, before] = order === 'closed' ? [opposite, here] : [here, opposite];
  const passesBoth = outcome?.kind === 'accept';
  return editBehind({ edits, now, before, order, point, question, passesBoth, packet: tracedAt(point, comparing) });
}

/** The packet of a point, that a trace can be asked about. */
function tracedAt(point: Point, { universe, packet }: Comparing): TracedPacket {
  const fields: TracedPacket['fields'] = Object.fromEntries(packetFields.map((name, index) => [name, point[index]!]));
  const answers = universe.predicates.map(({ id }, index) => [id, point[packetFields.length + index] === 1] as const);
  return {
    family: universe.family,
    state: 'new',
    inInterface: packet.inInterface ?? '',
    outInterface: packet.outInterface ?? '',
    fields,
    predicates: new Map(answers),
  };
}

/** Puts the IPv4 and the IPv6 part of what one rule does into one entry, where both read alike. */
export function joinOpenings(parts: readonly (readonly Opening[])[]): readonly Opening[] {
  const [first = [], second = []] = parts;
  const left = [...second];
  const joined = first.map((one) => {
    const at = left.findIndex((other) => isTwin(one, other) && joinFamilies(one.box, other.box) !== undefined);
    if (at < 0) return one;
    const [other] = left.splice(at, 1);
    const box = joinFamilies(one.box, other!.box)!;
    return {
      ...one,
      id: digest(one.id, other!.id),
      box,
      set: digest(one.set, other!.set),
    };
  });
  return [...joined, ...left];
}

function isTwin(a: Opening, b: Opening): boolean {
  return (
    a.box.families[0] === 'ip4' &&
    b.box.families[0] === 'ip6' &&
    a.permittedBy.identity === b.permittedBy.identity &&
    a.certainty === b.certainty &&
    a.except.length === 0 &&
    b.except.length === 0 &&
    a.complete &&
    b.complete &&
    a.because?.edit === b.because?.edit &&
    contentText(a.nat ?? null) === contentText(b.nat ?? null) &&
    contentText(a.conditions) === contentText(b.conditions)
  );
}

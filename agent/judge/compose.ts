import type { DeclaredFlow, DeclaredListener, InWindows } from '../baseline/index.js';
import type { Edit, Opening } from '../exposure/index.js';
import type { Device } from '../model/index.js';
import {
  cutFlows,
  cutSince,
  declaredNow,
  passingOf,
  type Sides,
  undecided,
  undeclaredNow,
  unspoken,
} from './compose-compare.js';
import { engineOf } from './compose-engine.js';
import { flowOf, flowsMeet, type Surroundings, shapeMeets } from './compose-flow.js';
import { factSubjects, listening, uncomparedAreas } from './compose-hosts.js';
import { nothingInWindows, standingFacts, standingRules, withoutStanding } from './compose-in-windows.js';
import { latentSubjects, laterSubjects, nothingLatent } from './compose-latent.js';
import { type OtherVersion, platformOf } from './compose-platform.js';
import {
  continued,
  groupByRule,
  type RuleGroup,
  subjectOfRule,
  succeed,
  withDeletion,
  withFreshUndo,
} from './compose-rules.js';
import { outerFirst } from './parties.js';
import { carrierOf, declaredId, type Observation, type Subject } from './types.js';

export interface ComposeInput {
  readonly device: string;
  readonly at: number;
  readonly snapshot?: string;
  readonly now: Device;
  /** What a person approved. */
  readonly approved?: Device;
  /** Where what was approved is of another version than this reading. */
  readonly otherVersion?: OtherVersion;
  /** The complete reading before this one. */
  readonly before?: Device;
  readonly declared: {
    /** Open at any time. */
    readonly flows: readonly DeclaredFlow[];
    readonly listeners: readonly DeclaredListener[];
    readonly inWindows?: InWindows;
  };
  /** What was open on this device and not declared, as the judge remembers it: findings go on in it. */
  readonly earlier: readonly Subject[];
  /** What was missing, as the judge remembers it. Only needed where nothing is approved. */
  readonly earlierMissing?: readonly Subject[];
  readonly interfaceZones: Readonly<Record<string, string>>;
  /** Zones that face strangers, besides those whose name says so. */
  readonly outerZones?: readonly string[];
  /** How the platform undoes an edit. */
  readonly undo?: (edit: Edit) => string | undefined;
  /** Wall-clock limit of one comparison. */
  readonly timeMsMax?: number;
}

/**
 * From one reading to what the judge is told: everything open that is not declared, what is declared and open, and
 * what is declared and cut. Pure; the same reading against the same state gives the same observation.
 */
export function composeObservation(input: ComposeInput): Observation {
  const { device, at, snapshot, now, approved, before, declared, undo } = input;
  const around: Surroundings = { device, pipeline: now.pipeline, interfaceZones: input.interfaceZones };
  const sides: Sides = {
    now: now.pipeline,
    ...(approved && { approved: approved.pipeline }),
    ...(before && { before: before.pipeline }),
    flows: declared.flows,
    interfaces: outerFirst(input.interfaceZones, input.outerZones),
    ...(input.timeMsMax !== undefined && { timeMsMax: input.timeMsMax }),
  };
  const reference = before?.pipeline ?? approved?.pipeline;
  const { inWindows = nothingInWindows } = declared;
  // What may be open in windows alone is told by itself, and so is neither undeclared nor declared here.
  const beside: Sides =
    inWindows.flows.length === 0 ? sides : { ...sides, flows: [...declared.flows, ...inWindows.flows] };
  const earlier = input.earlier.filter((subject) => !subject.inWindows);
  const comparison = undeclaredNow(beside, reference);
  const blind = [
    ...now.coverage.blind,
    ...unspoken(now.pipeline, (approved ?? before)?.pipeline).map((reason) => `${device}: ${reason}`),
    ...undecided(comparison).map((reason) => `${device}: ${reason}`),
  ];
  const isBlind = blind.length > 0;
  const open = comparison.undeclared.filter((opening) => !isBlind || opening.certainty === 'certain');
  const engine = engineOf({
    device,
    undeclared: open,
    now: now.pipeline,
    ...(approved && { approved: approved.pipeline }),
    ...(before && { before: before.pipeline }),
    earlier,
    ...(undo && { undo }),
  });
  const factsOf = (state: Device): readonly Subject[] =>
    approved
      ? factSubjects({
          ...{ device, now: state, approved, blind: isBlind, tellsForwarding: engine.tellsForwarding },
          inWindows: inWindows.access,
        })
      : [];
  const changed = { groups: groupByRule(engine.rest), closed: comparison.closed, facts: factsOf(now) };
  const other = isBlind ? undefined : input.otherVersion;
  const platform =
    approved && other
      ? platformOf({ device, now, approved, other, ...changed, factsUnder: factsOf(other.under) }, beside, around)
      : { ...changed, subject: undefined };
  const { groups, closed } = platform;
  const { earlierOf } = succeed(groups, earlier, isBlind ? () => new Set() : heirs(input, beside, around));
  const told = groups.map((group) =>
    withFreshUndo(continued(subjectOfRule(group, around, undo), earlierOf.get(group.identity)), group, undo),
  );
  const rules = withCauses(told, input, beside, around);
  const standing = standingRules(
    { inWindows, blind: isBlind, ...(reference && { reference }), ...(undo && { undo }) },
    sides,
    around,
  );
  const listeners = listening({
    device,
    now: now.listeners,
    ...(approved && { approved: approved.listeners }),
    ...(before && { before: before.listeners }),
    declared: declared.listeners,
    inWindows: inWindows.listeners,
    interfaceZones: input.interfaceZones,
  });
  const sleeping = isBlind ? nothingLatent : latentSubjects(sides, open, around);
  const later = laterSubjects({ now, approved, earlier: input.earlier, blind: isBlind }, sides, around);
  const allowed = isBlind ? [] : declaredRules(input, sides, comparison.closed);
  const limits = [
    ...standing.limits,
    ...sleeping.limits,
    ...later.limits,
    ...(approved ? notCompared(now, approved) : []),
  ];
  return {
    device,
    at,
    ...(snapshot !== undefined && { snapshot }),
    undeclared: [
      ...(engine.subject ? [engine.subject] : []),
      ...withDeletion(rules, groups, { undo: isBlind ? undefined : undo, allowed }),
      ...standing.subjects,
      ...listeners.undeclared,
      ...platform.facts,
      ...standingFacts(device, now, inWindows),
      ...(platform.subject ? [platform.subject] : []),
      ...sleeping.subjects,
      ...later.subjects,
    ],
    declared: isBlind ? [] : [...allowed, ...listeners.declared],
    missing: isBlind ? [] : [...missingRules(input, sides, closed), ...missingListeners(input, listeners)],
    blind: [...new Set(blind)],
    ...(limits.length > 0 && { limits }),
  };
}

function notCompared(now: Device, approved: Device): readonly string[] {
  const areas = uncomparedAreas(now, approved);
  if (areas.length === 0) return [];
  return [
    `access facts that the approved snapshot does not have, so they are not compared: ${areas.join(', ')}; approve a newer one`,
  ];
}

/**
 * So many comparisons of whole pipelines are made to find out which findings go on in which rules: thousands of rules
 * that were loaded anew must not hold up what is to be told of them. Beyond, the flows that people read are compared,
 * and beyond that many pairs a finding ends and another one begins.
 */
const HEIR_COMPARISONS_MAX = 24;
const HEIR_PAIRS_MAX = 50_000;

/** Which of the new rules take over traffic of findings whose rules are gone: exactly where the reading before is known. */
function heirs(
  input: ComposeInput,
  sides: Sides,
  around: Surroundings,
): (gone: readonly Subject[], newcomers: readonly RuleGroup[]) => ReadonlySet<string> {
  const { before } = input;
  const openingsBefore = onceOf(() => {
    const { before: _, ...rest } = sides;
    const then = before ? undeclaredNow({ ...rest, now: before.pipeline }, undefined).undeclared : [];
    return groupByIdentity(then);
  });
  const flows = new Map<string, Subject['flow']>();
  const flowOfGroup = ({ identity, openings }: RuleGroup): Subject['flow'] => {
    const flow = flows.get(identity) ?? flowOf(openings, around);
    flows.set(identity, flow);
    return flow;
  };
  let comparisons = 0;
  let pairs = 0;
  const meeting = (gone: readonly Subject[], newcomers: readonly RuleGroup[]): readonly string[] => {
    pairs += gone.length * newcomers.length;
    if (gone.length === 0 || pairs > HEIR_PAIRS_MAX) return [];
    return newcomers.flatMap((group) =>
      gone.some(({ flow }) => flowsMeet(flow, flowOfGroup(group))) ? [group.identity] : [],
    );
  };
  return (gone, newcomers) => {
    const known = new Map(gone.map((one) => [one, openingsBefore().get(carrierOf(one)) ?? []]));
    const isExact = (one: Subject): boolean => {
      const openings = known.get(one)!;
      return openings.length > 0 && openings.every(({ complete }) => complete);
    };
    const exact = comparisons < HEIR_COMPARISONS_MAX ? gone.filter(isExact) : [];
    if (exact.length > 0) comparisons++;
    const passing =
      exact.length === 0
        ? []
        : passingOf(
            exact.flatMap((one) => known.get(one)!),
            sides,
          );
    const exactly = new Set(exact);
    const rest = gone.filter((one) => !exactly.has(one));
    return new Set([...passing, ...meeting(rest, newcomers)]);
  };
}

function groupByIdentity(openings: readonly Opening[]): ReadonlyMap<string, readonly Opening[]> {
  const groups = new Map<string, Opening[]>();
  for (const opening of openings) {
    const group = groups.get(opening.permittedBy.identity);
    if (group) group.push(opening);
    else groups.set(opening.permittedBy.identity, [opening]);
  }
  return groups;
}

function onceOf<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/**
 * An opening whose rules were the same at the reading before (it was declared until today, say) has no edit since
 * then: what differs from the approved state is its cause.
 */
function withCauses(
  subjects: readonly Subject[],
  input: ComposeInput,
  sides: Sides,
  around: Surroundings,
): readonly Subject[] {
  const { approved, before } = input;
  if (!approved || !before || subjects.every((subject) => subject.cause)) return subjects;
  const again = new Map(
    groupByRule(undeclaredNow(sides, approved.pipeline).undeclared).map((group) => [
      group.identity,
      subjectOfRule(group, around, input.undo),
    ]),
  );
  return subjects.map((subject) => {
    const { cause, undo } = again.get(carrierOf(subject)) ?? {};
    if (subject.cause || !cause) return subject;
    return { ...subject, cause, ...(subject.undo === undefined && undo !== undefined && { undo }) };
  });
}

const wording = new WeakMap<readonly Opening[], { readonly around: string; readonly subjects: readonly Subject[] }>();

/**
 * One rule may let through both what is declared and more: each part is judged by itself, under an id of its own. What
 * was approved and still passes is the same list at every reading, and is put into words once.
 */
function declaredRules(input: ComposeInput, sides: Sides, closed: readonly Opening[]): readonly Subject[] {
  const { approved, device, interfaceZones, now } = input;
  const pipeline = (approved ?? now).pipeline;
  const openings = declaredNow(sides, closed, input.declared.inWindows?.flows);
  // The list itself stands for the pipeline that it was made of.
  const around = JSON.stringify([device, interfaceZones]);
  const known = wording.get(openings);
  if (known?.around === around) return known.subjects;
  const subjects = groupByRule(openings).map((group) => {
    const subject = subjectOfRule(group, { device, pipeline, interfaceZones }, undefined);
    return { ...subject, id: declaredId(subject) };
  });
  wording.set(openings, { around, subjects });
  return subjects;
}

function missingRules(input: ComposeInput, sides: Sides, closed: readonly Opening[]): readonly Subject[] {
  const { approved, before, interfaceZones, device, earlierMissing = [] } = input;
  const cutFrom = (reference: Device, whole: readonly Opening[]): readonly Subject[] => {
    const around: Surroundings = { device, pipeline: reference.pipeline, interfaceZones };
    const states = { reference: reference.pipeline, now: sides.now, ...budgetOf(sides) };
    const cut = withoutStanding(whole, input.declared.inWindows ?? nothingInWindows, states);
    return groupByRule(cut).map((group) => subjectOfRule(group, around, undefined));
  };
  const approvedCut = approved ? cutFrom(approved, cutSince(approved.pipeline, closed, sides)) : [];
  // What a file declares may never have passed: it is missed from the reading on that shows it cut.
  const flowsCut = before ? cutFrom(before, cutFlows(sides)) : [];
  const isTold = ({ id, flow }: Subject, subjects: readonly Subject[]): boolean =>
    subjects.some((one) => one.id === id || (flowsMeet(one.flow, flow) && !isApart(one.flow, flow)));
  const subjects = [...approvedCut, ...flowsCut.filter((one) => !isTold(one, approvedCut))];
  const reference = approved ?? before;
  if (!reference) return [];
  // Nothing was missing, and all that is declared need not be put into words.
  if (earlierMissing.length === 0) return subjects;
  // A cut is seen once; it stays told until what was cut passes again, or nothing declares it any more.
  const around: Surroundings = { device, pipeline: reference.pipeline, interfaceZones };
  const passing = groupByRule(declaredNow(sides, [])).map((group) => flowOf(group.openings, around));
  const still = earlierMissing.filter(
    (old) =>
      old.kind === 'rule' &&
      !isTold(old, subjects) &&
      !passing.some((flow) => flowsMeet(flow, old.flow) && !isApart(flow, old.flow)) &&
      sides.flows.some(({ shape }) => shape === undefined || shapeMeets(shape, old.flow)),
  );
  return [...subjects, ...still];
}

/** Between other zones: the same addresses are not the same packets there. */
function isApart(one: Subject['flow'], other: Subject['flow']): boolean {
  const differ = (a: string | undefined, b: string | undefined): boolean =>
    a !== undefined && b !== undefined && a !== b;
  return differ(one.src.zone, other.src.zone) || differ(one.dst.zone, other.dst.zone);
}

function budgetOf({ timeMsMax }: Sides): Pick<Sides, 'timeMsMax'> {
  return timeMsMax === undefined ? {} : { timeMsMax };
}

function missingListeners(input: ComposeInput, listeners: ReturnType<typeof listening>): readonly Subject[] {
  const { missing, declared } = listeners;
  if (input.approved) return missing;
  const answers = (old: Subject): boolean =>
    declared.some((one) => one.flow.proto === old.flow.proto && String(one.flow.ports) === String(old.flow.ports));
  const still = (input.earlierMissing ?? []).filter(
    (old) => old.kind === 'listener' && !missing.some((one) => one.id === old.id) && !answers(old),
  );
  return [...missing, ...still];
}

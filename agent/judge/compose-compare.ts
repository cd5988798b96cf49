import { contentId, type DeclaredFlow, flowSetOf } from '../baseline/index.js';
import { type CompareOptions, type Comparison, compare, type Opening, type Permit } from '../exposure/index.js';
import type { Pipeline, Scope } from '../model/index.js';

export interface Sides {
  readonly now: Pipeline;
  readonly approved?: Pipeline;
  readonly before?: Pipeline;
  readonly flows: readonly DeclaredFlow[];
  /** The device's own, those that face the internet first: a witness goes by them. */
  readonly interfaces?: readonly string[];
  readonly timeMsMax?: number;
}

function has(scopes: readonly Scope[], wanted: Scope): boolean {
  return scopes.some((scope) => scope.direction === wanted.direction && scope.family === wanted.family);
}

/** Directions that an earlier state spoke of and this one does not: nothing can be said of them now. */
export function unspoken(now: Pipeline, approved: Pipeline | undefined): readonly string[] {
  return (approved?.speaksOf ?? [])
    .filter((scope) => !has(now.speaksOf, scope))
    .map(({ family, direction }) => `${family === 'ip4' ? 'IPv4' : 'IPv6'} ${direction} was not read`);
}

/**
 * What is let through and not declared. Of what the approved state never spoke of (IPv6 was not read then) nothing is
 * approved, so there only the declared flows count.
 */
export function undeclaredNow(sides: Sides, reference: Pipeline | undefined): Comparison {
  return compareBeside(sides, {
    ...(reference && { reference }),
    ...(sides.interfaces && { interfaces: sides.interfaces }),
    withClosed: sides.approved !== undefined,
  });
}

/** What an approved state lets through, listed once: it is asked for at every reading, and is the largest list of all. */
const approvedOpenings = new WeakMap<Pipeline, readonly Opening[]>();

function openingsOf(approved: Pipeline, budget: Pick<CompareOptions, 'timeMsMax'>): readonly Opening[] {
  const known = approvedOpenings.get(approved);
  if (known) return known;
  const listed = certainAtLeast(compare(approved, budget));
  approvedOpenings.set(approved, listed);
  return listed;
}

/** Of a comparison that could not be decided only what is proved: what may be declared is no exposure of the baseline. */
function certainAtLeast(comparison: Comparison): readonly Opening[] {
  const decided = undecided(comparison).length === 0;
  return comparison.undeclared.filter((opening) => decided || opening.certainty === 'certain');
}

/**
 * What is let through and declared. What is approved goes by the rules of the approved state, which stay the same
 * whatever is done to those that let it through now: all of it where nothing was cut since, else what is left (without
 * `but`, which may not be open at any time). The
 * rest of what flows declare goes by the rules that are there.
 */
export function declaredNow(
  { now, approved, flows, timeMsMax }: Sides,
  closed: readonly Opening[],
  but: readonly DeclaredFlow[] = [],
): readonly Opening[] {
  const budget = timeMsMax === undefined ? {} : { timeMsMax };
  const sides: Sides = { now, ...(approved && { approved }), flows: [], ...budget };
  const besides =
    flows.length === 0 ? [] : flowByFlow(certainAtLeast(compareBeside(sides, { within: flows })), flows, sides);
  if (!approved) return besides;
  if (closed.length === 0 && but.length === 0) {
    const all = openingsOf(approved, budget);
    return besides.length === 0 ? all : [...all, ...besides];
  }
  const left = compare(approved, { flows: [...closed.map(flowSetOf), ...but], ...budget });
  return [...certainAtLeast(left), ...besides];
}

/**
 * Where no rule permits any more, everything that is declared passes for one reason, and its hull would be wider than
 * any declaration: it is told flow by flow, as it was written.
 */
function flowByFlow(openings: readonly Opening[], flows: Sides['flows'], sides: Sides): readonly Opening[] {
  const byRule = openings.filter((opening) => opening.permittedBy.kind === 'rule');
  if (byRule.length === openings.length) return openings;
  return [
    ...byRule,
    ...flows.flatMap((flow) => {
      const { file, line } = flow.at;
      const permittedBy: Permit = {
        kind: 'rule',
        origin: { file, line, rule: `flow ${flow.id}`, text: flow.text },
        identity: contentId(['flow', flow.id]),
      };
      return certainAtLeast(compareBeside(sides, { within: [flow] }))
        .filter((opening) => opening.permittedBy.kind !== 'rule')
        .map((opening) => ({ ...opening, permittedBy }));
    }),
  ];
}

function compareBeside(
  { now, approved, flows, timeMsMax }: Sides,
  options: Pick<CompareOptions, 'reference' | 'interfaces' | 'withClosed' | 'within'>,
): Comparison {
  const common = { ...options, flows, ...(timeMsMax !== undefined && { timeMsMax }) };
  if (!approved) return compare(now, common);
  const shared = compare(now, { ...common, pipeline: approved });
  const others = now.speaksOf.filter((scope) => !has(approved.speaksOf, scope));
  if (others.length === 0) return shared;
  const alone = compare({ ...now, speaksOf: others }, common);
  return {
    undeclared: [...shared.undeclared, ...alone.undeclared],
    declared: [...shared.declared, ...alone.declared],
    closed: shared.closed,
    complete: shared.complete && alone.complete,
    reasons: [...shared.reasons, ...alone.reasons],
  };
}

/** How `compare` begins where a set is known exactly and only takes too many boxes to be listed. */
const LISTING_ONLY = /^the exact set takes more than/;

/**
 * Reasons for which a difference could not be decided. That a set takes too many boxes to be listed is none: which
 * packets are in it is known all the same.
 */
export function undecided({ reasons }: Comparison): readonly string[] {
  return reasons.filter((reason) => !LISTING_ONLY.test(reason));
}

/**
 * What was let through and is not any more. Packets that still pass, only translated to somewhere else, are told as
 * an opening and are not missing too.
 */
export function cutSince(reference: Pipeline, closed: readonly Opening[], sides: Sides): readonly Opening[] {
  const { now, timeMsMax } = sides;
  const translates = [reference, now].some((one) => one.bases.some((base) => base.type === 'nat'));
  if (closed.length === 0 || !translates) return closed;
  const budget = timeMsMax === undefined ? {} : { timeMsMax };
  const within = closed.map(flowSetOf);
  const passing = compare(now, { pipeline: reference, within, ...budget }).undeclared;
  if (passing.length === 0) return closed;
  const flows = passing.map(flowSetOf);
  return compare(reference, { pipeline: now, reference: now, within, flows, ...budget }).undeclared;
}

/** Without an approved state: declared flows that the reading before let through and this one does not. */
export function cutFlows(sides: Sides): readonly Opening[] {
  const { now, before, flows, timeMsMax } = sides;
  if (!before || flows.length === 0) return [];
  const options = { pipeline: before, within: flows, withClosed: true, ...(timeMsMax !== undefined && { timeMsMax }) };
  return cutSince(before, compare(now, options).closed, sides);
}

/** The rules of now, by identity, that let through, undeclared, some of what these openings of the reading before let through. */
export function passingOf(openings: readonly Opening[], sides: Sides): ReadonlySet<string> {
  const { now, approved, flows, timeMsMax } = sides;
  const within = openings.map(flowSetOf);
  const options = {
    within,
    flows,
    ...(approved && { pipeline: approved }),
    ...(timeMsMax !== undefined && { timeMsMax }),
  };
  return new Set(compare(now, options).undeclared.map(({ permittedBy }) => permittedBy.identity));
}

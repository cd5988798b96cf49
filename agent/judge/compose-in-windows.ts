import { type DeclaredFlow, declaresFact, flowSetOf, type InWindows } from '../baseline/index.js';
import { type CompareOptions, compare, type Opening } from '../exposure/index.js';
import type { AccessFact, Device, Pipeline } from '../model/index.js';
import { type Sides, undecided } from './compose-compare.js';
import type { Surroundings } from './compose-flow.js';
import { factSubject, valuesOf } from './compose-hosts.js';
import { groupByRule, subjectOfRule, type Undo } from './compose-rules.js';
import type { Subject } from './types.js';

export const nothingInWindows: InWindows = { flows: [], listeners: [], access: [] };

export interface StandingInput {
  readonly inWindows: InWindows;
  /** Of a reading that is not complete only what is certain. */
  readonly blind: boolean;
  readonly reference?: Pipeline;
  readonly undo?: Undo;
}

export interface Standing {
  readonly subjects: readonly Subject[];
  readonly limits: readonly string[];
}

/**
 * Flows that may be open in windows alone, as far as they are open now: whatever was approved, and except what is
 * declared to be open at any time. Each declaration is told by itself, rule by rule.
 */
export function standingRules(
  { inWindows: { flows }, blind, reference, undo }: StandingInput,
  sides: Sides,
  around: Surroundings,
): Standing {
  const open = (within: readonly DeclaredFlow[]) =>
    compare(sides.now, {
      within,
      flows: sides.flows,
      ...(reference && { reference }),
      ...(sides.interfaces && { interfaces: sides.interfaces }),
      ...(sides.timeMsMax !== undefined && { timeMsMax: sides.timeMsMax }),
    });
  if (flows.length === 0) return { subjects: [], limits: [] };
  const all = open(flows);
  const limits = undecided(all).map((reason) => `what may be open in windows alone: ${reason}`);
  if (all.undeclared.length === 0) return { subjects: [], limits };
  const subjects = flows.flatMap((flow) => {
    const seen = open([flow]).undeclared.filter(({ certainty }) => !blind || certainty === 'certain');
    return groupByRule(seen).map((group): Subject => {
      const subject = subjectOfRule(group, around, undo);
      return { ...subject, id: `${subject.id}+${flow.id}`, inWindows: { id: flow.id, ...flow.only } };
    });
  });
  return { subjects, limits };
}

/** What is cut of traffic, without what is open in windows alone: that it is shut is as it should be. */
export function withoutStanding(
  cut: readonly Opening[],
  { flows }: InWindows,
  {
    reference,
    now,
    timeMsMax,
  }: { readonly reference: Pipeline; readonly now: Pipeline } & Pick<CompareOptions, 'timeMsMax'>,
): readonly Opening[] {
  if (cut.length === 0 || flows.length === 0) return cut;
  const budget = timeMsMax === undefined ? {} : { timeMsMax };
  return compare(reference, { pipeline: now, reference: now, within: cut.map(flowSetOf), flows, ...budget }).undeclared;
}

/** Access that may be there in windows alone, as far as it is there now, whatever was approved. */
export function standingFacts(device: string, { facts }: Device, { access }: InWindows): readonly Subject[] {
  const named = new Map<string, AccessFact[]>();
  for (const fact of facts) {
    if (!access.some((one) => declaresFact(one, fact.subject)) || isOff(fact)) continue;
    const name = `${fact.kind} ${fact.subject}`;
    named.set(name, [...(named.get(name) ?? []), fact]);
  }
  return [...named.values()].map((same): Subject => {
    const declared = access.find((one) => declaresFact(one, same[0]!.subject))!;
    const subject = factSubject(device, same[0]!, { now: valuesOf(same) });
    return { ...subject, inWindows: { id: declared.id, ...declared.only } };
  });
}

/** A switch that stands at nothing gives nothing. */
function isOff({ kind, value }: AccessFact): boolean {
  return kind === 'forwarding' && value === '0';
}

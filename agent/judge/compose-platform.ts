import { contentId, flowSetOf } from '../baseline/index.js';
import { compare, type Opening } from '../exposure/index.js';
import { anyAddress, type Device, type Pipeline } from '../model/index.js';
import { type Sides, undecided } from './compose-compare.js';
import { flowOf, flowText, type Surroundings, setOf, witnessText } from './compose-flow.js';
import { groupByRule, type RuleGroup } from './compose-rules.js';
import type { Subject } from './types.js';

/** One subject holds all that differs only because the platform has another version. */
export const PLATFORM_ID = 'platform';

/** Where more rules than this differ and not all of them by the version alone, each would take a comparison. */
const GROUPS_MAX = 64;

/** The same reading once more, as the version that was approved would have meant it. */
export interface OtherVersion {
  readonly under: Device;
  /** The defaults that changed between the two versions, in words. */
  readonly changes: readonly string[];
}

export interface PlatformInput {
  readonly device: string;
  readonly now: Device;
  readonly approved: Device;
  readonly other: OtherVersion;
  /** What is open and not declared, by rule. */
  readonly groups: readonly RuleGroup[];
  /** What was let through and is not. */
  readonly closed: readonly Opening[];
  /** Access facts that differ, as they stand and with the defaults of the approved version. */
  readonly facts: readonly Subject[];
  readonly factsUnder: readonly Subject[];
}

export interface PlatformChange {
  /** Absent: nothing differs by the version alone. */
  readonly subject?: Subject;
  /** What somebody did, whatever the version. */
  readonly groups: readonly RuleGroup[];
  readonly closed: readonly Opening[];
  readonly facts: readonly Subject[];
}

/**
 * A new version means something else by what nobody has written. What differs from the approved state only for that
 * reason is one thing to tell, and nobody's edit: exactly what vanishes when the same text is read with the defaults of
 * the old version. Of a rule of which a part differs all the same everything is told as the work on that rule.
 */
export function platformOf(input: PlatformInput, sides: Sides, around: Surroundings): PlatformChange {
  const { device, now, approved, other, groups, closed, facts, factsUnder } = input;
  const { under } = other;
  const remaining = new Set(factsUnder.map(({ id, set }) => contentId([id, set])));
  const isKept = ({ id, set }: Subject): boolean => remaining.has(contentId([id, set]));
  const budget = sides.timeMsMax === undefined ? {} : { timeMsMax: sides.timeMsMax };
  const opens = (openings: readonly Opening[]): Verdict =>
    differs(under.pipeline, approved.pipeline, openings, { ...budget, flows: sides.flows });
  const cuts = (openings: readonly Opening[]): Verdict => differs(approved.pipeline, under.pipeline, openings, budget);
  const byVersion = onlyByVersion(groups, opens);
  const cutByVersion = onlyByVersion(groupByRule(closed), cuts);
  const factsByVersion = facts.filter((fact) => !isKept(fact));
  const rest: PlatformChange = {
    groups: groups.filter((group) => !byVersion.includes(group)),
    closed: closed.filter((opening) => !cutByVersion.some(({ openings }) => openings.includes(opening))),
    facts: facts.filter(isKept),
  };
  const openings = byVersion.flatMap((group) => group.openings);
  if (openings.length + cutByVersion.length + factsByVersion.length === 0) return rest;
  const versions = { from: approved.version ?? '', to: now.version ?? '' };
  const flow = openings.length > 0 ? flowOf(openings, around) : undefined;
  const told = [
    ...(flow
      ? [`${counted(byVersion.length, 'rule lets', 'rules let')} through more (${flowText(flow, openings)})`]
      : []),
    ...(cutByVersion.length > 0 ? [`${counted(cutByVersion.length, 'rule lets', 'rules let')} through less`] : []),
    ...factsByVersion.map(({ summary }) => summary),
    ...other.changes,
  ];
  const summary = `${device} runs ${versions.to} and ran ${versions.from}, which means something else by what is not written: ${told.join('; ')}`;
  const place = byVersion.find(({ permit }) => permit.kind !== 'unfiltered')?.permit;
  const conditions = [...new Set(openings.flatMap((opening) => opening.conditions))];
  const directions = new Set(openings.map(({ direction }) => direction));
  const any = { text: 'any', addresses: anyAddress };
  const subject: Subject = {
    id: PLATFORM_ID,
    device,
    ...(flow
      ? { kind: 'rule', flow, ...(directions.size === 1 && { direction: openings[0]!.direction }) }
      : {
          kind: 'fact',
          factCode: 'PLATFORM_CHANGED',
          flow: { src: any, dst: { text: device }, proto: 'any', ports: 'any' },
        }),
    summary,
    set: contentId([versions, setOf(openings), setOf(closed), factsByVersion.map(({ set }) => set)]),
    certainty: flow && !openings.some((one) => one.certainty === 'certain') ? 'possible' : 'certain',
    ...(conditions.length > 0 && { conditions }),
    ...(place && place.kind !== 'unfiltered' && { place: place.origin }),
    ...(flow && { witness: witnessText(openings) }),
    undo: `write out on ${device} what ${versions.from} meant by itself, or approve a snapshot of ${versions.to}`,
    platform: versions,
  };
  return { ...rest, subject };
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `none`: not one packet of these openings differs. `unknown`: that could not be decided. */
type Verdict = 'none' | 'some' | 'unknown';

/** Whether some of these openings differ between two pipelines. */
function differs(
  from: Pipeline,
  than: Pipeline,
  openings: readonly Opening[],
  options: Pick<Parameters<typeof compare>[1] & object, 'flows' | 'timeMsMax'>,
): Verdict {
  if (openings.length === 0) return 'none';
  if (!openings.every((opening) => isSpokenOf(opening, from) && isSpokenOf(opening, than))) return 'unknown';
  const seen = compare(from, { ...options, pipeline: than, within: openings.map(flowSetOf) });
  return undecided(seen).length > 0 ? 'unknown' : seen.undeclared.length > 0 ? 'some' : 'none';
}

function isSpokenOf({ direction, box }: Opening, { speaksOf }: Pipeline): boolean {
  return box.families.every((family) =>
    speaksOf.some((scope) => scope.direction === direction && scope.family === family),
  );
}

function onlyByVersion(
  groups: readonly RuleGroup[],
  check: (openings: readonly Opening[]) => Verdict,
): readonly RuleGroup[] {
  if (check(groups.flatMap(({ openings }) => openings)) === 'none') return groups;
  return groups.length > GROUPS_MAX ? [] : groups.filter(({ openings }) => check(openings) === 'none');
}

import { contentId } from '../baseline/index.js';
import { type FilterChange, filterChanges, type Opening } from '../exposure/index.js';
import { anyAddress, type Direction, type Family, type Pipeline, type Rule } from '../model/index.js';
import { setOf, witnessText } from './compose-flow.js';
import type { Undo } from './compose-rules.js';
import type { Subject } from './types.js';

/** One subject holds all that is let through because nothing filters any more. */
export const ENGINE_ID = 'engine';

export interface EngineInput {
  readonly device: string;
  readonly undeclared: readonly Opening[];
  readonly now: Pipeline;
  readonly approved?: Pipeline;
  readonly before?: Pipeline;
  readonly earlier: readonly Subject[];
  readonly undo?: Undo;
}

export interface EngineState {
  readonly subject?: Subject;
  /** What is let through all the same, rule by rule. */
  readonly rest: readonly Opening[];
  /** The subject says that forwarding was switched on: no access fact need say it again. */
  readonly tellsForwarding: boolean;
}

/**
 * Filtering is off where traffic passes by a policy or because nothing filters it, and something was done to filtering
 * as a whole. That is one thing to tell and one thing to undo, however many flows it opens. Traffic that passes by the
 * policy of a list from which only a deny was taken stays with that deletion.
 */
export function engineOf(input: EngineInput): EngineState {
  const { device, undeclared, now, approved, before, undo } = input;
  const earlier = input.earlier.find((subject) => subject.kind === 'engine' && subject.id === ENGINE_ID);
  const changes = changesSince([approved, before], now);
  const known = new Set(input.earlier.map((subject) => subject.carrier ?? subject.id));
  const isHeld = (opening: Opening): boolean => {
    if (opening.permittedBy.kind === 'rule') return false;
    if (changes.some((change) => concerns(change, opening))) return true;
    if (approved) return false;
    // Without an approved state the change is seen once; what it opened stays told until it is shut.
    if (earlier && !known.has(opening.permittedBy.identity)) return true;
    return opening.box.families.some((family) => letsEverythingIn(now, opening.direction, family));
  };
  const held = undeclared.filter(isHeld);
  const rest = undeclared.filter((opening) => !held.includes(opening));
  if (held.length === 0) return { rest, tellsForwarding: false };
  const behind = changes.filter((change) => held.some((opening) => concerns(change, opening)));
  const because = held.find((one) => one.because?.edit === 'flushed' || one.because?.edit === 'policy')?.because;
  const change = behind[0];
  const made: Subject['cause'] = because
    ? { edit: because.edit, rule: because.rule }
    : change && { edit: editOf(change), rule: change.origin };
  const set = setOf(held);
  const same = earlier?.set === set;
  const cause = same ? (earlier.cause ?? made) : (made ?? earlier?.cause);
  const remedy = because && undo?.(because);
  const undoing = same ? (earlier.undo ?? remedy) : (remedy ?? earlier?.undo);
  const place = change?.origin ?? held.find((one) => one.permittedBy.kind === 'policy')?.permittedBy.origin;
  const what = behind.length > 0 ? sentences(behind) : (earlier?.summary ?? undefined);
  const any = { text: 'any', addresses: anyAddress };
  return {
    subject: {
      id: ENGINE_ID,
      device,
      kind: 'engine',
      flow: { src: any, dst: any, proto: 'any', ports: 'any' },
      summary: what?.startsWith('filtering off') ? what : `filtering off on ${device}: ${what ?? nothingFilters(held)}`,
      set,
      certainty: held.some((one) => one.certainty === 'certain') ? 'certain' : 'possible',
      ...(place && { place }),
      ...(cause && { cause }),
      witness: witnessText(held),
      ...(undoing !== undefined && { undo: undoing }),
    },
    rest,
    tellsForwarding: behind.some((one) => one.kind === 'forwardingOn'),
  };
}

function changesSince(references: readonly (Pipeline | undefined)[], now: Pipeline): readonly FilterChange[] {
  const all = references.flatMap((reference) => (reference ? filterChanges(reference, now) : []));
  return [...new Map(all.map((one) => [contentId([one.direction, one.family, one.kind, one.text]), one])).values()];
}

function concerns(change: FilterChange, { direction, box }: Opening): boolean {
  return change.direction === direction && box.families.includes(change.family);
}

function editOf({ kind }: FilterChange): 'policy' | 'flushed' | 'changed' {
  if (kind === 'policyAccept') return 'policy';
  return kind === 'forwardingOn' ? 'changed' : 'flushed';
}

/** `table inet filter was removed (forward, input)`, each thing done once. */
function sentences(changes: readonly FilterChange[]): string {
  const byText = new Map<string, Set<Direction>>();
  for (const { text, direction } of changes) byText.set(text, (byText.get(text) ?? new Set()).add(direction));
  return [...byText].map(([text, directions]) => `${text} (${[...directions].join(', ')})`).join('; ');
}

function nothingFilters(held: readonly Opening[]): string {
  const directions = [...new Set(held.map((opening) => opening.direction))].join(', ');
  return `everything is accepted (${directions})`;
}

/** A step after which a rule may stop a packet, or send it to where it is stopped. */
const MAY_STOP: ReadonlySet<Rule['steps'][number]['kind']> = new Set([
  'drop',
  'reject',
  'jump',
  'goto',
  'dispatch',
  'queue',
  'opaque',
]);

/** Whether nothing on the way in stops anything: the state itself shows it, without a state to compare with. */
function letsEverythingIn(pipeline: Pipeline, direction: Direction, family: Family): boolean {
  if (direction === 'output') return false;
  if (direction === 'forward' && pipeline.forwarding?.[family] !== true) return false;
  const lists = new Map(pipeline.lists.map((list) => [list.id, list]));
  return pipeline.bases
    .filter(({ hook, type }) => (hook === direction || hook === 'prerouting') && type !== 'nat')
    .filter(({ list }) => lists.get(list)?.families.includes(family))
    .every(({ list, policy }) => {
      const rules = lists.get(list)?.rules ?? [];
      return policy === 'accept' && !rules.some((rule) => rule.steps.some((step) => MAY_STOP.has(step.kind)));
    });
}

import type { Edit, Opening, Permit } from '../exposure/index.js';
import type { Direction } from '../model/index.js';
import { flowOf, flowText, type Surroundings, setOf, witnessText } from './compose-flow.js';
import { carrierOf, declaredId, type Subject } from './types.js';

/** Everything that one rule lets through in one direction. */
export interface RuleGroup {
  readonly identity: string;
  readonly direction: Direction;
  readonly permit: Permit;
  readonly openings: readonly Opening[];
}

/** What comes in or leaves by the loopback interface alone was made by the device for itself: no gate of it. */
function staysInside({ box }: Opening): boolean {
  return [box.inInterface, box.outInterface].some(
    (set) => set?.kind === 'only' && set.names.every((name) => name === 'lo'),
  );
}

export function groupByRule(openings: readonly Opening[]): readonly RuleGroup[] {
  const groups = new Map<string, { permit: Permit; direction: Direction; openings: Opening[] }>();
  for (const opening of openings) {
    if (staysInside(opening)) continue;
    const { permittedBy, direction } = opening;
    const key = `${direction} ${permittedBy.identity}`;
    const group = groups.get(key);
    if (group) group.openings.push(opening);
    else groups.set(key, { permit: permittedBy, direction, openings: [opening] });
  }
  return [...groups.values()].map((group) => ({ ...group, identity: group.permit.identity }));
}

export type Undo = (edit: Edit) => string | undefined;

/** The rule's subject as it reads on its own: before it is known whether an earlier finding goes on in it. */
export function subjectOfRule(group: RuleGroup, around: Surroundings, undo: Undo | undefined): Subject {
  const { openings, permit } = group;
  const flow = flowOf(openings, around);
  const because = openings.find((opening) => opening.because)?.because;
  const certain = openings.some((opening) => opening.certainty === 'certain');
  const conditions = [...new Set(openings.flatMap((opening) => opening.conditions))];
  const remedy = because && undo?.(because);
  return {
    id: group.identity,
    device: around.device,
    kind: 'rule',
    direction: group.direction,
    flow,
    summary: `${flowText(flow, openings)}${permitText(permit)}`,
    set: setOf(openings),
    certainty: certain ? 'certain' : 'possible',
    ...(conditions.length > 0 && { conditions }),
    ...(permit.kind !== 'unfiltered' && { place: permit.origin }),
    ...(because && { cause: { edit: because.edit, rule: because.rule } }),
    witness: witnessText(openings),
    ...(remedy !== undefined && { undo: remedy }),
  };
}

/** A rule is shown where it stands; that there is none is said at once. */
function permitText({ kind }: Permit): string {
  if (kind === 'rule') return '';
  return kind === 'policy' ? ' (by policy)' : ' (no filter)';
}

export interface Succession {
  /** The earlier subject that goes on in a rule, by the rule's identity. */
  readonly earlierOf: ReadonlyMap<string, Subject>;
}

/**
 * Which findings go on in which rules. A rule that is still there keeps its own. Where a rule has gone and one that
 * nobody has seen before lets through some of its traffic, the finding moves to that one: retyping a rule a little
 * differently must not make an opening look resolved and a new one look young. A rule that has a finding of its own
 * takes over none, so a removed rule is resolved although another one covers its traffic.
 */
export function succeed(
  groups: readonly RuleGroup[],
  earlier: readonly Subject[],
  heirsOf: (gone: readonly Subject[], newcomers: readonly RuleGroup[]) => ReadonlySet<string>,
): Succession {
  const present = new Set(groups.map((group) => group.identity));
  const rules = earlier
    .filter((subject) => subject.kind === 'rule' && !subject.latent && !subject.platform)
    // The rule a finding began with is back beside the one that carried it on: it has its finding again.
    .map((subject) => (subject.carrier !== undefined && present.has(subject.id) ? withoutCarrier(subject) : subject));
  const earlierOf = new Map<string, Subject>();
  for (const subject of rules) if (present.has(carrierOf(subject))) earlierOf.set(carrierOf(subject), subject);
  const known = new Set(earlier.map(carrierOf));
  const newcomers = groups.filter((group) => !known.has(group.identity));
  /** Whether any of them goes on at all is one question, however many rules have gone and come. */
  const settle = (gone: readonly Subject[]): void => {
    const free = newcomers.filter(({ identity }) => !earlierOf.has(identity));
    if (gone.length === 0 || free.length === 0) return;
    const heirs = heirsOf(gone, free);
    if (!free.some(({ identity }) => heirs.has(identity))) return;
    if (gone.length > 1) {
      const middle = gone.length >> 1;
      settle(gone.slice(0, middle));
      settle(gone.slice(middle));
      return;
    }
    const heir = free.find(({ identity, direction }) => heirs.has(identity) && direction === gone[0]!.direction);
    if (heir) earlierOf.set(heir.identity, gone[0]!);
  };
  settle(rules.filter((subject) => !present.has(carrierOf(subject))));
  return { earlierOf };
}

function withoutCarrier(subject: Subject): Subject {
  const { carrier: _, ...rest } = subject;
  return rest;
}

/**
 * A rule that was added is taken away by what it is called now: numbers and handles begin anew when rules are loaded
 * again, and yesterday's command could take away another rule.
 */
export function withFreshUndo(subject: Subject, { permit }: RuleGroup, undo: Undo | undefined): Subject {
  const { cause } = subject;
  if (cause?.edit !== 'added' || permit.kind !== 'rule' || permit.list === undefined) return subject;
  if (cause.rule.text !== permit.origin.text) return subject;
  const fresh = undo?.({ edit: 'added', rule: permit.origin, list: permit.list });
  return fresh === undefined ? subject : { ...subject, undo: fresh };
}

/**
 * What was there when the guard looked first has no edit that could be undone: it is shut by taking away its rule,
 * where nothing that is declared passes by that rule. Said anew at each reading, for numbers and handles change.
 */
export function withDeletion(
  subjects: readonly Subject[],
  groups: readonly RuleGroup[],
  { allowed, undo }: { readonly allowed: readonly Subject[]; readonly undo: Undo | undefined },
): readonly Subject[] {
  if (subjects.every(({ cause }) => cause)) return subjects;
  const permits = new Map(groups.map(({ identity, permit }) => [identity, permit]));
  const declared = new Set(allowed.map(({ id }) => id));
  return subjects.map((subject) => {
    if (subject.cause) return subject;
    const { undo: _, ...rest } = subject;
    const permit = permits.get(carrierOf(subject));
    if (declared.has(declaredId(subject)) || permit?.kind !== 'rule' || permit.list === undefined) return rest;
    const remedy = undo?.({ edit: 'added', rule: permit.origin, list: permit.list });
    return remedy === undefined ? rest : { ...rest, undo: remedy };
  });
}

/**
 * A subject that goes on, under the id it was first told by. Its cause stays the one it was told with: only another
 * packet set, without another rule, is the work of a new edit. A rule that took over is shut by undoing what made it.
 */
export function continued(subject: Subject, earlier: Subject | undefined): Subject {
  if (!earlier) return subject;
  const tookOver = carrierOf(earlier) !== subject.id;
  const widened = !tookOver && earlier.set !== subject.set;
  const cause = widened ? (subject.cause ?? earlier.cause) : (earlier.cause ?? subject.cause);
  const undo = tookOver ? subject.undo : widened ? (subject.undo ?? earlier.undo) : (earlier.undo ?? subject.undo);
  const { cause: _, undo: __, ...rest } = subject;
  return {
    ...rest,
    id: earlier.id,
    ...(earlier.id !== subject.id && { carrier: subject.id }),
    ...(cause && { cause }),
    ...(undo !== undefined && { undo }),
  };
}

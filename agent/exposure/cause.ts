import { type Bound, contains } from '../lib/intervals.js';
import type { Pipeline, Rule } from '../model/index.js';
import type { Diagram, Kernel, Point } from '../packets/index.js';
import type { LooseBox } from './care.js';
import type { Edits } from './edits.js';
import type { Edit } from './opening.js';
import type { Question } from './question.js';
import { type TracedPacket, tracePacket } from './trace.js';
import { fieldIndex } from './universe.js';
import { type Decider, forwardingIsOff, type Walk } from './walk.js';

/** What decided about a packet in one state; nothing where no list was called. */
export interface Fate {
  readonly by: Decider | undefined;
}

interface Behind {
  readonly edits: Edits;
  readonly now: Fate;
  readonly before: Fate;
  readonly order: 'opened' | 'closed';
  readonly point: Point;
  readonly question: Question;
  /** Let through at both times, and translated elsewhere. */
  readonly passesBoth: boolean;
  /** The packet of this point, with what unknown conditions answer there. */
  readonly packet: TracedPacket;
}

/**
 * The edit behind a change of verdict. Whoever deletes a deny is the cause, not the old permit that now decides: so
 * the rule that decides now is named only if it was itself edited, else what became of the one that decided before.
 */
export function editBehind({ edits, now, before, point, question, packet, passesBoth }: Behind): Edit | undefined {
  return (
    (passesBoth ? editOnTheWay(edits, packet, question, translates) : undefined) ??
    editDeciding(edits, now, before) ??
    forwardingOn(edits, question) ??
    editOnTheWay(edits, packet, question, () => true) ??
    editMet(edits, point, question) ??
    routing(now, before) ??
    edits.base(question.direction)
  );
}

/** The edit of one of the two rules that decide. */
function editDeciding(edits: Edits, now: Fate, before: Fate): Edit | undefined {
  const [present, former] = [editOfNow(edits, now.by), editOfBefore(edits, before.by)];
  // What only changed its place would have decided all the same once the other was gone.
  return present?.edit === 'moved' && former?.edit === 'removed' ? former : (present ?? former);
}

interface Causes {
  readonly edits: Edits | undefined;
  readonly kernel: Kernel;
  readonly by: Decider | undefined;
  readonly there: Walk;
  readonly order: 'opened' | 'closed' | 'declared';
  /** Something in either state translates: what passes in both may come to another place. */
  readonly translated: boolean;
}

/** Whether a rule of one of the states translates addresses or ports. */
export function anyTranslates({ now, other }: Question): boolean {
  return [now, other].some((side) => side?.pipeline.lists.some(({ rules }) => rules.some(translates)));
}

/**
 * The packets that one rule decides about, parted by the edits behind it as far as the deciding rules tell: two denies
 * that were taken out are two causes, though one policy lets through now what both had held back.
 */
export function partedByCause(region: Diagram, causes: Causes): readonly Diagram[] {
  const { edits, kernel, by, there, order, translated } = causes;
  if (!edits || order === 'declared') return [region];
  // A rule that was edited where it stands is the cause of all that it lets through, unless it passed before as well.
  const edited = order === 'opened' && !translated ? editOfNow(edits, by) : undefined;
  if (edited && edited.edit !== 'moved') return [region];
  const own: Fate = { by };
  const keys = new Map<Edit, number>();
  const flushed = new Map<string, Edit>();
  const numberOf = (edit: Edit): number => {
    // An emptied list is one cause, not as many as it had rules.
    const one = edit.edit === 'flushed' ? (flushed.get(edit.list) ?? edit) : edit;
    if (edit.edit === 'flushed') flushed.set(edit.list, one);
    if (!keys.has(one)) keys.set(one, keys.size + FIRST_EDIT);
    return keys.get(one)!;
  };
  const parts = kernel.map(kernel.keep(there.diagram, region), (label) => {
    if (label === 0) return 0;
    const outcome = there.outcome(label);
    if (outcome.kind === 'accept') return PASSES_BOTH;
    const opposite: Fate = { by: 'by' in outcome ? outcome.by : undefined };
    const [now, before] = order === 'closed' ? [opposite, own] : [own, opposite];
    const edit = editDeciding(edits, now, before);
    return edit ? numberOf(edit) : OTHERWISE;
  });
  const found = kernel.split(parts, () => true);
  if (found.size === 0) return [region];
  const rest = kernel.minus(region, kernel.fold([...found.values()]));
  const all = [...found].sort(([a], [b]) => a - b).map(([, part]) => part);
  return kernel.isEmpty(rest) ? all : [...all, rest];
}

const PASSES_BOTH = 1;
const OTHERWISE = 2;
const FIRST_EDIT = 3;

function editOfNow(edits: Edits, by: Decider | undefined): Edit | undefined {
  if (by?.kind === 'rule') return edits.ofNow(by.rule);
  if (by?.kind === 'policy') return edits.ofBase(by.base.list);
  return undefined;
}

function editOfBefore(edits: Edits, by: Decider | undefined): Edit | undefined {
  if (by?.kind === 'rule') return edits.ofBefore(by.rule);
  if (by?.kind === 'policy') return edits.ofBase(by.base.list);
  return undefined;
}

/** Deciding rules that were there all along: the first edited rule that did something to the packet before them. */
function editOnTheWay(
  edits: Edits,
  packet: TracedPacket,
  { direction, now, other }: Question,
  wanted: (rule: Rule) => boolean,
): Edit | undefined {
  const first = (pipeline: Pipeline, of: (rule: Rule) => Edit | undefined): Edit | undefined => {
    const met = tracePacket({ pipeline, direction, packet }).steps.flatMap(({ model, did }) => {
      const edit = model && did !== 'undecided' && wanted(model) ? of(model) : undefined;
      return edit ? [{ edit, leads: /^(?:jump|goto) /.test(did) }] : [];
    });
    // What a list does says more than that it is called.
    return (met.find(({ leads }) => !leads) ?? met[0])?.edit;
  };
  return first(now.pipeline, edits.ofNow) ?? (other && first(other.pipeline, edits.ofBefore));
}

function translates({ steps }: Rule): boolean {
  return steps.some((step) =>
    step.kind === 'dispatch' ? step.cases.some(({ actions }) => actions.some(isNat)) : isNat(step),
  );
}

function isNat({ kind }: Rule['steps'][number]): boolean {
  return kind === 'nat';
}

/** Deciding rules that were there all along were reached another way: by the first edited rule that meets the packet. */
function editMet(edits: Edits, point: Point, { now, other }: Question): Edit | undefined {
  for (const { rule, list, pipeline } of edits.rules) {
    const box = (pipeline === 'now' ? now : (other ?? now)).boxes.of(rule, list.id);
    if (!box || !holds(box, point)) continue;
    const edit = pipeline === 'now' ? edits.ofNow(rule) : edits.ofBefore(rule);
    if (edit) return edit;
  }
  return undefined;
}

function holds(box: LooseBox, point: Point): boolean {
  for (const [field, values] of box.fields) {
    if (!contains<Bound>(values, point[fieldIndex[field]]!)) return false;
  }
  return true;
}

/** What the rules say of forwarded packets mattered to nobody while none was forwarded. */
function forwardingOn(edits: Edits, { direction, family }: Question): Edit | undefined {
  if (direction !== 'forward' || !edits.forwardingOn(family)) return undefined;
  return routingEdit(forwardingIsOff(family));
}

function routingEdit(text: string, isFormer = true): Edit {
  const rule = { file: '', line: 0, rule: 'routing', text };
  return { edit: 'changed', rule, ...(isFormer && { former: rule }), list: 'routing' };
}

/** What routing decided at one of the two times alone; `former` where that was before. */
function routing(now: Fate, before: Fate): Edit | undefined {
  for (const { by } of [before, now]) {
    if (by?.kind !== 'routing') continue;
    return routingEdit(by.text, by === before.by);
  }
  return undefined;
}

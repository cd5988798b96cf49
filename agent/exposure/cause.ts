import { type Bound, contains } from '../lib/intervals.js';
import type { Pipeline, Rule } from '../model/index.js';
import type { Point } from '../packets/index.js';
import type { LooseBox } from './care.js';
import type { Edits } from './edits.js';
import type { Edit } from './opening.js';
import type { Question } from './question.js';
import { type TracedPacket, tracePacket } from './trace.js';
import { fieldIndex } from './universe.js';
import { type Decider, forwardingIsOff } from './walk.js';

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
    editOfNow(edits, now.by) ??
    editOfBefore(edits, before.by) ??
    forwardingOn(edits, question) ??
    editOnTheWay(edits, packet, question, () => true) ??
    editMet(edits, point, question) ??
    routing(now, before) ??
    edits.base(question.direction)
  );
}

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
      const edit = model && wanted(model) ? of(model) : undefined;
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

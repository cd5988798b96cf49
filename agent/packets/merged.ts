import type { Core } from './core.js';
import { type Box, BudgetSpent, type Diagram, type DifferOptions, type MergedRule } from './kernel.js';
import { listMemo } from './list-memo.js';
import { putIn, sortPart, takeOut } from './parts.js';
import { AFTER, BEFORE, BOTH, regionClasses, restsOf } from './rests.js';
import { grown } from './table.js';

/** An event is the class × EVENT + place in the list × 2 + (1: begins, 0: has ended). */
const EVENT = 2 ** 28;
const PER_EVENT = 1 / EVENT;
/** More events are sorted by counting those of each class, unless there are far more classes. */
const MANY = 256;
/** What was done of late may be so many times slower than all of it has to be: parts differ. */
const LATE = 4;

/**
 * Two first-match lists, merged into one, walked from the first field to the last at once. At each step the rules that
 * can still match are a list of rests (rests.ts); a field is cut where one of them begins or ends, and each piece goes
 * on with those that hold there. A rule that holds for all that is left ends the list behind it; where no rule of one
 * side alone is left, both sides walk over the same rules and nothing differs. So only what lies under a changed rule
 * is ever looked at. Equal lists at the same field are worked out once.
 */
export function differ(core: Core, rules: readonly MergedRule[], region: Box, options: DifferOptions): Diagram {
  const { space, meter } = core;
  const inRegion = regionClasses(space, region);
  if (inRegion === undefined) return 0;
  const { levels, list, classes, before, after } = restsOf(space, rules, inRegion, options);
  const memo = listMemo();
  const joined = new Map<number, Map<number, Diagram>>();
  /** Lists of rests, each as number × 4 + the sides it still decides; the list at work is the last one. */
  let stack = new Int32Array(16 + list.length * 2);
  /** For each level and box: in which list it was met last, and for which sides. */
  const met = levels.map(({ boxCount }) => new Int32Array(boxCount));
  let lists = 0;
  /** The same for rests that hold in every class of the field that is being split, and in which split. */
  const always = levels.map(({ boxCount }) => new Int32Array(boxCount));
  let splits = 0;
  /** The events and the places at work of each field that is being swept, those of a later field on top. */
  let events = new Float64Array(8);
  let eventTop = 0;
  let active = new Int32Array(16);
  let activeTop = 0;
  let found = false;
  const stepsMax = options.stepsMax ?? Number.POSITIVE_INFINITY;
  const stepsLikely = options.stepsLikely ?? 0;
  let steps = 0;
  /** The share of all packets' classes that one class of a field stands for, on the way to it; and that which is done. */
  const shares = new Float64Array(levels.length + 1);
  const progress = new Float64Array(1);
  /** Where the steps were when they were last looked at, and what was done by then. */
  let markSteps = 0;
  let markDone = 0;

  /**
   * Whether what is done so far lets expect an end within the steps that are likely enough; and whether what was done
   * of late does, roughly: much may have been passed quickly before the part that takes long.
   */
  function isNearEnd(): boolean {
    const done = progress[0]!;
    if (steps > done * stepsLikely) return false;
    if (steps < markSteps * 2) return true;
    const rest = ((steps - markSteps) * (1 - done)) / (done - markDone);
    if (markSteps > 0 && rest > stepsLikely * LATE) return false;
    markSteps = steps;
    markDone = done;
    return true;
  }

  function join(b: number, a: number): Diagram {
    if (a === b) return 0;
    let row = joined.get(b);
    if (row === undefined) {
      row = new Map();
      joined.set(b, row);
    }
    let label = row.get(a);
    if (label === undefined) {
      label = options.join(b, a);
      row.set(a, label);
    }
    if (label !== 0) found = true;
    return label;
  }

  /**
   * What holds behind the places of the list from `base` on that are active from `first` on: each goes on `through` its
   * rest to one of the level `field`. `noneBefore` and `noneAfter` are the labels where none of them matches. The list of
   * this level comes to stand from `from` on.
   */
  function walk(
    field: number,
    base: number,
    first: number,
    held: number,
    through: Int32Array,
    from: number,
    noneBefore: number,
    noneAfter: number,
  ): Diagram {
    const { boxes, answers } = levels[field]!;
    const marks = met[field]!;
    lists += 1;
    let open = BOTH;
    let b = noneBefore;
    let a = noneAfter;
    let top = from;
    let at = 0;
    if (from + held > stack.length) stack = grown(stack, from + held);
    for (; at < held; at += 1) {
      const entry = stack[base + active[first + at]!]!;
      const rest = through[entry >> 2]!;
      let mask = entry & open;
      if (mask === 0) continue;
      const box = boxes[rest]!;
      if (box === 0) {
        if (mask & BEFORE) b = before[answers[rest]!]!;
        if (mask & AFTER) a = after[answers[rest]!]!;
        open &= ~mask;
        if (open === 0) break;
        continue;
      }
      // What one before it holds as well never comes to it.
      const mark = marks[box]!;
      const met = mark >> 2 === lists ? mark & 3 : 0;
      mask &= ~met;
      if (mask === 0) continue;
      marks[box] = lists * 4 + (met | mask);
      stack[top] = rest * 4 + mask;
      top += 1;
    }
    // A long list costs as much as many short ones.
    const cost = 1 + (at >> 3);
    meter.step(cost);
    steps += cost;
    if (steps > stepsMax && !isNearEnd()) throw new BudgetSpent(`${stepsMax} steps are spent`);
    // The last rule says nothing new where it decides as what follows it.
    for (; top > from; top -= 1) {
      const answer = answers[stack[top - 1]! >> 2]!;
      const mask = stack[top - 1]! & 3;
      if ((mask & BEFORE && before[answer] !== b) || (mask & AFTER && after[answer] !== a)) break;
    }
    if (top === from) {
      progress[0]! += shares[field]!;
      return join(b, a);
    }
    if (a === b && isUnchanged(field, from, top)) {
      progress[0]! += shares[field]!;
      return 0;
    }
    const next = passed(field, from, top);
    sortRuns(next, from, top);
    const known = memo.recall(stack, from, top, next, b, a);
    if (known !== undefined) {
      progress[0]! += shares[field]!;
      return known;
    }
    shares[next] = shares[field]!;
    const record = memo.reserve(stack, from, top, next, b, a);
    const result = split(next, from, top, b, a);
    memo.settle(record, result);
    return result;
  }

  function isUnchanged(field: number, from: number, top: number): boolean {
    const { answers } = levels[field]!;
    for (let at = from; at < top; at += 1) {
      const answer = answers[stack[at]! >> 2]!;
      if ((stack[at]! & 3) !== BOTH || before[answer] !== after[answer]) return false;
    }
    return true;
  }

  /** The first field that one of the list asks for; the list is then of that level. */
  function passed(field: number, from: number, top: number): number {
    for (let next = field; ; next += 1) {
      const { sets, next: behind } = levels[next]!;
      for (let at = from; at < top; at += 1) if (sets[stack[at]! >> 2] !== 0) return next;
      for (let at = from; at < top; at += 1) stack[at] = behind[stack[at]! >> 2]! * 4 + (stack[at]! & 3);
    }
  }

  /** Neighbours that answer the same may stand in any order: in one order more lists are equal. */
  function sortRuns(field: number, from: number, top: number): void {
    const { answers } = levels[field]!;
    let start = from;
    let sorted = true;
    for (let at = from + 1; at <= top; at += 1) {
      const [one, other] = [stack[at - 1]!, stack[at]!];
      if (at < top && answers[one >> 2] === answers[other >> 2] && (one & 3) === (other & 3)) {
        if (other < one) sorted = false;
        continue;
      }
      if (!sorted) sortPart(stack, start, at);
      start = at;
      sorted = true;
    }
  }

  function split(field: number, base: number, top: number, b: number, a: number): Diagram {
    const { next } = levels[field]!;
    const inside = inRegion![field]!;
    const last = inside[inside.length - 1]!;
    const firstEvent = eventTop;
    const first = activeTop;
    let held = gather(field, base, top);
    const lasts: number[] = [];
    const children: Diagram[] = [];
    const push = (until: number, child: Diagram): void => {
      const edge = children.length - 1;
      if (edge >= 0 && children[edge] === child) lasts[edge] = until;
      else {
        lasts.push(until);
        children.push(child);
      }
    };
    const lastEvent = eventTop;
    let event = firstEvent;
    let part = 0;
    if (inside[0]! > 0) push(inside[0]! - 1, 0);
    const perClass = shares[field]! / (last - inside[0]! + 1);
    for (let at = inside[0]!; ; ) {
      const behind = (at + 1) * EVENT;
      for (; event < lastEvent && events[event]! < behind; event += 1) {
        // What is left of a division by a power of two, and exact; `%` of such numbers takes many times longer.
        const code = events[event]! - Math.floor(events[event]! * PER_EVENT) * EVENT;
        if (code & 1) putIn(active, first, first + held, code >> 1);
        else takeOut(active, first, first + held, code >> 1);
        held += (code & 1) * 2 - 1;
      }
      // Up to where the next one begins or ends, but no further than the region goes on.
      const until = event < lastEvent ? Math.floor(events[event]! * PER_EVENT) - 1 : last;
      const end = until < inside[part + 1]! ? until : inside[part + 1]!;
      if (options.some && found) push(end, 0);
      else {
        shares[field + 1] = perClass * (end - at + 1);
        push(end, walk(field + 1, base, first, held, next, top, b, a));
      }
      if (end === last) break;
      at = end + 1;
      if (end === inside[part + 1]!) {
        part += 2;
        at = inside[part]!;
        push(at - 1, 0);
      }
    }
    eventTop = firstEvent;
    activeTop = first;
    if (last < space.classCount(field) - 1) push(space.classCount(field) - 1, 0);
    return core.node(field, lasts, children);
  }

  /** Where the rests of a list begin and end, as sorted events on their stack; answers how many hold from the start. */
  function gather(field: number, base: number, top: number): number {
    const { sets, next } = levels[field]!;
    const { boxes } = levels[field + 1]!;
    const marks = always[field + 1]!;
    splits += 1;
    const own = classes[field]!;
    const count = top - base;
    if (activeTop + count > active.length) active = grown(active, activeTop + count);
    const from = eventTop;
    let held = 0;
    for (let place = 0; place < count; place += 1) {
      const entry = stack[base + place]!;
      const set = sets[entry >> 2]!;
      // What one before it holds in every class never comes to it.
      const box = boxes[next[entry >> 2]!]!;
      const mark = marks[box]!;
      const met = mark >> 2 === splits ? mark & 3 : 0;
      const mask = entry & 3 & ~met;
      if (mask === 0) continue;
      stack[base + place] = (entry & ~3) | mask;
      if (set === 0) {
        marks[box] = splits * 4 + (met | mask);
        active[activeTop + held] = place;
        held += 1;
        continue;
      }
      const bounds = own[set]!;
      if (eventTop + bounds.length > events.length) {
        const more = new Float64Array(Math.max(events.length * 2, eventTop + bounds.length));
        more.set(events);
        events = more;
      }
      for (let i = 0; i < bounds.length; i += 2) {
        events[eventTop] = bounds[i]! * EVENT + place * 2 + 1;
        events[eventTop + 1] = (bounds[i + 1]! + 1) * EVENT + place * 2;
        eventTop += 2;
      }
    }
    activeTop += count;
    const classCount = space.classCount(field);
    if (eventTop - from > MANY && classCount < (eventTop - from) * 4) sortByClass(from, classCount);
    else sortPart(events, from, eventTop);
    return held;
  }

  /** Those of one class were put down in the order of their places already. */
  function sortByClass(from: number, classCount: number): void {
    const many = eventTop - from;
    const starts = new Int32Array(classCount + 2);
    const own = new Int32Array(many);
    for (let at = 0; at < many; at += 1) {
      own[at] = Math.floor(events[from + at]! * PER_EVENT);
      starts[own[at]! + 1]! += 1;
    }
    for (let at = 1; at < starts.length; at += 1) starts[at]! += starts[at - 1]!;
    const sorted = new Float64Array(many);
    for (let at = 0; at < many; at += 1) {
      sorted[starts[own[at]!]!] = events[from + at]!;
      starts[own[at]!]! += 1;
    }
    events.set(sorted, from);
  }

  const count = list.length;
  stack.set(list);
  active = grown(active, count);
  for (let place = 0; place < count; place += 1) active[place] = place;
  activeTop = count;
  shares[0] = 1;
  return walk(
    0,
    0,
    0,
    count,
    levels[0]!.sets.map((_, rest) => rest),
    count,
    0,
    0,
  );
}

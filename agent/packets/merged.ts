import type { Intervals } from '../lib/intervals.js';
import type { Core } from './core.js';
import { type Box, BudgetSpent, type Diagram, type DifferOptions, type MergedRule } from './kernel.js';
import { grown, mix } from './table.js';

/** Rules of the list before, of the list after, of both. */
const BEFORE = 1;
const AFTER = 2;
const BOTH = 3;

/** What was worked out already is kept up to about this many numbers (of four bytes). */
const ARENA_MAX = 1 << 25;

interface Prepared {
  readonly before: Int32Array;
  readonly after: Int32Array;
  readonly sides: Uint8Array;
  /** From this field on the rule holds for the whole region. */
  readonly fullFrom: Uint8Array;
  /** For each rule and field the classes, or undefined where the rule holds for all of the region's. */
  readonly classes: readonly (Intervals | undefined)[];
  readonly region: readonly (Intervals | undefined)[];
}

/**
 * Two first-match lists, merged into one, walked from the first field to the last at once. At each step the rules that
 * can still match are a list; a field is cut where one of them begins or ends, and each piece goes on with those that
 * hold there. A rule that holds for all that is left ends the list behind it; where no rule of one side alone is left,
 * both sides walk over the same rules and nothing differs. So only what lies under a changed rule is ever looked at.
 * Equal lists at the same field are worked out once.
 */
export function differ(core: Core, rules: readonly MergedRule[], region: Box, options: DifferOptions): Diagram {
  const { space, meter } = core;
  const fieldCount = space.fields.length;
  const prepared = prepare(core, rules, region);
  if (prepared === undefined) return 0;
  const { before, after, sides, fullFrom, classes } = prepared;
  const memo = listMemo();
  const joined = new Map<number, Map<number, Diagram>>();
  /** Lists of rules, each as number × 4 + the sides it still decides; the list at work is the last one. */
  let stack = new Int32Array(Math.max(1024, rules.length * 4));
  let found = false;
  const stepsMax = options.stepsMax ?? Number.POSITIVE_INFINITY;
  let steps = 0;

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

  /** The list `from` to `to` of the stack, at a field; `b` and `a` are the labels where no rule matches. */
  function walk(field: number, from: number, to: number, noneBefore: number, noneAfter: number): Diagram {
    // A long list costs as much as many short ones.
    const cost = 1 + ((to - from) >> 3);
    meter.step(cost);
    steps += cost;
    if (steps > stepsMax) throw new BudgetSpent(`${stepsMax} steps are spent`);
    let open = BOTH;
    let b = noneBefore;
    let a = noneAfter;
    const base = to;
    let top = to;
    if (top + (to - from) > stack.length) stack = grown(stack, top + (to - from));
    for (let at = from; at < to && open !== 0; at += 1) {
      const rule = stack[at]! >> 2;
      const mask = stack[at]! & open;
      if (mask === 0) continue;
      if (fullFrom[rule]! > field) {
        stack[top] = rule * 4 + mask;
        top += 1;
        continue;
      }
      if (mask & BEFORE) b = before[rule]!;
      if (mask & AFTER) a = after[rule]!;
      open &= ~mask;
    }
    // The last rule says nothing new where it decides as what follows it.
    while (top > base) {
      const rule = stack[top - 1]! >> 2;
      const mask = stack[top - 1]! & 3;
      if ((mask & BEFORE && before[rule] !== b) || (mask & AFTER && after[rule] !== a)) break;
      top -= 1;
    }
    if (top === base) return join(b, a);
    if (a === b && isUnchanged(base, top)) return 0;
    let next = field;
    while (!isTested(next, base, top)) next += 1;
    const known = memo.recall(stack, base, top, next, b, a);
    if (known !== undefined) return known;
    const record = memo.reserve(stack, base, top, next, b, a);
    const result = split(next, base, top, b, a);
    memo.settle(record, result);
    return result;
  }

  function isUnchanged(base: number, top: number): boolean {
    for (let at = base; at < top; at += 1) if ((stack[at]! & 3) !== BOTH) return false;
    return true;
  }

  function isTested(field: number, base: number, top: number): boolean {
    for (let at = base; at < top; at += 1) {
      if (classes[(stack[at]! >> 2) * fieldCount + field] !== undefined) return true;
    }
    return false;
  }

  function split(field: number, base: number, top: number, b: number, a: number): Diagram {
    const count = top - base;
    const inRegion = prepared!.region[field] ?? [0, space.classCount(field) - 1];
    const events = eventsOf(field, base, count, inRegion);
    // Which of the list hold from the present class on, in their order.
    const active = new Int32Array(count);
    let held = 0;
    for (let index = 0; index < count; index += 1) {
      if (classes[(stack[base + index]! >> 2) * fieldCount + field] === undefined) {
        active[held] = index;
        held += 1;
      }
    }
    const lasts: number[] = [];
    const children: Diagram[] = [];
    const push = (last: number, child: Diagram): void => {
      if (last < (lasts.at(-1) ?? -1) + 1) return;
      if (children.length > 0 && children[children.length - 1] === child) lasts[lasts.length - 1] = last;
      else {
        lasts.push(last);
        children.push(child);
      }
    };
    let inside = false;
    for (let event = 0; event < events.length; ) {
      const at = Math.floor(events[event]! / EVENT);
      for (; event < events.length && Math.floor(events[event]! / EVENT) === at; event += 1) {
        const code = events[event]! - at * EVENT;
        const index = (code >> 1) - 1;
        if (index < 0) inside = (code & 1) === 1;
        else if (code & 1) held = inserted(active, held, index);
        else held = removed(active, held, index);
      }
      const end = event < events.length ? Math.floor(events[event]! / EVENT) - 1 : space.classCount(field) - 1;
      if (!inside || (options.some && found)) {
        push(end, 0);
        continue;
      }
      if (top + held > stack.length) stack = grown(stack, top + held);
      for (let index = 0; index < held; index += 1) stack[top + index] = stack[base + active[index]!]!;
      push(end, walk(field + 1, top, top + held, b, a));
    }
    return core.node(field, lasts, children);
  }

  /** Where rules begin and end within the region, and the region itself (index −1), in order. */
  function eventsOf(field: number, base: number, count: number, inRegion: Intervals): Float64Array {
    const events: number[] = [];
    if (inRegion[0] !== 0) events.push(0);
    for (let i = 0; i < inRegion.length; i += 2) {
      events.push(inRegion[i]! * EVENT + 1);
      events.push((inRegion[i + 1]! + 1) * EVENT);
    }
    const last = inRegion[inRegion.length - 1]!;
    for (let index = 0; index < count; index += 1) {
      const own = classes[(stack[base + index]! >> 2) * fieldCount + field];
      if (own === undefined) continue;
      for (let i = 0; i < own.length; i += 2) {
        if (own[i]! > last) break;
        if (own[i + 1]! < inRegion[0]!) continue;
        events.push(Math.max(own[i]!, inRegion[0]!) * EVENT + (index + 1) * 2 + 1);
        events.push((own[i + 1]! + 1) * EVENT + (index + 1) * 2);
      }
    }
    const end = space.classCount(field);
    return Float64Array.from(events.filter((one) => one < end * EVENT)).sort();
  }

  for (let rule = 0; rule < rules.length; rule += 1) stack[rule] = rule * 4 + sides[rule]!;
  return walk(0, 0, rules.length, 0, 0);
}

/** An event is the class × EVENT + (place in the list + 1) × 2 + (1: begins, 0: has ended). */
const EVENT = 2 ** 28;

function placeOf(active: Int32Array, held: number, index: number): number {
  let low = 0;
  let high = held;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (active[middle]! < index) low = middle + 1;
    else high = middle;
  }
  return low;
}

function inserted(active: Int32Array, held: number, index: number): number {
  const place = placeOf(active, held, index);
  active.copyWithin(place + 1, place, held);
  active[place] = index;
  return held + 1;
}

function removed(active: Int32Array, held: number, index: number): number {
  const place = placeOf(active, held, index);
  active.copyWithin(place, place + 1, held);
  return held - 1;
}

function prepare({ space }: Core, rules: readonly MergedRule[], region: Box): Prepared | undefined {
  const fieldCount = space.fields.length;
  /** Boxes share their sets: each set is turned into classes once. */
  const known = space.fields.map(() => new Map<unknown, Intervals>());
  const classesOf = (field: number, values: Box[number]): Intervals | undefined => {
    if (values === undefined) return undefined;
    let found = known[field]!.get(values);
    if (found === undefined) {
      found = space.classes(field, values);
      known[field]!.set(values, found);
    }
    return found;
  };
  const inRegion = space.fields.map((_, field) => classesOf(field, region[field]));
  if (inRegion.some((one) => one?.length === 0)) return undefined;
  const whole = space.fields.map(() => new Map<Intervals, boolean>());
  const covers = (field: number, classes: Intervals): boolean => {
    let answer = whole[field]!.get(classes);
    if (answer === undefined) {
      answer = isCovered(inRegion[field] ?? [0, space.classCount(field) - 1], classes);
      whole[field]!.set(classes, answer);
    }
    return answer;
  };
  const classes: (Intervals | undefined)[] = [];
  const fullFrom = new Uint8Array(rules.length);
  rules.forEach(({ box }, rule) => {
    for (let field = 0; field < fieldCount; field += 1) {
      const own = classesOf(field, box[field]);
      const full = own === undefined || covers(field, own);
      if (!full) fullFrom[rule] = field + 1;
      classes.push(full ? undefined : own);
    }
  });
  return {
    before: Int32Array.from(rules, ({ before }) => before ?? 0),
    after: Int32Array.from(rules, ({ after }) => after ?? 0),
    sides: Uint8Array.from(
      rules,
      ({ before, after }) => (before === undefined ? 0 : BEFORE) + (after === undefined ? 0 : AFTER),
    ),
    fullFrom,
    classes,
    region: inRegion,
  };
}

/** Whether each interval of `wanted` lies in one of `set`; both are canonical. */
function isCovered(wanted: Intervals, set: Intervals): boolean {
  let at = 0;
  for (let i = 0; i < wanted.length; i += 2) {
    while (at < set.length && set[at + 1]! < wanted[i]!) at += 2;
    if (at >= set.length || set[at]! > wanted[i]! || set[at + 1]! < wanted[i + 1]!) return false;
  }
  return true;
}

/** Remembers the diagram of each list met: by its content, so that one is never taken for another. */
function listMemo() {
  let arena = new Int32Array(4096);
  let used = 1;
  let slots = new Int32Array(1024);
  let records = 0;

  function hashOf(list: Int32Array, from: number, to: number, field: number, b: number, a: number): number {
    let hash = mix(mix(field, b), a);
    for (let at = from; at < to; at += 1) hash = mix(hash, list[at]!);
    return hash;
  }

  /** A record: hash, result, whether it is settled, field, b, a, length, the list. */
  const HEAD = 7;

  function same(record: number, list: Int32Array, from: number, to: number, field: number, b: number, a: number) {
    if (arena[record + 3] !== field || arena[record + 4] !== b || arena[record + 5] !== a) return false;
    if (arena[record + 6] !== to - from) return false;
    const start = record + HEAD - from;
    for (let at = from; at < to; at += 1) if (arena[start + at] !== list[at]) return false;
    return true;
  }

  function rehash(): void {
    const old = slots;
    slots = new Int32Array(old.length * 2);
    const mask = slots.length - 1;
    for (const record of old) {
      if (record === 0) continue;
      let slot = arena[record]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = record;
    }
  }

  return {
    recall(list: Int32Array, from: number, to: number, field: number, b: number, a: number): Diagram | undefined {
      const mask = slots.length - 1;
      const hash = hashOf(list, from, to, field, b, a);
      for (let slot = hash & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
        const record = slots[slot]!;
        if (arena[record] === hash && arena[record + 2] === 1 && same(record, list, from, to, field, b, a))
          return arena[record + 1]!;
      }
      return undefined;
    },
    /** Keeps a list whose result is not known yet; 0 where there is no room left. */
    reserve(list: Int32Array, from: number, to: number, field: number, b: number, a: number): number {
      const needed = HEAD + to - from;
      if (used + needed > ARENA_MAX) return 0;
      if (used + needed > arena.length) arena = grown(arena, used + needed);
      const record = used;
      used += needed;
      arena[record] = hashOf(list, from, to, field, b, a);
      arena[record + 2] = 0;
      arena[record + 3] = field;
      arena[record + 4] = b;
      arena[record + 5] = a;
      arena[record + 6] = to - from;
      arena.set(list.subarray(from, to), record + HEAD);
      return record;
    },
    settle(record: number, result: Diagram): void {
      if (record === 0) return;
      arena[record + 1] = result;
      arena[record + 2] = 1;
      const mask = slots.length - 1;
      let slot = arena[record]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = record;
      records += 1;
      if (records * 2 > slots.length) rehash();
    },
  };
}

import { type Bound, type Intervals, intersection } from '../lib/intervals.js';
import type { Box, DifferOptions, MergedRule, Space } from './kernel.js';
import { grown, hash2, mix } from './table.js';

/**
 * What rules still ask from one field on: rests that ask the same, and answer the same, have one number. Two rules that
 * differ in their addresses alone are one rest once these are passed, and a later one of two that hold the same packets
 * never decides: lists of rests are shorter than lists of rules, and more of them are equal.
 */
export interface Level {
  /** Of each rest the set that it asks of this field; 0: all that the region has. */
  readonly sets: Int32Array;
  /** What it asks behind this field: a rest of the next level. */
  readonly next: Int32Array;
  /** The packets it holds, whatever it answers: equal ones have one number, 0 is all of them. */
  readonly boxes: Int32Array;
  /** What it answers. */
  readonly answers: Int32Array;
  readonly boxCount: number;
}

export interface Rests {
  /** One more than there are fields: at the last nothing is left to be asked. */
  readonly levels: readonly Level[];
  /** The rests of the rules that hold some of the region, in their order: number × 4 + the sides they are in. */
  readonly list: Int32Array;
  /** For each field the classes of each set, within the region. */
  readonly classes: readonly (readonly Intervals[])[];
  /** For each answer the labels in both lists. */
  readonly before: Int32Array;
  readonly after: Int32Array;
}

/** The bits of a list's entry that say for which sides a rule still decides. */
export const BEFORE = 1;
export const AFTER = 2;
export const BOTH = 3;

/** The classes of the region for each field, or undefined where it holds nothing. */
export function regionClasses(space: Space, region: Box): readonly Intervals[] | undefined {
  const classes = space.fields.map((_, field) => {
    const values = region[field];
    return values === undefined ? [0, space.classCount(field) - 1] : space.classes(field, values);
  });
  return classes.some((one) => one.length === 0) ? undefined : classes;
}

/**
 * `places` are those of the space's fields in the boxes of the rules, where they are not the same; `pool` knows the
 * sets of the rules that have a number.
 */
export function restsOf(
  space: Space,
  rules: readonly MergedRule[],
  region: readonly Intervals[],
  { fields: places, pool }: Pick<DifferOptions, 'fields' | 'pool'>,
): Rests {
  const fieldCount = space.fields.length;
  const sides = new Uint8Array(rules.length);
  const rests = new Int32Array(rules.length);
  const answers = pairNumbers();
  rules.forEach(({ before, after }, rule) => {
    sides[rule] = (before === undefined ? 0 : BEFORE) + (after === undefined ? 0 : AFTER);
    rests[rule] = answers.of(before ?? 0, after ?? 0);
  });
  const levels: Level[] = [];
  /** Of each rule the set of the field at work. */
  const own = new Int32Array(rules.length);
  const classes: Intervals[][] = [];
  let level = lastLevel(answers.count());
  for (let field = fieldCount - 1; field >= 0; field -= 1) {
    levels[field + 1] = level;
    const place = places?.[field] ?? field;
    /** Of most fields few questions ask anything. */
    let sets: ReturnType<typeof setNumbers> | undefined;
    let asked = false;
    for (let rule = 0; rule < rules.length; rule += 1) {
      if (rests[rule]! < 0) continue;
      const { box, number } = rules[rule]!;
      const values = box[place];
      if (values === undefined) {
        own[rule] = 0;
        continue;
      }
      sets ??= setNumbers(space, field, region[field]!, pool?.setCount(place) ?? 0);
      own[rule] = sets.of(values, number === undefined ? undefined : pool?.setOf(number, place));
      if (own[rule]! < 0) rests[rule] = -1;
      else if (own[rule]! > 0) asked = true;
    }
    level = asked ? levelOf(own, rests, level) : unasked(level);
    classes[field] = sets?.classes ?? [region[field]!];
  }
  levels[0] = level;
  const list = new Int32Array(rules.length);
  let count = 0;
  for (let rule = 0; rule < rules.length; rule += 1) {
    if (rests[rule]! < 0) continue;
    list[count] = rests[rule]! * 4 + sides[rule]!;
    count += 1;
  }
  return { levels, list: list.subarray(0, count), classes, before: answers.firsts(), after: answers.seconds() };
}

/** Makes of each rule's set and rest a rest of the level before; rules that hold nothing have a rest below 0. */
function levelOf(own: Int32Array, rests: Int32Array, behind: Level): Level {
  const [pairs, boxes] = [pairNumbers(), pairNumbers()];
  // The box of everything comes first, so that it is number 0.
  boxes.of(0, 0);
  let boxesOf = new Int32Array(16);
  let answersOf = new Int32Array(16);
  for (let rule = 0; rule < rests.length; rule += 1) {
    const below = rests[rule]!;
    if (below < 0) continue;
    const known = pairs.count();
    const rest = pairs.of(own[rule]!, below);
    rests[rule] = rest;
    if (rest < known) continue;
    if (rest >= boxesOf.length) {
      boxesOf = grown(boxesOf, 0);
      answersOf = grown(answersOf, 0);
    }
    boxesOf[rest] = boxes.of(own[rule]!, behind.boxes[below]!);
    answersOf[rest] = behind.answers[below]!;
  }
  return { sets: pairs.firsts(), next: pairs.seconds(), boxes: boxesOf, answers: answersOf, boxCount: boxes.count() };
}

/** No rule asks for the field: its rests are those behind. */
function unasked({ boxes, answers, boxCount }: Level): Level {
  const count = answers.length;
  return { sets: new Int32Array(count), next: upTo(count), boxes, answers, boxCount };
}

function lastLevel(answers: number): Level {
  const none = new Int32Array(answers);
  return { sets: none, next: none, boxes: none, answers: upTo(answers), boxCount: 1 };
}

/** 0, 1, 2 … */
function upTo(count: number): Int32Array {
  const numbers = new Int32Array(count);
  for (let at = 1; at < count; at += 1) numbers[at] = at;
  return numbers;
}

/** Numbers for sets of values of one field; boxes share their sets, and each is turned into classes once. */
function setNumbers(space: Space, field: number, region: Intervals, setCount: number) {
  const known = new Map<unknown, number>();
  const classes: Intervals[] = [region];
  const byContent = new Map<string, number>();
  /** Most sets are one interval, and lie within a region that is one. */
  const single = pairNumbers();
  const ofSingle: number[] = [];
  const first = region[0]!;
  const last = region[region.length - 1]!;
  const added = (set: Intervals): number => classes.push(set) - 1;
  const contentNumber = (set: Intervals, make: (set: Intervals) => number): number => {
    if (set.length === 2) {
      const known = single.count();
      const pair = single.of(set[0]!, set[1]!);
      if (pair === known) ofSingle.push(make(set));
      return ofSingle[pair]!;
    }
    const key = set.join();
    let number = byContent.get(key);
    if (number === undefined) {
      number = make(set);
      byContent.set(key, number);
    }
    return number;
  };
  contentNumber(region, () => 0);
  const numberOf = (own: Intervals): number => {
    const inside = region.length === 2 && first <= own[0]! && own[own.length - 1]! <= last;
    const within = inside ? own : intersection(own, region);
    return within.length === 0 ? -1 : contentNumber(within, added);
  };
  /** By the number of the set, one more than what is known of it. */
  const ofSet = new Int32Array(setCount);
  return {
    classes,
    /** -1 where it holds nothing of the region. `set`: its number, where it has one. */
    of(values: Intervals<Bound>, set: number | undefined): number {
      if (set !== undefined) {
        if (ofSet[set] === 0) {
          const number = numberOf(space.classes(field, values));
          ofSet[set] = number < 0 ? -1 : number + 1;
        }
        return ofSet[set]! < 0 ? -1 : ofSet[set]! - 1;
      }
      let number = known.get(values);
      if (number === undefined) {
        number = values.length === 0 ? -1 : numberOf(space.classes(field, values));
        known.set(values, number);
      }
      return number;
    },
  };
}

/** Numbers pairs of numbers in the order in which they come. V8 has arrays of so few numbers at hand (64 bytes). */
function pairNumbers() {
  let firsts = new Int32Array(16);
  let seconds = new Int32Array(16);
  let slots = new Int32Array(16);
  let count = 0;

  function rehash(): void {
    slots = new Int32Array(slots.length * 2);
    const mask = slots.length - 1;
    for (let one = 0; one < count; one += 1) {
      let slot = mix(hash2(firsts[one]!, seconds[one]!), 0) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = one + 1;
    }
  }

  return {
    of(first: number, second: number): number {
      const mask = slots.length - 1;
      let slot = mix(hash2(first, second), 0) & mask;
      for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
        const one = slots[slot]! - 1;
        if (firsts[one] === first && seconds[one] === second) return one;
      }
      if (count === firsts.length) {
        firsts = grown(firsts, 0);
        seconds = grown(seconds, 0);
      }
      firsts[count] = first;
      seconds[count] = second;
      slots[slot] = count + 1;
      count += 1;
      if (count * 2 > slots.length) rehash();
      return count - 1;
    },
    count: () => count,
    firsts: () => firsts,
    seconds: () => seconds,
  };
}

import type { Diagram } from './kernel.js';
import { grown, mix } from './table.js';

/** What was worked out already is kept up to about this many numbers (of four bytes). */
const ARENA_MAX = 1 << 25;
/** A record: hash, result, field, b, a, length, the list. */
const HEAD = 6;

/** Remembers the diagram of each list met: by its content, so that one is never taken for another. */
export interface ListMemo {
  /** The diagram of the list `list[from]` … `list[to - 1]` at a field, where `b` and `a` hold behind it. */
  recall(list: Int32Array, from: number, to: number, field: number, b: number, a: number): Diagram | undefined;
  /** Keeps the list that was asked for last, whose result is not known yet; 0 where there is no room left. */
  reserve(list: Int32Array, from: number, to: number, field: number, b: number, a: number): number;
  settle(record: number, result: Diagram): void;
}

export function listMemo(): ListMemo {
  let arena = new Int32Array(128);
  let used = 1;
  let slots = new Int32Array(16);
  let records = 0;
  /** Of the list asked for last. */
  let hash = 0;

  function same(record: number, list: Int32Array, from: number, to: number, field: number, b: number, a: number) {
    if (arena[record + 2] !== field || arena[record + 3] !== b || arena[record + 4] !== a) return false;
    if (arena[record + 5] !== to - from) return false;
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
    recall(list, from, to, field, b, a) {
      hash = mix(mix(field, b), a);
      for (let at = from; at < to; at += 1) hash = mix(hash, list[at]!);
      const mask = slots.length - 1;
      for (let slot = hash & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
        const record = slots[slot]!;
        if (arena[record] === hash && same(record, list, from, to, field, b, a)) return arena[record + 1]!;
      }
      return undefined;
    },
    reserve(list, from, to, field, b, a) {
      const needed = HEAD + to - from;
      if (used + needed > ARENA_MAX) return 0;
      if (used + needed > arena.length) arena = grown(arena, used + needed);
      const record = used;
      used += needed;
      arena[record] = hash;
      arena[record + 2] = field;
      arena[record + 3] = b;
      arena[record + 4] = a;
      arena[record + 5] = to - from;
      for (let at = from; at < to; at += 1) arena[record + HEAD + at - from] = list[at]!;
      return record;
    },
    settle(record, result) {
      if (record === 0) return;
      arena[record + 1] = result;
      const mask = slots.length - 1;
      let slot = arena[record]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = record;
      records += 1;
      if (records * 2 > slots.length) rehash();
    },
  };
}

/** Random choices that come back with their seed (Mulberry32). */
export interface Dice {
  /** A whole number from 0 up to, and without, `below`. */
  below(below: number): number;
  pick<T>(list: readonly T[]): T;
  /** True once in `of` times. */
  once(of: number): boolean;
  /** `count` different members, in their order. */
  some<T>(list: readonly T[], count: number): readonly T[];
}

export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number): number => next() % limit;
  return {
    below,
    pick: (list) => list[below(list.length)]!,
    once: (of) => below(of) === 0,
    some: (list, count) => {
      const left = [...list.keys()];
      const chosen = new Set<number>();
      while (chosen.size < Math.min(count, list.length)) chosen.add(left.splice(below(left.length), 1)[0]!);
      return list.filter((_, index) => chosen.has(index));
    },
  };
}

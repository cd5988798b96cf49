import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { alignLists } from '../../agent/packets/index.js';
import { firstMatch, type MaskRule, RUNS, universeOf } from './universe.js';

function align(before: string, after: string) {
  return alignLists([...before], [...after], (letter) => letter);
}

/** The length of a longest common subsequence, by its recurrence. */
function commonLength(before: readonly number[], after: readonly number[]): number {
  let row = new Array<number>(after.length + 1).fill(0);
  for (const item of before) {
    const next = [0];
    after.forEach((other, j) => {
      next.push(item === other ? row[j]! + 1 : Math.max(row[j + 1]!, next[j]!));
    });
    row = next;
  }
  return row[after.length]!;
}

describe('aligning two lists', () => {
  test.each([
    [
      'nothing changed',
      'abc',
      'abc',
      {
        kept: [
          [0, 0],
          [1, 1],
          [2, 2],
        ],
        removed: [],
        added: [],
        moved: [],
      },
    ],
    [
      'one added',
      'ac',
      'abc',
      {
        kept: [
          [0, 0],
          [1, 2],
        ],
        removed: [],
        added: [1],
        moved: [],
      },
    ],
    [
      'one removed',
      'abc',
      'ac',
      {
        kept: [
          [0, 0],
          [2, 1],
        ],
        removed: [1],
        added: [],
        moved: [],
      },
    ],
    [
      'one changed',
      'abc',
      'axc',
      {
        kept: [
          [0, 0],
          [2, 2],
        ],
        removed: [1],
        added: [1],
        moved: [],
      },
    ],
    [
      'first moved last',
      'abcd',
      'bcda',
      {
        kept: [
          [1, 0],
          [2, 1],
          [3, 2],
        ],
        removed: [],
        added: [],
        moved: [[0, 3]],
      },
    ],
    [
      'last moved first',
      'abcd',
      'dabc',
      {
        kept: [
          [0, 1],
          [1, 2],
          [2, 3],
        ],
        removed: [],
        added: [],
        moved: [[3, 0]],
      },
    ],
    ['from nothing', '', 'ab', { kept: [], removed: [], added: [0, 1], moved: [] }],
    ['to nothing', 'ab', '', { kept: [], removed: [0, 1], added: [], moved: [] }],
    [
      'a duplicate added',
      'ab',
      'aab',
      {
        kept: [
          [0, 0],
          [1, 2],
        ],
        removed: [],
        added: [1],
        moved: [],
      },
    ],
    [
      'a duplicate removed',
      'abab',
      'ab',
      {
        kept: [
          [0, 0],
          [1, 1],
        ],
        removed: [2, 3],
        added: [],
        moved: [],
      },
    ],
    [
      'duplicates around a unique item',
      'aaxbb',
      'axbbb',
      {
        kept: [
          [0, 0],
          [2, 1],
          [3, 3],
          [4, 4],
        ],
        removed: [1],
        added: [2],
        moved: [],
      },
    ],
  ])('%s', (_, before, after, expected) => {
    expect(align(before, after)).toEqual(expected);
  });

  test('two exchanged: one is kept, the other moved', () => {
    const { kept, moved, removed, added } = align('abcd', 'acbd');
    expect([kept.length, moved.length, removed, added]).toEqual([3, 1, [], []]);
  });

  test('duplicates on either side of a unique item are kept too', () => {
    const { kept, removed, added, moved } = align('maaxbbn', 'oaaxbbp');
    expect(kept.map(([i]) => i)).toEqual([1, 2, 3, 4, 5]);
    expect([removed, added, moved]).toEqual([[0, 6], [0, 6], []]);
  });

  test('of lists without duplicates as much is kept as can be', () => {
    const lists = fc.uniqueArray(fc.nat(14), { maxLength: 12 });
    fc.assert(
      fc.property(lists, lists, (before, after) => {
        expect(alignLists(before, after, (item) => item).kept.length).toBe(commonLength(before, after));
      }),
      { ...RUNS, numRuns: 500 },
    );
  });

  test('every position is named once, kept ones ascend, and pairs are equal items', () => {
    const lists = fc.array(fc.constantFrom(...'abcdefg'), { maxLength: 14 });
    fc.assert(
      fc.property(lists, lists, (before, after) => {
        const { kept, removed, added, moved } = alignLists(before, after, (item) => item);
        const matched = [...kept, ...moved];
        const ascending = (a: number, b: number) => a - b;
        expect([...matched.map(([i]) => i), ...removed].sort(ascending)).toEqual(before.map((_, i) => i));
        expect([...matched.map(([, j]) => j), ...added].sort(ascending)).toEqual(after.map((_, j) => j));
        for (const [i, j] of matched) expect(before[i]).toBe(after[j]);
        for (let n = 1; n < kept.length; n += 1) {
          expect(kept[n]![0]).toBeGreaterThan(kept[n - 1]![0]);
          expect(kept[n]![1]).toBeGreaterThan(kept[n - 1]![1]);
        }
        const removedItems = new Set(removed.map((i) => before[i]));
        for (const j of added) expect(removedItems.has(after[j]!)).toBe(false);
      }),
      { ...RUNS, numRuns: 1000 },
    );
  });

  test('a packet that matches no changed rule has the same first match in both lists', () => {
    const universe = universeOf([5, 5]);
    const rules = fc.array(
      fc.record({
        masks: fc.tuple(fc.integer({ min: 1, max: 63 }), fc.integer({ min: 1, max: 63 })),
        label: fc.nat(9),
      }),
      { minLength: 1, maxLength: 8 },
    );
    const picks = fc.array(fc.nat(7), { maxLength: 10 });
    let unchanged = 0;
    fc.assert(
      fc.property(rules, picks, picks, (pool, first, second) => {
        const [before, after] = [first, second].map((list) => list.map((pick) => pool[pick % pool.length]!));
        const key = ({ masks, label }: MaskRule) => `${masks} ${label}`;
        const { removed, added, moved } = alignLists<MaskRule>(before!, after!, key);
        const changed = [
          ...removed.map((i) => before![i]!),
          ...added.map((j) => after![j]!),
          ...moved.map(([i]) => before![i]!),
        ];
        for (const point of universe.points) {
          if (
            firstMatch(
              changed.map(({ masks }) => ({ masks, label: 1 })),
              point,
            ) !== 0
          )
            continue;
          unchanged += 1;
          expect(firstMatch(before!, point)).toBe(firstMatch(after!, point));
        }
      }),
      { ...RUNS, numRuns: 500 },
    );
    expect(unchanged).toBeGreaterThan(1000);
  });

  test('100,000 rules with one moved far are aligned at once', () => {
    const before = Array.from({ length: 100_000 }, (_, i) => i);
    const after = [...before.slice(1, 90_000), 0, ...before.slice(90_000)];
    const { kept, moved, removed, added } = alignLists(before, after, (item) => item);
    expect([kept.length, moved, removed, added]).toEqual([99_999, [[0, 89_999]], [], []]);
  });
});

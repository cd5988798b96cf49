import { describe, expect, test } from '@jest/globals';
import type { Told } from '../../agent/app/offline-words.js';
import { diffLines } from '../../agent/cli/diff.js';

function edits(count: number, listOf: (number: number) => string): readonly Told[] {
  return Array.from({ length: count }, (_, number) => ({
    sentence: `edit ${number}`,
    below: ['its rule', 'an example'],
    list: listOf(number),
  }));
}

describe('the edits of a difference', () => {
  test('up to 24 are told one by one', () => {
    const lines = diffLines('+', edits(24, String), { brief: false, whole: false });
    expect(lines).toHaveLength(24 * 3);
    expect(lines.slice(-3)).toEqual(['+ edit 23', '    its rule', '    an example']);
  });

  test('of more the first eight, and how many more stand in which list', () => {
    const lines = diffLines(
      '-',
      edits(25, (number) => (number % 3 === 0 ? 'FORWARD' : 'INPUT')),
      { brief: true, whole: false },
    );
    expect(lines).toEqual([
      ...Array.from({ length: 8 }, (_, number) => `- edit ${number}`),
      '- and 17 more edits: 11 in INPUT, 6 in FORWARD (--all tells each of them, --json every region)',
    ]);
  });

  test('no more than six lists are named', () => {
    const lines = diffLines(
      '+',
      edits(500, (number) => `list${number % 100}`),
      { brief: false, whole: false },
    );
    expect(lines).toHaveLength(8 * 3 + 1);
    expect(lines.at(-1)).toMatch(
      /^\+ and 492 more edits: 5 in list8, (?:5 in list\d+, ){5}the rest in 94 more lists \(/,
    );
  });

  test('--all tells each of them', () => {
    expect(diffLines('+', edits(500, String), { brief: true, whole: true })).toHaveLength(500);
  });
});

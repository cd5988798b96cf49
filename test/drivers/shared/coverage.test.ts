import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { coverageBuilder, linesOf } from '../../../agent/drivers/shared/coverage.js';
import type { LineState } from '../../../agent/model/index.js';

const ascending: readonly LineState[] = ['irrelevant', 'modelled', 'approximated', 'unmodelled', 'unrecognized'];

describe('line coverage', () => {
  test('a line keeps its worst state, in whatever order it was marked', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...ascending), { minLength: 1 }), (states) => {
        const coverage = coverageBuilder();
        coverage.source('f', 'one\n');
        for (const state of states) coverage.mark('f', 1, state);
        const worst = ascending[Math.max(...states.map((state) => ascending.indexOf(state)))];
        expect(coverage.build().lines).toEqual([{ file: 'f', line: 1, state: worst }]);
      }),
      { seed: 20261 },
    );
  });

  test('a line that nobody claims is unrecognized and makes the reading blind', () => {
    const coverage = coverageBuilder();
    coverage.source('f', 'one\ntwo\nthree\n');
    coverage.mark('f', 1, 'modelled');
    coverage.mark('f', 3, 'approximated', 'rate limit');
    const built = coverage.build();
    expect(built.lines.map(({ state }) => state)).toEqual(['modelled', 'unrecognized', 'approximated']);
    expect(built.lines[2]?.reason).toBe('rate limit');
    expect(built.blind).toEqual(['f:2: no reader claimed this line']);
    expect(built.sources).toEqual(['f (3 lines)']);
  });

  test('a lost line is unrecognized and blind; sentences are said once', () => {
    const coverage = coverageBuilder();
    coverage.source('f', 'one', 'nft list ruleset');
    coverage.lose('f', 1, 'not a rule');
    coverage.notCovered('sets were not read');
    coverage.notCovered('sets were not read');
    coverage.rule('exact');
    coverage.rule('unread');
    expect(coverage.build()).toEqual({
      sources: ['nft list ruleset (1 line)'],
      lines: [{ file: 'f', line: 1, state: 'unrecognized', reason: 'not a rule' }],
      rules: { exact: 1, bounded: 0, unread: 1 },
      notCovered: ['sets were not read'],
      blind: ['f:1: not a rule'],
    });
  });

  test.each([
    ['', []],
    ['a', ['a']],
    ['a\n', ['a']],
    ['a\r\nb\r\n', ['a', 'b']],
    ['\n\n', ['', '']],
  ])('%j is cut into %j', (text, lines) => {
    expect(linesOf(text)).toEqual(lines);
  });
});

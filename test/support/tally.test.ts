import { describe, expect, test } from '@jest/globals';
import { exitCode, type JestOutput, summaryLine, tally, together } from './tally.js';

function suite(
  name: string,
  assertionResults: readonly { readonly status: string; readonly fullName: string }[],
  failure?: string,
): JestOutput['testResults'][number] {
  return {
    name: `/r/build/test/${name}.test.js`,
    status: failure ? 'failed' : 'passed',
    message: failure ?? '',
    assertionResults,
  };
}

describe('the count of a run', () => {
  test('tells tests apart, and says why each was skipped', () => {
    const output = {
      testResults: [
        suite('a', [
          { status: 'passed', fullName: 'one' },
          { status: 'failed', fullName: 'two' },
          { status: 'pending', fullName: 'group three [skipped because not run as root (run the tests as root)]' },
          { status: 'todo', fullName: 'four' },
        ]),
      ],
    };
    expect(tally(output, '/r')).toEqual({
      passed: 1,
      failed: 1,
      skipped: 2,
      notes: [
        'skipped: test/a.test.ts: group three: not run as root (run the tests as root)',
        'skipped: test/a.test.ts: four: no reason given',
      ],
    });
  });

  test('several runs are counted as one', () => {
    const one = { passed: 1, failed: 2, skipped: 3, notes: ['a'] };
    expect(together([one, { passed: 10, failed: 0, skipped: 0, notes: [] }, one])).toEqual({
      passed: 12,
      failed: 4,
      skipped: 6,
      notes: ['a', 'a'],
    });
  });

  test('a suite that was left out is one line', () => {
    const left = { status: 'pending', fullName: 'corpus left out [skipped because ../shared is absent]' };
    expect(tally({ testResults: [suite('corpus', [left])] }, '/r').notes).toEqual([
      'left out: test/corpus.test.ts (1): ../shared is absent',
    ]);
  });

  test('a suite that could not run is a failure though none of its tests failed', () => {
    const broken = tally(
      { testResults: [suite('x', [], '  ● Test suite failed to run\n\n    Cannot find module y\n at z')] },
      '/r',
    );
    expect(broken).toMatchObject({ passed: 0, failed: 1, skipped: 0 });
    expect(broken.notes).toEqual(['failed as a whole: test/x.test.ts: Cannot find module y']);
  });

  test('is one plain line', () => {
    expect(summaryLine({ passed: 3, failed: 0, skipped: 1 })).toBe('3 passed, 0 failed, 1 skipped');
  });
});

test.each([
  [1, 0, 0, false, 0],
  [1, 0, 1, true, 0],
  [1, 0, 1, false, 1],
  [1, 1, 0, true, 1],
  [0, 0, 0, true, 1],
  [0, 0, 5, true, 1],
] as const)(
  '%i passed, %i failed, %i skipped, skips allowed %s: exit code %i',
  (passed, failed, skipped, allowed, code) => {
    expect(exitCode({ passed, failed, skipped }, allowed)).toBe(code);
  },
);

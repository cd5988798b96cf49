import { describe, expect, test } from '@jest/globals';
import { assert, InternalFault, unreachable } from '../../agent/lib/assert.js';
import { failure, type Problem, problemText, success } from '../../agent/lib/result.js';

describe('the text of a problem', () => {
  const code = 'TRUNCATED';
  test.each<readonly [Problem, string]>([
    [{ code, message: 'cut off' }, 'cut off'],
    [{ code, message: 'cut off', file: 'a.nft', line: 3, column: 7 }, 'a.nft:3:7: cut off'],
    [{ code, message: 'cut off', file: 'a.nft', line: 3 }, 'a.nft:3: cut off'],
    [{ code, message: 'cut off', expected: 'COMMIT' }, 'cut off (expected COMMIT)'],
    [{ code, message: 'cut off', expected: 'COMMIT', remedy: 'read again' }, 'cut off (expected COMMIT; read again)'],
  ])('%j', (problem, text) => expect(problemText(problem)).toBe(text));
});

test('a result is told apart by ok', () => {
  expect([success(1), failure('no')]).toEqual([
    { ok: true, value: 1 },
    { ok: false, error: 'no' },
  ]);
});

test('a broken assertion is a fault of our own', () => {
  expect(() => assert(true, 'holds')).not.toThrow();
  expect(() => assert('', 'empty')).toThrow(InternalFault);
  expect(() => unreachable('case' as never)).toThrow('unreachable case: "case"');
});

import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isSameContent } from '../../agent/lib/same.js';
import { seed } from '../support/seed.js';

describe('isSameContent', () => {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom<unknown>(undefined, null, true, false, 0, -0, 1, Number.NaN, 1n, '', 'a', '1'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
    ),
  }));

  test('answers as isDeepStrictEqual does, for any two values', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(isSameContent(a, b)).toBe(isDeepStrictEqual(a, b));
      }),
      { seed, numRuns: 3_000 },
    );
  });

  test('a copy is the same, in whatever order its fields were written', () => {
    fc.assert(
      fc.property(value, (one) => {
        const copy = (part: unknown): unknown => {
          if (typeof part !== 'object' || part === null) return part;
          if (Array.isArray(part)) return part.map(copy);
          const reversed = Object.entries(part).reverse();
          return Object.fromEntries(reversed.map(([key, inner]) => [key, copy(inner)]));
        };
        expect(isSameContent(one, copy(one))).toBe(true);
      }),
      { seed, numRuns: 500 },
    );
  });
});

import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { describeShared } from '../support/shared.js';
import { appliances, type Measured, measure, rulesets } from './measure.js';
import { counted, exactShare } from './page.js';

/** What is understood of the corpus is what docs/coverage.md says, and enough of it. `npm run generate` writes the page. */
describeShared('corpus', 'the corpus', (corpus) => {
  test('docs/coverage.md is as `npm run generate` makes it', async () => {
    const page = readFileSync('docs/coverage.md', 'utf8');
    expect(await counted(page, corpus)).toBe(page);
  }, 300_000);

  describe.each([...rulesets, ...appliances])('$title', (folder) => {
    let measured: Measured;
    beforeAll(async () => {
      measured = await measure(corpus, folder);
    }, 300_000);

    test('every file is read, or refused with a reason', () => {
      expect(measured.files).toBeGreaterThan(50);
      expect(measured.refused.length).toBeLessThan(measured.files / 8);
      expect(measured.refused.filter(({ why }) => why === '')).toEqual([]);
    });

    if (appliances.includes(folder)) {
      test('99 of 100 lines that filter are modelled, where the file holds what they name; no line is unknown', () => {
        const { lines, gaps } = measured;
        expect(lines.unrecognized).toBe(0);
        const rest = (['approximated', 'unmodelled'] as const).reduce(
          (sum, state) => sum + lines[state] - gaps[state],
          0,
        );
        expect(lines.modelled / (lines.modelled + rest)).toBeGreaterThan(0.99);
      });
    }

    if (rulesets.includes(folder)) {
      test('97 of 100 rules are exact, where the file says what they ask for', () => {
        expect(exactShare(measured)).toBeGreaterThan(0.97);
        expect(measured.rules.exact).toBeGreaterThan(5000);
      });
    }
  });
});

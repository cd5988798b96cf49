import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { linesOf } from '../../../agent/drivers/shared/coverage.js';
import { readFile } from './support.js';

const given = process.env.ECLUSE_SHARED;
const folder = join(given ?? '../shared', 'corpus', 'iptables');
const present = existsSync(folder);

/** Real saves from many years and machines, which are not part of this repository. */
describe('the corpus of iptables saves', () => {
  if (!present) {
    test(`is left out: ${folder} is not there`, () => expect(given).toBeUndefined());
    return;
  }

  test('is read without throwing, every line in one state', () => {
    const sum = { exact: 0, bounded: 0, unread: 0 };
    const refused: string[] = [];
    for (const name of readdirSync(folder)) {
      const text = readFileSync(join(folder, name), 'utf8');
      const result = readFile(text, name);
      if (!result.ok) {
        refused.push(`${name} ${result.error.code}`);
        continue;
      }
      const { lines, rules } = result.value.coverage;
      expect(lines.map(({ line }) => line)).toEqual(linesOf(text).map((_, index) => index + 1));
      for (const key of ['exact', 'bounded', 'unread'] as const) sum[key] += rules[key];
    }
    console.log(
      `rules exact ${sum.exact}, bounded ${sum.bounded}, unread ${sum.unread}; refused: ${refused.join(', ')}`,
    );
    // Listings of iptables -L, and nothing else, are refused.
    expect(refused.every((entry) => entry.endsWith(' NOT_A_SAVE'))).toBe(true);
    expect(refused.length).toBeLessThan(5);
    expect(sum.exact).toBeGreaterThan(20_000);
  });
});

import { describe, expect, test } from '@jest/globals';
import { seed } from '../support/seed.js';
import { mutate } from './mutate.js';
import { allDrivers, recordingsOf } from './recorded.js';

/**
 * Damaged captures, 500 for each driver: refused, told as blind, or seen as another configuration; never read as the
 * whole one where a word that means something was damaged. `npm run soak -- mutation` tries 10,000.
 */
const COUNT = 500;
const withRecordings = allDrivers
  .filter((driver) => recordingsOf(driver).length > 0)
  .map((driver) => [driver.id, driver] as const);

describe('damaged captures', () => {
  test('most platforms have recordings to damage', () => expect(withRecordings.length).toBeGreaterThanOrEqual(7));

  test.each(withRecordings)(
    '%s',
    (_id, driver) => {
      const result = mutate(driver, COUNT, seed);
      expect(result.unnoticed).toEqual([]);
      expect(result.mutations).toBe(COUNT);
      expect(result.told + result.seen).toBeGreaterThan(COUNT / 4);
    },
    300_000,
  );
});

import { describe, expect, test } from '@jest/globals';
import { driverById, drivers } from '../../agent/drivers/registry.js';
import { seed } from '../support/seed.js';
import { mutate } from './mutate.js';
import { recordingsOf } from './recorded.js';

/**
 * Damaged captures, 500 for each driver: refused, told as blind, or seen as another configuration; never read as the
 * whole one where a word that means something was damaged. `npm run soak -- mutation` tries 10,000.
 */
const COUNT = 500;
const withRecordings = drivers.filter((driver) => recordingsOf(driver).length > 0).map(({ id }) => id);

describe('damaged captures', () => {
  test('most platforms have recordings to damage', () => expect(withRecordings.length).toBeGreaterThanOrEqual(7));

  test.each(withRecordings)(
    '%s',
    (id) => {
      const result = mutate(driverById(id)!, COUNT, seed);
      expect(result.unnoticed).toEqual([]);
      expect(result.mutations).toBe(COUNT);
      expect(result.told + result.seen).toBeGreaterThan(COUNT / 4);
    },
    300_000,
  );
});

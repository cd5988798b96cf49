import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, test } from '@jest/globals';
import { SKIP_MARK } from './system.js';

/**
 * The folder of corpora and oracles that developers have beside the repository and users do not. A missing one may
 * leave suites out, but where ECLUSE_SHARED names it, it must be there: a missing corpus never looks like a pass.
 */
export const sharedFolder = resolve(process.env.ECLUSE_SHARED ?? '../shared');

/** A group of tests over `ECLUSE_SHARED/PART`; its body gets that folder's path and runs only where it exists. */
export function describeShared(part: string, name: string, fn: (folder: string) => void): void {
  const folder = resolve(sharedFolder, part);
  if (existsSync(folder)) {
    describe(name, () => fn(folder));
    return;
  }
  describe(name, () => {
    if (process.env.ECLUSE_SHARED === undefined && process.env.ECLUSE_REQUIRE_SYSTEM !== '1') {
      test.skip(`left out [${SKIP_MARK} ECLUSE_SHARED is not set and ../shared/${part} is absent]`, () => {});
    } else {
      test('finds its data', () => Promise.reject(new Error(`${part} is absent from the folder ECLUSE_SHARED names`)));
    }
  });
}

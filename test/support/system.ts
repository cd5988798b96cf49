import { afterAll, describe, test } from '@jest/globals';
import { removeLeftovers } from './machine.js';
import { type Need, whyMissing } from './needs.js';

export {
  must,
  type Namespace,
  type Outcome,
  type RunOptions,
  run,
  tempDir,
  waitFor,
  withNamespaces,
} from './machine.js';
export type { Need } from './needs.js';

afterAll(removeLeftovers);

/** The mark by which run.ts finds the reason in a skipped test's title. */
export const SKIP_MARK = 'skipped because';

function required(): boolean {
  return process.env.ECLUSE_REQUIRE_SYSTEM === '1';
}

/**
 * A test that needs something of the machine. Where it is missing the test is reported as skipped with the reason in
 * its title; with ECLUSE_REQUIRE_SYSTEM=1 it fails with the reason, so that a machine without a component can never
 * look like a pass.
 */
export function systemTest(
  needs: readonly Need[],
  name: string,
  fn: () => void | Promise<void>,
  timeoutMs?: number,
): void {
  const reason = whyMissing(needs);
  if (reason === undefined) test(name, fn, timeoutMs);
  else if (required()) test(name, () => Promise.reject(new Error(reason)));
  else test.skip(`${name} [${SKIP_MARK} ${reason}]`, fn);
}

/** A group of such tests. Its body must touch the machine only inside tests and hooks: it also runs where it is skipped. */
export function describeSystem(needs: readonly Need[], name: string, fn: () => void): void {
  const reason = whyMissing(needs);
  if (reason === undefined) describe(name, fn);
  else if (required()) {
    describe(name, () => {
      test('finds what it needs on this machine', () => Promise.reject(new Error(reason)));
    });
  } else describe.skip(`${name} [${SKIP_MARK} ${reason}]`, fn);
}

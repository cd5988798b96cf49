import { drivers } from '../../agent/drivers/registry.js';
import { mutate } from '../drivers/mutate.js';
import { seed } from '../support/seed.js';

/**
 * 10,000 damaged captures for each driver, or ECLUSE_MUTATIONS; ECLUSE_SEED looks elsewhere, ECLUSE_DRIVER at one driver
 * alone. The answer has, for each driver, how many were refused or told, seen as another configuration, without meaning,
 * and unnoticed: of these there may be none.
 */
export async function mutation(): Promise<boolean> {
  const count = Number(process.env.ECLUSE_MUTATIONS ?? 10_000);
  let isRight = true;
  for (const driver of drivers) {
    if (process.env.ECLUSE_DRIVER !== undefined && process.env.ECLUSE_DRIVER !== driver.id) continue;
    const { unnoticed, ...counts } = mutate(driver, count, seed);
    if (counts.mutations === 0) continue;
    process.stdout.write(`${JSON.stringify({ driver: driver.id, ...counts, unnoticed: unnoticed.length })}\n`);
    for (const { recording, mutation: what } of unnoticed) process.stdout.write(`  ${recording}, ${what}\n`);
    if (unnoticed.length > 0) isRight = false;
  }
  return isRight;
}

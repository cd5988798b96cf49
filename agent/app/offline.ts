import { randomBytes } from 'node:crypto';
import { captureFromPath, redactCapture } from '../collect/index.js';
import { driverById, drivers } from '../drivers/registry.js';
import type { Problem, Result } from '../lib/result.js';
import { failure, success } from '../lib/result.js';
import { type Device, withStateRemarks } from '../model/index.js';

export { displayText } from '../collect/index.js';
export { drivers } from '../drivers/registry.js';
export { PROTOCOLS } from '../exposure/index.js';

/** Problems that mean the capture cannot be trusted (exit code 3), not that the call is wrong (2). */
const BLIND = new Set(['TRUNCATED', 'NOT_UNDERSTOOD', 'NOTHING_READ', 'TABLE_TWICE']);

export function exitCodeOf(problem: Problem): 2 | 3 {
  return BLIND.has(problem.code) ? 3 : 2;
}

/** Answers quote what was read, and go to tickets and logs: no secret gets that far. Two files compare by one key. */
const redactionKey = randomBytes(32);

/** Reads a capture from a file or a folder into the model; the driver is recognised unless one is named. */
export async function readFile(path: string, driverId?: string): Promise<Result<Device>> {
  if (driverId !== undefined && !driverById(driverId)) {
    return failure({
      code: 'UNKNOWN_DRIVER',
      message: `there is no driver ${driverId}`,
      expected: `one of ${drivers.map((driver) => driver.id).join(', ')}`,
    });
  }
  const capture = await captureFromPath(path, { drivers, ...(driverId ? { driverId } : {}) });
  if (!capture.ok) return capture;
  const driver = driverById(capture.value.driver);
  if (!driver) return failure({ code: 'UNKNOWN_DRIVER', message: `there is no driver ${capture.value.driver}` });
  const redacted = redactCapture(capture.value, driver.secrets, redactionKey);
  const read = driver.read(redacted, { device: redacted.device });
  return read.ok ? success(withStateRemarks(read.value)) : read;
}

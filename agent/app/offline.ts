import { randomBytes } from 'node:crypto';
import { captureFromPath } from '../collect/file.js';
import { redactCapture } from '../collect/redact.js';
import { catalogue } from '../drivers/catalogue.js';
import type { Capture, Driver } from '../drivers/contract.js';
import { failure, type Result, success } from '../lib/result.js';
import { type Device, withStateRemarks } from '../model/index.js';
import { type Refined, refinedOf } from './refined.js';

/** Answers quote what was read, and go to tickets and logs: no secret gets that far. Two files compare by one key. */
const redactionKey = randomBytes(32);

/** What a capture says, and the driver that says it. */
export interface ReadCapture {
  readonly device: Device;
  /** Without its secrets. */
  readonly capture: Capture;
  readonly driver: Driver;
}

/** Reads a capture from a file or a folder into the model; the driver is recognised unless one is named. */
export async function readFile(path: string, driverId?: string): Promise<Result<Device>> {
  const read = await readCapture(path, driverId);
  return read.ok ? success(read.value.device) : read;
}

/** The same, with the driver; no other one is loaded. */
export async function readCapture(path: string, driverId?: string): Promise<Result<ReadCapture>> {
  if (driverId !== undefined && !catalogue.some(({ id }) => id === driverId)) {
    return failure({
      code: 'UNKNOWN_DRIVER',
      message: `there is no driver ${driverId}`,
      expected: `one of ${catalogue.map(({ id }) => id).join(', ')}`,
    });
  }
  const capture = await captureFromPath(path, { drivers: catalogue, ...(driverId ? { driverId } : {}) });
  if (!capture.ok) return capture;
  const driver = await catalogue.find(({ id }) => id === capture.value.driver)?.load();
  if (!driver) return failure({ code: 'UNKNOWN_DRIVER', message: `there is no driver ${capture.value.driver}` });
  return readWith(driver, redactCapture(capture.value, driver.secrets, redactionKey));
}

function readWith(driver: Driver, capture: Capture): Result<ReadCapture> {
  const read = driver.read(capture, { device: capture.device });
  return read.ok ? success({ device: withStateRemarks(read.value), capture, driver }) : read;
}

/** The same two, so that neither is read more exactly than the other; see refined.ts. */
export function onEvenFooting(one: ReadCapture, other: ReadCapture): readonly [ReadCapture, ReadCapture] {
  const [left, right] = [one, other].map(({ capture, driver }) => refinedOf([capture], [driver]));
  if (left!.key === right!.key) return [one, other];
  const plainly = (as: ReadCapture, { without: [capture] }: Refined): ReadCapture => {
    const read = readWith(as.driver, capture!);
    return read.ok ? read.value : as;
  };
  return [plainly(one, left!), plainly(other, right!)];
}

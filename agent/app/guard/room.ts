import type { Baseline } from '../../baseline/index.js';
import type { Settings } from '../../config/index.js';
import { type CoverageStatement, coverageOf, nextDue } from '../../judge/index.js';
import type { Clock } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import { failure, type Problem, type Result, success } from '../../lib/result.js';
import { type Store, StoreFailure } from '../../store/index.js';
import type { Bench } from './bench.js';
import type { Seen, WatchedDevice } from './device.js';
import type { Parts } from './ports.js';

/** What every answer of an open guard is made from. */
export interface Room {
  readonly settings: Settings;
  readonly store: Store;
  readonly bench: Bench;
  readonly devices: ReadonlyMap<string, WatchedDevice>;
  readonly parts: Parts;
  readonly baseline: Baseline;
  readonly clock: Clock;
  readonly log: Log;
  readonly redact: Uint8Array;
}

/** The devices named, or all of them. */
export function chosen(room: Room, names: readonly string[]): Result<readonly WatchedDevice[]> {
  if (names.length === 0) return success([...room.devices.values()]);
  const found: WatchedDevice[] = [];
  for (const name of names) {
    const device = room.devices.get(name);
    if (!device) return failure(unknownDevice(room, name));
    if (!found.includes(device)) found.push(device);
  }
  return success(found);
}

function unknownDevice(room: Room, name: string): Problem {
  return {
    code: 'UNKNOWN_DEVICE',
    message: `no device is called ${name}`,
    expected: `one of ${[...room.devices.keys()].join(', ')}`,
  };
}

/** Reads devices now; a device that takes longer than `waitMs` is left out, and its reading goes on. */
export async function readNow(
  room: Room,
  devices: readonly WatchedDevice[],
  waitMs: number,
): Promise<ReadonlyMap<string, Seen>> {
  const { bench, clock } = room;
  const due = nextDue(bench.state(), bench.context);
  // Where nothing runs between two questions, what fell due meanwhile is judged on what is read now.
  const mustHold = due !== undefined && due < clock.now() && !bench.holding();
  if (mustHold) bench.hold(due);
  const seen = new Map<string, Seen>();
  const readings = devices.map(async (device) => {
    const one = await device.read();
    seen.set(device.settings.id, one);
  });
  await Promise.race([Promise.allSettled(readings), pause(clock, waitMs, readings)]);
  if (mustHold) bench.release();
  return new Map(seen);
}

/** Ends early, and takes its timer away, once everything has settled. */
function pause(clock: Clock, waitMs: number, until: readonly Promise<unknown>[]): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.at(clock.now() + waitMs, resolve);
    void Promise.allSettled(until).then(() => {
      cancel();
      resolve();
    });
  });
}

/** What was read, declared and not covered, with what the readers of each device say that they do not see. */
export function coverage(room: Room, devices?: readonly string[]): CoverageStatement {
  const statement = coverageOf(room.bench.state(), room.bench.context, devices);
  const limits = [...room.devices.values()]
    .filter((device) => devices === undefined || devices.includes(device.settings.id))
    .flatMap((device) =>
      (device.last()?.reading.model?.coverage.notCovered ?? []).map((text) => `${device.settings.id}: ${text}`),
    );
  return { ...statement, notCovered: [...new Set([...limits, ...statement.notCovered])] };
}

const WITH_ZONE = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** A time with its offset, or a day, which begins at midnight UTC. */
export function instantOf(text: string, what: string): Result<number> {
  const at = WITH_ZONE.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return success(at);
  return failure({
    code: 'BAD_TIME',
    message: `${what}: ${text} is not a time`,
    expected: 'such as 2026-12-01T18:00:00+01:00, or a day such as 2026-12-01',
  });
}

/** Runs an answer; what the disk refuses is a problem for the one who asks, as everywhere else. */
export async function answering<T>(action: () => Promise<Result<T>> | Result<T>): Promise<Result<T>> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof StoreFailure) return failure(error.problem);
    throw error;
  }
}

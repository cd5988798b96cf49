import { stringify } from 'yaml';
import type { DeclaredAccess } from '../../baseline/index.js';
import { captureFromPath, redactCapture } from '../../collect/index.js';
import { failure, type Problem, type Result, success } from '../../lib/result.js';
import type { AcceptRequest, DriftView, Guard, ReadingView, SnapshotView } from './contract.js';
import type { Seen, WatchedDevice } from './device.js';
import { isUnderWork, lastComplete } from './device-memory.js';
import type { LearnRequest, Reading } from './ports.js';
import { chosen, coverage, type Room, readNow } from './room.js';
import { driftView, iso, readingView, snapshotView } from './views.js';

type SnapshotAnswers = Pick<
  Guard,
  | 'snapshot'
  | 'importCapture'
  | 'snapshots'
  | 'drift'
  | 'baseline'
  | 'learnBaseline'
  | 'baselineDiff'
  | 'acceptBaseline'
>;

/** Longer than any step of a dialogue may take. */
const READ_WAIT_MS = 120_000;
const SNAPSHOTS = 100;

/** Readings, the snapshots kept of them, and what is approved. */
export function snapshotAnswers(room: Room): SnapshotAnswers {
  const { bench, clock, store } = room;

  const readEach = async (names: readonly string[]): Promise<Result<readonly Seen[]>> => {
    const devices = chosen(room, names);
    if (!devices.ok) return devices;
    const seen = await readNow(room, devices.value, READ_WAIT_MS);
    const slow = devices.value.find((device) => !seen.has(device.settings.id));
    if (slow) {
      return failure({
        code: 'READING_SLOW',
        message: `${slow.settings.id}: no answer after ${READ_WAIT_MS / 1000} s; the reading goes on`,
        remedy: 'run the programs of the device by hand and see which one hangs',
      });
    }
    return success(devices.value.map((device) => seen.get(device.settings.id)!));
  };

  const drift = (seen: Seen): DriftView =>
    driftView(seen, bench.state(), bench.context, coverage(room, [seen.reading.device]));

  const storedOf = async (names: readonly string[]): Promise<Result<readonly Seen[]>> => {
    const devices = chosen(room, names);
    if (!devices.ok) return devices;
    const seen: Seen[] = [];
    for (const device of devices.value) {
      const stored = await device.stored();
      if (!stored) return failure(noSnapshot(device.settings.id));
      seen.push(stored);
    }
    return success(seen);
  };

  const accept = async ({ device: name, snapshot, by, second }: AcceptRequest): Promise<Result<SnapshotView>> => {
    const devices = chosen(room, [name]);
    if (!devices.ok) return devices;
    const id = snapshot ?? lastComplete(store.snapshots, name)?.id;
    const header = id === undefined ? undefined : store.snapshots.get(id);
    if (header?.device !== name) return failure(noSnapshot(name, snapshot));
    if (!header.complete) {
      return failure({
        code: 'SNAPSHOT_BLIND',
        message: `${header.id} is not complete: ${header.blind.join('; ')}`,
        expected: 'a complete snapshot: what was not seen cannot be approved',
      });
    }
    const signatures = second === undefined ? [by] : [by, second];
    const objection = unsigned(room, name, signatures);
    if (objection) return failure(objection);
    const signed = signatures.join(' and ');
    store.snapshots.approve(header.id, signed, clock.now());
    // What people accepted by itself before is part of what was approved, or was not there any more.
    const absorbed = bench.feed({ kind: 'approved', at: clock.now(), device: name, seen: header.lastSeen });
    if (!absorbed.ok) return absorbed;
    room.log.warn('a snapshot was approved', { device: name, snapshot: header.id, by: signed });
    // What is declared has changed: the device is judged anew, now.
    await readNow(room, devices.value, READ_WAIT_MS);
    return success(snapshotView(header, store.snapshots));
  };

  return {
    snapshot: async (names) => {
      const seen = await readEach(names);
      return seen.ok ? success(seen.value.map(readingView)) : seen;
    },
    importCapture: (name, path) => importCapture(room, name, path),
    snapshots: async ({ device, limit = SNAPSHOTS }) => {
      const devices = chosen(room, device === undefined ? [] : [device]);
      if (!devices.ok) return devices;
      const headers = store.snapshots.list({ limit, ...(device !== undefined && { device }) });
      return success(headers.map((header) => snapshotView(header, store.snapshots)));
    },
    drift: async (names) => {
      const seen = await readEach(names);
      return seen.ok ? success(seen.value.map(drift)) : seen;
    },
    baseline: async (names) => {
      const devices = chosen(room, names);
      return devices.ok ? success(baselineText(room, devices.value)) : devices;
    },
    learnBaseline: async (names, owner) => {
      const seen = await storedOf(names);
      if (!seen.ok) return seen;
      const readings: LearnRequest['readings'][number][] = [];
      for (const { reading } of seen.value) {
        if (!reading.model) return failure(noSnapshot(reading.device));
        readings.push({ ...reading, model: reading.model });
      }
      return success(await room.parts.learn({ readings, owner, at: clock.now() }));
    },
    baselineDiff: async (names) => {
      const seen = await storedOf(names);
      return seen.ok ? success(seen.value.map(drift)) : seen;
    },
    acceptBaseline: accept,
  };
}

/**
 * While somebody works on a device, what they opened must not become what is declared on one word: two people of the
 * hospital say so by name, and neither of them is who came to work.
 */
function unsigned({ bench, settings }: Room, device: string, signatures: readonly string[]): Problem | undefined {
  const windows = bench.state().windows.filter((one) => isUnderWork(one.state) && one.devices.includes(device));
  const [window] = windows;
  const same = (text: string): string => text.trim().toLowerCase();
  const signed = new Set(signatures.map(same));
  if (!window) {
    if (signed.size >= (settings.approvalPeople ?? 1)) return undefined;
    return {
      code: 'BASELINE_UNSIGNED',
      message: `${device}: one name is not enough to change the baseline, by \`approval\` in the configuration`,
      expected: 'two different people of the hospital',
      remedy: '--by NAME --second NAME',
    };
  }
  const working = windows.flatMap((one) => [one.vendor, one.technician ?? '']).map(same);
  const own = signatures.find((name) => working.includes(same(name)));
  if (own !== undefined) {
    const message = `${own} works on ${device} in window ${window.id} and cannot approve what is open on it`;
    return { code: 'BASELINE_TAMPER', message, expected: 'two people of the hospital' };
  }
  if (signed.size >= 2) return undefined;
  return {
    code: 'BASELINE_UNSIGNED',
    message: `${device}: window ${window.id} is ${window.state}, so one name is not enough to change the baseline`,
    expected: 'two different people of the hospital',
    remedy: '--by NAME --second NAME, or close the window first',
  };
}

function noSnapshot(device: string, id?: string): Problem {
  return {
    code: 'NO_SNAPSHOT',
    message: id === undefined ? `${device} was never read completely` : `${device} has no snapshot ${id}`,
    remedy: id === undefined ? `ecluse snapshot ${device}` : 'ecluse snapshots',
  };
}

/** A file speaks only for the driver that it was read by: whatever else the device is asked is not in it. */
async function importCapture(room: Room, name: string, path: string): Promise<Result<ReadingView>> {
  const { parts, clock } = room;
  const devices = chosen(room, [name]);
  if (!devices.ok) return devices;
  const device = devices.value[0]!;
  const capture = await captureFromPath(path, { drivers: parts.drivers, device: name });
  if (!capture.ok) return capture;
  const driver = parts.drivers.find((one) => one.id === capture.value.driver)!;
  const redacted = redactCapture(capture.value, driver.secrets, room.redact);
  const absent = device.settings.drivers.filter((id) => id !== driver.id);
  const reasons = absent.map((id) => `${name}: ${id} is not part of the imported file`);
  const imported = (): Reading => {
    const reading = parts.readingOf(device.settings, [redacted], clock.now());
    return {
      ...reading,
      complete: reading.complete && absent.length === 0,
      blind: [...reading.blind, ...reasons],
    };
  };
  return success(readingView(await device.take(imported)));
}

function baselineText(room: Room, devices: readonly WatchedDevice[]): string {
  const names = new Set(devices.map((device) => device.settings.id));
  const holds = (one: { readonly device?: string }): boolean => one.device === undefined || names.has(one.device);
  type Declared = Room['baseline']['flows' | 'listeners'][number] | DeclaredAccess;
  const declared = ({ id, device, text, only, why, owner, until }: Declared) => ({
    id,
    ...(device !== undefined && { device }),
    what: text,
    ...(only && { only: 'in-windows', ...only }),
    why,
    owner,
    ...(until !== undefined && { until: iso(until) }),
  });
  const { access = [] } = room.baseline;
  const approved = [...names].map((device) => {
    const approval = room.store.snapshots.approvals(device)[0];
    return approval
      ? { device, snapshot: approval.snapshot, by: approval.by, at: iso(approval.at) }
      : { device, snapshot: null };
  });
  const accepted = (room.bench.state().acceptances ?? []).flatMap((one) =>
    one.acceptedAt === undefined || !names.has(one.device)
      ? []
      : [
          {
            device: one.device,
            what: one.what.summary,
            by: one.signatures.map(({ by }) => by).join(' and '),
            at: iso(one.acceptedAt),
          },
        ],
  );
  return stringify({
    approved,
    ...(accepted.length > 0 && { accepted }),
    flows: room.baseline.flows.filter(holds).map(declared),
    listeners: room.baseline.listeners.filter(holds).map(declared),
    ...(access.length > 0 && { access: access.filter(holds).map(declared) }),
  });
}

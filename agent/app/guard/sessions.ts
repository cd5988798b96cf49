import { declaredAt } from '../../baseline/index.js';
import { deadlineOf, type Shut, sessionsLeft, shutAgain } from '../../judge/index.js';
import type { Device } from '../../model/index.js';
import type { MaintenanceWindow, SessionsLeft } from '../../windows/index.js';
import type { Seen, WatchedDevice } from './device.js';
import type { Room } from './room.js';

/**
 * A window in which the rules changed more often is looked at by its first and its latest states. On Linux a change is two:
 * as it was first looked at, and as it was read as a whole.
 */
const STATES_MAX = 48;
const SNAPSHOTS_BACK = 1_000;
const LIST_MS_MAX = 30_000;

/**
 * The connections that outlived what a window opened on its devices. Only devices on which something was opened and is
 * shut again are asked; undefined where there are none.
 */
export async function outlived(
  room: Room,
  window: MaintenanceWindow,
  seen: ReadonlyMap<string, Seen>,
): Promise<SessionsLeft | undefined> {
  const found = await Promise.all(
    window.devices.map((name) => {
      const device = room.devices.get(name);
      const one = seen.get(name);
      // What could not be read is not attested anyway.
      return device && one?.reading.model && one.observation.blind.length === 0
        ? ofDevice(room, window, device, one)
        : undefined;
    }),
  );
  const known = found.filter((one) => one !== undefined);
  if (known.length === 0) return undefined;
  return { left: known.flatMap(({ left }) => left), notCovered: known.flatMap(({ notCovered }) => notCovered) };
}

async function ofDevice(
  room: Room,
  window: MaintenanceWindow,
  device: WatchedDevice,
  { reading }: Seen,
): Promise<SessionsLeft | undefined> {
  const { id } = device.settings;
  const { shut, notCovered } = await shutOn(room, window, device, reading.model!);
  if (shut.openings.length === 0 && shut.reasons.length === 0 && notCovered.length === 0) return undefined;
  const table = await room.parts.sessions?.(device.settings, { signal: AbortSignal.timeout(LIST_MS_MAX) });
  if (!table) {
    const sentence = `${id}: connections that are up: what reads this device does not list them.`;
    return { left: [], notCovered: [sentence, ...notCovered] };
  }
  const found = sessionsLeft({ device: id, now: reading.model!.pipeline, shut, table });
  return { ...found, notCovered: [...found.notCovered, ...notCovered] };
}

interface ShutOn {
  readonly shut: Shut;
  readonly notCovered: readonly string[];
}

/** What the window opened on a device and is shut: by the snapshots that were taken while it lasted. */
async function shutOn(
  room: Room,
  window: MaintenanceWindow,
  { settings }: WatchedDevice,
  now: Device,
): Promise<ShutOn> {
  const { id } = settings;
  const { snapshots } = room.store;
  const all = snapshots.list({ device: id, limit: SNAPSHOTS_BACK }).filter(({ complete }) => complete);
  const until = deadlineOf(window, room.bench.context);
  const states = all.filter(({ takenAt, lastSeen }) => lastSeen > window.start && takenAt <= until);
  const distinct = [...new Map(states.map((one) => [one.hash, one])).values()];
  const chosen = distinct.length > STATES_MAX ? [...distinct.slice(0, STATES_MAX - 1), distinct.at(-1)!] : distinct;
  const modelOf = (snapshot: string | undefined): Device | undefined => {
    const kept = snapshot === undefined ? undefined : snapshots.get(snapshot);
    const reading = kept && room.parts.readingOf(settings, kept.captures, kept.takenAt);
    return reading?.complete ? reading.model : undefined;
  };
  const before = window.before?.[id]?.snapshot ?? all.find(({ takenAt }) => takenAt <= window.start)?.id;
  const [then, approved] = [modelOf(before), modelOf(snapshots.approved(id)?.id)];
  const during = chosen.filter((one) => one.id !== before).flatMap((one) => modelOf(one.id) ?? []);
  const shut = await (room.parts.shutAgain ?? shutAgain)({
    now,
    during,
    ...(then && { before: then }),
    ...(approved && { approved }),
    flows: declaredAt(room.baseline, id, room.clock.now()).flows,
  });
  const skipped = distinct.length - chosen.length;
  const said = `${id}: connections that are up: ${skipped} states that the device was in meanwhile were not looked at.`;
  return { shut, notCovered: skipped > 0 ? [said] : [] };
}

import type { DeviceSettings } from '../../config/index.js';
import type { JudgeState } from '../../judge/index.js';
import type { Clock } from '../../lib/clock.js';
import { isUnderWork } from './device-memory.js';
import type { Parts } from './ports.js';

/**
 * Devices of an open window that the configuration does not name any more. They stay under watch as devices that
 * cannot be read: taking one out must not be a way to end its window in silence.
 */
export function removedUnderWork(state: JudgeState, devices: readonly DeviceSettings[]): readonly DeviceSettings[] {
  const named = new Set(devices.map(({ id }) => id));
  const worked = state.windows.filter((window) => isUnderWork(window.state)).flatMap((window) => window.devices);
  return [...new Set(worked)]
    .filter((id) => !named.has(id))
    .map((id) => ({ id, kind: 'host', interfaceZones: {}, source: { kind: 'local' }, drivers: [] }));
}

/** The same parts, but for the devices that were removed: nobody says how they are read. */
export function withRemoved(parts: Parts, removed: readonly DeviceSettings[], clock: Clock): Parts {
  if (removed.length === 0) return parts;
  const isRemoved = ({ id }: DeviceSettings): boolean => removed.some((one) => one.id === id);
  return {
    ...parts,
    async read(device, options) {
      if (!isRemoved(device)) return parts.read(device, options);
      const reason = `${device.id}: it is not in the configuration any more, and a window on it is open`;
      const nothing = { captures: [], complete: false, hash: '', rules: 0, listeners: 0 };
      return { ...nothing, device: device.id, at: clock.now(), blind: [reason] };
    },
    watch: (device, options) => (isRemoved(device) ? { stop: () => {} } : parts.watch(device, options)),
  };
}

import type { CommandRunner } from '../../collect/index.js';
import type { DeviceSettings } from '../../config/index.js';
import type { Driver } from '../../drivers/index.js';
import type { Clock } from '../../lib/clock.js';
import type { Reading } from './ports.js';

/** A device that was looked at in vain so often has something in it that changes at each look. */
const IN_VAIN_MAX = 3;

export interface ChangeChecks {
  /** The reading before, with today's time, where the device says that all of it still holds; else undefined. */
  stillSo(device: DeviceSettings, runner: CommandRunner, signal: AbortSignal): Promise<Reading | undefined>;
  /** Takes in what was read. */
  keep(device: DeviceSettings, reading: Reading): Reading;
  /** Something has probably changed: the next reading is a whole one. */
  doubt(device: string): void;
}

interface Known {
  readonly settings: DeviceSettings;
  /** The last whole one, unless something is in doubt since. */
  reading?: Reading;
  /** Hash of the reading that a look did not find again. */
  missed?: string;
  inVain: number;
  pausedUntil: number;
}

export interface ChangeCheckOptions {
  readonly drivers: readonly Driver[];
  readonly clock: Clock;
  /** How old a whole reading may become; 0: there are only whole ones. */
  readonly wholeMs: number;
}

/**
 * Looks whether a device changed before it is read, where the device can tell that itself. Only a complete reading is
 * ever repeated in this way, and none for longer than `wholeMs`: a mistake in the look would be made good then.
 */
export function changeChecks({ drivers, clock, wholeMs }: ChangeCheckOptions): ChangeChecks {
  const all = new Map<string, Known>();
  const knownOf = (settings: DeviceSettings): Known => {
    const before = all.get(settings.id);
    if (before?.settings === settings) return before;
    const known: Known = { settings, inVain: 0, pausedUntil: Number.NEGATIVE_INFINITY };
    all.set(settings.id, known);
    return known;
  };
  return {
    async stillSo(device, runner, signal) {
      const known = knownOf(device);
      const { reading } = known;
      const now = clock.now();
      delete known.missed;
      if (!reading?.seal || !runner.isUnchanged || now < known.pausedUntil) return undefined;
      if (now - reading.at >= wholeMs || now < reading.at) return undefined;
      const speakers = device.drivers.flatMap((id) => drivers.find((driver) => driver.id === id) ?? []);
      if (await runner.isUnchanged(speakers, reading.seal, signal)) return { ...reading, at: clock.now() };
      known.missed = reading.hash;
      return undefined;
    },
    keep(device, reading) {
      const known = knownOf(device);
      known.inVain = known.missed === reading.hash ? known.inVain + 1 : 0;
      if (known.inVain >= IN_VAIN_MAX) [known.inVain, known.pausedUntil] = [0, clock.now() + wholeMs];
      delete known.missed;
      if (reading.complete && reading.seal) known.reading = reading;
      else delete known.reading;
      return reading;
    },
    doubt: (device) => void delete all.get(device)?.reading,
  };
}

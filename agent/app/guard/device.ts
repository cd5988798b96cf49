import { displayMessage } from '../../collect/index.js';
import type { DeviceSettings } from '../../config/index.js';
import type { Observation } from '../../judge/index.js';
import { StoreFailure } from '../../store/index.js';
import { blind, type DeviceTools, deviceMemory, type How, type Kept, lastComplete } from './device-memory.js';
import type { ChangeSeen, Reading } from './ports.js';
import { rounds } from './rounds.js';

/** A reading that was kept and judged. */
export interface Seen {
  readonly reading: Reading;
  /** Absent where nothing was read or the store refused it. */
  readonly snapshot?: Kept;
  readonly observation: Observation;
}

/** One device under watch: its readings never overlap. */
export interface WatchedDevice {
  readonly settings: DeviceSettings;
  /** Reads and judges. A request made while a reading is under way shares the next one, which begins after it. */
  read(): Promise<Seen>;
  /** Something told that the device has changed: reads and judges what changed, then everything. */
  changed(): void;
  /** Judges a reading that came from elsewhere, such as an imported file, once none is under way. */
  take(make: () => Reading): Promise<Seen>;
  last(): Seen | undefined;
  /** The store did not take what the last reading showed: it is not judged, and nobody was told. */
  unstored(): boolean;
  /** The last complete snapshot, compared anew; nothing is read or judged. */
  stored(): Promise<Seen | undefined>;
  /** When the last reading says something else by itself: a rule's time begins or ends. In ms since 1970. */
  turnsAt(): number | undefined;
  busy(): boolean;
  /** Resolves once no reading is under way or waiting. */
  idle(): Promise<void>;
}

export function watchedDevice(settings: DeviceSettings, tools: DeviceTools): WatchedDevice {
  const { parts, clock, signal } = tools;
  const log = tools.log.with({ device: settings.id });
  const memory = deviceMemory(settings, tools);
  let last: Seen | undefined;
  let unstored = false;

  const failed = (reason: string): Reading => ({
    device: settings.id,
    at: clock.now(),
    captures: [],
    complete: false,
    blind: [reason],
    hash: '',
    rules: 0,
    listeners: 0,
  });

  const take = async (reading: Reading): Promise<Seen> => {
    const snapshot = memory.keep(reading);
    const found = await composed(reading, snapshot?.id, { told: true });
    if (signal.aborted) return stopped(reading);
    last = { reading, ...(snapshot && { snapshot }), observation: judged(reading, found) };
    return last;
  };

  /** What was cut short by the stop says nothing about the device. */
  const stopped = (reading: Reading): Seen => ({ reading, observation: blind(reading, ['the guard was stopped']) });

  const judged = (reading: Reading, observation: Observation): Observation => {
    try {
      unstored = !tools.bench.observe(observation).ok;
      if (!unstored) memory.remember(reading, observation);
      return observation;
    } catch (error) {
      log.error('a reading could not be judged', { error });
      const nothing = blind(reading, [faultText(error)]);
      tools.bench.observe(nothing);
      return nothing;
    }
  };

  const composed = async (reading: Reading, snapshot: string | undefined, how: How): Promise<Observation> => {
    try {
      return await memory.compose(reading, snapshot, how);
    } catch (error) {
      if (error instanceof StoreFailure) return blind(reading, [`the store cannot be read: ${error.problem.message}`]);
      log.error('a reading could not be judged', { error });
      return blind(reading, [faultText(error)]);
    }
  };

  const whole = async (until: AbortSignal, known: Reading | undefined): Promise<Reading> => {
    try {
      return await parts.read(settings, { signal: until, ...(known && { known }) });
    } catch (error) {
      log.error('a reading failed', { error });
      return failed(faultText(error));
    }
  };

  const understood = (make: () => Reading): Reading => {
    try {
      return make();
    } catch (error) {
      log.error('a reading that came from elsewhere failed', { error });
      return failed(faultText(error));
    }
  };

  const change = async (base: Reading, until: AbortSignal): Promise<ChangeSeen> => {
    try {
      return await parts.readChange!(settings, { base, signal: until });
    } catch (error) {
      log.error('a change could not be looked at', { error });
      return { kind: 'unclear' };
    }
  };

  const taken = async (reading: Reading): Promise<Seen> => {
    try {
      return signal.aborted ? stopped(reading) : await take(reading);
    } catch (error) {
      log.error('a reading could not be kept', { error });
      return { reading, observation: blind(reading, [faultText(error)]) };
    }
  };

  const { read, changed, given, busy, idle } = rounds<Seen>({
    whole,
    ...(parts.readChange && { change }),
    take: taken,
    signal,
    after: () => tools.afterReading(settings.id),
  });

  return {
    settings,
    read,
    changed,
    take: (make) => given(() => understood(make)),
    last: () => last,
    unstored: () => unstored,
    async stored() {
      const header = lastComplete(tools.snapshots, settings.id);
      const kept = header && tools.snapshots.get(header.id);
      if (!kept) return undefined;
      const reading = parts.readingOf(settings, kept.captures, kept.lastSeen);
      return {
        reading,
        snapshot: { id: kept.id, unchanged: true },
        observation: await composed(reading, kept.id, { told: false }),
      };
    },
    turnsAt: memory.turnsAt,
    busy,
    idle,
  };
}

function faultText(error: unknown): string {
  return `a fault of Écluse itself: ${displayMessage(String(error))}`;
}

import { declaredAt } from '../../baseline/index.js';
import {
  type CommandRunner,
  type LocalRunner,
  listSessions,
  localRunner,
  startGlances,
  startMonitors,
  startWakes,
} from '../../collect/index.js';
import type { DeviceSettings, LocalSource } from '../../config/index.js';
import type { Driver, Wake } from '../../drivers/index.js';
import { drivers as allDrivers } from '../../drivers/registry.js';
import { changedDefaults } from '../../drivers/shared/index.js';
import type { Clock } from '../../lib/clock.js';
import { readChangeOf, readDevice, readingBeside, readingOf } from '../reading.js';
import { refinedOf } from '../refined.js';
import { isRemote, remoteRunner } from '../remote.js';
import { apart } from './apart.js';
import { type LateRunner, lateRunner } from './late-runner.js';
import type { Parts, PartsPlace, WatchOptions } from './ports.js';
import { changeChecks } from './unchanged.js';

export interface RealParts extends PartsPlace {
  /** How a device is asked; left out: as its settings say. */
  readonly runner?: (device: DeviceSettings) => CommandRunner;
  readonly drivers?: readonly Driver[];
}

/** What comes in by it was sent by the machine itself: `iif lo accept` lets nobody in. */
const LOOPBACK = { lo: 'loopback' };

/** The rooms as they are: programs of the device, the drivers, the exact comparison. */
export function realParts({
  key,
  baseline,
  clock,
  folder,
  outerZones = [],
  drivers = allDrivers,
  ...given
}: RealParts): Parts {
  const runners = keptRunners(folder, drivers);
  const checks = changeChecks({ drivers, clock, wholeMs: (given.wholeReadingSeconds ?? 3600) * 1000 });
  const runner = given.runner ?? runners.of;
  const comparing = apart();
  const declared = (device: string, at: number) => declaredAt(baseline, device, at);
  return {
    drivers,
    async read(device, { signal, known }) {
      const asked = runner(device);
      const still = await checks.stillSo(device, asked, signal);
      const tools = { runner: asked, drivers, key, clock, signal, ...(known && { known }) };
      return still ?? checks.keep(device, await readDevice(device, tools));
    },
    readChange: async (device, { base, signal }) =>
      // Over a network three short questions take longer than one long one.
      device.source.kind === 'local'
        ? readChangeOf(device, base, { runner: runner(device), drivers, key, clock, signal })
        : { kind: 'unclear' },
    readingOf: (device, captures, at, defaultsOf) => readingOf(captures, device.id, drivers, at, defaultsOf),
    readingBeside: (known, captures, at) => readingBeside(known, captures, drivers, at),
    refined: (captures) => refinedOf(captures, drivers),
    async sessions(device, { signal }) {
      const lister = driversOf(device, drivers).find((driver) => driver.sessions);
      const sections = lister && (await listSessions(lister, runner(device), device.id, { signal }));
      return sections && lister.sessions?.read(sections);
    },
    declaredKey: (device, at) => {
      const { flows, listeners, inWindows } = declared(device, at);
      const only = [...inWindows.flows, ...inWindows.listeners, ...inWindows.access];
      const ids = [...flows, ...listeners].map(({ id }) => id).join(' ');
      return [ids, ...only.map((one) => JSON.stringify([one.id, one.only]))].join(' ');
    },
    compose: ({ settings, reading, snapshot, approved, underApproved, before, earlier, earlierMissing }) =>
      comparing.work('compose', {
        device: settings.id,
        at: reading.at,
        ...(snapshot !== undefined && { snapshot }),
        now: reading.model,
        ...(approved && { approved }),
        ...(approved &&
          underApproved && {
            otherVersion: {
              under: underApproved,
              changes: changedBetween(settings, drivers, { from: approved.version, to: reading.model.version }),
            },
          }),
        ...(before && { before }),
        declared: declared(settings.id, reading.at),
        earlier,
        earlierMissing,
        interfaceZones: { ...LOOPBACK, ...settings.interfaceZones },
        outerZones,
      }),
    learn: ({ readings, owner, at }) =>
      comparing.work('learn', { models: readings.map(({ device, model }) => ({ device, model })), owner, at }),
    shutAgain: (input) => comparing.work('shut', input),
    watch: (device, options) => {
      const wake = (): void => {
        checks.doubt(device.id);
        options.wake();
      };
      return watch(device, { ...options, wake, clock, runner: runner(device), drivers });
    },
    close() {
      comparing.close();
      runners.close();
    },
  };
}

function changedBetween(
  { drivers: ids }: DeviceSettings,
  drivers: readonly Driver[],
  { from, to }: { readonly from: string | undefined; readonly to: string | undefined },
): readonly string[] {
  if (from === undefined || to === undefined) return [];
  const defaults = drivers.filter(({ id }) => ids.includes(id)).flatMap((driver) => driver.defaults ?? []);
  return changedDefaults(defaults, { from, to });
}

interface Watching extends WatchOptions {
  readonly clock: Clock;
  readonly runner: CommandRunner;
  readonly drivers: readonly Driver[];
}

/**
 * One change is told by several monitors and glances: they are one wake. The first counts at once; how often a device
 * that never holds still is read is bounded by this.
 */
const WAKE_MS_MIN = 100;

/** Over a network a look costs a round trip and a process on the device. */
const REMOTE_LOOK_MS = 5_000;

function driversOf({ drivers: ids }: DeviceSettings, drivers: readonly Driver[]): readonly Driver[] {
  return ids.flatMap((name) => drivers.find((driver) => driver.id === name) ?? []);
}

function watch(device: DeviceSettings, options: Watching): { stop(): void } {
  const { id, source } = device;
  const { clock, runner, drivers, say } = options;
  let waiting: (() => void) | undefined;
  let wokenAt = Number.NEGATIVE_INFINITY;
  const wake = (): void => {
    const now = clock.now();
    const sinceMs = now - wokenAt;
    // A clock that was set back says nothing about how long ago it was.
    waiting ??= clock.at(sinceMs >= 0 && sinceMs < WAKE_MS_MIN ? wokenAt + WAKE_MS_MIN : now, () => {
      waiting = undefined;
      wokenAt = clock.now();
      options.wake();
    });
  };
  const told = ({ title, needs }: Wake, why: string | undefined): void =>
    options.onWake?.(title, why === undefined ? undefined : `${why}; it needs ${needs}`);
  const started = driversOf(device, drivers).flatMap((driver) => [
    startMonitors(driver, runner, id, { wake, say, clock, debounceMs: 0 }),
    startGlances(driver, runner, id, { wake, say, clock, ...(source.kind !== 'local' && { everyMs: REMOTE_LOOK_MS }) }),
    // The tracer and the audit of another machine are not ours, and those of a namespace tell nothing there.
    ...(runner.filesInProcess ? [startWakes(driver, runner, { wake, onState: told, clock })] : []),
  ]);
  return {
    stop() {
      for (const one of started) one.stop();
      waiting?.();
    },
  };
}

/** One runner for each device: a connection, or the shells that start programs, are kept from one reading to the next. */
function keptRunners(folder: string, drivers: readonly Driver[]) {
  const kept = new Map<string, LateRunner | LocalRunner>();
  const open = (device: DeviceSettings): LateRunner | LocalRunner => {
    if (isRemote(device)) return lateRunner(() => remoteRunner(device, { folder, drivers }));
    const { prefix } = device.source as LocalSource;
    return localRunner(prefix ? { prefix } : {});
  };
  return {
    of(device: DeviceSettings): CommandRunner {
      const runner = kept.get(device.id) ?? open(device);
      kept.set(device.id, runner);
      return runner;
    },
    close() {
      for (const runner of kept.values()) runner.close();
    },
  };
}

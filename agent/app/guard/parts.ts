import { declaredAt, learnBaseline } from '../../baseline/index.js';
import { type CommandRunner, localRunner, startMonitors } from '../../collect/index.js';
import type { DeviceSettings } from '../../config/index.js';
import type { Driver } from '../../drivers/index.js';
import { drivers as allDrivers } from '../../drivers/registry.js';
import { compare } from '../../exposure/index.js';
import { composeObservation } from '../../judge/index.js';
import { readDevice, readingOf } from '../reading.js';
import type { LearnRequest, Parts, PartsPlace } from './ports.js';

export interface RealParts extends PartsPlace {
  /** How a device is asked; left out: as its settings say. */
  readonly runner?: (device: DeviceSettings) => CommandRunner;
  readonly drivers?: readonly Driver[];
}

/** A person waits for the answer, and the next reading for this one. */
const COMPARE_MS_MAX = 5_000;

/** The rooms as they are: programs of the device, the drivers, the exact comparison. */
export function realParts({ key, baseline, clock, runner = runnerOf, drivers = allDrivers }: RealParts): Parts {
  const declared = (device: string, at: number) => declaredAt(baseline, device, at);
  return {
    drivers,
    read: (device, { signal }) => readDevice(device, { runner: runner(device), drivers, key, clock, signal }),
    readingOf: (device, captures, at) => readingOf(captures, device.id, drivers, at),
    declaredKey: (device, at) => {
      const { flows, listeners } = declared(device, at);
      return [...flows, ...listeners].map(({ id }) => id).join(' ');
    },
    compose: ({ settings, reading, snapshot, approved, before, earlier, earlierMissing }) =>
      composeObservation({
        device: settings.id,
        at: reading.at,
        ...(snapshot !== undefined && { snapshot }),
        now: reading.model,
        ...(approved && { approved }),
        ...(before && { before }),
        declared: declared(settings.id, reading.at),
        earlier,
        earlierMissing,
        interfaceZones: settings.interfaceZones,
        timeMsMax: COMPARE_MS_MAX,
      }),
    learn,
    watch(device, { wake, say }) {
      const watched = device.drivers.map((id) => drivers.find((driver) => driver.id === id)).filter(isThere);
      const started = watched.map((driver) => startMonitors(driver, runner(device), device.id, { wake, say, clock }));
      return {
        stop() {
          for (const one of started) one.stop();
        },
      };
    },
  };
}

function isThere<T>(one: T | undefined): one is T {
  return one !== undefined;
}

function runnerOf({ source }: DeviceSettings): CommandRunner {
  return localRunner(source.prefix ? { prefix: source.prefix } : {});
}

function learn({ readings, owner, at }: LearnRequest): string {
  return readings
    .map(({ device, model }) => {
      const { undeclared } = compare(model.pipeline, { timeMsMax: COMPARE_MS_MAX });
      const { yaml, leftOut } = learnBaseline({
        device,
        openings: undeclared,
        listeners: model.listeners,
        owner,
        at,
      });
      return [yaml, ...leftOut.map((line) => `# left out: ${line}\n`)].join('');
    })
    .join('---\n');
}

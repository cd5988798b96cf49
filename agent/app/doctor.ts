import { randomBytes } from 'node:crypto';
import { type CommandRunner, localRunner } from '../collect/index.js';
import { CLOCK_ARGV, recordRequest, sshRunner } from '../collect/ssh/index.js';
import type { DeviceSettings, Settings } from '../config/index.js';
import { drivers } from '../drivers/registry.js';
import { type Clock, systemClock } from '../lib/clock.js';
import { failure, type Problem, type Result, success } from '../lib/result.js';
import { knownKeysFile } from './guard/place.js';
import { readDevice } from './reading.js';

/** What stands between a device and a complete reading of it. Nothing is kept or judged. */
export interface Examination {
  readonly device: string;
  /** Why it cannot be asked at all: the network, the host key, the login. */
  readonly unreachable?: Problem;
  /** How far the device's clock is ahead of this machine's; absent where it was not asked. */
  readonly clockAheadSeconds?: number;
  readonly sections: readonly {
    readonly driver: string;
    readonly name: string;
    readonly source: string;
    readonly problem?: Problem;
  }[];
  readonly complete: boolean;
  readonly blind: readonly string[];
  readonly notCovered: readonly string[];
  readonly took: { readonly ms: number };
}

interface ExamineOptions {
  readonly clock?: Clock;
}

/** Examines the devices named, or all of them, a few at a time. */
export async function examine(
  settings: Settings,
  names: readonly string[],
  options: ExamineOptions = {},
): Promise<Result<readonly Examination[]>> {
  const unknown = names.find((name) => !settings.devices.some(({ id }) => id === name));
  if (unknown !== undefined) {
    return failure({
      code: 'UNKNOWN_DEVICE',
      message: `no device is called ${unknown}`,
      expected: `one of ${settings.devices.map(({ id }) => id).join(', ')}`,
    });
  }
  const chosen = settings.devices.filter(({ id }) => names.length === 0 || names.includes(id));
  return success(await Promise.all(chosen.map((device) => examineOne(settings, device, options.clock ?? systemClock))));
}

async function examineOne(settings: Settings, device: DeviceSettings, clock: Clock): Promise<Examination> {
  const startedMs = performance.now();
  const { runner, close } = runnerFor(settings, device);
  const took = (): Examination['took'] => ({ ms: Math.round(performance.now() - startedMs) });
  try {
    const unreachable = await runner.ready?.();
    if (unreachable) {
      const nothing = { sections: [], complete: false, blind: [], notCovered: [] };
      return { device: device.id, unreachable, ...nothing, took: took() };
    }
    // A login that works here works for a guard that had stopped after refusals.
    if (device.source.kind === 'ssh') {
      recordRequest(knownKeysFile(settings.stateFolder), device.id, new Date(clock.now()).toISOString());
    }
    const ahead = device.source.kind === 'ssh' ? await clockAhead(runner, clock) : undefined;
    const reading = await readDevice(device, { runner, drivers, key: randomBytes(32), clock });
    return {
      device: device.id,
      ...(ahead !== undefined && { clockAheadSeconds: ahead }),
      sections: reading.captures.flatMap(({ driver, sections }) =>
        sections.map(({ name, source, failure: failed }) => ({
          driver,
          name,
          source,
          ...(failed && { problem: failed.problem }),
        })),
      ),
      complete: reading.complete,
      blind: reading.blind,
      notCovered: reading.model?.coverage.notCovered ?? [],
      took: took(),
    };
  } finally {
    close();
  }
}

function runnerFor(settings: Settings, { id, source }: DeviceSettings): { runner: CommandRunner; close(): void } {
  if (source.kind === 'local') {
    return { runner: localRunner(source.prefix ? { prefix: source.prefix } : {}), close: () => {} };
  }
  const runner = sshRunner({ device: id, ...source }, { knownKeys: knownKeysFile(settings.stateFolder) });
  return { runner, close: () => runner.close() };
}

/** To the second, against the middle of the time that the answer took. */
async function clockAhead(runner: CommandRunner, clock: Clock): Promise<number | undefined> {
  const before = clock.now();
  const output = await runner.run(CLOCK_ARGV, { timeoutMsMax: 10_000, bytesMax: 1_000 });
  const middle = (before + clock.now()) / 2_000;
  if (output.kind !== 'exited' || !/^\d{1,12}\n$/.test(output.stdout)) return undefined;
  return Math.round(Number(output.stdout) - middle);
}

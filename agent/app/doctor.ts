import { randomBytes } from 'node:crypto';
import { type CommandRunner, localRunner, stepOfSection } from '../collect/index.js';
import { addressOf, CLOCK_ARGV, recordRequest } from '../collect/ssh/index.js';
import type { DeviceSettings, LocalSource, Settings } from '../config/index.js';
import type { Capture, Section } from '../drivers/index.js';
import { drivers } from '../drivers/registry.js';
import { interfacesAskedFor } from '../exposure/index.js';
import { type Clock, systemClock } from '../lib/clock.js';
import { failure, type Problem, type Result, success } from '../lib/result.js';
import type { Pipeline } from '../model/index.js';
import { knownKeysFile } from './guard/place.js';
import { readDevice } from './reading.js';
import { isRemote, type RemotePlace, remoteRunner } from './remote.js';

/** What stands between a device and a complete reading of it. Nothing is kept or judged. */
export interface Examination {
  readonly device: string;
  /** Why it cannot be asked at all: the network, the host key, the login. */
  readonly unreachable?: Problem;
  /** How it is asked, in words. */
  readonly way: string;
  /** It is this machine, whose clock is the one that others are compared with. */
  readonly local: boolean;
  /** The accepted keys that the servers on the way showed, the device's own last. */
  readonly hostKeys: readonly { readonly address: string; readonly type: string; readonly fingerprint: string }[];
  /** Algorithms that are allowed on the way though they are weak. */
  readonly weakAlgorithms: readonly string[];
  /** False for an appliance, which is not asked for its clock. */
  readonly hasClock: boolean;
  /** How far the device's clock is ahead of this machine's; absent where that could not be asked. */
  readonly clockAheadSeconds?: number;
  /** What reading it takes, and whether it is granted; what no command needed is not in it. */
  readonly rights: readonly { readonly right: string; readonly granted: boolean; readonly for: readonly string[] }[];
  readonly sections: readonly {
    readonly driver: string;
    readonly name: string;
    readonly source: string;
    readonly problem?: Problem;
  }[];
  readonly complete: boolean;
  readonly blind: readonly string[];
  readonly notCovered: readonly string[];
  /** Of a firewall: interfaces that its rules name, and the configuration no zone for. */
  readonly interfacesWithoutZone?: readonly string[];
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
  const hostKeys: Examination['hostKeys'][number][] = [];
  const { runner, close } = await runnerFor(settings, device, (address, { type, fingerprint }) => {
    if (!hostKeys.some((known) => known.address === address && known.fingerprint === fingerprint))
      hostKeys.push({ address, type, fingerprint });
  });
  const hops = device.source.kind === 'ssh' ? [device.source, device.source.jump] : [];
  const weakAlgorithms = [...new Set(hops.flatMap((hop) => hop?.legacyAlgorithms ?? []))];
  const base = {
    device: device.id,
    way: wayOf(device),
    local: device.source.kind === 'local',
    hostKeys,
    weakAlgorithms,
    hasClock: device.source.kind !== 'https' && !isAppliance(device),
  };
  const took = (): Examination['took'] => ({ ms: Math.round(performance.now() - startedMs) });
  try {
    const unreachable = await runner.ready?.();
    if (unreachable) {
      const nothing = { rights: [], sections: [], complete: false, blind: [], notCovered: [NOTHING_COVERED] };
      return { ...base, unreachable, ...nothing, took: took() };
    }
    // A login that works here works for a guard that had stopped after refusals.
    if (device.source.kind !== 'local') {
      recordRequest(knownKeysFile(settings.stateFolder), device.id, new Date(clock.now()).toISOString());
    }
    const ahead = device.source.kind === 'ssh' && base.hasClock ? await clockAhead(runner, clock) : undefined;
    const reading = await readDevice(device, { runner, drivers, key: randomBytes(32), clock });
    const sections = reading.captures.flatMap((capture) => capture.sections.map((section) => ({ capture, section })));
    return {
      ...base,
      ...(ahead !== undefined && { clockAheadSeconds: ahead }),
      rights: rightsOf(sections),
      sections: sections.map(({ capture: { driver }, section: { name, source, failure: failed } }) => ({
        driver,
        name,
        source,
        ...(failed && { problem: failed.problem }),
      })),
      complete: reading.complete,
      blind: reading.blind,
      notCovered: reading.model?.coverage.notCovered ?? [],
      ...(reading.model &&
        device.kind === 'fw' && { interfacesWithoutZone: withoutZone(device, reading.model.pipeline) }),
      took: took(),
    };
  } finally {
    await close();
  }
}

/** A tunnel that ends at an interface, which some platforms show as `outside:tunnel`, stands with that interface. */
function withoutZone({ interfaceZones }: DeviceSettings, pipeline: Pipeline): readonly string[] {
  const names = interfacesAskedFor(pipeline).filter((name) => name !== 'lo' && !Object.hasOwn(interfaceZones, name));
  return names.filter((name) => !name.includes(':'));
}

/** Whose command line is its own: a program such as date(1) is nothing to it. */
function isAppliance(device: DeviceSettings): boolean {
  return drivers.some(({ id, dialogue }) => device.drivers.includes(id) && dialogue.shell !== undefined);
}

const NOTHING_COVERED = 'anything of this device, until it can be asked';

function wayOf({ source }: DeviceSettings): string {
  if (source.kind === 'local') return source.prefix ? `by ${source.prefix.join(' ')}` : 'on this machine';
  const { user, host, port } = source;
  if (source.kind === 'https') return `over HTTPS as ${user}@${addressOf({ host, port })}`;
  const { jump } = source;
  const by = jump ? ` by way of ${jump.user}@${addressOf(jump)}` : '';
  return `over SSH as ${user}@${addressOf({ host, port })}${by}`;
}

interface Asked {
  readonly capture: Capture;
  readonly section: Section;
}

/** A right is granted where every command that needs it was answered: one that was refused says so itself. */
function rightsOf(asked: readonly Asked[]): Examination['rights'] {
  const rights = new Map<string, { granted: boolean; readonly commands: string[] }>();
  for (const { capture, section } of asked) {
    const driver = drivers.find(({ id }) => id === capture.driver);
    const right = driver && stepOfSection(driver.dialogue, section.name)?.right?.capability;
    // A command that is not there, or that broke, says nothing of rights.
    if (right === undefined || (section.failure && section.failure.kind !== 'missing-right')) continue;
    const known = rights.get(right) ?? { granted: true, commands: [] };
    rights.set(right, { granted: known.granted && !section.failure, commands: [...known.commands, section.source] });
  }
  return [...rights].map(([right, { granted, commands }]) => ({ right, granted, for: commands }));
}

async function runnerFor(
  settings: Settings,
  device: DeviceSettings,
  onHostKey: NonNullable<RemotePlace['onHostKey']>,
): Promise<{ runner: CommandRunner; close(): void | Promise<void> }> {
  if (isRemote(device)) {
    const runner = await remoteRunner(device, { folder: settings.stateFolder, drivers, onHostKey });
    return { runner, close: () => runner.close() };
  }
  const { prefix } = device.source as LocalSource;
  return { runner: localRunner(prefix ? { prefix } : {}), close: () => {} };
}

/** To the second, against the middle of the time that the answer took. */
async function clockAhead(runner: CommandRunner, clock: Clock): Promise<number | undefined> {
  const before = clock.now();
  const output = await runner.run(CLOCK_ARGV, { timeoutMsMax: 10_000, bytesMax: 1_000 });
  const middle = (before + clock.now()) / 2_000;
  if (output.kind !== 'exited' || !/^\d{1,12}\n$/.test(output.stdout)) return undefined;
  return Math.round(Number(output.stdout) - middle);
}

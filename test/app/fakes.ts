import { join } from 'node:path';
import { type GuardTools, type OpenGuard, openGuard, type Parts, type Reading } from '../../agent/app/guard/index.js';
import type { Settings } from '../../agent/config/index.js';
import type { Capture } from '../../agent/drivers/index.js';
import type { FindingEvent, Subject } from '../../agent/judge/index.js';
import { type VirtualClock, virtualClock } from '../../agent/lib/clock.js';
import type { Log } from '../../agent/lib/log.js';
import { type Device, emptyCoverage } from '../../agent/model/index.js';
import { must } from '../support/answers.js';
import { START, type SubjectText, subject } from '../support/guard.js';
import { tempDir } from '../support/machine.js';
import { rules } from '../support/services.js';

/** A device that is only what a test says it is. */
export interface FakeDevice {
  open: SubjectText[];
  blind: string[];
  /** Readings are not answered until it is false again. */
  hangs: boolean;
  throws: boolean;
  /** What was read is compared once this is settled; absent: at once. */
  comparing?: Promise<void> | undefined;
  readings: number;
  wake: () => void;
}

export interface FakeWorld {
  readonly clock: VirtualClock;
  readonly devices: Record<string, FakeDevice>;
  readonly settings: Settings;
  readonly tools: GuardTools;
  readonly said: string[];
  readonly logged: string[];
}

const quiet: Settings['sinks'] = [];

function modelOf(device: string, texts: readonly SubjectText[]): Device {
  return {
    id: device,
    pipeline: { lists: [], bases: [], speaksOf: [] },
    listeners: [],
    facts: [],
    coverage: { ...emptyCoverage, sources: [JSON.stringify(texts)] },
  };
}

function textsOf(model: Device | undefined): readonly SubjectText[] {
  return model ? (JSON.parse(model.coverage.sources[0]!) as SubjectText[]) : [];
}

function readingOf(device: string, captures: readonly Capture[], at: number, blind: readonly string[]): Reading {
  const text = captures[0]!.sections[0]!.text;
  const texts = JSON.parse(text) as SubjectText[];
  return {
    device,
    at,
    captures,
    model: modelOf(device, texts),
    complete: blind.length === 0,
    blind,
    hash: text,
    rules: texts.length,
    listeners: 0,
  };
}

/** Rooms below the guard that read a fake world; what is approved is declared, everything else is not. */
function partsOf(devices: Record<string, FakeDevice>, clock: VirtualClock): Parts {
  return {
    drivers: [],
    async read({ id }, { signal }) {
      const device = devices[id]!;
      device.readings++;
      if (device.throws) throw new Error('the reader broke');
      if (device.hangs) {
        await new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve());
        });
      }
      const section = { name: 'fake', source: 'fake', text: JSON.stringify(device.open) };
      return readingOf(id, [{ driver: 'fake', device: id, sections: [section] }], clock.now(), device.blind);
    },
    readingOf: ({ id }, captures, at) => readingOf(id, captures, at, []),
    declaredKey: () => '',
    compose({ settings, reading, snapshot, approved }) {
      const declared = new Set(textsOf(approved).map((one) => one.id));
      const all = textsOf(reading.model).map((one) => subject({ device: reading.device, ...one }));
      const split = (wanted: boolean): readonly Subject[] => all.filter((one) => declared.has(one.id) === wanted);
      const observation = {
        device: reading.device,
        at: reading.at,
        ...(snapshot !== undefined && { snapshot }),
        undeclared: split(false),
        declared: split(true),
        missing: [],
        blind: [],
      };
      return devices[settings.id]?.comparing?.then(() => observation) ?? observation;
    },
    learn: ({ readings, owner }) => `# ${owner}: ${readings.map((one) => one.device).join(', ')}\n`,
    watch({ id }, { wake }) {
      devices[id]!.wake = wake;
      return { stop: () => {} };
    },
  };
}

export function fakeLog(lines: string[]): Log {
  const at =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
    };
  const log: Log = { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug'), with: () => log };
  return log;
}

export function stateFolder(): string {
  return join(tempDir(), 'state');
}

export function fakeWorld(names: readonly string[] = ['fw'], overrides: Partial<Settings> = {}): FakeWorld {
  const clock = virtualClock(START);
  const devices: Record<string, FakeDevice> = {};
  for (const name of names) {
    devices[name] = { open: [], blind: [], hangs: false, throws: false, readings: 0, wake: () => {} };
  }
  const logged: string[] = [];
  const settings: Settings = {
    stateFolder: stateFolder(),
    devices: names.map((id) => ({
      id,
      kind: id === 'fw' ? 'fw' : 'host',
      interfaceZones: {},
      source: { kind: 'local' },
      drivers: ['fake'],
    })),
    pollSeconds: 300,
    graceMinutes: 15,
    approvedHosts: [],
    sinks: quiet,
    ...overrides,
  };
  const tools: GuardTools = {
    parts: () => partsOf(devices, clock),
    rules: rules(),
    log: fakeLog(logged),
    clock,
  };
  return { clock, devices, settings, tools, said: [], logged };
}

export { must };

/** A guard that runs in the fake world; time moves only by `until`, in steps that let every reading end. */
export interface RunningGuard {
  readonly guard: OpenGuard;
  readonly events: FindingEvent[];
  settled(): Promise<void>;
  /** Minutes since the start of the test. */
  until(minutes: number): Promise<void>;
  /** What was told as rows: `minute code id`. */
  rows(): readonly string[];
}

const STEP_MS = 15_000;

export async function startGuard(
  world: FakeWorld,
  notice: (events: readonly FindingEvent[]) => void = () => {},
): Promise<RunningGuard> {
  const guard = must(await openGuard(world.settings, world.tools));
  const events: FindingEvent[] = [];
  const running = guard.run({
    onEvents: (told) => {
      events.push(...told);
      notice(told);
    },
    onSay: (text) => world.said.push(text),
  });
  const hung = (): boolean => Object.values(world.devices).some((device) => device.hangs || device.comparing);
  const settled = async (): Promise<void> => {
    if (hung()) for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    else await running.settled();
  };
  await settled();
  return {
    guard,
    events,
    settled,
    async until(minutes) {
      const end = START + minutes * 60_000;
      while (world.clock.now() < end) {
        world.clock.advanceTo(Math.min(end, world.clock.now() + STEP_MS));
        await settled();
      }
    },
    rows: () =>
      events
        .filter((event) => event.row)
        .map((event) => `${(event.at - START) / 60_000} ${event.code} ${event.finding.subjectId}`),
  };
}

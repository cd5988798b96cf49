import { createHash } from 'node:crypto';
import {
  type CommandRunner,
  captureHash,
  dialogueReader,
  displayMessage,
  type Redacted,
  readChange,
  readTwice,
  redactCapture,
  type SettleOptions,
  sectionsByName,
  stableText,
  stepOfSection,
} from '../collect/index.js';
import type { DeviceSettings } from '../config/settings.js';
import type { Capture, Driver } from '../drivers/contract.js';
import { combineDevices, type DevicePart } from '../exposure/index.js';
import { type Clock, systemClock } from '../lib/clock.js';
import { problemText } from '../lib/result.js';
import { type Device, mergeCoverage } from '../model/index.js';
import type { ChangeSeen, Reading } from './guard/ports.js';
import { savedOf, withSaved } from './saved.js';

export interface ReadingTools {
  readonly runner: CommandRunner;
  readonly drivers: readonly Driver[];
  /** For the digests that stand in the place of secrets. */
  readonly key: Uint8Array;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  readonly pause?: SettleOptions['pause'];
  /** The last reading: what says the same again is not understood anew. */
  readonly known?: Reading;
}

/** Nobody answers, or the line breaks: that may be the fault of what is between. A refused login or a foreign key is not. */
const ON_THE_WAY: readonly string[] = [
  'SSH_UNREACHABLE',
  'SSH_TIMEOUT',
  'SSH_BROKEN',
  'HTTPS_UNREACHABLE',
  'HTTPS_TIMEOUT',
  'HTTPS_BROKEN',
];
/** Somebody answers who is perhaps not the device. */
const OTHER_KEY: readonly string[] = ['HOST_KEY_CHANGED', 'HOST_KEY_REVOKED'];

/**
 * Reads a device with all its drivers until two readings of everything agree, so that no change between two commands
 * gives a picture that never was. Never rejects: what goes wrong is blindness.
 */
export async function readDevice(settings: DeviceSettings, tools: ReadingTools): Promise<Reading> {
  const clock = tools.clock ?? systemClock;
  const { id: device } = settings;
  const drivers = driversOf(settings, tools.drivers);
  const options = tools.signal ? { signal: tools.signal } : {};
  try {
    const inTheWay = await tools.runner.ready?.(tools.signal);
    if (inTheWay) {
      const nothing = readingOf([], device, tools.drivers, clock.now());
      const unreachable = ON_THE_WAY.includes(inTheWay.code) ? { unreachable: true as const } : {};
      const reason = `${device}: ${inTheWay.code}: ${problemText(inTheWay)}`;
      const impostor = OTHER_KEY.includes(inTheWay.code) ? { impostor: displayMessage(reason) } : {};
      return blinded({ ...nothing, blind: [], ...unreachable, ...impostor }, [reason]);
    }
    const reader = dialogueReader(drivers, tools.runner, device, options);
    // Redacted before they are compared: what is said of a difference quotes both readings.
    const redact = redacting(drivers, tools.key, tools.known?.captures);
    const read = async (ahead: number): Promise<readonly Capture[]> => (await reader.read(ahead)).map(redact);
    const captures = await readTwice(read, drivers, { ...options, ...(tools.pause && { pause: tools.pause }) });
    const seal = reader.seal();
    const understood = isSame(tools.known, captures, tools.drivers)
      ? saidAgain(tools.known, captures, clock.now())
      : readingOf(captures, device, tools.drivers, clock.now());
    const reading = { ...understood, ...(seal && { seal }) };
    const unknown = settings.drivers.filter((id) => !drivers.some((driver) => driver.id === id));
    if (unknown.length === 0) return reading;
    return blinded(
      reading,
      unknown.map((id) => `${device}: there is no driver ${id}`),
    );
  } catch (error) {
    const nothing = readingOf([], device, tools.drivers, clock.now());
    return blinded({ ...nothing, blind: [] }, [`${device}: ${faultText(error)}`]);
  }
}

/** Reads what has changed since `base`, where one reading of it is proof. */
export async function readChangeOf(settings: DeviceSettings, base: Reading, tools: ReadingTools): Promise<ChangeSeen> {
  const { id: device } = settings;
  const drivers = driversOf(settings, tools.drivers);
  if (!base.complete || drivers.length < settings.drivers.length || base.captures.length < drivers.length) {
    return { kind: 'unclear' };
  }
  const change = await readChange(drivers, tools.runner, device, {
    base: base.captures,
    redact: redacting(drivers, tools.key, base.captures),
    ...(tools.signal && { signal: tools.signal }),
  });
  if (change.kind !== 'seen') return change;
  const reading = readingOf(change.captures, device, tools.drivers, (tools.clock ?? systemClock).now());
  // What is not understood wholly is for a whole reading to say.
  return reading.complete ? { kind: 'seen', reading } : { kind: 'unclear' };
}

function driversOf({ drivers }: DeviceSettings, all: readonly Driver[]): readonly Driver[] {
  return drivers.flatMap((id) => all.find((driver) => driver.id === id) ?? []);
}

/**
 * For one reading: what it says twice, or says as `before` did, is looked through once. A text that went through here
 * comes out of it a second time as it is.
 */
function redacting(drivers: readonly Driver[], key: Uint8Array, before: readonly Capture[] = []) {
  const known = new Map(
    drivers.map(({ id }): [string, Redacted] => {
      const sections = before.filter(({ driver }) => driver === id).flatMap((capture) => capture.sections);
      return [id, new Map(sections.map(({ text }) => [text, text]))];
    }),
  );
  return (capture: Capture): Capture => {
    const { id, secrets } = drivers.find((driver) => driver.id === capture.driver)!;
    return redactCapture(capture, secrets, key, known.get(id));
  };
}

/** The same once more. A seal is of one reading: what the last one had does not hold for this one. */
function saidAgain({ seal: _, ...known }: Reading, captures: readonly Capture[], at: number): Reading {
  return { ...known, captures, at };
}

/**
 * Whether every section says the same, to the letter; of a cross-check, which holds the counters of each rule, its
 * volatile parts aside: it agreed with what it checks, and both are as they were.
 */
function isSame(
  known: Reading | undefined,
  captures: readonly Capture[],
  drivers: readonly Driver[],
): known is Reading & { readonly complete: true } {
  if (!known?.complete || known.captures.length !== captures.length) return false;
  return captures.every((capture) => {
    const before = known.captures.find((one) => one.driver === capture.driver && one.device === capture.device);
    const driver = drivers.find(({ id }) => id === capture.driver);
    if (!driver || before?.sections.length !== capture.sections.length) return false;
    const olds = sectionsByName(before.sections);
    return sectionsByName(capture.sections).every((section, place) => {
      const old = olds[place]!;
      if (old.name !== section.name || old.source !== section.source) return false;
      if (JSON.stringify(old.failure) !== JSON.stringify(section.failure)) return false;
      if (old.text === section.text) return true;
      const isCheck = stepOfSection(driver.dialogue, section.name)?.need === 'crossCheck';
      return isCheck && stableText(old.text, driver.volatile) === stableText(section.text, driver.volatile);
    });
  });
}

/** What captures say, if not the same as those of a reading that is understood already. */
export function readingBeside(
  known: Reading,
  captures: readonly Capture[],
  drivers: readonly Driver[],
  at: number,
): Reading {
  return isSame(known, captures, drivers)
    ? saidAgain(known, captures, at)
    : readingOf(captures, known.device, drivers, at);
}

/**
 * What captures say, whether they were just taken or come from the store. Where a driver could make nothing of its
 * capture, a part of the filter may be missing: then the model says nothing of traffic, and of sockets what was read.
 */
export function readingOf(
  captures: readonly Capture[],
  device: string,
  drivers: readonly Driver[],
  at: number,
  /** A version of the platform by whose defaults they are read, in the place of that of their own. */
  defaultsOf?: string,
): Reading {
  const context = { device, ...(defaultsOf !== undefined && { defaultsOf }) };
  const parts: DevicePart[] = [];
  const blind: string[] = captures.length === 0 ? [`${device}: nothing was read`] : [];
  for (const capture of captures) {
    const driver = drivers.find(({ id }) => id === capture.driver);
    if (!driver) {
      blind.push(`${device}: there is no driver ${capture.driver}`);
      continue;
    }
    try {
      const read = driver.read(capture, context);
      if (read.ok) parts.push({ driver: driver.id, device: read.value });
      else blind.push(problemText(read.error));
    } catch (error) {
      blind.push(`${device}: ${driver.id}: ${faultText(error)}`);
    }
  }
  const base = { device, at, captures, hash: hashOf(captures, drivers), rules: 0, listeners: 0 };
  if (blind.length > 0) {
    const coverage = mergeCoverage(parts.map((part) => part.device.coverage));
    const reasons = [...new Set([...blind, ...coverage.blind])];
    const listeners = parts.flatMap((part) => part.device.listeners);
    const facts = parts.flatMap((part) => part.device.facts);
    const pipeline = { lists: [], bases: [], speaksOf: [] };
    const model: Device = { id: device, pipeline, listeners, facts, coverage: { ...coverage, blind: reasons } };
    return {
      ...base,
      ...(parts.length > 0 && { model }),
      complete: false,
      blind: readable(reasons),
      listeners: listeners.length,
    };
  }
  const combined = combineDevices(device, parts);
  const later = captures.map((capture) => savedOf(capture, drivers, combined));
  const model = withSaved(combined, later);
  return {
    ...base,
    model,
    complete: model.coverage.blind.length === 0,
    blind: readable(model.coverage.blind),
    rules: model.pipeline.lists.reduce((total, list) => total + list.rules.length, 0),
    listeners: model.listeners.length,
  };
}

function blinded(reading: Reading, reasons: readonly string[]): Reading {
  return { ...reading, complete: false, blind: readable([...reading.blind, ...reasons]) };
}

/** A garbled listing has as many reasons as lines: a person needs the first few, and their number. */
const REASONS_MAX = 20;

function readable(reasons: readonly string[]): readonly string[] {
  const shown = reasons.slice(0, REASONS_MAX).map((reason) => displayMessage(reason));
  const more = reasons.length - REASONS_MAX;
  return [...new Set(shown), ...(more > 0 ? [`and ${more} more reasons like these`] : [])];
}

/** A mistake of ours blinds the reading of one device and not the guard. */
function faultText(error: unknown): string {
  return `a fault of Écluse itself, please report it: ${error instanceof Error ? error.message : String(error)}`;
}

/**
 * What only checks another section is left out, unless that one is read by it: it changes nothing, and nft prints parts of
 * it at random. So is what stands beside the device.
 */
function hashOf(captures: readonly Capture[], drivers: readonly Driver[]): string {
  const hash = createHash('sha256');
  for (const capture of [...captures].sort((a, b) => (a.driver < b.driver ? -1 : 1))) {
    const driver = drivers.find(({ id }) => id === capture.driver);
    const isAside = (name: string): boolean => {
      const step = driver && stepOfSection(driver.dialogue, name);
      return (step?.need === 'crossCheck' && step.refines === undefined) || step?.beside === true;
    };
    const sections = capture.sections.filter(({ name }) => !isAside(name));
    hash.update(captureHash({ ...capture, sections }, driver?.volatile ?? []));
  }
  return hash.digest('hex');
}

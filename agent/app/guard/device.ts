import type { SnapshotHeader, SnapshotStore } from '../../baseline/index.js';
import { displayMessage } from '../../collect/index.js';
import type { DeviceSettings } from '../../config/index.js';
import {
  type AtTime,
  atTime,
  type BaselineSeen,
  type JudgeState,
  type Observation,
  type Subject,
} from '../../judge/index.js';
import type { Clock } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import type { Device } from '../../model/index.js';
import { StoreFailure } from '../../store/index.js';
import type { Bench } from './bench.js';
import type { ChangeSeen, Parts, Reading } from './ports.js';
import { rounds } from './rounds.js';

/** A reading that was kept and judged. */
export interface Seen {
  readonly reading: Reading;
  /** Absent where nothing was read or the store refused it. */
  readonly snapshot?: { readonly id: string; readonly unchanged: boolean };
  readonly observation: Observation;
}

/** One device under watch: its readings never overlap. */
export interface WatchedDevice {
  readonly settings: DeviceSettings;
  /** Reads and judges. A request made while a reading is under way shares the next one, which begins after it. */
  read(): Promise<Seen>;
  /** Something told that the device has changed: reads and judges what changed, then everything. */
  changed(): void;
  /** Takes a reading that came from elsewhere, such as an imported file. */
  take(reading: Reading): Promise<Seen>;
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

export interface DeviceTools {
  readonly parts: Parts;
  readonly bench: Bench;
  readonly snapshots: SnapshotStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly version: string;
  /** A first complete reading is approved as it is: there is nothing else to compare with. */
  readonly learns: boolean;
  /** Something a person should hear once, in plain words. */
  readonly say: (text: string) => void;
  readonly afterReading: (device: string) => void;
}

/** Who approved what was found at the first start. */
export const FIRST_READING = 'first reading';

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
    const found = await composed(reading, snapshot?.id);
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

  const composed = async (reading: Reading, snapshot: string | undefined): Promise<Observation> => {
    try {
      return await memory.compose(reading, snapshot);
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

  const { read, changed, busy, idle } = rounds<Seen>({
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
    take,
    last: () => last,
    unstored: () => unstored,
    async stored() {
      const header = lastComplete(tools.snapshots, settings.id);
      const kept = header && tools.snapshots.get(header.id);
      if (!kept) return undefined;
      const reading = parts.readingOf(settings, kept.captures, kept.lastSeen);
      return { reading, snapshot: { id: kept.id, unchanged: true }, observation: await composed(reading, kept.id) };
    },
    turnsAt: memory.turnsAt,
    busy,
    idle,
  };
}

function faultText(error: unknown): string {
  return `a fault of Écluse itself: ${displayMessage(String(error))}`;
}

export function blind(
  reading: Pick<Reading, 'device' | 'at' | 'unreachable' | 'impostor'>,
  reasons: readonly string[],
): Observation {
  const { device, at, unreachable, impostor } = reading;
  const met = { ...(unreachable && { unreachable }), ...(impostor !== undefined && { impostor }) };
  return { device, at, undeclared: [], declared: [], missing: [], blind: reasons, ...met };
}

interface DeviceMemory {
  keep(reading: Reading): Seen['snapshot'];
  compose(reading: Reading, snapshot: string | undefined): Promise<Observation>;
  remember(reading: Reading, observation: Observation): void;
  turnsAt(): number | undefined;
}

interface Complete {
  readonly model: Device;
  /** When it was judged. */
  readonly at: number;
  readonly hash: string;
  /** Absent when it was derived again from what was stored. */
  readonly observation?: Observation;
  /** What the observation depends on besides the reading. */
  readonly declared?: string;
  /** The reading before it was of the same state. */
  readonly settled: boolean;
}

/** The models a reading is compared with: derived again from the stored captures after a restart, then kept. */
function deviceMemory(settings: DeviceSettings, tools: DeviceTools): DeviceMemory {
  const { parts, bench, snapshots, log } = tools;
  const device = settings.id;
  const models = new Map<string, Device>();
  /** Stored snapshots whose digest is not theirs: somebody or something changed the store itself. */
  const altered = new Set<string>();
  let before: Complete | undefined;
  let looked = false;
  let turnsAt: number | undefined;

  /** Its rules as they are then. The clock of another machine is not ours: what its rules say of time stays open. */
  const timed = (model: Device, at: number): AtTime =>
    settings.source.kind === 'local' ? atTime(model, at) : { device: model, phases: '' };

  /** A text that these readers do not understand wholly, though others did, is nothing to compare with. */
  const derived = (header: SnapshotHeader, beside: Reading): Device | undefined => {
    const stored = snapshots.get(header.id);
    if (!stored) return undefined;
    if (stored.altered) altered.add(header.id);
    const reading =
      parts.readingBeside && !stored.altered && header.hash === beside.hash
        ? parts.readingBeside(beside, stored.captures, stored.takenAt)
        : parts.readingOf(settings, stored.captures, stored.takenAt);
    return reading.complete ? reading.model : undefined;
  };

  const modelOf = (header: SnapshotHeader, beside: Reading): Device | undefined => {
    const known = models.get(header.id);
    if (known) return known;
    const model = derived(header, beside);
    if (model) {
      models.clear();
      models.set(header.id, model);
    }
    return model;
  };

  const previous = (reading: Reading): Complete | undefined => {
    if (before || looked) return before;
    looked = true;
    const header = lastComplete(snapshots, device);
    const model = header && derived(header, reading);
    if (header && model) before = { model, at: header.lastSeen, hash: header.hash, settled: false };
    return before;
  };

  /** The same text as an other version of the platform would mean it; undefined where both are of one version. */
  const underVersion = ({ captures, model, at }: Reading, version: string | undefined): Device | undefined => {
    if (version === undefined || model?.version === undefined || model.version === version) return undefined;
    const reading = parts.readingOf(settings, captures, at, version);
    return reading.complete ? reading.model : undefined;
  };

  const approve = (reading: Reading, id: string): void => {
    const inWindow = bench
      .state()
      .windows.some((window) => isUnderWork(window.state) && window.devices.includes(device));
    if (inWindow) {
      tools.say(`${device}: not approved by itself, because a change window is open on it: approve a snapshot by hand`);
      return;
    }
    snapshots.approve(id, FIRST_READING, reading.at);
    log.info('learned at the first start', { device, snapshot: id });
    tools.say(
      `${device}: learned at the first start: ${id} is what is declared from now on, until a person approves another`,
    );
  };

  /** Told once, and over with the next snapshot that somebody approves, or once the store is restored. */
  const tellApproved = (approved: SnapshotHeader | undefined, isAltered: boolean, at: number): void => {
    const open = bench.state().findings.find(({ key }) => key === `baseline/${device}`);
    if (isAltered === (open !== undefined && open.resolvedAt === undefined)) return;
    const details = [`${device}: the approved snapshot ${approved?.id} in the store is not what was approved`];
    const seen: BaselineSeen = isAltered
      ? { kind: 'altered', source: device, device, details }
      : { kind: 'same', source: device, why: `another snapshot is approved, or the store was restored` };
    const step = bench.feed({ kind: 'baseline', at, seen });
    if (!step.ok) log.error('a change of the baseline could not be told', { ...step.error });
  };

  /** What the observation of a reading depends on besides its text. */
  const declaredBy = (reading: Reading, approved: SnapshotHeader | undefined): string => {
    const states = [reading.model, approved && models.get(approved.id)];
    const phases = states.map((model) => (model ? timed(model, reading.at).phases : ''));
    return JSON.stringify([approved?.id ?? null, parts.declaredKey(device, reading.at), phases]);
  };

  return {
    keep(reading) {
      previous(reading);
      if (reading.captures.length === 0) return undefined;
      const { at, captures, complete, hash, rules, listeners } = reading;
      try {
        const kept = snapshots.save({
          device,
          captures,
          takenAt: at,
          complete,
          blind: reading.blind,
          hash,
          modelVersion: tools.version,
          summary: { rules, listeners },
        });
        if (tools.learns && complete && reading.model && !snapshots.approved(device)) approve(reading, kept.id);
        return kept;
      } catch (error) {
        if (!(error instanceof StoreFailure)) throw error;
        log.error('a snapshot could not be kept', { device, ...error.problem });
        return undefined;
      }
    },
    async compose(reading, snapshot) {
      const { model } = reading;
      if (!model)
        return blind(reading, reading.blind.length > 0 ? reading.blind : [`${device}: nothing was understood`]);
      const approved = snapshots.approved(device);
      const approvedModel = approved && modelOf(approved, reading);
      const declared = declaredBy(reading, approved);
      turnsAt = timed(model, reading.at).turnsAt;
      const known = previous(reading);
      if (reading.complete && known?.settled && known.hash === reading.hash && known.declared === declared) {
        return { ...known.observation!, at: reading.at, ...(snapshot !== undefined && { snapshot }) };
      }
      const isAltered = approved !== undefined && altered.has(approved.id);
      tellApproved(approved, isAltered, reading.at);
      const underApproved = approvedModel && underVersion(reading, approvedModel.version);
      const found = parts.compose({
        settings,
        reading: { ...reading, model: timed(model, reading.at).device },
        ...(snapshot !== undefined && { snapshot }),
        // What was approved is a text: what it would let through now is what is approved now.
        ...(approvedModel && { approved: timed(approvedModel, reading.at).device }),
        ...(underApproved && { underApproved: timed(underApproved, reading.at).device }),
        ...(known && { before: timed(known.model, known.at).device }),
        ...earlierOf(bench.state(), device),
      });
      const observation = await found;
      // Somebody may have approved another snapshot meanwhile; then this one was compared with what is not declared.
      if (
        found !== observation &&
        declaredBy(reading, snapshots.approved(device)) !== declared &&
        !tools.signal.aborted
      )
        return this.compose(reading, snapshot);
      const reasons = [
        ...observation.blind,
        ...reading.blind,
        ...(isAltered ? [`${device}: ${approved.id} has not the digest that it was approved with`] : []),
        ...(approved && !approvedModel ? [`${device}: the approved snapshot ${approved.id} cannot be read`] : []),
      ];
      if (reasons.length === 0 && !reading.complete) reasons.push(`${device}: the reading is not complete`);
      // Before a first complete reading nothing is declared, so that nothing can be called a change yet.
      const nothingDeclared = tools.learns && !approved && reasons.length > 0;
      return { ...observation, ...(nothingDeclared && { undeclared: [] }), blind: [...new Set(reasons)] };
    },
    remember(reading, observation) {
      if (!reading.complete || !reading.model || observation.blind.length > 0) return;
      before = {
        model: reading.model,
        at: reading.at,
        hash: reading.hash,
        observation,
        declared: declaredBy(reading, snapshots.approved(device)),
        settled: before?.hash === reading.hash,
      };
    },
    turnsAt: () => turnsAt,
  };
}

/** A window in which the device may be worked on now, or whose work was not seen shut. */
export function isUnderWork(state: JudgeState['windows'][number]['state']): boolean {
  return state === 'open' || state === 'refused' || state === 'overdue';
}

function earlierOf(
  state: JudgeState,
  device: string,
): { readonly earlier: readonly Subject[]; readonly earlierMissing: readonly Subject[] } {
  const here = state.present.filter((present) => present.subject.device === device);
  const subjects = (missing: boolean): readonly Subject[] =>
    here
      .filter((present) => (missing ? present.missing : !present.declared && !present.missing))
      .map(({ subject }) => subject);
  return { earlier: subjects(false), earlierMissing: subjects(true) };
}

/** How many snapshots are looked through for a complete one: a device that is blind for long has few, unless it flaps. */
const SNAPSHOTS_BACK = 200;

export function lastComplete(snapshots: SnapshotStore, device: string): SnapshotHeader | undefined {
  return snapshots.list({ device, limit: SNAPSHOTS_BACK }).find((header) => header.complete);
}

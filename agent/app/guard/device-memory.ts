import type { SnapshotHeader, SnapshotStore } from '../../baseline/index.js';
import type { DeviceSettings } from '../../config/index.js';
import type { Capture } from '../../drivers/index.js';
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
import type { Parts, Reading } from './ports.js';

/** Where a reading stands in the store. */
export interface Kept {
  readonly id: string;
  readonly unchanged: boolean;
}

/** What the watch over one device works with. */
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

/** An observation of a reading that shows nothing, and why. */
export function blind(
  reading: Pick<Reading, 'device' | 'at' | 'unreachable' | 'impostor'>,
  reasons: readonly string[],
): Observation {
  const { device, at, unreachable, impostor } = reading;
  const met = { ...(unreachable && { unreachable }), ...(impostor !== undefined && { impostor }) };
  return { device, at, undeclared: [], declared: [], missing: [], blind: reasons, ...met };
}

/** How a reading is compared. */
export interface How {
  /** It is the newest reading, and what it shows is told. */
  readonly told: boolean;
}

/** What is known of one device from its readings before, and from what somebody approved. */
export interface DeviceMemory {
  /** Puts it into the store; undefined where it holds nothing, or the store did not take it. */
  keep(reading: Reading): Kept | undefined;
  /** Compares it with what is approved and with the reading before; rejects with what reading the store threw. */
  compose(reading: Reading, snapshot: string | undefined, how: How): Promise<Observation>;
  /** It was judged: the next one is compared with it. */
  remember(reading: Reading, observation: Observation): void;
  /** When what was told last says something else by itself, in ms since 1970. */
  turnsAt(): number | undefined;
}

interface Complete {
  readonly model: Device;
  readonly captures: readonly Capture[];
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

interface Derived {
  readonly model: Device;
  readonly captures: readonly Capture[];
}

interface Approved {
  readonly model: Device;
  /** What it was read with; see app/refined.ts. */
  readonly refined: string;
}

interface Sides {
  readonly now: Device;
  readonly approved?: Device;
  readonly before?: Device;
}

/** The models a reading is compared with: derived again from the stored captures after a restart, then kept. */
export function deviceMemory(settings: DeviceSettings, tools: DeviceTools): DeviceMemory {
  const { parts, bench, snapshots, log } = tools;
  const device = settings.id;
  const models = new Map<string, Approved>();
  /** Stored snapshots whose digest is not theirs: somebody or something changed the store itself. */
  const altered = new Set<string>();
  let before: Complete | undefined;
  let looked = false;
  let turnsAt: number | undefined;

  /** Its rules as they are then. The clock of another machine is not ours: what its rules say of time stays open. */
  const timed = (model: Device, at: number): AtTime =>
    settings.source.kind === 'local' ? atTime(model, at) : { device: model, phases: '' };

  /** A text that these readers do not understand wholly, though others did, is nothing to compare with. */
  const derived = (header: SnapshotHeader, beside: Reading): Derived | undefined => {
    const stored = snapshots.get(header.id);
    if (!stored) return undefined;
    if (stored.altered) altered.add(header.id);
    const reading =
      parts.readingBeside && !stored.altered && header.hash === beside.hash
        ? parts.readingBeside(beside, stored.captures, stored.takenAt)
        : parts.readingOf(settings, stored.captures, stored.takenAt);
    const { model } = reading;
    return reading.complete && model ? { model, captures: stored.captures } : undefined;
  };

  const modelOf = (header: SnapshotHeader, beside: Reading): Approved | undefined => {
    const known = models.get(header.id);
    if (known) return known;
    const read = derived(header, beside);
    if (!read) return undefined;
    const approved = { model: read.model, refined: refinedIn(read.captures) };
    models.clear();
    models.set(header.id, approved);
    return approved;
  };

  const previous = (reading: Reading): Complete | undefined => {
    if (before || looked) return before;
    looked = true;
    const header = lastComplete(snapshots, device);
    const read = header && derived(header, reading);
    if (header && read) before = { ...read, at: header.lastSeen, hash: header.hash, settled: false };
    return before;
  };

  const refinedIn = (captures: readonly Capture[]): string => parts.refined?.(captures).key ?? '';
  const unrefined = (captures: readonly Capture[], at: number): Device | undefined =>
    parts.readingOf(settings, parts.refined?.(captures).without ?? captures, at).model;

  /** What is compared with each other: with what refines them where all have it, else without; see app/refined.ts. */
  const onEvenFooting = (
    { captures, at, model }: Reading & { readonly model: Device },
    approved: SnapshotHeader | undefined,
    declared: Approved | undefined,
    known: Complete | undefined,
  ): Sides => {
    const sides: Sides = {
      now: model,
      ...(declared && { approved: declared.model }),
      ...(known && { before: known.model }),
    };
    const keys = [refinedIn(captures), declared?.refined, known && refinedIn(known.captures)];
    if (new Set(keys.filter((key) => key !== undefined)).size < 2) return sides;
    const stored = declared && approved && snapshots.get(approved.id);
    const was = stored && unrefined(stored.captures, stored.takenAt);
    const former = known && unrefined(known.captures, known.at);
    return {
      now: unrefined(captures, at) ?? model,
      ...(was && { approved: was }),
      ...(former && { before: former }),
    };
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
    const states = [reading.model, approved && models.get(approved.id)?.model];
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
    async compose(reading, snapshot, how) {
      const { model } = reading;
      if (!model)
        return blind(reading, reading.blind.length > 0 ? reading.blind : [`${device}: nothing was understood`]);
      const approved = snapshots.approved(device);
      const approvedModel = approved && modelOf(approved, reading);
      const declared = declaredBy(reading, approved);
      if (how.told) turnsAt = timed(model, reading.at).turnsAt;
      const known = previous(reading);
      if (reading.complete && known?.settled && known.hash === reading.hash && known.declared === declared) {
        return { ...known.observation!, at: reading.at, ...(snapshot !== undefined && { snapshot }) };
      }
      const isAltered = approved !== undefined && altered.has(approved.id);
      if (how.told) tellApproved(approved, isAltered, reading.at);
      const underApproved = approvedModel && underVersion(reading, approvedModel.model.version);
      const sides = onEvenFooting({ ...reading, model }, approved, approvedModel, known);
      const found = parts.compose({
        settings,
        reading: { ...reading, model: timed(sides.now, reading.at).device },
        ...(snapshot !== undefined && { snapshot }),
        // What was approved is a text: what it would let through now is what is approved now.
        ...(sides.approved && { approved: timed(sides.approved, reading.at).device }),
        ...(underApproved && { underApproved: timed(underApproved, reading.at).device }),
        ...(known && sides.before && { before: timed(sides.before, known.at).device }),
        ...earlierOf(bench.state(), device),
      });
      const observation = await found;
      // Somebody may have approved another snapshot meanwhile; then this one was compared with what is not declared.
      if (
        found !== observation &&
        declaredBy(reading, snapshots.approved(device)) !== declared &&
        !tools.signal.aborted
      )
        return this.compose(reading, snapshot, how);
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
        captures: reading.captures,
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

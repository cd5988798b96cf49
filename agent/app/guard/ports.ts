import type { Baseline } from '../../baseline/index.js';
import type { Seal } from '../../collect/index.js';
import type { DeviceSettings } from '../../config/index.js';
import type { Capture, Driver } from '../../drivers/index.js';
import type { Observation, Shut, ShutInput, Subject } from '../../judge/index.js';
import type { Clock } from '../../lib/clock.js';
import type { Problem } from '../../lib/result.js';
import type { Device, SessionTable } from '../../model/index.js';
import type { Refined } from '../refined.js';

/** What one reading of a device brought; never an exception. Captures are redacted. */
export interface Reading {
  readonly device: string;
  readonly at: number;
  readonly captures: readonly Capture[];
  /** Absent when nothing could be understood. */
  readonly model?: Device;
  readonly complete: boolean;
  readonly blind: readonly string[];
  /** Nothing could be asked, because of what lies on the way to the device. */
  readonly unreachable?: true;
  /** Who answers shows a host key that is not accepted any more: in words. */
  readonly impostor?: string;
  readonly hash: string;
  readonly rules: number;
  readonly listeners: number;
  /** By which the device can tell whether it is still as it was read; kept nowhere but in memory. */
  readonly seal?: Seal;
}

/** What became of a look at what changed: `torn` and `unclear` want a whole reading, and `torn` one a little later. */
export type ChangeSeen =
  | { readonly kind: 'seen'; readonly reading: Reading }
  | { readonly kind: 'torn' }
  | { readonly kind: 'unclear' };

/** From one reading to what the judge is told. */
export interface ComposeRequest {
  readonly settings: DeviceSettings;
  readonly reading: Reading & { readonly model: Device };
  readonly snapshot?: string;
  readonly approved?: Device;
  /** The reading by the defaults of the version that was approved, where that is another one. */
  readonly underApproved?: Device;
  /** The complete reading before this one. */
  readonly before?: Device;
  /** What was open and not declared at the last complete reading. */
  readonly earlier: readonly Subject[];
  /** What was declared and cut then. */
  readonly earlierMissing: readonly Subject[];
}

export interface LearnRequest {
  readonly readings: readonly (Reading & { readonly model: Device })[];
  readonly owner: string;
  readonly at: number;
}

export interface WatchOptions {
  /** Something may have changed: read now. */
  readonly wake: () => void;
  readonly say: (problem: Problem) => void;
  /** Whether a source of wakes works, in words; `why` it does not. */
  readonly onWake?: (source: string, why: string | undefined) => void;
}

/** What is only known once the state folder is open. */
export interface PartsPlace {
  readonly key: Uint8Array;
  readonly baseline: Baseline;
  readonly clock: Clock;
  /** The state folder. */
  readonly folder: string;
  /** How old a whole reading may become before a device is read though it says that nothing changed; 3600 if absent. */
  readonly wholeReadingSeconds?: number;
  /** Declared zones that face strangers. */
  readonly outerZones?: readonly string[];
}

/**
 * What the guard asks of the rooms below it. `parts.ts` wires the real ones; a test gives its own, and so runs the
 * whole guard without a device.
 */
export interface Parts {
  /** `known` is the last reading there was: where nothing has changed, it need not be understood anew. */
  read(device: DeviceSettings, options: { readonly signal: AbortSignal; readonly known?: Reading }): Promise<Reading>;
  /**
   * Reads what changed since `base`, a complete reading, where one look at it is as good as two whole readings that
   * agree. Absent: every change is read wholly.
   */
  readChange?(
    device: DeviceSettings,
    options: { readonly base: Reading; readonly signal: AbortSignal },
  ): Promise<ChangeSeen>;
  /** The same from captures that were stored; pure. */
  readingOf(device: DeviceSettings, captures: readonly Capture[], at: number, defaultsOf?: string): Reading;
  /** The same, where a reading of the device that perhaps says no more and no less is understood already. */
  readingBeside?(known: Reading, captures: readonly Capture[], at: number): Reading;
  /** What these captures have that only refines the rest; absent: nothing. Pure. */
  refined?(captures: readonly Capture[]): Refined;
  /** What is connected through a device now; undefined where nothing that reads it lists that. Never rejects. */
  sessions?(device: DeviceSettings, options: { readonly signal: AbortSignal }): Promise<SessionTable | undefined>;
  /** `declared` is what the baseline file declares for the device then, as a text that changes when that does. */
  declaredKey(device: string, at: number): string;
  /** A promise where it takes long, as the others below: other devices are read and judged meanwhile. */
  compose(request: ComposeRequest): Observation | Promise<Observation>;
  /** What a device lets through, as a baseline file. */
  learn(request: LearnRequest): string | Promise<string>;
  /** What a window opened and somebody shut again; absent: worked out where it is asked for. */
  shutAgain?(input: Omit<ShutInput, 'timeMsMax'>): Shut | Promise<Shut>;
  /** Starts whatever tells that the device has changed. */
  watch(device: DeviceSettings, options: WatchOptions): { stop(): void };
  readonly drivers: readonly Driver[];
  /** Gives back what reading holds open, such as connections. */
  close?(): void;
}

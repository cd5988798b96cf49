import type { Problem } from '../lib/result.js';

/** One command's output or one file, as it was captured: redacted, otherwise unchanged. */
export interface CapturedSection {
  readonly name: string;
  readonly source: string;
  readonly text: string;
  /** Absent when the section was read whole; else why it was not. */
  readonly failure?: {
    readonly kind:
      | 'missing-program'
      | 'missing-right'
      | 'timeout'
      | 'too-large'
      | 'exit-code'
      | 'not-utf8'
      | 'unstable';
    readonly problem: Problem;
  };
}

/** What one driver read of a device. A host has several: its filter and its listening sockets. */
export interface StoredCapture {
  readonly driver: string;
  readonly device: string;
  readonly sections: readonly CapturedSection[];
}

/** What a reading hands over to be kept. Times are milliseconds since the epoch, UTC. */
export interface SnapshotInput {
  readonly device: string;
  readonly captures: readonly StoredCapture[];
  readonly takenAt: number;
  readonly complete: boolean;
  /** Why the reading is not complete; empty for a complete one. */
  readonly blind: readonly string[];
  /** Digest of what was read without its volatile parts (counters, times): two readings of one state have the same. */
  readonly hash: string;
  /** Version of the readers: the same text read by another version is another snapshot. */
  readonly modelVersion?: string;
  /** A few figures for lists, such as the number of rules and listeners. */
  readonly summary?: Readonly<Record<string, string | number | boolean>>;
}

/** A snapshot without its text. */
export interface SnapshotHeader {
  /** `S-20261122-093015-fw1`, in UTC: sorts by time, is unique, and can be read out over the telephone. */
  readonly id: string;
  readonly device: string;
  /** When this state was read for the first time in a row. */
  readonly takenAt: number;
  /** When it was read for the last time in that row without any change. */
  readonly lastSeen: number;
  /** How many readings in a row gave this state. */
  readonly count: number;
  readonly complete: boolean;
  readonly blind: readonly string[];
  readonly hash: string;
  readonly modelVersion?: string;
  readonly summary?: Readonly<Record<string, string | number | boolean>>;
}

export interface Snapshot extends SnapshotHeader {
  readonly captures: readonly StoredCapture[];
  /** What is stored has not the digest that it was stored under. */
  readonly altered?: true;
}

/** A person's word that a snapshot is how the device should be. */
export interface Approval {
  readonly snapshot: string;
  readonly device: string;
  readonly by: string;
  readonly at: number;
}

/** The port through which snapshots are kept. */
export interface SnapshotStore {
  /**
   * Keeps a reading and answers with its snapshot. A reading that equals the device's latest (`hash`, completeness,
   * blindness, readers' version) is not kept again: it counts on that snapshot, whose text stays the first one's
   * (they differ in volatile parts only). So `unchanged` readings cost nothing, however many there are.
   */
  save(input: SnapshotInput): { readonly id: string; readonly unchanged: boolean };
  latest(device: string): SnapshotHeader | undefined;
  get(id: string): Snapshot | undefined;
  /** Newest first. */
  list(filter?: { readonly device?: string; readonly limit?: number }): readonly SnapshotHeader[];
  /** Answers false where there is no such snapshot. The latest approval of a device holds; earlier ones stay on record. */
  approve(id: string, by: string, at: number): boolean;
  approved(device: string): SnapshotHeader | undefined;
  /** Every approval ever given for a device, newest first. */
  approvals(device: string): readonly Approval[];
}

import type { Family } from './address.js';
import type { Direction } from './device.js';

/**
 * A connection that a device lets through because it once let its first packet through. It has a time of its own: what
 * is connected now is no part of how a device is set up, so it is never compared, hashed or kept with a snapshot.
 */
export interface Session {
  readonly family: Family;
  readonly direction: Direction;
  /** IP protocol number. */
  readonly protocol: number;
  /** As its first packet arrived, before any translation. */
  readonly source: number | bigint;
  readonly destination: number | bigint;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** type × 256 + code. */
  readonly icmp?: number;
  /** Where answers come from in truth, where that is not where the first packet was sent to. */
  readonly translated?: { readonly address: number | bigint; readonly port?: number };
  /** By which the first packet came and went, where fixed routes alone decide it. */
  readonly inInterface?: string;
  readonly outInterface?: string;
  /** In the platform's words: `ESTABLISHED`. */
  readonly state: string;
  /** Without another packet it is forgotten after so long. */
  readonly forgottenAfterSeconds?: number;
  /** The platform's own command that ends it, for a person to run. */
  readonly end: string;
}

/** What is connected through a device, as it was when it was asked. */
export interface SessionTable {
  /** Those that answers have been seen of and that have not ended: the others are judged as new ones. */
  readonly sessions: readonly Session[];
  /** What of it was not seen, and why, in sentences; a table that was not read is never an empty one. */
  readonly notCovered: readonly string[];
}

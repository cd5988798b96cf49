import type { FlowSet } from '../exposure/index.js';
import type { AddressSet } from '../model/index.js';

/** Where a declaration was written. */
export interface DeclaredAt {
  readonly file: string;
  readonly line: number;
}

/** One line of the hospital's flow matrix. Times are milliseconds since the epoch, UTC. */
export interface DeclaredFlow extends FlowSet {
  /** Unique in the file: given by the person, else made of the content. */
  readonly id: string;
  /** The device it is declared for; absent: every device. */
  readonly device?: string;
  /** One line in the words of the file. */
  readonly text: string;
  readonly why: string;
  readonly owner: string;
  /** Not declared any more from then on. */
  readonly until?: number;
  readonly at: DeclaredAt;
}

/** A service that may listen. What is left out may be anything. */
export interface DeclaredListener {
  readonly id: string;
  readonly device?: string;
  readonly protocol: string;
  readonly port: number;
  readonly addresses?: AddressSet;
  readonly process?: string;
  readonly text: string;
  readonly why: string;
  readonly owner: string;
  readonly until?: number;
  readonly at: DeclaredAt;
}

/** A finding accepted by a named owner until a date, as a file declares it. */
export interface DeclaredWaiver {
  readonly device: string;
  readonly subject: string;
  readonly set?: string;
  readonly owner: string;
  readonly reason: string;
  readonly until: number;
  readonly at: DeclaredAt;
}

/** What a baseline file says. What it declares holds beside the approved snapshot of a device. */
export interface Baseline {
  readonly flows: readonly DeclaredFlow[];
  readonly listeners: readonly DeclaredListener[];
  readonly waivers: readonly DeclaredWaiver[];
}

export const emptyBaseline: Baseline = { flows: [], listeners: [], waivers: [] };

import type { FlowSet } from '../exposure/index.js';
import { isSubset } from '../lib/intervals.js';
import type { Problem } from '../lib/result.js';
import type { AddressSet, Listener } from '../model/index.js';
import type { FlowShape } from './shape.js';

/** Where a declaration was written. */
export interface DeclaredAt {
  readonly file: string;
  readonly line: number;
}

/** It may be open only while a change window is open that names it, or that is of its vendor. */
export interface OnlyInWindows {
  readonly vendor?: string;
}

/** One line of the hospital's flow matrix. Times are milliseconds since the epoch, UTC. */
export interface DeclaredFlow extends FlowSet {
  /** Unique in the file: given by the person, else made of the content. */
  readonly id: string;
  /** The device it is declared for; absent: every device. */
  readonly device?: string;
  /** What `condition` was made of, where it was read from a file: for comparing flows with each other. */
  readonly shape?: FlowShape;
  /** One line in the words of the file. */
  readonly text: string;
  readonly only?: OnlyInWindows;
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
  readonly only?: OnlyInWindows;
  readonly why: string;
  readonly owner: string;
  readonly until?: number;
  readonly at: DeclaredAt;
}

/** Access that a vendor has in windows alone: a tunnel's peer, an interface, an account. */
export interface DeclaredAccess {
  readonly id: string;
  readonly device?: string;
  /** The fact by its name; a star stands for anything. */
  readonly fact: string;
  readonly only: OnlyInWindows;
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
  readonly access?: readonly DeclaredAccess[];
  /** What was read and may not mean what was meant, with its place. */
  readonly notes?: readonly Problem[];
}

export const emptyBaseline: Baseline = { flows: [], listeners: [], waivers: [] };

/** What is declared to be open only while a window is. */
export interface InWindows {
  readonly flows: readonly DeclaredFlow[];
  readonly listeners: readonly DeclaredListener[];
  readonly access: readonly DeclaredAccess[];
}

export interface DeclaredNow {
  /** Open at any time. */
  readonly flows: readonly DeclaredFlow[];
  readonly listeners: readonly DeclaredListener[];
  readonly inWindows: InWindows;
}

/** What is declared for a device at an instant: what has expired or is for another device is not. */
export function declaredAt(baseline: Baseline, device: string, now: number): DeclaredNow {
  const holds = (one: { readonly device?: string; readonly until?: number }): boolean =>
    (one.device === undefined || one.device === device) && (one.until === undefined || now < one.until);
  const [flows, listeners] = [baseline.flows.filter(holds), baseline.listeners.filter(holds)];
  return {
    flows: flows.filter(({ only }) => !only),
    listeners: listeners.filter(({ only }) => !only),
    inWindows: {
      flows: flows.filter(({ only }) => only),
      listeners: listeners.filter(({ only }) => only),
      access: (baseline.access ?? []).filter(holds),
    },
  };
}

/** Whether a declaration speaks of the fact of this name. */
export function declaresFact({ fact }: Pick<DeclaredAccess, 'fact'>, subject: string): boolean {
  const literal = fact.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${literal.join('.*')}$`, 's').test(subject);
}

/** Whether a declaration speaks of this socket. A socket that answers on more addresses than declared is another one. */
export function declaresListener(declared: DeclaredListener, listener: Listener): boolean {
  const { addresses } = declared;
  return (
    declared.protocol === listener.protocol &&
    declared.port === listener.port &&
    (declared.process === undefined || declared.process === listener.process) &&
    (addresses === undefined ||
      (isSubset(listener.addresses.ip4, addresses.ip4) && isSubset(listener.addresses.ip6, addresses.ip6)))
  );
}

import type { Intervals } from '../lib/intervals.js';
import type { AddressSet, Condition, Direction, Family, Origin, Pipeline } from '../model/index.js';
import type { Translation } from './env.js';

/**
 * Interfaces of one side: these names, or every name but these. A pattern (`eth*`) stands for every such name, without
 * those that `but` lists: they match a pattern and are on the other side all the same.
 */
export interface InterfaceSet {
  readonly kind: 'only' | 'except';
  readonly names: readonly string[];
  readonly but?: readonly string[];
}

/** A product of sets, one a field; an absent field is unconstrained. IPv4 and IPv6 addresses never mix in one packet. */
export interface PacketBox {
  readonly families: readonly Family[];
  readonly inInterface?: InterfaceSet;
  readonly outInterface?: InterfaceSet;
  readonly source?: AddressSet;
  readonly destination?: AddressSet;
  /** IP protocol numbers. */
  readonly protocol?: Intervals;
  readonly sourcePort?: Intervals;
  readonly destinationPort?: Intervals;
  /** type × 256 + code. */
  readonly icmp?: Intervals;
  /** Hardware addresses; `NO_FRAME` stands for a packet that came in no Ethernet frame. */
  readonly sourceMac?: Intervals;
}

/** One packet, as `ask` takes it. */
export interface PacketExample {
  readonly family: Family;
  readonly inInterface?: string;
  readonly outInterface?: string;
  readonly source: number | bigint;
  readonly destination: number | bigint;
  readonly protocol: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly icmp?: number;
  /** Absent where no rule asks for it. */
  readonly sourceMac?: number;
}

/** What lets a packet pass: a rule, a list's policy, or that no list is called at all. */
export interface Permit {
  readonly kind: 'rule' | 'policy' | 'unfiltered';
  readonly origin: Origin;
  /**
   * Digest of the rule's whole match, with that of the rules that lead to it: never its name, number, comment or
   * handle. What is read as the same rule in two captures has the same.
   */
  readonly identity: string;
  /** The list it stands in; absent where nothing filters. */
  readonly list?: string;
  /** What the rule asks for by itself, as a box that holds all of it; absent where a box says nothing of it. */
  readonly match?: PacketBox;
}

/** What was done to the rules that made the difference. `object`: the text of the rule is the same, a set it names is not. */
export interface Edit {
  readonly edit: 'added' | 'removed' | 'moved' | 'changed' | 'object' | 'policy' | 'flushed';
  readonly rule: Origin;
  /** The rule as it was, where it was changed. */
  readonly former?: Origin;
  /** The list the edit was made in. */
  readonly list: string;
  /** The rule (by its origin) that stood after it, for a remedy that puts it back in its place: where it is gone or moved. */
  readonly next?: Origin;
}

/** Traffic that is let through for one reason: a box minus others, exactly. */
export interface Opening {
  /** Stable for as long as the same rule lets the same kind of traffic through: see `Permit.identity`. */
  readonly id: string;
  readonly direction: Direction;
  readonly box: PacketBox;
  readonly except: readonly PacketBox[];
  readonly certainty: 'certain' | 'possible';
  /** The conditions that decide, where it is `possible`. */
  readonly conditions: readonly string[];
  readonly nat?: {
    readonly destination?: Translation;
    readonly source?: Translation;
    /** Where the packets may be sent instead of `destination`, by what no packet tells (chance); `{}`: they stay as they are. */
    readonly others?: readonly Translation[];
  };
  readonly witness: PacketExample;
  readonly permittedBy: Permit;
  /** Absent where there is nothing to compare with. */
  readonly because?: Edit;
  /** Digest of the exact packet set. */
  readonly set: string;
  /** False where only a hull is given because the exact list would not fit the budget. */
  readonly complete: boolean;
  readonly reason?: string;
}

/** Declared traffic of one direction, as a condition on packets as they arrive. */
export interface FlowSet {
  readonly direction: Direction;
  readonly condition: Condition;
}

/** Something that switches filtering off as a whole, whatever single rules say. */
export interface FilterChange {
  readonly direction: Direction;
  readonly family: Family;
  readonly kind: 'policyAccept' | 'emptied' | 'removed' | 'dormant' | 'forwardingOn';
  readonly origin: Origin;
  /** `policy of filter/FORWARD: drop → accept`. */
  readonly text: string;
}

/** What is let through, split by whether it is declared. */
export interface Comparison {
  readonly undeclared: readonly Opening[];
  /** Empty unless asked for. */
  readonly declared: readonly Opening[];
  /** What `pipeline` lets through and the state compared does not; empty unless asked for. */
  readonly closed: readonly Opening[];
  /** False where some set could only be bounded, not listed or decided. */
  readonly complete: boolean;
  readonly reasons: readonly string[];
  /** Interfaces whose drawn names are others now, and that count as the same. */
  readonly renamed?: readonly { readonly was: string; readonly is: string }[];
}

export interface CompareOptions {
  /** What is declared: all that this state lets through (an approved snapshot, or the state before). */
  readonly pipeline?: Pipeline;
  /** What is declared besides. */
  readonly flows?: readonly FlowSet[];
  /** Only this traffic is looked at. */
  readonly within?: readonly FlowSet[];
  /** List the declared part too. */
  readonly withDeclared?: boolean;
  /** List what was let through and is not any more. */
  readonly withClosed?: boolean;
  /** The state against which edits are named; left out: `pipeline`. */
  readonly reference?: Pipeline;
  /** Interfaces that the device has; a witness comes in by the first of them where it can, and leaves by another. */
  readonly interfaces?: readonly string[];
  /** Most nodes a kernel may hold. */
  readonly nodesMax?: number;
  /** Wall-clock milliseconds for everything. */
  readonly timeMsMax?: number;
}

import type { Intervals } from '../lib/intervals.js';
import type { AddressSet, Family } from './address.js';
import type { Condition, Unknown } from './condition.js';
import type { Origin } from './origin.js';

/**
 * One rule: steps carried out in order. A `match` step that does not hold ends the rule (the list goes on with the
 * next one), but what earlier steps did stays done: in nftables `tcp dport 22 meta mark set 1 ip saddr 192.0.2.1 accept`
 * marks every ssh packet and accepts one source.
 */
export interface Rule {
  readonly origin: Origin;
  readonly steps: readonly Step[];
  /** The administrator's comment; never part of the rule's identity. */
  readonly comment?: string;
  /** Present but switched off on the device: kept for latent openings, not evaluated. */
  readonly disabled?: boolean;
  /** Its time has not come: the rule as it is written, as it is once it has come, and when that is, in words. */
  readonly asleep?: { readonly written: Rule; readonly rule: Rule; readonly returnsWhen: string };
}

export type Step = { readonly kind: 'match'; readonly condition: Condition } | Action | Dispatch;

/**
 * A verdict map, or a map of marks or translations: the first case whose condition holds is carried out, and then the
 * steps after it; if none holds the rule ends.
 */
export interface Dispatch {
  readonly kind: 'dispatch';
  readonly cases: readonly { readonly condition: Condition; readonly actions: readonly Action[] }[];
}

export type Action =
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop' }
  /** A drop that answers; `answer` in the platform's words, such as `tcp reset`. */
  | { readonly kind: 'reject'; readonly answer: string }
  | { readonly kind: 'jump' | 'goto'; readonly list: string }
  | { readonly kind: 'return' }
  /** mark := (mark & and) ^ xor, on 32 bits, unsigned. */
  | { readonly kind: 'setMark' | 'setConnectionMark'; readonly and: number; readonly xor: number }
  /** mark := (mark & ~markMask) ^ (connection mark & connectionMask), and the reverse. */
  | { readonly kind: 'restoreMark' | 'saveMark'; readonly connectionMask: number; readonly markMask: number }
  | { readonly kind: 'notrack' }
  | Nat
  /** Given to a program in user space, which decides; `bypass` accepts when none listens. */
  | { readonly kind: 'queue'; readonly bypass: boolean; readonly text: string }
  /** Something that may accept, drop, mark or translate in a way we do not model: both outcomes are possible. */
  | { readonly kind: 'opaque'; readonly unknown: Unknown }
  /** Logs, counts, sets a priority, clamps MSS: no influence on the verdict. */
  | { readonly kind: 'sideEffect'; readonly text: string };

/** Address translation. It ends the list with accept and binds the connection (nf_nat_setup_info). */
export interface Nat {
  readonly kind: 'nat';
  readonly translate: 'destination' | 'source';
  /**
   * `addresses`: one of these; with `prefix: true` the network part is replaced and the host part kept (NETMAP).
   * `of`: the one range of addresses that these stand for one by one, in their order, where the rule says which.
   * `device`: the device's own address (redirect, masquerade). Absent: only the port changes.
   */
  readonly to?: { readonly addresses: AddressSet; readonly prefix?: boolean; readonly of?: AddressSet } | 'device';
  /** The new port is one of these; absent: kept where possible. */
  readonly ports?: Intervals;
}

/** Where netfilter calls a list. Appliances use the same five places for their own stages. */
export type Hook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

/** An ordered list of rules, first match first: a chain, an access list, a policy. */
export interface RuleList {
  /** Unique in the device: `inet/filter/input`, `ip/filter/FORWARD`. */
  readonly id: string;
  readonly rules: readonly Rule[];
  readonly families: readonly Family[];
  readonly origin: Origin;
  /** The table this list belongs to, where the platform has tables. */
  readonly table?: TableRef;
  /** The list ends in a rule that nobody writes: what none of its rules matches is denied. Asked by itself, it says so. */
  readonly endsInDeny?: true;
}

export interface TableRef {
  /** Which store of the kernel holds it: iptables-legacy tables are apart from nftables. */
  readonly store: 'nftables' | 'xtables';
  readonly family: 'ip' | 'ip6' | 'inet' | 'bridge' | 'netdev' | 'arp';
  readonly name: string;
  /** Made through iptables-nft: nft prints some of its matches empty, iptables-save is the authority. */
  readonly managedByIptables?: boolean;
  /** A dormant table is kept but not called. */
  readonly dormant?: boolean;
}

/** A list called by the device itself. */
export interface BaseList {
  readonly list: string;
  readonly hook: Hook;
  /** Lists at one hook are called in ascending priority; a drop is final, an accept goes on to the next. */
  readonly priority: number;
  readonly type: 'filter' | 'nat' | 'route';
  readonly policy: 'accept' | 'drop';
  readonly policyOrigin: Origin;
}

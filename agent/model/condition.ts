import type { Intervals } from '../lib/intervals.js';
import type { AddressSet, Family } from './address.js';

/**
 * What a rule asks of a packet. A tree of tests, so that every platform's way of saying it (negation, groups,
 * concatenated sets, excluded members) is held exactly. Reads as mathematics: nothing here decides what a missing
 * header means, that is stated by the tests themselves (a port test holds only for packets that have ports).
 */
export type Condition =
  /** All hold. The empty conjunction is always true. */
  | { readonly kind: 'all'; readonly of: readonly Condition[] }
  /** At least one holds. The empty disjunction is never true. */
  | { readonly kind: 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | PacketTest
  | Unknown;

export type ConnectionState = 'new' | 'established' | 'related' | 'invalid' | 'untracked';
export const connectionStates: readonly ConnectionState[] = ['new', 'established', 'related', 'invalid', 'untracked'];

/** As in conntrack(8) and nft's `ct status`. */
export type ConnectionStatus = 'expected' | 'seen-reply' | 'assured' | 'confirmed' | 'snat' | 'dnat' | 'dying';

export type PacketTest =
  | { readonly kind: 'family'; readonly family: Family }
  /**
   * The address now in the header (`original` absent: after any translation so far), or the one the connection's
   * first packet came with (`original: true`, as iptables' `--ctorigdst` and nft's `ct original daddr`).
   * False for packets of a family in which the set is empty.
   */
  | { readonly kind: 'source' | 'destination'; readonly addresses: AddressSet; readonly original?: true }
  /** IP protocol number, or the last next-header of IPv6 (nft `meta l4proto`, iptables `-p`). */
  | { readonly kind: 'protocol'; readonly protocols: Intervals }
  /** The 16 bits where the transport header keeps its port. Drivers add the `protocol` test that makes it meaningful. */
  | { readonly kind: 'sourcePort' | 'destinationPort'; readonly ports: Intervals; readonly original?: true }
  /** type × 256 + code, of ICMP (protocol 1) or ICMPv6 (protocol 58). Drivers add the `protocol` test. */
  | { readonly kind: 'icmp'; readonly typeCodes: Intervals }
  /** The flag byte of TCP (FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128): the set of bytes that match. */
  | { readonly kind: 'tcpFlags'; readonly flags: Intervals }
  /** Interface names; a trailing `*` stands for any ending. The empty name is "no interface" (locally made, or to this device). */
  | { readonly kind: 'inInterface' | 'outInterface'; readonly names: readonly string[] }
  /**
   * The hardware address that the packet's frame came from, as a number of 48 bits. False for a packet that came in no
   * Ethernet frame, whatever is asked for (mac_mt of xt_mac.c; nft adds `meta iiftype ether` by itself).
   */
  | { readonly kind: 'sourceMac'; readonly addresses: Intervals }
  | { readonly kind: 'connectionState'; readonly states: readonly ConnectionState[] }
  | { readonly kind: 'connectionDirection'; readonly direction: 'original' | 'reply' }
  /** True when the connection has at least one of these status bits. */
  | { readonly kind: 'connectionStatus'; readonly status: readonly ConnectionStatus[] }
  /** (mark & mask) ∈ values. The mark of a packet that no rule has marked is 0. */
  | { readonly kind: 'mark' | 'connectionMark'; readonly mask: number; readonly values: Intervals }
  /** The kind of the address as the routing table sees it: a `local` address is one of the device's own. */
  | {
      readonly kind: 'addressType';
      readonly of: 'source' | 'destination';
      readonly type: 'local' | 'broadcast' | 'multicast';
    };

/**
 * A condition that these facts do not decide (time, rate, string match, user, a match extension not modelled): one
 * free boolean. `id` is its identity: the content of what it refers to, never its name, so that an unchanged one
 * cancels out of a difference. `stateful` ones (rate limits, quotas, random) answer anew each time they are asked:
 * each occurrence is a boolean of its own.
 */
export interface Unknown {
  readonly kind: 'unknown';
  readonly id: string;
  /** In words, for `conditions` and `unknowns`. */
  readonly text: string;
  readonly stateful?: boolean;
  /** True where the words themselves were not understood (a coverage gap), not merely undecidable from a packet. */
  readonly unrecognized?: boolean;
  /** It asks by which of these ports of the device the frame came or goes, below the interface that the packet has. */
  readonly frame?: FramePorts;
  /** It never holds but between these instants of the device's clock, whatever else it asks. */
  readonly times?: TimeBounds;
  /** It asks for bits of an address that make too many ranges to list: one packet decides it, a set of packets does not. */
  readonly bits?: AddressBits;
}

/** Milliseconds since 1970. What comes again (hours of a day, days of a week) has no bounds. */
export interface TimeBounds {
  /** Holds from then on; absent: from the beginning. */
  readonly fromMs?: number;
  /** The first instant at which it holds no more; absent: it has no end. */
  readonly untilMs?: number;
  /** Both may lie so much earlier or later: the text shows them in a time zone that it does not name. */
  readonly zoneMs?: number;
  /** It asks for more than these bounds, so that between them it is open. */
  readonly asksMore?: true;
}

/** A time zone lies at most so far from UTC. */
export const ZONE_MS_MAX = 14 * 3_600_000;

/** (address & mask) ∈ values, of an address of this family; false for the other family. */
export interface AddressBits {
  readonly of: 'source' | 'destination';
  readonly family: Family;
  readonly mask: number | bigint;
  readonly values: Intervals<number | bigint>;
}

/** `bridge`: ports of a bridge, whose own interface a packet has; without names, any of them. */
export interface FramePorts {
  readonly side: 'in' | 'out';
  readonly of: 'device' | 'bridge';
  readonly names: readonly string[];
}

export const always: Condition = { kind: 'all', of: [] };
export const never: Condition = { kind: 'any', of: [] };

export function all(...of: readonly Condition[]): Condition {
  return of.length === 1 ? of[0]! : { kind: 'all', of };
}

export function any(...of: readonly Condition[]): Condition {
  return of.length === 1 ? of[0]! : { kind: 'any', of };
}

export function not(of: Condition): Condition {
  return of.kind === 'not' ? of.of : { kind: 'not', of };
}

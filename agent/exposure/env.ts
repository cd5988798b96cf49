import type { Bound, Intervals } from '../lib/intervals.js';
import type { AddressSet, ConnectionState, Family } from '../model/index.js';

/**
 * What rules have done to a packet on its way. Packet sets always speak of the packet as it arrived; a field that a
 * rule has overwritten is looked up here instead, so translation needs no doubled variables.
 */
export interface Env {
  /** 32 bits, unsigned. A packet that no rule has marked has mark 0. */
  readonly mark: number;
  /** The connection's mark: 0 for a new connection; `undefined` where an earlier packet may have set it. */
  readonly connectionMark: number | undefined;
  /** Overrides the packet's state: before conntrack has seen it, and after `notrack`. */
  readonly state?: ConnectionState;
  readonly destination?: Translation;
  readonly source?: Translation;
  /** The hook hides the outgoing (prerouting, input) or incoming (output) interface: it reads as the empty name. */
  readonly hidden?: 'inInterface' | 'outInterface' | 'both';
}

/** The header's new address and port. What is absent is unchanged. */
export interface Translation {
  /** `device`: an address of the device itself, of which only that is known. */
  readonly addresses?: AddressSet | 'device';
  /** With `addresses` a prefix of the same size as the one matched, the host part is kept (NETMAP). */
  readonly keepHost?: boolean;
  readonly ports?: Intervals;
}

export function addressesOf(set: AddressSet, family: Family): Intervals<Bound> {
  return set[family] as Intervals<Bound>;
}

/** A key equal exactly when two environments are. */
export function envKey(env: Env): string {
  return JSON.stringify(env, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}

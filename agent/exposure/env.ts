import type { Bound, Intervals } from '../lib/intervals.js';
import type { Action, AddressSet, ConnectionState, Family } from '../model/index.js';

/**
 * What rules have done to a packet on its way. Packet sets always speak of the packet as it arrived; a field that a
 * rule has overwritten is looked up here instead, so translation needs no doubled variables.
 */
export interface Env {
  /** 32 bits, unsigned. A packet that no rule has marked has mark 0; `undefined` once it was taken from a connection's unknown mark. */
  readonly mark: number | undefined;
  /** The connection's mark: 0 for a new connection; `undefined` where an earlier packet may have set it. */
  readonly connectionMark: number | undefined;
  /** Overrides the packet's state: before conntrack has seen it, and after `notrack`. */
  readonly state?: ConnectionState;
  readonly destination?: Translation;
  readonly source?: Translation;
  /** The hook hides the outgoing (prerouting, input) or incoming (output) interface: it reads as the empty name. */
  readonly hidden?: 'inInterface' | 'outInterface' | 'both';
}

/** Whether the packet is one that this device sends. */
export function isOut({ hidden }: Env): boolean {
  return hidden === 'inInterface' || hidden === 'both';
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

type MarkAction = Extract<Action, { kind: 'setMark' | 'setConnectionMark' | 'restoreMark' | 'saveMark' }>;

/**
 * What a rule that sets marks leaves behind. A mark that depends on one that is not known is not known. A packet
 * without a connection has no connection mark to set, keep or take over (connmark_tg, nft_ct_set_eval).
 */
export function marked(action: MarkAction, env: Env, state: ConnectionState | undefined): Env {
  const now = env.state ?? state;
  if (action.kind !== 'setMark' && (now === 'invalid' || now === 'untracked')) return env;
  const set = (old: number | undefined, and: number, xor: number): number | undefined =>
    and === 0 ? xor >>> 0 : old === undefined ? undefined : ((old & and) ^ xor) >>> 0;
  const { mark, connectionMark } = env;
  switch (action.kind) {
    case 'setMark':
      return { ...env, mark: set(mark, action.and, action.xor) };
    case 'setConnectionMark':
      return { ...env, connectionMark: set(connectionMark, action.and, action.xor) };
    case 'restoreMark':
      if (action.connectionMask === 0) return { ...env, mark: set(mark, ~action.markMask, 0) };
      if (connectionMark === undefined) return { ...env, mark: undefined };
      return { ...env, mark: set(mark, ~action.markMask, connectionMark & action.connectionMask) };
    case 'saveMark':
      if (action.markMask === 0) return { ...env, connectionMark: set(connectionMark, ~action.connectionMask, 0) };
      if (mark === undefined) return { ...env, connectionMark: undefined };
      return { ...env, connectionMark: set(connectionMark, ~action.connectionMask, mark & action.markMask) };
  }
}

/** `notrack` comes too late for a packet that conntrack has seen (nft_notrack_eval, notrack_tg). */
export function untracked(env: Env, state: ConnectionState | undefined): Env {
  const now = env.state ?? state;
  return now === undefined || now === 'invalid' ? { ...env, state: 'untracked' } : env;
}

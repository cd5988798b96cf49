import { type Bound, type Intervals, intersection, union } from '../lib/intervals.js';
import type { Action, AddressSet, ConnectionState, Family, Nat } from '../model/index.js';

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
  /** With `addresses` a range of as many, which these become one by one, in their order. */
  readonly of?: AddressSet;
  readonly ports?: Intervals;
}

export function addressesOf(set: AddressSet, family: Family): Intervals<Bound> {
  return set[family] as Intervals<Bound>;
}

/** What a rule does to one side of the header. */
export function translationOf({ to, ports }: Nat): Translation {
  return {
    ...(to === undefined ? {} : { addresses: to === 'device' ? to : to.addresses }),
    ...(to !== undefined && to !== 'device' && to.prefix ? { keepHost: true } : {}),
    ...(to !== undefined && to !== 'device' && to.of ? { of: to.of } : {}),
    ...(ports ? { ports } : {}),
  };
}

/** Of addresses that become others one by one, those that become one of `wanted`; undefined: which becomes which is not said. */
export function becoming(
  { of, addresses }: Translation,
  wanted: AddressSet,
  family: Family,
): Intervals<Bound> | undefined {
  if (!of || addresses === undefined || addresses === 'device') return undefined;
  const [from, to] = [addressesOf(of, family), addressesOf(addresses, family)];
  if (from.length !== 2 || to.length !== 2) return undefined;
  const shift = BigInt(from[0]!) - BigInt(to[0]!);
  const back = (value: Bound): Bound => (typeof value === 'bigint' ? value + shift : value + Number(shift));
  return intersection(to, addressesOf(wanted, family)).map(back);
}

const loopback: AddressSet = { ip4: [0x7f00_0000, 0x7fff_ffff], ip6: [1n, 1n] };

/** What the device routes to itself, as far as that was read. */
export function addressesWithin(own: AddressSet | undefined): AddressSet {
  return own ? { ip4: union(own.ip4, loopback.ip4), ip6: union(own.ip6, loopback.ip6) } : loopback;
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

/**
 * 0.0.0.0 and 255.255.255.255, in whatever networks a device is (inet_addr_type() of net/ipv4/fib_frontend.c). Before
 * Linux 5.3 all of 0.0.0.0/8, from and to which nothing was routed then.
 */
const broadcastAnywhere: AddressSet = { ip4: [0, 0, 0xffff_ffff, 0xffff_ffff], ip6: [] };

/** What is a broadcast address for certain: all that are where the device's routing table was read. */
export function certainBroadcasts(ofNetworks: AddressSet | undefined): AddressSet {
  return ofNetworks ? { ip4: union(broadcastAnywhere.ip4, ofNetworks.ip4), ip6: [] } : broadcastAnywhere;
}

import type { Intervals } from '../../lib/intervals.js';
import { type AddressSet, type Family, type Nat, noAddress } from '../../model/index.js';

/** How the addresses and ports outside stand for those inside. */
export interface Mapping {
  readonly pieces: readonly { readonly outside?: AddressSet; readonly port?: Intervals; readonly action: Nat }[];
  /** Why a new address or port is one of several. */
  readonly bound?: string;
  readonly hosts: readonly { readonly outside: AddressSet; readonly inside: AddressSet }[];
  /** Each host keeps its part behind a prefix. */
  readonly keepsHost?: boolean;
}

export interface MappingInput {
  /** Undefined: not known. */
  readonly outside: AddressSet | undefined;
  readonly inside: AddressSet;
  readonly family: Family;
  readonly external: readonly [number, number] | undefined;
  readonly target: readonly [number, number] | undefined;
  readonly oneToOne: boolean;
}

/** So many hosts and ports are told one by one; of a larger range a packet's new address is one of several. */
const PIECES_MAX = 64;

/** Range to range of the same size goes in order, addresses and ports alike. */
export function mappingOf({ outside, inside, family, external, target, oneToOne }: MappingInput): Mapping {
  const base = { kind: 'nat', translate: 'destination' } as const;
  const hosts = outside && hostsOf(outside, inside, family);
  const ports = oneToOne ? portsOf(external, target) : undefined;
  const portCount = ports?.length ?? 1;
  if (hosts && ports && hosts.length * portCount <= PIECES_MAX) {
    const several = hosts.length > 1;
    const pieces = hosts.flatMap((host) =>
      ports.map(({ port, becomes }) => ({
        ...(several && { outside: host.outside }),
        ...(port && { port }),
        action: { ...base, to: { addresses: host.inside }, ...(becomes && { ports: becomes }) },
      })),
    );
    return { pieces, hosts };
  }
  const keepsPorts = external !== undefined && target?.join() === external.join();
  const moved = target && !keepsPorts ? { ports: target } : {};
  const count = sizeOf(inside, family);
  if (outside && count !== undefined && count > 1n && sizeOf(outside, family) === count) {
    const action: Nat = { ...base, to: { addresses: inside, prefix: true, of: outside }, ...moved };
    const exact = target === undefined || keepsPorts || target[0] === target[1];
    return {
      pieces: [{ action }],
      hosts: [{ outside, inside }],
      keepsHost: true,
      ...(!exact && { bound: 'the new port is one of several' }),
    };
  }
  const action: Nat = { ...base, to: { addresses: inside }, ...moved };
  return { pieces: [{ action }], hosts: [], bound: 'the new address or port is one of several' };
}

function sizeOf(set: AddressSet, family: Family): bigint | undefined {
  const values: readonly (number | bigint)[] = set[family];
  return values.length === 2 ? BigInt(values[1]!) - BigInt(values[0]!) + 1n : undefined;
}

/** Undefined: too many, or not as many outside as inside. */
function hostsOf(outside: AddressSet, inside: AddressSet, family: Family): Mapping['hosts'] | undefined {
  const [from, to] = [sizeOf(outside, family), sizeOf(inside, family)];
  if (from === undefined || to === undefined || from > BigInt(PIECES_MAX)) return undefined;
  if (to === 1n) return [{ outside, inside }];
  if (from !== to) return undefined;
  return Array.from({ length: Number(from) }, (_, index) => ({
    outside: nth(outside, family, index),
    inside: nth(inside, family, index),
  }));
}

function nth(set: AddressSet, family: Family, index: number): AddressSet {
  if (family === 'ip4') return { ...noAddress, ip4: [set.ip4[0]! + index, set.ip4[0]! + index] };
  const one = set.ip6[0]! + BigInt(index);
  return { ...noAddress, ip6: [one, one] };
}

interface MovedPort {
  readonly port?: Intervals;
  readonly becomes?: Intervals;
}

/** Undefined: too many, or not as many outside as inside. */
function portsOf(
  external: readonly [number, number] | undefined,
  target: readonly [number, number] | undefined,
): readonly MovedPort[] | undefined {
  if (!target) return [{}];
  if (target[0] === target[1] && (!external || external[0] === external[1])) return [{ becomes: target }];
  // Several services that stand outside become one port.
  if (!external) return target[0] === target[1] ? [{ becomes: target }] : undefined;
  if (external.join() === target.join()) return [{}];
  const count = external[1] - external[0] + 1;
  if (count !== target[1] - target[0] + 1 || count > PIECES_MAX) return undefined;
  return Array.from({ length: count }, (_, index) => ({
    port: [external[0] + index, external[0] + index],
    becomes: [target[0] + index, target[0] + index],
  }));
}

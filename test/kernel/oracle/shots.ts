import type { Family } from '../../../agent/model/index.js';
import type { Dice } from './dice.js';
import { interfaces, type Shot } from './lab.js';
import { ICMP, ICMP6, TCP, UDP, type WirePacket } from './wire.js';
import * as words from './words.js';

/** Values at which a ruleset may change its mind: the ends of everything it names, and what lies just beyond. */
interface Boundaries {
  readonly addresses: Readonly<Record<Family, readonly (number | bigint)[]>>;
  readonly ports: readonly number[];
}

const LAST_IP4 = 0xffff_ffff;

/** Addresses that no routing refuses: unicast, not of a loopback, not of this firewall's networks as a broadcast. */
function usable(address: number | bigint): boolean {
  // A router answers to the address of a network that has no host part (RFC 4291 section 2.6.1).
  if (typeof address === 'bigint')
    return (address >> 125n === 1n || address >> 121n === 0x7en) && address % (1n << 64n) !== 0n;
  const top = Math.floor(address / 0x100_0000);
  const last = address % 256;
  return top > 0 && top < 224 && top !== 127 && last !== 0 && last !== 255;
}

export function boundariesOf(text: string): Boundaries {
  const addresses: Record<Family, Set<number | bigint>> = { ip4: new Set(), ip6: new Set() };
  const pattern =
    /\d+\.\d+\.\d+\.\d+(?:\/\d+|-\d+\.\d+\.\d+\.\d+)?|[0-9a-f]*:[0-9a-f:]*:[0-9a-f:]*(?:\/\d+|-[0-9a-f:]+)?/g;
  for (const [found] of text.matchAll(pattern)) {
    const [first, last] = words.addressBounds(found);
    if (first === undefined || last === undefined) continue;
    const one = typeof first === 'bigint' ? 1n : 1;
    const around = [first, last, (first as number) - (one as number), (last as number) + (one as number)];
    const family = typeof first === 'bigint' ? 'ip6' : 'ip4';
    for (const address of around) if (usable(address)) addresses[family].add(address);
  }
  const ports = new Set<number>();
  for (const [found] of text.matchAll(/\b\d{1,5}\b/g)) {
    const value = Number(found);
    for (const port of [value - 1, value, value + 1]) if (port > 0 && port < 65536) ports.add(port);
  }
  // In an order of their own: some tools print members of a set in another order each time.
  const sorted = <T extends number | bigint>(values: Iterable<T>): T[] => [...values].sort((a, b) => (a < b ? -1 : 1));
  return { addresses: { ip4: sorted(addresses.ip4), ip6: sorted(addresses.ip6) }, ports: sorted(ports) };
}

const FLAGS = [0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x10, 0x12, 0x04, 0x11, 0x00, 0x29, 0x22, 0x18, 0xc2] as const;
const TYPES4 = [8, 8, 8, 13, 0, 3] as const;
const TYPES6 = [128, 128, 128, 129, 1] as const;

function anyAddress(dice: Dice, family: Family, boundaries: Boundaries): number | bigint {
  const named = boundaries.addresses[family];
  if (named.length > 0 && dice.below(3) > 0) return dice.pick(named);
  const [first, last] = words.addressBounds(
    dice.once(3) ? dice.pick(words.hosts[family]) : words.anAddress(dice, family),
  );
  for (;;) {
    const value =
      typeof first === 'bigint'
        ? first + (BigInt(dice.below(0x7fff_ffff)) % ((last as bigint) - first + 1n))
        : first + (dice.below(LAST_IP4) % ((last as number) - first + 1));
    if (usable(value)) return value;
    if (first === last) return words.addressBounds(words.hosts[family][0]!)[0];
  }
}

/** Random packets, half of them at the boundaries; each has its own source port, so that no two are one connection. */
export function shotsFor(
  dice: Dice,
  text: string,
  count: number,
  own: (address: number | bigint) => boolean,
): readonly Shot[] {
  const boundaries = boundariesOf(text);
  return Array.from({ length: count }, (_, index) => {
    const family = dice.pick(['ip4', 'ip4', 'ip6'] as const);
    const from = dice.once(6) ? ('self' as const) : dice.pick(interfaces);
    let source = anyAddress(dice, family, boundaries);
    let destination = anyAddress(dice, family, boundaries);
    // A packet that claims to come from the firewall itself is thrown away before any rule.
    while (own(source) && from !== 'self') source = words.addressBounds(dice.pick(words.hosts[family]))[0];
    if (from === 'self') {
      source = words.addressBounds(dice.pick(words.ownHosts[family]))[0];
      while (own(destination)) destination = words.addressBounds(dice.pick(words.hosts[family]))[0];
    }
    const protocol = dice.pick([TCP, TCP, TCP, TCP, UDP, UDP, family === 'ip4' ? ICMP : ICMP6, 47, 50, 253]);
    const packet: WirePacket = {
      family,
      source,
      destination,
      protocol,
      sourcePort:
        dice.once(20) && boundaries.ports.length > 0 ? dice.pick(boundaries.ports) : 20_000 + ((index * 7) % 40_000),
      destinationPort:
        boundaries.ports.length > 0 && dice.below(3) > 0 ? dice.pick(boundaries.ports) : words.aPort(dice) || 1,
      icmp: (family === 'ip4' ? dice.pick(TYPES4) : dice.pick(TYPES6)) * 256 + dice.pick([0, 0, 0, 1, 3]),
      tcpFlags: dice.pick(FLAGS),
    };
    return { packet, from };
  });
}

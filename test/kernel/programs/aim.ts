import type { Family } from '../../../agent/model/index.js';
import type { Dice } from '../oracle/dice.js';
import { isOwn } from '../oracle/difference.js';
import { addressOf, interfaces, type Names, ownAddresses, type Shot } from '../oracle/lab.js';
import { boundariesOf } from '../oracle/shots.js';
import { ICMP, ICMP6, TCP, UDP } from '../oracle/wire.js';
import { hosts } from '../oracle/words.js';

const SYN = 2;
const PROTOCOLS = [TCP, TCP, TCP, UDP, UDP, 'icmp'] as const;

/**
 * Packets for what single rules name: both addresses, ports and interfaces of one line of the text, or of two, where
 * the boundaries of the whole text seldom come together.
 */
export function aimedShots(dice: Dice, text: string, names: Names, count: number): readonly Shot[] {
  // In an order of their own: members of an ipset are printed in another one each time.
  const lines = [...new Set(text.split('\n'))]
    .filter((line) => /\d/.test(line) && /\s/.test(line.trim()) && !line.startsWith('#'))
    .sort();
  if (lines.length === 0) return [];
  const known = new Map<string, ReturnType<typeof boundariesOf>>();
  const of = (line: string): ReturnType<typeof boundariesOf> => {
    const found = known.get(line) ?? boundariesOf(line);
    known.set(line, found);
    return found;
  };
  return Array.from({ length: count }, (_, index): Shot => {
    const line = dice.pick(lines);
    const other = dice.once(3) ? dice.pick(lines) : line;
    const named = interfaces.filter((one) => line.includes(names[one]) || other.includes(names[one]));
    const [mine, its] = [of(line), of(other)];
    const family: Family =
      mine.addresses.ip6.length > 0 && (mine.addresses.ip4.length === 0 || dice.once(2))
        ? 'ip6'
        : dice.once(8)
          ? 'ip6'
          : 'ip4';
    const from = dice.once(6)
      ? ('self' as const)
      : dice.pick(named.length > 0 && dice.below(4) > 0 ? named : interfaces);
    const address = (values: readonly (number | bigint)[]): number | bigint =>
      values.length > 0 && dice.below(4) > 0
        ? dice.pick(values)
        : dice.once(3)
          ? dice.pick(ownAddresses[family])
          : host(dice, family);
    let source = address(its.addresses[family]);
    let destination = address(mine.addresses[family]);
    if (from === 'self') {
      source = dice.pick(ownAddresses[family]);
      while (isOwn(destination)) destination = host(dice, family);
    } else while (isOwn(source)) source = host(dice, family);
    const protocol = dice.pick(PROTOCOLS);
    const ports = dice.below(5) > 0 ? mine.ports : its.ports;
    return {
      from,
      packet: {
        family,
        source,
        destination,
        protocol: protocol === 'icmp' ? (family === 'ip4' ? ICMP : ICMP6) : protocol,
        sourcePort: dice.once(30) && ports.length > 0 ? dice.pick(ports) : 1024 + ((index * 13) % 60_000),
        destinationPort: ports.length > 0 ? dice.pick(ports) : 9,
        icmp: (family === 'ip4' ? 8 : 128) * 256,
        tcpFlags: SYN,
      },
    };
  });
}

function host(dice: Dice, family: Family): number | bigint {
  return addressOf(dice.pick(hosts[family]));
}

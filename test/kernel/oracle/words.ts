import { type Family, formatIp4, formatIp6, parseIp4, parseIp6 } from '../../../agent/model/index.js';
import type { Dice } from './dice.js';

/** The small vocabulary of rules and packets, so that rules meet each other and packets meet rules. */
const prefixes: Readonly<Record<Family, readonly string[]>> = {
  ip4: [
    '203.0.113.0/24',
    '203.0.113.64/26',
    '203.0.113.9',
    '10.0.0.0/8',
    '10.0.0.0/16',
    '10.0.5.0/24',
    '10.0.5.7',
    '10.0.0.128/25',
    '198.51.100.0/24',
    '198.51.100.80',
    '198.51.100.64/27',
    '192.0.2.0/25',
    '192.0.2.130',
    '172.16.0.0/12',
    '172.16.3.4',
    '0.0.0.0/1',
    '100.64.0.0/10',
  ],
  ip6: [
    '2001:db8:a::/64',
    '2001:db8:a::9',
    '2001:db8:b::/64',
    '2001:db8:b::5:0/112',
    '2001:db8:b::7',
    '2001:db8:c::80',
    '2001:db8:c::/120',
    '2001:db8:d::/64',
    '2001:db8:d::2',
    '2001:db8::/32',
    'fd00::/8',
    'fd00::7',
    '2001:db8:ffff::/48',
    '2001:db8:ffff::1',
  ],
};

const ranges: Readonly<Record<Family, readonly string[]>> = {
  ip4: ['203.0.113.5-203.0.113.40', '10.0.5.3-10.0.6.200', '198.51.100.70-198.51.100.99', '172.16.0.1-172.31.0.9'],
  ip6: ['2001:db8:a::5-2001:db8:a::40', '2001:db8:b::3-2001:db8:b::6:1', '2001:db8:c::70-2001:db8:c::99'],
};

/** Prefixes of every length but those that hold whole halves of the Internet, which some sets refuse. */
export const networks: Readonly<Record<Family, readonly string[]>> = {
  ip4: prefixes.ip4.filter((one) => one !== '0.0.0.0/1'),
  ip6: prefixes.ip6,
};

/** Hosts that are translated to, each behind an interface; and the firewall's own. */
export const hosts: Readonly<Record<Family, readonly string[]>> = {
  ip4: ['10.0.5.7', '198.51.100.80', '192.0.2.130', '10.0.0.200', '203.0.113.9', '172.16.3.4'],
  ip6: ['2001:db8:b::7', '2001:db8:c::80', '2001:db8:d::2', '2001:db8:a::9', 'fd00::7'],
};

export const ownHosts: Readonly<Record<Family, readonly string[]>> = {
  ip4: ['203.0.113.1', '10.0.0.1', '192.0.2.1', '198.51.100.1'],
  ip6: ['2001:db8:a::1', '2001:db8:b::1', '2001:db8:d::1', '2001:db8:c::1'],
};

export function anAddress(dice: Dice, family: Family): string {
  const chance = dice.below(10);
  if (chance < 1) return dice.pick(ownHosts[family]);
  return dice.pick(chance < 3 ? ranges[family] : prefixes[family]);
}

export function aPrefix(dice: Dice, family: Family): string {
  return dice.pick(dice.once(8) ? ownHosts[family] : prefixes[family]);
}

export const ports = [22, 25, 53, 80, 104, 123, 443, 1023, 1024, 2222, 3389, 8080, 11112, 65535] as const;

export function aPort(dice: Dice): number {
  return dice.once(12) ? dice.below(65536) : dice.pick(ports);
}

export function aPortRange(dice: Dice): string {
  const [one, other] = [aPort(dice), aPort(dice)];
  if (dice.below(5) < 3 || one === other) return String(one);
  return `${Math.min(one, other)}-${Math.max(one, other)}`;
}

export const marks = [0, 1, 2, 3, 0x10, 0x11, 0xff, 0x100, 0x8000_0000, 0xffff_ffff] as const;

export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** Elements no two of which overlap: nft refuses others. */
export function apart(
  count: number,
  draw: () => string,
  bounds: (text: string) => readonly [number | bigint, number | bigint],
): readonly string[] {
  const taken: (readonly [number | bigint, number | bigint])[] = [];
  const out: string[] = [];
  for (let tries = 0; tries < count * 4 && out.length < count; tries++) {
    const text = draw();
    const [first, last] = bounds(text);
    if (taken.some(([low, high]) => first <= high && low <= last)) continue;
    taken.push([first, last]);
    out.push(text);
  }
  return out;
}

export function addressBounds(text: string): readonly [number | bigint, number | bigint] {
  const parse = (one: string): number | bigint => parseIp4(one) ?? parseIp6(one)!;
  const dash = text.split('-');
  if (dash.length === 2) return [parse(dash[0]!), parse(dash[1]!)];
  const [address = '', length] = text.split('/');
  const first = parse(address);
  if (length === undefined) return [first, first];
  if (typeof first === 'number') {
    const size = 2 ** (32 - Number(length));
    const low = first - (first % size);
    return [low, low + size - 1];
  }
  const size = 1n << BigInt(128 - Number(length));
  const low = first - (first % size);
  return [low, low + size - 1n];
}

export function portBounds(text: string): readonly [number, number] {
  const [first = '', last = first] = text.split('-');
  return [Number(first), Number(last)];
}

export function addressText(value: number | bigint): string {
  return typeof value === 'bigint' ? formatIp6(value) : formatIp4(value);
}

export function addressList(dice: Dice, family: Family): string {
  return apart(1 + dice.below(4), () => anAddress(dice, family), addressBounds).join(', ');
}

export function portList(dice: Dice): string {
  return apart(1 + dice.below(4), () => aPortRange(dice), portBounds).join(', ');
}

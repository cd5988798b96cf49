import { union } from '../../lib/intervals.js';
import { type AddressSet, noAddress, parseAddressSet, parseIp4, parseIp6 } from '../../model/index.js';
import { isInterfaceSetting } from './irrelevant.js';
import type { Line } from './parse.js';

/** An interface with a name, which is what every other line calls it by. */
export interface Interface {
  readonly name: string;
  readonly hardware: string;
  readonly line: Line;
  /** The line that says the level; the interface's own where it is the default. */
  readonly levelLine: Line;
  readonly level: number;
  readonly addresses: AddressSet;
  /** An address that is leased or negotiated is not in the configuration. */
  readonly dynamic: boolean;
  readonly shutdown?: Line;
  readonly managementOnly?: Line;
  readonly zone?: string;
}

export interface InterfaceLoss {
  readonly line: Line;
  readonly reason: string;
}

/** An interface called inside trusts what it sees; any other is trusted with nothing until somebody says so. */
export function defaultLevel(name: string): number {
  return name.toLowerCase() === 'inside' ? 100 : 0;
}

export function readInterface(line: Line): { readonly read?: Interface; readonly losses: readonly InterfaceLoss[] } {
  const losses: InterfaceLoss[] = [];
  let name: string | undefined;
  let level: { readonly value: number; readonly line: Line } | undefined;
  let addresses: AddressSet = noAddress;
  let dynamic = false;
  let shutdown: Line | undefined;
  let managementOnly: Line | undefined;
  let zone: string | undefined;
  for (const child of line.children) {
    const { words, text } = child;
    const [first, second, third, fourth] = words;
    if (first?.startsWith('!')) continue;
    const add = (set: AddressSet | undefined): void => {
      if (set) addresses = { ip4: union(addresses.ip4, set.ip4), ip6: union(addresses.ip6, set.ip6) };
      else losses.push({ line: child, reason: 'the address is not understood' });
    };
    if (first === 'nameif' && second !== undefined && words.length === 2) name = second;
    else if (
      first === 'security-level' &&
      /^\d{1,3}$/.test(second ?? '') &&
      Number(second) <= 100 &&
      words.length === 2
    )
      level = { value: Number(second), line: child };
    else if (first === 'shutdown' && words.length === 1) shutdown = child;
    else if (first === 'management-only') managementOnly = child;
    else if (first === 'zone-member' && second !== undefined) zone = second;
    else if (/^ip address (?:dhcp|pppoe)\b/.test(text)) dynamic = true;
    else if (first === 'ip' && second === 'address')
      add(
        fourth !== undefined && parseIp4(third ?? '') !== undefined && parseIp4(fourth) !== undefined
          ? parseAddressSet(third!)
          : undefined,
      );
    else if (/^ipv6 address (?:autoconfig|dhcp)\b/.test(text) || /^ipv6 address \S+ eui-64/.test(text)) dynamic = true;
    else if (first === 'ipv6' && second === 'address') {
      const own = (third ?? '').split('/')[0]!;
      add(parseIp6(own) === undefined ? undefined : parseAddressSet(own));
    } else if (/^no (?:nameif|security-level|ip address|ipv6 address|shutdown|management-only)\b/.test(text)) continue;
    else if (first === 'bridge-group' || first === 'policy-route') continue;
    else if (!isInterfaceSetting(text))
      losses.push({ line: child, reason: 'this setting of an interface is not known' });
  }
  if (name === undefined) return { losses };
  return {
    losses,
    read: {
      name,
      hardware: line.words[1] ?? '',
      line,
      level: level?.value ?? defaultLevel(name),
      levelLine: level?.line ?? line,
      addresses,
      dynamic,
      ...(shutdown && { shutdown }),
      ...(managementOnly && { managementOnly }),
      ...(zone !== undefined && { zone }),
    },
  };
}

import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { ask, askSets } from '../../../agent/exposure/ask.js';
import { combineDevices } from '../../../agent/exposure/index.js';
import type { ConnectionState, Device, Direction } from '../../../agent/model/index.js';
import { situated } from './judge.js';
import { addressOf } from './lab.js';
import { deviceOf } from './load.js';

interface Recorded {
  readonly name: string;
  readonly nft?: string;
  readonly 'iptables-save'?: string;
  readonly 'ip6tables-save'?: string;
  readonly 'ipset-save'?: string;
  readonly packet: {
    readonly direction: Direction;
    readonly state?: ConnectionState;
    readonly in?: string;
    readonly out?: string;
    readonly source: string;
    readonly destination: string;
    readonly protocol: number;
    readonly destinationPort: number;
    readonly tcpFlags?: number;
  };
  readonly kernel: 'allow' | 'deny' | 'maybe';
}

const saves = ['iptables-save', 'ip6tables-save', 'ipset-save'] as const;

function deviceIn(recorded: Recorded): Device {
  const sections = saves.flatMap((name): [string, string][] => (recorded[name] ? [[name, recorded[name]]] : []));
  const parts = [
    ...(recorded.nft ? [{ driver: 'nftables', device: deviceOf('nftables', [['nft-text', recorded.nft]]) }] : []),
    ...(sections.length > 0 ? [{ driver: 'iptables', device: deviceOf('iptables', sections) }] : []),
  ];
  return parts.length === 1 ? parts[0]!.device : combineDevices('fw', parts);
}

describe('what the kernel said', () => {
  const all = parse(readFileSync('test/kernel/oracle/recorded.yaml', 'utf8')) as readonly Recorded[];

  test.each(all.map((one) => [one.name, one] as const))('%s', (_, recorded) => {
    const { packet, kernel } = recorded;
    const source = addressOf(packet.source);
    const family = typeof source === 'bigint' ? ('ip6' as const) : ('ip4' as const);
    const pipeline = situated(deviceIn(recorded).pipeline);
    const asked = {
      families: [family],
      direction: packet.direction,
      state: packet.state ?? ('new' as const),
      fields: {
        source,
        destination: addressOf(packet.destination),
        protocol: packet.protocol,
        sourcePort: 40_000,
        destinationPort: packet.destinationPort,
        icmp: 0,
        tcpFlags: packet.tcpFlags ?? 2,
      },
      ...(packet.in !== undefined && { inInterface: packet.in }),
      ...(packet.out !== undefined && { outInterface: packet.out }),
    };
    expect(ask(pipeline, asked).verdict).toBe(kernel);
    expect(askSets(pipeline, asked, family, undefined).verdict).toBe(kernel);
  });
});

import { describe, expect, test } from '@jest/globals';
import { type AskedPacket, ask, askSets } from '../../agent/exposure/ask.js';
import { type Device, parseIp4 } from '../../agent/model/index.js';
import { seed } from '../support/seed.js';
import { recordedDevices } from './rulesets.js';

/** A small generator with a fixed seed (Park and Miller's), so that a failure comes back. */
function numbers(start: number): (below: number) => number {
  let state = (start % 2147483646) + 1;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}

/** Names and addresses that the rules speak of, so that packets meet rules rather than policies only. */
function vocabulary(device: Device): { readonly names: readonly string[]; readonly addresses: readonly number[] } {
  const text = JSON.stringify(device.pipeline.lists, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}` : value,
  );
  const names = [...text.matchAll(/"names":\["(?<name>[^"*]+)"/g)].map((match) => match.groups?.name ?? '');
  const addresses = [...text.matchAll(/"ip4":\[(?<first>\d+),(?<last>\d+)/g)].flatMap(({ groups }) => [
    Number(groups?.first),
    Number(groups?.last),
  ]);
  return {
    names: [...new Set([...names, 'eth9'])].filter((name) => name !== ''),
    addresses: [...new Set([...addresses, parseIp4('198.51.100.7')!, parseIp4('10.0.0.1')!])],
  };
}

describe('sets of packets and single packets are answered alike', () => {
  const all = recordedDevices();

  test('there are firewalls to ask', () => expect(all.length).toBeGreaterThanOrEqual(15));

  test.each(all)('%s', (_, device) => {
    const below = numbers(seed);
    const { names, addresses } = vocabulary(device);
    const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
    for (let round = 0; round < 40; round++) {
      const packet: AskedPacket = {
        families: ['ip4'],
        direction: pick(['forward', 'input', 'output'] as const),
        state: pick(['new', 'new', 'established', 'invalid'] as const),
        fields: {
          protocol: pick([6, 6, 17, 1]),
          source: pick(addresses),
          destination: pick(addresses),
          sourcePort: 40000,
          destinationPort: pick([22, 53, 80, 443, 8080, 104]),
          icmp: 8 * 256,
          tcpFlags: 2,
        },
        inInterface: pick(names),
        outInterface: pick(names),
      };
      const single = ask(device.pipeline, packet);
      if (single.trace === undefined) continue;
      const asSet = askSets(device.pipeline, packet, 'ip4', undefined);
      expect({ packet, verdict: asSet.verdict }).toEqual({ packet, verdict: single.verdict });
    }
  });
});

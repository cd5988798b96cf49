import { describe, expect, test } from '@jest/globals';
import { askLine } from '../../../agent/app/index.js';
import type { Device } from '../../../agent/model/index.js';
import { readText, whole } from './support.js';

function verdict(device: Device, dport: number): string {
  const packet = { iif: 'outside', oif: 'inside', src: '198.51.100.1', dst: '10.0.0.7', proto: 'tcp', sport: 40000 };
  const answer = askLine(
    device,
    JSON.stringify({ id: 1, packet: { ...packet, dport } }),
    { file: 't', line: 1 },
    false,
  );
  return answer.ok ? answer.value.verdict : answer.error.message;
}

const list = `access-list in extended permit tcp object-group ghosts any eq 80
access-list in extended permit tcp any any eq 443
access-group in in interface outside`;

describe('a name of what is not there', () => {
  test('is refused by the device, so the text is not whole: the line may do anything', () => {
    const device = readText(whole(list));
    expect([verdict(device, 80), verdict(device, 443), verdict(device, 81)]).toEqual(['maybe', 'allow', 'deny']);
    expect(device.coverage.blind).toEqual([
      'fw: object-group network ghosts is referred to and is not in this capture',
    ]);
    expect(device.coverage.lines.filter(({ state }) => state === 'unmodelled')).toHaveLength(1);
  });

  test('is ignored where the device takes names before what they stand for', () => {
    const device = readText(whole(`forward-reference enable\n${list}`));
    expect([verdict(device, 80), verdict(device, 443)]).toEqual(['deny', 'allow']);
    expect(device.coverage.blind).toEqual([]);
    expect(device.coverage.lines.filter(({ state }) => !['modelled', 'irrelevant'].includes(state))).toEqual([]);
  });

  test('within a group is another question', () => {
    const group = 'object-group network some\n network-object host 198.51.100.1\n group-object ghosts\n';
    const device = readText(whole(`forward-reference enable\n${group}${list.replace('ghosts', 'some')}`));
    expect(verdict(device, 80)).toBe('allow');
    expect(device.coverage.blind).not.toEqual([]);
  });

  test('holds nothing, where a group is asked what it holds', () => {
    const groups = `object-group network some
 network-object host 198.51.100.1
 group-object ghosts
object-group service ports
 service-object tcp destination eq 443
 service-object object ghosts
`;
    const device = readText(whole(groups));
    const ask = (kind: string, name: string, packet: object): string => {
      const question = JSON.stringify({ id: 1, at: { object: { kind, name } }, packet });
      const answer = askLine(device, question, { file: 't', line: 1 }, false);
      return answer.ok ? answer.value.verdict : answer.error.message;
    };
    expect(['198.51.100.1', '198.51.100.2'].map((src) => ask('address', 'some', { src }))).toEqual([
      'allow',
      'no-match',
    ]);
    expect([443, 444].map((dport) => ask('service', 'ports', { proto: 'tcp', sport: 1, dport }))).toEqual([
      'allow',
      'no-match',
    ]);
    expect(device.coverage.blind).toHaveLength(2);
  });

  test('of a list that is bound leaves the interface to its security level', () => {
    const bound = 'access-group ghosts in interface inside';
    const out = { iif: 'inside', oif: 'outside', src: '10.0.0.7', dst: '198.51.100.1', proto: 'udp', dport: 9 };
    const ask = (text: string): string => {
      const answer = askLine(
        readText(whole(text)),
        JSON.stringify({ id: 1, packet: out }),
        { file: 't', line: 1 },
        false,
      );
      return answer.ok ? answer.value.verdict : answer.error.message;
    };
    expect(ask(bound)).toBe('maybe');
    expect(ask(`forward-reference enable\n${bound}`)).toBe('allow');
  });

  test('in a translation that is switched off does nothing', () => {
    const nat = 'nat (inside,outside) source static ghosts ghosts';
    expect(readText(whole(`${nat} inactive`)).coverage.blind).toEqual([]);
    expect(readText(whole(nat)).coverage.blind).not.toEqual([]);
  });
});

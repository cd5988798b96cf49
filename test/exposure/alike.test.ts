import { describe, expect, test } from '@jest/globals';
import { pairAlike } from '../../agent/exposure/alike.js';
import type { Rule } from '../../agent/model/index.js';

function rules(texts: readonly string[]): readonly Rule[] {
  return texts.map((text, line) => ({ origin: { file: 'rules', line, rule: `rule ${line}`, text }, steps: [] }));
}

function paired(before: readonly string[], after: readonly string[]): readonly (readonly [string, string])[] {
  const added = rules(after).map((rule, index) => ({ index, rule }));
  return [...pairAlike(added, rules(before))]
    .sort(([one], [other]) => one - other)
    .map(([index, was]) => [was.origin.text, after[index]!] as const);
}

describe('rules that stood where others stand now', () => {
  test('the most alike are one rule that was changed', () => {
    expect(paired(['tcp dport 22 accept', 'udp dport 53 drop'], ['udp dport 54 drop', 'tcp dport 23 accept'])).toEqual([
      ['udp dport 53 drop', 'udp dport 54 drop'],
      ['tcp dport 22 accept', 'tcp dport 23 accept'],
    ]);
  });

  test('what has too little in common is not, unless it stands alone', () => {
    expect(paired(['a b c d'], ['a x y z'])).toEqual([['a b c d', 'a x y z']]);
    expect(paired(['a b c d', 'e f g h'], ['a x y z'])).toEqual([]);
  });

  test('what any two rules of iptables share tells nothing', () => {
    const before = [
      '-A FORWARD -s 192.168.0.0/16 -p tcp -m tcp --dport 111 -j ACCEPT',
      '-A FORWARD -p udp -m udp --dport 53 -j ACCEPT',
    ];
    const after = [
      '-A FORWARD -p tcp -m tcp --dport 993 -j ACCEPT',
      '-A FORWARD -s 10.0.0.1/32 -p udp -m udp --dport 53 -j ACCEPT',
    ];
    expect(paired(before, after)).toEqual([[before[1], after[1]]]);
  });

  test('of thousands each is found by a word that few have, or by its place', () => {
    const names = Array.from({ length: 2000 }, (_, number) => number);
    const before = names.map((number) => `ip saddr 10.0.0.${number} tcp dport 443 accept`);
    const after = names.map((number) => `ip saddr 10.0.0.${1999 - number} tcp dport 444 accept`);
    const pairs = paired(before, after);
    expect(pairs).toHaveLength(2000);
    for (const [was, is] of pairs) expect(is).toBe(was.replace('dport 443', 'dport 444'));
    const plain = paired(
      names.map(() => 'tcp dport 443 accept'),
      names.map(() => 'tcp dport 444 accept'),
    );
    expect(plain).toHaveLength(2000);
  });
});

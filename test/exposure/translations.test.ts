import { describe, expect, test } from '@jest/globals';
import { compare, type Opening, openingText } from '../../agent/exposure/index.js';
import type { Device } from '../../agent/model/index.js';
import { iptablesDevice } from './rulesets.js';

describe('a translation that leaves a packet as it is', () => {
  const output = (rules: string): Device =>
    iptablesDevice(`*nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules}COMMIT\n`);

  const told = (before: string, after: string): readonly string[] => {
    const pipelines = [before, after].map((rules) => output(rules).pipeline);
    const { undeclared, closed } = compare(pipelines[1]!, { pipeline: pipelines[0]!, withClosed: true });
    const note = (way: string, one: Opening): string => `${way} ${one.certainty} ${openingText(one)}`;
    return [...undeclared.map((one) => note('opened', one)), ...closed.map((one) => note('closed', one))];
  };

  test('is none: a network mapped onto itself', () => {
    const moved = told('', '-A OUTPUT -d 10.0.4.0/23 -j NETMAP --to 10.0.4.0/23\n');
    expect(moved).toEqual([]);
  });

  test('is none for the hosts that have the address already, and is one for all others', () => {
    expect(told('', '-A OUTPUT -p tcp -d 10.0.4.0/23 -j NETMAP --to 10.0.5.0/24\n')).toEqual([
      'opened certain this device → 10.0.4.0/24 tcp, translated to 10.0.5.0/24',
      'closed certain this device → 10.0.4.0/24 tcp',
    ]);
    expect(told('', '-A OUTPUT -p tcp -d 10.0.4.6/31 -j DNAT --to-destination 10.0.4.7\n')).toEqual([
      'opened certain this device → 10.0.4.6 tcp, translated to 10.0.4.7',
      'closed certain this device → 10.0.4.6 tcp',
    ]);
  });

  test('may be one where an address of a range is chosen', () => {
    expect(told('', '-A OUTPUT -p tcp -d 10.0.4.6/31 -j DNAT --to-destination 10.0.4.7-10.0.4.8\n')).toEqual([
      'opened certain this device → 10.0.4.6 tcp, translated to 10.0.4.7-10.0.4.8',
      "opened possible this device → 10.0.4.7 tcp, translated to 10.0.4.7-10.0.4.8, only if not (the destination that is chosen is the packet's own)",
      'closed certain this device → 10.0.4.6 tcp',
      "closed possible this device → 10.0.4.7 tcp, only if not (the destination that is chosen is the packet's own)",
    ]);
  });
});

test('what passes at both times and is sent elsewhere is laid to the translation, also where the rule that lets it through was edited', () => {
  const device = (nat: string, ports: string): Device =>
    iptablesDevice(
      [
        '*nat',
        ':PREROUTING ACCEPT [0:0]',
        nat,
        'COMMIT',
        '*filter',
        ':FORWARD DROP [0:0]',
        `-A FORWARD -p tcp -m multiport --dports ${ports} -j ACCEPT`,
        'COMMIT',
        '',
      ].join('\n'),
    );
  const [before, after] = [
    device('', '80'),
    device('-A PREROUTING -d 192.0.2.1/32 -j DNAT --to-destination 192.0.2.9', '80,81'),
  ];
  for (const [now, was] of [
    [after, before],
    [before, after],
  ] as const) {
    const { undeclared, closed } = compare(now.pipeline, { pipeline: was.pipeline, withClosed: true });
    const texts = [...undeclared, ...closed]
      .filter(({ box }) => openingText({ ...undeclared[0]!, box, except: [] }).includes('→ 192.0.2.1 tcp 80'))
      .map(({ because }) => because?.rule.text.slice(0, 13));
    expect(texts).toEqual(['-A PREROUTING', '-A PREROUTING']);
  }
  // What the same rule lets through anew, translated or not, is its own doing.
  const { undeclared } = compare(after.pipeline, { pipeline: before.pipeline });
  expect(undeclared.map(({ because }) => because?.rule.text.slice(0, 13)).sort()).toEqual([
    '-A FORWARD -p',
    '-A FORWARD -p',
    '-A PREROUTING',
  ]);
});

import { describe, expect, test } from '@jest/globals';
import { driver } from '../../../agent/drivers/panos/index.js';
import { ask, compare } from '../../../agent/exposure/index.js';
import { type Device, parseIp4 } from '../../../agent/model/index.js';

const zones = `set network interface ethernet ethernet1/1 layer3 ip 203.0.113.1/24
set network interface ethernet ethernet1/2 layer3 ip 10.0.0.1/24
set network interface ethernet ethernet1/3 layer3 ip 198.51.100.1/24
set zone outside network layer3 ethernet1/1
set zone inside network layer3 ethernet1/2
set zone second network layer3 ethernet1/3
set rulebase security rules web from inside
set rulebase security rules web to any
set rulebase security rules web source any
set rulebase security rules web destination any
set rulebase security rules web application any
set rulebase security rules web service any
set rulebase security rules web action allow
`;

function rule(base: string, name: string, words: Readonly<Record<string, string>>): string {
  const all = { source: 'any', destination: 'any', service: 'any', ...words };
  return Object.entries(all)
    .map(([word, value]) => `set rulebase ${base} rules ${name} ${word} ${value}\n`)
    .join('');
}

function read(text: string): Device {
  const sections = [{ name: 'config', source: 'config', text: zones + text }];
  const result = driver.read({ driver: 'panos', device: 'fw', sections }, { device: 'fw' });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

function verdict({ pipeline }: Device, to: string, dport: number, state: 'new' | 'established' = 'new'): string {
  return ask(pipeline, {
    families: ['ip4'],
    direction: 'forward',
    state,
    fields: {
      source: parseIp4('10.0.0.9')!,
      destination: parseIp4(to)!,
      protocol: 6,
      sourcePort: 40_000,
      destinationPort: dport,
      tcpFlags: 2,
    },
    inInterface: 'ethernet1/2',
    outInterface: 'ethernet1/1',
  }).verdict;
}

describe('policy-based forwarding', () => {
  const pbf = (name: string, words: Readonly<Record<string, string>>): string =>
    rule('pbf', name, { from: 'zone inside', application: 'any', ...words });

  test('stops what it discards, for connections that begin', () => {
    const device = read(pbf('sink', { destination: '192.0.2.0/24', action: 'discard' }));
    expect(verdict(device, '192.0.2.7', 443)).toBe('deny');
    expect(verdict(device, '192.0.2.7', 443, 'established')).toBe('allow');
    expect(verdict(device, '192.0.3.7', 443)).toBe('allow');
    expect(device.coverage.blind).toEqual([]);
    expect(device.coverage.lines.filter(({ state }) => state === 'unrecognized')).toEqual([]);
    expect(device.coverage.notCovered.join()).toContain('an answer holds for the interface that is asked');
    expect(device.facts).toMatchObject([{ kind: 'policyRoute', subject: 'policy-based forwarding sink' }]);
  });

  test('asks its rules in order: what is forwarded first is not discarded', () => {
    const device = read(
      pbf('mail', { destination: '192.0.2.25', action: 'forward egress-interface ethernet1/3' }) +
        pbf('web', { destination: '192.0.2.26', action: 'no-pbf' }) +
        pbf('off', { destination: '192.0.2.30', action: 'discard', disabled: 'yes' }) +
        pbf('sink', { destination: '192.0.2.24/29', action: 'discard' }),
    );
    const answers = ['192.0.2.25', '192.0.2.26', '192.0.2.27', '192.0.2.30'].map((to) => verdict(device, to, 443));
    expect(answers).toEqual(['allow', 'allow', 'deny', 'deny']);
  });

  test('by interface, and what another virtual system decides is not known', () => {
    const device = read(
      rule('pbf', 'sink', { from: 'interface ethernet1/3', application: 'any', action: 'discard' }) +
        pbf('over', { destination: '192.0.2.9', action: 'forward-to-vsys vsys2' }),
    );
    expect(verdict(device, '192.0.2.7', 443)).toBe('allow');
    expect(verdict(device, '192.0.2.9', 443)).toBe('maybe');
  });

  test('a discard that is gone is an opening, and is told by its name', () => {
    const [before, after] = [read(pbf('sink', { destination: '192.0.2.0/24', action: 'discard' })), read('')];
    const { undeclared } = compare(after.pipeline, { pipeline: before.pipeline });
    expect(undeclared.map(({ because }) => because?.rule.rule)).toEqual(['vsys1/pbf sink']);
  });

  test('of an action that nobody knows is blind', () => {
    expect(read(pbf('odd', { action: 'teleport' })).coverage.lines.map(({ state }) => state)).toContain('unrecognized');
  });
});

describe('rules against denial of service', () => {
  const dos = (name: string, words: Readonly<Record<string, string>>): string =>
    rule('dos', name, { from: 'zone inside', to: 'zone outside', ...words });

  test('refuse, allow, or allow up to a rate that no packet shows', () => {
    const device = read(
      dos('known', { destination: '192.0.2.1', action: 'allow' }) +
        dos('never', { destination: '192.0.2.0/30', action: 'deny' }) +
        dos('rate', { destination: '192.0.2.8', action: 'protect', protection: 'aggregate profile flood' }),
    );
    const answers = ['192.0.2.1', '192.0.2.2', '192.0.2.8', '192.0.2.9'].map((to) => verdict(device, to, 443));
    expect(answers).toEqual(['allow', 'deny', 'maybe', 'allow']);
    expect(device.coverage.blind).toEqual([]);
  });
});

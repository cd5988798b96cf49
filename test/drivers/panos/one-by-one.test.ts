import { expect, test } from '@jest/globals';
import { askLine } from '../../../agent/app/index.js';
import { driver } from '../../../agent/drivers/panos/index.js';
import type { Device } from '../../../agent/model/index.js';

const network = `set network interface ethernet ethernet1/1 layer3 ip 203.0.113.1/24
set network interface ethernet ethernet1/2 layer3 ip 10.0.0.1/24
set network virtual-router default interface [ ethernet1/1 ethernet1/2 ]
set zone outside network layer3 ethernet1/1
set zone inside network layer3 ethernet1/2
`;

function read(rules: Readonly<Record<string, string>>): Device {
  const lines = Object.entries(rules).map(([word, value]) => `set rulebase nat rules n ${word} ${value}`);
  const all = ['from any', 'to any', 'source any', 'destination any', 'application any', 'service any', 'action allow'];
  const open = all.map((words) => `set rulebase security rules open ${words}`);
  const text = `${network}${[...lines, ...open].join('\n')}\n`;
  const sections = [{ name: 'config', source: 'config', text }];
  const result = driver.read({ driver: 'panos', device: 'fw', sections }, { device: 'fw' });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

function nat(device: Device, packet: object): unknown {
  const asked = { proto: 'tcp', sport: 40_000, dport: 443, ...packet };
  const answer = askLine(device, JSON.stringify({ id: 1, packet: asked }), { file: 'cases', line: 1 }, false);
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value.nat;
}

const inward = { iif: 'ethernet1/1', oif: 'ethernet1/2', src: '198.51.100.9' };
const common = { to: 'outside', source: 'any', service: 'any' };

test('a destination is translated one by one, or to any of as many that share the work', () => {
  const range = { ...common, from: 'outside', destination: '203.0.113.10-203.0.113.19' };
  const fixed = read({ ...range, 'destination-translation translated-address': '10.0.0.101-10.0.0.110' });
  expect(nat(fixed, { ...inward, dst: '203.0.113.14' })).toEqual({ to: ['10.0.0.105'] });
  const shared = read({ ...range, 'dynamic-destination-translation translated-address': '10.0.0.101-10.0.0.110' });
  expect(nat(shared, { ...inward, dst: '203.0.113.14' })).toEqual({ to: ['10.0.0.101-10.0.0.110'] });
});

test('a source that has a fixed address is translated one by one, in both directions', () => {
  const device = read({
    ...common,
    from: 'inside',
    source: '10.0.0.64-10.0.0.127',
    destination: 'any',
    'source-translation static-ip translated-address': '203.0.113.128-203.0.113.191',
    'source-translation static-ip bi-directional': 'yes',
  });
  const outward = { iif: 'ethernet1/2', oif: 'ethernet1/1', src: '10.0.0.70', dst: '203.0.113.9' };
  expect(nat(device, outward)).toEqual({ source: { to: ['203.0.113.134'] } });
  expect(nat(device, { ...inward, dst: '203.0.113.134' })).toEqual({ to: ['10.0.0.70'] });
});

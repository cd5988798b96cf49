import { expect, test } from '@jest/globals';
import { askLine } from '../../../agent/app/index.js';
import { driver } from '../../../agent/drivers/panos/index.js';
import { compare, openingText } from '../../../agent/exposure/index.js';
import type { Device } from '../../../agent/model/index.js';

const network = `set network interface ethernet ethernet1/1 layer3 ip 203.0.113.1/24
set network interface ethernet ethernet1/2 layer3 ip 10.0.0.1/24
set network virtual-router default interface [ ethernet1/1 ethernet1/2 ]
set zone outside network layer3 ethernet1/1
set zone inside network layer3 ethernet1/2
set service remote protocol tcp port 7022
set service apart protocol tcp
set service apart port 7023
set application ours category networking
`;

function rule(name: string, words: Readonly<Record<string, string>>): string {
  const all = { from: 'outside', to: 'inside', source: 'any', destination: 'any', ...words };
  return Object.entries(all)
    .map(([word, value]) => `set rulebase security rules ${name} ${word} ${value}\n`)
    .join('');
}

function read(text: string): Device {
  const sections = [{ name: 'config', source: 'config', text: network + text }];
  const result = driver.read({ driver: 'panos', device: 'fw', sections }, { device: 'fw' });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

function verdict(device: Device, dport: number, more: object = {}): readonly unknown[] {
  const packet = {
    iif: 'ethernet1/1',
    src: '203.0.113.9',
    dst: '10.0.0.9',
    proto: 'tcp',
    sport: 40_000,
    dport,
    ...more,
  };
  const answer = askLine(device, JSON.stringify({ id: 1, packet }), { file: 'cases', line: 1 }, false);
  if (!answer.ok) throw new Error(answer.error.message);
  return [answer.value.verdict, ...answer.value.assuming.filter((text) => !text.startsWith('the packet leaves'))];
}

const deny = rule('rest', { from: 'any', to: 'any', application: 'any', service: 'any', action: 'deny' });
const none = 'the application is none of those that rules name';
const ssh = 'the application is ssh, which a rule lets through on this port';

test.each([
  ['on the port that the rule names', { application: 'ssh', service: 'remote' }, 7022, ['allow', ssh]],
  ['on another', { application: 'ssh', service: 'remote' }, 7024, ['deny', none]],
  ['on a port that is not its own', { application: 'ssh', service: 'application-default' }, 7022, ['deny', none]],
  ['where no port is named', { application: 'ssh', service: 'any' }, 7022, ['deny', none]],
  ['of one’s own, which nothing recognises', { application: 'ours', service: 'remote' }, 7022, ['deny', none]],
  ['of a rule that denies', { application: 'ssh', service: 'remote', action: 'deny' }, 7022, ['deny', none]],
  ['a port beside the protocol', { application: 'any', service: 'apart' }, 7023, ['allow']],
  ['a port beside the protocol, another', { application: 'any', service: 'apart' }, 7022, ['deny']],
] as const)('an application %s', (_case, words, port, expected) => {
  const device = read(rule('first', { action: 'allow', ...words }) + deny);
  expect(verdict(device, port)).toEqual(expected);
  expect(verdict(device, port, { oif: 'ethernet1/2' })).toEqual(expected);
});

test('a rule without a word about services is for any', () => {
  expect(verdict(read(rule('first', { application: 'any', action: 'allow' }) + deny), 7022)).toEqual(['allow']);
  expect(verdict(read(rule('first', { application: 'any', action: 'deny' })), 7022)).toEqual(['deny']);
});

test('a packet of another application is not let through on the port', () => {
  const device = read(rule('first', { application: 'ssh', service: 'remote', action: 'allow' }) + deny);
  expect(verdict(device, 7022, { app: 'web-browsing' })).toEqual(['deny']);
  expect(verdict(device, 7022, { app: 'ssh' })).toEqual(['allow']);
});

test('response pages of a management profile are four ports in one range', () => {
  const device = read(`set network profiles interface-management-profile pages response-pages yes
set network interface ethernet ethernet1/1 layer3 interface-management-profile pages
${rule('first', { action: 'allow', application: 'any', service: 'any' })}`);
  const opened = compare(device.pipeline).undeclared.filter(({ direction }) => direction === 'input');
  expect(opened.map((one) => openingText(one))).toContain('0.0.0.0/0 → 203.0.113.1 tcp 6080-6083 (in ethernet1/1)');
});

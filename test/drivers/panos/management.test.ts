import { describe, expect, test } from '@jest/globals';
import { answerOf, network, readText, security } from './support.js';

describe('to the device itself', () => {
  const profile = (words: string): string => `set network profiles interface-management-profile p ${words}\n`;
  const on = 'set network interface ethernet ethernet1/2 layer3 interface-management-profile p\n';
  const to = { iif: 'ethernet1/2', oif: 'self', src: '10.0.0.7', dst: '10.0.0.1', dport: 22 };
  const first = (text: string): RegExp => new RegExp(`^${text}\\b`);
  test.each([
    ['no profile', '', to, 'deny'],
    ['a profile with ssh', profile('ssh yes') + on, to, 'allow'],
    ['a profile with ssh, on another interface', profile('ssh yes'), to, 'deny'],
    ['a profile without ssh', profile('https yes') + on, to, 'deny'],
    ['a profile with https', profile('https yes') + on, { ...to, dport: 443 }, 'allow'],
    ['permitted addresses, one of them', profile('ssh yes') + profile('permitted-ip 10.0.0.7') + on, to, 'allow'],
    ['permitted addresses, none of them', profile('ssh yes') + profile('permitted-ip 10.0.0.8') + on, to, 'deny'],
    ['permitted networks', profile('ssh yes') + profile('permitted-ip 10.0.0.0/28') + on, to, 'allow'],
    ['ssh said to be off', profile('ssh no') + on, to, 'deny'],
    [
      'from another zone, which no rule lets there',
      profile('ssh yes') + on,
      { ...to, iif: 'ethernet1/1', src: '198.51.100.9' },
      'deny',
    ],
    [
      'from another zone, which a rule lets there',
      profile('ssh yes') + on + security('m', { from: 'outside', to: 'inside' }),
      { ...to, iif: 'ethernet1/1', src: '198.51.100.9' },
      'allow',
    ],
    [
      'from another zone, which a rule lets to another host there',
      profile('ssh yes') + on + security('m', { from: 'outside', to: 'inside', destination: '10.0.0.8' }),
      { ...to, iif: 'ethernet1/1', src: '198.51.100.9' },
      'deny',
    ],
    [
      'to the address of an interface without a profile',
      profile('ssh yes') + on + security('m', { to: 'dmz' }),
      { ...to, dst: '10.0.9.1' },
      'deny',
    ],
    [
      'a rule that denies it within its zone',
      profile('ssh yes') + on + security('m', { to: 'inside', action: 'deny' }),
      to,
      'deny',
    ],
    [
      'the default within a zone that denies',
      `${profile('ssh yes')}${on}set rulebase default-security-rules rules intrazone-default action deny\n`,
      to,
      'deny',
    ],
  ])('%s', (_what, text, packet, expected) => {
    const device = readText(network + text);
    expect(device.coverage.blind).toEqual([]);
    expect(answerOf(device, packet)).toMatch(first(expected));
  });
});

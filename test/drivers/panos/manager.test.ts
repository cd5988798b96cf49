import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { askLine } from '../../../agent/app/index.js';
import { driver } from '../../../agent/drivers/panos/index.js';
import { compare } from '../../../agent/exposure/index.js';
import type { Device } from '../../../agent/model/index.js';

const text = readFileSync(join(process.cwd(), 'test/recordings/panos/two-clinics/panorama.txt'), 'utf8');
const [NORTH, SOUTH] = ['007000000001', '007000000002'] as const;

function read(config: string): Device {
  const sections = [{ name: 'config', source: 'config', text: config }];
  const result = driver.read({ driver: 'panos', device: 'manager', sections }, { device: 'manager' });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

const device = read(text);

function verdict(one: Device, serial: string | undefined, packet: Readonly<Record<string, unknown>>): string {
  const at = serial === undefined ? {} : { device: serial };
  const answer = askLine(one, JSON.stringify({ id: 1, at, packet }), { file: 'test', line: 1 }, false);
  return answer.ok
    ? [answer.value.verdict, answer.value.because[0]?.rule ?? ''].join(' ').trim()
    : answer.error.message;
}

const toServers = (dst: string, dport: number, proto = 'tcp') => ({
  fromZone: 'wards',
  toZone: 'servers',
  src: '198.51.100.7',
  dst,
  proto,
  sport: 40000,
  dport,
});

describe('the firewalls of a manager', () => {
  test.each([
    ['a shared rule goes before all', NORTH, toServers('192.0.2.10', 23), 'deny shared/pre no-telnet'],
    ['what the group above permits', NORTH, toServers('192.0.2.99', 104), 'allow device-group/hospitals/pre images'],
    ['the nearest object holds', NORTH, toServers('192.0.2.10', 80), 'allow device-group/hospitals/post print'],
    ['and not that of the group above', NORTH, toServers('192.0.2.9', 80), 'deny vsys1/interzone-default'],
    [
      'who has none of its own has the shared',
      SOUTH,
      toServers('192.0.2.9', 80),
      'allow device-group/hospitals/post print',
    ],
    ['a shared rule behind all', SOUTH, toServers('192.0.2.53', 53, 'udp'), 'allow shared/post names'],
    ['a rule for another firewall', NORTH, toServers('192.0.2.99', 4711), 'deny vsys1/interzone-default'],
  ])('%s', (_, serial, packet, expected) => expect(verdict(device, serial, packet)).toBe(expected));

  test('translate in the zones of their own templates', () => {
    const packet = { src: '198.18.0.1', dst: '203.0.113.80', proto: 'tcp', sport: 40000, dport: 443 };
    const through = { ...packet, iif: 'ethernet1/3', oif: 'ethernet1/2' };
    expect(verdict(device, SOUTH, through)).toBe('allow device-group/south/pre portal');
    expect(verdict(device, NORTH, through)).toBe('deny the device');
  });

  test('have the values of the first template, and of variables those that are nearest', () => {
    const south = device.managed![SOUTH]!;
    expect(Object.keys(south.zones!)).toEqual(['wards', 'servers', 'outside']);
    const wards = south.reach!['ethernet1/1']!.ip4;
    expect(wards).toEqual([0xc633_c800, 0xc633_c8ff]);
    // 192.0.2.1 of the template that goes before, and not 192.0.2.200 of the one behind.
    expect(south.localAddresses!.ip4).toContain(0xc000_0201);
    expect(south.localAddresses!.ip4).not.toContain(0xc000_02c8);
    expect(device.managed![NORTH]!.reach!['ethernet1/1']!.ip4).toEqual([0xc633_6400, 0xc633_64ff]);
  });

  test('are asked apart, and together with their serial numbers before their interfaces', () => {
    const packet = { ...toServers('192.0.2.9', 80), fromZone: undefined, toZone: undefined };
    const on = (serial: string) => ({ ...packet, iif: `${serial}/ethernet1/1`, oif: `${serial}/ethernet1/2` });
    expect(verdict(device, undefined, on(SOUTH))).toBe('allow device-group/hospitals/post print');
    expect(verdict(device, undefined, on(NORTH))).toBe('deny vsys1/interzone-default');
    const between = { ...on(SOUTH), oif: `${NORTH}/ethernet1/2` };
    expect(verdict(device, undefined, between)).toMatch(/^deny/);
    expect(verdict(device, '0815', on(SOUTH))).toBe('there is no managed device 0815');
  });

  test('every line is understood, and what the firewalls have themselves is not in it', () => {
    expect(device.coverage.lines.filter(({ state }) => !['modelled', 'irrelevant'].includes(state))).toEqual([]);
    expect(device.coverage.blind).toEqual([
      'this is the configuration of a manager: the rules that stand on its firewalls are not in it',
    ]);
  });

  test('a switch turns the precedence of objects round', () => {
    const turned = read(`${text}set deviceconfig setting management ancestor-objects-take-precedence yes\n`);
    expect(verdict(turned, NORTH, toServers('192.0.2.9', 80))).toBe('allow device-group/hospitals/post print');
  });

  test('a rule that is put into a group opens every firewall of it, by its name', () => {
    const rule = 'set device-group hospitals pre-rulebase security rules vendor';
    const words = ['from any', 'to servers', 'source any', 'destination any', 'application any', 'service any'];
    const after = read(`${text}${[...words, 'action allow'].map((word) => `${rule} ${word}\n`).join('')}`);
    const { undeclared } = compare(after.pipeline, { pipeline: device.pipeline });
    const names = new Set(undeclared.map(({ because }) => because?.rule.rule));
    expect([...names]).toEqual(['device-group/hospitals/pre vendor']);
  });

  test('a chain of groups that bites its tail, and a variable without a value, are told', () => {
    const ring = read(`${text}set readonly devices localhost.localdomain device-group hospitals parent-dg north\n`);
    expect(ring.coverage.blind.join('\n')).toMatch(/the device group \w+ is within itself/);
    const empty = read(text.replaceAll(/^set template.* variable \$wards.*$/gm, ''));
    expect(empty.coverage.blind.join('\n')).toContain('the value of the variable $wards for 007000000001');
  });
});

describe('set commands that come again', () => {
  test('of a setting with one value the later one holds', () => {
    const rule = 'set rulebase security rules a';
    const words = ['from any', 'to any', 'source any', 'destination any', 'application any', 'service any'];
    const config = [...words, 'action deny', 'action allow'].map((word) => `${rule} ${word}\n`).join('');
    const one = read(`set zone inside network layer3 ethernet1/1\n${config}`);
    expect(one.coverage.blind).toEqual([]);
    expect(verdict(one, undefined, { iif: 'ethernet1/1', oif: 'ethernet1/1', proto: 'tcp', dport: 1 })).toBe(
      'allow vsys1/a',
    );
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { askLine } from '../../../agent/app/index.js';
import { driver } from '../../../agent/drivers/panos/index.js';
import type { Device } from '../../../agent/model/index.js';

function readText(text: string, name = 'config'): Device {
  const sections = [{ name, source: name, text }];
  const result = driver.read({ driver: 'panos', device: 'fw', sections }, { device: 'fw' });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

function recording(path: string): Device {
  return readText(readFileSync(join(process.cwd(), 'test', 'recordings', 'panos', path), 'utf8'), path);
}

function verdict(device: Device, packet: Readonly<Record<string, unknown>>): string {
  const answer = askLine(device, JSON.stringify({ id: 1, packet }), { file: 'test', line: 1 }, false);
  if (!answer.ok) throw new Error(answer.error.message);
  const { verdict: said, because, assuming } = answer.value;
  return [said, because[0]?.rule ?? '', ...assuming].join(' | ');
}

const tcp = (fromZone: string, toZone: string, src: string, dst: string, dport: number, more = {}) => ({
  fromZone,
  toZone,
  src,
  dst,
  proto: 'tcp',
  sport: 40000,
  dport,
  ...more,
});

describe('a ward in XML', () => {
  const device = recording('ward-xml/running-config.xml');

  test.each([
    [
      'what has the tag of the infected may be dropped',
      tcp('ward', 'servers', '192.0.2.7', '203.0.113.20', 104),
      'maybe',
    ],
    [
      'a name that looks like an address is the name',
      tcp('ward', 'servers', '192.0.2.98', '203.0.113.20', 104),
      'deny',
    ],
    ['only from high ports', tcp('ward', 'servers', '192.0.2.7', '203.0.113.20', 104, { sport: 80 }), 'deny'],
    ['behind the range of the group', tcp('ward', 'servers', '192.0.2.7', '203.0.113.30', 104), 'deny'],
    [
      'the address before translation, the zone after',
      tcp('internet', 'servers', '198.51.100.77', '198.51.100.20', 443),
      'maybe',
    ],
    [
      'the address after translation is nobody’s',
      tcp('internet', 'servers', '198.51.100.77', '203.0.113.20', 443),
      'deny',
    ],
    ['a rule that is switched off', tcp('ward', 'internet', '192.0.2.7', '203.0.114.1', 80), 'deny'],
    ['within a zone', tcp('ward', 'ward', '192.0.2.7', '192.0.2.8', 80), 'maybe'],
    [
      'ssh to the firewall, of whom has no tag of the infected',
      { iif: 'ethernet1/2', oif: 'self', src: '192.0.2.10', dst: '192.0.2.1', proto: 'tcp', dport: 22 },
      'maybe',
    ],
    [
      'ssh from elsewhere',
      { iif: 'ethernet1/2', oif: 'self', src: '192.0.2.11', dst: '192.0.2.1', proto: 'tcp', dport: 22 },
      'deny',
    ],
    [
      'telnet to the firewall',
      { iif: 'ethernet1/2', oif: 'self', src: '192.0.2.10', dst: '192.0.2.1', proto: 'tcp', dport: 23 },
      'deny',
    ],
    [
      'the management port',
      { iif: 'management', oif: 'self', src: '192.0.2.10', dst: '192.0.2.9', proto: 'tcp', dport: 443 },
      'allow',
    ],
  ])('%s', (_, packet, expected) => {
    expect(verdict(device, packet).split(' | ')[0]).toBe(expected);
  });

  test('every line is understood', () => {
    expect(device.coverage.blind).toEqual([]);
    expect(device.coverage.lines.filter(({ state }) => !['modelled', 'irrelevant'].includes(state))).toEqual([]);
  });
});

describe('a branch that Panorama manages, as commands', () => {
  const device = recording('branch-set/branch.txt');

  test.each([
    [
      'a pushed rule goes first',
      tcp('inside', 'outside', '192.0.2.5', '203.0.113.9', 23),
      'deny | vsys1/pushed block-telnet | the application is telnet, on whose default ports the packet is',
    ],
    [
      'an application of one’s own',
      tcp('outside', 'inside', '203.0.113.5', '192.0.2.50', 4711),
      'allow | vsys1/billing | the application is billing, on whose default ports the packet is',
    ],
    [
      'another on its port',
      tcp('outside', 'inside', '203.0.113.5', '192.0.2.50', 4711, { app: 'ssh' }),
      'deny | vsys1/interzone-default',
    ],
    ['at night', tcp('inside', 'outside', '192.0.2.5', '203.0.113.9', 9), 'maybe | '],
    [
      'a pushed rule behind them',
      tcp('inside', 'outside', '192.0.2.5', '198.51.100.9', 443),
      'allow | vsys1/pushed web | the application is ssl, on whose default ports the packet is',
    ],
    [
      'the default was changed',
      tcp('inside', 'inside', '192.0.2.5', '192.0.2.6', 80),
      'deny | vsys1/intrazone-default | the application is web-browsing, on whose default ports the packet is',
    ],
  ])('%s', (_, packet, expected) => {
    expect(verdict(device, packet).startsWith(expected) || verdict(device, packet)).toBe(true);
  });

  test('every line is understood, and without the pushed rules nothing is clean', () => {
    expect(device.coverage.blind).toEqual([]);
    const text = readFileSync(join(process.cwd(), 'test/recordings/panos/branch-set/branch.txt'), 'utf8');
    const alone = readText(text.replace(/^set policy .*\n/gm, ''));
    expect(alone.coverage.blind).toEqual([
      'Panorama manages this firewall, and the rules that it pushed are not in this capture',
    ]);
  });
});

describe('two systems in braces', () => {
  const device = recording('lab-braces/lab.cfg');

  test.each([
    ['a rule for within a zone', tcp('red', 'red', '198.51.100.2', '198.51.100.3', 80), 'deny'],
    ['the override says what it is', tcp('blue', 'blue', '192.0.2.2', '192.0.2.3', 9001), 'allow'],
    ['not on that port', tcp('blue', 'blue', '192.0.2.2', '192.0.2.3', 9006), 'deny'],
    ['ssh', tcp('blue', 'blue', '192.0.2.2', '192.0.2.3', 22), 'allow'],
    ['from one system to the other', tcp('blue', 'red', '192.0.2.2', '198.51.100.3', 22), 'deny'],
  ])('%s', (_, packet, expected) => {
    expect(verdict(device, packet).split(' | ')[0]).toBe(expected);
  });

  test('every line is understood', () => expect(device.coverage.blind).toEqual([]));
});

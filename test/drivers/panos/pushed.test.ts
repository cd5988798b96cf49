import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { askLine } from '../../../agent/app/index.js';
import type { Section } from '../../../agent/drivers/contract.js';
import { driver } from '../../../agent/drivers/panos/index.js';
import type { Device } from '../../../agent/model/index.js';

const folder = join(process.cwd(), 'test/recordings/panos/managed-two-systems');
const file = (name: string): string => readFileSync(join(folder, name), 'utf8');
const texts = {
  'running-config': file('running-config.xml'),
  'pushed-policy': file('pushed-policy.xml'),
  'vsys1-pushed-vsys': file('vsys1-pushed-vsys.xml'),
  'vsys2-pushed-vsys': file('vsys2-pushed-vsys.txt'),
  'pushed-template': file('pushed-template.xml'),
};

function read(changes: Readonly<Record<string, string | undefined>> = {}, failed?: string): Device {
  const sections = Object.entries({ ...texts, ...changes }).flatMap(([name, text]): readonly Section[] => {
    const failure = { kind: 'missing-right', problem: { code: 'DENIED', message: 'refused' } } as const;
    if (name === failed) return [{ name, source: name, text: '', failure }];
    return text === undefined ? [] : [{ name, source: name, text }];
  });
  const result = driver.read({ driver: 'panos', device: 'fw', sections }, { device: 'fw' });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

function verdict(device: Device, dst: string, dport: number): string {
  const packet = { fromZone: 'wards', toZone: 'servers', src: '198.51.100.7', dst, proto: 'tcp', sport: 40000, dport };
  const answer = askLine(device, JSON.stringify({ id: 1, packet }), { file: 't', line: 1 }, false);
  return answer.ok ? [answer.value.verdict, answer.value.because[0]?.rule ?? ''].join(' ') : answer.error.message;
}

const all = read();

describe('what a manager has given a firewall', () => {
  test.each([
    ['rules for all systems go first', '192.0.2.40', 23, 'deny vsys vsys1/pushed no-telnet'],
    ['then those for this one, with the objects of all', '192.0.2.40', 104, 'allow vsys vsys1/pushed images'],
    ['then its own', '192.0.2.41', 80, 'allow vsys vsys1/local'],
    ['then those behind', '192.0.2.41', 443, 'deny vsys vsys1/pushed nothing-else'],
  ])('%s', (_, dst, dport, expected) => expect(verdict(all, dst, dport)).toBe(expected));

  test('zones and interfaces of a template are the firewall’s, and every line is understood', () => {
    expect(all.pipeline.zones).toMatchObject({
      wards: ['ethernet1/1'],
      servers: ['ethernet1/2'],
      lab: ['ethernet1/4'],
    });
    expect(all.coverage.blind).toEqual([]);
    expect(all.coverage.lines.filter(({ state }) => !['modelled', 'irrelevant'].includes(state))).toEqual([]);
    expect(all.managed).toBeUndefined();
  });

  test('an entry of its own goes before the template’s whole entry of that name', () => {
    const toIt = { iif: 'ethernet1/1', oif: 'self', src: '198.51.100.7', dst: '198.51.100.1', proto: 'tcp', dport: 22 };
    const ask = (device: Device): string => {
      const answer = askLine(device, JSON.stringify({ id: 1, packet: toIt }), { file: 't', line: 1 }, false);
      return answer.ok ? answer.value.verdict : answer.error.message;
    };
    const without = texts['running-config'].replace(/<profiles>[\s\S]*<\/profiles>/, '');
    // A rule that denies all the rest denies what is meant for the firewall too.
    const denying = texts['vsys1-pushed-vsys'];
    const letting = denying.replace(/(?<=<entry name="nothing-else"[\s\S]*?<action>)deny/, 'allow');
    expect(letting).not.toBe(denying);
    const withTexts = (policy: string, config: string): string =>
      ask(read({ 'vsys1-pushed-vsys': policy, 'running-config': config }));
    expect(withTexts(denying, texts['running-config'])).toBe('deny');
    expect(withTexts(letting, texts['running-config'])).toBe('deny');
    expect(withTexts(denying, without)).toBe('deny');
    expect(withTexts(letting, without)).toBe('allow');
  });

  test.each<[string, Readonly<Record<string, string | undefined>>, string | undefined, RegExp]>([
    ['rules of one system', { 'vsys1-pushed-vsys': undefined }, undefined, /pushed to vsys1 are not in this capture/],
    ['rules of one system, refused', {}, 'vsys2-pushed-vsys', /pushed to vsys2 are not in this capture/],
    ['rules, refused', {}, 'pushed-policy', /pushed-policy: refused/],
    ['the template, refused', {}, 'pushed-template', /pushed-template: refused/],
    [
      'another thing than rules',
      { 'pushed-policy': '<config><devices><entry name="x"><network/></entry></devices></config>' },
      undefined,
      /not expected of what was pushed/,
    ],
  ])('no verdict is clean without %s', (_, changes, failed, expected) => {
    expect(read(changes, failed).coverage.blind.join('\n')).toMatch(expected);
  });

  test('a firewall whose zones stand elsewhere is blind without its template', () => {
    const one = texts['running-config'].replace(/<entry name="vsys2">[\s\S]*?<\/zone>\s*<\/entry>/, '');
    const only = { 'running-config': one, 'vsys2-pushed-vsys': undefined, 'pushed-template': undefined };
    expect(read(only).coverage.blind.join()).toContain(
      'what its templates give, such as zones, is not in this capture',
    );
    const local = { 'pushed-template': undefined };
    expect(read(local).coverage.notCovered.join()).toContain('what its templates give');
  });

  test('a firewall of one system refuses to be asked for it, and is not blind for that', () => {
    const one = texts['running-config'].replace(/<entry name="vsys2">[\s\S]*?<\/zone>\s*<\/entry>/, '');
    const device = read({ 'running-config': one, 'vsys2-pushed-vsys': undefined }, 'vsys1-pushed-vsys');
    expect(device.coverage.blind).toEqual([]);
    expect(verdict(device, '192.0.2.40', 23)).toBe('deny vsys1/pushed no-telnet');
  });

  test('a template within an exported configuration makes no manager of a firewall', () => {
    const inner = texts['pushed-template'].replace(/^[\s\S]*?(?=<template>)|<\/result>[\s\S]*$/g, '');
    const whole = texts['running-config'].replace('</config>', `${inner}</config>`);
    const device = read({ 'running-config': whole, 'pushed-template': undefined });
    expect(device.managed).toBeUndefined();
    expect(device.pipeline.zones).toMatchObject({ wards: ['ethernet1/1'] });
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Section } from '../../../agent/drivers/contract.js';
import { driver } from '../../../agent/drivers/panos/index.js';
import { compare } from '../../../agent/exposure/index.js';
import type { Device } from '../../../agent/model/index.js';
import { compose } from '../../judge/devices.js';

const folder = join(process.cwd(), 'test/recordings/panos/one-of-a-pair');
const file = (name: string): string => readFileSync(join(folder, name), 'utf8');
const texts = {
  'running-config': file('running-config.xml'),
  'pushed-policy': '',
  'candidate-config': file('candidate-config.xml'),
  'high-availability': file('high-availability.txt'),
};

function read(changes: Readonly<Record<string, string>> = {}, failed?: string): Device {
  const sections = Object.entries({ ...texts, ...changes }).map(([name, text]): Section => {
    const failure = { kind: 'missing-right', problem: { code: 'DENIED', message: 'refused' } } as const;
    return { name, source: name, text: name === failed ? '' : text, ...(name === failed && { failure }) };
  });
  const result = driver.read({ driver: 'panos', device: 'fw', sections }, { device: 'fw' });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

describe('what nobody has committed yet', () => {
  test('is a state that comes by the next commit, and does not hold now', () => {
    const device = read();
    const [later] = device.later!;
    expect(later).toMatchObject({ kind: 'candidate', returnsWhen: 'once the candidate configuration is committed' });
    const { undeclared } = compare(later!.pipeline, { pipeline: device.pipeline });
    expect(undeclared.map(({ because }) => because?.rule.rule)).toEqual(['vsys1/portal']);
    expect(undeclared[0]!.because!.rule.file).toBe('candidate-config');
    expect(device.coverage.blind).toEqual([]);
  });

  test('is told as what comes back, until it is committed or reverted', () => {
    const now = read();
    const approved = read({ 'candidate-config': texts['running-config'] });
    const found = compose(now, { approved }).undeclared.map(({ kind, latent }) => [kind, latent?.returnsWhen]);
    expect(found).toEqual([['rule', 'once the candidate configuration is committed']]);
    expect(compose(approved, { approved: now }).undeclared).toEqual([]);
  });

  test('is nothing where it filters as what holds does', () => {
    expect(read({ 'candidate-config': texts['running-config'] }).later).toBeUndefined();
    const renamed = texts['running-config'].replace('edge-a', 'edge-b');
    expect(read({ 'candidate-config': renamed })).not.toHaveProperty('later');
  });

  test.each<[string, Readonly<Record<string, string>>, string]>([
    ['was refused', {}, 'candidate-config'],
    ['was cut off', { 'candidate-config': texts['candidate-config'].slice(0, 2000) }, ''],
    ['is not understood', { 'candidate-config': texts['candidate-config'].replaceAll('rulebase>', 'rulesbase>') }, ''],
    ['names what is not there', { 'candidate-config': texts['candidate-config'].replace('192.0.2.80', 'nobody') }, ''],
  ])('is not known where it %s, and what holds is', (_, changes, failed) => {
    const device = read(changes, failed);
    expect(device.laterUnknown).toEqual(['candidate']);
    expect(device.coverage.blind).toEqual([]);
    expect(device.coverage.notCovered.join()).toContain('changes that nobody has committed yet');
    expect(device.coverage.lines.map(({ state }) => state)).not.toContain('unrecognized');
  });

  test('is judged with what the manager pushed', () => {
    const pushed = `policy { panorama { pre-rulebase { security { rules {
      never { from any; to any; source any; destination any; application any; service any; action deny; } } } } } }`;
    const device = read({ 'pushed-policy': pushed });
    expect(compare(device.later![0]!.pipeline, { pipeline: device.pipeline }).undeclared).toEqual([]);
  });
});

describe('one of a pair', () => {
  const swapped = texts['high-availability']
    .replace('State: active', 'State: PASSIVE')
    .replace('State: passive', 'State: active')
    .replace('State: PASSIVE', 'State: passive')
    .replace('100.11/24', '100.99/24')
    .replace('100.12/24', '100.11/24')
    .replace('100.99/24', '100.12/24');

  test('says who answered, and that the other was not read', () => {
    const { availability, coverage } = read();
    expect(availability).toMatchObject({
      member: '198.51.100.11',
      members: [
        { name: '198.51.100.11', role: 'active' },
        { name: '198.51.100.12', role: 'standby' },
      ],
      origin: { file: 'high-availability', rule: 'high-availability', text: 'Mode: Active-Passive' },
    });
    expect(availability!.outOfStep).toBeUndefined();
    expect(coverage.notCovered.join()).toContain('Read was the member 198.51.100.11, and not 198.51.100.12 (standby)');
  });

  test('after a failover another member answers, and nothing has changed', () => {
    const own = texts['running-config'].replace('edge-a', 'edge-b').replace('>198.51.100.11<', '>198.51.100.12<');
    const [before, after] = [read(), read({ 'high-availability': swapped, 'running-config': own })];
    expect(after.availability!.member).toBe('198.51.100.12');
    expect(after.availability!.members[0]!.role).toBe('standby');
    const both = compare(after.pipeline, { pipeline: before.pipeline, withClosed: true });
    expect([both.undeclared, both.closed]).toEqual([[], []]);
    expect(after.facts.filter(({ ofMember }) => !ofMember).map(({ subject, value }) => [subject, value])).toEqual(
      before.facts.filter(({ ofMember }) => !ofMember).map(({ subject, value }) => [subject, value]),
    );
  });

  test.each<[string, string, object]>([
    [
      'that do not hold the same',
      texts['high-availability'].replace(': synchronized', ': not synchronized'),
      { outOfStep: 'running configuration: not synchronized' },
    ],
    [
      'that keep apart',
      texts['high-availability'].replace('    Enabled: yes', '    Enabled: no'),
      { outOfStep: 'their configurations are not synchronized (it is switched off)' },
    ],
    [
      'of which one would not take over',
      texts['high-availability'].replace('State: passive', 'State: suspended'),
      { members: [{}, { role: 'failed' }] },
    ],
    [
      'that do not hear each other',
      texts['high-availability'].replace('status: up', 'status: down'),
      { members: [{}, { role: 'unknown' }] },
    ],
    [
      'that share the work',
      texts['high-availability'].replace('State: passive', 'State: active-secondary'),
      { members: [{}, { role: 'active' }] },
    ],
  ])('members %s', (_, text, expected) => {
    expect(read({ 'high-availability': text }).availability).toMatchObject(expected);
  });

  test('a firewall that stands alone says so; another answer is said as not understood', () => {
    const alone = read({ 'high-availability': '\nHA not enabled\n' });
    expect(alone.availability).toBeUndefined();
    expect(alone.coverage.notCovered.join()).not.toContain('one of a pair');
    expect(read({ 'high-availability': 'whatever\n' }).coverage.notCovered.join()).toContain('one of a pair');
    expect(read({}, 'high-availability').coverage.blind).toEqual([]);
  });
});

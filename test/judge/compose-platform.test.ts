import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { drivers, readingOf } from '../../agent/app/index.js';
import { compareVersions } from '../../agent/drivers/shared/index.js';
import type { AccessFact, Device } from '../../agent/model/index.js';
import { compose, firewall, host, watch } from './devices.js';

/** A policy that denies everything stands before one that lets a partner in by a virtual IP: the version decides. */
const recorded = readFileSync('test/recordings/fortios/clinic-74/configuration.txt', 'utf8');
const policy = (id: number): string =>
  new RegExp(`^    edit ${id}\\n(?:        .*\\n)*    next\\n`, 'm').exec(recorded)![0];
const partner = policy(11);
const deny = policy(12);
const denyFirst = recorded.replace(partner + deny, deny + partner);
const vendor = `    edit 99
        set name "vendor-test"
        set srcintf "wan1"
        set dstintf "medical"
        set action accept
        set srcaddr "all"
        set dstaddr "all"
        set schedule "always"
        set service "ALL"
    next
`;

function of(version: string, text = denyFirst, defaultsOf?: string): Device {
  const header = text.replace('-7.4.3-', `-${version}-`);
  const sections = [{ name: 'configuration', source: 'show full-configuration', text: header }];
  const { model, blind } = readingOf([{ driver: 'fortios', device: 'fw', sections }], 'fw', drivers, 0, defaultsOf);
  if (!model) throw new Error(blind.join('\n'));
  return model;
}

function told(now: { readonly version: string; readonly text?: string }, approved: Device) {
  const device = of(now.version, now.text);
  const changes = ['match-vip'];
  const under = of(now.version, now.text, approved.version);
  const same = compareVersions(device.version!, approved.version!) === 0;
  return compose(device, { approved, ...(!same && { otherVersion: { under, changes } }) });
}

describe('another version of the platform', () => {
  test('is stated, and reading by the defaults of another is that one’s reading', () => {
    expect(of('7.0.12').version).toBe('7.0.12');
    expect(of('7.0.12', denyFirst, '7.4.3').pipeline).toEqual(of('7.4.3').pipeline);
    expect(of('7.0.12').pipeline).not.toEqual(of('7.4.3').pipeline);
  });

  test('what opens by it alone is one finding', () => {
    const { undeclared, missing, blind } = told({ version: '7.0.12' }, of('7.4.3'));
    expect(blind).toEqual([]);
    expect(missing).toEqual([]);
    expect(undeclared).toEqual([
      expect.objectContaining({
        id: 'platform',
        kind: 'rule',
        platform: { from: '7.4.3', to: '7.0.12' },
        summary: expect.stringMatching(/^fw runs 7\.0\.12 and ran 7\.4\.3.*1 rule lets through more.*8104.*match-vip$/),
      }),
    ]);
  });

  test('what is cut by it alone is one finding, and no flow is called missing besides', () => {
    const { undeclared, missing } = told({ version: '7.4.3' }, of('7.0.12'));
    expect(missing).toEqual([]);
    expect(undeclared).toEqual([
      expect.objectContaining({ id: 'platform', kind: 'fact', factCode: 'PLATFORM_CHANGED' }),
    ]);
  });

  test('what somebody changed besides is told by itself', () => {
    const text = denyFirst.replace('config firewall policy\n', `config firewall policy\n${vendor}`);
    const { undeclared } = told({ version: '7.0.12', text }, of('7.4.3'));
    expect(undeclared.map(({ platform, place }) => [platform !== undefined, place?.rule])).toEqual(
      expect.arrayContaining([[false, expect.stringContaining('99')]]),
    );
    const cut = told({ version: '7.4.3', text: denyFirst.replace(policy(15), '') }, of('7.0.12'));
    expect(cut.missing).not.toEqual([]);
    expect(cut.undeclared.map(({ id }) => id)).toEqual(['platform']);
  });

  test('a version that means the same is nothing to tell', () => {
    const { undeclared, missing } = told({ version: '7.4.9' }, of('7.4.4'));
    expect([undeclared, missing]).toEqual([[], []]);
  });

  test('facts that differ by it alone belong to it; others do not', () => {
    const fact = (subject: string, value: string): AccessFact => ({
      kind: 'logging',
      subject,
      value,
      origin: { file: 'f', line: 1, rule: subject, text: value },
    });
    const version = (number: string, ...facts: readonly AccessFact[]): Device => host([], { facts, version: number });
    const approved = version('1', fact('denied', 'all'), fact('allowed', 'all'));
    const now = version('2', fact('denied', 'none'), fact('allowed', 'some'));
    const under = version('2', fact('denied', 'all'), fact('allowed', 'some'));
    const { undeclared } = compose(now, { approved, otherVersion: { under, changes: [] } });
    expect(undeclared.map(({ factCode, summary }) => `${factCode} ${summary}`)).toEqual([
      'LOGGING_OFF allowed on web: all → some',
      'PLATFORM_CHANGED web runs 2 and ran 1, which means something else by what is not written: denied on web: all → none',
    ]);
  });
});

test('it lasts until it is approved or written out, and is no other finding’s heir', () => {
  const shut = { ...firewall([]), version: '1' };
  const rule = 'iifname "wan0" oifname "dmz0" tcp dport 443 accept';
  const other = { under: { ...shut, version: '2' }, changes: [] };
  const guard = watch(shut, { otherVersion: other });
  guard.read(0, shut);
  guard.read(5, { ...firewall([rule]), version: '2' });
  guard.read(10, { ...firewall([rule]), version: '2' });
  guard.read(15, { ...shut, version: '2' });
  expect(guard.rows().map((row) => row.split(' ').slice(0, 2).join(' '))).toEqual([
    '5 PLATFORM_CHANGED',
    '15 RESOLVED',
  ]);
});

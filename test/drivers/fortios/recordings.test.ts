import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { driver } from '../../../agent/drivers/fortios/index.js';
import type { Device } from '../../../agent/model/index.js';
import { conditionText, stepText } from '../iptables/digest.js';
import { deviceOf, folderOf, isClean, readText, recordings, textOf, verdictOf } from './support.js';

/** A model as a person would write it down. */
function digest({ pipeline, coverage, facts }: Device): object {
  const states: Record<string, number> = {};
  for (const { state } of coverage.lines) states[state] = (states[state] ?? 0) + 1;
  return {
    bases: pipeline.bases.map(({ list, hook, policy }) => `${list} at ${hook}, policy ${policy}`),
    lists: Object.fromEntries(
      pipeline.lists.map(({ id, families, rules }) => [
        `${id} (${families.join(', ')})`,
        rules.map(({ origin, steps, disabled }) => {
          const text = steps.map((step) => (step.kind === 'dispatch' ? dispatchText(step) : stepText(step)));
          return `${origin.line} ${origin.rule}${disabled ? ' (off)' : ''}: ${text.join(' → ')}`;
        }),
      ]),
    ),
    zones: pipeline.zones,
    facts: facts.map(({ kind, subject, value }) => `${kind} ${subject}: ${value}`),
    states,
    rules: coverage.rules,
    reasons: coverage.lines
      .filter(({ reason }) => reason !== undefined)
      .map(({ line, state, reason }) => `${line} ${state}: ${reason}`),
    notCovered: coverage.notCovered,
    blind: coverage.blind,
  };
}

function dispatchText({
  cases,
}: Extract<Device['pipeline']['lists'][0]['rules'][0]['steps'][0], { kind: 'dispatch' }>) {
  return cases.map(({ condition, actions }) => `${conditionText(condition)}: ${actions.map(stepText)}`).join('; ');
}

describe('recordings of FortiOS', () => {
  test('there are enough of them', () => expect(recordings.length).toBeGreaterThanOrEqual(3));

  test.each(recordings)('%s is read as expected, and cleanly', (name) => {
    const file = join(folderOf(name), 'expected.json');
    const found = JSON.parse(JSON.stringify(digest(deviceOf(textOf(name)))));
    // After a deliberate change: write the expectations anew and read the difference before it is committed.
    if (process.env.ECLUSE_WRITE_RECORDINGS === '1') writeFileSync(file, `${JSON.stringify(found, undefined, 2)}\n`);
    expect(found).toEqual(JSON.parse(readFileSync(file, 'utf8')));
    expect(isClean(readText(textOf(name)))).toBe(true);
    expect(driver.identify([{ name: 'a', source: 'a', text: textOf(name) }])).not.toBe('no');
  });
});

const tcp = (src: string, dst: string, dport: number): object => ({ src, dst, proto: 'tcp', sport: 40000, dport });

describe('packets through clinic-74', () => {
  const device = deviceOf(textOf('clinic-74'));
  test.each([
    [
      'the vendor, while it is open',
      { iif: 'wan1', oif: 'imaging', ...tcp('203.0.113.17', '198.51.100.3', 8104) },
      'maybe',
    ],
    [
      'the vendor, from elsewhere',
      { iif: 'wan1', oif: 'imaging', ...tcp('203.0.113.99', '198.51.100.3', 8104) },
      'deny (firewall policy 12)',
    ],
    [
      'a user to the archive',
      { iif: 'lan', toZone: 'medical', ...tcp('10.20.3.3', '10.30.0.10', 104) },
      'allow (firewall policy 13)',
    ],
    [
      'a user to another port',
      { iif: 'lan', oif: 'imaging', ...tcp('10.20.3.3', '10.30.0.10', 22) },
      'deny (policy 0)',
    ],
    [
      'within the zone',
      { iif: 'lab', oif: 'imaging', ...tcp('10.40.0.2', '10.30.0.10', 22) },
      'allow (system zone medical intrazone)',
    ],
    [
      'the web, unless inspection ends it',
      { iif: 'lan', oif: 'wan1', ...tcp('10.20.3.3', '192.0.2.80', 443) },
      'maybe',
    ],
    ['the web, another port', { iif: 'lan', oif: 'wan1', ...tcp('10.20.3.3', '192.0.2.80', 80) }, 'deny (policy 0)'],
    [
      'IPv6 to the web is under the same policy',
      { iif: 'lan', oif: 'wan1', ...tcp('2001:db8:20::5', '2001:db8::1', 443) },
      'maybe',
    ],
    [
      'administration from a trusted host',
      { iif: 'lan', oif: 'self', ...tcp('10.20.9.5', '10.20.0.1', 8443) },
      'allow (system interface lan allowaccess)',
    ],
    [
      'administration from elsewhere',
      { iif: 'lan', oif: 'self', ...tcp('10.20.8.5', '10.20.0.1', 8443) },
      'deny (policy 0)',
    ],
    [
      'administration from outside',
      { iif: 'wan1', oif: 'self', ...tcp('10.20.9.5', '198.51.100.2', 8443) },
      'deny (policy 0)',
    ],
    [
      'a local-in policy',
      { iif: 'wan1', oif: 'self', src: '192.0.2.1', dst: '198.51.100.2', proto: 'icmp', icmpType: 8, icmpCode: 0 },
      'deny (firewall local-in-policy 1)',
    ],
    [
      'the tunnel',
      { iif: 'wan1', oif: 'self', src: '203.0.113.200', dst: '198.51.100.2', proto: 'udp', sport: 500, dport: 500 },
      'allow (vpn ipsec phase1-interface to-hq)',
    ],
  ])('%s', (_case, packet, expected) => expect(verdictOf(device, packet)).toBe(expected));

  test.each([
    [{ object: { kind: 'service', name: 'imaging-services' } }, { proto: 'tcp', dport: 11112 }, 'allow'],
    [{ object: { kind: 'service', name: 'imaging-services' } }, { proto: 'tcp', dport: 443 }, 'no-match'],
    [{ object: { kind: 'address', name: 'medical-servers' } }, { src: '10.30.0.10' }, 'allow'],
    [{ object: { kind: 'address', name: 'medical-servers' } }, { src: '10.30.0.11' }, 'no-match'],
  ])('%j, %j: %s', (at, packet, expected) => expect(verdictOf(device, packet, at).split(' ')[0]).toBe(expected));
});

describe('packets through two-domains-62', () => {
  const device = deviceOf(textOf('two-domains-62'));
  test.each([
    [{ iif: 'port1', oif: 'port2', ...tcp('192.0.2.5', '10.1.5.5', 2575) }, 'allow (root/firewall policy 1)'],
    [{ iif: 'port1', oif: 'port2', ...tcp('2001:db8::5', '2001:db8:1:5::1', 2575) }, 'allow (root/firewall policy6 1)'],
    [{ iif: 'port1', oif: 'port2', ...tcp('2001:db8::5', '2001:db8:1:6::1', 2575) }, 'deny (policy 0)'],
    [{ iif: 'port3', oif: 'port4', ...tcp('10.2.5.5', '192.0.2.80', 80) }, 'maybe'],
    [{ iif: 'port3', oif: 'port2', ...tcp('10.2.5.5', '10.1.5.5', 2575) }, 'deny (policy 0)'],
    [
      { iif: 'port1', oif: 'self', ...tcp('192.0.2.5', '192.0.2.1', 22) },
      'allow (root/system interface port1 allowaccess)',
    ],
    [{ iif: 'port3', oif: 'self', ...tcp('10.2.5.5', '10.2.0.1', 22) }, 'deny (policy 0)'],
  ])('%j', (packet, expected) => expect(verdictOf(device, packet)).toBe(expected));
});

describe('packets through order-and-groups', () => {
  const device = deviceOf(textOf('order-and-groups'));
  test.each([
    [{ iif: 'port1', oif: 'port2', ...tcp('10.1.9.9', '10.2.0.5', 502) }, 'allow (firewall policy 10)'],
    [{ iif: 'port1', oif: 'port2', ...tcp('10.1.3.7', '10.2.0.5', 502) }, 'deny (firewall policy 30)'],
    [{ iif: 'port1', oif: 'port2', ...tcp('10.1.4.7', '10.2.0.5', 502) }, 'allow (firewall policy 20)'],
    [{ iif: 'port1', oif: 'port2', ...tcp('10.1.9.9', '10.2.0.5', 22) }, 'allow (firewall policy 20)'],
    [{ iif: 'port1', oif: 'port3', ...tcp('10.1.9.9', '10.3.0.5', 22) }, 'deny (policy 0)'],
    [{ iif: 'port3', oif: 'port2', ...tcp('10.3.9.9', '10.2.0.5', 502) }, 'deny (firewall policy 30)'],
  ])('%j', (packet, expected) => expect(verdictOf(device, packet)).toBe(expected));
});

describe('the full configuration, with what is not set', () => {
  const full = textOf('clinic-74')
    .replace(
      'set trusthost1 10.20.9.8 255.255.255.255',
      `set trusthost1 10.20.9.8 255.255.255.255
        set trusthost2 0.0.0.0 0.0.0.0
        set ip6-trusthost1 ::/0`,
    )
    .replace(
      'set name "users to imaging"',
      `set name "users to imaging"
        set groups ''
        set av-profile ''
        set srcaddr-negate disable
        set internet-service disable
        set tos 0x00
        set tos-mask 0x00
        set reputation-minimum 0
        set policy-expiry disable
        set policy-expiry-date 0000-00-00 00:00:00
        set ztna-status disable`,
    )
    .replace('set role wan', 'set role wan\n        set quantum-relay disable');
  const device = deviceOf(full);

  test('is the same', () => {
    const rules = (one: Device): unknown =>
      one.pipeline.lists.map((list) => list.rules.map(({ steps, disabled }) => [steps, disabled]));
    expect(device.coverage.blind).toEqual([]);
    expect(rules(device)).toEqual(rules(deviceOf(textOf('clinic-74'))));
  });

  test('a key of an interface that nobody knows is told; one like a known one is lost', () => {
    expect(device.coverage.lines.filter(({ state }) => state === 'unmodelled')).toEqual([
      { file: 'show', line: 17, state: 'unmodelled', reason: '“quantum-relay” is not known' },
    ]);
    expect(deviceOf(full.replace('set allowaccess ping', 'set allowacess ping')).coverage.blind.join()).toMatch(
      /allowacess/,
    );
  });

  test.each([
    ['v7.4.3,build2573', []],
    ['v7.2.8,build1639', ['get system status: the device runs 7.2, its configuration is of 7.4']],
  ])('beside a device that says %s of itself', (version, blind) => {
    const sections = [
      { name: 'status', source: 'get system status', text: `Version: FortiGate-60F ${version},240201 (GA.F)\n` },
      { name: 'configuration', source: 'show full-configuration', text: full },
    ];
    const read = driver.read({ driver: 'fortios', device: 'fw', sections }, { device: 'fw' });
    expect(read).toMatchObject({ ok: true, value: { coverage: { blind } } });
  });
});

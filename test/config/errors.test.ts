import { describe, expect, test } from '@jest/globals';
import { parseSettings } from '../../agent/config/index.js';
import { problemLines } from '../../agent/lib/result.js';

const here = { env: {}, host: 'pacs-1', home: '/home', isRoot: false };

/** What is wrong with a file, a line each; the longer half of a line is left to settings.test.ts. */
function complaints(text: string): readonly string[] {
  const settings = parseSettings(text, 'c.yaml', { surroundings: here, drivers: ['nftables', 'iptables'] });
  return settings.ok ? [] : problemLines(settings.error);
}

function places(text: string): readonly string[] {
  return complaints(text).map((line) => line.replace(/ \(.*$/, ''));
}

describe('everything that is wrong is told at once', () => {
  test('in the order of the file, whatever found it', () => {
    const text = `
timezone: Europe/Paris
poll: 5
devices:
  - {id: fw, kind: firewall, drivers: [nftable, nftables]}
  - {id: fw, kind: host, networks: [010.0.0.1, 192.0.2.0/24, 192.0.2.17/24]}
  - kind: host
    source: {ssh: a@b, pasword: env:X}
sinks:
  - {id: siem, syslog: siem.example.org, facility: 99, framing: lines}
  - {id: f, jsonl: a, transport: udp}
`;
    expect(places(text)).toEqual([
      'c.yaml:2:1: there is no setting `timezone`',
      'c.yaml:3:7: `poll` is `5`',
      'c.yaml:5:20: `devices[1].kind` is `firewall`',
      'c.yaml:5:40: there is no driver `nftable`',
      'c.yaml:6:10: the id `fw` is used twice',
      'c.yaml:6:37: `devices[2].networks[1]` is `010.0.0.1`',
      'c.yaml:6:62: `devices[2].networks[3]` is `192.0.2.17/24`',
      'c.yaml:7:5: `devices[3].id` is missing',
      'c.yaml:8:24: there is no setting `pasword` in `devices[3].source`',
      'c.yaml:10:24: `sinks[1].syslog` is `siem.example.org`',
      'c.yaml:10:52: `sinks[1].facility` is `99`',
      'c.yaml:10:65: `sinks[1].framing` is `lines`',
      'c.yaml:11:34: `sinks[2].transport` is `udp`',
    ]);
    // What, where, what was expected, and what to do.
    for (const line of complaints(text))
      expect(line).toMatch(/^c\.yaml:\d+:\d+: .+ \(expected .+; .+\)$|such as .+\)$/);
  });

  test('of a file that is not YAML, each place where it is not', () => {
    expect(complaints('site: a\nsite: b\npoll: 5m\npoll: 6m\ngrace: *x\n').length).toBe(3);
  });
});

describe('a secret is named, never written', () => {
  test.each([
    ['devices: [{id: a, kind: host, source: {ssh: b@c, password: "hunter2 or so"}}]', 'hunter2'],
    ['devices: [{id: a, kind: host, source: {ssh: b@c, key: "-----BEGIN KEY-----"}}]', 'BEGIN'],
    ['devices: [{id: a, kind: host, source: {ssh: "b:hunter2@c", key: file:k}}]', 'hunter2'],
    [
      'devices: [{id: a, kind: host, source: {ssh: b@c, key: file:k, jump: {ssh: d@e, passphrase: hunter2}}}]',
      'hunter2',
    ],
    [`sinks: [{id: a, webhook: "https://u:${'hunter2'}@hooks.example.org/x", secret: env:S}]`, 'hunter2'],
    ['sinks: [{id: a, webhook: "http://hooks.example.org/services/hunter2", style: slack}]', 'hunter2'],
    ['sinks: [{id: a, webhook: "https://hooks.example.org/x", secret: whsec_hunter2}]', 'hunter2'],
    ['sinks: [{id: a, syslog: "siem:514", token: hunter2}]', 'hunter2'],
  ])('%s', (text, secret) => {
    const lines = complaints(text);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join('\n')).not.toContain(secret);
  });

  test('and it is said how', () => {
    expect(complaints('devices: [{id: a, kind: host, source: {ssh: b@c, password: hunter2}}]')).toEqual([
      'c.yaml:1:60: `devices[1].source.password` is <secret> (expected `env:NAME` or `file:PATH`: a secret never stands in this file; put the secret in a file of its own (chmod 600) and name that: file:PATH)',
    ]);
  });
});

describe('addresses are written in full, and in one way', () => {
  const network = (text: string) => `devices: [{id: a, kind: host, networks: [${JSON.stringify(text)}]}]`;

  test.each([
    ['010.0.0.1', 'without leading zeros'],
    ['10.0.0.08', 'without leading zeros'],
    ['10.1', 'all four numbers'],
    ['10', 'all four numbers'],
    ['0x7f.1', 'all four numbers'],
    ['0x7f000001', 'all four numbers'],
    ['10.0.0.0/255.255.255.0', 'write 10.0.0.0/24)'],
    ['10.0.0.0/255.0.255.0', 'write prefixes'],
    ['10.0.0.1-10.0.0.9', 'write prefixes'],
    ['192.0.2.17/24', 'write 192.0.2.0/24 for the network, 192.0.2.17 for the one host'],
    ['2001:db8::1/32', 'write 2001:db8::/32 for the network, 2001:db8::1 for the one host'],
    ['10.0.0.1 ', 'an address or a prefix'],
    ['10.0.0.0/33', 'an address or a prefix'],
    ['10.0.0.0/', 'an address or a prefix'],
    ['fe80::1%eth0', 'an address or a prefix'],
    ['pacs.example.org', 'an address or a prefix'],
  ])('%j: %s', (text, words) => {
    expect(complaints(network(text)).join()).toContain(words);
  });

  test.each(['10.0.0.1', '10.0.0.0/8', '0.0.0.0/0', '2001:DB8::/32', '::ffff:192.0.2.1', '::/0', '192.0.2.17/32'])(
    '%s is one',
    (text) => {
      expect(complaints(network(text))).toEqual([]);
    },
  );
});

describe('a day is one of the calendar', () => {
  const until = (text: string) => `devices: [{id: a, kind: fw, onboarding: {until: ${text}}}]`;

  test.each(['2026-02-31', '31/12/2026', '2026-13-01', '2026-12-31T25:00', '2026-12-31T18:00+1', 'never'])(
    '%s is none',
    (text) => {
      expect(complaints(until(text)).join()).toMatch(/`devices\[1\]\.onboarding\.until` is .*a day such as 2026-12-01/);
    },
  );

  test.each(['2026-12-31', '2026-12-31T18:00', '2026-12-31T18:00:00+01:00', '2028-02-29'])('%s is one', (text) => {
    expect(complaints(until(text))).toEqual([]);
  });
});

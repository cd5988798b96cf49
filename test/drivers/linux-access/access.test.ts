import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { drivers, readingOf } from '../../../agent/app/index.js';
import { redactText } from '../../../agent/collect/index.js';
import type { Capture, Section, SectionFailure } from '../../../agent/drivers/contract.js';
import { driver } from '../../../agent/drivers/linux-access/index.js';
import { composeObservation, type Observation } from '../../../agent/judge/index.js';
import type { Device } from '../../../agent/model/index.js';

const folder = 'test/recordings/linux-access/maintenance-left';
const blob = readFileSync('test/drivers/linux-access/key.txt', 'utf8').trim();
const home = join('/home', 'vendor', '.ssh', 'authorized_keys');
const recorded: Readonly<Record<string, string>> = {
  ...Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')])),
  'keys-home': `${home}:from="203.0.113.77",command="/usr/bin/true \\"quoted\\"" ${blob} vendor laptop\n`,
};

type Texts = Readonly<Record<string, string | SectionFailure>>;

function host(
  texts: Texts,
  live = 'table inet filter {\n  chain input {\n    type filter hook input priority 0; policy drop;\n  }\n}\n',
): Device {
  const sections = Object.entries(texts).map(
    ([name, given]): Section =>
      typeof given === 'string'
        ? { name, source: name, text: given }
        : { name, source: name, text: '', failure: given },
  );
  const captures: readonly Capture[] = [
    { driver: 'nftables', device: 'srv', sections: [{ name: 'nft-text', source: 'nft', text: live }] },
    { driver: 'linux-access', device: 'srv', sections },
  ];
  const { model, blind } = readingOf(captures, 'srv', drivers, 0);
  if (!model || blind.length > 0) throw new Error(blind.join('\n'));
  return model;
}

function observed(now: Device, approved: Device): Observation {
  const declared = { flows: [], listeners: [] };
  return composeObservation({ device: 'srv', at: 0, now, approved, declared, earlier: [], interfaceZones: {} });
}

const told = (now: Device, approved: Device): readonly string[] =>
  observed(now, approved).undeclared.map(({ factCode, summary }) => `${factCode} ${summary}`);

const quiet: Texts = {
  passwd: 'root:x:0:0::/root:/bin/bash\n',
  group: 'sudo:x:27:\n',
  units: '',
  sudoers: '',
  'accept-ra': '',
};

describe('who may enter a Linux machine', () => {
  test('is read as facts: names, fingerprints and addresses, and no keys', () => {
    const { facts, areas } = host(recorded);
    expect(facts.map(({ kind, subject, value }) => `${kind}: ${subject} = ${value}`)).toEqual(
      JSON.parse(readFileSync('test/drivers/linux-access/facts.json', 'utf8')),
    );
    expect(areas).toHaveLength(12);
    for (const { subject, value, origin } of facts.filter(({ kind }) => kind === 'key')) {
      expect(`${subject} ${value} ${origin.text}`).not.toContain('AAAA');
    }
  });

  test('a key is named as ssh-keygen names it', () => {
    const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl github\n';
    const [key] = host({ ...quiet, 'keys-root': line }).facts.filter(({ kind }) => kind === 'key');
    // The fingerprint that github.com publishes for this host key.
    expect(key?.subject).toBe('ssh-ed25519 SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU of root');
  });

  test.each<[string, Texts, readonly RegExp[]]>([
    [
      'a member of sudo',
      { group: 'sudo:x:27:vendor\n' },
      [/^ADMIN_ADDED account vendor in group sudo on srv: member \(added\)$/],
    ],
    [
      'a second root',
      { passwd: 'root:x:0:0::/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\n' },
      [/^ADMIN_ADDED account toor/],
    ],
    [
      'a rule of sudo',
      { sudoers: '/etc/sudoers.d/v:vendor ALL=(ALL) NOPASSWD: ALL\n' },
      [/^ADMIN_ADDED sudo: vendor ALL=\(ALL\) NOPASSWD: ALL on srv: \/etc\/sudoers.d\/v/],
    ],
    [
      'a key',
      { 'keys-home': recorded['keys-home']! },
      [/^CREDENTIAL_CHANGED ecdsa-sha2-nistp256 SHA256:\S+ of vendor on srv: from="203\.0\.113\.77"/],
    ],
    ['a tunnel', { wireguard: recorded.wireguard! }, [/^VPN_LEFT WireGuard peer xTI/, /^VPN_LEFT WireGuard peer TrM/]],
    [
      'an IPsec policy',
      { xfrm: recorded.xfrm! },
      [/^VPN_LEFT IPsec policy src 10\.0\.0\.0\/24 dst 10\.1\.0\.0\/24 out on srv: 198\.51\.100\.1 → 203\.0\.113\.77/],
    ],
    [
      'router advertisements',
      { 'accept-ra': recorded['accept-ra']! },
      [
        /^ROUTE_CHANGED accept_ra of all/,
        /^ROUTE_CHANGED accept_ra of default/,
        /^ROUTE_CHANGED accept_ra of eth0 on srv: 2/,
      ],
    ],
    [
      'another manager',
      { units: 'invocation:puppet.service\n' },
      [/^MANAGER_CHANGED program puppet on srv: runs \(added\)$/],
    ],
    ['logging that begins', { units: 'invocation:auditd.service\n' }, []],
  ])('%s that was added is told', (_what, change, expected) => {
    const found = told(host({ ...quiet, ...change }), host(quiet));
    expect(found).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(found[index]).toMatch(pattern);
  });

  test.each<[string, Texts, readonly string[]]>([
    [
      'auditd that stops',
      { units: 'invocation:auditd.service\n' },
      ['LOGGING_OFF program auditd on srv: runs (removed)'],
    ],
    [
      'a forwarding of the log that goes',
      { syslog: recorded.syslog! },
      [
        'LOGGING_OFF log: *.* @@siem.example.org:6514 on srv: /etc/rsyslog.d/90-siem.conf (removed)',
        'LOGGING_OFF log: ForwardToSyslog=yes on srv: /etc/systemd/journald.conf (removed)',
      ],
    ],
    [
      'a restriction of sshd that goes',
      { sshd: '/etc/ssh/sshd_config:PasswordAuthentication no\n' },
      ['ACCESS_WIDENED sshd passwordauthentication on srv: no (removed)'],
    ],
    ['a key that goes', { 'keys-home': recorded['keys-home']! }, []],
  ])('%s is told', (_what, before, expected) => {
    expect(told(host(quiet), host({ ...quiet, ...before }))).toEqual(expected);
  });

  test('the same rules that write no log any more are told, and a log more is not', () => {
    const rules = (log: string): string =>
      `table inet filter {\n  chain input {\n    type filter hook input priority 0; policy drop;\n    ${log}drop\n  }\n}\n`;
    const logged = host(quiet, rules('log prefix "in: " '));
    expect(told(host(quiet, rules('')), logged)).toEqual([
      'LOGGING_OFF log prefix "in: " in inet/filter/input on srv: is written (removed)',
    ]);
    expect(told(logged, host(quiet, rules('')))).toEqual([]);
  });

  test('what may not be read is said, and gives no difference; neither does what was not read when it was approved', () => {
    const denied: SectionFailure = {
      kind: 'missing-right',
      problem: { code: 'MISSING_RIGHT', message: 'srv: grep /etc/sudoers: Permission denied' },
    };
    const now = host({ ...quiet, sudoers: denied, syslog: denied });
    expect(now.coverage.notCovered).toContain('Access (what sudo grants): srv: grep /etc/sudoers: Permission denied.');
    const approved = host({ ...quiet, sudoers: '/etc/sudoers:root ALL=(ALL) ALL\n', syslog: recorded.syslog! });
    expect(told(now, approved)).toEqual([]);
    expect(told(approved, now)).toEqual([]);
    expect(observed(approved, now).limits?.join()).toContain('not compared: sudo, syslog; approve a newer one');
  });

  test('a guard of an older version approved nothing of this, so nothing of it is called new', () => {
    const { areas: _, facts: __, ...older } = host(quiet);
    expect(told(host(recorded), { ...older, facts: [] })).toEqual([]);
  });

  test('secrets that stand in files all the same are masked before anything is kept', () => {
    const key = new TextEncoder().encode('sixteen bytes or more');
    const text =
      'environment="TOKEN=hunter2" ssh-ed25519 AAAA x\n/etc/wireguard/a.conf:PrivateKey = aGVsbG8gd29ybGQ=\nops:$1$abc:12:x\n';
    const masked = redactText(text, driver.secrets, key);
    for (const one of ['hunter2', 'aGVsbG8', '$1$abc']) expect(masked).not.toContain(one);
    expect(masked).toContain('environment="TOKEN=<secret-');
  });
});

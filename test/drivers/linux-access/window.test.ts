import { describe, expect, test } from '@jest/globals';
import { driver as access } from '../../../agent/drivers/linux-access/index.js';
import { driver as listeners } from '../../../agent/drivers/linux-listeners/index.js';
import { composeObservation, type Observation } from '../../../agent/judge/index.js';
import type { AccessFact, Device } from '../../../agent/model/index.js';
import { guardOf } from '../../support/guard.js';

/** What a vendor leaves beside the packet filter, each by the program or file that shows it, and the code it is told by. */
const left: readonly (readonly [string, Readonly<Record<string, string>>, string, string])[] = [
  ['a member of sudo', { group: 'sudo:x:27:vendor\n' }, 'account vendor in group sudo', 'ADMIN_ADDED'],
  ['a member of wheel', { group: 'wheel:x:10:vendor\n' }, 'account vendor in group wheel', 'ADMIN_ADDED'],
  [
    'a rule of sudo',
    { sudoers: '/etc/sudoers.d/v:vendor ALL=(ALL) ALL\n' },
    'sudo: vendor ALL=(ALL) ALL',
    'ADMIN_ADDED',
  ],
  [
    'a key of a service',
    {
      'keys-elsewhere':
        '/var/lib/pacs/.ssh/authorized_keys:ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl x\n',
    },
    'ssh-ed25519 SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU of /var/lib/pacs/.ssh/authorized_keys',
    'CREDENTIAL_CHANGED',
  ],
  [
    'a peer of WireGuard',
    { wireguard: 'wg0\txTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\t10.9.0.2/32\n' },
    'WireGuard peer xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg= on wg0',
    'VPN_LEFT',
  ],
  [
    'a peer of OpenVPN',
    { 'openvpn-peers': '/etc/openvpn/ccd/vendor\n' },
    'OpenVPN peer vendor in /etc/openvpn/ccd',
    'VPN_LEFT',
  ],
  [
    'a certificate of OpenVPN',
    { 'openvpn-peers': '/etc/openvpn/easy-rsa/pki/issued/vendor.crt\n' },
    'OpenVPN peer vendor in /etc/openvpn/easy-rsa/pki/issued',
    'VPN_LEFT',
  ],
  [
    'a file of OpenVPN',
    { openvpn: '/etc/openvpn/v.conf:remote 203.0.113.7\n' },
    'OpenVPN in /etc/openvpn/v.conf',
    'VPN_LEFT',
  ],
  [
    'a file of IPsec',
    { ipsec: '/etc/swanctl/conf.d/v.conf:remote_addrs = 203.0.113.7\n' },
    'IPsec in /etc/swanctl/conf.d/v.conf',
    'VPN_LEFT',
  ],
  [
    'router advertisements',
    { 'accept-ra': '/proc/sys/net/ipv6/conf/all/accept_ra:2\n' },
    'accept_ra of all',
    'ROUTE_CHANGED',
  ],
  ['a manager', { units: 'invocation:salt-minion.service\n' }, 'program salt-minion', 'MANAGER_CHANGED'],
  ['a route', { route4: 'default via 203.0.113.9 dev wan1 metric 5\n' }, 'ip4 route default metric 5', 'ROUTE_CHANGED'],
  ['a routing rule', { rule4: '100:\tfrom 203.0.113.7 lookup 7\n' }, 'ip4 rule 100 from 203.0.113.7', 'ROUTE_CHANGED'],
  ['forwarding', { forward4: '1\n' }, 'ip4 forwarding', 'ACCESS_WIDENED'],
];

/** What is gone and was there: only logging is missed. */
const gone: typeof left = [
  [
    'the log that went to the SIEM',
    { syslog: '/etc/rsyslog.d/s.conf:*.* @@siem.example.org\n' },
    'log: *.* @@siem.example.org',
    'LOGGING_OFF',
  ],
  ['the program that logs', { units: 'invocation:rsyslog.service\n' }, 'program rsyslog', 'LOGGING_OFF'],
];

function host(texts: Readonly<Record<string, string>>): Device {
  const sections = Object.entries({ passwd: 'root:x:0:0::/root:/bin/bash\n', group: 'users:x:100:\n', ...texts }).map(
    ([name, text]) => ({ name, source: name, text }),
  );
  const steps = new Set(access.dialogue.steps.map(({ id }) => id));
  const parts = [
    access.read(
      { driver: 'linux-access', device: 'web', sections: sections.filter(({ name }) => steps.has(name)) },
      { device: 'web' },
    ),
    listeners.read(
      {
        driver: 'linux-listeners',
        device: 'web',
        sections: [{ name: 'ss', source: 'ss', text: '' }, ...sections.filter(({ name }) => !steps.has(name))],
      },
      { device: 'web' },
    ),
  ].map((part) => {
    if (!part.ok) throw new Error(part.error.message);
    return part.value;
  });
  return { ...parts[1]!, facts: parts.flatMap(({ facts }) => facts as AccessFact[]), areas: parts[0]!.areas ?? [] };
}

function observed(now: Device, approved: Device): Observation {
  const declared = { flows: [], listeners: [] };
  return composeObservation({ device: 'web', at: 0, now, approved, declared, earlier: [], interfaceZones: {} });
}

describe('in a window that does not announce it, told at once:', () => {
  const told = (now: Device, approved: Device, scope: readonly object[]) => {
    const guard = guardOf();
    guard.plan({ devices: ['web'], end: 30, scope });
    guard.read(0, 'web');
    guard.observe(10, 'web', { undeclared: observed(now, approved).undeclared });
    guard.tick(60);
    return guard.rows().filter((row) => !/WINDOW_NOT_CLOSED/.test(row));
  };
  const cases = [
    ...left.map(([what, text, subject, code]) => [what, host(text), host({}), subject, code] as const),
    ...gone.map(([what, text, subject, code]) => [what, host({}), host(text), subject, code] as const),
  ];
  test.each(cases)('%s', (_what, now, approved, subject, code) => {
    const rows = told(now, approved, [{}]);
    expect(rows[0]).toMatch(new RegExp(`^10 ${code} `));
    expect(rows[0]).toContain(subject);
    expect(rows.at(-1)).toMatch(/^45 LEFT_OPEN /);
    expect(told(now, approved, [{ kind: 'fact' }])[0]).toMatch(/^10 IN_WINDOW_CHANGE /);
  });
});

test('accounts whose homes are not looked into are named', () => {
  const passwd = [
    'root:x:0:0::/root:/bin/bash',
    'alice:x:1000:1000::/home/alice:/bin/bash',
    'postgres:x:110:110::/var/lib/postgresql:/bin/bash',
    'daemon:x:1:1::/usr/sbin:/usr/sbin/nologin',
    'far:x:1002:1002::/export/home/far:/bin/sh',
    '',
  ].join('\n');
  const read = access.read(
    { driver: 'linux-access', device: 'web', sections: [{ name: 'passwd', source: '/etc/passwd', text: passwd }] },
    { device: 'web' },
  );
  expect(read.ok && read.value.coverage.notCovered).toContain(
    'Keys of accounts whose homes are elsewhere: far (/export/home/far).',
  );
});

import { describe, expect, test } from '@jest/globals';
import type { Device } from '../../../agent/model/index.js';
import { forti, policy, tcp } from './forti.js';
import { verdictOf } from './support.js';

const interfaces = (lan = '', wan = ''): string => `
    edit "wan1"
        set ip 198.51.100.2 255.255.255.248
${wan}
    next
    edit "lan"
        set ip 10.20.0.1 255.255.0.0
${lan}
    next`;
const admin = (...lines: readonly string[]): string =>
  `    edit "admin"\n        set accprofile "super_admin"\n${lines.map((line) => `        set ${line}`).join('\n')}\n    next`;
const toLan = (dport: number, more: object = {}): object => ({
  iif: 'lan',
  oif: 'self',
  ...tcp('10.20.9.5', '10.20.0.1', dport),
  ...more,
});
const toWan = (dport: number, more: object = {}): object => ({
  iif: 'wan1',
  oif: 'self',
  ...tcp('203.0.113.17', '198.51.100.2', dport),
  ...more,
});
const plain = (device: Device, packet: object): string => verdictOf(device, packet).split(' ')[0]!;

describe('administrative access', () => {
  test.each([
    ['what is named', '        set allowaccess ssh https', '', '', toLan(22), 'allow'],
    ['and nothing else', '        set allowaccess ssh https', '', '', toLan(23), 'deny'],
    ['on that interface alone', '        set allowaccess ssh https', '', '', toWan(22), 'deny'],
    ['an interface that is down', '        set allowaccess ssh\n        set status down', '', '', toLan(22), 'deny'],
    ['ports that were moved', '        set allowaccess https', '    set admin-sport 8443', '', toLan(8443), 'allow'],
    ['the port that was left', '        set allowaccess https', '    set admin-sport 8443', '', toLan(443), 'deny'],
    ['telnet', '        set allowaccess telnet', '', '', toLan(23), 'allow'],
    [
      'telnet, off for the whole device',
      '        set allowaccess telnet',
      '    set admin-telnet disable',
      '',
      toLan(23),
      'deny',
    ],
    ['SNMP', '        set allowaccess snmp', '', '', toLan(161, { proto: 'udp' }), 'allow'],
    ['the manager', '        set allowaccess fgfm', '', '', toLan(541), 'allow'],
    [
      'a trusted host',
      '        set allowaccess ssh',
      '',
      admin('trusthost1 10.20.9.0 255.255.255.0'),
      toLan(22),
      'allow',
    ],
    [
      'no trusted host',
      '        set allowaccess ssh',
      '',
      admin('trusthost1 10.20.8.0 255.255.255.0', 'trusthost2 0.0.0.0 0.0.0.0'),
      toLan(22),
      'deny',
    ],
    [
      'one administrator without trusted hosts, and everybody is answered',
      '        set allowaccess ssh',
      '',
      `${admin('trusthost1 10.20.8.0 255.255.255.0')}\n    edit "other"\n        set accprofile "prof_admin"\n    next`,
      toLan(22),
      'allow',
    ],
    [
      'SNMP asks no administrator',
      '        set allowaccess snmp',
      '',
      admin('trusthost1 10.20.8.0 255.255.255.0'),
      toLan(161, { proto: 'udp' }),
      'allow',
    ],
    [
      'a port kept for management, from its hosts',
      '        set dedicated-to management\n        set trust-ip-1 10.20.9.0 255.255.255.0\n        set allowaccess ssh',
      '',
      '',
      toLan(22),
      'allow',
    ],
    [
      'a port kept for management, from others',
      '        set dedicated-to management\n        set trust-ip-1 10.20.8.0 255.255.255.0\n        set trust-ip-2 0.0.0.0 0.0.0.0\n        set allowaccess ssh',
      '',
      '',
      toLan(22),
      'deny',
    ],
  ] as const)('%s', (_case, lan, global, admins, packet, expected) => {
    const device = forti({ interfaces: interfaces(lan), global, admins: admins || admin() });
    expect(device.coverage.blind).toEqual([]);
    expect(plain(device, packet)).toBe(expected);
  });

  test('secondary addresses have access of their own', () => {
    const lan = `        set secondary-IP enable
        config secondaryip
            edit 1
                set ip 10.21.0.1 255.255.0.0
                set allowaccess ssh
            next
        end`;
    expect(plain(forti({ interfaces: interfaces(lan) }), toLan(22, { dst: '10.21.0.1' }))).toBe('allow');
  });

  test('administrators of a higher profile are not shown, and that is said', () => {
    expect(forti({}).coverage.notCovered.join()).toMatch(/Administrators of a higher profile .* are not shown/);
  });
});

describe('local-in policies', () => {
  const local = (more: string): string =>
    `config firewall local-in-policy\n    edit 1\n        set intf "wan1"\n        set srcaddr "vendor"\n        set dstaddr "all"\n        set service "SSH"\n        set schedule "always"\n${more}\n    next\nend`;
  const device = (more: string, ha = ''): Device =>
    forti({ interfaces: interfaces('', '        set allowaccess ssh'), tables: ha, more: local(more) });

  test.each([
    ['deny, which is what they do by themselves', '', toWan(22), 'deny (firewall local-in-policy 1)'],
    [
      'before allowaccess, which answers the others',
      '',
      toWan(22, { src: '203.0.113.99' }),
      'allow (system interface wan1 allowaccess)',
    ],
    [
      'all but these',
      '        set srcaddr-negate enable',
      toWan(22, { src: '203.0.113.99' }),
      'deny (firewall local-in-policy 1)',
    ],
    ['of another service', '        set service "HTTPS"', toWan(22), 'allow (system interface wan1 allowaccess)'],
    ['on any interface', '        set intf "any"', toWan(22), 'deny (firewall local-in-policy 1)'],
    ['accept', '        set action accept\n        set service "DNS"', toWan(53), 'allow (firewall local-in-policy 1)'],
    ['switched off', '        set status disable', toWan(22), 'allow (system interface wan1 allowaccess)'],
    ['replies to the device', '', toWan(40_000, { sport: 22, state: 'established' }), 'allow (session table)'],
  ] as const)('%s', (_case, more, packet, expected) => expect(verdictOf(device(more), packet)).toBe(expected));

  test('for the ports that each member of a cluster keeps for its management', () => {
    const only = '        set ha-mgmt-intf-only enable';
    const ha = (name: string): string =>
      `config system ha\n    set mode a-p\n    set ha-mgmt-status enable\n    config ha-mgmt-interfaces\n        edit 1\n            set interface "${name}"\n        next\n    end\nend`;
    expect(plain(device(only), toWan(22))).toBe('allow');
    expect(plain(device(only, ha('mgmt')), toWan(22))).toBe('allow');
    expect(plain(device(only, ha('wan1')), toWan(22))).toBe('deny');
  });
});

describe('services of the device', () => {
  const portal = (more = ''): string =>
    `config vpn ssl settings\n    set port 10443\n    set source-interface "wan1"\n${more}\nend`;

  test.each([
    ['the portal of SSL-VPN', portal(), toWan(10_443), 'allow'],
    ['not on other interfaces', portal(), toLan(10_443), 'deny'],
    ['for some sources', portal('    set source-address "vendor"'), toWan(10_443), 'allow'],
    ['not for others', portal('    set source-address "users"'), toWan(10_443), 'deny'],
    [
      'for all but some',
      portal('    set source-address "vendor"\n    set source-address-negate enable'),
      toWan(10_443),
      'deny',
    ],
    ['off', portal('    set status disable'), toWan(10_443), 'deny'],
    [
      'IPsec',
      'config vpn ipsec phase1-interface\n    edit "to-vendor"\n        set interface "wan1"\n        set remote-gw 203.0.113.1\n    next\nend',
      toWan(500, { proto: 'udp' }),
      'allow',
    ],
    [
      'IPsec, ESP',
      'config vpn ipsec phase1-interface\n    edit "to-vendor"\n        set interface "wan1"\n        set remote-gw 203.0.113.1\n    next\nend',
      { iif: 'wan1', oif: 'self', src: '203.0.113.1', dst: '198.51.100.2', proto: 'esp' },
      'allow',
    ],
  ] as const)('%s', (_case, tables, packet, expected) => {
    const device = forti({ interfaces: interfaces(), more: tables });
    expect(device.coverage.blind).toEqual([]);
    expect(plain(device, packet)).toBe(expected);
  });

  test('an explicit proxy answers on the interfaces that offer it', () => {
    const proxy = 'config web-proxy explicit\n    set status enable\n    set http-incoming-port 3128\nend';
    const device = forti({ interfaces: interfaces('        set explicit-web-proxy enable'), more: proxy });
    expect([toLan(3128), toLan(8080), toWan(3128)].map((packet) => plain(device, packet))).toEqual([
      'allow',
      'deny',
      'deny',
    ]);
    const off = forti({
      interfaces: interfaces('        set explicit-web-proxy enable'),
      more: proxy.replace('enable', 'disable'),
    });
    expect(plain(off, toLan(3128))).toBe('deny');
  });

  test('an access proxy answers where a policy refers to it; whom it lets on, only the device knows', () => {
    const ztna = (policies: string): Device =>
      forti({
        interfaces: interfaces(),
        tables: `config firewall vip
    edit "portal"
        set type access-proxy
        set extip 198.51.100.4
        set extintf "wan1"
        set server-type https
        set extport 9443
    next
end
config firewall access-proxy
    edit "applications"
        set vip "portal"
    next
end`,
        more: `config firewall proxy-policy\n${policies}\nend`,
      });
    const one = policy(1, {
      proxy: 'access-proxy',
      'access-proxy': '"applications"',
      srcintf: '"wan1"',
      dstintf: '',
      'ztna-ems-tag': '"clean"',
    });
    const packet = toWan(9443, { dst: '198.51.100.4' });
    const device = ztna(one);
    expect(device.coverage.blind).toEqual([]);
    expect([
      plain(device, packet),
      plain(device, toWan(443, { dst: '198.51.100.4' })),
      plain(ztna(''), packet),
    ]).toEqual(['maybe', 'deny', 'deny']);
    expect(
      plain(ztna(policy(1, { proxy: 'access-proxy', 'access-proxy': '"applications"', status: 'disable' })), packet),
    ).toBe('deny');
    const facts = device.facts.filter(({ kind }) => kind === 'filterNotCovered').map(({ subject }) => subject);
    expect(facts).toEqual(expect.arrayContaining(['firewall access-proxy applications', 'firewall proxy-policy 1']));
  });
});

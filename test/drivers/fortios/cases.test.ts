import { describe, expect, test } from '@jest/globals';
import { type Forti, forti, inward, outward, policy, tcp } from './forti.js';
import { natOf, verdictOf } from './support.js';

/** Cases from the vendor's documentation, each by itself; what the device does is what stands last. */
type Case = readonly [what: string, configuration: Forti, packet: object, expected: string];

const web = { ...outward, ...tcp('10.20.3.3', '192.0.2.80', 443) };
const six = { ...outward, ...tcp('2001:db8:20::3', '2001:db8:1::80', 443) };
const yes = 'allow (firewall policy 1)';
const no = 'deny (policy 0)';

function judged(_what: string, configuration: Forti, packet: object, expected: string): void {
  const device = forti(configuration);
  expect(device.coverage.blind).toEqual([]);
  expect(verdictOf(device, packet)).toBe(expected);
}

function table(path: string, name: string, ...lines: readonly string[]): string {
  return `config ${path}\n    edit "${name}"\n${lines.map((line) => `        set ${line}\n`).join('')}    next\nend\n`;
}

describe('addresses', () => {
  const of = (tables: string, settings: Readonly<Record<string, string>>): Forti => ({
    tables,
    policies: policy(1, settings),
  });
  const address = (...lines: readonly string[]): string => table('firewall address', 'a', ...lines);
  const source = { srcaddr: '"a"' };
  const without = table('firewall addrgrp', 'g', 'member "users"', 'exclude enable', 'exclude-member "a"');
  const host = address('subnet 10.20.3.3 255.255.255.255');
  const cases: readonly Case[] = [
    ['a subnet', of(address('subnet 10.20.3.0/24'), source), web, yes],
    ['no subnet is all', of(address('color 1'), source), web, yes],
    ['a range', of(address('type iprange', 'start-ip 10.20.3.1', 'end-ip 10.20.3.2'), source), web, no],
    [
      'a wildcard: bits that are set must agree',
      of(address('type wildcard', 'wildcard 10.0.0.3 255.0.0.255'), source),
      web,
      yes,
    ],
    ['a wildcard: bits that do not', of(address('type wildcard', 'wildcard 10.0.0.4 255.0.0.255'), source), web, no],
    ['a name of DNS', of(address('type fqdn', 'fqdn "www.example.org"'), { dstaddr: '"a"' }), web, 'maybe'],
    [
      'a name of DNS that is denied',
      {
        tables: address('type fqdn', 'fqdn "www.example.org"'),
        policies: policy(2, { dstaddr: '"a"', action: 'deny' }) + policy(1).replace(/^/, '\n'),
      },
      web,
      'maybe',
    ],
    ['a country', of(address('type geography', 'country "FR"'), { dstaddr: '"a"' }), web, 'maybe'],
    [
      'a hardware address',
      of(address('type mac', 'macaddr "00:00:5e:00:53:01"'), source),
      { ...web, smac: '00:00:5e:00:53:01' },
      yes,
    ],
    [
      'another hardware address',
      of(address('type mac', 'macaddr "00:00:5e:00:53:01"'), source),
      { ...web, smac: '00:00:5e:00:53:02' },
      no,
    ],
    ['an interface’s network', of(address('type interface-subnet', 'interface "lan"'), source), web, yes],
    ['a group without one of its members', of(host + without, { srcaddr: '"g"' }), web, no],
    ['another in that group', of(host + without, { srcaddr: '"g"' }), { ...web, src: '10.20.3.4' }, yes],
    [
      'a group that names who to leave out and does not',
      of(host + without.replace('exclude enable', 'exclude disable'), { srcaddr: '"g"' }),
      web,
      yes,
    ],
    [
      'a group in a group',
      of(host + table('firewall addrgrp', 'i', 'member "a"') + table('firewall addrgrp', 'g', 'member "i"'), {
        srcaddr: '"g"',
      }),
      web,
      yes,
    ],
    ['a negated source, that one', of(host, { ...source, 'srcaddr-negate': 'enable' }), web, no],
    [
      'a negated source, another',
      of(host, { ...source, 'srcaddr-negate': 'enable' }),
      { ...web, src: '10.20.3.4' },
      yes,
    ],
    [
      'a negated group that leaves one out',
      of(host + without, { srcaddr: '"g"', 'srcaddr-negate': 'enable' }),
      web,
      yes,
    ],
    ['a negated destination', of('', { dstaddr: '"server"', 'dstaddr-negate': 'enable' }), web, yes],
    ['a policy of IPv4 alone, in IPv6', of('', {}), six, no],
    ['a policy of both', of('', { srcaddr6: '"all"', dstaddr6: '"all"' }), six, yes],
    [
      'a policy of IPv6 alone, in IPv4',
      of('', { srcaddr: '', dstaddr: '', srcaddr6: '"all"', dstaddr6: '"all"' }),
      web,
      no,
    ],
    [
      'a prefix of IPv6',
      of(table('firewall address6', 'b', 'ip6 2001:db8:20::/64'), { srcaddr6: '"b"', dstaddr6: '"all"' }),
      six,
      yes,
    ],
    [
      'a negated prefix of IPv6',
      of(table('firewall address6', 'b', 'ip6 2001:db8:20::/64'), {
        srcaddr6: '"b"',
        dstaddr6: '"all"',
        'srcaddr6-negate': 'enable',
      }),
      six,
      no,
    ],
    ['none', of('', { srcaddr: '"none"' }), web, no],
  ];
  test.each(cases)('%s', judged);
});

describe('services', () => {
  const of = (lines: readonly string[], more: Readonly<Record<string, string>> = {}): Forti => ({
    tables: table('firewall service custom', 's', ...lines),
    policies: policy(1, { service: '"s"', ...more }),
  });
  const icmp = { ...web, proto: 'icmp', sport: undefined, dport: undefined, icmpType: 8, icmpCode: 0 };
  const cases: readonly Case[] = [
    ['a port', of(['tcp-portrange 443']), web, yes],
    ['several', of(['tcp-portrange 80 440-450 8443']), web, yes],
    ['another protocol', of(['tcp-portrange 443']), { ...web, proto: 'udp' }, no],
    ['both protocols', of(['tcp-portrange 443', 'udp-portrange 443']), { ...web, proto: 'udp' }, yes],
    ['a port it comes from', of(['tcp-portrange 443:1024-65535']), web, yes],
    ['another port it comes from', of(['tcp-portrange 443:1-1023']), web, no],
    [
      'a protocol',
      of(['protocol IP', 'protocol-number 47']),
      { ...web, proto: 'gre', sport: undefined, dport: undefined },
      yes,
    ],
    ['a protocol, another one', of(['protocol IP', 'protocol-number 47']), web, no],
    ['every protocol', of(['protocol IP']), icmp, yes],
    ['a type of ICMP', of(['protocol ICMP', 'icmptype 8']), icmp, yes],
    ['a type of ICMP, another', of(['protocol ICMP', 'icmptype 13']), icmp, no],
    ['ICMP of any type', of(['protocol ICMP']), icmp, yes],
    ['a service for some addresses', of(['tcp-portrange 443', 'iprange 192.0.2.80-192.0.2.90']), web, yes],
    ['a service for other addresses', of(['tcp-portrange 443', 'iprange 192.0.2.90-192.0.2.95']), web, no],
    ['a negated service', of(['tcp-portrange 443'], { 'service-negate': 'enable' }), web, no],
    ['a negated service, another port', of(['tcp-portrange 80'], { 'service-negate': 'enable' }), web, yes],
    [
      'a group in a group',
      {
        tables:
          table('firewall service group', 'i', 'member "HTTPS"') +
          table('firewall service group', 'g', 'member "i" "DNS"'),
        policies: policy(1, { service: '"g"' }),
      },
      web,
      yes,
    ],
    ['ALL_TCP', { policies: policy(1, { service: '"ALL_TCP"' }) }, web, yes],
    ['ALL_UDP', { policies: policy(1, { service: '"ALL_UDP"' }) }, web, no],
    ['ALL_ICMP', { policies: policy(1, { service: '"ALL_ICMP"' }) }, icmp, yes],
  ];
  test.each(cases)('%s', judged);
});

describe('policies', () => {
  const deny = (id: number, more: Readonly<Record<string, string>> = {}): string =>
    policy(id, { action: 'deny', ...more });
  const zone = (...lines: readonly string[]): string => table('system zone', 'z', ...lines);
  const both = zone('interface "lan" "dmz"');
  const across = { ...web, oif: 'dmz', dst: '10.30.0.10' };
  const cases: readonly Case[] = [
    ['none', {}, web, no],
    [
      'the order of the file, not of the numbers',
      { policies: `${deny(9)}\n${policy(1)}` },
      web,
      'deny (firewall policy 9)',
    ],
    ['moved to the front', { policies: `${deny(9)}\n${policy(1)}\n    move 1 before 9` }, web, yes],
    ['without an action', { policies: policy(1, { action: '' }) }, web, 'deny (firewall policy 1)'],
    ['off', { policies: `${deny(9, { status: 'disable' })}\n${policy(1)}` }, web, yes],
    ['from any interface to any', { policies: policy(1, { srcintf: '"any"', dstintf: '"any"' }) }, web, yes],
    ['several interfaces', { policies: policy(1, { srcintf: '"dmz" "lan"' }) }, web, yes],
    ['a zone', { tables: both, policies: policy(1, { srcintf: '"z"' }) }, web, yes],
    ['between the interfaces of a zone', { tables: both }, across, no],
    [
      'between those of one that lets it',
      { tables: zone('interface "lan" "dmz"', 'intrazone allow') },
      across,
      'allow (system zone z intrazone)',
    ],
    [
      'a policy within a zone goes before that',
      {
        tables: zone('interface "lan" "dmz"', 'intrazone allow'),
        policies: deny(9, { srcintf: '"z"', dstintf: '"z"' }),
      },
      across,
      'deny (firewall policy 9)',
    ],
    ['users', { policies: policy(1, { groups: '"staff"' }) }, web, 'maybe'],
    ['users whom a policy denies', { policies: `${deny(9, { groups: '"staff"' })}\n${policy(1)}` }, web, 'maybe'],
    [
      'tags of a device that is known (ZTNA)',
      { policies: policy(1, { 'ztna-status': 'enable', 'ztna-ems-tag': '"EMS1_ZTNA_all"' }) },
      web,
      'maybe',
    ],
    [
      'the vendor’s internet services',
      {
        policies: policy(1, {
          dstaddr: '',
          service: '',
          'internet-service': 'enable',
          'internet-service-name': '"Some-Web"',
        }),
      },
      web,
      'maybe',
    ],
    [
      'a profile that looks into it',
      { policies: policy(1, { 'utm-status': 'enable', 'av-profile': '"default"' }) },
      web,
      'maybe',
    ],
    [
      'a profile, and looking is off',
      { policies: policy(1, { 'utm-status': 'disable', 'av-profile': '"default"' }) },
      web,
      yes,
    ],
    [
      'a profile on a policy that denies',
      { policies: deny(9, { 'utm-status': 'enable', 'av-profile': '"default"' }) },
      web,
      'deny (firewall policy 9)',
    ],
    ['at no time', { policies: policy(1, { schedule: '"none"' }) }, web, no],
    [
      'SD-WAN as one interface',
      {
        tables:
          'config system sdwan\n    config members\n        edit 1\n            set interface "wan1"\n        next\n    end\nend\n',
        policies: policy(1, { dstintf: '"virtual-wan-link"' }),
      },
      web,
      yes,
    ],
    ['replies', {}, { ...web, state: 'established' }, 'allow (session table)'],
  ];
  test.each(cases)('%s', judged);
});

describe('virtual IPs', () => {
  const vip = (...lines: readonly string[]): string =>
    table('firewall vip', 'v', 'extip 198.51.100.3', 'extintf "wan1"', 'mappedip "10.30.0.10"', ...lines);
  const allow = (dstaddr = '"v"', more: Readonly<Record<string, string>> = {}): string =>
    policy(1, { srcintf: '"wan1"', dstintf: '"dmz"', dstaddr, ...more });
  const arriving = { ...inward, ...tcp('203.0.113.9', '198.51.100.3', 443) };
  const central = '    set central-nat enable';
  const group = table('firewall vipgrp', 'g', 'interface "wan1"', 'member "v"');
  test.each([
    ['by a policy', { tables: vip(), policies: allow() }, arriving, 'allow to 10.30.0.10'],
    ['by a group', { tables: vip() + group, policies: allow('"g"') }, arriving, 'allow to 10.30.0.10'],
    ['nobody refers to it', { tables: vip(), policies: allow('"server"') }, arriving, 'deny'],
    [
      'a port of it',
      { tables: vip('portforward enable', 'extport 8443', 'mappedport 443'), policies: allow() },
      { ...arriving, dport: 8443 },
      'allow to 10.30.0.10:443',
    ],
    [
      'the policy asks for the port behind',
      {
        tables: vip('portforward enable', 'extport 8443', 'mappedport 443'),
        policies: allow('"v"', { service: '"HTTPS"' }),
      },
      { ...arriving, dport: 8443 },
      'allow to 10.30.0.10:443',
    ],
    ['another way in', { tables: vip(), policies: allow() }, { ...arriving, iif: 'wan2' }, 'deny'],
    [
      'any way in',
      { tables: vip().replace('extintf "wan1"', 'extintf "any"'), policies: allow('"v"', { srcintf: '"any"' }) },
      { ...arriving, iif: 'wan2' },
      'allow to 10.30.0.10',
    ],
    [
      'central: without a policy that names it',
      { settings: central, tables: vip(), policies: allow('"server"') },
      arriving,
      'allow to 10.30.0.10',
    ],
    [
      'central: policies ask for the address behind',
      { settings: central, tables: vip(), policies: allow('"users"') },
      arriving,
      'deny to 10.30.0.10',
    ],
    [
      'central: one that is off',
      { settings: central, tables: vip('status disable'), policies: allow('"server"') },
      arriving,
      'deny',
    ],
  ] as const)('%s', (_what, configuration, packet, expected) => {
    const device = forti(configuration);
    expect(device.coverage.blind).toEqual([]);
    expect(natOf(device, packet)).toBe(expected);
  });
});

describe('to the device itself', () => {
  const lan = (...lines: readonly string[]): string =>
    `\n    edit "lan"\n        set vdom "root"\n        set ip 10.20.0.1 255.255.0.0\n${lines.map((line) => `        set ${line}\n`).join('')}    next`;
  const to = (dport: number, src = '10.20.3.3'): object => ({
    iif: 'lan',
    oif: 'self',
    ...tcp(src, '10.20.0.1', dport),
  });
  const ping = { ...to(0), proto: 'icmp', sport: undefined, dport: undefined, icmpType: 8, icmpCode: 0 };
  const admin = (name: string, ...lines: readonly string[]): string =>
    `    edit "${name}"\n        set accprofile "super_admin"\n${lines.map((line) => `        set ${line}\n`).join('')}    next\n`;
  const trusted = admin('one', 'trusthost1 10.20.3.0 255.255.255.0');
  const localIn = (...lines: readonly string[]): string =>
    `config firewall local-in-policy\n    edit 1\n${lines.map((line) => `        set ${line}\n`).join('')}    next\nend\n`;
  const denied = localIn('intf "lan"', 'srcaddr "users"', 'dstaddr "all"', 'service "SSH"', 'schedule "always"');
  const ssh = { interfaces: lan('allowaccess ssh ping') };
  const open = 'allow (system interface lan allowaccess)';
  const cases: readonly Case[] = [
    ['ssh', ssh, to(22), open],
    ['what is not named', ssh, to(443), no],
    ['ping', ssh, ping, open],
    ['a port that was moved', { ...ssh, global: '    set admin-ssh-port 2222' }, to(2222), open],
    ['trusted hosts, one of them', { ...ssh, admins: trusted }, to(22), open],
    ['trusted hosts, none of them', { ...ssh, admins: trusted }, to(22, '10.20.4.3'), no],
    ['one administrator has none', { ...ssh, admins: trusted + admin('two') }, to(22, '10.20.4.3'), open],
    [
      'each has others',
      { ...ssh, admins: trusted + admin('two', 'trusthost1 10.20.4.0 255.255.255.0') },
      to(22, '10.20.4.3'),
      open,
    ],
    ['a local-in policy denies before', { ...ssh, tables: denied }, to(22), 'deny (firewall local-in-policy 1)'],
    ['a local-in policy of other sources', { ...ssh, tables: denied.replace('"users"', '"vendor"') }, to(22), open],
    [
      'a local-in policy that is off',
      { ...ssh, tables: denied.replace('set service', 'set status disable\n        set service') },
      to(22),
      open,
    ],
    [
      'a local-in policy of all but these',
      { ...ssh, tables: denied.replace('set service', 'set srcaddr-negate enable\n        set service') },
      to(22),
      open,
    ],
  ];
  test.each(cases)('%s', judged);
});

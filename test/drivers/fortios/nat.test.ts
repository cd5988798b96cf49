import { describe, expect, test } from '@jest/globals';
import { forti, inward, outward, policy, tcp } from './forti.js';
import { natOf, verdictOf } from './support.js';

const pools = `config firewall ippool
    edit "one"
        set startip 198.51.100.5
        set endip 198.51.100.5
    next
    edit "two"
        set type fixed-port-range
        set startip 198.51.100.16
        set endip 198.51.100.19
        set source-startip 10.20.0.0
        set source-endip 10.20.255.255
    next
end
config firewall ippool6
    edit "six"
        set startip 2001:db8:ffff::1
        set endip 2001:db8:ffff::1
    next
end`;

const out = (dport = 443): object => ({ ...outward, ...tcp('10.20.3.3', '192.0.2.80', dport) });

describe('the source under which a policy sends on', () => {
  test.each([
    ['as it was', {}, 'allow'],
    ['nat: that of the outgoing interface', { nat: 'enable' }, 'allow from 198.51.100.2'],
    ['a pool that is named and not enabled', { nat: 'enable', poolname: '"one"' }, 'allow from 198.51.100.2'],
    ['a pool', { nat: 'enable', ippool: 'enable', poolname: '"one"' }, 'allow from 198.51.100.5'],
    [
      'several addresses, of which one is taken',
      { nat: 'enable', ippool: 'enable', poolname: '"two"' },
      'allow from 198.51.100.16/30',
    ],
    [
      'several pools',
      { nat: 'enable', ippool: 'enable', poolname: '"one" "two"' },
      'allow from 198.51.100.5,198.51.100.16/30',
    ],
    ['a pool without nat', { ippool: 'enable', poolname: '"one"' }, 'allow'],
    ['nothing of what is denied', { action: 'deny', nat: 'enable' }, 'deny'],
  ] as const)('%s', (_case, settings, expected) => {
    const device = forti({ tables: pools, policies: policy(1, settings) });
    expect(device.coverage.blind).toEqual([]);
    expect(natOf(device, out())).toBe(expected);
  });

  test('an interface whose address is not in the configuration: one of the device', () => {
    const device = forti({ policies: policy(1, { dstintf: '"wan2"', nat: 'enable' }) });
    const packet = { ...tcp('10.20.3.3', '192.0.2.80', 443), iif: 'lan', oif: 'wan2' };
    expect(natOf(device, packet)).toBe('allow from an address of this device');
  });

  test('each policy for itself, in their order', () => {
    const device = forti({
      tables: pools,
      policies: [
        policy(1, { service: '"HTTPS"', nat: 'enable', ippool: 'enable', poolname: '"one"' }),
        policy(2, { service: '"SSH"', nat: 'enable' }),
        policy(3),
      ].join('\n'),
    });
    expect([out(443), out(22), out(80)].map((packet) => natOf(device, packet))).toEqual([
      'allow from 198.51.100.5',
      'allow from 198.51.100.2',
      'allow',
    ]);
    expect(verdictOf(device, out(22))).toBe('allow (firewall policy 2)');
  });

  test('IPv6 has pools of its own', () => {
    const six = { srcaddr6: '"all"', dstaddr6: '"all"', nat: 'enable', ippool: 'enable', poolname6: '"six"' };
    const device = forti({ tables: pools, policies: policy(1, six) });
    expect(natOf(device, { ...outward, ...tcp('2001:db8:20::5', '2001:db8::1', 443) })).toBe(
      'allow from 2001:db8:ffff::1',
    );
    expect(natOf(device, out())).toBe('allow from 198.51.100.2');
  });

  test('a pool that nobody defined makes the reading blind', () => {
    const device = forti({ policies: policy(1, { nat: 'enable', ippool: 'enable', poolname: '"gone"' }) });
    expect(device.coverage.blind.join()).toMatch(/the pool gone is not defined/);
  });
});

const central = (entries: string, more = ''): string => `${pools}
config firewall central-snat-map
${entries}
end
${more}`;

describe('the central map of sources', () => {
  const entry = (id: number, lines: string): string =>
    `    edit ${id}\n        set srcintf "lan"\n        set dstintf "wan1"\n        set orig-addr "all"\n        set dst-addr "all"\n${lines}\n    next`;
  const device = (entries: string, more = ''): ReturnType<typeof forti> =>
    forti({
      settings: '    set central-nat enable',
      tables: central(entries, more),
      policies: policy(1, { nat: 'enable' }),
    });

  test.each([
    ['no entry: the policy’s own nat counts for nothing', '', 'allow'],
    ['no pool: the outgoing interface', entry(1, ''), 'allow from 198.51.100.2'],
    ['a pool', entry(1, '        set nat-ippool "one"'), 'allow from 198.51.100.5'],
    [
      'from the top',
      `${entry(1, '        set orig-addr "vendor"')}\n${entry(2, '        set nat-ippool "one"')}`,
      'allow from 198.51.100.5',
    ],
    [
      'nat disable ends the search',
      `${entry(1, '        set nat disable')}\n${entry(2, '        set nat-ippool "one"')}`,
      'allow',
    ],
    [
      'status disable',
      `${entry(1, '        set status disable\n        set nat-ippool "one"')}\n${entry(2, '')}`,
      'allow from 198.51.100.2',
    ],
    ['another protocol', entry(1, '        set protocol 17'), 'allow'],
    ['this protocol', entry(1, '        set protocol 6'), 'allow from 198.51.100.2'],
    ['another source port', entry(1, '        set protocol 6\n        set orig-port 1000-2000'), 'allow'],
    [
      'this source port, and new ones',
      entry(
        1,
        '        set protocol 6\n        set orig-port 40000\n        set nat-port 50000-50100\n        set nat-ippool "one"',
      ),
      'allow from 198.51.100.5:50000-50100',
    ],
    ['another way out', entry(1, '        set dstintf "dmz"'), 'allow'],
  ] as const)('%s', (_case, entries, expected) => expect(natOf(device(entries), out())).toBe(expected));

  const vip = (more: string): string =>
    `config firewall vip\n    edit "host"\n        set extip 198.51.100.4\n        set mappedip "10.20.3.3"\n        set extintf "wan1"\n${more}\n    next\nend`;

  test('nat-source-vip goes before its pools, and only within what the map translates', () => {
    const pooled = entry(1, '        set nat-ippool "one"');
    expect(natOf(device(pooled, vip('        set nat-source-vip enable')), out())).toBe('allow from 198.51.100.4');
    expect(natOf(device(pooled, vip('')), out())).toBe('allow from 198.51.100.5');
    expect(natOf(device('', vip('        set nat-source-vip enable')), out())).toBe('allow');
  });
});

const vips = (...entries: readonly string[]): string =>
  `config firewall vip\n${entries.map((lines, index) => `    edit "vip${index + 1}"\n        set extintf "wan1"\n${lines}\n    next`).join('\n')}\nend`;
const published = (dstaddr = '"vip1"', more: Readonly<Record<string, string>> = {}): string =>
  policy(1, { srcintf: '"wan1"', dstintf: '"dmz"', dstaddr, ...more });
const toVip = (dst: string, dport: number, more: object = {}): object => ({
  ...inward,
  ...tcp('203.0.113.99', dst, dport),
  ...more,
});

describe('virtual IPs', () => {
  const one = '        set extip 198.51.100.3\n        set mappedip "10.30.0.10"';
  const forwarded = `${one}\n        set portforward enable\n        set extport 8443\n        set mappedport 443`;

  test.each([
    ['one host', one, toVip('198.51.100.3', 22), 'allow to 10.30.0.10'],
    ['not its real address', one, toVip('10.30.0.10', 22), 'deny'],
    ['a port', forwarded, toVip('198.51.100.3', 8443), 'allow to 10.30.0.10:443'],
    ['another port', forwarded, toVip('198.51.100.3', 443), 'deny'],
    ['another protocol', forwarded, toVip('198.51.100.3', 8443, { proto: 'udp' }), 'deny'],
    [
      'UDP',
      `${forwarded}\n        set protocol udp`,
      toVip('198.51.100.3', 8443, { proto: 'udp' }),
      'allow to 10.30.0.10:443',
    ],
    [
      'a range of hosts, one for one',
      '        set extip 198.51.100.8-198.51.100.12\n        set mappedip "10.30.0.101-10.30.0.105"',
      toVip('198.51.100.11', 22),
      'allow to 10.30.0.104',
    ],
    [
      'a network of hosts that keep their part',
      '        set extip 198.51.0.0-198.51.0.255\n        set mappedip "10.30.0.0-10.30.0.255"',
      toVip('198.51.0.77', 22),
      'allow to 10.30.0.77',
    ],
    [
      'a large range of hosts, one for one',
      '        set extip 198.51.0.10-198.51.0.209\n        set mappedip "10.30.0.30-10.30.0.229"',
      toVip('198.51.0.177', 22),
      'allow to 10.30.0.197',
    ],
    [
      'a range of ports, one for one',
      `${one}\n        set portforward enable\n        set extport 8000-8010\n        set mappedport 80-90`,
      toVip('198.51.100.3', 8004),
      'allow to 10.30.0.10:84',
    ],
    [
      'the same ports',
      `${one}\n        set portforward enable\n        set extport 8000-8010\n        set mappedport 8000-8010`,
      toVip('198.51.100.3', 8004),
      'allow to 10.30.0.10',
    ],
    [
      'for some sources only',
      `${one}\n        set src-filter "203.0.113.96/28"`,
      toVip('198.51.100.3', 22),
      'allow to 10.30.0.10',
    ],
    ['not for others', `${one}\n        set src-filter "203.0.113.0/28"`, toVip('198.51.100.3', 22), 'deny'],
    [
      'for a range of sources',
      `${one}\n        set src-filter "203.0.113.90-203.0.113.99"`,
      toVip('198.51.100.3', 22),
      'allow to 10.30.0.10',
    ],
    ['from the other interface', one, { ...toVip('198.51.100.3', 22), iif: 'lan' }, 'deny'],
    ['switched off', `${one}\n        set status disable`, toVip('198.51.100.3', 22), 'deny'],
    [
      'the interface’s own address',
      '        set extip 0.0.0.0\n        set mappedip "10.30.0.10"\n        set portforward enable\n        set extport 443\n        set mappedport 443',
      toVip('198.51.100.2', 443),
      'allow to 10.30.0.10:443',
    ],
    [
      'named addresses',
      '        set extaddr "outside"\n        set mappedip "10.30.0.10"',
      toVip('198.51.100.3', 22),
      'allow to 10.30.0.10',
    ],
    [
      'servers that share the work',
      '        set type server-load-balance\n        set extip 198.51.100.3\n        set server-type tcp\n        set extport 443\n        config realservers\n            edit 1\n                set ip 10.30.0.20\n                set port 8443\n            next\n            edit 2\n                set ip 10.30.0.21\n                set port 8443\n            next\n            edit 3\n                set ip 10.30.0.40\n                set port 8443\n                set status disable\n            next\n        end',
      toVip('198.51.100.3', 443),
      'allow to 10.30.0.20/31:8443',
    ],
  ] as const)('%s', (_case, lines, packet, expected) => {
    const outside =
      'config firewall address\n    edit "outside"\n        set subnet 198.51.100.3 255.255.255.255\n    next\nend\n';
    const device = forti({ tables: outside + vips(lines), policies: published() });
    expect(device.coverage.blind).toEqual([]);
    expect(natOf(device, packet)).toBe(expected);
  });

  test('services of a policy are those behind the translation', () => {
    const of = (service: string): string =>
      natOf(
        forti({ tables: vips(forwarded), policies: published('"vip1"', { service }) }),
        toVip('198.51.100.3', 8443),
      );
    expect([of('"HTTPS"'), of('"SSH"')]).toEqual(['allow to 10.30.0.10:443', 'deny to 10.30.0.10:443']);
  });

  test('services of a virtual IP are those in front of it', () => {
    const lines = `${one}\n        set service "alt"\n        set portforward enable\n        set mappedport 443`;
    const service = 'config firewall service custom\n    edit "alt"\n        set tcp-portrange 8443\n    next\nend\n';
    const device = forti({ tables: service + vips(lines), policies: published('"vip1"', { service: '"HTTPS"' }) });
    expect(device.coverage.blind).toEqual([]);
    expect([8443, 443].map((port) => natOf(device, toVip('198.51.100.3', port)))).toEqual([
      'allow to 10.30.0.10:443',
      'deny',
    ]);
  });

  test('how a proxy in front of servers speaks TLS, or what a new version adds, leaves the reading whole', () => {
    const lines = `${one}\n        set ssl-mode full\n        set ssl-certificate "portal"\n        set quantum-relay enable`;
    const device = forti({ tables: vips(lines), policies: published() });
    expect(device.coverage.blind).toEqual([]);
    expect(device.coverage.lines.filter(({ state }) => state === 'unmodelled').map(({ reason }) => reason)).toEqual([
      '“quantum-relay” is not known',
    ]);
    expect(natOf(device, toVip('198.51.100.3', 22))).toBe('allow to 10.30.0.10');
  });

  test('groups of them', () => {
    const group =
      'config firewall vipgrp\n    edit "all of them"\n        set interface "wan1"\n        set member "vip1" "vip2"\n    next\nend';
    const two = '        set extip 198.51.100.4\n        set mappedip "10.30.0.11"';
    const device = forti({ tables: `${vips(one, two)}\n${group}`, policies: published('"all of them"') });
    expect(['198.51.100.3', '198.51.100.4', '198.51.100.5'].map((dst) => natOf(device, toVip(dst, 443)))).toEqual([
      'allow to 10.30.0.10',
      'allow to 10.30.0.11',
      'deny',
    ]);
  });

  test('one that no policy refers to does nothing; under central NAT it does, and policies ask for what is behind it', () => {
    const policies = published('"server"');
    const device = forti({ tables: vips(one), policies });
    expect(natOf(device, toVip('198.51.100.3', 443))).toBe('deny');
    expect(natOf(device, toVip('10.30.0.10', 443))).toBe('allow');
    const centrally = forti({ settings: '    set central-nat enable', tables: vips(one), policies });
    expect(natOf(centrally, toVip('198.51.100.3', 443))).toBe('allow to 10.30.0.10');
    const off = forti({
      settings: '    set central-nat enable',
      tables: vips(`${one}\n        set status disable`),
      policies,
    });
    expect(natOf(off, toVip('198.51.100.3', 443))).toBe('deny');
  });

  test('a policy that is switched off brings none to life', () => {
    const device = forti({ tables: vips(one), policies: published('"vip1"', { status: 'disable' }) });
    expect(natOf(device, toVip('198.51.100.3', 443))).toBe('deny');
  });

  test('a host that is published whole begins under its published address', () => {
    const host = '        set extip 198.51.100.4\n        set mappedip "10.20.3.3"';
    const policies = (nat: Readonly<Record<string, string>>): string =>
      [policy(1, { srcintf: '"wan1"', dstintf: '"lan"', dstaddr: '"vip1"' }), policy(2, nat)].join('\n');
    const pooled = { nat: 'enable', ippool: 'enable', poolname: '"one"' };
    const of = (lines: string, nat: Readonly<Record<string, string>>): string =>
      natOf(forti({ tables: `${pools}\n${vips(lines)}`, policies: policies(nat) }), out());
    expect(of(host, { nat: 'enable' })).toBe('allow from 198.51.100.4');
    expect(of(host, pooled)).toBe('allow from 198.51.100.5');
    expect(of(`${host}\n        set nat-source-vip enable`, pooled)).toBe('allow from 198.51.100.4');
    expect(of(host, {})).toBe('allow');
    expect(
      of(`${host}\n        set portforward enable\n        set extport 443\n        set mappedport 443`, {
        nat: 'enable',
      }),
    ).toBe('allow from 198.51.100.2');
  });
});

describe('policies to plain addresses, and what a virtual IP has translated', () => {
  const one = '        set extip 198.51.100.3\n        set mappedip "10.30.0.10"';
  const verdict = (version: string, first: Readonly<Record<string, string>>): string => {
    const above = policy(7, { srcintf: '"wan1"', dstintf: '"any"', ...first });
    const device = forti({ version, tables: vips(one), policies: [above, published()].join('\n') });
    return verdictOf(device, toVip('198.51.100.3', 443));
  };
  const deny = { action: '' };

  test.each([
    ['6.0.9', deny, 'allow (firewall policy 1)'],
    ['6.4.8', deny, 'allow (firewall policy 1)'],
    ['7.0.14', deny, 'allow (firewall policy 1)'],
    ['7.2.2', deny, 'allow (firewall policy 1)'],
    ['7.2.3', deny, 'maybe'],
    ['7.2.4', deny, 'deny (firewall policy 7)'],
    ['7.4.1', deny, 'deny (firewall policy 7)'],
    ['7.6.0', deny, 'deny (firewall policy 7)'],
    ['6.4.8', { ...deny, 'match-vip': 'enable' }, 'deny (firewall policy 7)'],
    ['7.4.1', { ...deny, 'match-vip': 'disable' }, 'allow (firewall policy 1)'],
    ['7.4.1', { ...deny, dstaddr: '"server"' }, 'deny (firewall policy 7)'],
    ['7.4.1', { ...deny, dstaddr: '"users"' }, 'allow (firewall policy 1)'],
    ['6.2.0', { ...deny, dstaddr: '"vip1"' }, 'deny (firewall policy 7)'],
    ['7.4.1', { service: '"SSH"' }, 'allow (firewall policy 1)'],
  ] as const)('in %s, below %j', (version, first, expected) => expect(verdict(version, first)).toBe(expected));

  test('an accepting policy to plain addresses never lets it through', () => {
    const closed = published('"vip1"', { srcaddr: '"vendor"' });
    const open = policy(9, { srcintf: '"wan1"', dstintf: '"any"' });
    const device = forti({ tables: vips(one), policies: [closed, open].join('\n') });
    expect(verdictOf(device, toVip('198.51.100.3', 443))).toBe('deny (policy 0)');
    expect(verdictOf(device, toVip('10.30.0.11', 443))).toBe('allow (firewall policy 9)');
  });

  test('match-vip-only: of nothing else', () => {
    const above = policy(7, { srcintf: '"wan1"', dstintf: '"any"', action: '', 'match-vip-only': 'enable' });
    const open = policy(9, { srcintf: '"wan1"', dstintf: '"any"' });
    const device = forti({ tables: vips(one), policies: [above, published(), open].join('\n') });
    expect(verdictOf(device, toVip('198.51.100.3', 443))).toBe('deny (firewall policy 7)');
    expect(verdictOf(device, toVip('10.30.0.11', 443))).toBe('allow (firewall policy 9)');
  });
});

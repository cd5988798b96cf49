import { describe, expect, test } from '@jest/globals';
import { forti, inward, outward, policy, tcp } from './forti.js';
import { natOf, verdictOf } from './support.js';

const web = { ...outward, ...tcp('10.20.3.3', '192.0.2.80', 443) };

describe('ngfw-mode policy-based', () => {
  const settings = '    set ngfw-mode policy-based';
  const pre = (more: Readonly<Record<string, string>> = {}): string =>
    policy(1, { srcintf: '"any"', dstintf: '"any"', action: '', schedule: '', ...more });
  const security = (...entries: readonly string[]): string =>
    `config firewall security-policy\n${entries.join('\n')}\nend`;

  test.each([
    ['both hold', pre(), security(policy(5)), 'allow (firewall security-policy 5)'],
    ['no security policy', pre(), security(), 'deny (policy 0)'],
    ['none that holds', pre(), security(policy(5, { dstintf: '"dmz"' })), 'deny (policy 0)'],
    ['one that denies', pre(), security(policy(5, { action: '' }), policy(6)), 'deny (firewall security-policy 5)'],
    ['nothing before it', '', security(policy(5)), 'deny (policy 0)'],
    ['the one before it is for others', pre({ srcaddr: '"vendor"' }), security(policy(5)), 'deny (policy 0)'],
    ['the one before it denies', pre({ action: 'deny' }), security(policy(5)), 'deny (firewall policy 1)'],
    [
      'default ports of applications',
      pre(),
      security(policy(5, { service: '' })),
      'allow (firewall security-policy 5)',
    ],
    ['an application', pre(), security(policy(5, { service: '', application: '15832' })), 'maybe'],
    ['a category of the web', pre(), security(policy(5, { 'url-category': '5' })), 'maybe'],
    ['off', pre(), security(policy(5, { status: 'disable' })), 'deny (policy 0)'],
  ] as const)('%s', (_case, policies, more, expected) => {
    const device = forti({ settings, policies, more });
    expect(device.coverage.blind).toEqual([]);
    expect(verdictOf(device, web)).toBe(expected);
  });

  test('in the other mode security policies count for nothing', () => {
    expect(verdictOf(forti({ policies: policy(1), more: security(policy(5, { action: '' })) }), web)).toBe(
      'allow (firewall policy 1)',
    );
  });

  test('sources are translated by the central map, destinations by virtual IPs that nobody refers to', () => {
    const tables = `config firewall vip
    edit "v"
        set extip 198.51.100.3
        set extintf "any"
        set mappedip "10.30.0.10"
    next
end
config firewall central-snat-map
    edit 1
        set srcintf "lan"
        set dstintf "wan1"
        set orig-addr "all"
        set dst-addr "all"
    next
end`;
    const more = security(policy(5), policy(6, { srcintf: '"wan1"', dstintf: '"dmz"', dstaddr: '"server"' }));
    const device = forti({ settings, tables, policies: pre(), more });
    expect(natOf(device, web)).toBe('allow from 198.51.100.2');
    expect(natOf(device, { ...inward, ...tcp('203.0.113.9', '198.51.100.3', 443) })).toBe('allow to 10.30.0.10');
  });

  test('up to 6.0 the policies themselves decide', () => {
    const device = forti({ version: '6.0.9', settings, policies: policy(1, { application: '15832' }) });
    expect(verdictOf(device, web)).toBe('maybe');
    expect(verdictOf(device, { ...web, iif: 'dmz' })).toBe('deny (policy 0)');
  });

  test('security policies that are not shown are not the same as none', () => {
    expect(forti({ settings, policies: pre() }).coverage.blind.join()).toMatch(/there are no security policies in it/);
  });
});

describe('sessions', () => {
  const device = forti({ policies: policy(1) });
  const open = forti({ settings: '    set asymroute enable', policies: policy(1) });
  const back = { iif: 'wan1', oif: 'lan', ...tcp('192.0.2.80', '10.20.3.3', 40_000) };

  test.each([
    ['a reply', { ...back, state: 'established' }, 'allow (session table)', 'allow (session table)'],
    ['a connection from there', back, 'deny (policy 0)', 'deny (policy 0)'],
    [
      'a packet of no session',
      { ...back, state: 'invalid', tcpFlags: ['ACK'] },
      'deny (system settings asymroute)',
      'allow (system settings asymroute)',
    ],
    [
      'one that begins without SYN',
      { ...web, tcpFlags: ['ACK'] },
      'deny (system settings asymroute)',
      'allow (system settings asymroute)',
    ],
    [
      'SYN and ACK',
      { ...back, tcpFlags: ['SYN', 'ACK'] },
      'deny (system settings asymroute)',
      'allow (system settings asymroute)',
    ],
    ['one that begins', web, 'allow (firewall policy 1)', 'allow (firewall policy 1)'],
    ['UDP is asked of the policies', { ...back, proto: 'udp' }, 'deny (policy 0)', 'deny (policy 0)'],
  ] as const)('%s', (_case, packet, expected, withAsymroute) => {
    expect(verdictOf(device, packet)).toBe(expected);
    expect(verdictOf(open, packet)).toBe(withAsymroute);
  });

  test('asymroute is state of the device, and for one family only', () => {
    const fact = { kind: 'forwarding', subject: 'system settings asymroute', value: 'enable' };
    expect(open.facts).toContainEqual(expect.objectContaining(fact));
    expect(device.facts.filter(({ subject }) => subject.includes('asymroute'))).toEqual([]);
    const six = { iif: 'wan1', oif: 'lan', ...tcp('2001:db8::1', '2001:db8:20::5', 40_000), state: 'invalid' };
    expect(verdictOf(open, six)).toBe('deny (system settings asymroute6)');
  });

  test('tcp-session-without-syn: any packet may begin a session that a policy lets in', () => {
    const settings = '    set tcp-session-without-syn enable';
    const one = forti({ settings, policies: policy(1) });
    expect(verdictOf(one, { ...web, tcpFlags: ['ACK'] })).toBe('allow (firewall policy 1)');
  });
});

describe('what leaves by the interface it came in by', () => {
  const own = { iif: 'lan', oif: 'lan', ...tcp('10.20.3.3', '10.20.9.9', 443) };
  const foreign = { ...own, src: '172.16.0.5' };
  const verdicts = (version: string, global = ''): readonly string[] => {
    const device = forti({ version, global, policies: policy(1, { action: '', srcintf: '"lan"', dstintf: '"lan"' }) });
    return [own, foreign].map((packet) => verdictOf(device, packet).split(' ')[0]!);
  };

  test.each([
    ['6.4.9', '', ['allow', 'deny']],
    ['7.0.15', '', ['allow', 'deny']],
    ['7.0.16', '', ['allow', 'allow']],
    ['7.2.5', '', ['allow', 'deny']],
    ['7.4.3', '', ['allow', 'deny']],
    ['7.4.4', '', ['allow', 'allow']],
    ['7.4.10', '', ['deny', 'deny']],
    ['7.6.2', '', ['allow', 'allow']],
    ['7.6.5', '', ['deny', 'deny']],
    ['7.6.5', '    set allow-traffic-redirect enable', ['allow', 'allow']],
    ['7.4.4', '    set allow-traffic-redirect disable', ['deny', 'deny']],
  ] as const)('in %s, %j', (version, global, expected) => expect(verdicts(version, global)).toEqual(expected));
});

describe('times', () => {
  const schedules = `config firewall schedule onetime
    edit "spring"
        set start 08:00 2026/04/01
        set end 18:00 2026/04/03
    next
    edit "autumn"
        set start 08:00 2026/10/01
        set end 18:00 2026/10/03
    next
end
config firewall schedule recurring
    edit "nights"
        set start 22:00
        set end 06:00
        set day monday tuesday
    next
    edit "whole days"
        set day sunday monday tuesday wednesday thursday friday saturday
    next
    edit "never"
        set day none
    next
end
config firewall schedule group
    edit "once and again"
        set member "spring" "nights"
    next
    edit "all over"
        set member "spring" "never"
    next
    edit "any time"
        set member "spring" "whole days"
    next
end`;
  const at = (time: string | undefined, more: Readonly<Record<string, string>>, version = '7.4.3') =>
    forti({
      version,
      tables: schedules,
      policies: policy(1, more),
      ...(time !== undefined && {
        status: `Version: FortiGate-60F v${version},build1,240201 (GA.F)\nSystem time: ${time}\n`,
      }),
    });
  const june = 'Mon Jun  1 09:30:00 2026';

  test.each([
    ['no clock was read', undefined, 'spring', 'maybe'],
    ['before it', 'Tue Mar 31 23:59:59 2026', 'spring', 'maybe'],
    ['in it', 'Thu Apr  2 12:00:00 2026', 'spring', 'maybe'],
    ['the minute it ends', 'Fri Apr  3 18:00:00 2026', 'spring', 'deny (policy 0)'],
    ['after it', june, 'spring', 'deny (policy 0)'],
    ['one that is to come', june, 'autumn', 'maybe'],
    ['a night that comes again', june, 'nights', 'maybe'],
    ['all days, all day', june, 'whole days', 'allow (firewall policy 1)'],
    ['no day', june, 'never', 'deny (policy 0)'],
    ['a group of one that is over and one that comes again', june, 'once and again', 'maybe'],
    ['a group of what is over', june, 'all over', 'deny (policy 0)'],
    ['a group with all days in it', june, 'any time', 'allow (firewall policy 1)'],
  ] as const)('%s', (_case, time, schedule, expected) => {
    const device = at(time, { schedule: `"${schedule}"` });
    expect(device.coverage.blind).toEqual([]);
    expect(verdictOf(device, web)).toBe(expected);
  });

  test.each([
    ['is set and not switched on', june, { 'policy-expiry-date': '2026-05-01 18:00:00' }, 'allow (firewall policy 1)'],
    ['has passed', june, { 'policy-expiry': 'enable', 'policy-expiry-date': '2026-05-01 18:00:00' }, 'deny (policy 0)'],
    ['is to come', june, { 'policy-expiry': 'enable', 'policy-expiry-date': '2026-07-01 18:00:00' }, 'maybe'],
    [
      'no clock was read',
      undefined,
      { 'policy-expiry': 'enable', 'policy-expiry-date': '2026-05-01 18:00:00' },
      'maybe',
    ],
    [
      'in seconds, long ago',
      june,
      { 'policy-expiry': 'enable', 'policy-expiry-date-utc': '1767225600' },
      'deny (policy 0)',
    ],
    [
      'in seconds, today in some zone',
      june,
      { 'policy-expiry': 'enable', 'policy-expiry-date-utc': '1780306200' },
      'maybe',
    ],
  ] as const)('the day a policy expires: %s', (_case, time, more, expected) => {
    expect(verdictOf(at(time, more), web)).toBe(expected);
  });

  test('the times are told, in order and without names', () => {
    const reasons = at(june, { schedule: '"once and again"' }).coverage.lines.flatMap(({ reason }) => reason ?? []);
    expect(reasons).toEqual(['it is 22:00–06:00 of the next day on monday, tuesday']);
  });
});

describe('tunnels', () => {
  test('IPsec and SSL-VPN are interfaces that policies name', () => {
    const interfaces = `
    edit "wan1"
        set ip 198.51.100.2 255.255.255.248
    next
    edit "dmz"
        set ip 10.30.0.1 255.255.255.0
    next
    edit "to-vendor"
        set type tunnel
        set interface "wan1"
    next`;
    const device = forti({
      interfaces,
      tables: 'config system zone\n    edit "remote"\n        set interface "to-vendor" "ssl.root"\n    next\nend',
      policies: [
        policy(1, { srcintf: '"to-vendor"', dstintf: '"dmz"', dstaddr: '"server"', service: '"SSH"' }),
        policy(2, { srcintf: '"ssl.root"', dstintf: '"dmz"', dstaddr: '"server"', groups: '"staff"' }),
        policy(3, { srcintf: '"remote"', dstintf: '"dmz"', service: '"DNS"' }),
      ].join('\n'),
    });
    expect(device.coverage.blind).toEqual([]);
    const from = (place: object, dport: number): string =>
      verdictOf(device, { ...place, oif: 'dmz', ...tcp('192.168.9.9', '10.30.0.10', dport) });
    expect([from({ iif: 'to-vendor' }, 22), from({ iif: 'to-vendor' }, 443), from({ iif: 'ssl.root' }, 443)]).toEqual([
      'allow (firewall policy 1)',
      'deny (policy 0)',
      'maybe',
    ]);
    expect([from({ iif: 'ssl.root' }, 53), from({ fromZone: 'remote' }, 53), from({ iif: 'wan1' }, 53)]).toEqual([
      'allow',
      'allow (firewall policy 3)',
      'deny (policy 0)',
    ]);
  });

  test('a policy that encrypts lets out, and lets in what comes out of the tunnel', () => {
    const tunnel = {
      action: 'ipsec',
      vpntunnel: '"branch"',
      dstaddr: '"vendor"',
      inbound: 'enable',
      outbound: 'enable',
    };
    const verdicts = (more: Readonly<Record<string, string>>): readonly string[] => {
      const device = forti({ policies: policy(1, { ...tunnel, ...more }) });
      expect(device.coverage.blind).toEqual([]);
      const there = { ...outward, ...tcp('10.20.3.3', '203.0.113.17', 443) };
      const back = { iif: 'wan1', oif: 'lan', ...tcp('203.0.113.17', '10.20.3.3', 443) };
      return [there, back].map((packet) => verdictOf(device, packet).split(' ')[0]!);
    };
    expect(verdicts({})).toEqual(['allow', 'maybe']);
    expect(verdicts({ inbound: 'disable' })).toEqual(['allow', 'deny']);
    expect(verdicts({ outbound: 'disable' })).toEqual(['deny', 'maybe']);
  });
});

describe('access lists of the interface', () => {
  const acl = (more = ''): string =>
    `config firewall acl\n    edit 1\n        set interface "wan1"\n        set srcaddr "vendor"\n        set dstaddr "published"\n        set service "HTTPS"\n${more}\n    next\nend`;
  const tables = (more?: string): string => `config firewall address
    edit "published"
        set subnet 198.51.100.3 255.255.255.255
    next
end
config firewall vip
    edit "v"
        set extip 198.51.100.3
        set extintf "wan1"
        set mappedip "10.30.0.10"
        set portforward enable
        set extport 443
        set mappedport 8443
    next
end
${acl(more)}`;
  const policies = policy(1, { srcintf: '"wan1"', dstintf: '"dmz"', dstaddr: '"v"' });
  const packet = { ...inward, ...tcp('203.0.113.17', '198.51.100.3', 443) };

  test('drop by what a packet came with, before it is translated', () => {
    const device = forti({ tables: tables(), policies });
    expect(device.coverage.blind).toEqual([]);
    expect(verdictOf(device, packet)).toBe('deny (firewall acl 1)');
    expect(natOf(device, { ...packet, src: '203.0.113.99' })).toBe('allow to 10.30.0.10:8443');
    expect(natOf(forti({ tables: tables('        set status disable'), policies }), packet)).toBe(
      'allow to 10.30.0.10:8443',
    );
  });
});

import { describe, expect, test } from '@jest/globals';
import type { Device } from '../../../agent/model/index.js';
import { forti, fortiText, outward, policy, tcp } from './forti.js';
import { deviceOf, isClean, readText, verdictOf } from './support.js';

const web = { ...outward, ...tcp('10.20.3.3', '192.0.2.80', 443) };

const addresses = `config firewall address
    edit "every tenth"
        set type wildcard
        set wildcard 192.0.2.0 255.255.255.10
    next
    edit "fifth of each network"
        set type wildcard
        set wildcard 10.0.0.5 255.0.0.255
    next
    edit "vendor site"
        set type fqdn
        set fqdn "vendor.example.com"
    next
    edit "country"
        set type geography
        set country "FR"
    next
    edit "tagged"
        set type dynamic
        set sub-type ems-tag
    next
    edit "scanner"
        set type mac
        set macaddr "00:1b:21:3a:4c:5d" "00:1b:21:00:00:00-00:1b:21:00:00:ff"
    next
    edit "old scanner"
        set type mac
        set start-mac 00:1b:21:3a:4c:5d
        set end-mac 00:1b:21:3a:4c:5f
    next
    edit "of the lan"
        set type interface-subnet
        set interface "lan"
    next
end
config firewall addrgrp
    edit "users but vendor"
        set member "users" "vendor"
        set exclude enable
        set exclude-member "inner"
    next
    edit "inner"
        set member "few"
    next
    edit "not all users"
        set member "users"
        set exclude enable
        set exclude-member "vendor site"
    next
end
config firewall address
    edit "few"
        set subnet 10.20.3.0 255.255.255.0
    next
end`;

describe('addresses', () => {
  const verdict = (more: Readonly<Record<string, string>>, packet: object): string => {
    const device = forti({ tables: addresses, policies: policy(1, more) });
    expect(device.coverage.blind).toEqual([]);
    return verdictOf(device, packet).split(' ')[0]!;
  };

  test.each([
    ['wildcard: the bits that are asked for', { dstaddr: '"every tenth"' }, { ...web, dst: '192.0.2.5' }, 'allow'],
    ['wildcard: one of them differs', { dstaddr: '"every tenth"' }, { ...web, dst: '192.0.2.2' }, 'deny'],
    ['wildcard: two octets free', { srcaddr: '"fifth of each network"' }, { ...web, src: '10.20.7.5' }, 'allow'],
    ['wildcard: the last differs', { srcaddr: '"fifth of each network"' }, web, 'deny'],
    ['FQDN', { dstaddr: '"vendor site"' }, web, 'maybe'],
    ['not FQDN', { dstaddr: '"vendor site"', 'dstaddr-negate': 'enable' }, web, 'maybe'],
    ['geography', { srcaddr: '"country"' }, web, 'maybe'],
    ['dynamic', { srcaddr: '"tagged"' }, web, 'maybe'],
    ['beside an address that holds', { srcaddr: '"users" "tagged"' }, web, 'allow'],
    ['MAC, its own', { srcaddr: '"scanner"' }, { ...web, smac: '00:1b:21:3a:4c:5d' }, 'allow'],
    ['MAC, in its range', { srcaddr: '"scanner"' }, { ...web, smac: '00:1b:21:00:00:7f' }, 'allow'],
    ['MAC, another', { srcaddr: '"scanner"' }, { ...web, smac: '00:1b:21:3a:4c:5e' }, 'deny'],
    ['MAC, not told', { srcaddr: '"scanner"' }, web, 'maybe'],
    ['MAC, as older versions say it', { srcaddr: '"old scanner"' }, { ...web, smac: '00:1b:21:3a:4c:5e' }, 'allow'],
    ['MAC of a destination', { dstaddr: '"scanner"' }, { ...web, smac: '00:1b:21:3a:4c:5d' }, 'maybe'],
    ['the network of an interface', { srcaddr: '"of the lan"' }, web, 'allow'],
    ['a group, without a group in it', { srcaddr: '"users but vendor"' }, web, 'deny'],
    ['a group, what is left of it', { srcaddr: '"users but vendor"' }, { ...web, src: '10.20.4.1' }, 'allow'],
    ['a group without what only the device knows', { srcaddr: '"not all users"' }, web, 'maybe'],
    ['a group without it, somebody else', { srcaddr: '"not all users"' }, { ...web, src: '172.16.1.1' }, 'deny'],
    ['not these', { srcaddr: '"few"', 'srcaddr-negate': 'enable' }, web, 'deny'],
    ['not these services', { service: '"HTTPS" "DNS"', 'service-negate': 'enable' }, web, 'deny'],
    ['users', { groups: '"staff"' }, web, 'maybe'],
    ['tags of clients', { 'ztna-status': 'enable', 'ztna-ems-tag': '"clean"' }, web, 'maybe'],
    ['switched off', { status: 'disable' }, web, 'deny'],
  ] as const)('%s', (_case, more, packet, expected) => expect(verdict(more, packet)).toBe(expected));
});

describe('services', () => {
  const verdict = (lines: string, packet: object): string => {
    const tables = `config firewall service custom\n edit "s"\n${lines}\n next\nend`;
    const device = forti({ tables, policies: policy(1, { service: '"s"' }) });
    expect(device.coverage.blind).toEqual([]);
    return verdictOf(device, packet).split(' ')[0]!;
  };
  const echo = { ...outward, src: '10.20.3.3', dst: '192.0.2.80', proto: 'icmp', icmpType: 8, icmpCode: 0 };

  test.each([
    ['any number of IP', 'set protocol IP', echo, 'allow'],
    ['one number', 'set protocol IP\nset protocol-number 1', web, 'deny'],
    [
      'what another protocol asked for is forgotten',
      'set protocol IP\nset protocol-number 1\nset protocol ICMP\nset icmptype 3\nset protocol IP',
      web,
      'allow',
    ],
    ['the same protocol again forgets nothing', 'set tcp-portrange 22\nset protocol TCP/UDP/SCTP', web, 'deny'],
    [
      'unset is the protocol it has by default',
      'set protocol ICMP\nunset protocol\nset tcp-portrange 443',
      web,
      'allow',
    ],
    ['any type', 'set protocol ICMP\nunset icmptype', echo, 'allow'],
    ['a type and any code', 'set protocol ICMP\nset icmptype 8\nunset icmpcode', { ...echo, icmpCode: 7 }, 'allow'],
    ['a code', 'set protocol ICMP\nset icmptype 8\nset icmpcode 1', echo, 'deny'],
    [
      'a type that goes takes its code along',
      'set protocol ICMP\nset icmptype 3\nset icmpcode 1\nunset icmptype\nset icmptype 8',
      echo,
      'allow',
    ],
  ] as const)('%s', (_case, lines, packet, expected) => expect(verdict(lines, packet)).toBe(expected));
});

describe('internet services', () => {
  const tables = `config firewall internet-service-custom
    edit "pacs portal"
        config entry
            edit 1
                set protocol 6
                config port-range
                    edit 1
                        set start-port 443
                        set end-port 444
                    next
                end
                set dst "server"
            next
        end
    next
end
config firewall internet-service-custom-group
    edit "portals"
        set member "pacs portal"
    next
end`;
  const of = (more: Readonly<Record<string, string>>) => {
    const device = forti({ tables, policies: policy(1, { dstintf: '"dmz"', dstaddr: '', service: '', ...more }) });
    expect(device.coverage.blind).toEqual([]);
    return (dport: number, packet: object = {}): string =>
      verdictOf(device, { iif: 'lan', oif: 'dmz', ...tcp('10.20.3.3', '10.30.0.10', dport), ...packet }).split(' ')[0]!;
  };
  const on = { 'internet-service': 'enable' };

  test('those of the vendor are known to the device alone', () => {
    expect(of({ ...on, 'internet-service-name': '"Vendor-Web"' })(443)).toBe('maybe');
  });

  test('those of the administrator are exact, in groups too', () => {
    for (const more of [
      { ...on, 'internet-service-custom': '"pacs portal"' },
      { ...on, 'internet-service-custom-group': '"portals"' },
    ]) {
      const ask = of(more);
      expect([ask(443), ask(444), ask(445), ask(443, { proto: 'udp' }), ask(443, { dst: '10.30.0.11' })]).toEqual([
        'allow',
        'allow',
        'deny',
        'deny',
        'deny',
      ]);
    }
  });

  test('all but these', () => {
    const ask = of({ ...on, 'internet-service-custom': '"pacs portal"', 'internet-service-negate': 'enable' });
    expect([ask(443), ask(445)]).toEqual(['deny', 'allow']);
  });

  test('as a source, only the addresses are certain', () => {
    const more = { 'internet-service-src': 'enable', 'internet-service-src-custom': '"pacs portal"', srcaddr: '' };
    const ask = of({ ...more, dstaddr: '"all"', service: '"ALL"' });
    expect([ask(443, { src: '10.30.0.10', sport: 443 }), ask(443, { src: '10.30.0.10' }), ask(443)]).toEqual([
      'allow',
      'maybe',
      'deny',
    ]);
  });
});

test.each([
  ['a note behind a statement', ' # the users of the ward', true],
  ['a note with quotation marks', ` # the ward's "users", it's said`, true],
  ['a quotation that is open', ' # the "users', false],
  ['a word that is none of a note', ' #users', false],
])('%s', (_what, note, isRead) => {
  const text = fortiText({ policies: policy(1) }).replace('set subnet 10.20.0.0 255.255.0.0', (line) => line + note);
  const device = readText(text);
  expect(isClean(device)).toBe(isRead);
  if (isRead && device.ok)
    expect(plainModel(device.value)).toEqual(plainModel(deviceOf(fortiText({ policies: policy(1) }))));
});

/** Without bigint, which JSON cannot write. */
function plainModel(device: Device): unknown {
  return JSON.parse(JSON.stringify(device, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)));
}

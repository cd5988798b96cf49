import { describe, expect, test } from '@jest/globals';
import { askLine } from '../../../agent/app/index.js';
import { isClean, readText, whole } from './support.js';

/** Cases from the vendor's documentation, each by itself; what the device does is what stands last. */
type Case = readonly [what: string, lines: string, packet: object, expected: string];

const more = `interface GigabitEthernet0/2
 nameif dmz
 security-level 50
 ip address 10.0.9.1 255.255.255.0
!
interface GigabitEthernet0/3
 nameif lab
 security-level 50
 ip address 10.0.8.1 255.255.255.0
!
`;
const tunnels = 'no sysopt connection permit-vpn\n';

function judged(_what: string, lines: string, packet: object, expected: string): void {
  const device = readText(whole(more + tunnels + lines));
  expect(device.coverage.blind).toEqual([]);
  expect(isClean(device)).toBe(true);
  const asked = { proto: 'tcp', sport: 40_000, dport: 443, ...packet };
  const answer = askLine(device, JSON.stringify({ id: 1, packet: asked }), { file: 'cases', line: 1 }, false);
  if (!answer.ok) throw new Error(answer.error.message);
  const { verdict, nat } = answer.value;
  const to = nat?.to ? ` to ${nat.to.join()}${nat.ports ? `:${[...new Set(nat.ports)].join('-')}` : ''}` : '';
  const from = nat?.source?.to ? ` from ${nat.source.to.join()}` : '';
  expect(`${verdict}${to}${from}`).toBe(expected);
}

const inward = { iif: 'outside', oif: 'dmz', src: '198.51.100.1', dst: '10.0.9.7' };
const outward = { iif: 'inside', oif: 'outside', src: '10.0.0.7', dst: '198.51.100.1' };
const sideways = { iif: 'dmz', oif: 'lab', src: '10.0.9.7', dst: '10.0.8.7' };
const turning = { iif: 'inside', oif: 'inside', src: '10.0.0.7', dst: '10.0.7.7' };

function bound(list: string, where: string, ...entries: readonly string[]): string {
  return `${entries.map((entry) => `access-list ${list} extended ${entry}\n`).join('')}access-group ${list} ${where}\n`;
}

describe('levels', () => {
  const cases: readonly Case[] = [
    ['down', '', outward, 'allow'],
    ['up', '', inward, 'deny'],
    ['down to one between', '', { ...outward, oif: 'dmz', dst: '10.0.9.7' }, 'allow'],
    ['the same', '', sideways, 'deny'],
    ['the same, where that is let', 'same-security-traffic permit inter-interface\n', sideways, 'allow'],
    ['the same, where turning alone is let', 'same-security-traffic permit intra-interface\n', sideways, 'deny'],
    ['out where it came in', '', turning, 'deny'],
    ['out where it came in, where that is let', 'same-security-traffic permit intra-interface\n', turning, 'allow'],
    ['the same, by a list, is not let', bound('d', 'in interface dmz', 'permit ip any any'), sideways, 'deny'],
    [
      'the same, by a list and where that is let',
      `same-security-traffic permit inter-interface\n${bound('d', 'in interface dmz', 'permit ip any any')}`,
      sideways,
      'allow',
    ],
    [
      'down, with a list that does not say so',
      bound('i', 'in interface inside', 'permit tcp any any eq 80'),
      outward,
      'deny',
    ],
  ];
  test.each(cases)('%s', judged);
});

describe('lists', () => {
  const on = (...entries: readonly string[]): string => bound('o', 'in interface outside', ...entries);
  const all = 'permit ip any any';
  const cases: readonly Case[] = [
    ['permitted', on(all), inward, 'allow'],
    ['denied before', on('deny tcp any any eq 443', all), inward, 'deny'],
    ['inactive', on('deny tcp any any eq 443 inactive', all), inward, 'allow'],
    [
      'a time',
      `time-range night\n periodic daily 20:00 to 23:59\n!\n${on('permit tcp any any eq 443 time-range night')}`,
      inward,
      'maybe',
    ],
    ['the word for all of IPv4', on('permit ip any4 any4'), inward, 'allow'],
    ['the word for all of IPv6', on('permit ip any6 any6'), inward, 'deny'],
    [
      'all of IPv6, in IPv6',
      on('permit ip any6 any6'),
      { ...inward, src: '2001:db8::1', dst: '2001:db8:9::7' },
      'allow',
    ],
    ['any, in IPv6', on(all), { ...inward, src: '2001:db8::1', dst: '2001:db8:9::7' }, 'allow'],
    ['a host', on('permit tcp any host 10.0.9.7 eq https'), inward, 'allow'],
    ['an address by its name', `names\nname 10.0.9.7 web\n${on('permit tcp any host web eq https')}`, inward, 'allow'],
    ['not a port', on('permit tcp any any neq 443'), inward, 'deny'],
    ['ports above', on('permit tcp any any gt 442'), inward, 'allow'],
    ['ports below', on('permit tcp any any lt 443'), inward, 'deny'],
    ['a range of ports by name', on('permit tcp any any range www https'), inward, 'allow'],
    ['ports it comes from', on('permit tcp any range 1 1023 any'), inward, 'deny'],
    [
      'a protocol by number',
      on('permit 47 any any'),
      { ...inward, proto: 'gre', sport: undefined, dport: undefined },
      'allow',
    ],
    [
      'a type of ICMP',
      on('permit icmp any any echo'),
      { ...inward, proto: 'icmp', sport: undefined, dport: undefined, icmpType: 8, icmpCode: 0 },
      'allow',
    ],
    [
      'another type of ICMP',
      on('permit icmp any any echo-reply'),
      { ...inward, proto: 'icmp', sport: undefined, dport: undefined, icmpType: 8, icmpCode: 0 },
      'deny',
    ],
    [
      'the global list behind that of the interface',
      on('permit tcp any any eq 80') + bound('g', 'global', all),
      inward,
      'allow',
    ],
    [
      'what the interface’s list denies, the global one does not see',
      on('deny tcp any any eq 443') + bound('g', 'global', all),
      inward,
      'deny',
    ],
    ['a global list alone', bound('g', 'global', 'permit tcp any any eq 443'), inward, 'allow'],
    ['down, which a global list denies', bound('g', 'global', 'deny tcp any any eq 443', all), outward, 'deny'],
    ['down, of which a global list does not speak', bound('g', 'global', 'permit tcp any any eq 80'), outward, 'deny'],
    ['on the way out, denied', on(all) + bound('x', 'out interface dmz', 'permit tcp any any eq 80'), inward, 'deny'],
    [
      'on the way out, permitted',
      on(all) + bound('x', 'out interface dmz', 'permit tcp any any eq 443'),
      inward,
      'allow',
    ],
    ['on the way out alone', bound('x', 'out interface dmz', all), inward, 'deny'],
    ['a list that no interface has', 'access-list o extended permit ip any any\n', inward, 'deny'],
    ['a user', on('permit tcp user LOCAL\\bob any any'), inward, 'maybe'],
    [
      'a name of DNS',
      `object network f\n fqdn v4 www.example.org\n!\n${on('permit tcp object f any')}`,
      inward,
      'maybe',
    ],
  ];
  test.each(cases)('%s', judged);
});

describe('groups', () => {
  const groups = `object network web
 host 10.0.9.7
!
object network part
 range 10.0.9.1 10.0.9.20
!
object service high
 service tcp source range 1024 65535 destination eq https
!
object service low
 service tcp source lt 1024 destination eq https
!
object-group network inner
 network-object object web
!
object-group network outer
 group-object inner
 network-object 10.0.8.0 255.255.255.0
!
object-group service ports tcp
 port-object eq 80
 port-object range 440 450
!
object-group service mixed
 service-object tcp-udp destination eq 443
 service-object icmp echo
!
object-group service deep
 group-object mixed
!
object-group protocol both
 protocol-object tcp
 protocol-object udp
!
object-group icmp-type pings
 icmp-object echo
!
`;
  const on = (entry: string): string => groups + bound('o', 'in interface outside', entry);
  const ping = { ...inward, proto: 'icmp', sport: undefined, dport: undefined, icmpType: 8, icmpCode: 0 };
  const cases: readonly Case[] = [
    ['an object', on('permit tcp any object web eq https'), inward, 'allow'],
    ['a range', on('permit tcp any object part'), inward, 'allow'],
    ['a group in a group', on('permit tcp any object-group outer'), inward, 'allow'],
    ['a group of ports', on('permit tcp any any object-group ports'), inward, 'allow'],
    ['a group of ports, for UDP', on('permit tcp any any object-group ports'), { ...inward, proto: 'udp' }, 'deny'],
    ['a service with the ports it comes from', on('permit object high any any'), inward, 'allow'],
    ['a service with other ports it comes from', on('permit object low any any'), inward, 'deny'],
    ['a group of services', on('permit object-group mixed any any'), { ...inward, proto: 'udp' }, 'allow'],
    ['a group of services, ICMP', on('permit object-group deep any any'), ping, 'allow'],
    ['a group of services, another port', on('permit object-group mixed any any'), { ...inward, dport: 80 }, 'deny'],
    ['a group of protocols', on('permit object-group both any any eq 443'), { ...inward, proto: 'udp' }, 'allow'],
    ['a group of types', on('permit icmp any any object-group pings'), ping, 'allow'],
  ];
  test.each(cases)('%s', judged);
});

describe('translations', () => {
  const objects = `object network web
 host 10.0.9.7
object network public
 host 203.0.113.5
object network other
 host 203.0.113.6
object network net
 subnet 10.0.0.0 255.255.255.0
object network far
 subnet 198.51.100.0 255.255.255.0
object service front
 service tcp source eq 8443
object service back
 service tcp source eq https
`;
  const open = bound('o', 'in interface outside', 'permit tcp any host 10.0.9.7');
  const auto = 'object network web\n nat (dmz,outside) static 203.0.113.5\n';
  const to = { ...inward, dst: '203.0.113.5' };
  const manual = 'nat (dmz,outside) source static web other\n';
  const cases: readonly Case[] = [
    ['lists ask for the real address', objects + auto + open, to, 'allow to 10.0.9.7'],
    [
      'lists that ask for the other one',
      objects + auto + bound('o', 'in interface outside', 'permit tcp any host 203.0.113.5'),
      to,
      'deny to 10.0.9.7',
    ],
    [
      'a port',
      `${objects}object network web\n nat (dmz,outside) static 203.0.113.5 service tcp https 8443\n${open}`,
      { ...to, dport: 8443 },
      'allow to 10.0.9.7:443',
    ],
    [
      'a port, another one',
      `${objects}object network web\n nat (dmz,outside) static 203.0.113.5 service tcp https 8443\n${open}`,
      { ...to, oif: undefined, dport: 443 },
      'deny',
    ],
    [
      'the address of the interface',
      `${objects}object network web\n nat (dmz,outside) static interface service tcp https https\n${open}`,
      { ...to, dst: '203.0.113.2' },
      'allow to 10.0.9.7:443',
    ],
    [
      'many behind the interface',
      `${objects}object network net\n nat (inside,outside) dynamic interface\n`,
      outward,
      'allow from 203.0.113.2',
    ],
    [
      'many behind the interface, by hand',
      `${objects}nat (inside,outside) source dynamic any interface\n`,
      outward,
      'allow from an address of this device',
    ],
    [
      'by hand before by object',
      `${objects}${manual}${auto}`,
      { iif: 'dmz', oif: 'outside', src: '10.0.9.7', dst: '198.51.100.1' },
      'allow from 203.0.113.6',
    ],
    [
      'by hand behind by object',
      `${objects}nat (dmz,outside) after-auto source static web other\n${auto}`,
      { iif: 'dmz', oif: 'outside', src: '10.0.9.7', dst: '198.51.100.1' },
      'allow from 203.0.113.5',
    ],
    [
      'left as it is, before',
      `${objects}nat (inside,outside) source static net net destination static far far\nobject network net\n nat (inside,outside) dynamic interface\n`,
      outward,
      'allow',
    ],
    [
      'left as it is, for another destination',
      `${objects}nat (inside,outside) source static net net destination static far far\nobject network net\n nat (inside,outside) dynamic interface\n`,
      { ...outward, dst: '192.0.2.9' },
      'allow from 203.0.113.2',
    ],
    [
      'by hand, a service',
      `${objects}nat (dmz,outside) source static web public service back front\n${open}`,
      { ...to, dport: 8443 },
      'allow to 10.0.9.7:443',
    ],
    [
      'one that is off',
      `${objects}nat (dmz,outside) source static web public inactive\n${open}`,
      { ...to, oif: undefined },
      'deny',
    ],
    [
      'one way alone',
      `${objects}nat (dmz,outside) source static web public unidirectional\n${open}`,
      { ...to, oif: undefined },
      'deny',
    ],
  ];
  test.each(cases)('%s', judged);
});

describe('to the device itself', () => {
  const to = { iif: 'inside', oif: 'self', src: '10.0.0.7', dst: '10.0.0.1', dport: 22 };
  const outside = { ...to, iif: 'outside', src: '198.51.100.1', dst: '203.0.113.2' };
  const ping = { ...to, proto: 'icmp', sport: undefined, dport: undefined, icmpType: 8, icmpCode: 0 };
  const plane = (...entries: readonly string[]): string => bound('c', 'in interface outside control-plane', ...entries);
  const cases: readonly Case[] = [
    ['no line', '', to, 'deny'],
    ['ssh', 'ssh 10.0.0.0 255.255.255.0 inside\n', to, 'allow'],
    ['ssh, from elsewhere', 'ssh 10.0.0.8 255.255.255.255 inside\n', to, 'deny'],
    ['ssh, by another interface', 'ssh 10.0.0.0 255.255.255.0 dmz\n', to, 'deny'],
    [
      'ssh, to the address of another interface',
      'ssh 10.0.0.0 255.255.255.0 inside\n',
      { ...to, dst: '10.0.9.1' },
      'deny',
    ],
    ['http, the server on', 'http server enable\nhttp 10.0.0.0 255.255.255.0 inside\n', { ...to, dport: 443 }, 'allow'],
    ['http, the server off', 'http 10.0.0.0 255.255.255.0 inside\n', { ...to, dport: 443 }, 'deny'],
    [
      'http, on another port',
      'http server enable 8443\nhttp 10.0.0.0 255.255.255.0 inside\n',
      { ...to, dport: 8443 },
      'allow',
    ],
    ['telnet', 'telnet 10.0.0.0 255.255.255.0 inside\n', { ...to, dport: 23 }, 'allow'],
    [
      'ssh, through a tunnel to another interface',
      'crypto ikev2 enable outside\nssh 10.0.0.0 255.0.0.0 inside\n',
      { ...to, iif: 'outside:tunnel' },
      'deny',
    ],
    [
      '… which is there for management',
      'crypto ikev2 enable outside\nmanagement-access inside\nssh 10.0.0.0 255.0.0.0 inside\n',
      { ...to, iif: 'outside:tunnel' },
      'allow',
    ],
    [
      'an interface that is shut down',
      'interface GigabitEthernet0/4\n shutdown\n nameif old\n security-level 10\n ip address 10.0.6.1 255.255.255.0\n!\nssh 0.0.0.0 0.0.0.0 old\n',
      { ...to, iif: 'old', dst: '10.0.6.1' },
      'deny',
    ],
    [
      'telnet in a tunnel, at the lowest level',
      'crypto ikev2 enable outside\ntelnet 0.0.0.0 0.0.0.0 outside\n',
      { ...outside, iif: 'outside:tunnel', dport: 23 },
      'allow',
    ],
    ['telnet, at the lowest level', 'telnet 0.0.0.0 0.0.0.0 outside\n', { ...outside, dport: 23 }, 'deny'],
    ['ping, of which no line speaks', '', ping, 'allow'],
    ['ping, denied', 'icmp deny any inside\n', ping, 'deny'],
    ['ping, which a line for others leaves out', 'icmp permit host 10.0.0.8 inside\n', ping, 'deny'],
    [
      'ping, which a line for others at another interface leaves alone',
      'icmp permit host 10.0.0.8 dmz\n',
      ping,
      'allow',
    ],
    ['ping, permitted before', 'icmp permit any echo inside\nicmp deny any inside\n', ping, 'allow'],
    [
      'the lists of an interface are for what goes through',
      bound('o', 'in interface outside', 'permit ip any any'),
      outside,
      'deny',
    ],
    [
      'a list of the control plane denies, and a line for ssh is asked before',
      `ssh 0.0.0.0 0.0.0.0 outside\n${plane('deny ip any any')}`,
      outside,
      'allow',
    ],
    ['replies', '', { ...outside, state: 'established' }, 'allow'],
  ];
  test.each(cases)('%s', judged);
});

test.each([
  ['a list', bound('o', 'in interface outside', 'permit ip any any'), inward, 'o'],
  ['levels', '', outward, 'security-level of inside'],
])('what lets a packet through is told: %s', (_what, lines, packet, rule) => {
  const device = readText(whole(more + tunnels + lines));
  const line = JSON.stringify({ id: 1, packet: { ...packet, proto: 'tcp', sport: 40_000, dport: 443 } });
  const answer = askLine(device, line, { file: 'cases', line: 1 }, false);
  expect(answer.ok && answer.value.because[0]?.rule).toContain(rule);
});

import { expect, test } from '@jest/globals';
import { askLine } from '../../../agent/app/index.js';
import type { Device } from '../../../agent/model/index.js';
import { deviceOf } from './support.js';

/** Cases from the vendor's manual, each by itself; what the firewall does is what stands last. */
const network = `[Config]
Version=4

[ethernet0]
Name=out
Protected=0
Address=198.51.100.10
Mask=255.255.255.0

[ethernet1]
Name=in
Protected=1
Address=10.10.0.1
Mask=255.255.0.0

[ethernet2]
Name=dmz
Protected=1
Address=10.20.0.1
Mask=255.255.255.0
`;

const objects = `[Host]
vendor=203.0.113.77,resolve=static
server=10.20.0.10
public=198.51.100.25
moving=192.0.2.7,resolve=dynamic

[Network]
branch=10.77.0.0/16

[Range]
printers=10.10.0.50-10.10.0.60

[Service]
dicom=11112/tcp
`;

const groups = `[inner]
vendor

[outer]
inner
branch
printers
`;

interface Policies {
  readonly filter?: readonly string[];
  readonly nat?: readonly string[];
  readonly global?: readonly string[];
}

function device({ filter = [], nat = [], global }: Policies): Device {
  const slot = `[Filter]\n${filter.join('\n')}\n\n[NAT]\n${nat.join('\n')}\n`;
  const all = global ? [['global-05', `[Filter]\n${global.join('\n')}\n`] as const] : [];
  return deviceOf(...all, ['09', slot], ['network', network], ['object', objects], ['objectgroup', groups]);
}

const arriving = { iif: 'out', oif: 'dmz', src: '203.0.113.77', dst: '10.20.0.10' };
const leaving = { iif: 'in', oif: 'out', src: '10.10.0.55', dst: '192.0.2.50' };
const all = 'pass from any to any';
const none = 'block from any to any';

type Case = readonly [what: string, policies: Policies, packet: object, expected: string];

const cases: readonly Case[] = [
  ['no rule', { filter: ['separator color="c0c0c0" comment="empty"'] }, arriving, 'deny'],
  ['the first rule that holds', { filter: ['block from vendor to any', 'pass from any to server'] }, arriving, 'deny'],
  ['a rule that is off', { filter: ['off block from vendor to any', 'pass from any to server'] }, arriving, 'allow'],
  [
    'a separator between them',
    { filter: ['separator color="c0c0c0" comment="x"', 'pass from any to server'] },
    arriving,
    'allow',
  ],
  ['reset', { filter: ['reset from any to any', 'pass from any to server'] }, arriving, 'deny'],
  ['a rule that only logs', { filter: ['log from any to any', 'pass from any to server'] }, arriving, 'allow'],
  ['a host', { filter: ['pass from vendor to server'] }, arriving, 'allow'],
  ['another host', { filter: ['pass from vendor to server'] }, { ...arriving, src: '203.0.113.78' }, 'deny'],
  ['a network', { filter: ['pass from branch to server'] }, { ...arriving, src: '10.77.3.4' }, 'allow'],
  ['a range', { filter: ['pass from printers to any'] }, leaving, 'allow'],
  ['several', { filter: ['pass from vendor|branch to server'] }, { ...arriving, src: '10.77.3.4' }, 'allow'],
  ['all but that', { filter: ['pass from !vendor to server'] }, arriving, 'deny'],
  ['a group in a group', { filter: ['pass from outer to server'] }, arriving, 'allow'],
  ['all but a group', { filter: ['pass from !outer to server'] }, { ...arriving, src: '203.0.113.78' }, 'allow'],
  ['the network behind an interface', { filter: ['pass from network_in to any'] }, leaving, 'allow'],
  [
    'internet is what is behind no protected interface',
    { filter: ['pass from network_in to internet'] },
    leaving,
    'allow',
  ],
  [
    'internet, and a network of one’s own',
    { filter: ['pass from network_in to internet'] },
    { ...leaving, oif: 'dmz', dst: '10.20.0.10' },
    'deny',
  ],
  ['a port', { filter: ['pass from any to server port 443'] }, arriving, 'allow'],
  ['a port by its name', { filter: ['pass from any to server port https'] }, arriving, 'allow'],
  ['a port of one’s own', { filter: ['pass from any to server port dicom'] }, { ...arriving, dport: 11112 }, 'allow'],
  ['a range of ports', { filter: ['pass from any to server port 440:450'] }, arriving, 'allow'],
  [
    'a port by TCP alone',
    { filter: ['pass ipproto tcp from any to server port 443'] },
    { ...arriving, proto: 'udp' },
    'deny',
  ],
  ['ports it comes from', { filter: ['pass from any port 1:1023 to server port 443'] }, arriving, 'deny'],
  [
    'a protocol',
    { filter: ['pass ipproto esp from any to server'] },
    { ...arriving, proto: 'esp', sport: undefined, dport: undefined },
    'allow',
  ],
  [
    'ICMP of a type',
    { filter: ['pass ipproto icmp type 8 code 0 from any to server'] },
    { ...arriving, proto: 'icmp', sport: undefined, dport: undefined, icmpType: 8, icmpCode: 0 },
    'allow',
  ],
  [
    'ICMP of another type',
    { filter: ['pass ipproto icmp type 0 code 0 from any to server'] },
    { ...arriving, proto: 'icmp', sport: undefined, dport: undefined, icmpType: 8, icmpCode: 0 },
    'deny',
  ],
  ['an interface it comes in by', { filter: ['pass from any on out to server'] }, arriving, 'allow'],
  ['another interface', { filter: ['pass from any on in to server'] }, arriving, 'deny'],
  ['an interface it goes out by', { filter: ['pass from any to any on dmz'] }, arriving, 'allow'],
  ['another way out', { filter: ['pass from any to any on in'] }, arriving, 'deny'],
  ['a country', { filter: ['pass from any geo FR to server'] }, arriving, 'maybe'],
  ['a user', { filter: ['pass from user="dr who"@any to server'] }, arriving, 'maybe'],
  [
    'a filter of content, which is a fact of its own',
    { filter: ['pass urlfiltering:0 from any to server port http'] },
    { ...arriving, dport: 80 },
    'allow',
  ],
  [
    'the global policy before',
    { global: ['block from vendor to any'], filter: ['pass from any to server'] },
    arriving,
    'deny',
  ],
  [
    'the global policy speaks of others',
    { global: ['block from branch to any'], filter: ['pass from any to server'] },
    arriving,
    'allow',
  ],
  [
    'the global policy hands over',
    { global: ['deleg from vendor to any', none], filter: ['pass from any to server'] },
    arriving,
    'allow',
  ],
  [
    'the global policy hands over others',
    { global: ['deleg from branch to any', none], filter: ['pass from any to server'] },
    arriving,
    'deny',
  ],
  [
    'a rule asks for the address before translation',
    { filter: ['pass from any to public'], nat: ['nat from any on out to public -> from original to server'] },
    { ...arriving, dst: '198.51.100.25' },
    'allow to 10.20.0.10',
  ],
  [
    'a rule for the address behind',
    { filter: ['pass from any to server'], nat: ['nat from any on out to public -> from original to server'] },
    { ...arriving, dst: '198.51.100.25' },
    'deny to 10.20.0.10',
  ],
  [
    'a published port',
    {
      filter: ['pass from any to public port 8443'],
      nat: ['nat from any on out to public port 8443 -> from original to server port https'],
    },
    { ...arriving, dst: '198.51.100.25', dport: 8443 },
    'allow to 10.20.0.10:443',
  ],
  [
    'another port than is published',
    {
      filter: ['pass from any to public'],
      nat: ['nat from any on out to public port 8443 -> from original to server port https'],
    },
    { ...arriving, oif: 'out', dst: '198.51.100.25' },
    'allow',
  ],
  [
    'the first translation decides',
    {
      filter: [all],
      nat: [
        'nat from vendor on out to public -> from original to original',
        'nat from any on out to public -> from original to server',
      ],
    },
    { ...arriving, oif: 'out', dst: '198.51.100.25' },
    'allow',
  ],
  [
    'a translation that is off',
    { filter: [all], nat: ['off nat from any on out to public -> from original to server'] },
    { ...arriving, oif: 'out', dst: '198.51.100.25' },
    'allow',
  ],
  [
    'sources behind the firewall',
    {
      filter: ['pass from network_in to any'],
      nat: ['nat from network_in to internet on out -> from Firewall_out port ephemeral_fw to original'],
    },
    leaving,
    'allow from 198.51.100.10',
  ],
  ['replies', { filter: [none] }, { ...arriving, state: 'established' }, 'allow'],
  [
    'to the firewall, by a rule',
    { filter: ['pass from vendor on out to Firewall_out port ssh'] },
    { ...arriving, oif: 'self', dst: '198.51.100.10', dport: 22 },
    'allow',
  ],
  [
    'to the firewall, for others',
    { filter: ['pass from vendor on out to Firewall_out port ssh'] },
    { ...arriving, oif: 'dmz', src: '203.0.113.78', dport: 22 },
    'deny',
  ],
];

test.each(cases)('%s', (_what, policies, packet, expected) => {
  const firewall = device(policies);
  expect(firewall.coverage.blind).toEqual([]);
  const asked = { proto: 'tcp', sport: 40_000, dport: 443, ...packet };
  const answer = askLine(firewall, JSON.stringify({ id: 1, packet: asked }), { file: 'cases', line: 1 }, false);
  if (!answer.ok) throw new Error(answer.error.message);
  const { verdict, nat } = answer.value;
  const to = nat?.to ? ` to ${nat.to.join()}${nat.ports ? `:${[...new Set(nat.ports)].join('-')}` : ''}` : '';
  const from = nat?.source?.to ? ` from ${nat.source.to.join()}` : '';
  expect(`${verdict}${to}${from}`).toBe(expected);
});

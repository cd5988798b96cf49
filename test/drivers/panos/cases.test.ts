import { describe, expect, test } from '@jest/globals';
import { answerOf, inward, nat, network, outward, readText, security, within } from './support.js';

/** Cases from the vendor's documentation, each by itself; what the device does is what stands last. */
type Case = readonly [what: string, text: string, packet: object, expected: string];

function judged(_what: string, text: string, packet: object, expected: string): void {
  const device = readText(network + text);
  expect(device.coverage.blind).toEqual([]);
  expect(answerOf(device, packet)).toBe(expected);
}

const web = { ...outward };
const alias = 'set address 10.0.0.7 ip-netmask 192.0.2.1\n';

describe('rules', () => {
  const cases: readonly Case[] = [
    ['no rule: between zones nothing', '', web, 'deny (interzone-default)'],
    ['no rule: within a zone everything', '', within, 'allow (intrazone-default)'],
    ['a rule for the zone it comes from alone', security('r', { to: 'any' }), web, 'allow (r)'],
    ['the first rule that holds decides', security('a', { action: 'deny' }) + security('b'), web, 'deny (a)'],
    ['a rule that is off', security('a', { action: 'deny', disabled: 'yes' }) + security('b'), web, 'allow (b)'],
    ['a rule that says it is on', security('a', { disabled: 'no' }), web, 'allow (a)'],
    ['drop', security('a', { action: 'drop' }), web, 'deny (a)'],
    ['reset', security('a', { action: 'reset-both' }), web, 'deny (a)'],
    ['a source, another than that', security('a', { source: '10.0.0.8' }), web, 'deny (interzone-default)'],
    [
      'a negated source, that one',
      security('a', { source: '10.0.0.7', 'negate-source': 'yes' }),
      web,
      'deny (interzone-default)',
    ],
    ['a negated source, another', security('a', { source: '10.0.0.8', 'negate-source': 'yes' }), web, 'allow (a)'],
    [
      'a negated destination, that one',
      security('a', { destination: '198.51.100.0/24', 'negate-destination': 'yes' }),
      web,
      'deny (interzone-default)',
    ],
    [
      'a name that looks like an address is the object',
      alias + security('a', { source: '10.0.0.7' }),
      web,
      'deny (interzone-default)',
    ],
    [
      '… and holds what the object says',
      alias + security('a', { source: '10.0.0.7' }),
      { ...web, src: '192.0.2.1' },
      'allow (a)',
    ],
    [
      'a range of addresses',
      `set address r ip-range 10.0.0.5-10.0.0.7\n${security('a', { source: 'r' })}`,
      web,
      'allow (a)',
    ],
    [
      'a wildcard mask',
      `set address w ip-wildcard 10.0.0.7/0.0.255.0\n${security('a', { source: 'w' })}`,
      { ...web, src: '10.0.3.7' },
      'allow (a)',
    ],
    [
      'a wildcard mask, another host',
      `set address w ip-wildcard 10.0.0.7/0.0.255.0\n${security('a', { source: 'w' })}`,
      { ...web, src: '10.0.3.8' },
      'deny (interzone-default)',
    ],
    ['a name of DNS', `set address f fqdn www.example.org\n${security('a', { destination: 'f' })}`, web, 'maybe'],
    [
      'a group in a group',
      `set address h ip-netmask 10.0.0.7/32\nset address-group i static h\nset address-group o static i\n${security('a', { source: 'o' })}`,
      web,
      'allow (a)',
    ],
    ['a group by tags', `set address-group d dynamic filter "'ward'"\n${security('a', { source: 'd' })}`, web, 'maybe'],
    ['a country', security('a', { destination: 'FR' }), web, 'maybe'],
    [
      'a list on a server',
      `set external-list bad type ip url http://192.0.2.9/bad\n${security('x', { destination: 'bad', action: 'deny' })}${security('a')}`,
      web,
      'maybe',
    ],
    ['a user', security('a', { 'source-user': 'known-user' }), web, 'maybe'],
    ['any user', security('a', { 'source-user': 'any' }), web, 'allow (a)'],
    ['a category of addresses', security('a', { category: 'gambling' }), web, 'maybe'],
    [
      'a schedule',
      `set schedule night schedule-type recurring daily 22:00-05:00\n${security('a', { schedule: 'night' })}`,
      web,
      'maybe',
    ],
    [
      'a schedule on a rule that denies',
      `set schedule night schedule-type recurring daily 22:00-05:00\n${security('x', { schedule: 'night', action: 'deny' })}${security('a')}`,
      web,
      'maybe',
    ],
    ['a source in IPv6, of any', security('a'), { ...web, src: '2001:db8::7', dst: '2001:db8:1::9' }, 'allow (a)'],
    [
      'a source in IPv6, of an address in IPv4',
      security('a', { source: '10.0.0.0/8' }),
      { ...web, src: '2001:db8::7', dst: '2001:db8:1::9' },
      'deny (interzone-default)',
    ],
  ];
  test.each(cases)('%s', judged);
});

describe('within a zone, and between', () => {
  const all = { from: 'any', to: 'any' };
  const kind = (type: string, words: object = {}): string => security('r', { ...all, 'rule-type': type, ...words });
  const within0 = 'set rulebase default-security-rules rules intrazone-default action deny\n';
  const between = 'set rulebase default-security-rules rules interzone-default action allow\n';
  const cases: readonly Case[] = [
    ['a rule for all, within a zone', security('r', { ...all, action: 'deny' }), within, 'deny (r)'],
    ['a rule between zones, within one', kind('interzone', { action: 'deny' }), within, 'allow (intrazone-default)'],
    ['a rule between zones, between two', kind('interzone'), web, 'allow (r)'],
    ['a rule within zones, within one', kind('intrazone', { action: 'deny', to: '' }), within, 'deny (r)'],
    ['a rule within zones, between two', kind('intrazone', { to: '' }), web, 'deny (interzone-default)'],
    [
      'a rule within another zone',
      kind('intrazone', { from: 'dmz', to: '', action: 'deny' }),
      within,
      'allow (intrazone-default)',
    ],
    [
      'a rule between two that are the same',
      kind('interzone', { from: '[ inside dmz ]', to: '[ inside dmz ]', action: 'deny' }),
      within,
      'allow (intrazone-default)',
    ],
    ['the default within a zone, changed', within0, within, 'deny (intrazone-default)'],
    ['the default between zones, changed', between, web, 'allow (interzone-default)'],
    ['the default between zones, changed, behind a rule', between + security('a', { action: 'deny' }), web, 'deny (a)'],
  ];
  test.each(cases)('%s', judged);
});

describe('services and applications', () => {
  const services = `set service web protocol tcp port 80,443,8000-8010
set service high protocol tcp port 443
set service high protocol tcp source-port 1024-65535
set service low protocol tcp port 443
set service low protocol tcp source-port 1-1023
set service-group several members [ web udp-one ]
set service udp-one protocol udp port 443
`;
  const of = (service: string, more: object = {}): string => services + security('a', { service, ...more });
  const none = 'deny (interzone-default)';
  const cases: readonly Case[] = [
    ['a port of a list', of('web'), web, 'allow (a)'],
    ['a port of a range', of('web'), { ...web, dport: 8005 }, 'allow (a)'],
    ['a port beside', of('web'), { ...web, dport: 8011 }, none],
    ['another protocol', of('web'), { ...web, proto: 'udp' }, none],
    ['a port it comes from', of('high'), web, 'allow (a)'],
    ['another port it comes from', of('low'), web, none],
    ['a group of services', of('several'), { ...web, proto: 'udp' }, 'allow (a)'],
    ['the built-in service-http', of('service-http'), { ...web, dport: 8080 }, 'allow (a)'],
    ['the built-in service-https', of('service-https'), web, 'allow (a)'],
    ['the built-in service-https, on 8443', of('service-https'), { ...web, dport: 8443 }, none],
    [
      'any service is every protocol',
      security('a'),
      { ...web, proto: 'esp', sport: undefined, dport: undefined },
      'allow (a)',
    ],
    [
      'an application on its own ports',
      security('a', { application: 'ssh', service: 'application-default' }),
      { ...web, dport: 22 },
      'allow (a)',
    ],
    [
      'an application on another port',
      security('a', { application: 'ssh', service: 'application-default' }),
      { ...web, dport: 2222 },
      none,
    ],
    [
      'an application on any port',
      security('a', { application: 'ssh' }),
      { ...web, dport: 2222, app: 'ssh' },
      'allow (a)',
    ],
    [
      'another application on its port',
      security('a', { application: 'ssh', service: 'application-default' }),
      { ...web, dport: 22, app: 'telnet' },
      none,
    ],
    [
      'ping',
      security('a', { application: 'ping', service: 'application-default' }),
      { ...web, proto: 'icmp', icmpType: 8, icmpCode: 0, sport: undefined, dport: undefined },
      'allow (a)',
    ],
    [
      'a group of applications',
      `set application-group g members [ ssh dns ]\n${security('a', { application: 'g', service: 'application-default' })}`,
      { ...web, proto: 'udp', dport: 53 },
      'allow (a)',
    ],
    [
      'an override makes it another application',
      `set application ours category networking\n${overriding('ours')}${security('a', { application: 'ours' })}`,
      web,
      'allow (a)',
    ],
    [
      'an override, and what a rule asks for by its port',
      `set application ours category networking\n${overriding('ours')}${security('a', { application: 'ssl', service: 'application-default' })}`,
      web,
      none,
    ],
  ];
  test.each(cases)('%s', judged);
});

function overriding(application: string): string {
  const words = [
    'from inside',
    'to outside',
    'source any',
    'destination any',
    'protocol tcp',
    'port 443',
    `application ${application}`,
  ];
  return words.map((word) => `set rulebase application-override rules o ${word}\n`).join('');
}

describe('translations', () => {
  const published = {
    from: 'outside',
    destination: '203.0.113.10',
    'destination-translation translated-address': '10.0.9.10',
  };
  const dnat = nat('n', published);
  const open = (words: object): string => security('s', { from: 'outside', to: 'dmz', ...words });
  const out = { from: 'inside', 'source-translation dynamic-ip-and-port translated-address': '203.0.113.77' };
  const none = 'deny (interzone-default) to 10.0.9.10';
  const cases: readonly Case[] = [
    [
      'a rule names the address before and the zone behind',
      dnat + open({ destination: '203.0.113.10' }),
      inward,
      'allow (s) to 10.0.9.10',
    ],
    ['a rule that names the address behind', dnat + open({ destination: '10.0.9.10' }), inward, none],
    ['a rule that names the zone before', dnat + open({ to: 'outside', destination: '203.0.113.10' }), inward, none],
    [
      'a translation that is off',
      nat('n', { ...published, disabled: 'yes' }) + open({}),
      { ...inward, oif: 'ethernet1/1' },
      'allow (intrazone-default)',
    ],
    [
      'a translation of another zone',
      nat('n', { ...published, from: 'inside' }) + open({}),
      { ...inward, oif: 'ethernet1/1' },
      'allow (intrazone-default)',
    ],
    [
      'another port behind',
      nat('n', { ...published, service: 'service-http', 'destination-translation translated-port': '8443' }) +
        open({ service: 'service-http' }),
      { ...inward, dport: 80 },
      'allow (s) to 10.0.9.10:8443',
    ],
    [
      'another port behind, which a rule names',
      nat('n', { ...published, service: 'service-http', 'destination-translation translated-port': '443' }) +
        open({ service: 'service-https' }),
      { ...inward, dport: 80 },
      `${none}:443`,
    ],
    [
      'a port that is not translated',
      nat('n', { ...published, service: 'service-http' }) + open({}),
      { ...inward, oif: 'ethernet1/1' },
      'allow (intrazone-default)',
    ],
    [
      'an exception before it',
      nat('x', { ...published, source: '198.51.100.0/24', 'destination-translation translated-address': '' }) +
        dnat +
        open({}),
      { ...inward, oif: 'ethernet1/1' },
      'allow (intrazone-default)',
    ],
    [
      'the first translation decides',
      dnat + nat('m', { ...published, 'destination-translation translated-address': '10.0.9.11' }) + open({}),
      inward,
      'allow (s) to 10.0.9.10',
    ],
    [
      'from the inside to the address outside',
      nat('u', { ...published, from: 'inside' }) + security('s', { to: 'dmz' }),
      { ...inward, iif: 'ethernet1/2', src: '10.0.0.7' },
      'allow (s) to 10.0.9.10',
    ],
    [
      'from the inside, where rules let it to the outside alone',
      nat('u', { ...published, from: 'inside' }) + security('s'),
      { ...inward, iif: 'ethernet1/2', src: '10.0.0.7' },
      none,
    ],
    ['a source of any that becomes one address', nat('o', out) + security('s'), web, 'allow (s) from 203.0.113.77'],
    [
      'a rule names the source before',
      nat('o', out) + security('s', { source: '203.0.113.77' }),
      web,
      'deny (interzone-default)',
    ],
    [
      'a source that becomes the address of the interface',
      nat('o', {
        from: 'inside',
        'source-translation dynamic-ip-and-port interface-address interface': 'ethernet1/1',
      }) + security('s'),
      web,
      'allow (s) from 203.0.113.1',
    ],
    [
      'a fixed source, from outside to it',
      nat('f', {
        from: 'dmz',
        source: '10.0.9.10',
        'source-translation static-ip translated-address': '203.0.113.10',
        'source-translation static-ip bi-directional': 'yes',
      }) + open({ destination: '203.0.113.10' }),
      inward,
      'allow (s) to 10.0.9.10',
    ],
    [
      'a fixed source in one direction',
      nat('f', {
        from: 'dmz',
        source: '10.0.9.10',
        'source-translation static-ip translated-address': '203.0.113.10',
        'source-translation static-ip bi-directional': 'no',
      }) + open({}),
      { ...inward, oif: 'ethernet1/1' },
      'allow (intrazone-default)',
    ],
  ];
  test.each(cases)('%s', judged);
});

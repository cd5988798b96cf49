import { describe, expect, test } from '@jest/globals';
import type { Section, SectionFailure } from '../../../agent/drivers/contract.js';
import { driver } from '../../../agent/drivers/linux-listeners/index.js';
import { formatIp4, formatIp6, type Session } from '../../../agent/model/index.js';

const RULES = '0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n';
const ROUTES = `default via 203.0.113.1 dev wan0 proto static
10.0.0.0/8 via 198.51.100.80 dev dmz0
10.1.0.0/16 proto static metric 20
	nexthop via 198.51.100.80 dev dmz0 weight 1
	nexthop via 198.51.100.81 dev dmz1 weight 1
198.51.100.0/24 dev dmz0 proto kernel scope link src 198.51.100.1
203.0.113.0/24 dev wan0 proto kernel scope link src 203.0.113.2
blackhole 192.0.2.0/24
203.0.113.99 via 198.51.100.80 dev dmz0 table 100
local 198.51.100.1 dev dmz0 table local proto kernel scope host src 198.51.100.1
local 203.0.113.2 dev wan0 table local proto kernel scope host src 203.0.113.2
`;
const ROUTES6 =
  'default via 2001:db8:a::1 dev wan0 metric 1024 pref medium\nlocal 2001:db8:a::2 dev wan0 table local proto kernel\n';
const RULES6 = '0:\tfrom all lookup local\n32766:\tfrom all lookup main\n';

const section = (name: string, text: string): Section => ({ name, source: name, text });
const failed = (name: string, kind: SectionFailure['kind'], message: string): Section => ({
  ...section(name, ''),
  failure: { kind, problem: { code: 'X', message } },
});
const around = [
  section('rule4', RULES),
  section('rule6', RULES6),
  section('route4', ROUTES),
  section('route6', ROUTES6),
];
const read = (...sections: readonly Section[]) => driver.sessions!.read(sections);

function text({
  family,
  direction,
  source,
  destination,
  translated,
  inInterface,
  outInterface,
  ...one
}: Session): string {
  const show = (address: number | bigint): string =>
    typeof address === 'bigint' ? formatIp6(address) : formatIp4(address);
  const to = translated ? ` = ${show(translated.address)}:${translated.port}` : '';
  const ends = `${show(source)}:${one.sourcePort} ${show(destination)}:${one.destinationPort}${to}`;
  return `${family} ${direction} ${inInterface ?? '-'}>${outInterface ?? '-'} ${one.protocol} ${ends} ${one.state}`;
}

const tcp = (state: string, from: string, to: string, more = ''): string => {
  const [src, sport] = from.split(' ');
  const [dst, dport] = to.split(' ');
  return `ipv4     2 tcp      6 431999 ${state} src=${src} dst=${dst} sport=${sport} dport=${dport} src=${dst} dst=${src} sport=${dport} dport=${sport} [ASSURED] mark=0 use=1${more}\n`;
};

describe('an entry of conntrack', () => {
  test.each<[string, string, string, string]>([
    [
      'through the firewall',
      tcp('ESTABLISHED', '203.0.113.10 40022', '198.51.100.80 9000'),
      'ip4 forward wan0>dmz0 6 203.0.113.10:40022 198.51.100.80:9000 ESTABLISHED',
      'conntrack -D -f ipv4 -p tcp -s 203.0.113.10 -d 198.51.100.80 --sport 40022 --dport 9000',
    ],
    [
      'to the machine itself',
      tcp('CLOSE_WAIT', '203.0.113.10 40022', '203.0.113.2 22'),
      'ip4 input wan0>- 6 203.0.113.10:40022 203.0.113.2:22 CLOSE_WAIT',
      'conntrack -D -f ipv4 -p tcp -s 203.0.113.10 -d 203.0.113.2 --sport 40022 --dport 22',
    ],
    [
      'from the machine itself, in a zone of conntrack',
      tcp('ESTABLISHED', '198.51.100.1 40022', '10.2.0.9 443').replace('use=1', 'zone=7 use=1'),
      'ip4 output ->dmz0 6 198.51.100.1:40022 10.2.0.9:443 ESTABLISHED',
      'conntrack -D -f ipv4 -p tcp -s 198.51.100.1 -d 10.2.0.9 --sport 40022 --dport 443 -w 7',
    ],
    [
      'to a translated destination',
      'ipv4     2 tcp      6 300 ESTABLISHED src=203.0.113.10 dst=203.0.113.2 sport=40022 dport=8443 src=198.51.100.80 dst=203.0.113.10 sport=443 dport=40022 [ASSURED] mark=0 use=1\n',
      'ip4 forward wan0>dmz0 6 203.0.113.10:40022 203.0.113.2:8443 = 198.51.100.80:443 ESTABLISHED',
      'conntrack -D -f ipv4 -p tcp -s 203.0.113.10 -d 203.0.113.2 --sport 40022 --dport 8443',
    ],
    [
      'by several routes at once, and by none',
      tcp('ESTABLISHED', '192.0.2.9 40022', '10.1.0.9 443'),
      'ip4 forward ->- 6 192.0.2.9:40022 10.1.0.9:443 ESTABLISHED',
      'conntrack -D -f ipv4 -p tcp -s 192.0.2.9 -d 10.1.0.9 --sport 40022 --dport 443',
    ],
    [
      'of UDP that was answered',
      'ipv4     2 udp      17 119 src=203.0.113.10 dst=198.51.100.80 sport=5000 dport=161 src=198.51.100.80 dst=203.0.113.10 sport=161 dport=5000 [ASSURED] mark=0 use=1\n',
      'ip4 forward wan0>dmz0 17 203.0.113.10:5000 198.51.100.80:161 answered',
      'conntrack -D -f ipv4 -p udp -s 203.0.113.10 -d 198.51.100.80 --sport 5000 --dport 161',
    ],
    [
      'that a flowtable carries',
      'ipv4     2 tcp      6 src=203.0.113.10 dst=198.51.100.80 sport=5000 dport=161 src=198.51.100.80 dst=203.0.113.10 sport=161 dport=5000 [OFFLOAD] mark=0 use=2\n',
      'ip4 forward wan0>dmz0 6 203.0.113.10:5000 198.51.100.80:161 offloaded',
      'conntrack -D -f ipv4 -p tcp -s 203.0.113.10 -d 198.51.100.80 --sport 5000 --dport 161',
    ],
    [
      'of a tunnel without ports',
      'ipv4     2 gre      47 179 timeout=30, stream_timeout=180 src=203.0.113.10 dst=203.0.113.2 srckey=0x0 dstkey=0x1 src=203.0.113.2 dst=203.0.113.10 srckey=0x1 dstkey=0x0 [ASSURED] mark=0 use=1\n',
      'ip4 input wan0>- 47 203.0.113.10:undefined 203.0.113.2:undefined answered',
      'conntrack -D -f ipv4 -p 47 -s 203.0.113.10 -d 203.0.113.2',
    ],
    [
      'of IPv6, an echo',
      'ipv6     10 icmpv6   58 29 src=2001:db8:c::9 dst=2001:db8:a::2 type=128 code=0 id=77 src=2001:db8:a::2 dst=2001:db8:c::9 type=129 code=0 id=77 mark=0 use=1\n',
      'ip6 input wan0>- 58 2001:db8:c::9:undefined 2001:db8:a::2:undefined answered',
      'conntrack -D -f ipv6 -p icmpv6 -s 2001:db8:c::9 -d 2001:db8:a::2 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 77',
    ],
    [
      'as /proc writes it',
      'ipv6     10 tcp      6 431999 ESTABLISHED src=2001:0db8:000c:0000:0000:0000:0000:0009 dst=2001:0db8:000a:0000:0000:0000:0000:0002 sport=59896 dport=22 src=2001:0db8:000a:0000:0000:0000:0000:0002 dst=2001:0db8:000c:0000:0000:0000:0000:0009 sport=22 dport=59896 [ASSURED] mark=0 zone=0 use=2\n',
      'ip6 input wan0>- 6 2001:db8:c::9:59896 2001:db8:a::2:22 ESTABLISHED',
      'conntrack -D -f ipv6 -p tcp -s 2001:db8:c::9 -d 2001:db8:a::2 --sport 59896 --dport 22',
    ],
  ])('%s', (_what, line, said, end) => {
    const { sessions, notCovered } = read(section('conntrack-ipv4', line), ...around);
    expect(sessions.map(text)).toEqual([said]);
    expect(sessions.map((one) => one.end)).toEqual([end]);
    expect(notCovered).toEqual([]);
  });

  test.each([
    ['has ended', tcp('TIME_WAIT', '203.0.113.10 1', '198.51.100.80 2')],
    ['is being shut by both', tcp('LAST_ACK', '203.0.113.10 1', '198.51.100.80 2')],
    [
      'was begun and not answered',
      tcp('SYN_SENT', '203.0.113.10 1', '198.51.100.80 2').replace('src=198', '[UNREPLIED] src=198'),
    ],
    [
      'is of UDP and was not answered',
      'ipv4     2 udp      17 29 src=203.0.113.10 dst=198.51.100.80 sport=1 dport=9 [UNREPLIED] src=198.51.100.80 dst=203.0.113.10 sport=9 dport=1 mark=0 use=1\n',
    ],
  ])('that %s is no session', (_what, line) => {
    expect(read(section('conntrack-ipv4', line), ...around)).toEqual({ sessions: [], notCovered: [] });
  });

  test('that is not understood is counted', () => {
    const garbled = 'ipv4     2 tcp      6 431999 ESTABLISHED src=203.0.113.300 dst=1.2.3.4\nwhat\n';
    expect(read(section('conntrack-ipv4', garbled), ...around).notCovered).toEqual([
      'connections that are up: 2 lines of the table are not understood.',
    ]);
  });
});

test('where routing rules choose the table, the interfaces of a session are not known', () => {
  const odd = [section('rule4', `${RULES}100:\tfrom 10.0.0.0/8 lookup 100\n`), section('route4', ROUTES)];
  const { sessions } = read(section('conntrack-ipv4', tcp('ESTABLISHED', '203.0.113.10 1', '198.51.100.80 2')), ...odd);
  expect(sessions.map(text)).toEqual(['ip4 forward ->- 6 203.0.113.10:1 198.51.100.80:2 ESTABLISHED']);
});

describe('a table that was not read is never an empty one', () => {
  const missing = ['ipv4', 'ipv6'].map((family) =>
    failed(`conntrack-${family}`, 'missing-program', 'conntrack is not installed'),
  );
  test.each<[string, readonly Section[], RegExp]>([
    ['nothing was asked', [], /they were not asked for/],
    [
      'the right is missing',
      [failed('conntrack-ipv4', 'missing-right', 'refused: you must be root')],
      /refused: you must be root/,
    ],
    [
      'it is too large',
      [failed('conntrack-ipv4', 'too-large', 'more than 67108864 bytes')],
      /more than 67108864 bytes/,
    ],
    [
      'neither the program nor the file is there',
      [...missing, failed('conntrack-proc', 'missing-program', 'no file')],
      /apt-get install conntrack/,
    ],
    [
      'the file may not be read',
      [...missing, failed('conntrack-proc', 'missing-right', 'refused: Permission denied')],
      /Permission denied/,
    ],
  ])('%s', (_what, sections, words) => {
    const { sessions, notCovered } = read(...sections, ...around);
    expect(sessions).toEqual([]);
    expect(notCovered).toEqual([expect.stringMatching(words)]);
  });

  test('without the program the file speaks, and what ends here is ended by ss', () => {
    const text = [
      tcp('ESTABLISHED', '203.0.113.10 40022', '203.0.113.2 22'),
      tcp('ESTABLISHED', '198.51.100.1 40023', '10.2.0.9 443'),
      tcp('ESTABLISHED', '203.0.113.10 40024', '198.51.100.80 80'),
    ].join('');
    const { sessions, notCovered } = read(...missing, section('conntrack-proc', text), ...around);
    expect(sessions.map(({ end }) => end)).toEqual([
      'ss -K -t src 203.0.113.2:22 dst 203.0.113.10:40022',
      'ss -K -t src 198.51.100.1:40023 dst 10.2.0.9:443',
      'conntrack -D -f ipv4 -p tcp -s 203.0.113.10 -d 198.51.100.80 --sport 40024 --dport 80',
    ]);
    expect(notCovered).toEqual([expect.stringMatching(/conntrack, by which they are ended, is not installed/)]);
  });
});

import { describe, expect, test } from '@jest/globals';
import { conditionText } from './digest.js';
import { conditionOf, rule } from './support.js';

const sets = `create one hash:ip family inet hashsize 1024 maxelem 65536
add one 10.0.0.1
add one 10.0.0.2
create net hash:net family inet
add net 10.0.0.0/8
add net 10.0.5.0/24 nomatch
add net 10.0.5.9
create wide hash:ip family inet netmask 24
add wide 10.0.7.0
create ports hash:ip,port family inet
add ports 10.0.0.1,tcp:80
add ports 10.0.0.1,tcp:81
add ports 10.0.0.1,icmp:echo-request
add ports 10.0.0.1,gre:0
create links hash:net,iface family inet
add links 10.0.0.0/8,lan0
add links 10.0.0.0/8,physdev:lan1
add links 10.1.0.0/16,vpn wildcard
create bits bitmap:port range 0-1024
add bits 5
add bits 6
create pairs hash:net,net family inet
add pairs 10.1.0.0/16,10.2.0.0/16
add pairs 10.1.1.0/24,10.2.0.0/16 nomatch
create six hash:ip family inet6
add six 2001:db8::1
create marked hash:ip,mark family inet markmask 0x000000ff
add marked 10.0.0.1,0x00000005
create cards hash:mac
add cards 02:00:5E:10:00:01
create group list:set size 8
add group one
add group six
`;

const table: readonly (readonly [string, string])[] = [
  ['one src', 'source 10.0.0.1-10.0.0.2'],
  ['one dst', 'destination 10.0.0.1-10.0.0.2'],
  ['net src', 'source 10.0.0.0-10.0.4.255,10.0.5.9,10.0.6.0-10.255.255.255'],
  ['net src --return-nomatch', 'source 10.0.5.0-10.0.5.8,10.0.5.10-10.0.5.255'],
  ['one src --return-nomatch', 'source 10.0.0.1-10.0.0.2'],
  ['wide src', 'source 10.0.7.0/24'],
  [
    'ports src,dst',
    '((source 10.0.0.1 and (protocol 6 and destinationPort 80)) or (source 10.0.0.1 and (protocol 6 and destinationPort 81)) or (source 10.0.0.1 and (protocol 1 and icmp 2048)) or (source 10.0.0.1 and protocol 47))',
  ],
  ['ports src', 'never'],
  [
    'links src,src',
    '((source 10.1.0.0/16 and in vpn*) or (source 10.0.0.0/16,10.2.0.0-10.255.255.255 and in lan0) or (source 10.0.0.0/16,10.2.0.0-10.255.255.255 and «ipset src bridge port lan1»))',
  ],
  ['bits dst', '(protocol 6,17 and destinationPort 5-6)'],
  [
    'pairs src,dst',
    '((source 10.1.0.0/16 and destination 10.2.0.0/16) and not (source 10.1.1.0/24 and destination 10.2.0.0/16))',
  ],
  ['six src', 'never'],
  ['marked src,src', '(source 10.0.0.1 and mark & 0xff = 5)'],
  ['cards src', '«ipset src hardware address 02:00:5E:10:00:01»'],
  ['group src', '(source 10.0.0.1-10.0.0.2 or never)'],
  ['absent src', '«ipset not read absent src»'],
];

describe('ipsets', () => {
  test.each(table)('%s holds %s', (question, expected) => {
    const condition = conditionOf(`-m set --match-set ${question} -j DROP`, { sets });
    // A conjunction of one rule's tests is flat; what is within an ipset's entries is not.
    expect(condition && conditionText(condition).replace(/[()]/g, '')).toBe(expected.replace(/[()]/g, ''));
  });

  test('an absent set is said to be outside; a set with timeouts is said to change', () => {
    expect(rule('-m set --match-set absent src -j DROP', { sets }).device.coverage.notCovered).toContain(
      'The members of the ipset absent were not read.',
    );
    const timed = rule('-m set --match-set t src -j DROP', { sets: 'create t hash:ip family inet timeout 60\n' });
    expect(timed.device.coverage.notCovered.join()).toMatch(/ipset t .*timeout/);
  });

  test.each([
    ['create a hash:ip family inet\nadd a 10.0.0.1\nadd b 10.0.0.2\n', /b, which was not created/],
    ['create a hash:ip family inet\nadd a 10.0.0\n', /not an entry of hash:ip/],
    ['create a hash:ip family inet\nwhat is this\n', /not a line of ipset save/],
  ])('a damaged line of ipset save is lost: %j', (text, reason) => {
    const { coverage } = rule('-j DROP', { sets: text }).device;
    expect(coverage.blind.join()).toMatch(reason);
  });

  test('a set whose last line is cut fails the reading', () => {
    expect(() => rule('-j DROP', { sets: 'create a hash:ip family inet\nadd a 10.0.0.1' })).toThrow(/TRUNCATED/);
  });
});

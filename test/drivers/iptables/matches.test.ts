import { describe, expect, test } from '@jest/globals';
import { conditionText } from './digest.js';
import { conditionOf, rule } from './support.js';

type Options = Parameters<typeof conditionOf>[1];

/** Words of a rule, and the condition they are. */
const table: readonly (readonly [string, string, Options?])[] = [
  ['-s 192.0.2.1', 'source 192.0.2.1'],
  ['-s 192.0.2.77/24', 'source 192.0.2.0/24'],
  ['! -s 192.0.2.0/24', 'not source 192.0.2.0/24'],
  ['-s ! 192.0.2.0/24', 'not source 192.0.2.0/24'],
  ['-s 192.0.2.1,192.0.2.5', 'source 192.0.2.1,192.0.2.5'],
  ['-d 10.0.0.1/255.255.0.255', 'destination 10.0.0.1,10.0.1.1,10.0.2.1,10.0.3.1,10.0.4.1,10.0.5.1,… (256 ranges)'],
  ['-d 10.0.0.1/255.0.0.255', '«destination & 255.0.0.255 is 10.0.0.1»'],
  ['-s host.example', '«iptables --source host.example» [unrecognized]'],
  ['-s 2001:db8::1', 'source 2001:db8::1', { six: true }],
  ['-s 192.0.2.1', '«iptables --source 192.0.2.1» [unrecognized]', { six: true }],
  ['-i eth0', 'in eth0'],
  ['-i eth+', 'in eth*'],
  ['! -o wg+', 'not out wg*'],
  ['-p tcp', 'protocol 6'],
  ['-p 47', 'protocol 47'],
  ['! -p udp', 'not protocol 17'],
  ['-p ! udp', 'not protocol 17'],
  ['-p tcp --dport 22', '(protocol 6 and destinationPort 22)'],
  ['-p tcp -m tcp ! --sport 1:5 --dport 10:', '(protocol 6 and not sourcePort 1-5 and destinationPort 10-65535)'],
  ['-p tcp --sport :1023 --dport :', '(protocol 6 and sourcePort 0-1023 and destinationPort 0-65535)'],
  ['-p tcp -m tcp --dport 60000:29', '(protocol 6 and destinationPort none)'],
  ['-p sctp --dport 3868', '(protocol 132 and destinationPort 3868)'],
  ['-p dccp --dport 5', '(protocol 33 and destinationPort 5)'],
  ['-p udplite -m udplite --sport 5', '(protocol 136 and sourcePort 5)'],
  ['-p tcp --dport ssh', '(protocol 6 and destinationPort 22)'],
  ['-p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE', '(protocol 6 and flags 0,64,128,192)'],
  ['-p tcp --tcp-option 8', '(protocol 6 and «iptables match tcp --tcp-option 8»)'],
  ['-p tcp -m multiport --ports 1,3:5', '(protocol 6 and (sourcePort 1,3-5 or destinationPort 1,3-5))'],
  ['-p udp -m multiport ! --dports 53,123', '(protocol 17 and not destinationPort 53,123)'],
  ['-p icmp --icmp-type any', '(protocol 1 and icmp 0-65535)'],
  ['-p icmp -m icmp --icmp-type 255', '(protocol 1 and icmp 0-65535)'],
  ['-p icmp --icmp-type 255/any', '(protocol 1 and icmp 0-65535)'],
  ['-p icmp -m icmp ! --icmp-type 3/4', '(protocol 1 and not icmp 772)'],
  ['-p icmp --icmp-type echo-request', '(protocol 1 and icmp 2048-2303)'],
  ['-p ipv6-icmp -m icmp6 --icmpv6-type 255', '(protocol 58 and icmp 65280-65535)', { six: true }],
  ['-p icmpv6 --icmpv6-type packet-too-big', '(protocol 58 and icmp 512-767)', { six: true }],
  ['-m state --state NEW,UNTRACKED', 'new|untracked'],
  ['-m conntrack ! --ctstate INVALID,SNAT', 'not (invalid or status snat)'],
  ['-m conntrack --ctstatus EXPECTED,ASSURED', '(not invalid|untracked and status expected|assured)'],
  ['-m conntrack --ctstatus NONE', '(not invalid|untracked and never)'],
  ['-m conntrack --ctdir REPLY', '(not invalid|untracked and direction reply)'],
  [
    '-m conntrack --ctstate NEW --ctorigdst 192.0.2.9',
    '(new and (invalid|untracked or original destination 192.0.2.9))',
  ],
  [
    '-m conntrack --ctreplsrc 192.0.2.9',
    '(not invalid|untracked and ((new and destination 192.0.2.9) or (not new and «iptables match conntrack --ctreplsrc 192.0.2.9 of a connection that was there before»)))',
  ],
  ['-m mark --mark 0x1/0x3', 'mark & 0x3 = 1'],
  ['-m mark ! --mark 5', 'not mark & 0xffffffff = 5'],
  ['-m connmark --mark 0x10/0xf0', '(new|established|related and connectionMark & 0xf0 = 16)'],
  [
    '-m addrtype --src-type LOCAL,BROADCAST ! --dst-type MULTICAST',
    '((source is local or source is broadcast) and not destination is multicast)',
  ],
  ['-m addrtype --dst-type UNICAST', '«fib daddr type unicast»'],
  ['-m rpfilter --invert', '«fib saddr . iif oif missing»'],
  ['-m rpfilter', 'not «fib saddr . iif oif missing»'],
  ['-m rpfilter --loose --validmark --invert', '«fib saddr . mark oif missing»'],
  ['-m rpfilter --accept-local --invert', '«iptables match rpfilter --accept-local --invert»'],
  ['-m owner --uid-owner 1000', '(in  and «meta skuid 1000»)'],
  ['-m owner ! --uid-owner 1000', 'not (in  and «meta skuid 1000»)'],
  ['-m recent --set --name seen', 'nothing'],
  ['-m recent ! --set --name seen', 'never'],
  ['-m pkttype ! --pkt-type host', 'not «meta pkttype unicast»'],
  [
    '-m addrtype --dst-type LOCAL --limit-iface-in',
    '(destination is local and «iptables match addrtype --dst-type LOCAL --limit-iface-in»)',
  ],
  [
    '-m addrtype --dst-type UNICAST',
    'destination ::1-::fffe:ffff:ffff,::1:0:0:0-feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    { six: true },
  ],
  ['-m iprange ! --src-range 10.0.0.5-10.0.0.9', 'not source 10.0.0.5-10.0.0.9'],
  ['-m comment --comment "-j DROP"', 'nothing'],
  ['-m limit --limit 5/min', '«limit rate 5/minute burst 5 packets» [stateful]'],
  ['-m mac ! --mac-source 02:00:5e:10:00:01', 'hardware address 0-2200601362432,2200601362434-281474976710655'],
  ['-m mac --mac-source XX:XX:XX:XX:XX:XX', '«iptables match mac --mac-source XX:XX:XX:XX:XX:XX»'],
  ['-m mac --mac 02:00:5e:10:00:01', 'hardware address 2200601362433'],
  ['-m policy --dir in --pol ipsec --proto esp', '«iptables match policy --dir in --pol ipsec --proto esp»'],
  ['-f', '(invalid|untracked and «iptables fragment»)'],
  ['-m strange --from 1 2 --flag -p tcp', '(protocol 6 and «iptables match strange --from 1 2 --flag» [unrecognized])'],
  ['-m length --length 5 --new-option x', '«iptables match length --length 5 --new-option x» [unrecognized]'],
];

describe('matches', () => {
  test.each(table)('%s is %s', (...[words, expected, options]) => {
    const condition = conditionOf(`${words} -j ACCEPT`, options);
    expect(condition ? conditionText(condition) : 'nothing').toBe(expected);
  });

  test('the negation of an unknown match has the identity of the match', () => {
    const plain = conditionOf('-m ttl --ttl-eq 5 -j DROP');
    expect(conditionOf('-m ttl ! --ttl-eq 5 -j DROP')).toEqual({ kind: 'not', of: plain });
  });

  test('a comment is kept and is no condition', () => {
    const { rule: read } = rule('-m comment --comment "it\\\'s \\"here\\"" -j DROP');
    expect(read).toMatchObject({ comment: 'it\'s "here"', steps: [{ kind: 'drop' }] });
  });
});

import { describe, expect, test } from '@jest/globals';
import { ask, askSets } from '../../../agent/exposure/ask.js';
import { type LineState, parseIp4 } from '../../../agent/model/index.js';
import { stepText } from './digest.js';
import { deviceOf, readFile, rule } from './support.js';

type Options = Parameters<typeof rule>[1];
const mangle: Options = { table: 'mangle', chain: 'PREROUTING' };
const prerouting: Options = { table: 'nat', chain: 'PREROUTING' };
const postrouting: Options = { table: 'nat', chain: 'POSTROUTING' };

/** A target, what it does, and the state of its line. */
const table: readonly (readonly [string, string, LineState, Options?])[] = [
  ['-j ACCEPT', 'accept', 'modelled'],
  ['-j REJECT', 'reject with icmp-port-unreachable', 'modelled'],
  ['-j REJECT', 'reject with icmp6-port-unreachable', 'modelled', { six: true }],
  ['-j user', 'jump ip/filter/user', 'modelled'],
  ['-g user', 'goto ip/filter/user', 'modelled'],
  ['-j RETURN', 'return', 'modelled'],
  ['', 'nothing', 'modelled'],
  ['-j NFQUEUE --queue-num 5 --queue-bypass', 'queue or accept (NFQUEUE --queue-num 5 --queue-bypass)', 'modelled'],
  ['-j QUEUE', 'queue (QUEUE)', 'modelled'],
  ['-j LOG --log-prefix "a b"', 'LOG --log-prefix "a b"', 'modelled'],
  ['-j SYNPROXY --sack-perm', 'perhaps «iptables target SYNPROXY --sack-perm»', 'unmodelled'],
  ['-j ODD --thing 5', 'perhaps «iptables target ODD --thing 5» [unrecognized]', 'unrecognized'],
  ['-j NOWHERE', 'perhaps «iptables target NOWHERE» [unrecognized]', 'unrecognized'],
  ['-g NOWHERE', 'perhaps «iptables goto NOWHERE» [unrecognized]', 'unrecognized'],
  ['-j MARK --set-mark 5', 'setMark and 0x0 xor 0x5', 'modelled', mangle],
  ['-j MARK --set-mark 5/6', 'setMark and 0xfffffff8 xor 0x5', 'modelled', mangle],
  ['-j MARK --set-xmark 0x5/0x6', 'setMark and 0xfffffff9 xor 0x5', 'modelled', mangle],
  ['-j MARK --or-mark 5', 'setMark and 0xfffffffa xor 0x5', 'modelled', mangle],
  ['-j MARK --and-mark 5', 'setMark and 0x5 xor 0x0', 'modelled', mangle],
  ['-j MARK --xor-mark 5', 'setMark and 0xffffffff xor 0x5', 'modelled', mangle],
  ['-j CONNMARK --set-xmark 0x5/0x7', 'setConnectionMark and 0xfffffff8 xor 0x5', 'modelled', mangle],
  ['-j CONNMARK --save-mark', 'saveMark connection 0xffffffff mark 0xffffffff', 'modelled', mangle],
  ['-j CONNMARK --save-mark --mask 0xff', 'saveMark connection 0xff mark 0xff', 'modelled', mangle],
  ['-j CONNMARK --restore-mark --nfmask 0xf0 --ctmask 0xf', 'restoreMark connection 0xf mark 0xf0', 'modelled', mangle],
  [
    '-p tcp -j DNAT --to-destination 10.0.0.1:8080',
    'translate destination to 10.0.0.1 port 8080',
    'modelled',
    prerouting,
  ],
  ['-p tcp -j DNAT --to-destination :8080', 'translate destination port 8080', 'modelled', prerouting],
  [
    '-p tcp -j DNAT --to-destination 10.0.0.1-10.0.0.3:80-82 --persistent',
    'translate destination to 10.0.0.1-10.0.0.3 port 80-82',
    'modelled',
    prerouting,
  ],
  [
    '-p tcp -j DNAT --to-destination 10.0.0.1:8080-8090/80',
    'translate destination to 10.0.0.1 port 8080-8090',
    'approximated',
    prerouting,
  ],
  [
    '-p tcp -j DNAT --to-destination [2001:db8::1]:80',
    'translate destination to 2001:db8::1 port 80',
    'modelled',
    { ...prerouting, six: true },
  ],
  [
    '-p tcp -j DNAT --to-destination 2001:db8::1-2001:db8::4',
    'translate destination to 2001:db8::1-2001:db8::4',
    'modelled',
    { ...prerouting, six: true },
  ],
  [
    '-j DNAT --to-destination elsewhere',
    'perhaps «iptables target DNAT --to-destination elsewhere» [unrecognized]',
    'unrecognized',
    prerouting,
  ],
  ['-p tcp -j REDIRECT --to-ports 3128', 'translate destination to the device port 3128', 'modelled', prerouting],
  ['-j SNAT --to-source 192.0.2.1', 'translate source to 192.0.2.1', 'modelled', postrouting],
  ['-j MASQUERADE --random-fully', 'translate source to the device', 'modelled', postrouting],
  [
    '-d 10.1.0.0/16 -j NETMAP --to 10.2.0.0/16',
    'translate destination to 10.2.0.0/16 (prefix)',
    'modelled',
    prerouting,
  ],
  ['-s 10.1.0.0/16 -j NETMAP --to 10.2.0.0/16', 'translate source to 10.2.0.0/16 (prefix)', 'modelled', postrouting],
  ['-j CT --notrack', 'notrack', 'modelled', { table: 'raw', chain: 'PREROUTING' }],
  ['-j NOTRACK', 'notrack', 'modelled', { table: 'raw', chain: 'PREROUTING' }],
];

describe('targets', () => {
  test.each(table)('%s is %s (%s)', (...[words, expected, state, options]) => {
    const { rule: read, device } = rule(words, options);
    const last = read.steps.at(-1);
    expect(last ? stepText(last) : 'nothing').toBe(expected);
    const line = device.coverage.lines.find((one) => one.line === read.origin.line && one.file === read.origin.file);
    expect(line?.state).toBe(state);
  });

  test('a target that is nowhere leaves the reading blind', () => {
    expect(rule('-j NOWHERE').device.coverage.blind).toHaveLength(1);
    expect(rule('-j ODD --thing 5').device.coverage.blind).toHaveLength(0);
  });

  test('a rule points at its place, without its counters', () => {
    const { rule: read } = rule('-p tcp --dport 22 -c 5 300 -j ACCEPT');
    expect(read.origin).toEqual({
      file: 'iptables-save',
      line: 6,
      rule: 'filter/INPUT rule 1',
      text: '-A INPUT -p tcp --dport 22 -j ACCEPT',
    });
  });

  test.each([
    ['-d 203.0.113.0/24', '203.0.113.7', 'allow'],
    ['-d 203.0.113.0/24', '203.0.113.8', 'deny'],
    ['-d 203.0.113.4/30', '203.0.113.7', 'allow'],
    ['-d 203.0.113.4/30', '203.0.113.5', 'deny'],
    ['-d 203.0.113.4/30', '203.0.113.8', 'deny'],
    // Of two networks one host each becomes 10.2.0.7, and which one is asked about is not said.
    ['-d 203.0.112.0/23', '203.0.113.7', 'maybe'],
  ])('NETMAP %s keeps the host: %s', (words, destination, expected) => {
    const filter = '*filter\n:INPUT ACCEPT\n:FORWARD DROP\n:OUTPUT ACCEPT\n-A FORWARD -d 10.2.0.7 -j ACCEPT\nCOMMIT\n';
    const chains = ':PREROUTING ACCEPT\n:INPUT ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\n';
    const nat = `*nat\n${chains}-A PREROUTING ${words} -j NETMAP --to 10.2.0.0/24\nCOMMIT\n`;
    const { pipeline } = deviceOf(readFile(nat + filter));
    const fields = { source: parseIp4('198.51.100.9')!, destination: parseIp4(destination)!, protocol: 6, tcpFlags: 2 };
    const packet = { families: ['ip4'], direction: 'forward', state: 'new', fields } as const;
    expect(ask(pipeline, packet).verdict).toBe(expected);
    expect(askSets(pipeline, packet, 'ip4', undefined).verdict).toBe(expected);
  });
});

import { describe, expect, test } from '@jest/globals';
import { plain, readText, rulesOf, stepsOf } from './support.js';

/** One statement a row, as nft prints or people write it, and the steps it must become. */
const tcp = { kind: 'protocol', protocols: [6, 6] };
const ip4 = { kind: 'family', family: 'ip4' };
const ip6 = { kind: 'family', family: 'ip6' };
const tracked = { kind: 'connectionState', states: ['new', 'established', 'related'] };
const match = (condition: unknown) => ({ kind: 'match', condition });
const all = (...of: unknown[]) => match({ kind: 'all', of });
const port = (...ports: number[]) => ({ kind: 'destinationPort', ports });
const state = (...states: string[]) => match({ kind: 'connectionState', states });
const flags = (...bytes: number[]) => all(tcp, { kind: 'tcpFlags', flags: bytes });
const source4 = (...bounds: number[]) => match({ kind: 'source', addresses: { ip4: bounds, ip6: [] } });
const single = (value: number) => [value, value];
const net10 = [0x0a00_0000, 0x0aff_ffff];

describe('comparisons', () => {
  test.each([
    ['tcp dport 22', all(tcp, port(22, 22))],
    ['tcp dport ssh', all(tcp, port(22, 22))],
    ['tcp dport != 22', all(tcp, port(0, 21, 23, 65535))],
    ['tcp dport { 22, 80-90 }', all(tcp, port(22, 22, 80, 90))],
    ['tcp dport < 1024', all(tcp, port(0, 1023))],
    ['tcp dport ge 1024', all(tcp, port(1024, 65535))],
    ['ip saddr 10.0.0.0/8', source4(...net10)],
    ['ip saddr != 10.0.0.0/8', source4(0, 0x09ff_ffff, 0x0b00_0000, 0xffff_ffff)],
    ['ip saddr & 255.0.0.0 == 10.0.0.0', source4(...net10)],
    ['ip saddr 10.0.0.1-10.0.0.9', source4(0x0a00_0001, 0x0a00_0009)],
    ['ip protocol udp', all(ip4, { kind: 'protocol', protocols: [17, 17] })],
    ['meta l4proto ipv6-icmp', match({ kind: 'protocol', protocols: [58, 58] })],
    [
      'icmp type echo-request',
      all(ip4, { kind: 'protocol', protocols: [1, 1] }, { kind: 'icmp', typeCodes: [2048, 2303] }),
    ],
    [
      'icmpv6 type 128',
      all(ip6, { kind: 'protocol', protocols: [58, 58] }, { kind: 'icmp', typeCodes: [32768, 33023] }),
    ],
    ['meta nfproto ipv4', match(ip4)],
    ['meta protocol != ip', match(ip6)],
    ['iifname "eth*"', match({ kind: 'inInterface', names: ['eth*'] })],
    ['oif != "lo"', match({ kind: 'not', of: { kind: 'outInterface', names: ['lo'] } })],
    ['ct state new,established', state('established', 'new')],
    ['ct state != established', state('invalid', 'related', 'new', 'untracked')],
    ['ct state { new, invalid }', state('invalid', 'new')],
    ['ct direction reply', all(tracked, { kind: 'connectionDirection', direction: 'reply' })],
    ['ct status dnat', all(tracked, { kind: 'connectionStatus', status: ['dnat'] })],
    ['meta mark & 0xff != 0x10', match({ kind: 'mark', mask: 255, values: [0, 15, 17, 0xffff_ffff] })],
    ['meta mark 0x20/28', match({ kind: 'mark', mask: 0xffff_ffff, values: [32, 47] })],
    ['fib daddr type local', match({ kind: 'addressType', of: 'destination', type: 'local' })],
    [
      'ct original ip daddr 192.0.2.1',
      all(ip4, tracked, { kind: 'destination', addresses: { ip4: single(0xc000_0201), ip6: [] }, original: true }),
    ],
    ['meta iif 1', match({ kind: 'inInterface', names: ['lo'] })],
  ])('%s', (words, expected) => expect(plain(stepsOf(words))).toEqual([expected]));

  test('that there is a way back is that none is missing', () => {
    const missing = plain(stepsOf('fib saddr . iif oif missing'));
    const [test] = missing as { readonly kind: 'match'; readonly condition: object }[];
    expect(test).toMatchObject({ kind: 'match', condition: { kind: 'unknown', id: 'fib saddr . iif oif missing' } });
    expect(plain(stepsOf('fib saddr . iif oif exists'))).toEqual([
      match({ kind: 'not', of: test!.condition as never }),
    ]);
    expect(plain(stepsOf('fib saddr . iif oif != 0'))).toEqual(plain(stepsOf('fib saddr . iif oif exists')));
    expect(plain(stepsOf('fib saddr . iif oif 0'))).toEqual(missing);
  });

  // What nft itself compiles these to was read with `nft --debug=netlink`.
  test.each([
    ['tcp flags == syn', [2, 2]],
    ['tcp flags != syn', [0, 1, 3, 255]],
    ['tcp flags & (fin | syn | rst | psh | ack | urg | ecn | cwr) == syn', [2, 2]],
    ['tcp flags { syn, syn | ack }', [2, 2, 18, 18]],
    ['tcp flags ! 0xfe', [0, 1]],
    ['tcp flags 0xfe', [2, 255]],
    ['tcp flags syn / fin,syn,rst,psh,ack,urg,ecn,cwr', [2, 2]],
  ])('%s', (words, bytes) => expect(plain(stepsOf(words))).toEqual([flags(...bytes)]));

  test('ports of any transport need a protocol that has ports', () => {
    expect(plain(stepsOf('meta l4proto { tcp, udp } th dport 53')[1])).toEqual(match(port(53, 53)));
    expect(JSON.stringify(stepsOf('th dport 53'))).toContain('of a protocol without ports');
  });

  test('a port of any protocol may have a test of "ct protocol" before it that nft does not print', () => {
    expect(JSON.stringify(stepsOf('th dport 53'))).toContain('which nft does not print before th dport');
    expect(JSON.stringify(stepsOf('ip saddr . th dport != { 10.0.0.1 . 53 }'))).toContain('does not print');
    expect(JSON.stringify(stepsOf('th dport vmap { 53 : accept }'))).toContain('does not print');
    expect(JSON.stringify(stepsOf('meta l4proto . th dport { tcp . 53 }'))).not.toContain('does not print');
    expect(JSON.stringify(stepsOf('ct original proto-dst 53'))).not.toContain('does not print');
    expect(JSON.stringify(stepsOf('meta l4proto udp th dport 53'))).not.toContain('does not print');
  });

  test('two comparisons that nft prints as one negated range hold for less than that', () => {
    expect(JSON.stringify(stepsOf('tcp dport != 25-80'))).toContain('not two that nft prints as tcp dport != 25-80');
    expect(JSON.stringify(stepsOf('meta mark != 0x10-0x1f'))).toContain('not two that nft prints as meta mark');
    expect(JSON.stringify(stepsOf('tcp dport != { 25-80 }'))).not.toContain('nft prints');
    expect(JSON.stringify(stepsOf('tcp dport 25-80'))).not.toContain('nft prints');
  });

  test('of a range that ends before it begins only the end is sure', () => {
    const [, step] = stepsOf('tcp dport 1024-80');
    expect(JSON.stringify(step ?? stepsOf('tcp dport 1024-80'))).toContain('what nft prints as tcp dport 1024-80');
  });

  test('a negated concatenation asks for family and protocol first', () => {
    const [step] = stepsOf('ip saddr . tcp dport != { 10.0.0.1 . 22 }');
    expect(plain(step)).toEqual(
      all(ip4, tcp, {
        kind: 'not',
        of: { kind: 'all', of: [source4(...single(0x0a00_0001)).condition, port(22, 22)] },
      }),
    );
  });

  test('the opposite of an unknown condition is its negation', () => {
    const unknown = { kind: 'unknown', id: 'meta priority 1000', text: 'meta priority 1000' };
    expect(plain(stepsOf('meta priority 1000 meta priority != 1000'))).toEqual([
      match(unknown),
      match({ kind: 'not', of: unknown }),
    ]);
  });

  test('an unknown condition on a set is identified by the content of the set, not by its name', () => {
    const id = (name: string, elements: string): string =>
      JSON.stringify(stepsOf(`ip dscp @${name}`, `set ${name} { type dscp; elements = { ${elements} }\n }`));
    expect(id('a', 'ef, cs1')).toBe(id('b', 'cs1, ef'));
    expect(id('a', 'ef, cs1')).not.toBe(id('a', 'ef'));
  });

  test('a set that is not declared is not understood', () => {
    expect(stepsOf('ip saddr @missing accept')).toMatchObject([
      { kind: 'match', condition: { kind: 'all', of: [ip4, { kind: 'unknown', unrecognized: true }] } },
      { kind: 'accept' },
    ]);
  });
});

describe('actions', () => {
  const answer = (text: string) => ({ kind: 'reject', answer: text });
  const to4 = (address: number) => ({ addresses: { ip4: single(address), ip6: [] } });
  test.each([
    ['reject', [answer('icmpx port-unreachable')]],
    ['reject with tcp reset', [match(tcp), answer('tcp reset')]],
    ['reject with icmp type host-unreachable', [match(ip4), answer('icmp host-unreachable')]],
    ['queue num 1-3 bypass', [{ kind: 'queue', bypass: true, text: 'queue flags bypass to 1-3' }]],
    ['notrack', [{ kind: 'notrack' }]],
    ['meta mark set 0x10', [{ kind: 'setMark', and: 0, xor: 16 }]],
    ['meta mark set meta mark | 0x10', [{ kind: 'setMark', and: 0xffff_ffef, xor: 16 }]],
    ['meta mark set mark and 0xff xor 0x3', [{ kind: 'setMark', and: 255, xor: 3 }]],
    ['ct mark set mark', [{ kind: 'saveMark', connectionMask: 0xffff_ffff, markMask: 0xffff_ffff }]],
    [
      'meta mark set ct mark & 0xff',
      [match(tracked), { kind: 'restoreMark', connectionMask: 255, markMask: 0xffff_ffff }],
    ],
    [
      'dnat ip to 192.0.2.1:80',
      [match(ip4), { kind: 'nat', translate: 'destination', to: to4(0xc000_0201), ports: [80, 80] }],
    ],
    ['redirect to :3128', [{ kind: 'nat', translate: 'destination', to: 'device', ports: [3128, 3128] }]],
    ['masquerade random', [{ kind: 'nat', translate: 'source', to: 'device' }]],
    ['meta priority set 1:2', [{ kind: 'sideEffect', text: 'meta priority set 1:2' }]],
    ['continue', [{ kind: 'sideEffect', text: 'continue' }]],
  ])('%s', (words, expected) => expect(plain(stepsOf(words))).toEqual(expected));

  test('an address and a port from two maps of one key', () => {
    const maps = 'tcp dport map { 81 : 192.0.2.1, 82 : 192.0.2.2 } : tcp dport map { 82 : 8082, 81 : 8081 }';
    const nat = (to: number, number: number) => ({
      kind: 'nat',
      translate: 'destination',
      to: to4(to),
      ports: single(number),
    });
    expect(plain(stepsOf(`dnat to ${maps}`, '', 'ip'))).toEqual([
      match(tcp),
      {
        kind: 'dispatch',
        cases: [
          { condition: port(81, 81), actions: [nat(0xc000_0201, 8081)] },
          { condition: port(82, 82), actions: [nat(0xc000_0202, 8082)] },
        ],
      },
    ]);
  });

  test('a verdict map ends with its default', () => {
    const steps = stepsOf('tcp dport vmap { 22 : accept, * : drop }');
    expect(plain(steps)).toEqual([
      match(tcp),
      {
        kind: 'dispatch',
        cases: [
          { condition: port(22, 22), actions: [{ kind: 'accept' }] },
          { condition: { kind: 'all', of: [] }, actions: [{ kind: 'drop' }] },
        ],
      },
    ]);
  });

  test('a header that is rewritten, a jump to nowhere and an iptables target without harm', () => {
    expect(stepsOf('ip daddr set 192.0.2.1')).toMatchObject([{ kind: 'opaque' }]);
    expect(stepsOf('jump nowhere')).toMatchObject([{ kind: 'opaque', unknown: { unrecognized: true } }]);
    expect(stepsOf('xt target CHECKSUM')).toMatchObject([{ kind: 'sideEffect' }]);
    expect(stepsOf('xt target CT')).toMatchObject([{ kind: 'opaque', unknown: { stateful: true } }]);
  });

  test('a block is a list of its own', () => {
    const device = readText('table ip t {\nchain c {\ntcp dport 22 jump {\nip saddr 10.0.0.1 drop\naccept\n}\n}\n}\n');
    expect(rulesOf(device, 'ip/t/c')[0]!.steps.at(-1)).toEqual({ kind: 'jump', list: 'ip/t/c rule 1 block' });
    expect(rulesOf(device, 'ip/t/c rule 1 block')).toHaveLength(2);
    expect(device.coverage.rules.exact).toBe(3);
  });
});

describe('scripts', () => {
  test('variables, commands and elements added later', () => {
    const device = readText(`
      define wan = { "eth0", "eth1" }
      define admin = 192.0.2.7
      add table inet t
      add set inet t s { type ipv4_addr; }
      add chain inet t c { type filter hook input priority filter - 5; policy drop; }
      add rule inet t c iifname $wan ip saddr $admin accept
      insert rule inet t c ip saddr @s drop
      add element inet t s { 192.0.2.9, 192.0.2.10 }
    `);
    expect(device.pipeline.bases).toMatchObject([{ list: 'inet/t/c', priority: -5, policy: 'drop' }]);
    expect(plain(rulesOf(device, 'inet/t/c').map(({ steps }) => steps[0]))).toEqual([
      source4(0xc000_0209, 0xc000_020a),
      match({ kind: 'inInterface', names: ['eth0', 'eth1'] }),
    ]);
    expect(device.coverage.blind).toEqual([]);
  });

  test('flush and delete take back what stood before', () => {
    const device = readText(
      'table ip a { chain c { accept; }\n }\ntable ip b { }\nflush chain ip a c\ndelete table ip b\n',
    );
    expect(device.pipeline.lists.map(({ id, rules }) => [id, rules.length])).toEqual([['ip/a/c', 0]]);
  });

  test('an included file is said as not read', () => {
    const device = readText('include "/etc/nftables.d/*.nft"\ntable ip t {\n}\n');
    expect(device.coverage.lines[0]).toMatchObject({ state: 'unrecognized' });
    expect(device.coverage.blind).toHaveLength(1);
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type Comparison,
  compare,
  exampleText,
  type Opening,
  openingText,
  type PacketExample,
  tracePacket,
} from '../../agent/exposure/index.js';
import type { Device, Direction } from '../../agent/model/index.js';
import { searchFactor, seed } from '../support/seed.js';
import { inBox, iptablesDevice, nftDevice, type Sample } from './rulesets.js';

function forwardRules(rules: readonly string[], policy = 'drop'): Device {
  return nftDevice(
    `table inet filter {\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy ${policy};\n` +
      `${rules.map((rule) => `\t\t${rule}\n`).join('')}\t}\n}\n`,
  );
}

function difference(before: Device, after: Device): Comparison {
  return compare(after.pipeline, { pipeline: before.pipeline, withClosed: true });
}

/** What a person would note: what, by which edit, permitted by which rule. */
function notes(openings: readonly Opening[]): readonly string[] {
  return openings.map((one) => `${openingText(one)} | ${one.because?.edit}: ${one.because?.rule.text}`);
}

const web = 'ip daddr 192.0.2.10 tcp dport 443 accept';

describe('what an edit opens, and which edit it was', () => {
  const table: readonly (readonly [string, Device, Device, readonly string[], readonly string[]])[] = [
    ['nothing', forwardRules([web]), forwardRules([web]), [], []],
    [
      'a rule added',
      forwardRules([web]),
      forwardRules([web, 'iifname "wan0" tcp dport 3389 accept']),
      ['any → any tcp 3389 (in wan0) | added: iifname "wan0" tcp dport 3389 accept'],
      [],
    ],
    [
      'a rule deleted',
      forwardRules([web, 'tcp dport 22 accept']),
      forwardRules([web]),
      [],
      ['any → any tcp 22 | removed: tcp dport 22 accept'],
    ],
    [
      'a deny deleted: the deletion is the cause, not the old permit',
      forwardRules(['ip saddr 203.0.113.0/24 drop', 'tcp dport 80 accept']),
      forwardRules(['tcp dport 80 accept']),
      ['203.0.113.0/24 → 0.0.0.0/0 tcp 80 | removed: ip saddr 203.0.113.0/24 drop'],
      [],
    ],
    [
      'a rule widened',
      forwardRules(['tcp dport 80 accept']),
      forwardRules(['tcp dport 80-82 accept']),
      ['any → any tcp 81-82 | changed: tcp dport 80-82 accept'],
      [],
    ],
    [
      'a permit moved above a deny',
      forwardRules(['tcp dport 22 accept', 'ip saddr 203.0.113.0/24 drop', 'tcp dport 80 accept', 'tcp dport 25 drop']),
      forwardRules(['tcp dport 22 accept', 'tcp dport 80 accept', 'ip saddr 203.0.113.0/24 drop', 'tcp dport 25 drop']),
      ['203.0.113.0/24 → 0.0.0.0/0 tcp 80 | moved: ip saddr 203.0.113.0/24 drop'],
      [],
    ],
    [
      'the policy turned to accept',
      forwardRules([web]),
      forwardRules([web], 'accept'),
      [
        '0.0.0.0/0 → 0.0.0.0/0 any service, with 1 exception | policy: policy accept',
        '::/0 → ::/0 any service | policy: policy accept',
      ],
      [],
    ],
    [
      'everything flushed',
      forwardRules([web]),
      nftDevice(''),
      [
        '0.0.0.0/0 → 0.0.0.0/0 any service, with 1 exception | flushed: chain forward',
        '::/0 → ::/0 any service | flushed: chain forward',
      ],
      [],
    ],
    [
      'a published host translated elsewhere is one closed and one opened',
      nftDevice(publication('10.1.0.5')),
      nftDevice(publication('10.1.0.6')),
      [
        '0.0.0.0/0 → 192.0.2.1 tcp 443, translated to 10.1.0.6 | changed: ip daddr 192.0.2.1 tcp dport 443 dnat to 10.1.0.6',
      ],
      [
        '0.0.0.0/0 → 192.0.2.1 tcp 443, translated to 10.1.0.5 | changed: ip daddr 192.0.2.1 tcp dport 443 dnat to 10.1.0.6',
      ],
    ],
    [
      'a member added to a set that a rule names',
      nftDevice(named('203.0.113.5')),
      nftDevice(named('203.0.113.5, 203.0.113.9')),
      ['203.0.113.9 → 0.0.0.0/0 tcp 22 | object: ip saddr @vendors tcp dport 22 accept'],
      [],
    ],
  ];

  test.each(table)('%s', (_, before, after, opened, closed) => {
    const result = difference(before, after);
    expect({ opened: notes(result.undeclared), closed: notes(result.closed) }).toEqual({ opened, closed });
    expect(result.complete).toBe(true);
  });

  test('an unchanged limit cancels out, a changed one is possible', () => {
    const limited = (rate: string): Device => forwardRules([`limit rate ${rate} tcp dport 53 accept`]);
    expect(difference(limited('5/second'), limited('5/second')).undeclared).toEqual([]);
    const withNeighbour = forwardRules(['tcp dport 25 accept', 'limit rate 5/second tcp dport 53 accept']);
    expect(notes(difference(limited('5/second'), withNeighbour).undeclared)).toEqual([
      'any → any tcp 25 | added: tcp dport 25 accept',
    ]);
    const changed = difference(limited('5/second'), limited('50/second'));
    expect(changed.undeclared.map(({ certainty }) => certainty)).toEqual(['possible']);
    expect(changed.undeclared[0]!.conditions.length).toBeGreaterThan(0);
  });

  test('a rename of a chain, new handles, comments and counters are nothing', () => {
    const chains = (name: string, extra: string): Device =>
      nftDevice(
        `table inet filter {\n\tchain ${name} {\n\t\ttcp dport 22 ${extra}accept\n\t}\n\tchain forward {\n` +
          `\t\ttype filter hook forward priority filter; policy drop;\n\t\tjump ${name}\n\t}\n}\n`,
      );
    const [before, after] = [chains('vendor', ''), chains('maintenance', 'counter packets 7 bytes 700 ')];
    expect(difference(before, after)).toMatchObject({ undeclared: [], closed: [], complete: true });
    const identity = (device: Device) => compare(device.pipeline).undeclared.map((one) => one.permittedBy.identity);
    expect(identity(after)).toEqual(identity(before));
  });

  test('another source address is no other way through', () => {
    const behind = (...rules: readonly string[]): Device =>
      nftDevice(
        `table ip nat {\n\tchain postrouting {\n\t\ttype nat hook postrouting priority srcnat; policy accept;\n` +
          `${rules.map((rule) => `\t\t${rule}\n`).join('')}\t}\n}\n`,
      );
    const masked = behind('oifname "wan0" masquerade');
    expect(difference(masked, behind())).toMatchObject({ undeclared: [], closed: [] });
    expect(difference(masked, behind('oifname "wan0" snat to 192.0.2.1'))).toMatchObject({
      undeclared: [],
      closed: [],
    });
  });

  test('declared flows take their part away, exactly', () => {
    const { pipeline } = forwardRules(['tcp dport 80-82 accept']);
    const condition = {
      kind: 'all' as const,
      of: [
        { kind: 'protocol' as const, protocols: [6, 6] },
        { kind: 'destinationPort' as const, ports: [81, 81] },
      ],
    };
    const flows = [{ direction: 'forward' as const, condition }];
    const split = compare(pipeline, { flows, withDeclared: true });
    const forward = (openings: readonly Opening[]): readonly string[] =>
      openings.filter((one) => one.direction === 'forward').map((one) => openingText(one));
    expect(forward(split.undeclared)).toEqual(['any → any tcp 80,82']);
    expect(forward(split.declared)).toEqual(['any → any tcp 81']);
    expect(forward(compare(pipeline, { within: flows }).undeclared)).toEqual(['any → any tcp 81']);
  });

  test('a spent budget is said, with a witness for what is proved', () => {
    const many = Array.from({ length: 40 }, (_, n) => `ip saddr 203.0.113.${n} tcp dport ${n + 1} accept`);
    const before = forwardRules(many);
    const after = forwardRules([...many, 'tcp dport 3389 accept']);
    const result = compare(after.pipeline, { pipeline: before.pipeline, withClosed: true, nodesMax: 3 });
    expect(result.complete).toBe(false);
    expect(result.reasons[0]).toMatch(/^not listed exactly: /);
    const [opening] = result.undeclared.filter((one) => one.certainty === 'certain');
    expect(opening).toMatchObject({ complete: false, because: { edit: 'added' } });
    expect(exampleText(opening!.witness)).toMatch(/:3389/);
  });
});

function publication(target: string): string {
  return (
    `table ip nat {\n\tchain prerouting {\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n` +
    `\t\tip daddr 192.0.2.1 tcp dport 443 dnat to ${target}\n\t}\n}\n` +
    `table inet filter {\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n` +
    `\t\tip daddr 10.1.0.0/24 tcp dport 443 accept\n\t}\n}\n`
  );
}

function named(members: string): string {
  return (
    `table inet filter {\n\tset vendors {\n\t\ttype ipv4_addr\n\t\telements = { ${members} }\n\t}\n` +
    `\tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n` +
    `\t\tip saddr @vendors tcp dport 22 accept\n\t}\n}\n`
  );
}

/** A small vocabulary, so that rules meet each other and packets meet rules. */
const sources = ['192.0.2.0/25', '192.0.2.64/26', '198.51.100.7', '198.51.100.0/24'];
const destinations = ['10.0.0.5', '10.0.0.0/28', '203.0.113.9'];
const sourceValues = [0xc000_0205, 0xc000_0245, 0xc633_6407, 0xc633_6409, 0x0101_0101];
const destinationValues = [0x0a00_0005, 0x0a00_0006, 0xcb00_7109, 0x0101_0102];
const ports = [22, 80, 443];

const rule = fc
  .record({
    source: fc.option(fc.constantFrom(...sources), { nil: undefined }),
    destination: fc.option(fc.constantFrom(...destinations), { nil: undefined }),
    inside: fc.option(fc.constantFrom('eth0', 'eth1', 'eth+'), { nil: undefined }),
    service: fc.option(fc.constantFrom('-p tcp --dport 22', '-p tcp --dport 80:443', '-p udp --dport 80', '-p icmp'), {
      nil: undefined,
    }),
    negated: fc.boolean(),
    target: fc.constantFrom('ACCEPT', 'DROP', 'ACCEPT', 'DROP', 'side', 'RETURN', 'MARK --set-mark 1'),
    marked: fc.integer({ min: 0, max: 9 }),
  })
  .map((one) =>
    [
      one.service,
      one.source && `${one.negated ? '! ' : ''}-s ${one.source}`,
      one.destination && `-d ${one.destination}`,
      one.inside && `-i ${one.inside}`,
      one.marked === 0 && '-m mark --mark 0x1',
      `-j ${one.target}`,
    ]
      .filter(Boolean)
      .join(' '),
  );
const firewall = fc.record({
  main: fc.array(rule, { maxLength: 6 }),
  side: fc.array(
    rule.filter((text) => !text.endsWith('side')),
    { maxLength: 3 },
  ),
  nat: fc.array(
    fc.constantFrom(
      '-d 203.0.113.9/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.5',
      '-p tcp -m tcp --dport 443 -j DNAT --to-destination 10.0.0.5:22',
    ),
    { maxLength: 1 },
  ),
  policy: fc.constantFrom('ACCEPT', 'DROP', 'DROP'),
});
type Firewall = typeof firewall extends fc.Arbitrary<infer T> ? T : never;

function saved({ main, side, nat, policy }: Firewall): Device {
  return iptablesDevice(
    [
      '*nat',
      ':PREROUTING ACCEPT [0:0]',
      ':INPUT ACCEPT [0:0]',
      ':OUTPUT ACCEPT [0:0]',
      ':POSTROUTING ACCEPT [0:0]',
      ...nat.map((text) => `-A PREROUTING ${text}`),
      'COMMIT',
      '*filter',
      ':INPUT ACCEPT [0:0]',
      `:FORWARD ${policy} [0:0]`,
      ':OUTPUT ACCEPT [0:0]',
      ':side - [0:0]',
      ...main.map((text) => `-A FORWARD ${text}`),
      ...side.map((text) => `-A side ${text}`),
      'COMMIT',
      '',
    ].join('\n'),
  );
}

/** Every packet of the vocabulary. */
function* packets(): Generator<Sample> {
  for (const source of sourceValues) {
    for (const destination of destinationValues) {
      for (const inInterface of ['eth0', 'eth1', 'eth7', 'wan']) {
        for (const [protocol, destinationPort] of [
          ...ports.map((port) => [6, port] as const),
          [17, 80] as const,
          [1, 0] as const,
        ]) {
          yield {
            family: 'ip4',
            inInterface,
            outInterface: 'dmz',
            source,
            destination,
            protocol,
            sourcePort: 40000,
            destinationPort,
            icmp: 2048,
          };
        }
      }
    }
  }
}

function fate(device: Device, direction: Direction, sample: Sample | PacketExample): string {
  const { family, inInterface, outInterface, ...fields } = sample;
  const trace = tracePacket({
    pipeline: device.pipeline,
    direction,
    packet: {
      family,
      state: 'new',
      ...(inInterface !== undefined && { inInterface }),
      ...(outInterface !== undefined && { outInterface }),
      fields: { sourcePort: 0, destinationPort: 0, icmp: 0, ...fields, tcpFlags: 2 },
    },
  });
  const { destination } = trace.env;
  const target = JSON.stringify(destination ?? null, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}` : value,
  );
  return trace.verdict === 'allow' ? `allow ${target}` : 'deny';
}

/** More rules and edits than are looked at one by one, of services that no packet of the vocabulary has. */
function padded(one: Firewall, first: number): Firewall {
  const edits = Array.from({ length: 40 }, (_, index) => `-p udp --dport ${2000 + 2 * index + first}:60000 -j ACCEPT`);
  const kept = Array.from({ length: 600 }, (_, index) => `-p udp --dport ${3000 + index} -j DROP`);
  return { ...one, main: [...kept, ...edits, ...one.main] };
}

/** Of all packets of the vocabulary, that exactly those that fare differently are in one opening each. */
function expectExact(a: Device, b: Device): void {
  const result = difference(a, b);
  expect(result.complete).toBe(true);
  const holding = (list: readonly Opening[], packet: Sample): number =>
    list.filter(
      ({ direction, box, except }) =>
        direction === 'forward' && inBox(packet, box) && !except.some((hole) => inBox(packet, hole)),
    ).length;
  for (const packet of packets()) {
    const [was, is] = [fate(a, 'forward', packet), fate(b, 'forward', packet)];
    const opened = is !== was && is !== 'deny' ? 1 : 0;
    const closed = is !== was && was !== 'deny' ? 1 : 0;
    const counted = { opened: holding(result.undeclared, packet), closed: holding(result.closed, packet) };
    if (counted.opened !== opened || counted.closed !== closed) {
      expect({ packet, was, is, ...counted }).toEqual({ packet, was, is, opened, closed });
    }
  }
  for (const opening of [...result.undeclared, ...result.closed]) {
    expect(fate(a, opening.direction, opening.witness)).not.toBe(fate(b, opening.direction, opening.witness));
    expect(opening.because).toBeDefined();
  }
}

describe('every packet', () => {
  test('changes its fate if and only if exactly one entry holds it, and every witness does', () => {
    fc.assert(
      fc.property(firewall, firewall, fc.boolean(), (one, another, related) => {
        // Half of the pairs are edits of one another, as in life, so that alignment and narrowing are used.
        const after = related ? { ...one, main: [...one.main.slice(1), ...another.main.slice(0, 1)] } : another;
        expectExact(saved(one), saved(after));
      }),
      { seed, numRuns: 60 * searchFactor },
    );
  });

  test('does so too where much was edited in a long list', () => {
    fc.assert(
      fc.property(firewall, firewall, (one, another) => {
        expectExact(saved(padded(one, 0)), saved(padded(another, 1)));
      }),
      { seed, numRuns: 8 * searchFactor },
    );
  });
});

import { describe, expect, test } from '@jest/globals';
import { type Baseline, learnBaseline, parseBaseline } from '../../agent/baseline/index.js';
import type { InterfaceSet, Opening, PacketBox } from '../../agent/exposure/index.js';
import { contains, fromRanges, type Intervals } from '../../agent/lib/intervals.js';
import { parsePorts } from '../../agent/lib/ports.js';
import { problemText } from '../../agent/lib/result.js';
import { type AddressSet, formatIp4, formatIp6, type Listener, parseAddressSet } from '../../agent/model/index.js';
import { seed } from '../support/seed.js';
import { holds, type Packet } from './support.js';

const AT = Date.UTC(2026, 10, 22, 9);

function opening(box: Partial<PacketBox>, more: Partial<Opening> = {}): Opening {
  return {
    id: 'o',
    direction: 'forward',
    box: { families: ['ip4', 'ip6'], ...box },
    except: [],
    certainty: 'certain',
    conditions: [],
    witness: { family: 'ip4', source: 0, destination: 0, protocol: 6 },
    permittedBy: {
      kind: 'rule',
      identity: 'r1',
      list: 'filter/FORWARD',
      origin: { file: 'iptables-save', line: 7, rule: 'filter/FORWARD rule 3', text: '-A FORWARD -j ACCEPT' },
    },
    set: 's',
    complete: true,
    ...more,
  };
}

function learn(openings: readonly Opening[], listeners: readonly Listener[] = []) {
  return learnBaseline({ device: 'fw1', openings, listeners, owner: 'Network team', at: AT });
}

function read(yaml: string): Baseline {
  const parsed = parseBaseline(yaml, 'learned.yaml');
  if (!parsed.ok) throw new Error(`${problemText(parsed.error)}\n${yaml}`);
  return parsed.value;
}

const addresses = (text: string): AddressSet => parseAddressSet(text)!;
const ports = (text: string): Intervals => parsePorts(text) as Intervals;

describe('what is written', () => {
  test('one block a flow, in words, with the rule it came from', () => {
    const { yaml, leftOut } = learn([
      opening({
        families: ['ip4'],
        inInterface: { kind: 'only', names: ['wan0'] },
        outInterface: { kind: 'only', names: ['dmz0'] },
        destination: addresses('192.0.2.10'),
        protocol: [6, 6],
        destinationPort: ports('443'),
      }),
    ]);
    expect(leftOut).toEqual([]);
    expect(yaml).toBe(`# What fw1 lets through, as a proposal: confirm every block, or remove it.
version: 1

flows:
  # filter/FORWARD: -A FORWARD -j ACCEPT
  - from: any
    to: 192.0.2.10
    via: wan0 -> dmz0
    service: tcp/443
    device: fw1
    why: observed on 2026-11-22, not yet confirmed
    owner: Network team
`);
  });

  test('openings of one rule that differ in one field are one flow', () => {
    const box = { protocol: [6, 6] as const, destination: addresses('192.0.2.10') };
    const { yaml } = learn([
      opening({ ...box, destinationPort: ports('80') }),
      opening({ ...box, destinationPort: ports('443') }),
      opening({ ...box, destinationPort: ports('22'), source: addresses('10.0.0.0/8') }),
    ]);
    expect(read(yaml).flows.map((flow) => flow.text)).toEqual([
      '10.0.0.0/8 → 192.0.2.10 tcp/22',
      'any → 192.0.2.10 tcp/80,443',
    ]);
  });

  test('a flow more is a block more: the others stay as they are, whatever the order of the rules', () => {
    const one = (last: number) =>
      opening(
        { destination: addresses(`192.0.2.${last}`) },
        { permittedBy: { ...opening({}).permittedBy, identity: `r${last}` } },
      );
    const before = learn([one(1), one(3)]).yaml;
    const after = learn([one(2), one(3), one(1)]).yaml;
    const added = after.split('\n\n').filter(
      (block) =>
        !before
          .split('\n\n')
          .map((text) => text.trim())
          .includes(block.trim()),
    );
    expect(added.join('')).toContain('to: 192.0.2.2');
    expect(added).toHaveLength(1);
  });

  test('several devices in one file, each block for its own', () => {
    const input = { listeners: [], owner: 'Network team', at: AT };
    const { yaml } = learnBaseline(
      { device: 'fw2', openings: [opening({ destination: addresses('192.0.2.2') })], ...input },
      { device: 'fw1', openings: [opening({ destination: addresses('192.0.2.1') })], ...input },
    );
    expect(read(yaml).flows.map((flow) => [flow.device, flow.text])).toEqual([
      ['fw2', 'any → 192.0.2.2 any'],
      ['fw1', 'any → 192.0.2.1 any'],
    ]);
  });

  test('text of a device cannot leave its comment', () => {
    const { permittedBy } = opening({});
    const origin = { ...permittedBy.origin, text: 'accept comment "x\n  - from: any\n\u202e"' };
    const { yaml } = learn([
      opening({ destination: addresses('192.0.2.1') }, { permittedBy: { ...permittedBy, origin } }),
    ]);
    expect(read(yaml).flows).toHaveLength(1);
    expect(yaml).not.toMatch(/\u202e/);
  });

  test('listeners that others can reach, each with its process; a client’s socket is none', () => {
    const listener = (more: Partial<Listener>): Listener => ({
      id: 'l',
      protocol: 'tcp',
      port: 443,
      addresses: addresses('10.0.0.1'),
      bind: '10.0.0.1',
      loopback: false,
      process: 'nginx',
      origin: { file: 'ss', line: 2, rule: 'ss', text: 'LISTEN 10.0.0.1:443 nginx' },
      ...more,
    });
    const { yaml } = learn([], [listener({}), listener({ loopback: true }), listener({ perhapsClient: true })]);
    expect(read(yaml).listeners).toMatchObject([
      { device: 'fw1', protocol: 'tcp', port: 443, process: 'nginx', text: 'tcp 10.0.0.1:443 nginx on fw1' },
    ]);
  });
});

describe('what cannot be said exactly is left out', () => {
  const narrow = { destination: addresses('192.0.2.1') };
  const many = Array.from({ length: 201 }, (_, index) => ({
    families: ['ip4'] as const,
    destinationPort: [index, index],
  }));
  test.each<[string, Opening]>([
    ['listed exactly', opening(narrow, { complete: false, reason: 'too many boxes' })],
    ['only if the time is right', opening(narrow, { certainty: 'possible', conditions: ['the time is right'] })],
    ['translated', opening(narrow, { nat: { destination: { addresses: addresses('10.0.0.1') } } })],
    ['201 exceptions', opening(narrow, { except: many })],
    ['interface name', opening({ inInterface: { kind: 'only', names: ['a b'] } })],
    ['no words', opening({ protocol: [50, 50], destinationPort: [1, 2] })],
    ['no words', opening({ icmp: [0, 255] })],
  ])('%s', (reason, one) => {
    const { yaml, leftOut } = learn([one]);
    expect(leftOut).toEqual([
      expect.stringMatching(new RegExp(`${reason.replace('*', '\\*')}.*ecluse baseline accept`)),
    ]);
    expect(read(yaml).flows).toEqual([]);
  });

  test('but a translated source is no obstacle: it changes nothing that is reached', () => {
    expect(learn([opening(narrow, { nat: { source: { addresses: 'device' } } })]).leftOut).toEqual([]);
  });
});

describe('the flows hold exactly the packets of the openings', () => {
  let state = seed >>> 0;
  /** A small generator (mulberry32): the tests must not depend on the machine. */
  const random = (below: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
  const pick = <T>(...of: readonly T[]): T => of[random(of.length)]!;
  const maybe = <T>(value: () => T): T | undefined => (random(2) === 0 ? undefined : value());
  const intervals = (last: number): Intervals =>
    fromRanges(
      Array.from({ length: 1 + random(2) }, () => [random(last), random(last)] as const).map(
        ([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)],
      ),
    );

  const randomBox = (): PacketBox => {
    const families = pick<PacketBox['families']>(['ip4'], ['ip6'], ['ip4', 'ip6']);
    const set = (): AddressSet => ({
      ip4: families.includes('ip4') ? intervals(8) : [],
      ip6: families.includes('ip6') ? intervals(8).map(BigInt) : [],
    });
    const [source, destination] = [maybe(set), maybe(set)];
    const names = maybe(
      (): InterfaceSet => ({
        kind: pick('only', 'except'),
        ...pick<Omit<InterfaceSet, 'kind'>>({ names: ['a'] }, { names: ['a', 'b'] }, { names: ['a*'], but: ['a'] }),
      }),
    );
    const outNames = maybe((): InterfaceSet => ({ kind: pick('only', 'except'), names: pick(['a'], ['b']) }));
    const icmp = random(4) === 0;
    const protocol = icmp
      ? pick<Intervals>([1, 1], [58, 58])
      : maybe(() => pick<Intervals>([6, 6], [6, 6, 17, 17], [0, 5, 7, 255]));
    const hasPorts = !icmp && protocol?.[0] !== 0;
    const port = hasPorts ? maybe(() => intervals(6)) : undefined;
    const types = icmp ? maybe(() => intervals(1024)) : undefined;
    const sport = maybe(() => intervals(6));
    return {
      families,
      ...(names && { inInterface: names }),
      ...(outNames && { outInterface: outNames }),
      ...(source && { source }),
      ...(destination && { destination }),
      ...(protocol && { protocol }),
      ...(port && { destinationPort: port }),
      ...(types && { icmp: types }),
      ...(sport && { sourcePort: sport }),
    };
  };

  interface Point {
    readonly ip6: boolean;
    readonly src: number;
    readonly dst: number;
    readonly packet: Packet;
  }
  const randomPoint = (): Point => {
    const [ip6, src, dst] = [random(2) === 1, random(9), random(9)];
    const text = (value: number): string => (ip6 ? formatIp6(BigInt(value)) : formatIp4(value));
    const packet = {
      src: text(src),
      dst: text(dst),
      protocol: pick(1, 6, 17, 50, 58),
      sport: random(7),
      dport: random(7),
      icmp: random(1100),
      in: pick('a', 'ab', 'b', 'c'),
      out: pick('a', 'b', 'c'),
    };
    return { ip6, src, dst, packet };
  };
  const inBox = (box: PacketBox, { ip6, src, dst, packet }: Point): boolean => {
    const address = (set: AddressSet | undefined, value: number): boolean =>
      !set || (ip6 ? contains(set.ip6, BigInt(value)) : contains(set.ip4, value));
    const number = (set: Intervals | undefined, value: number): boolean => !set || contains(set, value);
    const listed = (names: readonly string[], value: string): boolean =>
      names.some((one) => (one === 'a*' ? value.startsWith('a') : one === value));
    const name = (set: InterfaceSet | undefined, value: string): boolean =>
      !set || (listed(set.names, value) && !listed(set.but ?? [], value)) === (set.kind === 'only');
    return (
      box.families.includes(ip6 ? 'ip6' : 'ip4') &&
      address(box.source, src) &&
      address(box.destination, dst) &&
      number(box.protocol, packet.protocol!) &&
      number(box.sourcePort, packet.sport!) &&
      number(box.destinationPort, packet.dport!) &&
      number(box.icmp, packet.icmp!) &&
      name(box.inInterface, packet.in!) &&
      name(box.outInterface, packet.out!)
    );
  };

  test(`seed ${seed}: 300 random lists, 60 packets each`, () => {
    let inside = 0;
    for (let round = 0; round < 300; round++) {
      const openings = Array.from({ length: 1 + random(4) }, () =>
        opening(randomBox(), random(3) === 0 ? { except: [randomBox(), randomBox()] } : {}),
      );
      const { yaml, leftOut } = learn(openings);
      expect(leftOut).toEqual([]);
      const parsed = parseBaseline(yaml, 'learned.yaml');
      // An exception that holds its whole flow leaves nothing to declare, which the file rightly refuses to say.
      if (!parsed.ok && parsed.error.message.includes('nothing is left')) continue;
      const { flows } = read(yaml);
      for (let count = 0; count < 60; count++) {
        const point = randomPoint();
        const expected = openings.some(
          ({ box, except }) => inBox(box, point) && !except.some((one) => inBox(one, point)),
        );
        const found = flows.some((flow) => holds(flow.condition, point.packet));
        if (expected) inside++;
        if (found !== expected) throw new Error(`${JSON.stringify(point)} is ${found}\n${yaml}`);
      }
    }
    expect(inside).toBeGreaterThan(1000);
  });
});

import { describe, expect, test } from '@jest/globals';
import { type Baseline, declaredAt, declaresListener, parseBaseline } from '../../agent/baseline/index.js';
import { problemText } from '../../agent/lib/result.js';
import { anyIp4, type Listener, parseAddressSet } from '../../agent/model/index.js';
import { holds } from './support.js';

const FILE = 'baseline.yaml';

function read(text: string): Baseline {
  const parsed = parseBaseline(text, FILE);
  if (!parsed.ok) throw new Error(problemText(parsed.error));
  return parsed.value;
}

function flow(text: string) {
  const indented = text.replaceAll('\n', '\n    ');
  return read(`version: 1\nnetworks: { imaging: [10.1.0.0/16, 2001:db8:1::/48] }\nflows:\n  - ${indented}\n`).flows[0]!;
}

describe('a flow is an exact set of packets', () => {
  test.each([
    ['to: 192.0.2.10\nservice: tcp/443', { dst: '192.0.2.10', dport: 443 }, true],
    ['to: 192.0.2.10\nservice: tcp/443', { dst: '192.0.2.11', dport: 443 }, false],
    ['to: 192.0.2.10\nservice: tcp/443', { dst: '192.0.2.10', dport: 443, protocol: 17 }, false],
    ['service: tcp/80,443', { dport: 443 }, true],
    ['service: tcp/80,443', { dport: 81 }, false],
    ['service: [tcp/8000-8010, udp/53]', { protocol: 17, dport: 53 }, true],
    ['service: [tcp/8000-8010, udp/53]', { protocol: 6, dport: 53 }, false],
    ['from: imaging', { src: '10.1.255.255' }, true],
    ['from: imaging', { src: '2001:db8:1:ffff::1', dst: '2001:db8::1' }, true],
    ['from: imaging', { src: '10.2.0.0' }, false],
    ['from: [imaging, 10.2.0.0-10.2.0.9]', { src: '10.2.0.9' }, true],
    ['from: internet', { src: '198.51.100.7' }, true],
    ['from: internet', { src: '192.168.1.1' }, false],
    ['from: 0.0.0.0/0', { src: '2001:db8::1', dst: '2001:db8::2' }, false],
    ['service: icmp/8', { protocol: 1, icmp: 8 * 256 + 3 }, true],
    ['service: icmp/8', { protocol: 1, icmp: 9 * 256 }, false],
    ['service: icmp/3.4', { protocol: 1, icmp: 3 * 256 + 4 }, true],
    ['service: icmp/3.4', { protocol: 1, icmp: 3 * 256 + 5 }, false],
    ['service: icmpv6/128-129', { protocol: 58, icmp: 129 * 256 }, true],
    ['service: esp', { protocol: 50 }, true],
    ['service: 50', { protocol: 50 }, true],
    ['service: 51-255', { protocol: 50 }, false],
    ['service: any/53', { protocol: 132, dport: 53 }, true],
    ['to: any\nservice: any', { protocol: 99 }, true],
    ['service: tcp/25\nsource-ports: 1024-65535', { dport: 25, sport: 1024 }, true],
    ['service: tcp/25\nsource-ports: 1024-65535', { dport: 25, sport: 1023 }, false],
    ['via: wan0 -> dmz0', { in: 'wan0', out: 'dmz0' }, true],
    ['via: wan0 -> dmz0', { in: 'wan1', out: 'dmz0' }, false],
    ['via: wan0, ppp* -> any', { in: 'ppp3', out: 'dmz0' }, true],
    ['via: eth* but eth0 -> dmz0', { in: 'eth1', out: 'dmz0' }, true],
    ['via: eth* but eth0 -> dmz0', { in: 'eth0', out: 'dmz0' }, false],
    ['via: not eth* but eth0 -> dmz0', { in: 'eth0', out: 'dmz0' }, true],
    ['via: not wan0 -> dmz0', { in: 'lan0', out: 'dmz0' }, true],
    ['via: not wan0 -> dmz0', { in: 'wan0', out: 'dmz0' }, false],
    ['to: 10.0.0.0/8\nexcept: [{ to: 10.9.0.0/16 }, { service: tcp/22 }]', { dst: '10.8.0.1', dport: 80 }, true],
    ['to: 10.0.0.0/8\nexcept: [{ to: 10.9.0.0/16 }, { service: tcp/22 }]', { dst: '10.9.0.1', dport: 80 }, false],
    ['to: 10.0.0.0/8\nexcept: [{ to: 10.9.0.0/16 }, { service: tcp/22 }]', { dst: '10.8.0.1', dport: 22 }, false],
  ] as const)('%j: %j is %s', (text, packet, expected) => {
    expect(holds(flow(text).condition, packet)).toBe(expected);
  });

  test.each([
    ['to: any\nservice: any', 'forward'],
    ['via: -> self', 'input'],
    ['via: wan0 -> self', 'input'],
    ['via: self -> wan0', 'output'],
    ['via: wan0 ->', 'forward'],
  ])('%j is traffic of direction %s', (text, direction) => {
    expect(flow(text).direction).toBe(direction);
  });
});

test('what the file says of a flow is kept with its place', () => {
  const written = `
version: 1
flows:
  - from: any
    to: 192.0.2.10
    via: wan0 -> dmz0
    service: tcp/443
    device: fw1
    why: results portal
    owner: Network team
    until: 2027-01-01
`;
  expect(read(written).flows).toMatchObject([
    {
      device: 'fw1',
      text: 'any → 192.0.2.10 tcp/443 (wan0 -> dmz0)',
      why: 'results portal',
      owner: 'Network team',
      until: Date.UTC(2027, 0, 1),
      at: { file: FILE, line: 4 },
    },
  ]);
});

test('an id is made of the content alone: neither the line nor the reason is in it, and a second equal flow has another', () => {
  const one = flow('to: 192.0.2.10\nservice: tcp/443');
  const moved = flow('service: tcp/443\nto: 192.0.2.10\nwhy: portal');
  expect(moved.id).toBe(one.id);
  expect(flow('to: 192.0.2.10\nservice: tcp/444').id).not.toBe(one.id);
  const twice = read('version: 1\nflows:\n  - to: 10.0.0.1\n  - to: 10.0.0.1\n').flows;
  expect(twice[1]?.id).toBe(`${twice[0]?.id}-2`);
  expect(flow('id: portal\nto: 10.0.0.1').id).toBe('portal');
});

describe('what is wrong is answered with its place and what was expected', () => {
  test.each([
    ['version: 2\n', '1:10', 'version: 1'],
    ['flows: []\n', '1:1', 'version: 1'],
    ['version: 1\nflows:\n  - to: [10.0.0.1\n', '4:1', ''],
    ['version: 1\nversion: 1\n', '2:1', ''],
    ['version: 1\nflow: []\n', '2:7', 'documented form'],
    ['version: 1\nflows:\n  - to: 10.0.0.1\n    port: 22\n', '4:11', 'documented form'],
    ['version: 1\nflows:\n  - to: 10.0.0.256\n', '3:9', 'an address'],
    ['version: 1\nflows:\n  - to: [10.0.0.1, printers]\n', '3:20', 'a name under networks'],
    ['version: 1\nnetworks: { imaging: 10.1.0.0/16 }\nflows:\n  - to: imagin\n', '4:9', 'imaging'],
    ['version: 1\nflows:\n  - to: 010.0.0.1\n', '3:9', 'an address'],
    ['version: 1\nflows:\n  - service: tcp\\443\n', '3:14', 'tcp/443'],
    ['version: 1\nflows:\n  - service: esp/443\n', '3:14', 'esp'],
    ['version: 1\nflows:\n  - service: tcp/70000\n', '3:14', '443'],
    ['version: 1\nflows:\n  - service: icmp/300\n', '3:14', '3.4'],
    ['version: 1\nflows:\n  - via: wan0\n', '3:10', 'IN -> OUT'],
    ['version: 1\nflows:\n  - via: self -> self\n', '3:10', 'IN -> OUT'],
    ['version: 1\nflows:\n  - why: everything\n', '3:5', 'declare everything'],
    ['version: 1\nflows:\n  - to: 10.0.0.1\n    until: 2027-02-30\n', '4:12', 'exist'],
    ['version: 1\nflows:\n  - to: 10.0.0.1\n    temporary: true\n', '4:16', 'until'],
    ['version: 1\nflows:\n  - to: 10.0.0.1\n    except: [{ to: 10.0.0.0/24 }]\n', '4:14', 'less than the whole'],
    ['version: 1\nflows:\n  - to: 10.0.0.1\n    except: [{ via: -> self }]\n', '4:21', 'forward'],
    ['version: 1\nflows:\n  - &a\n    to: 10.0.0.1\n  - *a\n', '5:5', ''],
    ['version: 1\nlisteners:\n  - listen: tcp/443,80\n', '3:13', 'one protocol and one port'],
    ['version: 1\nwaivers:\n  - { subject: x, owner: a, reason: b, until: 2027-01-01 }\n', '3:16', 'DEVICE/SUBJECT'],
    ['version: 1\nwaivers:\n  - { finding: fw1/x, owner: a, reason: b }\n', '3:5', '2027-01-31'],
    ['version: 1\nnetworks: { any: 10.0.0.0/8 }\n', '2:18', 'not any'],
  ])('%j at %s', (text, place, expected) => {
    const parsed = parseBaseline(text, FILE);
    if (parsed.ok) throw new Error('it was read');
    expect(`${parsed.error.line}:${parsed.error.column}`).toBe(place);
    expect(parsed.error.expected ?? '').toContain(expected);
  });
});

test('host bits in a prefix are read as they are cleared, and said', () => {
  const baseline = read('version: 1\nnetworks: { lab: 10.3.0.1/16 }\nflows:\n  - to: [lab, 10.4.0.7/24]\n');
  expect(baseline.notes?.map((note) => [note.line, note.column, note.message])).toEqual([
    [2, 18, 'networks.lab: 10.3.0.1/16 has host bits set: it stands for 10.3.0.0/16'],
    [4, 15, 'flows.0.to.1: 10.4.0.7/24 has host bits set: it stands for 10.4.0.0/24'],
  ]);
});

test('waivers by the finding that is shown, or by device and subject', () => {
  const owned = 'owner: Network team, reason: until the move, until: 2027-01-01';
  const baseline = read(
    `version: 1\nwaivers:\n  - { finding: fw1/rule-7, ${owned} }\n  - { device: fw1, subject: rule-8, ${owned} }\n`,
  );
  expect(baseline.waivers.map(({ device, subject }) => `${device} ${subject}`)).toEqual(['fw1 rule-7', 'fw1 rule-8']);
});

test('declared at an instant: neither expired nor for another device', () => {
  const baseline = read(`
version: 1
flows:
  - { id: all, to: 10.0.0.1 }
  - { id: mine, to: 10.0.0.2, device: fw1 }
  - { id: other, to: 10.0.0.3, device: fw2 }
  - { id: ended, to: 10.0.0.4, until: 2026-11-22T10:00:00Z }
  - { id: ending, to: 10.0.0.5, until: 2026-11-22T10:00:01Z }
listeners:
  - { id: web, device: fw1, listen: tcp/443 }
  - { id: gone, listen: tcp/80, until: 2026-01-01 }
`);
  const declared = declaredAt(baseline, 'fw1', Date.UTC(2026, 10, 22, 10, 0, 0));
  expect(declared.flows.map((flow) => flow.id)).toEqual(['all', 'mine', 'ending']);
  expect(declared.listeners.map((listener) => listener.id)).toEqual(['web']);
});

describe('a declared listener', () => {
  const listener = (more: Partial<Listener>): Listener => ({
    id: 'l',
    protocol: 'tcp',
    port: 443,
    addresses: anyIp4,
    bind: '0.0.0.0',
    loopback: false,
    process: 'nginx',
    origin: { file: 'ss', line: 1, rule: 'ss', text: 'ss' },
    ...more,
  });
  test.each([
    ['listen: tcp/443', {}, true],
    ['listen: tcp/443', { port: 80 }, false],
    ['listen: udp/443', {}, false],
    ['listen: tcp/443, process: nginx', {}, true],
    ['listen: tcp/443, process: apache2', {}, false],
    ['listen: tcp/443, address: 0.0.0.0', {}, true],
    ['listen: tcp/443, address: 10.0.0.1', {}, false],
    ['listen: tcp/443, address: 10.0.0.1', { addresses: parseAddressSet('10.0.0.1')! }, true],
  ])('%s and %j: %s', (text, more, expected) => {
    const declared = read(`version: 1\nlisteners:\n  - { ${text} }\n`).listeners[0]!;
    expect(declaresListener(declared, listener(more))).toBe(expected);
  });
});

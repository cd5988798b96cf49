import { describe, expect, test } from '@jest/globals';
import { askLine } from '../../../agent/app/index.js';
import { driver } from '../../../agent/drivers/panos/index.js';
import type { Device } from '../../../agent/model/index.js';

function read(text: string): Device {
  const sections = [{ name: 'rules', source: 'rules', text }];
  expect(driver.identify(sections)).toBe('likely');
  const result = driver.read({ driver: 'panos', device: 'fw', sections }, { device: 'fw' });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

function verdict(device: Device, packet: Readonly<Record<string, unknown>>): string {
  const answer = askLine(device, JSON.stringify({ id: 1, packet }), { file: 'test', line: 1 }, false);
  return answer.ok
    ? [answer.value.verdict, answer.value.because[0]?.rule ?? ''].join(' ').trim()
    : answer.error.message;
}

const security = (name: string, words: Readonly<Record<string, string>>): string => {
  const all = { from: 'inside', source: 'any', to: 'outside', destination: 'any', 'source-region': 'none', ...words };
  const lines = Object.entries({ ...all, category: 'any' }).map(([word, value]) => `        ${word} ${value};\n`);
  return `${name} {\n${lines.join('')}        icmp-unreachable: no\n        terminal yes;\n}\n\n`;
};

const text = [
  security('"to the names; index: 1"', {
    destination: '[ 192.0.2.53 192.0.2.54 ]',
    'application/service': '[0:dns/udp/any/53 1:any/tcp/1024-65535/53 ]',
    action: 'allow',
  }),
  security('"not to these; index: 2"', {
    destination: '192.0.2.0/24',
    'application/service': '0:any/any/any/any',
    action: 'deny',
  }),
  security('"interzone-default; index: 3"', {
    from: 'any',
    to: 'any',
    'application/service': '0:any/any/any/any',
    action: 'allow',
    type: 'interzone',
  }),
  'dynamic url: no\npol objs matched\n',
].join('');

const packet = (dst: string, proto: string, dport: number, sport = 40000) => ({
  fromZone: 'inside',
  toZone: 'outside',
  src: '10.0.0.9',
  dst,
  proto,
  sport,
  dport,
});

describe('rules in force', () => {
  const device = read(text);

  test.each([
    ['an application with its service', packet('192.0.2.53', 'udp', 53), 'allow vsys1/to the names'],
    ['a service of any application', packet('192.0.2.54', 'tcp', 53), 'allow vsys1/to the names (any)'],
    ['from another port', packet('192.0.2.54', 'tcp', 53, 53), 'deny vsys1/not to these'],
    ['the end, as it was changed', packet('198.51.100.1', 'tcp', 80), 'allow vsys1/interzone-default'],
    ['within a zone', { ...packet('10.0.0.8', 'tcp', 80), toZone: 'inside' }, 'allow vsys1/intrazone-default'],
  ])('%s', (_, asked, expected) => expect(verdict(device, asked)).toBe(expected));

  test('every line is understood', () => {
    expect(device.coverage.blind).toEqual([]);
    expect(device.coverage.lines.filter(({ state }) => !['modelled', 'irrelevant'].includes(state))).toEqual([]);
  });

  test('of which some are not printed are not all', () => {
    const [first, , third] = text.split(/(?<=\n\n)/);
    expect(read(first! + third!).coverage.blind.join()).toContain('the rules before number 3 are not in this capture');
  });

  test('with a word that nobody knows are not clean', () => {
    for (const change of [
      text.replace('source-region none', 'source-region FR'),
      text.replace('udp/any/53', 'udp/any/dns'),
      text.replace('category any', 'sometimes any'),
    ])
      expect(read(change).coverage.lines.map(({ state }) => state)).toContain('unrecognized');
  });

  test('translate as their sentence says', () => {
    const nat = `"out" {
        nat-type ipv4;
        from inside;
        source 10.0.0.0/24;
        to outside;
        to-interface  ;
        destination any;
        service  any/any/any;
        translate-to "src: ethernet1/1 203.0.113.10 (dynamic-ip-and-port) (pool idx: 2)";
        terminal no;
}
"in" {
        nat-type ipv4;
        from outside;
        source any;
        to outside;
        to-interface  ;
        destination 203.0.113.80;
        service  tcp/any/443;
        translate-to "dst: 192.0.2.80:8443";
        terminal no;
}
`;
    const { pipeline, coverage } = read(nat);
    expect(coverage.blind).toEqual([]);
    const steps = pipeline.lists.flatMap(({ rules }) =>
      rules.flatMap((rule) => rule.steps.filter(({ kind }) => kind === 'nat')),
    );
    expect(steps).toEqual([
      {
        kind: 'nat',
        translate: 'destination',
        to: { addresses: { ip4: [0xc000_0250, 0xc000_0250], ip6: [] } },
        ports: [8443, 8443],
      },
      { kind: 'nat', translate: 'source', to: { addresses: { ip4: [0xcb00_710a, 0xcb00_710a], ip6: [] } } },
    ]);
    const odd = read(nat.replace('dst: 192.0.2.80:8443', 'dst: somewhere'));
    expect(odd.coverage.lines.map(({ state }) => state)).toContain('unrecognized');
  });
});

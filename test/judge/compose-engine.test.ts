import { describe, expect, test } from '@jest/globals';
import type { Device } from '../../agent/model/index.js';
import { compose, firewall, flushed, nft, note, watch } from './devices.js';

const web = 'iifname "wan0" oifname "dmz0" ip daddr 192.0.2.10 tcp dport 443 accept';
const shut = firewall([web, 'ip saddr 203.0.113.0/24 drop']);
const open = firewall([web, 'ip saddr 203.0.113.0/24 drop'], { policy: 'accept' });

const withForwarding = (device: Device, on: boolean): Device => ({
  ...device,
  pipeline: { ...device.pipeline, forwarding: { ip4: on, ip6: on } },
});

describe('filtering off is one subject for the device', () => {
  test.each<[string, Device, Device, string, string]>([
    [
      'a policy turned to accept',
      shut,
      open,
      'filtering off on fw: policy of inet/filter/forward: drop → accept (forward)',
      'policy',
    ],
    [
      'the ruleset flushed',
      shut,
      flushed,
      'filtering off on fw: table inet filter was removed (input, forward, output)',
      'flushed',
    ],
    [
      'the table dormant',
      shut,
      nft(
        'table inet filter {\n  flags dormant;\n  chain forward {\n    type filter hook forward priority filter; policy drop;\n  }\n}\n',
      ),
      'filtering off on fw: list inet/filter/input was removed (input); table inet filter is dormant (forward)',
      'flushed',
    ],
  ])('%s', (_, from, to, summary, edit) => {
    const { undeclared } = compose(to, { approved: from, before: from, undo: () => 'nft -f /etc/nftables.conf' });
    const engine = undeclared.filter((one) => one.kind === 'engine');
    expect(engine).toMatchObject([
      { id: 'engine', cause: { edit }, certainty: 'certain', undo: 'nft -f /etc/nftables.conf' },
    ]);
    expect(engine[0]?.summary).toContain(summary.split(':')[0]);
    expect(engine[0]?.flow).toMatchObject({ src: { text: 'any' }, dst: { text: 'any' }, proto: 'any', ports: 'any' });
    expect(engine[0]?.witness).toMatch(/ → /);
    expect(undeclared.filter((one) => one.kind !== 'engine')).toEqual([]);
  });

  test('in words', () => {
    const words = (to: Device) => compose(to, { approved: shut, before: shut }).undeclared.map((one) => one.summary);
    expect(words(open)).toEqual(['filtering off on fw: policy of inet/filter/forward: drop → accept (forward)']);
    expect(words(flushed)).toEqual([expect.stringMatching(/^filtering off on fw: table inet filter was removed \(/)]);
  });

  test('its witness comes from the internet and goes through', () => {
    const [engine] = compose(flushed, { approved: shut, before: shut }).undeclared;
    expect(engine?.witness).toMatch(/ in wan0 out dmz0$/);
  });

  test('rules that open more besides keep subjects of their own', () => {
    const both = firewall(['tcp dport 22 accept', web, 'ip saddr 203.0.113.0/24 drop'], { policy: 'accept' });
    const { undeclared } = compose(both, { approved: shut, before: shut });
    expect(undeclared.map((one) => one.kind)).toEqual(['engine', 'rule']);
    expect(undeclared[1]?.summary).toBe('any → any tcp 22');
  });

  test('addresses that leave out little are said by what they leave out', () => {
    const most = firewall([web, 'ip saddr != 203.0.113.0/24 ip daddr != 192.0.2.10 tcp dport 22 accept']);
    const { undeclared } = compose(most, { approved: shut, before: shut });
    expect(undeclared.map((one) => one.summary)).toEqual([
      'any IPv4 but 203.0.113.0/24 → any IPv4 but 192.0.2.10 tcp 22',
    ]);
  });

  test('forwarding switched on opened what its rules let through, not whatever else was written at that time', () => {
    const withOutput = (output: boolean): Device =>
      nft(
        `table inet f {
  chain forward {
    type filter hook forward priority 0; policy drop;
    ${web}
  }
${output ? '  chain output {\n    type filter hook output priority 0; policy drop;\n  }\n' : ''}}
`,
      );
    for (const output of [false, true]) {
      const before = withForwarding(withOutput(false), false);
      for (const approved of [before, undefined]) {
        const after = withForwarding(withOutput(output), true);
        const { undeclared } = compose(after, { before, ...(approved && { approved }) });
        expect(undeclared.filter(({ direction }) => direction === 'forward').map(note)).toEqual([
          expect.stringMatching(/^internet → 192.0.2.10 tcp 443.* \| changed: IPv4 forwarding is off$/),
        ]);
      }
    }
  });

  test('forwarding switched on is told by the engine where nothing filters, and not again as a fact', () => {
    const fact = (value: string) => [
      {
        kind: 'forwarding' as const,
        subject: 'ip4 forwarding',
        value,
        origin: { file: 'f', line: 1, rule: 'f', text: value },
      },
    ];
    const off = { ...withForwarding(flushed, false), facts: fact('0') };
    const on = { ...withForwarding(flushed, true), facts: fact('1') };
    const seen = compose(on, { approved: off, before: off }).undeclared;
    expect(seen.map((one) => one.kind)).toEqual(['engine']);
    expect(seen[0]?.summary).toMatch(/forwarding was switched on/);
    const filtered = (device: Device, value: string) => ({
      ...withForwarding(device, value === '1'),
      facts: fact(value),
    });
    const guarded = compose(filtered(shut, '1'), { approved: filtered(shut, '0') }).undeclared;
    expect(guarded.map(({ kind, factCode }) => [kind, factCode])).toEqual([
      ['rule', undefined],
      ['fact', 'ACCESS_WIDENED'],
    ]);
  });
});

describe('without anything to compare with', () => {
  test.each<[string, Device, readonly string[]]>([
    ['nothing filters', flushed, ['engine', 'rule']],
    [
      'a policy accepts and nothing is stopped',
      nft(
        'table ip f {\n  chain i {\n    type filter hook input priority 0; policy accept;\n    tcp dport 22 accept\n  }\n}\n',
      ),
      ['engine', 'rule', 'rule'],
    ],
    ['forwarding is off', withForwarding(flushed, false), ['engine', 'rule']],
    ['a deny filters', open, ['rule', 'rule']],
    ['all is shut but one rule', shut, ['rule']],
  ])('%s', (_, device, kinds) => {
    expect(compose(device).undeclared.map((one) => one.kind)).toEqual(kinds);
  });
});

describe('for as long as it is off', () => {
  test('one finding with its first cause, with and without an approved state', () => {
    for (const approved of [shut, undefined]) {
      const guard = watch(approved);
      guard.read(0, shut);
      guard.read(5, open);
      guard.read(10, open);
      guard.read(15, open);
      guard.read(20, shut);
      const rows = guard.rows().filter((row) => row.includes('filtering off'));
      expect(rows).toEqual([
        expect.stringMatching(/^5 UNPLANNED_OPENING critical filtering off on fw: policy/),
        expect.stringMatching(/^20 RESOLVED info filtering off on fw: policy/),
      ]);
    }
  });

  test('declared by the window it is told at once, and left open at its end', () => {
    const guard = watch(shut);
    guard.plan('W', 0, 60, [{ kind: 'engine' }]);
    guard.read(0, shut);
    guard.read(5, flushed);
    guard.tick(75);
    expect(guard.rows().map((row) => row.split(' ').slice(0, 3).join(' '))).toEqual([
      '5 FILTERING_OFF high',
      '75 LEFT_OPEN critical',
      '75 WINDOW_NOT_CLOSED medium',
    ]);
  });

  test('a deny deleted from a list that accepts by policy is not it', () => {
    const accepts = (rules: readonly string[]) => firewall(rules, { policy: 'accept' });
    const from = accepts(['ip saddr 203.0.113.0/24 drop', 'tcp dport 25 drop']);
    const { undeclared } = compose(accepts(['tcp dport 25 drop']), { approved: from, before: from });
    expect(undeclared.map(note)).toEqual([
      '203.0.113.0/24 → any any service (by policy) | removed: ip saddr 203.0.113.0/24 drop',
    ]);
  });
});

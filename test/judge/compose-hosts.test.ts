import { describe, expect, test } from '@jest/globals';
import { parseBaseline } from '../../agent/baseline/index.js';
import { problemText } from '../../agent/lib/result.js';
import type { AccessFact, Listener } from '../../agent/model/index.js';
import { compose, host, listener, watch } from './devices.js';

function declared(listeners: string) {
  const parsed = parseBaseline(`version: 1\nlisteners:\n${listeners}`, 'b.yaml');
  if (!parsed.ok) throw new Error(problemText(parsed.error));
  return parsed.value;
}

const ids = (list: readonly { readonly id: string }[]): readonly string[] => list.map((one) => one.id);

describe('listeners', () => {
  test('in words, with what answers and where', () => {
    const boxed = listener({
      port: 8080,
      bind: '10.1.0.9',
      process: 'node',
      namespace: 'container pacs',
      interface: 'lan0',
    });
    const { undeclared } = compose(host([listener(), boxed]), { approved: host([]) });
    expect(undeclared.map((one) => one.summary)).toEqual([
      'tcp 0.0.0.0:3389 xrdp (user root)',
      'tcp 10.1.0.9:8080 node (user root) in container pacs',
    ]);
    expect(undeclared[1]).toMatchObject({
      kind: 'listener',
      flow: { dst: { text: 'web', zone: 'lan-clinical' }, proto: 'tcp', ports: [8080, 8080] },
      place: { file: 'ss' },
    });
  });

  test('one that is open is stopped, one that is missed is started again', () => {
    const web = listener({ port: 443, process: 'nginx' });
    const opened = compose(host([web]), { approved: host([]) }).undeclared[0];
    expect(opened?.undo).toBe(
      "stop and disable nginx that holds tcp 443; ss -Hlnp '( sport = :443 )' shows its process",
    );
    const missed = compose(host([]), { approved: host([web]) }).missing[0];
    expect(missed?.undo).toBe('start nginx again, which held tcp 443');
  });

  test('G14: on loopback only, none', () => {
    expect(compose(host([listener({ bind: '127.0.0.1' })]), { approved: host([]) }).undeclared).toEqual([]);
  });

  test('declared: in the approved snapshot, or in the file', () => {
    const now = host([listener(), listener({ port: 443, process: 'nginx' })]);
    const files = declared('  - { listen: tcp/443, process: nginx, owner: x, why: y }\n');
    const seen = compose(now, { approved: host([listener()]), declared: files });
    expect([ids(seen.undeclared), ids(seen.declared)]).toEqual([[], ids(now.listeners)]);
    const other = compose(host([listener({ port: 443, process: 'apache2' })]), { approved: host([]), declared: files });
    expect(ids(other.undeclared)).toEqual(['tcp 0.0.0.0:443 apache2']);
  });

  test('a socket that may be a client’s only counts when it is still there at the next reading', () => {
    const client = listener({ protocol: 'udp', port: 40000, process: 'dig', perhapsClient: true });
    const seen = (before: readonly Listener[]) => compose(host([client]), { approved: host([]), before: host(before) });
    expect(seen([]).undeclared).toEqual([]);
    expect(ids(seen([client]).undeclared)).toEqual([client.id]);
    expect(compose(host([client])).undeclared).toEqual([]);
  });

  test('a raw socket is rated by its protocol', () => {
    const [one] = compose(host([listener({ protocol: 'raw', port: 1, process: 'ping' })])).undeclared;
    expect(one).toMatchObject({
      summary: 'raw icmp 0.0.0.0 ping (user root)',
      flow: { proto: 'icmp', ports: [] },
    });
  });

  test('a declared one that stopped is missing; restarted under another declared name it is not', () => {
    const approved = host([listener({ port: 443, process: 'nginx' })]);
    expect(compose(host([]), { approved }).missing.map((one) => one.summary)).toEqual([
      'tcp 0.0.0.0:443 nginx (user root)',
    ]);
    const files = declared('  - { listen: tcp/443, owner: x, why: y }\n');
    const other = host([listener({ port: 443, process: 'apache2' })]);
    expect(compose(other, { approved, declared: files }).missing).toEqual([]);
  });

  test('without an approved state: missing from when it stopped until it is back', () => {
    const guard = watch(undefined, { declared: declared('  - { listen: tcp/443, owner: x, why: y }\n') });
    const up = host([listener({ port: 443, process: 'nginx' })]);
    [up, host([]), host([]), up].forEach((device, index) => {
      guard.read(index * 5, device);
    });
    expect(guard.rows().map((row) => row.split(' ').slice(0, 3).join(' '))).toEqual([
      '5 MISSING_FLOW low',
      '15 RESOLVED info',
    ]);
  });
});

describe('access facts', () => {
  const fact = (kind: AccessFact['kind'], subject: string, value: string): AccessFact => ({
    kind,
    subject,
    value,
    origin: { file: 'f', line: 1, rule: subject, text: value },
  });
  const told = (approved: readonly AccessFact[], now: readonly AccessFact[]) =>
    compose(host([], { facts: now }), { approved: host([], { facts: approved }) }).undeclared.map(
      ({ factCode, summary }) => `${factCode} ${summary}`,
    );

  test.each<[string, readonly AccessFact[], readonly AccessFact[], readonly string[]]>([
    ['the same', [fact('route', 'default', 'via 10.0.0.1')], [fact('route', 'default', 'via 10.0.0.1')], []],
    [
      'changed',
      [fact('route', 'default', 'via 10.0.0.1')],
      [fact('route', 'default', 'via 10.0.0.9')],
      ['ROUTE_CHANGED default on web: via 10.0.0.1 → via 10.0.0.9'],
    ],
    ['added', [], [fact('policyRoute', 'rule 100', 'lookup 5')], ['ROUTE_CHANGED rule 100 on web: lookup 5 (added)']],
    [
      'removed',
      [fact('route', 'default', 'via 10.0.0.1')],
      [],
      ['ROUTE_CHANGED default on web: via 10.0.0.1 (removed)'],
    ],
    [
      'forwarding on',
      [fact('forwarding', 'ip4 forwarding', '0')],
      [fact('forwarding', 'ip4 forwarding', '1')],
      ['ACCESS_WIDENED ip4 forwarding on web: 0 → 1'],
    ],
    ['forwarding off', [fact('forwarding', 'ip4 forwarding', '1')], [fact('forwarding', 'ip4 forwarding', '0')], []],
    [
      'a filter of another kind',
      [],
      [fact('filterNotCovered', 'xdp on eth0', 'prog 7')],
      ['ACCESS_WIDENED xdp on eth0 on web: prog 7 (added)'],
    ],
    [
      'an administrator',
      [],
      [fact('administrator', 'support', 'super_admin')],
      ['ADMIN_ADDED support on web: super_admin (added)'],
    ],
    ['an administrator gone', [fact('administrator', 'support', 'super_admin')], [], []],
    ['logging gone', [fact('logging', 'syslog', '10.0.0.7')], [], ['LOGGING_OFF syslog on web: 10.0.0.7 (removed)']],
    [
      'several values of one subject',
      [fact('key', 'root', 'a')],
      [fact('key', 'root', 'a'), fact('key', 'root', 'b')],
      ['CREDENTIAL_CHANGED root on web: a → a, b'],
    ],
  ])('%s', (_, approved, now, expected) => {
    expect(told(approved, now)).toEqual(expected);
  });

  test('without an approved snapshot, none', () => {
    expect(compose(host([], { facts: [fact('route', 'default', 'via 10.0.0.1')] })).undeclared).toEqual([]);
  });

  test('what an incomplete reading does not show is not gone', () => {
    const now = host([], { coverage: { ...host([]).coverage, blind: ['web: no rights'] } });
    const approved = host([], { facts: [fact('route', 'default', 'via 10.0.0.1')] });
    expect(compose(now, { approved }).undeclared).toEqual([]);
  });
});

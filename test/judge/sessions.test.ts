import { describe, expect, test } from '@jest/globals';
import { parseBaseline } from '../../agent/baseline/index.js';
import { type ShutInput, sessionsLeft, shutAgain } from '../../agent/judge/index.js';
import { problemText } from '../../agent/lib/result.js';
import { parseIp4, type Session } from '../../agent/model/index.js';
import { firewall } from './devices.js';

const ESTABLISHED = 'ct state established accept';
const RULE = 'iifname "wan0" oifname "dmz0" ip daddr 192.0.2.10 tcp dport 3389 accept';
const before = firewall([ESTABLISHED]);
const during = firewall([ESTABLISHED, RULE]);

function session(more: Partial<Session> & { readonly from?: string; readonly to?: string } = {}): Session {
  const { from = '203.0.113.9', to = '192.0.2.10', ...rest } = more;
  return {
    family: 'ip4',
    direction: 'forward',
    protocol: 6,
    source: parseIp4(from)!,
    destination: parseIp4(to)!,
    sourcePort: 40_000,
    destinationPort: 3389,
    inInterface: 'wan0',
    outInterface: 'dmz0',
    state: 'ESTABLISHED',
    end: 'conntrack -D …',
    ...rest,
  };
}

function told(one: Session, input: Partial<ShutInput> = {}) {
  const states: ShutInput = { now: before, during: [during], before, flows: [], ...input };
  const shut = shutAgain(states);
  const { left } = sessionsLeft({
    device: 'fw',
    now: states.now.pipeline,
    shut,
    table: { sessions: [one], notCovered: [] },
  });
  return left.map(({ certainty, summary, admittedBy }) => `${certainty}: ${summary} by ${admittedBy}`);
}

const SURE = `certain: tcp 203.0.113.9:40000 → 192.0.2.10:3389 by ${RULE}`;

test('a connection that a rule of the window let in, and that the established ones carry on, is told with that rule', () => {
  expect(told(session())).toEqual([SURE]);
});

describe('nothing is told of one that', () => {
  test.each<[string, Session, Partial<ShutInput>]>([
    ['lay outside of what was opened', session({ destinationPort: 443 }), {}],
    ['came in elsewhere', session({ inInterface: 'lan0' }), {}],
    ['goes another way', session({ direction: 'input' }), {}],
    ['today’s rules would admit', session(), { now: firewall([ESTABLISHED, 'ip daddr 192.0.2.10 accept']) }],
    ['may have been there before the window', session(), { before: during }],
    ['was cut although it is approved', session(), { approved: during }],
    [
      'is stopped by a rule before the established ones',
      session(),
      { now: firewall(['ip daddr 192.0.2.10 drop', ESTABLISHED]) },
    ],
    ['no rule carries on', session(), { now: firewall([]) }],
    ['was let in by what is still open', session(), { now: during }],
  ])('%s', (_what, one, input) => {
    expect(told(one, input)).toEqual([]);
  });

  test('is declared', () => {
    const parsed = parseBaseline('version: 1\nflows:\n  - to: 192.0.2.10\n    service: tcp/3389\n', 'b.yaml');
    if (!parsed.ok) throw new Error(problemText(parsed.error));
    expect(told(session(), { flows: parsed.value.flows })).toEqual([]);
  });
});

describe('it is only possible where', () => {
  test('the interface it came in by is not known', () => {
    const { inInterface: _, ...one } = session();
    expect(told(one)).toEqual([SURE.replace('certain', 'possible')]);
  });
  test('the rule that let it in asked for more than a packet shows', () => {
    const limited = firewall([ESTABLISHED, RULE.replace('accept', 'limit rate 1/second accept')]);
    expect(told(session(), { during: [limited] })).toEqual([expect.stringMatching(/^possible: .*limit rate/)]);
  });
});

test('a port that was forwarded while the window lasted is found by where it was asked for', () => {
  const forwarded = firewall([ESTABLISHED, 'ip daddr 192.0.2.10 tcp dport 3389 accept'], {
    nat: ['ip daddr 198.51.100.1 tcp dport 8443 dnat to 192.0.2.10:3389'],
  });
  const inner = firewall([ESTABLISHED, 'ip daddr 192.0.2.10 tcp dport 3389 accept']);
  const one = session({
    to: '198.51.100.1',
    destinationPort: 8443,
    translated: { address: parseIp4('192.0.2.10')!, port: 3389 },
  });
  expect(told(one, { now: inner, during: [forwarded], before: inner })).toEqual([
    expect.stringMatching(
      /^certain: tcp 203\.0\.113\.9:40000 → 198\.51\.100\.1:8443, answered by 192\.0\.2\.10:3389 by /,
    ),
  ]);
});

test('of very many a hundred are listed, and the others counted', () => {
  const sessions = Array.from({ length: 130 }, (_, index) => session({ sourcePort: 1_024 + index }));
  const shut = shutAgain({ now: before, during: [during], before, flows: [] });
  const { left, notCovered } = sessionsLeft({
    device: 'fw',
    now: before.pipeline,
    shut,
    table: { sessions, notCovered: ['x.'] },
  });
  expect(left).toHaveLength(100);
  expect(notCovered).toEqual(['fw: x.', 'fw: connections that are up: 30 more than the 100 that are listed.']);
});

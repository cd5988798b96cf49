import { expect, test } from '@jest/globals';
import { ask, askSets } from '../../agent/exposure/ask.js';
import { compare } from '../../agent/exposure/index.js';
import { type Condition, type Pipeline, parseAddressSet, parseIp4, type Step } from '../../agent/model/index.js';

const origin = { file: 'fw', line: 1, rule: 'rule', text: 'rule' };
const to = (text: string): Condition => ({ kind: 'destination', addresses: parseAddressSet(text)! });

/** What comes for one range of addresses goes on to another of as many, and only some of those may be reached. */
function published(outside: string, inside: string, open: string, side: 'before' | 'after' = 'after'): Pipeline {
  const list = (id: string, steps: readonly Step[]) => ({
    id,
    families: ['ip4'] as const,
    origin,
    rules: [{ origin, steps }],
  });
  const addresses = parseAddressSet(inside)!;
  const asked: Condition = { ...to(open), ...(side === 'before' && { original: true }) } as Condition;
  return {
    lists: [
      list('nat', [
        { kind: 'match', condition: to(outside) },
        { kind: 'nat', translate: 'destination', to: { addresses, prefix: true, of: parseAddressSet(outside)! } },
      ]),
      list('filter', [{ kind: 'match', condition: asked }, { kind: 'accept' }]),
    ],
    bases: [
      { list: 'nat', hook: 'prerouting', priority: -100, type: 'nat', policy: 'accept', policyOrigin: origin },
      { list: 'filter', hook: 'forward', priority: 0, type: 'filter', policy: 'drop', policyOrigin: origin },
    ],
    speaksOf: [{ family: 'ip4', direction: 'forward' }],
  };
}

const verdicts = (pipeline: Pipeline, destination: string): readonly string[] => {
  const packet = {
    families: ['ip4'] as const,
    direction: 'forward' as const,
    state: 'new' as const,
    fields: { source: parseIp4('203.0.113.9')!, destination: parseIp4(destination)!, protocol: 6, tcpFlags: 2 },
  };
  return [ask(pipeline, packet).verdict, askSets(pipeline, packet, 'ip4', undefined).verdict];
};

test.each([
  ['198.51.100.0/24', '10.0.0.0/24', '10.0.0.7', '198.51.100.7', 'allow'],
  ['198.51.100.0/24', '10.0.0.0/24', '10.0.0.7', '198.51.100.8', 'deny'],
  ['198.51.100.10-198.51.100.19', '10.0.0.101-10.0.0.110', '10.0.0.104-10.0.0.105', '198.51.100.13', 'allow'],
  ['198.51.100.10-198.51.100.19', '10.0.0.101-10.0.0.110', '10.0.0.104-10.0.0.105', '198.51.100.15', 'deny'],
  ['198.51.100.10-198.51.100.19', '10.0.0.101-10.0.0.110', '10.0.0.0/24', '198.51.100.15', 'allow'],
  ['198.51.100.10-198.51.100.19', '10.0.0.101-10.0.0.110', '10.0.0.0/24', '198.51.100.20', 'deny'],
  // From high to low as well.
  ['203.0.113.0/25', '192.0.2.128/25', '192.0.2.130', '203.0.113.2', 'allow'],
])('%s stands for %s, of which %s is open: %s', (outside, inside, open, destination, expected) => {
  expect(verdicts(published(outside, inside, open), destination)).toEqual([expected, expected]);
});

test('a rule on what the packet came with is not asked about what it became', () => {
  const pipeline = published('198.51.100.0/24', '10.0.0.0/24', '198.51.100.7', 'before');
  expect(verdicts(pipeline, '198.51.100.7')).toEqual(['allow', 'allow']);
  expect(verdicts(published('198.51.100.0/24', '10.0.0.0/24', '10.0.0.7', 'before'), '198.51.100.7')[0]).toBe('deny');
});

test('what opens behind it is told under the addresses outside, for certain', () => {
  const of = (open: string): Pipeline => published('198.51.100.0/24', '10.0.0.0/24', open);
  const { undeclared } = compare(of('10.0.0.7-10.0.0.9'), { pipeline: of('10.0.0.7'), withClosed: true });
  const packet = { direction: 'forward', certainty: 'certain' };
  expect(undeclared.map(({ direction, certainty }) => ({ direction, certainty }))).toEqual(
    undeclared.map(() => packet),
  );
  const outside = undeclared.map((one) => JSON.stringify(one, (_, value) => (typeof value === 'bigint' ? 0 : value)));
  expect(outside.join()).toContain(`${parseIp4('198.51.100.8')},${parseIp4('198.51.100.9')}`);
});

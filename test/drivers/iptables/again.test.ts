import { expect, test } from '@jest/globals';
import type { Condition, Rule } from '../../../agent/model/index.js';
import { deviceOf, listOf, readFile, rule } from './support.js';

const save = (...rules: readonly string[]): string =>
  ['*filter', ':INPUT ACCEPT [0:0]', ':FORWARD ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', ...rules, 'COMMIT', ''].join(
    '\n',
  );

function conditionOf({ steps }: Rule): Condition {
  const [first] = steps;
  if (first?.kind !== 'match') throw new Error('the rule asks nothing');
  return first.condition;
}

function unknownsIn(condition: Condition): readonly Condition[] {
  if (condition.kind === 'all' || condition.kind === 'any') return condition.of.flatMap(unknownsIn);
  return condition.kind === 'unknown' ? [condition] : [];
}

// What was read before is remembered by its text; these are the texts that do not mean the same twice.

test('a set that is filled otherwise between two readings is another condition', () => {
  const words = '-m set --match-set trusted src -j ACCEPT';
  const members = (address: string): string => `create trusted hash:ip family inet\nadd trusted ${address}\n`;
  const first = rule(words, { sets: members('192.0.2.1') }).rule;
  const second = rule(words, { sets: members('192.0.2.2') }).rule;
  expect(conditionOf(second)).not.toEqual(conditionOf(first));
});

test('the same words mean the other family in a table of the other family', () => {
  const words = '-m addrtype --dst-type LOCAL,MULTICAST -j ACCEPT';
  expect(conditionOf(rule(words, { six: true }).rule)).not.toEqual(conditionOf(rule(words).rule));
  expect(conditionOf(rule(words).rule)).toEqual(conditionOf(rule(words).rule));
});

test('a target is a chain only where the table has it', () => {
  const called = deviceOf(readFile(save(':x - [0:0]', '-A INPUT -j x')));
  expect(listOf(called, 'ip/filter/INPUT').rules[0]!.steps).toEqual([{ kind: 'jump', list: 'ip/filter/x' }]);
  const unknown = deviceOf(readFile(save('-A INPUT -j x')));
  expect(listOf(unknown, 'ip/filter/INPUT').rules[0]!.steps[0]!.kind).toBe('opaque');
});

test('a limit answers anew in each place: two rules of the same words share no condition', () => {
  const limit = '-m limit --limit 5/min -j ACCEPT';
  const device = deviceOf(readFile(save(`-A INPUT ${limit}`, `-A INPUT ${limit}`)));
  const [one, other] = listOf(device, 'ip/filter/INPUT').rules.map((each) => unknownsIn(conditionOf(each)));
  expect(one).toHaveLength(1);
  expect(other).toEqual(one);
  expect(other![0]).not.toBe(one![0]);
});

test('lines keep their own numbers and counters', () => {
  const device = deviceOf(
    readFile(save('[1:2] -A INPUT -s 192.0.2.1/32 -j DROP', '[3:4] -A INPUT -s 192.0.2.1/32 -j DROP')),
  );
  const origins = listOf(device, 'ip/filter/INPUT').rules.map(({ origin }) => [origin.line, origin.text]);
  expect(origins).toEqual([
    [5, '-A INPUT -s 192.0.2.1/32 -j DROP'],
    [6, '-A INPUT -s 192.0.2.1/32 -j DROP'],
  ]);
});

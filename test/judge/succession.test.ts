import { describe, expect, test } from '@jest/globals';
import { type RuleGroup, succeed } from '../../agent/judge/compose-rules.js';
import type { Subject } from '../../agent/judge/index.js';
import { subject } from '../support/guard.js';

/** Rules that nobody had seen before; which of them take over what is the test's to say. */
function group(identity: string): RuleGroup {
  const origin = { file: 'nft', line: 1, rule: identity, text: identity };
  return { identity, direction: 'forward', permit: { kind: 'rule', identity, origin }, openings: [] };
}

const gone = (id: string): Subject => subject({ id, direction: 'forward' });
const named = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

/** `heirs`: who takes over whose traffic. How often it was asked, and what was answered. */
function settled(earlier: readonly string[], groups: readonly string[], heirs: Readonly<Record<string, string[]>>) {
  let asked = 0;
  const { earlierOf } = succeed(groups.map(group), earlier.map(gone), (ones) => {
    asked++;
    return new Set(ones.flatMap(({ id }) => heirs[id] ?? []));
  });
  return { asked, goesOn: Object.fromEntries([...earlierOf].map(([identity, { id }]) => [id, identity])) };
}

describe('findings whose rules are gone', () => {
  test('are asked about together: thousands of new rules cost one question, and not one each', () => {
    expect(settled(['old'], named('new', 10_000), {})).toEqual({ asked: 1, goesOn: {} });
    expect(settled(named('old', 1_000), named('new', 10_000), {})).toEqual({ asked: 1, goesOn: {} });
  });

  test('go on in the first new rule that lets their traffic through, each in its own', () => {
    const heirs = { old0: ['new1', 'new2'], old1: ['new1', 'new2'], old3: ['new1'] };
    const { goesOn, asked } = settled(named('old', 500), named('new', 500), heirs);
    expect(goesOn).toEqual({ old0: 'new1', old1: 'new2' });
    expect(asked).toBeLessThan(60);
  });

  test('do not go on in a rule that had a finding of its own, or that passes another way', () => {
    expect(settled(['old', 'kept'], ['kept', 'new'], { old: ['kept'] }).goesOn).toEqual({ kept: 'kept' });
    const turned = succeed([group('new')], [subject({ id: 'old', direction: 'input' })], () => new Set(['new']));
    expect([...turned.earlierOf]).toEqual([]);
  });
});

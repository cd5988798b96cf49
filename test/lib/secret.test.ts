import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { isSecret, MASK, secret } from '../../agent/lib/secret.js';

const TEXT = 'open-sesame';
const hidden = secret(TEXT);

describe('a secret', () => {
  test.each([
    ['a template', `${hidden}`],
    ['toString', hidden.toString()],
    ['String', String(hidden)],
    ['joined in a list', ['a', hidden].join()],
    ['JSON', JSON.stringify({ deep: [hidden] })],
    ['inspect', inspect({ deep: { deeper: { deepest: { hidden } } } }, { depth: null, showHidden: true })],
    ['an error that carries it', inspect(Object.assign(new Error('refused'), { hidden }))],
    ['its keys and values', inspect(Object.entries(hidden))],
    ['its property names', inspect(Reflect.ownKeys(hidden).map((key) => [key, Reflect.get(hidden, key)]))],
  ])('is not shown by %s', (_way, shown) => expect(shown).not.toContain(TEXT));

  test('prints as its mask', () => {
    expect([`${hidden}`, JSON.stringify(hidden), inspect(hidden)]).toEqual([MASK, `"${MASK}"`, MASK]);
  });

  test('is revealed on request only, and cannot be changed or copied into a message to another thread', () => {
    expect(hidden.reveal()).toBe(TEXT);
    expect(Object.isFrozen(hidden)).toBe(true);
    expect(() => structuredClone(hidden)).toThrow();
  });

  test('is told from a text', () => {
    expect([hidden, TEXT, undefined, null, { kind: 'secret' }].map(isSecret)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

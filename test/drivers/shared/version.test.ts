import { describe, expect, test } from '@jest/globals';
import type { VersionedDefault } from '../../../agent/drivers/contract.js';
import { changedDefaults, compareVersions, defaultIn } from '../../../agent/drivers/shared/version.js';

describe('versions', () => {
  test.each([
    ['7.4.7', '7.4.10', -1],
    ['9.16(4)', '9.16(4)12', -1],
    ['9.16', '9.16(0)', 0],
    ['v10.1.0-h3', '10.1.0', 1],
    ['8.4(7)', '9.0', -1],
    ['10', '9.99', 1],
  ])('%s and %s', (a, b, sign) => {
    expect(Math.sign(compareVersions(a, b))).toBe(sign);
    expect(Math.sign(compareVersions(b, a))).toBe(-sign + 0);
  });

  const pass: VersionedDefault = {
    what: 'translated traffic',
    since: [
      { version: '1.0', value: 'passes' },
      { version: '2.3', value: 'is stopped' },
      { version: '4', value: 'passes' },
    ],
  };

  test.each([
    ['0.9', 'passes'],
    ['2.2.9', 'passes'],
    ['2.3', 'is stopped'],
    ['3.9', 'is stopped'],
    ['4.0.1', 'passes'],
    [undefined, undefined],
  ])('in %s it %s', (version, value) => {
    expect(defaultIn(pass, version)).toBe(value);
  });

  test('what differs between two of them is said', () => {
    expect(changedDefaults([pass], { from: '2.0', to: '3.0' })).toEqual(['translated traffic: passes → is stopped']);
    expect(changedDefaults([pass], { from: '2.0', to: '4.0' })).toEqual([]);
  });
});

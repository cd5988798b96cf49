import { expect, test } from '@jest/globals';
import { recollection } from '../../agent/lib/memo.js';

test('a recollection answers what it was told, and forgets what was long not asked for', () => {
  const memory = recollection<number>(3);
  expect(memory.get('a')).toBeUndefined();
  for (const [index, key] of ['a', 'b', 'c'].entries()) memory.set(key, index);
  expect(['a', 'b', 'c'].map((key) => memory.get(key))).toEqual([0, 1, 2]);
  memory.set('d', 3);
  // Of the older ones only what is asked for lives on.
  expect(memory.get('a')).toBe(0);
  for (const key of ['e', 'f', 'g']) memory.set(key, 4);
  expect(['a', 'b', 'c', 'd'].map((key) => memory.get(key))).toEqual([0, undefined, undefined, 3]);
});

import { describe, expect, test } from '@jest/globals';
import { compare, withinMs } from '../../agent/exposure/index.js';
import { nftDevice } from './rulesets.js';

const pipeline = (rules: string) =>
  nftDevice(`table inet filter {
	chain forward {
		type filter hook forward priority filter; policy drop;
		${rules}
	}
}`).pipeline;

const before = pipeline('tcp dport 22 accept');
const now = pipeline('tcp dport { 22, 23 } accept');
const HOUR = 3_600_000;

describe('comparisons that somebody waits for', () => {
  test('give the answer that they give otherwise', () => {
    expect(withinMs(HOUR, () => compare(now, { pipeline: before }))).toEqual(compare(now, { pipeline: before }));
  });

  test('give none where no time is left, and all of it again to whoever comes after', () => {
    let reached = false;
    const answer = withinMs(0, () => {
      compare(now, { pipeline: before });
      reached = true;
      return 'done';
    });
    expect([answer, reached]).toEqual([undefined, false]);
    expect(compare(now, { pipeline: before }).undeclared).toHaveLength(1);
  });

  test('give none where the list would not be exact', () => {
    const bounded = () => compare(now, { pipeline: before, nodesMax: 1 });
    expect(bounded().complete).toBe(false);
    expect(withinMs(HOUR, bounded)).toBeUndefined();
  });

  test('inside of others have no more time than these', () => {
    const inner = withinMs(0, () => withinMs(HOUR, () => compare(now, { pipeline: before })) ?? 'inner took too long');
    expect(inner).toBe('inner took too long');
  });

  test('other faults go through', () => {
    const fault = () =>
      withinMs(HOUR, () => {
        throw new Error('a fault');
      });
    expect(fault).toThrow('a fault');
    expect(withinMs(0, () => 'nothing was compared')).toBe('nothing was compared');
  });
});

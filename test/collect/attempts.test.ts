import { expect, test } from '@jest/globals';
import { attempts } from '../../agent/collect/attempts.js';

const problem = (code: string) => ({ code, message: code });
const patient = () =>
  attempts({ backoffMsMin: 60_000, stopped: (count, last) => problem(`stopped ${count} ${last.code}`) });

test('a failure is not tried again at once, unless something changed', () => {
  const tries = patient();
  expect(tries.blocked('a')).toBeUndefined();
  tries.holdOff(problem('unreachable'), 'a');
  expect(tries.blocked('a')).toEqual(problem('unreachable'));
  expect(tries.blocked('b')).toBeUndefined();
  tries.worked();
  expect(tries.blocked('a')).toBeUndefined();
});

test('two refusals are the last, until the credentials change', () => {
  const tries = attempts({ backoffMsMin: 0, stopped: (count, last) => problem(`stopped ${count} ${last.code}`) });
  expect(tries.refused(problem('refused'), 'a')).toEqual(problem('refused'));
  expect(tries.blocked('a')).toBeUndefined();
  expect(tries.refused(problem('refused'), 'a')).toEqual(problem('stopped 2 refused'));
  expect(tries.blocked('a')).toEqual(problem('stopped 2 refused'));
  expect(tries.blocked('b')).toBeUndefined();
  expect(tries.refused(problem('refused'), 'b')).toEqual(problem('refused'));
});

test('a wait that the other side asks for is kept', () => {
  const tries = attempts({ backoffMsMin: 0, stopped: () => problem('stopped') });
  tries.refused(problem('wait'), 'a', 60_000);
  expect(tries.blocked('a')).toEqual(problem('wait'));
});

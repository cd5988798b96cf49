import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { atTerminal } from '../../agent/cli/asking.js';

/** As readline refuses a question that the person leaves. */
function left(): Error {
  return Object.assign(new Error('Aborted with Ctrl+D'), { name: 'AbortError', code: 'ABORT_ERR' });
}

test('who leaves a question gets a line of their own, and no fault of Écluse', async () => {
  const output = new PassThrough();
  expect(await atTerminal(output, () => Promise.reject(left()))).toBeUndefined();
  expect(String(output.read())).toBe('\n');
});

test('answers are given on, and so are faults', async () => {
  const output = new PassThrough();
  expect(await atTerminal(output, () => Promise.resolve('yes'))).toBe('yes');
  await expect(atTerminal(output, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(output.read()).toBeNull();
});

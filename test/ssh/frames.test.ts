import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { frameReader } from '../../agent/collect/ssh/frames.js';

const MARK = '0123456789abcdef0123456789abcdef';

function read(bytes: Buffer, size: number) {
  const reader = frameReader(MARK);
  for (let at = 0; at < bytes.length; at += size) reader.feed(bytes.subarray(at, at + size));
  return reader;
}

function written(steps: readonly (readonly [string, Buffer])[]): Buffer {
  return Buffer.concat(
    steps.flatMap(([status, content]) => [
      Buffer.from(`${MARK} a/b:0\n`),
      content,
      Buffer.from(`\n${MARK} ${status}\n`),
    ]),
  );
}

/** Bytes that come near to a mark, and any others. */
const content = fc
  .array(
    fc.oneof(
      fc.constantFrom('\n', `\n${MARK}`, MARK, `\n${MARK.slice(0, 31)} `, '\r', ' 0\n', 'end', '\u0000', '\u001b[2J'),
      fc.string(),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Buffer.from(parts.join('')))
  // With a blank behind it, it would be a mark: nobody who was not told it can print that.
  .filter((bytes) => !Buffer.concat([Buffer.from('\n'), bytes, Buffer.from('\n')]).includes(`\n${MARK} `));

test('whatever stands between two marks is a step’s, byte for byte, in pieces of any size', () => {
  fc.assert(
    fc.property(fc.array(content, { maxLength: 5 }), fc.integer({ min: 1, max: 90 }), (contents, size) => {
      const steps = contents.map((bytes, at) => [`${at}`, bytes] as const);
      const { passes, frames, open } = read(
        Buffer.concat([Buffer.from('Welcome!\n'), written(steps), Buffer.from(`${MARK} end\n`), written(steps)]),
        size,
      );
      const expected = steps.map(([status, bytes]) => ({ name: 'a/b:0', status, content: bytes }));
      expect(passes).toEqual([expected]);
      expect(frames).toEqual(expected);
      expect(open()).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});

test('what is cut off anywhere gives only what was complete', () => {
  const whole = Buffer.concat([
    written([
      ['0', Buffer.from('one\n')],
      ['1', Buffer.from('two')],
    ]),
    Buffer.from(`${MARK} end\n`),
  ]);
  for (let length = 0; length < whole.length; length++) {
    const { passes, frames } = read(whole.subarray(0, length), 7);
    expect(passes).toEqual([]);
    expect(frames.every(({ content: bytes }) => ['one\n', 'two'].includes(bytes.toString()))).toBe(true);
    expect(frames.length).toBe(
      Number(length >= written([['0', Buffer.from('one\n')]]).length) +
        Number(length >= whole.length - `${MARK} end\n`.length),
    );
  }
  expect(read(whole, 7).passes).toHaveLength(1);
});

test('the step under way is known with what it has said so far', () => {
  const { open } = read(Buffer.from(`${MARK} a/b:0\n12345`), 3);
  expect(open()).toEqual({ name: 'a/b:0', bytes: 5 });
});

test('without a mark everything stands aside, and only its beginning is kept', () => {
  const { aside, passes } = read(Buffer.from('no\n'.repeat(100_000)), 4096);
  expect(passes).toEqual([]);
  expect(aside().toString().startsWith('no\nno\n')).toBe(true);
  expect(aside().length).toBeLessThan(100_000);
});

test('what is taken back counts for nothing, wherever it was cut off', () => {
  const steps = written([
    ['0', Buffer.from('one\n')],
    ['1', Buffer.from(`two\n${MARK}`)],
  ]);
  const pass = Buffer.concat([steps, Buffer.from(`${MARK} end\n`)]);
  const before = Buffer.concat([pass, pass]);
  const expected = read(pass, 7).passes;
  for (let length = 0; length <= before.length; length++) {
    const { passes, frames, open, startedAnew } = read(
      Buffer.concat([before.subarray(0, length), Buffer.from(`\n${MARK} anew\n`), pass, steps]),
      5,
    );
    expect({ length, passes }).toEqual({ length, passes: expected });
    expect(frames).toEqual(expected[0]);
    expect(open()).toBeUndefined();
    expect(startedAnew()).toBe(true);
  }
  expect(read(before, 5).startedAnew()).toBe(false);
});

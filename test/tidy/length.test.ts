import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { read, sources, tokens } from './files.js';
import { functionsOf } from './functions.js';

const LIST = 'test/tidy/length.yaml';
const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 120;
/** How far a length may fall before its entry must follow: without some play every small edit would touch the list. */
const PLAY = 20;

interface Listed {
  readonly files: Readonly<Record<string, number>>;
  /** By `path: first line of the function`. */
  readonly functions: Readonly<Record<string, number>>;
}

const listed = parse(read(LIST)) as Listed;
const all = sources('agent', 'test', 'bench');

/** What is wrong with the lengths, given the limit and the list of exceptions. */
export function complaints(
  lengths: ReadonlyMap<string, number>,
  limit: number,
  exceptions: Readonly<Record<string, number>>,
): readonly string[] {
  const out: string[] = [];
  for (const [name, lines] of lengths) {
    const allowed = exceptions[name];
    if (allowed === undefined) {
      if (lines > limit) out.push(`${name}: ${lines} lines, the limit is ${limit}: split it by idea`);
    } else if (lines > allowed) {
      out.push(`${name}: ${lines} lines, ${LIST} allows ${allowed}, and that number may only fall`);
    } else if (lines > limit && lines < allowed - PLAY) {
      out.push(`${name}: fell to ${lines} lines: lower its number in ${LIST} from ${allowed}`);
    }
  }
  for (const name of Object.keys(exceptions)) {
    if ((lengths.get(name) ?? 0) <= limit) out.push(`${name}: is within the limit: take it out of ${LIST}`);
  }
  return out;
}

describe('lengths', () => {
  test(`files stay below ${FILE_LINES_MAX} lines`, () => {
    const lengths = new Map(all.map((path) => [path, read(path).split('\n').length - 1]));
    expect(complaints(lengths, FILE_LINES_MAX, listed.files)).toEqual([]);
  });

  test(`functions stay below ${FUNCTION_LINES_MAX} lines`, () => {
    const lengths = new Map(
      all.flatMap((path) =>
        functionsOf(read(path), tokens(path))
          // A group of tests is a heading and not a function.
          .filter(({ header }) => !/\bdescribe/.test(header))
          .map(({ header, lines }) => [`${path}: ${header}`, lines] as const)
          .sort(([, a], [, b]) => a - b),
      ),
    );
    expect(complaints(lengths, FUNCTION_LINES_MAX, listed.functions)).toEqual([]);
  });
});

test.each([
  ['new and short', 100, {}, []],
  ['new and long', 101, {}, ['limit is 100']],
  ['listed and the same', 150, { a: 150 }, []],
  ['listed and grown', 151, { a: 150 }, ['may only fall']],
  ['listed and a little shorter', 140, { a: 150 }, []],
  ['listed and much shorter', 120, { a: 150 }, ['lower its number']],
  ['listed and mended', 100, { a: 150 }, ['take it out']],
] as const)('the ratchet: %s', (_case, lines, exceptions, expected) => {
  const found = complaints(new Map([['a', lines]]), 100, exceptions);
  expect(found).toEqual(expected.map((part) => expect.stringContaining(part)));
});

test('the ratchet: listed and gone', () => {
  expect(complaints(new Map(), 100, { a: 150 })).toEqual([expect.stringContaining('take it out')]);
});

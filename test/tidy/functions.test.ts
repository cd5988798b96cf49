import { expect, test } from '@jest/globals';
import { functionsOf } from './functions.js';
import { tokenize } from './tokens.js';

test('functions are found with their length, and nothing else is', () => {
  const source = [
    'interface A { readonly b: number }', // 1
    'export function plain(a: string): void {', // 2
    '  if (a) {', // 3
    '  }', // 4
    '}', // 5
    'const arrow = (a = { b: 1 }): Record<string, { c: number }> => {', // 6
    '  for (const x of y) {', // 7
    '  }', // 8
    '};', // 9
    'export function typed({ a, b }: { a: string; b: string }): Promise<{ readonly c: number } | undefined> {', // 10
    '  return { c: 1 };', // 11
    '}', // 12
    'const object = {', // 13
    '  method(a: number) {', // 14
    '  },', // 15
    '  b: x ? (y) : { c: 2 },', // 16
    '};', // 17
    "const text = 'function no() {';", // 18
  ].join('\n');
  const found = functionsOf(source, tokenize(source)).map(({ line, lines }) => [line, lines]);
  expect(found).toEqual([
    [2, 4],
    [6, 4],
    [10, 3],
    [14, 2],
  ]);
});

test('a function inside another is one line of it', () => {
  const source = [
    'const outer = () => {',
    '  if (x) {',
    '    const inner = () => {',
    '      a();',
    '      b();',
    '    };',
    '  }',
    '};',
  ];
  const found = functionsOf(source.join('\n'), tokenize(source.join('\n')));
  expect(found.map(({ line, lines }) => [line, lines])).toEqual([
    [3, 4],
    [1, 5],
  ]);
});

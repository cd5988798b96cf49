import { describe, expect, test } from '@jest/globals';
import { sources, tokens } from './files.js';
import { tokenize } from './tokens.js';

function of(kind: string, text: string): readonly string[] {
  return tokenize(text)
    .filter((token) => token.kind === kind)
    .map((token) => token.text);
}

describe('tokens', () => {
  test('comments and texts hide what is in them', () => {
    const text = 'a(); // b()\n/* c()\n d() */ e(\'f() // g\', "h\\"i");';
    expect(of('name', text)).toEqual(['a', 'e']);
    expect(of('string', text)).toEqual(['f() // g', 'h\\"i']);
    expect(of('comment', text)).toEqual(['// b()', '/* c()\n d() */']);
  });

  test.each([
    ['x = a / b / c', []],
    ['x = a! / b / c', []],
    ['x = f(1) / 2 / g', []],
    ['i++ / 2 / 3', []],
    ['x = /a\\/b[/]c/gu', ['/a\\/b[/]c/gu']],
    ['return /a b/.test(x)', ['/a b/']],
    ['if (!/a/.test(x)) y', ['/a/']],
    ['[/a/, /b/]', ['/a/', '/b/']],
    ['`${/a/.exec(b)}` / 2 / 3', ['/a/']],
  ])('regular expressions in %s', (text, found) => expect(of('regex', text)).toEqual(found));

  test('templates nest, and their substitutions are code', () => {
    const text = '`a${b({ c: `d${e}` })}f` + g';
    expect(of('template', text)).toEqual(['a${}f', 'd${}']);
    expect(of('name', text)).toEqual(['b', 'c', 'e', 'g']);
  });

  test('lines are counted through everything', () => {
    const text = '/*\n*/ a\n`\n${b}\n` c\n';
    const lines = tokenize(text).flatMap((token) => (token.kind === 'name' ? [[token.text, token.line]] : []));
    expect(lines).toEqual([
      ['a', 2],
      ['b', 4],
      ['c', 5],
    ]);
  });
});

test('brackets balance in every file of the repository: no text or regular expression was misread', () => {
  const wrong = sources('agent', 'test', 'bench').filter((path) => {
    const closes: string[] = [];
    const isWrong = tokens(path).some(({ kind, text }) => {
      if (kind !== 'punctuation') return false;
      const closing = { '(': ')', '[': ']', '{': '}' }[text];
      if (closing !== undefined) closes.push(closing);
      return [')', ']', '}'].includes(text) && closes.pop() !== text;
    });
    return isWrong || closes.length > 0;
  });
  expect(wrong).toEqual([]);
});

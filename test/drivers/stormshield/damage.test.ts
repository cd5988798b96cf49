import { describe, expect, test } from '@jest/globals';
import { numbersFrom } from '../asa/support.js';
import { isClean, readSections, sectionsOf } from './support.js';

const sections = sectionsOf('console');

/** Remarks and separators say nothing; of every other line of these each word counts for what passes. */
const lines = sections
  .filter(({ name }) => ['filter', 'nat', 'objects', 'groups'].includes(name))
  .flatMap((section) =>
    section.text
      .split('\n')
      .map((text, index) => ({ section, text: text.split(' # ')[0]!.replace(/comment="[^"]*" /, ''), index })),
  )
  .filter(({ text }) => /^position=\d+; usage|^type=(?:host|network|range|service) |^name=/.test(text));

function isCleanWith(name: string, text: string): boolean {
  const result = readSections(sections.map((one) => (one.name === name ? { ...one, text } : one)));
  return result.ok && isClean(result.value);
}

describe('damaged answers', () => {
  test('the whole ones are clean', () => expect(isCleanWith('none', '')).toBe(true));

  test('500 mutations: no crash, and never clean when a meaning was lost', () => {
    const random = numbersFrom(20267);
    const wrong: string[] = [];
    for (let round = 0; round < 500; round++) {
      const { section, text, index } = lines[random(lines.length)]!;
      const words = text.split(' ');
      const kinds: readonly (() => readonly string[])[] = [
        () => words.toSpliced(words.length, 0, '%%'),
        () => words.toSpliced(random(words.length), 0, '\u00a7'),
        () => words.with(0, `x${words[0]}`),
      ];
      const mutated = kinds[random(kinds.length)]!().join(' ');
      if (isCleanWith(section.name, section.text.split('\n').with(index, mutated).join('\n'))) wrong.push(mutated);
    }
    expect(wrong).toEqual([]);
  });

  test('an answer cut anywhere is no clean model, and a policy without its end speaks of nothing', () => {
    const random = numbersFrom(20268);
    for (const { name, text } of sections) {
      for (let round = 0; round < 40; round++) {
        const cut = text.slice(0, 40 + random(text.length - 80));
        const result = readSections(sections.map((one) => (one.name === name ? { ...one, text: cut } : one)));
        if (!result.ok) continue;
        expect([name, cut.slice(-30), isClean(result.value)]).toEqual([name, cut.slice(-30), false]);
        if (name === 'filter') expect(result.value.pipeline.speaksOf).toEqual([]);
      }
    }
  });
});

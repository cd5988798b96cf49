import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Device } from '../../../agent/model/index.js';
import { deviceOf, isClean, readText, recordings, textOf } from './support.js';

const texts = recordings.map(textOf);

/** What a model says, without the places where it was read. */
function meaning({ pipeline, facts }: Device): string {
  const text = JSON.stringify({ pipeline, facts }, (key, value: unknown) =>
    key === 'origin' || key === 'policyOrigin' ? undefined : typeof value === 'bigint' ? `${value}n` : value,
  );
  return createHash('sha256').update(text).digest('hex');
}

const meanings = new Map(texts.map((text) => [text, meaning(deviceOf(text))]));

/** Either the damage is said, or it took nothing away. */
function expectHonest(original: string, damaged: string, what: string): void {
  const result = readText(damaged);
  if (!result.ok || !isClean(result)) return;
  expect([what, meaning(result.value)]).toEqual([what, meanings.get(original)]);
}

const structure = /^\s*(?:config|edit|next|end)\b/;

/** The lines that bear on filtering, so that damage to them must show. */
const relevant = (text: string): readonly number[] => {
  const open: string[] = [];
  return text.split('\n').flatMap((line, index) => {
    const trimmed = line.trim();
    if (trimmed.startsWith('config ')) open.push(trimmed);
    const inside = open.at(-1) ?? '';
    if (trimmed === 'end') open.pop();
    const counts = /^config firewall (?:policy|address|addrgrp|service|local-in|vip)|^config system zone/.test(inside);
    return counts && /^(?:config|edit|set|next|end)\b/.test(trimmed) ? [index] : [];
  });
};

const cases = fc.record({
  text: fc.constantFrom(...texts),
  at: fc.nat(),
  column: fc.nat(),
  letter: fc.constantFrom('x', '7', '"', '\\', '-', ' '),
});

describe('damaged configurations', () => {
  test('cut anywhere', () => {
    fc.assert(
      fc.property(cases, ({ text, at }) =>
        expectHonest(text, text.slice(0, at % text.length), `cut at ${at % text.length}`),
      ),
      { seed: 20265, numRuns: 150 },
    );
  });

  test('a line of the structure is lost', () => {
    fc.assert(
      fc.property(cases, ({ text, at }) => {
        const lines = text.split('\n');
        const places = lines.flatMap((line, index) => (structure.test(line) ? [index] : []));
        const place = places[at % places.length]!;
        expectHonest(text, lines.toSpliced(place, 1).join('\n'), `line ${place + 1} lost: ${lines[place]}`);
      }),
      { seed: 20266, numRuns: 150 },
    );
  });

  test('two lines run into each other', () => {
    fc.assert(
      fc.property(cases, ({ text, at }) => {
        const lines = text.split('\n');
        const places = relevant(text);
        const place = places[at % places.length]!;
        const joined = `${lines[place]} ${lines[place + 1]?.trim()}`;
        expectHonest(text, lines.toSpliced(place, 2, joined).join('\n'), `line ${place + 1} joined: ${joined}`);
      }),
      { seed: 20267, numRuns: 100 },
    );
  });

  test('a letter more in a word of the grammar, or in a name', () => {
    fc.assert(
      fc.property(cases, ({ text, at, column, letter }) => {
        const lines = text.split('\n');
        const places = relevant(text).filter(
          (index) => !/set (?:name|comments?|uuid|logtraffic|nat|category) /.test(lines[index]!),
        );
        const place = places[at % places.length]!;
        const line = lines[place]!;
        // Values such as addresses and ports may become others, which is another configuration and no damage.
        const words = /^\s*(?:config .*|edit .*|next|end|set \S+)/.exec(line)![0];
        const start = words.length - words.trimStart().length;
        const where = start + (column % (words.length - start));
        const damaged = line.slice(0, where) + letter + line.slice(where);
        if (damaged.trim() === line.trim() || (letter === ' ' && /\s/.test(`${line[where - 1]}${line[where]}`))) return;
        // An object that nothing refers to may have any name, and a policy any number.
        if (/^\s*edit/.test(line)) return;
        expectHonest(text, lines.toSpliced(place, 1, damaged).join('\n'), damaged);
      }),
      { seed: 20268, numRuns: 200 },
    );
  });

  test('a name that is referred to and not defined', () => {
    for (const text of texts) {
      const lines = text.split('\n');
      for (const index of relevant(text)) {
        const damaged = lines[index]!.replace(
          /(?<head>set (?:src|dst)(?:addr6?|intf) "?)(?=[a-z])(?!a(?:ll|ny)")/,
          '$<head>q',
        );
        if (damaged === lines[index]) continue;
        expect([damaged, isClean(readText(lines.toSpliced(index, 1, damaged).join('\n')))]).toEqual([damaged, false]);
      }
    }
  });

  test.each([
    ['config firewall policy\n    edit 1\n', 'TRUNCATED'],
    ['config firewall policy\n    edit 1\n        set name "a\n    next\nend\n', 'TRUNCATED'],
    ['Command fail. Return code -37\n', 'NOT_UNDERSTOOD'],
  ])('%j is %s', (text, code) => expect(readText(text)).toMatchObject({ ok: false, error: { code } }));

  test.each([
    ['set action accept', 'set frobnicate enable', /firewall policy: “frobnicate” is not known/],
    ['set action accept', 'set action permit', /action permit: not known/],
    ['set action accept', 'set schedule "weekends"', /the schedule weekends is not defined/],
    ['set service "all control"', 'set service "ALL" "control"', /“ALL” beside others/],
    ['set srcaddr-negate enable', 'set srcaddr-negate on', /neither on nor off/],
  ])('%s → %s makes the reading blind', (before, after, reason) => {
    const text = textOf('order-and-groups').replace(before, after);
    expect(deviceOf(text).coverage.blind.join('\n')).toMatch(reason);
  });

  test('a day that is none is no schedule for every day', () => {
    const text = textOf('clinic-74').replace('friday saturday', 'friday sat-rday');
    expect(deviceOf(text).coverage.blind.join('\n')).toMatch(/sat-rday is no day of the week/);
  });

  test('a table that nobody knows makes the reading blind, one that is not modelled is compared', () => {
    const text = textOf('order-and-groups');
    expect(deviceOf(`${text}config firewall flow-magic\nend\n`).coverage.blind.join()).toMatch(
      /flow-magic” is not known/,
    );
    const proxy = `${text}config firewall proxy-policy\n    edit 3\n        set action accept\n    next\nend\n`;
    expect(deviceOf(proxy).facts).toContainEqual(
      expect.objectContaining({ kind: 'filterNotCovered', subject: 'firewall proxy-policy 3', value: 'action accept' }),
    );
  });
});

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { askLine } from '../../../agent/app/index.js';
import { driver } from '../../../agent/drivers/asa/index.js';
import { digest } from '../iptables/digest.js';
import { readSections, recordings, sectionsOf } from './support.js';

const names = readdirSync(recordings).sort();

describe('recordings of ASA', () => {
  test('there are enough of them', () => expect(names.length).toBeGreaterThanOrEqual(3));

  test.each(names)('%s is read as expected', (name) => {
    const sections = sectionsOf(name);
    expect(driver.identify(sections)).not.toBe('no');
    const result = readSections(sections);
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    const file = join(recordings, name, 'expected.json');
    const found = {
      ...digest(result.value),
      facts: result.value.facts.map(({ kind, subject, value }) => `${kind} ${subject}: ${value}`),
      ...(result.value.later && {
        later: result.value.later.map(({ kind, pipeline }) => [
          kind,
          pipeline.lists.map(({ id, rules }) => [id, rules.length]),
        ]),
      }),
    };
    // After a deliberate change: write the expectations anew and read the difference before it is committed.
    if (process.env.ECLUSE_WRITE_RECORDINGS === '1') writeFileSync(file, `${JSON.stringify(found, undefined, 2)}\n`);
    expect(found).toEqual(JSON.parse(readFileSync(file, 'utf8')));
  });

  test.each(names)('%s judges packets as expected', (name) => {
    const result = readSections(sectionsOf(name));
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    const lines = readFileSync(join(recordings, name, 'packets.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    const answers = lines.map((line, index) => {
      const { why, expect: wanted, at, packet } = JSON.parse(line) as Record<string, unknown>;
      const asked = JSON.stringify({ id: index, packet, ...(at !== undefined && { at }) });
      const answer = askLine(result.value, asked, { file: name, line: index + 1 }, false);
      return { why, wanted, found: answer.ok ? answer.value.verdict : answer.error.message };
    });
    expect(answers.map(({ why, found }) => [why, found])).toEqual(answers.map(({ why, wanted }) => [why, wanted]));
  });
});

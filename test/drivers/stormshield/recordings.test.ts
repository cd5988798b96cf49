import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { askLine } from '../../../agent/app/index.js';
import { driver } from '../../../agent/drivers/stormshield/index.js';
import { filterChanges } from '../../../agent/exposure/index.js';
import { digest } from '../iptables/digest.js';
import { readSections, recordings, sectionsOf } from './support.js';

const names = readdirSync(recordings).sort();

function deviceOf(name: string) {
  const result = readSections(sectionsOf(name));
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

describe('recordings of Stormshield', () => {
  test.each(names)('%s is read as expected', (name) => {
    expect(driver.identify(sectionsOf(name))).toBe('certain');
    const file = join(recordings, name, 'expected.json');
    const found = digest(deviceOf(name));
    // After a deliberate change: write the expectations anew and read the difference before it is committed.
    if (process.env.ECLUSE_WRITE_RECORDINGS === '1') writeFileSync(file, `${JSON.stringify(found, undefined, 2)}\n`);
    expect(found).toEqual(JSON.parse(readFileSync(file, 'utf8')));
  });

  test.each(names.filter((name) => existsSync(join(recordings, name, 'packets.jsonl'))))(
    '%s judges packets as expected',
    (name) => {
      const device = deviceOf(name);
      const lines = readFileSync(join(recordings, name, 'packets.jsonl'), 'utf8')
        .trimEnd()
        .split('\n');
      const answers = lines.map((line, index) => {
        const { why, expect: wanted, packet } = JSON.parse(line) as Record<string, unknown>;
        const answer = askLine(device, JSON.stringify({ id: index, packet }), { file: name, line: index + 1 }, false);
        return { why, wanted, found: answer.ok ? answer.value.verdict : answer.error.message };
      });
      expect(answers.map(({ why, found }) => [why, found])).toEqual(answers.map(({ why, wanted }) => [why, wanted]));
    },
  );

  test('a slot that passes everything is filtering switched off', () => {
    const changes = filterChanges(deviceOf('console').pipeline, deviceOf('pass-all').pipeline);
    expect(new Set(changes.map(({ kind, direction }) => `${direction} ${kind}`))).toEqual(
      new Set(['forward policyAccept', 'input policyAccept']),
    );
    expect(changes[0]!.origin).toMatchObject({ rule: 'filter slot policy position 1', text: 'pass from any to any' });
  });
});

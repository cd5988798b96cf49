import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { driver } from '../../../agent/drivers/nftables/index.js';
import type { Device } from '../../../agent/model/index.js';
import { describeShared } from '../../support/shared.js';
import { essence, readSections, section } from './support.js';

/** Real and peer-written rulesets: each must be read to its last line, and its JSON twin must say the same. */
describeShared('corpus/nft', 'the corpus', (folder) => {
  // `.t` files are lists of statements of another test-suite, not rulesets.
  const names = readdirSync(folder).filter((name) => !/\.t(?:\.json)?$/.test(name));
  const readFile = (name: string): Device => {
    const text = readFileSync(join(folder, name), 'utf8');
    expect(driver.identify([section(name, text)])).toBe('certain');
    const read = readSections(section(name, text));
    if (!read.ok) throw new Error(`${name}: ${read.error.message}`);
    return read.value;
  };

  test('is read, every line in one state and no line lost', () => {
    const states: Record<string, number> = {};
    for (const name of names) {
      const { coverage } = readFile(name);
      expect([name, coverage.blind]).toEqual([name, []]);
      for (const { state } of coverage.lines) states[state] = (states[state] ?? 0) + 1;
      const lines = readFileSync(join(folder, name), 'utf8').split('\n').length;
      const numbers = coverage.lines.map(({ line }) => line);
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
      if (!name.endsWith('.json')) expect([lines, lines - 1]).toContain(numbers.length);
    }
    process.stdout.write(`nftables corpus, ${names.length} rulesets, lines: ${JSON.stringify(states)}\n`);
  });

  test('says the same as text and as JSON, but for the extensions that JSON leaves out', () => {
    let compared = 0;
    for (const name of names) {
      const twin = name.replace(/\.json$/, '.nft');
      if (!name.endsWith('.json') || !names.includes(twin) || readFileSync(join(folder, name), 'utf8').includes('"xt"'))
        continue;
      expect([name, essence(readFile(name))]).toEqual([name, essence(readFile(twin))]);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(60);
  });
});

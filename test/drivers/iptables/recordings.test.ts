import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Section } from '../../../agent/drivers/contract.js';
import { driver } from '../../../agent/drivers/iptables/index.js';
import { digest } from './digest.js';

const directory = join(process.cwd(), 'test', 'recordings', 'iptables');
const names = readdirSync(directory).sort();

/** A recording's files are its sections; those of the live dialogue end in `.txt`. */
function sectionsOf(name: string): readonly Section[] {
  return readdirSync(join(directory, name))
    .filter((file) => file !== 'expected.json')
    .sort()
    .map((file) => ({
      name: file.replace(/\.txt$/, ''),
      source: file.replace(/\.txt$/, ''),
      text: readFileSync(join(directory, name, file), 'utf8'),
    }));
}

describe('recordings of iptables', () => {
  test('there are enough of them', () => expect(names.length).toBeGreaterThanOrEqual(8));

  test.each(names)('%s is read as expected', (name) => {
    const sections = sectionsOf(name);
    expect(driver.identify(sections)).not.toBe('no');
    const result = driver.read({ driver: 'iptables', device: name, sections }, { device: name });
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    const file = join(directory, name, 'expected.json');
    const found = digest(result.value);
    // After a deliberate change: write the expectations anew and read the difference before it is committed.
    if (process.env.ECLUSE_WRITE_RECORDINGS === '1') writeFileSync(file, `${JSON.stringify(found, undefined, 2)}\n`);
    expect(found).toEqual(JSON.parse(readFileSync(file, 'utf8')));
  });
});

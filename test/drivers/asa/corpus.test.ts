import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { driver } from '../../../agent/drivers/asa/index.js';
import { describeShared } from '../../support/shared.js';
import { readSections } from './support.js';

/** What is no configuration: tables made of one, a list of translations, and a program's own test of its words. */
const OTHER = /sample_(?:Flattened|lookup)|show_nat\.raw|testVerbatim/;

describeShared('corpus/asa', 'configurations of others', (folder) => {
  test.each(readdirSync(folder))('%s is read, every line of it', (name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    const sections = [{ name, source: name, text }];
    const result = readSections(sections);
    if (OTHER.test(name)) {
      if (result.ok) expect(result.value.coverage.blind).not.toEqual([]);
      return;
    }
    expect(driver.identify(sections)).not.toBe('no');
    if (!result.ok) throw new Error(result.error.message);
    expect(result.value.coverage.lines.filter(({ state }) => state === 'unrecognized')).toEqual([]);
  });
});

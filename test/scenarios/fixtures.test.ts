import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type Fixture, parseFixture, replay } from '../../agent/app/replay.js';
import { memoryStore } from '../support/memory-store.js';
import { services } from '../support/services.js';

const folder = join('test', 'scenarios');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

function load(name: string): Fixture {
  const fixture = parseFixture(readFileSync(join(folder, name), 'utf8'), name);
  if (!fixture.ok) throw new Error(fixture.error.message);
  return fixture.value;
}

describe('the seed incidents, replayed', () => {
  test('all thirteen are here', () => expect(files).toHaveLength(13));

  test.each(files)('%s', (name) => {
    const result = replay(load(name), { store: memoryStore(), services: services() });
    expect(result.findings).toEqual(result.expected);
    expect(result.differences).toEqual([]);
    expect(result.equal).toBe(true);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const README = join('test', 'scenarios', 'README.md');
const CASES = Array.from({ length: 20 }, (_, index) => `G${index + 1}`);

interface Row {
  readonly name: string;
  readonly fixtures: readonly string[];
  readonly tests: readonly string[];
  readonly live: readonly string[];
}

/** What stands between backquotes in a cell. */
function quoted(cell: string): readonly string[] {
  return [...cell.matchAll(/`(?<text>[^`]+)`/g)].map(({ groups }) => groups!.text!);
}

const rows: readonly Row[] = readFileSync(README, 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, name = '', , fixture, tests, live] = line.split('|').map((cell) => cell.trim());
    return fixture === undefined || !CASES.includes(name)
      ? []
      : [{ name, fixtures: quoted(fixture), tests: quoted(tests!), live: quoted(live!) }];
  });

/** The tests that are named after a case, by the case. */
function named(): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>(CASES.map((name) => [name, new Set()]));
  for (const path of readdirSync('test', { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.test.ts')) continue;
    const text = readFileSync(join('test', path), 'utf8');
    for (const { groups } of text.matchAll(/['"`](?<name>G\d+): /g)) found.get(groups!.name!)!.add(path);
  }
  return found;
}

/** Whether the file starts programs of the system, and is not left with models alone. */
function isLive(path: string): boolean {
  return /\b(?:testStories|systemTest)\(/.test(readFileSync(join('test', path), 'utf8'));
}

describe('the table of the cases', () => {
  test('has each of them once, in order', () => {
    expect(rows.map(({ name }) => name)).toEqual(CASES);
  });

  test('names every fixture and every test that is named after a case, and no other', () => {
    const fixtures = readdirSync(join('test', 'scenarios', 'derived')).filter((name) => name.startsWith('G'));
    expect(rows.flatMap((row) => row.fixtures).sort()).toEqual(fixtures.sort());
    for (const { name, fixtures, tests, live } of rows) {
      expect([name, ...fixtures.map((fixture) => Number(/^G(?<number>\d+)/.exec(fixture)!.groups!.number))]).toEqual([
        name,
        ...fixtures.map(() => Number(name.slice(1))),
      ]);
      expect([name, ...[...tests, ...live].sort()]).toEqual([name, ...[...named().get(name)!].sort()]);
    }
  });

  test('has a fixture or tests of each, and shows each of them live', () => {
    for (const { name, fixtures, tests, live } of rows) {
      expect([name, fixtures.length + tests.length > 0, live.length > 0]).toEqual([name, true, true]);
      expect([name, tests.filter(isLive), live.filter((path) => !isLive(path))]).toEqual([name, [], []]);
    }
  });
});

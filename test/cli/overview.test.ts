import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { overviewText } from '../../agent/cli/generate.js';
import { overviewNow } from '../../agent/cli/index.js';
import { overview } from '../../agent/cli/overview.js';
import { ecluse } from './capture.js';

test('help in general, which loads no command, says what the commands say (npm run generate)', async () => {
  const rows = await overviewNow();
  expect(overview).toEqual(rows);
  expect(readFileSync('agent/cli/overview.ts', 'utf8')).toBe(overviewText(rows));
  const { code, stdout } = await ecluse('--help');
  expect(code).toBe(0);
  for (const { term } of rows) expect(stdout).toContain(`  ${term} `);
});

test('a name that is misspelt is told the one that was meant', async () => {
  const { code, stderr } = await ecluse('exposur');
  expect(code).toBe(2);
  expect(stderr).toContain('Did you mean exposure?');
});

test('help of a command is that command’s own, whichever way it is asked for', async () => {
  const [one, other] = [await ecluse('help', 'window'), await ecluse('window', '--help')];
  expect(one.stdout).toContain('Usage: ecluse window [options] [command]');
  expect(one.stdout).toBe(other.stdout);
});

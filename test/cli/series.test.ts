import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { tempDir } from '../support/index.js';
import { ecluse } from './capture.js';

test('ecluse window list: of a series the next one, and how many come after it', async () => {
  const config = join(tempDir(), 'config.yaml');
  writeFileSync(
    config,
    'timeZone: Europe/Paris\nstate: ./state\ndevices: [{id: here, kind: host, drivers: [linux-saved]}]\n',
  );
  const ask = (...argv: readonly string[]) => ecluse('window', ...argv, '--config', config);
  const times = ['--start', '2036-03-29T22:00', '--for', '2h', '--vendor', 'v', '--device', 'here'];
  expect((await ask('plan', 'S', ...times, '--rrule', 'FREQ=DAILY;COUNT=3')).code).toBe(0);
  expect((await ask('plan', 'W', ...times)).code).toBe(0);
  const rows = (stdout: string) => stdout.trimEnd().split('\n').slice(1);
  const { stdout } = await ask('list');
  expect(rows(stdout)).toEqual([
    expect.stringMatching(/^S-20360329 +planned .* 2036-03-29 22:00\+01:00/),
    expect.stringMatching(/^W +planned /),
    'series S: 2 more, the last on 2036-03-31 22:00+02:00; --all lists them',
  ]);
  expect(rows((await ask('list', '--all')).stdout)).toHaveLength(4);
  expect(JSON.parse((await ask('list', '--json')).stdout)).toHaveLength(4);
  await ask('cancel', 'S-20360329');
  expect((await ask('list')).stdout).toMatch(/^S-20360330 .*\n.*\nseries S: 1 more/m);
});

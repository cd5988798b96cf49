import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { tempDir } from '../support/index.js';
import { ecluse } from './capture.js';

test('ecluse doctor: what most machines do not have is one line, and no list of failures', async () => {
  const config = join(tempDir(), 'config.yaml');
  writeFileSync(config, 'state: ./state\ndevices: [{id: here, kind: host, drivers: [linux-saved]}]\n');
  const { code, stdout } = await ecluse('doctor', '--config', config);
  expect(stdout).toMatch(/^ {2}good {2}the reading is complete$/m);
  expect(code).toBe(0);
  const lines = stdout
    .split('\n')
    .filter((line) => line.includes('/etc/nftables.d') || line.includes('/etc/runlevels'));
  // Whichever of them this machine has, the others are told together.
  expect(lines.length).toBeLessThanOrEqual(1);
  expect(stdout).not.toMatch(/COMMAND_FAILED.*No such file or directory/);
});

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { openGuard, realParts } from '../../agent/app/guard/index.js';
import type { CommandOutput, CommandRunner } from '../../agent/collect/index.js';
import { loadSettings } from '../../agent/config/index.js';
import { drivers } from '../../agent/drivers/registry.js';
import { rules } from '../support/services.js';
import { tempDir } from '../support/system.js';
import { answering } from './answering.js';
import { fakeLog, must } from './fakes.js';

/** A FortiGate on which a policy that denies everything stands before one that lets a partner in by a virtual IP. */
const recorded = readFileSync('test/recordings/fortios/clinic-74/configuration.txt', 'utf8');
const policy = (id: number): string =>
  new RegExp(`^    edit ${id}\\n(?:        .*\\n)*    next\\n`, 'm').exec(recorded)![0];
const denyFirst = recorded.replace(policy(11) + policy(12), policy(12) + policy(11));

function runnerOf(version: () => string): CommandRunner {
  const exited = (stdout: string): CommandOutput => ({ kind: 'exited', exitCode: 0, stdout, stderr: '' });
  return answering((id) =>
    id === 'configuration'
      ? exited(denyFirst.replace('-7.4.3-', `-${version()}-`))
      : id === 'status'
        ? exited(`Version: FortiGate-60F v${version()},build1,240201 (GA.F)\n`)
        : { kind: 'missing', what: id },
  );
}

test('a device that is taken to another version has one finding for all that this changes by itself', async () => {
  const file = join(tempDir(), 'config.yaml');
  writeFileSync(file, 'state: ./state\npoll: 1h\ndevices:\n  - {id: edge, kind: fw, drivers: [fortios]}\n');
  const settings = must(loadSettings(file, { drivers: drivers.map(({ id }) => id) }));
  let version = '7.4.3';
  const runner = runnerOf(() => version);
  const parts: typeof realParts = (where) => realParts({ ...where, runner: () => runner });
  const guard = must(await openGuard(settings, { parts, rules: rules(), log: fakeLog([]) }));
  try {
    await guard.run({ onEvents: () => {} }).firstReadings;
    must(await guard.acceptBaseline({ device: 'edge', by: 'RSSI' }));
    const codes = async (): Promise<readonly string[]> => {
      must(await guard.snapshot(['edge']));
      expect(guard.seen('edge')!.reading.blind).toEqual([]);
      return must(await guard.findings({ all: false })).findings.map(({ code, summary }) => `${code} ${summary}`);
    };
    const before = await codes();
    expect(before.filter((line) => /^(?:PLATFORM_CHANGED|UNPLANNED_OPENING)/.test(line))).toEqual([]);
    version = '7.0.12';
    const after = (await codes()).filter((line) => !before.includes(line));
    expect(after).toEqual([
      expect.stringMatching(/^PLATFORM_CHANGED .*match-vip of a policy that denies: enable → disable/),
    ]);
    version = '7.4.3';
    expect((await codes()).filter((line) => line.startsWith('PLATFORM_CHANGED'))).toEqual([]);
  } finally {
    await guard.close();
  }
}, 120_000);

import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { fakeProgram } from '../collect/fakes.js';
import { systemTest, tempDir, waitFor } from '../support/system.js';
import { endAll, inWorld, needs, startProgram } from './started.js';

afterEach(endAll);

describe('ecluse start', () => {
  systemTest(
    needs,
    'says in words what is let in and what is shut, and each change within a second',
    inWorld(async ({ config, fw }) => {
      fw.start([
        'perl',
        '-MIO::Socket::INET',
        '-e',
        '$s=IO::Socket::INET->new(Listen=>1,LocalPort=>22,ReuseAddr=>1);$t=IO::Socket::INET->new(Listen=>1,LocalPort=>5432);sleep 60',
      ]);
      await waitFor(async () => (await fw.must(['ss', '-Hltn'])).includes(':5432'));
      const started = startProgram(['--config', config]);
      await started.hears(/Stop with Ctrl-C/);
      expect(started.said()).toMatch(
        /tcp 22 +perl \(root\) on 0\.0\.0\.0 +from 10\.0\.0\.0\/8 +by inet\/filter\/input rule 2.*tcp dport 22 accept/,
      );
      expect(started.said()).toMatch(
        /Listening, shut by the filter:\n +tcp 5432 +perl \(root\) on 0\.0\.0\.0 +shut by inet\/filter\/input.*policy drop/,
      );
      expect(started.said()).toMatch(/Open findings: none/);
      await fw.must(['nft', 'add', 'rule', 'inet', 'filter', 'input', 'tcp', 'dport', '3389', 'accept']);
      await started.hears(/critical +UNPLANNED_OPENING +fw1: any → fw1 tcp 3389/);
      const { code, ms } = await started.end('SIGTERM');
      expect(code).toBe(0);
      // Not as long as a program that hangs would keep it.
      expect(ms).toBeLessThan(20_000);
    }),
    120_000,
  );

  test('without a configuration guards this machine, says in time what it cannot see, and stops though nft hangs', async () => {
    const nft = fakeProgram('exec sleep 60', '/bin/sh');
    const folder = tempDir();
    renameSync(nft, join(folder, 'nft'));
    const state = join(tempDir(), 'state');
    const before = performance.now();
    const started = startProgram(['--no-install'], { PATH: `${folder}:${process.env.PATH}`, ECLUSE_STATE: state });
    await started.hears(/Stop with Ctrl-C/);
    // nft would be waited for a minute.
    expect(performance.now() - before).toBeLessThan(40_000);
    expect(started.said()).toMatch(/cannot be read:\n +no answer yet/);
    expect(started.said()).toMatch(
      /Open findings: none, but \S+ could not be read completely: nothing is called clean/,
    );
    const { code, ms } = await started.end('SIGTERM');
    expect(code).toBe(0);
    expect(ms).toBeLessThan(20_000);
  }, 120_000);
});

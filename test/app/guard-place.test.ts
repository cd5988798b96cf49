import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openGuard } from '../../agent/app/guard/index.js';
import { problemText } from '../../agent/lib/result.js';
import { type TcpReceiver, tcpReceiver } from '../alarms/receivers.js';
import { must as run, systemTest, tempDir } from '../support/system.js';
import { fakeWorld, must, startGuard } from './fakes.js';

const rdp = { id: 'rdp', ports: '3389' };

describe('the state folder', () => {
  test('is its owner’s alone, with a key that is made once', async () => {
    const world = fakeWorld();
    const guard = must(await openGuard(world.settings, world.tools));
    const { folder, key, database } = guard.place;
    expect([folder, key, database].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o600, 0o600]);
    const made = readFileSync(key);
    expect(made.length).toBe(32);
    await guard.close();
    const again = must(await openGuard(world.settings, world.tools));
    expect(readFileSync(key)).toEqual(made);
    await again.close();
  });

  test('with a key that was damaged is refused, and the store is free again', async () => {
    const world = fakeWorld();
    await must(await openGuard(world.settings, world.tools)).close();
    writeFileSync(join(world.settings.stateFolder, 'redaction.key'), 'short');
    for (let tries = 0; tries < 2; tries++) {
      const refused = await openGuard(world.settings, world.tools);
      expect(refused).toMatchObject({ ok: false, error: { code: 'REDACTION_KEY' } });
    }
    rmSync(join(world.settings.stateFolder, 'redaction.key'));
    await must(await openGuard(world.settings, world.tools)).close();
  });

  test('is used by one guard at a time', async () => {
    const world = fakeWorld();
    const guard = must(await openGuard(world.settings, world.tools));
    const second = await openGuard(world.settings, world.tools);
    expect(second).toMatchObject({ ok: false, error: { code: 'STORE_LOCKED' } });
    await guard.close();
    await must(await openGuard(world.settings, world.tools)).close();
  });

  test('that cannot be made is one clear line', async () => {
    const file = join(tempDir(), 'file');
    writeFileSync(file, '');
    const world = fakeWorld(['fw'], { stateFolder: join(file, 'state') });
    const refused = await openGuard(world.settings, world.tools);
    expect(refused.ok ? '' : problemText(refused.error)).toMatch(/^\S+: a part of this path is a file \(.*\)$/);
  });

  systemTest(['root'], 'that is read-only is one clear line', async () => {
    const folder = tempDir();
    await run(['mount', '-t', 'tmpfs', '-o', 'ro,size=1m', 'none', folder]);
    try {
      const world = fakeWorld(['fw'], { stateFolder: join(folder, 'state') });
      expect(await openGuard(world.settings, world.tools)).toMatchObject({ error: { code: 'STORE_READ_ONLY' } });
    } finally {
      await run(['umount', '--lazy', folder]);
    }
  });

  systemTest(
    ['root'],
    'that is full: said, nothing told that was not stored, told once when there is space',
    async () => {
      const folder = tempDir();
      await run(['mount', '-t', 'tmpfs', '-o', 'size=2m', 'none', folder]);
      try {
        const world = fakeWorld(['fw'], { stateFolder: join(folder, 'state') });
        const { guard, rows, until } = await startGuard(world);
        try {
          const filler = join(folder, 'filler');
          expect(() => writeFileSync(filler, Buffer.alloc(4 * 1024 * 1024))).toThrow(/ENOSPC/);
          world.devices.fw!.open = [rdp];
          await until(12);
          expect(rows()).toEqual([]);
          expect(world.logged.filter((line) => line.includes('the store refuses'))).toEqual([
            expect.stringContaining('STORE_FULL'),
          ]);
          const plan = { vendor: 'v', devices: ['fw'], start: '2016-02-16', end: '2016-02-17', scope: [] };
          expect(await guard.planWindow(plan)).toMatchObject({ ok: false, error: { code: 'STORE_FULL' } });
          expect(must(await guard.status()).refused).toMatch(/^STORE_FULL: .*no space left on the device/);
          rmSync(filler);
          // Nobody waits for the next poll: what was seen is looked for again.
          await until(13);
          expect(rows()).toEqual([expect.stringMatching(/^12(?:\.\d+)? UNPLANNED_OPENING rdp$/)]);
          expect(must(await guard.status()).refused).toBeUndefined();
        } finally {
          await guard.close();
        }
      } finally {
        await run(['umount', '--lazy', folder]);
      }
    },
  );
});

describe('a receiver that hangs', () => {
  let receiver: TcpReceiver | undefined;
  afterEach(async () => {
    await receiver?.stop();
    receiver = undefined;
  });

  test('delays neither the judgement nor the stop', async () => {
    receiver = await tcpReceiver('octet', false);
    const deaf = new Writable({ highWaterMark: 1, write: () => {} });
    const world = fakeWorld(['fw'], {
      sinks: [
        { kind: 'jsonl', id: 'pipe', to: '-' },
        { kind: 'syslog', id: 'siem', host: '127.0.0.1', port: receiver.port },
      ],
    });
    const { guard, rows, until } = await startGuard({ ...world, tools: { ...world.tools, output: deaf } });
    world.devices.fw!.open = [rdp];
    await until(6);
    world.devices.fw!.open = [];
    await until(8);
    expect(rows()).toEqual(['5 UNPLANNED_OPENING rdp', '7 RESOLVED rdp']);
    const status = must(await guard.status());
    expect(status.sinks.find((sink) => sink.id === 'pipe')?.queued).toBeGreaterThanOrEqual(2);
    const before = performance.now();
    await guard.close();
    // The receiver would be waited for for ever.
    expect(performance.now() - before).toBeLessThan(20_000);
    // What was not told is still there to be told.
    const again = must(await openGuard(world.settings, world.tools));
    const told = must(await again.alarms({})).filter((alarm) => alarm.key.startsWith('fw/'));
    expect(told.map((alarm) => alarm.queuedFor.includes('pipe'))).toEqual([true, true]);
    await again.close();
  });
});

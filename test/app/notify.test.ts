import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { serviceManager } from '../../agent/app/notify.js';
import { systemClock } from '../../agent/lib/clock.js';
import { systemTest, tempDir, waitFor } from '../support/system.js';
import { endAll, inWorld, needs, startProgram } from './started.js';

afterEach(endAll);

/** What systemd's end of the socket hears, one datagram after another. */
const LISTENER = `
use Socket; $| = 1;
socket(S, AF_UNIX, SOCK_DGRAM, 0) or die; bind(S, sockaddr_un($ARGV[0])) or die;
print "bound\\n";
while (defined(recv(S, $text, 4096, 0))) { $text =~ s/\\n/;/g; print "$text\\n" }`;

async function listening<T>(action: (socket: string, heard: () => readonly string[]) => Promise<T>): Promise<T> {
  const socket = join(tempDir(), 'notify');
  const child = spawn('perl', ['-e', LISTENER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  const heard = (): readonly string[] => text.split('\n').slice(0, -1);
  try {
    await waitFor(() => heard().includes('bound'));
    return await action(socket, heard);
  } finally {
    child.kill('SIGKILL');
  }
}

const generous = { timeoutMs: 20_000 };

describe('systemd', () => {
  systemTest(
    [...needs, 'systemd-notify'],
    'hears that the guard is up, that it lives, and that it stops, in this order',
    inWorld(({ config }) =>
      listening(async (socket, heard) => {
        const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '600000' };
        const started = startProgram(['--config', config], env);
        await waitFor(() => heard().some((text) => text.startsWith('READY=1')), generous);
        expect(heard()).toContainEqual('READY=1;STATUS=guards fw1');
        const fed = (): number => heard().filter((text) => text === 'WATCHDOG=1').length;
        const before = fed();
        await waitFor(() => fed() > before + 1, generous);
        expect((await started.end('SIGTERM')).code).toBe(0);
        await waitFor(() => heard().includes('STOPPING=1'), generous);
        expect(heard().lastIndexOf('WATCHDOG=1')).toBeLessThan(heard().indexOf('STOPPING=1'));
      }),
    ),
    60_000,
  );

  systemTest(['perl', 'systemd-notify'], 'is not fed while the guard does not answer, nor for another process', () =>
    listening(async (socket, heard) => {
      const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '300000' };
      const stuck = serviceManager({
        env: { ...env },
        clock: systemClock,
        alive: () => new Promise(() => {}),
        onTrouble: (trouble) => expect(trouble).toBe('none'),
      });
      const other = serviceManager({
        env: { ...env, WATCHDOG_PID: '1' },
        clock: systemClock,
        alive: async () => {},
        onTrouble: (trouble) => expect(trouble).toBe('none'),
      });
      other.ready('two\nlines');
      await stuck.stopping();
      await other.stopping();
      await waitFor(() => heard().filter((text) => text === 'STOPPING=1').length === 2, generous);
      expect(heard().filter((text) => text !== 'BARRIER=1')).toEqual(
        expect.arrayContaining(['READY=1;STATUS=two lines', 'STOPPING=1']),
      );
      expect(heard()).not.toContain('WATCHDOG=1');
    }),
  );

  test('is left alone where it does not wait for anything', async () => {
    const env = { PATH: '/nowhere' };
    const nobody = serviceManager({
      env,
      clock: systemClock,
      alive: () => Promise.reject(new Error('asked')),
      onTrouble: (trouble) => expect(trouble).toBe('none'),
      program: '/nowhere/systemd-notify',
    });
    nobody.ready('x');
    await nobody.stopping();
    expect(env).toEqual({ PATH: '/nowhere' });
  });

  test('that cannot be told is a warning, once, and the variables are gone for what is started from here', async () => {
    const env: Record<string, string | undefined> = { NOTIFY_SOCKET: '/nowhere/notify', WATCHDOG_USEC: '1000000' };
    const troubles: string[] = [];
    const manager = serviceManager({
      env,
      clock: systemClock,
      alive: async () => {},
      onTrouble: (trouble) => troubles.push(trouble),
      program: '/nowhere/systemd-notify',
    });
    manager.ready('x');
    manager.reloading();
    await manager.stopping();
    expect(troubles).toEqual([expect.stringContaining('ENOENT')]);
    expect(Object.keys(env)).toEqual([]);
  });
});

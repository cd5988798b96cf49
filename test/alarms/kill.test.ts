import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect } from '@jest/globals';
import { freePort, param, rsyslog } from '../support/rsyslog.js';
import { seed } from '../support/seed.js';
import { systemTest, tempDir, waitFor } from '../support/system.js';
import { aLife } from './life.js';

const ALARMS = 500;
const KILLS = 10;

/** Numerical Recipes' congruential generator: the same deaths in every run. */
function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const TELLER = fileURLToPath(new URL('./teller.js', import.meta.url));

async function teller(path: string, port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [TELLER, path, String(port), String(ALARMS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout!, 'data');
  return child;
}

describe('nothing is lost over RELP', () => {
  systemTest(
    ['rsyslogd', 'rsyslog-relp'],
    `${ALARMS} alarms and ${KILLS} deaths, of the guard and of a real rsyslog that is also stopped and hung`,
    async () => {
      const folder = tempDir();
      const port = await freePort();
      const input = `input(type="imrelp" port="${port}" address="127.0.0.1" ruleset="out")`;
      const server = rsyslog(folder, port, { before: 'module(load="imrelp")', input });
      const store = join(folder, 'ecluse.db');
      const chance = chances(seed);
      const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
      let child: ChildProcess | undefined;
      try {
        await server.start();
        for (let kill = 0; kill < KILLS; kill++) {
          child = await teller(store, port);
          const ended = once(child, 'exit');
          await sleep(50 + 300 * chance());
          if (kill % 3 === 1) await server.stop(chance() < 0.5 ? 'SIGKILL' : 'SIGTERM');
          if (kill % 3 === 2) server.signal('SIGSTOP');
          await sleep(50 + 50 * chance());
          // Hung and then killed, it loses what it was sent and never confirmed.
          if (kill % 3 === 2) await server.stop('SIGKILL');
          child.kill('SIGKILL');
          await ended;
          await server.start();
        }
        child = await teller(store, port);
        expect(await once(child, 'exit')).toEqual([0, null]);
        await waitFor(() => server.lines().length >= ALARMS, { timeoutMs: 40_000, what: 'all alarms' });
      } finally {
        server.signal('SIGCONT');
        child?.kill('SIGKILL');
        await server.stop();
      }
      const arrived = server.lines().map((line) => param(line, 'id')!);
      const told = aLife(ALARMS).map(({ id }) => id);
      // Twice with one id is what a receiver can tell; not at all is what nobody can.
      expect([...new Set(arrived)].sort()).toEqual([...told].sort());
      const orders = new Map<string, string[]>();
      for (const id of new Set(arrived)) {
        const key = id.slice(0, id.lastIndexOf('.'));
        orders.set(key, [...(orders.get(key) ?? []), id]);
      }
      for (const [key, ids] of orders) expect(ids).toEqual([1, 2, 3, 4].map((sequence) => `${key}.${sequence}`));
    },
    120_000,
  );
});

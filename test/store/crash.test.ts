import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openStore } from '../../agent/store/index.js';
import { tempDir, waitFor } from '../support/system.js';
import { emptyState } from './samples.js';
import { stepState } from './steps.js';

const KILLS = 12;
/** A small generator with a fixed seed, so that the moments of a failing run can be had again. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Program {
  readonly child: ChildProcess;
  readonly lines: string[];
  readonly opened: Promise<void>;
  readonly ended: Promise<unknown>;
}

const living = new Set<ChildProcess>();

afterEach(() => {
  for (const child of living) child.kill('SIGKILL');
});

function start(path: string, ...mode: readonly string[]): Program {
  const child = spawn(process.execPath, ['build/test/store/committer.js', path, ...mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  living.add(child);
  child.once('exit', () => living.delete(child));
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout! });
  const opened = new Promise<void>((resolve) => {
    reader.on('line', (line) => {
      lines.push(line);
      resolve();
    });
  });
  return { child, lines, opened, ended: Promise.all([once(child, 'exit'), once(reader, 'close')]) };
}

describe('kill -9', () => {
  test(`at ${KILLS} random moments loses nothing that was committed and leaves nothing half done`, async () => {
    const path = join(tempDir(), 'ecluse.db');
    const random = generator(20_267);
    let steps = 0;
    for (let kill = 1; kill <= KILLS; kill++) {
      const program = start(path);
      await program.opened;
      // Every third is killed whenever it may be; of the others two steps more are seen, however slow the machine is.
      if (kill % 3 > 0) await waitFor(() => program.lines.length > 2, { what: 'two steps', timeoutMs: 60_000 });
      await sleep(random() * 120);
      program.child.kill('SIGKILL');
      await program.ended;
      const announced = Number(program.lines.at(-1)!.startsWith('open') ? steps : program.lines.at(-1));

      const reopened = openStore({ path });
      if (!reopened.ok) throw new Error(reopened.error.message);
      const { judge, outbox, snapshots, events } = reopened.value;
      const state = judge.load();
      steps = state.judgedUpTo;
      // The step after the last one announced may have been committed, or not at all.
      expect([announced, announced + 1]).toContain(steps);
      expect(state).toEqual(steps === 0 ? emptyState : stepState(steps).next);
      const told = Array.from({ length: steps }, (_, index) => [`f${index + 1}#1.1`, `f${index + 1}#1.2`]).flat();
      expect(events.list().map(({ id }) => id)).toEqual(told);
      for (const sink of ['file', 'siem']) expect(outbox.list({ sink }).map(({ event }) => event.id)).toEqual(told);
      expect(outbox.list({ sink: 'siem', undelivered: true })).toHaveLength(2 * steps);
      const kept = snapshots.list({ device: 'fw1' });
      expect([steps, steps + 1]).toContain(kept.length);
      for (const { id, hash } of kept.slice(0, 3)) {
        expect(snapshots.get(id)!.captures[0]!.sections[0]!.text.split('\n')[0]).toBe(hash);
      }
      reopened.value.close();
    }
    expect(steps).toBeGreaterThan(KILLS);
  });
});

describe('the lock', () => {
  test('names the process that holds the store, and ends with it however it ends', async () => {
    const path = join(tempDir(), 'ecluse.db');
    const holder = start(path, 'hold');
    await holder.opened;
    const refused = openStore({ path });
    expect(refused).toMatchObject({ ok: false, error: { code: 'STORE_LOCKED' } });
    if (!refused.ok) expect(refused.error.message).toContain(`process ${holder.child.pid} `);
    holder.child.kill('SIGKILL');
    await holder.ended;
    const mine = openStore({ path });
    if (!mine.ok) throw new Error(mine.error.message);
    const second = start(path, 'hold');
    await second.ended;
    expect(second.lines).toEqual([expect.stringContaining(`process ${process.pid} `)]);
    mine.value.close();
  });

  test('one of several that start together gets the store, the others are told who', async () => {
    const path = join(tempDir(), 'ecluse.db');
    const programs = [1, 2, 3].map(() => start(path, 'hold'));
    await Promise.all(programs.map(({ opened }) => opened));
    const winners = programs.filter(({ lines }) => lines[0]!.startsWith('open'));
    expect(winners.map(({ lines }) => lines[0])).toEqual([expect.stringMatching(/^open \d+$/)]);
    const pid = winners[0]!.child.pid;
    for (const { lines } of programs.filter((program) => program !== winners[0])) {
      expect(lines[0]).toContain(`process ${pid} `);
    }
    winners[0]!.child.kill('SIGKILL');
    await Promise.all(programs.map(({ ended }) => ended));
  });
});

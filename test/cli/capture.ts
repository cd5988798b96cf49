import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { runCli } from '../../agent/cli/index.js';
import { serveOnSocket } from '../../agent/http/index.js';
import { problemText } from '../../agent/lib/result.js';
import { type FakeGuard, type FakeScene, fakeGuard } from '../support/fake-guard.js';
import { tempDir } from '../support/index.js';

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line in this process, without colours unless the environment asks for them. */
export async function ecluse(...argv: readonly string[]): Promise<Answer> {
  const out: string[] = [];
  const err: string[] = [];
  const into = (list: string[]) => (chunk: unknown) => {
    list.push(String(chunk));
    return true;
  };
  const spies = [
    jest.spyOn(process.stdout, 'write').mockImplementation(into(out)),
    jest.spyOn(process.stderr, 'write').mockImplementation(into(err)),
  ];
  const { NO_COLOR: before } = process.env;
  if (process.env.FORCE_COLOR === undefined) process.env.NO_COLOR = '1';
  try {
    const code = await runCli(argv);
    return { code, stdout: out.join(''), stderr: err.join('') };
  } finally {
    if (before === undefined) delete process.env.NO_COLOR;
    else process.env.NO_COLOR = before;
    for (const spy of spies) spy.mockRestore();
  }
}

export interface Guarded {
  readonly guard: FakeGuard;
  readonly config: string;
  ask(...argv: readonly string[]): Promise<Answer>;
  close(): Promise<void>;
}

/** A fake guard on a socket, and a configuration in Paris that leads there. */
export async function guarded(scene: FakeScene = {}): Promise<Guarded> {
  const folder = tempDir();
  const guard = fakeGuard(scene);
  const served = await serveOnSocket(guard, join(folder, 'ecluse.sock'));
  if (!served.ok) throw new Error(problemText(served.error));
  const config = join(folder, 'config.yaml');
  writeFileSync(config, 'timeZone: Europe/Paris\nstate: .\n');
  return {
    guard,
    config,
    ask: (...argv) => ecluse(...argv, '--config', config),
    close: () => served.value.close(),
  };
}

/** Asks one question of a guard that is made for it. */
export async function askOnce(scene: FakeScene, ...argv: readonly string[]): Promise<Answer> {
  const one = await guarded(scene);
  try {
    return await one.ask(...argv);
  } finally {
    await one.close();
  }
}

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, jest } from '@jest/globals';
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

/** Runs something in an environment that asks for colours, or for none, whatever the one of the test is. */
export async function withColour<T>(colour: NodeJS.ProcessEnv, action: () => Promise<T>): Promise<T> {
  const before = { FORCE_COLOR: process.env.FORCE_COLOR, NO_COLOR: process.env.NO_COLOR };
  const set = (values: NodeJS.ProcessEnv): void => {
    for (const name of ['FORCE_COLOR', 'NO_COLOR']) {
      if (values[name] === undefined) delete process.env[name];
      else process.env[name] = values[name];
    }
  };
  set(colour);
  try {
    return await action();
  } finally {
    set(before);
  }
}

/** Whoever runs the tests on a terminal gets the same answers. */
process.env.NO_COLOR = '1';
delete process.env.FORCE_COLOR;

/** Runs the command line in this process. */
export async function ecluse(...argv: readonly string[]): Promise<Answer> {
  const out: string[] = [];
  const err: string[] = [];
  const into =
    (list: string[]) =>
    (chunk: unknown, ...rest: readonly unknown[]): boolean => {
      list.push(String(chunk));
      // A log that is closed waits until its last line is out.
      for (const done of rest) if (typeof done === 'function') done();
      return true;
    };
  const spies = [
    jest.spyOn(process.stdout, 'write').mockImplementation(into(out)),
    jest.spyOn(process.stderr, 'write').mockImplementation(into(err)),
  ];
  try {
    const code = await runCli(argv);
    return { code, stdout: out.join(''), stderr: err.join('') };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

export interface Guarded {
  readonly guard: FakeGuard;
  readonly config: string;
  ask(...argv: readonly string[]): Promise<Answer>;
  close(): Promise<void>;
}

/** What a test that failed left open: without this the whole run would wait for it. */
const open = new Set<() => Promise<void>>();

afterEach(async () => {
  for (const close of open) await close();
  open.clear();
});

/** A fake guard on a socket, and a configuration in Paris that leads there. */
export async function guarded(scene: FakeScene = {}): Promise<Guarded> {
  const folder = tempDir();
  const guard = fakeGuard(scene);
  const served = await serveOnSocket(guard, join(folder, 'ecluse.sock'));
  if (!served.ok) throw new Error(problemText(served.error));
  const close = async (): Promise<void> => {
    open.delete(close);
    await served.value.close();
  };
  open.add(close);
  const config = join(folder, 'config.yaml');
  writeFileSync(config, 'timeZone: Europe/Paris\nstate: .\n');
  return {
    guard,
    config,
    ask: (...argv) => ecluse(...argv, '--config', config),
    close,
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

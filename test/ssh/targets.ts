import { join } from 'node:path';
import { type SshRunner, type SshTarget, sshRunner } from '../../agent/collect/ssh/index.js';
import type { Sshd } from '../support/sshd.js';
import { tempDir } from '../support/system.js';

export const LIMITS = { timeoutMsMax: 20_000, bytesMax: 8_000_000 };

export function targetOf({ port, user, key, fingerprints }: Sshd, overrides: Partial<SshTarget> = {}): SshTarget {
  return {
    device: 'web',
    host: '127.0.0.1',
    port,
    user,
    hostKeys: [fingerprints.ed25519],
    keyFile: key,
    legacyAlgorithms: [],
    ...overrides,
  };
}

export function knownKeysPath(): string {
  return join(tempDir(), 'known-keys.json');
}

export async function withRunner<T>(
  target: SshTarget,
  action: (runner: SshRunner) => Promise<T>,
  options: Partial<Parameters<typeof sshRunner>[1]> = {},
): Promise<T> {
  const runner = sshRunner(target, { knownKeys: knownKeysPath(), ...options });
  try {
    return await action(runner);
  } finally {
    runner.close();
  }
}

/** For servers that never answer; and one that failed is tried again at once. */
export const patient = { timeouts: { connectMs: 1_500, handshakeMs: 1_500, loginMs: 1_500 }, backoffMsMin: 0 };

export async function readyProblem(where: SshTarget, knownKeys = knownKeysPath()) {
  return withRunner(where, (runner) => runner.ready(), { ...patient, knownKeys });
}

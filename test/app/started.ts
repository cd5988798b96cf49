import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Namespace, tempDir, waitFor, withNamespaces } from '../support/system.js';

const program = join(process.cwd(), 'build/agent/main.js');

const living = new Set<ChildProcess>();

/** Ends what a test that failed left running. */
export function endAll(): void {
  for (const child of living) child.kill('SIGKILL');
  living.clear();
}

export interface Started {
  readonly child: ChildProcess;
  said(): string;
  hears(words: RegExp, timeoutMs?: number): Promise<unknown>;
  /** The exit code, and how long it took. */
  end(signal: NodeJS.Signals): Promise<{ readonly code: number | null; readonly ms: number }>;
}

export function startProgram(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  const child = spawn(process.execPath, [program, 'start', ...argv], {
    cwd: tempDir(),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  living.add(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk;
    });
  }
  return {
    child,
    said: () => said,
    hears: (words, timeoutMs = 30_000) =>
      waitFor(() => words.test(said), { timeoutMs, intervalMs: 10, what: String(words) }),
    async end(signal) {
      const before = performance.now();
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
      return { code: child.exitCode, ms: performance.now() - before };
    },
  };
}

function configure(folder: string, namespace: Namespace, more = ''): string {
  const path = join(folder, 'config.yaml');
  writeFileSync(
    path,
    `state: ${join(folder, 'state')}
poll: 60s
devices:
  - {id: fw1, kind: fw, source: {netns: ${namespace.name}}}
sinks:
  - {id: file, jsonl: ${join(folder, 'alarms.jsonl')}}
${more}`,
  );
  return path;
}

const RULES = `table inet filter {
  chain input { type filter hook input priority 0; policy drop; iif lo accept; ip saddr 10.0.0.0/8 tcp dport 22 accept; }
}`;

export const needs = ['root', 'netns', 'nft', 'ip', 'ss', 'perl'] as const;

export function inWorld(
  action: (world: { folder: string; config: string; fw: Namespace }) => Promise<void>,
): () => Promise<void> {
  return () =>
    withNamespaces(['fw'], async ({ fw }) => {
      const folder = tempDir();
      await fw.must(['nft', '-f', '-'], { input: RULES });
      await action({ folder, config: configure(folder, fw), fw });
    });
}

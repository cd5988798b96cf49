import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect } from '@jest/globals';
import { type Namespace, systemTest, tempDir, waitFor, withNamespaces } from '../support/system.js';

const program = join(process.cwd(), 'build/agent/main.js');

const living = new Set<ChildProcess>();
afterEach(() => {
  for (const child of living) child.kill('SIGKILL');
  living.clear();
});

interface Started {
  readonly child: ChildProcess;
  said(): string;
  hears(words: RegExp, timeoutMs?: number): Promise<unknown>;
  /** The exit code, and how long it took. */
  end(signal: NodeJS.Signals): Promise<{ readonly code: number | null; readonly ms: number }>;
}

function startProgram(argv: readonly string[]): Started {
  const child = spawn(process.execPath, [program, 'start', ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
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
    hears: (words, timeoutMs = 8_000) =>
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

const needs = ['root', 'netns', 'nft', 'ip', 'ss', 'perl'] as const;

function inWorld(
  action: (world: { folder: string; config: string; fw: Namespace }) => Promise<void>,
): () => Promise<void> {
  return () =>
    withNamespaces(['fw'], async ({ fw }) => {
      const folder = tempDir();
      await fw.must(['nft', '-f', '-'], { input: RULES });
      await action({ folder, config: configure(folder, fw), fw });
    });
}

/** The codes told, each event once: one that was under way when the guard was killed comes again under its own id. */
function told(folder: string): readonly string[] {
  const file = join(folder, 'alarms.jsonl');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const records = lines.map((line) => JSON.parse(line) as { readonly id: string; readonly code: string });
  return [...new Map(records.map(({ id, code }) => [id, code])).values()];
}

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
      await started.hears(/Stop with Ctrl-C/, 5_000);
      expect(started.said()).toMatch(
        /tcp 22 +perl \(root\) on 0\.0\.0\.0 +from 10\.0\.0\.0\/8 +by inet\/filter\/input rule 2.*tcp dport 22 accept/,
      );
      expect(started.said()).toMatch(
        /Listening, shut by the filter:\n +tcp 5432 +perl \(root\) on 0\.0\.0\.0 +shut by inet\/filter\/input.*policy drop/,
      );
      expect(started.said()).toMatch(/Open findings: none/);
      const before = performance.now();
      await fw.must(['nft', 'add', 'rule', 'inet', 'filter', 'input', 'tcp', 'dport', '3389', 'accept']);
      await started.hears(/critical +UNPLANNED_OPENING +fw1: any → fw1 tcp 3389/);
      // A second is the aim; this machine may be busy with other tests.
      expect(performance.now() - before).toBeLessThan(5_000);
      const { code, ms } = await started.end('SIGTERM');
      expect(code).toBe(0);
      expect(ms).toBeLessThan(3_000);
    }),
    15_000,
  );

  systemTest(
    needs,
    'killed and started again tells nothing twice and loses nothing; a second one is refused',
    inWorld(async ({ folder, config, fw }) => {
      const first = startProgram(['--config', config]);
      await first.hears(/Stop with Ctrl-C/);
      const second = startProgram(['--config', config]);
      const [code] = (await once(second.child, 'exit')) as [number];
      expect(code).toBe(2);
      expect(second.said()).toMatch(/^ecluse: \S+ecluse\.db: process \d+ on \S+ uses this store since/);
      await fw.must(['nft', 'add', 'rule', 'inet', 'filter', 'input', 'tcp', 'dport', '3389', 'accept']);
      await waitFor(() => told(folder).length === 1);
      await first.end('SIGKILL');
      await fw.must(['nft', 'add', 'rule', 'inet', 'filter', 'input', 'tcp', 'dport', '5900', 'accept']);
      const again = startProgram(['--config', config, '--json']);
      await waitFor(() => told(folder).length === 2);
      await again.hears(/"kind":"standing"/);
      const kinds = again
        .said()
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { readonly kind: string }).kind);
      expect(kinds).toEqual(expect.arrayContaining(['start', 'picture', 'standing', 'finding']));
      expect((await again.end('SIGINT')).code).toBe(0);
      expect(told(folder)).toEqual(['UNPLANNED_OPENING', 'UNPLANNED_OPENING']);
    }),
    20_000,
  );
});

import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect } from '@jest/globals';
import { systemTest, waitFor } from '../support/system.js';
import { endAll, inWorld, needs, startProgram } from './started.js';

afterEach(endAll);

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
    120_000,
  );
});

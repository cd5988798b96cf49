import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { runDialogues, type Speaker } from '../../agent/collect/index.js';
import type { SshTarget } from '../../agent/collect/ssh/index.js';
import type { Section } from '../../agent/drivers/contract.js';
import { tempDir } from '../support/system.js';
import { type FakeServer, target } from './hostile.js';
import { patient, withRunner } from './targets.js';

/** How tests ask an appliance: by its own command line, with a password from a file. */

export function password(text: string): NonNullable<SshTarget['password']> {
  const place = join(tempDir(), 'password');
  writeFileSync(place, text, { mode: 0o600 });
  return { kind: 'file', place };
}

/** Reads it once; that it can be asked at all is expected. */
export async function sectionsFrom(
  server: FakeServer,
  speaker: Speaker,
  more: Partial<SshTarget> = {},
): Promise<readonly Section[]> {
  return withRunner(
    target(server, more),
    async (runner) => {
      const blocked = await runner.ready();
      expect(blocked).toBeUndefined();
      return (await runDialogues([speaker], runner, 'fw'))[0]!.sections;
    },
    patient,
  );
}

import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Dialogue, DialogueStep, Driver } from '../../agent/drivers/contract.js';
import { tempDir } from '../support/system.js';

/** A program made of a few lines of shell, alone in a folder of its own; gives its path. */
export function fakeProgram(script: string, interpreter = '/bin/sh'): string {
  const path = join(tempDir(), 'fake');
  writeFileSync(path, `#!${interpreter}\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

export function step(argv: readonly string[], rest: Partial<DialogueStep> = {}): DialogueStep {
  return { id: 'rules', argv, need: 'required', timeoutMsMax: 5_000, bytesMax: 1_000_000, ...rest };
}

export function driverWith(...steps: readonly DialogueStep[]): Pick<Driver, 'id' | 'dialogue'> {
  const dialogue: Dialogue = { steps };
  return { id: 'fake', dialogue };
}

import { readFileSync } from 'node:fs';
import { type Baseline, emptyBaseline, parseBaseline } from '../baseline/index.js';
import { failure, type Result, success } from '../lib/result.js';

/** Reads the declared flows from their file; without a file nothing is declared. */
export function readBaseline(path: string | undefined): Result<Baseline> {
  if (path === undefined) return success(emptyBaseline);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const message = `cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
    return failure({ code: 'BASELINE_UNREADABLE', file: path, message, expected: 'a baseline file' });
  }
  return parseBaseline(text, path);
}

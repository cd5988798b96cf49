import { readFileSync } from 'node:fs';
import { type Baseline, emptyBaseline, lintBaseline, parseBaseline } from '../baseline/index.js';
import { systemClock } from '../lib/clock.js';
import { failure, type Problem, type Result, success } from '../lib/result.js';

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

/** What a reviewer would ask about the file today; nothing of it stands in the way of using it. */
export function baselineRemarks(baseline: Baseline, clock = systemClock): readonly Problem[] {
  return lintBaseline(baseline, clock.now());
}

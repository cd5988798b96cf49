import { readFileSync } from 'node:fs';
import { type Baseline, emptyBaseline, lintBaseline, parseBaseline, uniteBaselines } from '../baseline/index.js';
import { systemClock } from '../lib/clock.js';
import { failure, type Problem, type Result, together } from '../lib/result.js';

/** Reads what is declared from its files, as one baseline; without a file nothing is declared. */
export function readBaseline(paths: readonly string[] = []): Result<Baseline> {
  const read = paths.map(readOne);
  const wrong = together(read.flatMap((one) => (one.ok ? [] : [one.error])));
  if (wrong) return failure(wrong);
  return uniteBaselines(read.map((one) => (one.ok ? one.value : emptyBaseline)));
}

function readOne(path: string): Result<Baseline> {
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

import type { Problem } from '../lib/result.js';

/** Problems that mean the capture cannot be trusted (exit code 3), not that the call is wrong (2). */
const BLIND = new Set(['TRUNCATED', 'NOT_UNDERSTOOD', 'NOTHING_READ', 'TABLE_TWICE']);

/** The exit code of a command that came to this. */
export function exitCodeOf(problem: Problem): 2 | 3 {
  return BLIND.has(problem.code) ? 3 : 2;
}

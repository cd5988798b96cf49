import { problemText, type Result } from '../../agent/lib/result.js';

/** The value of an answer that a test cannot do without. */
export function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code} ${problemText(result.error)}`);
  return result.value;
}

/** A failure of the world as a value: what, where, what was expected and what to do (assertions are for our own bugs). */
export interface Problem {
  /** Stable, English, machine-readable, such as `TRUNCATED` or `MISSING_RIGHT`. */
  readonly code: string;
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly expected?: string;
  /** The exact step that mends it, such as a command or a capability. */
  readonly remedy?: string;
  /** What else is wrong there: a file is mended in one go. None of them has others of its own. */
  readonly others?: readonly Problem[];
}

export type Result<T, E = Problem> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };

export function success<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

export function failure<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error };
}

/** Several problems as the one that is answered with; undefined: there is none. */
export function together(problems: readonly Problem[]): Problem | undefined {
  const [first, ...others] = problems.flatMap(({ others: more = [], ...one }) => [one, ...more]);
  return first && (others.length > 0 ? { ...first, others } : first);
}

/** The problem and its others, a line each. */
export function problemLines(problem: Problem): readonly string[] {
  return [problem, ...(problem.others ?? [])].map(problemText);
}

/** One line: `file:line:column: message (expected …; do …)`. */
export function problemText(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(':');
  const tail = [problem.expected && `expected ${problem.expected}`, problem.remedy].filter(Boolean).join('; ');
  return `${place ? `${place}: ` : ''}${problem.message}${tail ? ` (${tail})` : ''}`;
}

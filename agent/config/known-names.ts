import { nearest } from '../lib/nearest.js';
import type { Problem } from '../lib/result.js';

/** Names that other parts of the file may use. */
export interface Names {
  readonly devices: readonly string[];
  readonly sinks: readonly string[];
  /** Undefined where no zone is declared: then any name will do. */
  readonly zones: readonly string[] | undefined;
  /** Empty where none is declared: then a site is a name, and any will do. */
  readonly sites: readonly string[];
  /** The sites whose networks are known: in a scope they stand for those. */
  readonly placed: readonly string[];
}

export const TWICE = { expected: 'a name that no other one has', remedy: 'give one of them another name' };

export function suggestion(name: string, known: readonly string[]): string | undefined {
  const near = nearest(name, known);
  return near === undefined ? undefined : `did you mean \`${near}\`?`;
}

type Complain = (index: number, message: string, more: Pick<Problem, 'expected' | 'remedy'>) => Problem;

export function unknownNames(
  named: readonly unknown[],
  known: readonly string[],
  complain: Complain,
): readonly Problem[] {
  return named.flatMap((name, index) => {
    if (typeof name !== 'string' || known.includes(name)) return [];
    const expected = known.length === 0 ? 'one that is configured: there is none' : `one of ${known.join(', ')}`;
    return [
      complain(index, `nothing is called \`${name}\``, { expected, remedy: suggestion(name, known) ?? 'remove it' }),
    ];
  });
}

import { failure, type Problem, type Result, success, together } from '../lib/result.js';
import { type Baseline, type DeclaredAt, emptyBaseline } from './declared.js';

interface Declared {
  readonly id: string;
  readonly device?: string;
  readonly text: string;
  readonly at: DeclaredAt;
}

/**
 * What several files declare, as one baseline. Findings are kept under a declaration's id: the same words in two files
 * are told apart by a number, one id for two different things is wrong.
 */
export function uniteBaselines(baselines: readonly Baseline[]): Result<Baseline> {
  if (baselines.length <= 1) return success(baselines[0] ?? emptyBaseline);
  const problems: Problem[] = [];
  const flows = withOwnIds(
    baselines.flatMap((one) => one.flows),
    problems,
  );
  const listeners = withOwnIds(
    baselines.flatMap((one) => one.listeners),
    problems,
  );
  const access = withOwnIds(
    baselines.flatMap((one) => one.access ?? []),
    problems,
  );
  const wrong = together(problems);
  if (wrong) return failure(wrong);
  const notes = baselines.flatMap((one) => one.notes ?? []);
  const waivers = baselines.flatMap((one) => one.waivers);
  const more = { ...(access.length > 0 && { access }), ...(notes.length > 0 && { notes }) };
  return success({ flows, listeners, waivers, ...more });
}

function withOwnIds<T extends Declared>(all: readonly T[], problems: Problem[]): readonly T[] {
  const known = new Map<string, T>();
  return all.map((one) => {
    const first = known.get(one.id);
    let id = one.id;
    for (let again = 2; known.has(id); again++) id = `${one.id}-${again}`;
    if (first && (first.text !== one.text || first.device !== one.device)) {
      problems.push({
        code: 'BASELINE_INVALID',
        ...one.at,
        message: `${one.id} is used twice: ${first.text} at ${first.at.file}:${first.at.line} is called so as well`,
        expected: 'an id that no other declaration has, in any of the files',
        remedy: 'give one of them another id',
      });
    }
    known.set(id, one);
    return { ...one, id };
  });
}

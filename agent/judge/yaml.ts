import { isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { failure, type Problem, type Result, success } from '../lib/result.js';

type Path = readonly PropertyKey[];

/** A file of rules/ that can say where each of its parts was written. */
export interface RulesText {
  readonly value: unknown;
  /** What is wrong with one part: at the deepest node that exists, since a key that is missing has no place of its own. */
  problem(path: Path, message: string, more?: Pick<Problem, 'expected' | 'remedy'>): Problem;
  /** At the name of a key, which is what has to be mended where the key itself is wrong. */
  problemAtKey(path: Path, key: string, message: string, more?: Pick<Problem, 'expected' | 'remedy'>): Problem;
}

/** Failsafe reads every scalar as text, so that a port or an id never turns into a number, a date or a boolean. */
export function readRulesYaml(text: string, file: string): Result<RulesText> {
  const counter = new LineCounter();
  const document = parseDocument(text, { schema: 'failsafe', lineCounter: counter });
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = counter.linePos(offset);
    return { line, column: col };
  };
  const broken = document.errors[0];
  if (broken) {
    return failure({ code: 'RULES_YAML', message: broken.message.split('\n')[0]!, file, ...at(broken.pos[0]) });
  }
  const offsetOf = (path: Path): number => {
    for (let depth = path.length; depth >= 0; depth--) {
      const node = document.getIn(path.slice(0, depth), true);
      if (isNode(node) && node.range) return node.range[0];
    }
    return 0;
  };
  const problemAt = (offset: number, message: string, more = {}): Problem => ({
    code: 'RULES_INVALID',
    message,
    file,
    ...at(offset),
    ...more,
  });
  const problem: RulesText['problem'] = (path, message, more) => problemAt(offsetOf(path), message, more);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    return failure(problemAt(0, (error as Error).message, { expected: 'everything written out, without aliases' }));
  }
  return success({
    value,
    problem,
    problemAtKey: (path, key, message, more) => {
      const map = document.getIn(path, true);
      const pair = isMap(map) ? map.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined;
      const place = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
      return problemAt(place ?? offsetOf(path), message, more);
    },
  });
}

import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { digestOf } from '../lib/digest.js';
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

/** What files say that were read before, by the SHA-256 of their text, in hexadecimal. */
export type ReadBefore = ReadonlyMap<string, unknown>;

/**
 * Failsafe reads every scalar as text, so that a port or an id never turns into a number, a date or a boolean. A text
 * that was read before is read again only to say where something stands.
 */
export function readRulesYaml(text: string, file: string, before?: ReadBefore): Result<RulesText> {
  const known = before?.get(digestOf(text));
  if (known !== undefined) {
    let again: Located | undefined;
    const located = (): Located => {
      again ??= locate(text, file);
      return again;
    };
    return success({
      value: known,
      problem: (...asked) => located().problem(...asked),
      problemAtKey: (...asked) => located().problemAtKey(...asked),
    });
  }
  const { document, at, problem, problemAtKey } = locate(text, file);
  const broken = document.errors[0];
  if (broken) {
    const message = `this is not YAML: ${broken.message.split('\n')[0]}`;
    return failure({ code: 'RULES_YAML', message, file, ...at(broken.pos[0]) });
  }
  try {
    return success({ value: document.toJS({ maxAliasCount: 0 }), problem, problemAtKey });
  } catch (error) {
    return failure(problem([], (error as Error).message, { expected: 'everything written out, without aliases' }));
  }
}

interface Located extends Pick<RulesText, 'problem' | 'problemAtKey'> {
  readonly document: Document.Parsed;
  at(offset: number): { readonly line: number; readonly column: number };
}

function locate(text: string, file: string): Located {
  const counter = new LineCounter();
  const document = parseDocument(text, { schema: 'failsafe', lineCounter: counter, prettyErrors: false });
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = counter.linePos(offset);
    return { line, column: col };
  };
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
  return {
    document,
    at,
    problem: (path, message, more) => problemAt(offsetOf(path), message, more),
    problemAtKey: (path, key, message, more) => {
      const map = document.getIn(path, true);
      const pair = isMap(map) ? map.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined;
      const place = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
      return problemAt(place ?? offsetOf(path), message, more);
    },
  };
}

import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { failure, type Problem, type Result, success } from '../lib/result.js';
import { MASK } from '../lib/secret.js';
import { knownKeys } from './schema.js';

type Path = readonly PropertyKey[];

/** A YAML file that can say where each of its parts was written. */
export interface Written {
  readonly value: unknown;
  /** What is wrong with one part of it. */
  problem(path: Path, message: string, more?: Pick<Problem, 'expected' | 'remedy'>): Problem;
  /** What the schema found wrong, in the words of who writes the file. */
  issue(issue: z.core.$ZodIssue): Problem;
}

export function readYaml(text: string, file: string): Result<Written> {
  const counter = new LineCounter();
  // The failsafe schema keeps every scalar as it is written: a device called `off`, `1e3` or `null` stays those letters.
  const document = parseDocument(text, { schema: 'failsafe', lineCounter: counter, prettyErrors: false });
  const problemAt = (code: string, offset: number, message: string): Problem => {
    const { line, col } = counter.linePos(offset);
    return { code, message, file, line, column: col };
  };
  const broken = document.errors[0];
  if (broken) {
    const message = `this is not YAML: ${broken.message.split('\n')[0]}`;
    return failure(problemAt('CONFIG_YAML', broken.pos[0], message));
  }
  let alias: Problem | undefined;
  visit(document, {
    Alias: (_key, node) => {
      const found = problemAt('CONFIG_YAML', node.range?.[0] ?? 0, `the alias *${node.source} is not followed`);
      alias = { ...found, expected: 'the value itself, written out' };
      return visit.BREAK;
    },
  });
  if (alias) return failure(alias);
  const written: Written = {
    value: document.toJS(),
    problem: (path, message, more = {}) => ({
      ...problemAt('CONFIG_INVALID', offsetOf(document, path), message),
      ...more,
    }),
    issue: (issue) => {
      if (issue.code !== 'unrecognized_keys')
        return written.problem(issue.path, wrongValue(document, issue.path), { expected: issue.message });
      const key = issue.keys[0]!;
      const known = knownKeys(issue.path);
      const near = nearest(key, known);
      const place = issue.path.length === 0 ? '' : ` in \`${pathText(issue.path)}\``;
      const offset = offsetOfKey(document, issue.path, key) ?? offsetOf(document, issue.path);
      return {
        ...problemAt('CONFIG_INVALID', offset, `there is no setting \`${shown(key)}\`${place}`),
        ...(known.length > 0 && { expected: `one of ${known.join(', ')}` }),
        ...(near !== undefined && { remedy: `did you mean \`${near}\`?` }),
      };
    },
  };
  return success(written);
}

/** Where a part begins; of a part that is missing, where what should hold it begins. */
function offsetOf(document: Document, path: Path): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

/** Where the name of a setting was written: of a misspelt one, that is the place to mend, and not its value. */
function offsetOfKey(document: Document, path: Path, key: string): number | undefined {
  const map = document.getIn(path, true);
  if (!isMap(map)) return undefined;
  const pair = map.items.find((item) => isScalar(item.key) && item.key.value === key);
  return isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
}

/** `devices.0.kind` as people count: `devices[1].kind`. */
function pathText(path: Path): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part + 1}]` : `${index > 0 ? '.' : ''}${String(part)}`))
    .join('');
}

/** One line of bounded length, whatever stands in the file. */
function shown(text: string): string {
  const line = text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ');
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

function wrongValue(document: Document, path: Path): string {
  const name = path.length === 0 ? 'the file' : `\`${pathText(path)}\``;
  const node = document.getIn(path, true);
  if (node === undefined) return `${name} is missing`;
  if (!isScalar(node)) return `${name} is ${node === null ? 'empty' : isMap(node) ? 'a map' : 'a list'}`;
  // What was written there by mistake may be the secret itself.
  if (/^pass(?:word|phrase)$/.test(String(path.at(-1)))) return `${name} is ${MASK}`;
  return node.value === '' ? `${name} is empty` : `${name} is \`${shown(String(node.value))}\``;
}

/** The known word that a misspelt one is near to: at most a third of its letters differ. */
function nearest(word: string, known: readonly string[]): string | undefined {
  const rated = known.map((one) => ({ one, distance: distance(word.toLowerCase(), one.toLowerCase()) }));
  const best = rated.sort((a, b) => a.distance - b.distance)[0];
  return best && best.distance <= Math.max(1, Math.floor(best.one.length / 3)) ? best.one : undefined;
}

/** Letters to add, take away or exchange until both words are the same. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries())
      next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + (letter === other ? 0 : 1)));
    row = next;
  }
  return row.at(-1)!;
}

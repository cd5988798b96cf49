import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { nearest } from '../lib/nearest.js';
import { failure, type Problem, type Result, success, together } from '../lib/result.js';
import { MASK } from '../lib/secret.js';
import { isSecretAt, keysAt, nodesAt, type SchemaNode } from './editor.js';

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

/** A YAML file that can say where each of its parts was written. */
export interface Written {
  readonly value: unknown;
  /** What is wrong with one part of it. */
  problem(path: Path, message: string, more?: Pick<Problem, 'expected' | 'remedy'>): Problem;
  /** Everything that the schema found wrong, in the words of who writes the file. */
  problems(issues: readonly Issue[]): readonly Problem[];
}

/** Reads a file whose grammar is `schema`, which is asked for only where something is wrong. */
export function readYaml(text: string, file: string, schema: () => SchemaNode): Result<Written> {
  const counter = new LineCounter();
  // The failsafe schema keeps every scalar as it is written: a device called `off`, `1e3` or `null` stays those letters.
  const document = parseDocument(text, { schema: 'failsafe', lineCounter: counter, prettyErrors: false });
  const problemAt = (code: string, offset: number, message: string): Problem => {
    const { line, col } = counter.linePos(offset);
    return { code, message, file, line, column: col };
  };
  const unreadable = document.errors.map(({ message, pos }) =>
    problemAt('CONFIG_YAML', pos[0], `this is not YAML: ${message.split('\n')[0]}`),
  );
  visit(document, {
    Alias: (_key, node) => {
      const found = problemAt('CONFIG_YAML', node.range?.[0] ?? 0, `the alias *${node.source} is not followed`);
      unreadable.push({ ...found, expected: 'the value itself, written out' });
    },
  });
  const broken = together(unreadable);
  if (broken) return failure(broken);
  const problem: Written['problem'] = (path, message, more = {}) => ({
    ...problemAt('CONFIG_INVALID', offsetOf(document, path), message),
    ...more,
  });
  const unknown = (path: Path, key: string): Problem => {
    const known = keysAt(schema(), path);
    const near = nearest(key, known);
    const place = path.length === 0 ? '' : ` in \`${pathText(path)}\``;
    const offset = offsetOfKey(document, path, key) ?? offsetOf(document, path);
    return {
      ...problemAt('CONFIG_INVALID', offset, `there is no setting \`${shown(key)}\`${place}`),
      ...(known.length > 0 && { expected: `one of ${known.join(', ')}` }),
      remedy: near === undefined ? 'remove it' : `did you mean \`${near}\`?`,
    };
  };
  const misnamed = ({ path, issues }: Extract<Issue, { code: 'invalid_key' }>): Problem => {
    const key = String(path.at(-1));
    const offset = offsetOfKey(document, path.slice(0, -1), key) ?? offsetOf(document, path);
    return {
      ...problemAt('CONFIG_INVALID', offset, `\`${shown(key)}\` is no name for this`),
      ...(issues[0] && { expected: issues[0].message }),
      remedy: 'call it otherwise',
    };
  };
  const value: unknown = document.toJS();
  return success({
    value,
    problem,
    problems: (issues) =>
      once(
        issues
          .flatMap((issue) => meant(issue, value))
          .flatMap((issue) =>
            issue.code === 'unrecognized_keys'
              ? issue.keys.map((key) => unknown(issue.path, key))
              : issue.code === 'invalid_key'
                ? [misnamed(issue)]
                : [problem(issue.path, wrongValue(document, issue.path, schema()), advice(document, issue, schema()))],
          ),
      ),
  });
}

/** Of a union, what is wrong with the one form that was meant: "none of the forms" helps nobody. */
function meant(issue: Issue, value: unknown): readonly Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const here = issue.path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown>)?.[key], value);
  const isOther = (one: Issue): boolean =>
    one.path.length === 0 && (typeof here === 'string' || one.code === 'invalid_type' || one.code === 'invalid_value');
  const fitting = issue.errors.filter((branch) => !branch.some(isOther));
  if (fitting.length !== 1) return [issue];
  return fitting[0]!.flatMap((one) => meant({ ...one, path: [...issue.path, ...one.path] }, value));
}

/** One word on each place: a second one on the same value is a consequence of the first. */
function once(problems: readonly Problem[]): readonly Problem[] {
  const places = new Map<string, Problem>();
  for (const one of problems) {
    const isKey = one.message.startsWith('there is no setting');
    const place = JSON.stringify([one.line, one.column, isKey ? one.message : '']);
    if (!places.has(place)) places.set(place, one);
  }
  return [...places.values()];
}

const REMEDIES = {
  secret: 'put the secret in a file of its own (chmod 600) and name that: file:PATH',
} as const;

/** What was expected, and what to do. */
function advice(document: Document, issue: Issue, schema: SchemaNode): Pick<Problem, 'expected' | 'remedy'> {
  const expected = issue.message;
  const remedy = remedyOf(document, issue, schema);
  return { expected, ...(remedy !== undefined && { remedy }) };
}

function remedyOf(document: Document, issue: Issue, schema: SchemaNode): string | undefined {
  const { path } = issue;
  const given = issue.code === 'custom' ? (issue.params?.remedy as unknown) : undefined;
  if (typeof given === 'string') return given;
  const node = document.getIn(path, true);
  const name = String(path.at(-1));
  const nodes = nodesAt(schema, path);
  const example = nodes.flatMap(({ examples = [] }) => examples)[0];
  const line = typeof example === 'string' ? `\`${name}: ${example}\`` : undefined;
  if (node === undefined) return line && `add it, for example ${line}`;
  if (!isScalar(node)) return undefined;
  const text = String(node.value);
  if (isSecretAt(schema, path) && !/^(?:env|file|https?):/.test(text)) return REMEDIES.secret;
  const near = nearest(
    text,
    nodes.flatMap((one) => one.enum ?? []).filter((one) => typeof one === 'string'),
  );
  if (near !== undefined && near !== text) return `did you mean \`${near}\`?`;
  return line && !/such as|HOST/.test(issue.message) ? `write it like ${line}` : undefined;
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

function wrongValue(document: Document, path: Path, schema: SchemaNode): string {
  const name = path.length === 0 ? 'the file' : `\`${pathText(path)}\``;
  const node = document.getIn(path, true);
  if (node === undefined) return `${name} is missing`;
  if (!isScalar(node)) return `${name} is ${node === null ? 'empty' : isMap(node) ? 'a map' : 'a list'}`;
  if (node.value === '') return `${name} is empty`;
  const text = String(node.value);
  // What was written there by mistake may be the secret itself.
  if (isSecretAt(schema, path)) return `${name} is ${withoutPath(text) ?? MASK}`;
  return `${name} is \`${shown(text.replace(CREDENTIALS, `:${MASK}@`))}\``;
}

/** `user:password@host`, in whatever it was written. */
const CREDENTIALS = /:[^\s:@/]+@/g;

/** Where an address leads, without what in it may be a secret. */
function withoutPath(text: string): string | undefined {
  if (!/^https?:/.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, host, pathname, search } = new URL(text);
  return `\`${shown(`${protocol}//${host}`)}${pathname.length > 1 || search !== '' ? `/${MASK}` : ''}\``;
}

/** Expressions of the JSON form (libnftables-json(5), EXPRESSIONS) into the common tree. */
import type { BinaryOperator, Element, Expression, Statement, Verdict } from './ast.js';
import { isObject, type Json, Misfit, many, number, object, only, text } from './json.js';
import { parseJsonStatement } from './parse-json-statement.js';
import { queueText } from './parse-options.js';
import { depthMax } from './reader.js';
import { expressionText } from './render.js';
import { value } from './values.js';

const binaries: readonly BinaryOperator[] = ['&', '|', '^', '<<', '>>'];
const verdicts = ['accept', 'drop', 'continue', 'return'] as const;

export function jsonExpression(input: unknown, depth = 0): Expression {
  if (depth > depthMax) throw new Misfit(`more than ${depthMax} levels of nesting`);
  if (typeof input === 'string') {
    if (input.startsWith('@')) return { kind: 'setReference', name: input.slice(1) };
    return input === '*' ? { kind: 'wildcard' } : { kind: 'value', text: value(input) };
  }
  if (typeof input === 'number') return { kind: 'value', text: String(input) };
  if (typeof input === 'boolean') return { kind: 'value', text: input ? 'exists' : 'missing' };
  if (Array.isArray(input)) return { kind: 'list', of: input.map((item) => jsonExpression(item, depth + 1)) };
  const [kind, body] = only(input, 'an expression');
  const inner = (one: unknown): Expression => jsonExpression(one, depth + 1);
  switch (kind) {
    case 'concat':
      return { kind: 'concat', of: many(body).map(inner) };
    case 'set':
      return { kind: 'set', elements: many(body).map((element) => jsonElement(element, depth + 1)) };
    case 'prefix': {
      const prefix = object(body, 'a prefix');
      return {
        kind: 'prefix',
        address: constantText(inner(prefix.addr)),
        length: number(prefix.len, 'a prefix length'),
      };
    }
    case 'range': {
      const [first, last] = many(body).map(inner);
      if (!first || !last) throw new Misfit('a range without two ends');
      return { kind: 'range', first: constantText(first), last: constantText(last) };
    }
    case 'map': {
      const map = object(body, 'a map');
      return { kind: 'map', key: inner(map.key), data: inner(map.data) };
    }
    case 'elem':
      return inner(object(body, 'an element').val);
    case 'numgen':
    case 'jhash':
    case 'symhash':
      return modular(kind, object(body, kind), inner);
  }
  if (binaries.includes(kind as BinaryOperator)) {
    const parts = many(body).map(inner);
    if (parts.length < 2 || parts.length > depthMax) throw new Misfit(`${kind} with ${parts.length} sides`);
    return parts.reduce((left, right) => ({ kind: 'binary', operator: kind as BinaryOperator, left, right }));
  }
  return { kind: 'selector', name: selectorName(kind, object(body, kind)) };
}

function constantText(expression: Expression): string {
  if (expression.kind !== 'value') throw new Misfit('a range or prefix of something that is no constant');
  return expression.text;
}

function modular(kind: string, body: Json, inner: (one: unknown) => Expression): Expression {
  const modulus = number(body.mod, 'a modulus');
  const what =
    kind === 'numgen'
      ? `numgen ${text(body.mode, 'a mode')}`
      : kind === 'jhash'
        ? `jhash ${expressionText(inner(body.expr))}`
        : kind;
  const seed = body.seed === undefined ? '' : ` seed ${text(body.seed, 'a seed')}`;
  const offset = body.offset === undefined || body.offset === 0 ? '' : ` offset ${text(body.offset, 'an offset')}`;
  return { kind: 'selector', name: `${what} mod ${modulus}${seed}${offset}`, modulus };
}

function selectorName(kind: string, body: Json): string {
  const field = (name: string): string => text(body[name], `${kind} ${name}`);
  const optional = (name: string): string => (body[name] === undefined ? '' : ` ${field(name)}`);
  const raw = (): string => `@${field('base')},${field('offset')},${field('len')}`;
  switch (kind) {
    case 'payload': {
      if (body.base !== undefined) return raw();
      const tunnel = body.tunnel === undefined ? '' : `${field('tunnel')} `;
      return `${tunnel}${field('protocol')} ${field('field')}`;
    }
    case 'meta':
      return `meta ${field('key')}`;
    case 'ct':
      return `ct${optional('dir')}${optional('family')} ${field('key')}`;
    case 'fib':
      return `fib ${many(body.flags)
        .map((flag) => text(flag, 'a fib flag'))
        .join(' . ')} ${field('result')}`;
    case 'rt':
      return `rt${optional('family')} ${field('key')}`;
    case 'socket':
      return `socket ${field('key')}${body.level === undefined ? '' : ` level ${field('level')}`}`;
    case 'osf':
      return `osf${body.ttl === undefined ? '' : ` ttl ${field('ttl')}`} ${field('key')}`;
    case 'exthdr': {
      if (body.field === undefined) return `exthdr ${field('name')}`;
      const index = typeof body.offset === 'number' && body.offset > 0 ? `[${body.offset}]` : '';
      return `${field('name')} ${field('field')}${index}`;
    }
    case 'tcp option':
    case 'ip option':
    case 'sctp chunk':
    case 'dccp option':
      if (body.base !== undefined) return `${kind} @${field('base')},${field('offset')},${field('len')}`;
      return body.type === undefined ? `${kind} ${field('name')}${optional('field')}` : `${kind} ${field('type')}`;
    case 'ipsec': {
      const number = body.spnum === undefined || body.spnum === 0 ? '' : ` spnum ${field('spnum')}`;
      return `ipsec ${field('dir')}${number}${optional('family')} ${field('key')}`;
    }
    default:
      throw new Misfit(`an expression called “${kind}”`);
  }
}

/** An element of a set, `[key, value]` of a map, either with options. */
export function jsonElement(input: unknown, depth = 0): Element {
  if (!Array.isArray(input)) return jsonKey(input, depth);
  if (input.length !== 2) throw new Misfit('an element of a map that is no pair');
  const key = jsonKey(input[0], depth);
  const verdict = jsonVerdict(input[1]);
  return verdict ? { ...key, verdict } : { ...key, value: jsonExpression(input[1], depth + 1) };
}

const elementOptions = new Set(['val', 'timeout', 'expires', 'comment', 'stmt']);

function jsonKey(input: unknown, depth: number): Element {
  const options = isObject(input) && 'elem' in input ? object(input.elem, 'an element') : undefined;
  if (!options) return { key: jsonExpression(input, depth + 1), statements: [] };
  const statements: Statement[] = many(options.stmt).flatMap((one) => parseJsonStatement(one));
  // nft 1.0.6 writes an element's counter beside its value instead of in `stmt`.
  for (const [name, body] of Object.entries(options)) {
    if (!elementOptions.has(name)) statements.push(...parseJsonStatement({ [name]: body }));
  }
  return { key: jsonExpression(options.val, depth + 1), statements };
}

/** The verdict an object stands for, if it is one. */
export function jsonVerdict(input: unknown): Verdict | undefined {
  if (!isObject(input)) return undefined;
  const [kind, body] = Object.entries(input)[0] ?? [];
  const plain = verdicts.find((name) => name === kind);
  if (plain) return { kind: plain };
  if (kind === 'jump' || kind === 'goto')
    return { kind, chain: text(object(body, kind).target, 'the target of a jump') };
  return kind === 'queue' ? { kind, text: jsonQueue(body) } : undefined;
}

function jsonQueue(body: unknown): string {
  if (!isObject(body)) return queueText([], '');
  const flags = many(body.flags).map((flag) => text(flag, 'a queue flag'));
  return queueText(flags, body.num === undefined ? '' : expressionText(jsonExpression(body.num)));
}

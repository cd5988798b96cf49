/** Statements of the JSON form (libnftables-json(5), STATEMENTS) into the common tree. */
import type { Comparison, Element, Expression, NatStatement, Statement } from './ast.js';
import { isObject, type Json, Misfit, many, number, object, only, text } from './json.js';
import { jsonElement, jsonExpression, jsonVerdict } from './parse-json-expression.js';
import { quotaText, rateText } from './parse-options.js';
import { parseStatements } from './parse-text.js';
import { elementText, expressionText } from './render.js';

const comparisons: Readonly<Record<string, Comparison>> = {
  in: 'implicit',
  '==': '==',
  '!=': '!=',
  '<': '<',
  '>': '>',
  '<=': '<=',
  '>=': '>=',
  '!': '!',
};

/** One entry of a rule's `expr`. Words without a JSON form of their own stand there as text, with any number of statements. */
export function parseJsonStatement(input: unknown): readonly Statement[] {
  if (typeof input === 'string') {
    const statements = parseStatements(input);
    if (!statements) throw new Misfit(`words that are no statement: ${input.slice(0, 60)}`);
    return statements;
  }
  const verdict = jsonVerdict(input);
  if (verdict) return [{ kind: 'verdict', verdict }];
  const [kind, body] = only(input, 'a statement');
  const read = Object.hasOwn(readers, kind) ? readers[kind] : undefined;
  if (!read) throw new Misfit(`a statement called “${kind}”`);
  return [read(body, kind)];
}

type Read = (body: unknown, kind: string) => Statement;

const sideEffect = (words: string): Statement => ({ kind: 'sideEffect', text: words });

const readers: Readonly<Record<string, Read>> = {
  match(body) {
    const match = object(body, 'a match');
    const operator = text(match.op ?? '==', 'an operator');
    const comparison = Object.hasOwn(comparisons, operator) ? comparisons[operator] : undefined;
    if (!comparison) throw new Misfit(`an operator called “${operator}”`);
    return {
      kind: 'match',
      operator: comparison,
      left: jsonExpression(match.left),
      right: jsonExpression(match.right),
    };
  },
  vmap(body) {
    const map = object(body, 'a verdict map');
    return { kind: 'vmap', key: jsonExpression(map.key), data: jsonExpression(map.data) };
  },
  mangle(body) {
    const mangle = object(body, 'mangle');
    return { kind: 'mangle', key: jsonExpression(mangle.key), value: jsonExpression(mangle.value) };
  },
  counter: (body) => sideEffect(body === null || isObject(body) ? 'counter' : `counter name ${named(body)}`),
  last: () => sideEffect('last'),
  log: (body) => sideEffect(logText(isObject(body) ? body : {})),
  limit: meter,
  quota: meter,
  'ct count': (body) => {
    const limit = object(body, 'ct count');
    return { kind: 'meter', text: `ct count ${limit.inv === true ? 'over ' : ''}${number(limit.val, 'a number')}` };
  },
  meter(body) {
    const used = object(body, 'a meter');
    const element: Element = { ...jsonElement(used.key), statements: many(used.stmt).flatMap(parseJsonStatement) };
    return { kind: 'meter', text: `meter { ${elementText(element)} }` };
  },
  reject(body) {
    if (!isObject(body) || body.type === undefined) return { kind: 'reject' };
    const type = text(body.type, 'a reject type');
    return { kind: 'reject', answer: type === 'tcp reset' ? type : `${type} ${text(body.expr, 'a reject code')}` };
  },
  notrack: () => ({ kind: 'notrack' }),
  dnat: nat,
  snat: nat,
  redirect: nat,
  masquerade: nat,
  set: (body) => setUpdate(object(body, 'a set update'), 'set'),
  map: (body) => setUpdate(object(body, 'a map update'), 'map'),
  flow(body) {
    const flow = object(body, 'flow');
    return sideEffect(`flow ${text(flow.op, 'an operation')} ${text(flow.flowtable, 'a flowtable')}`);
  },
  'ct helper': (body) => sideEffect(`ct helper set ${named(body)}`),
  'ct timeout': (body) => sideEffect(`ct timeout set ${named(body)}`),
  'ct expectation': (body) => sideEffect(`ct expectation set ${named(body)}`),
  secmark: (body) => sideEffect(`meta secmark set ${named(body)}`),
  dup: (body) => sideEffect(`dup to ${words(object(body, 'dup'), ['addr', 'dev'])}`),
  fwd: (body) => ({ kind: 'opaque', text: `fwd to ${words(object(body, 'fwd'), ['addr', 'dev'])}` }),
  tproxy(body) {
    const proxy = object(body, 'tproxy');
    const port = proxy.port === undefined ? '' : ` :${expressionText(jsonExpression(proxy.port))}`;
    const family = proxy.family === undefined ? '' : ` ${text(proxy.family, 'a family')}`;
    return {
      kind: 'opaque',
      text: `tproxy${family} to${proxy.addr === undefined ? '' : ` ${named(proxy.addr)}`}${port}`,
    };
  },
  synproxy(body) {
    if (body !== null && !isObject(body)) return { kind: 'opaque', text: `synproxy name ${named(body)}` };
    if (isObject(body) && isObject(body.map)) return { kind: 'opaque', text: `synproxy name ${named(body)}` };
    const proxy = isObject(body) ? body : {};
    const flags = many(proxy.flags).map((flag) => text(flag, 'a flag'));
    return {
      kind: 'opaque',
      text: ['synproxy', words(proxy, ['mss', 'wscale'], true), ...flags].filter((word) => word !== '').join(' '),
    };
  },
  reset: (body) => sideEffect(`reset ${named(body)}`),
  xt(body) {
    const extension = isObject(body) ? body : {};
    const what = extension.type === 'match' ? 'match' : 'target';
    return { kind: 'xt', what, name: typeof extension.name === 'string' ? extension.name : 'unnamed' };
  },
};

/** A named object, or the map that gives it. */
function named(body: unknown): string {
  return expressionText(jsonExpression(body));
}

function words(body: Json, names: readonly string[], withNames = false): string {
  return names
    .filter((name) => body[name] !== undefined)
    .map((name) => `${withNames ? `${name} ` : ''}${expressionText(jsonExpression(body[name]))}`)
    .join(' ');
}

function logText(body: Json): string {
  const parts = ['log'];
  if (body.prefix !== undefined) parts.push(`prefix "${text(body.prefix, 'a prefix')}"`);
  for (const name of ['group', 'snaplen', 'queue-threshold', 'level']) {
    if (body[name] !== undefined) parts.push(`${name} ${text(body[name], name)}`);
  }
  const flags = many(body.flags).map((flag) => text(flag, 'a log flag'));
  if (flags.length > 0) parts.push(`flags ${flags.join(',')}`);
  return parts.join(' ');
}

function meter(body: unknown, kind: string): Statement {
  const what = kind === 'limit' ? 'limit' : 'quota';
  if (!isObject(body) || !('rate' in body || 'val' in body)) {
    return { kind: 'meter', text: what, object: { kind: what, name: jsonExpression(body) } };
  }
  return { kind: 'meter', text: what === 'limit' ? jsonRate(body) : jsonQuota(body) };
}

const factors: Readonly<Record<string, number>> = { bytes: 1, kbytes: 1024, mbytes: 1024 ** 2, gbytes: 1024 ** 3 };

export function jsonRate(body: Json): string {
  const unit = body.rate_unit === undefined ? 'packets' : text(body.rate_unit, 'a unit');
  const factor = Object.hasOwn(factors, unit) ? factors[unit] : undefined;
  const burstUnit = body.burst_unit === undefined ? 'packets' : text(body.burst_unit, 'a unit');
  const burstFactor = Object.hasOwn(factors, burstUnit) ? factors[burstUnit]! : 1;
  const burst = body.burst === undefined ? (factor ? 0 : 5) : number(body.burst, 'a burst') * burstFactor;
  const count = number(body.rate, 'a rate') * (factor ?? 1);
  return rateText({
    over: body.inv === true,
    count,
    unit: factor ? 'bytes' : 'packets',
    per: text(body.per ?? 'second', 'a time'),
    burst,
  });
}

/** A quota in a rule has `val` and `val_unit`, a named one `bytes`. */
export function jsonQuota(body: Json): string {
  const unit = body.val_unit === undefined ? 'bytes' : text(body.val_unit, 'a unit');
  const factor = Object.hasOwn(factors, unit) ? factors[unit]! : 1;
  return quotaText(body.inv === true, number(body.val ?? body.bytes, 'a number of bytes') * factor);
}

function nat(body: unknown, kind: string): NatStatement {
  const operation = kind as NatStatement['operation'];
  if (!isObject(body)) return { kind: 'nat', operation };
  const parts: { address?: Expression; port?: Expression; family?: 'ip' | 'ip6'; prefix?: boolean } = {};
  if (body.addr !== undefined) parts.address = jsonExpression(body.addr);
  if (body.port !== undefined) parts.port = jsonExpression(body.port);
  if (body.family === 'ip' || body.family === 'ip6') parts.family = body.family;
  if (many(body.type_flags).includes('prefix')) parts.prefix = true;
  return { kind: 'nat', operation, ...parts };
}

function setUpdate(body: Json, kind: 'set' | 'map'): Statement {
  const operation = text(body.op, 'an operation');
  if (operation !== 'add' && operation !== 'update' && operation !== 'delete')
    throw new Misfit(`a set operation called “${operation}”`);
  const statements = many(body.stmt).flatMap(parseJsonStatement);
  const key = jsonElement(body.elem);
  const element: Element = { ...key, statements: [...key.statements, ...statements] };
  const data = kind === 'map' && body.data !== undefined ? jsonExpression(body.data) : undefined;
  const set = text(body[kind], 'the name of a set').replace(/^@/, '');
  return { kind: 'setUpdate', operation, set, element: data ? { ...element, value: data } : element };
}

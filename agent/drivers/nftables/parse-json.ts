/**
 * parse, JSON form: `nft -j list ruleset` into commands. nft prints it in one line, so the lines of its origins and
 * coverage are the numbers of the entries of its array, counted from 1.
 */
import { failure, type Problem, type Result, success } from '../../lib/result.js';
import type { Command, Declaration, Loss, RuleDeclaration, Script, Statement, TableFamily, TableKey } from './ast.js';
import { isObject, type Json, Misfit, many, number, object, only, text } from './json.js';
import { jsonElement } from './parse-json-expression.js';
import { jsonQuota, jsonRate, parseJsonStatement } from './parse-json-statement.js';
import { visible } from './reader.js';
import { statementText } from './render.js';
import { printable } from './values.js';
import { tableFlags } from './words.js';

const families: readonly string[] = ['ip', 'ip6', 'inet', 'bridge', 'netdev', 'arp'];

export function parseJson(file: string, source: string): Result<Script> {
  const entries = entriesOf(file, source);
  if (!entries.ok) return entries;
  const commands: Command[] = [];
  const losses: Loss[] = [];
  entries.value.forEach((entry, index) => {
    const line = index + 1;
    try {
      commands.push(...readEntry(entry, line));
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      losses.push({ line, lastLine: line, reason: `entry ${line}: ${visible(error.message)}` });
    }
  });
  return success({ commands, losses, managedByIptables: [], contentLines: entries.value.map((_, index) => index + 1) });
}

/** How many entries the array has, each a line of the coverage. */
export function entriesOf(file: string, source: string): Result<readonly unknown[]> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(source);
  } catch (error) {
    return failure(broken(file, source, error));
  }
  const entries = isObject(parsed) ? parsed.nftables : undefined;
  if (Array.isArray(entries)) return success(entries);
  return failure({
    code: 'NOT_UNDERSTOOD',
    message: 'this JSON is no nftables ruleset',
    file,
    line: 1,
    column: 1,
    expected: '{"nftables": […]}',
  });
}

function broken(file: string, source: string, error: unknown): Problem {
  const whole = source.trimEnd();
  const told = /position (?<at>\d+)/.exec(error instanceof Error ? error.message : '')?.groups?.at;
  const cut = !whole.endsWith('}') || Number(told) >= whole.length;
  const at = cut || told === undefined ? whole.length : Number(told);
  const before = source.slice(0, at);
  const line = before.split('\n').length;
  const column = at - before.lastIndexOf('\n');
  return cut
    ? {
        code: 'TRUNCATED',
        message: 'the JSON ruleset is cut off',
        file,
        line,
        column,
        expected: 'the end of the JSON text',
      }
    : {
        code: 'NOT_UNDERSTOOD',
        message: 'this is not JSON',
        file,
        line,
        column,
        expected: 'the output of “nft -j list ruleset”',
      };
}

function readEntry(entry: unknown, line: number): Command[] {
  const [kind, body] = only(entry, 'an entry');
  if (kind === 'metainfo') return [];
  if (kind === 'flush') {
    const [what, flushed] = only(body, 'flush');
    if (what !== 'ruleset') throw new Misfit(`a flush of “${what}”`);
    const family = isObject(flushed) && flushed.family !== undefined ? text(flushed.family, 'a family') : undefined;
    return [{ kind: 'flushRuleset', ...(family !== undefined && { family: family as TableFamily }) }];
  }
  if (kind === 'add' || kind === 'create') return declare(...only(body, kind), line);
  return declare(kind, body, line);
}

function declare(kind: string, input: unknown, line: number): Command[] {
  const body = object(input, kind);
  const span = { line, lastLine: line };
  const add = (declaration: Declaration): Command[] => [{ kind: 'add', declaration }];
  switch (kind) {
    case 'table': {
      const flags = many(body.flags);
      const unread = flags.some((flag) => typeof flag !== 'string' || !tableFlags.includes(flag));
      return add({
        kind: 'table',
        table: keyOf(body, 'name'),
        dormant: flags.includes('dormant'),
        ...(unread && { unreadFlags: true }),
        span,
      });
    }
    case 'chain':
      return add(chain(body, line));
    case 'rule':
      return add({ kind: 'rule', table: keyOf(body), chain: text(body.chain, 'a chain'), rule: rule(body, line) });
    case 'set':
    case 'map':
    case 'meter':
      return add({
        kind: 'set',
        table: keyOf(body),
        name: text(body.name, 'a name'),
        map: kind === 'map',
        definition: typeText(body),
        elements: many(body.elem).map((element) => jsonElement(element)),
        span,
      });
    case 'element':
      return [
        {
          kind: 'elements',
          table: keyOf(body),
          set: text(body.name, 'a name'),
          elements: many(body.elem).map((one) => jsonElement(one)),
          span,
        },
      ];
    case 'limit':
    case 'quota':
      return add({ ...named(kind, body), definition: kind === 'limit' ? jsonRate(body) : jsonQuota(body), span });
    case 'counter':
    case 'secmark':
    case 'synproxy':
    case 'flowtable':
    case 'tunnel':
    case 'ct helper':
    case 'ct timeout':
    case 'ct expectation':
      return add({ ...named(kind, body), definition: '', span });
    default:
      throw new Misfit(`an object called “${kind}”`);
  }
}

function keyOf(body: Json, name: 'name' | 'table' = 'table'): TableKey {
  const family = text(body.family, 'a family');
  if (!families.includes(family)) throw new Misfit(`a family called “${family}”`);
  return { family: family as TableFamily, name: text(body[name], 'a table') };
}

function named(what: string, body: Json) {
  return { kind: 'object' as const, table: keyOf(body), what, name: text(body.name, 'a name') };
}

function chain(body: Json, line: number): Declaration {
  const plain = {
    kind: 'chain' as const,
    table: keyOf(body),
    name: text(body.name, 'a name'),
    span: { line, lastLine: line },
  };
  if (body.hook === undefined) return plain;
  const policy = body.policy ?? 'accept';
  if (policy !== 'accept' && policy !== 'drop') throw new Misfit('a policy that is neither accept nor drop');
  const devices = many(body.dev).map((device) => text(device, 'a device'));
  const base = {
    type: text(body.type, 'a type'),
    hook: text(body.hook, 'a hook'),
    priority: number(body.prio, 'a priority'),
    devices,
  };
  return { ...plain, base, policy, baseLine: line };
}

function rule(body: Json, line: number): RuleDeclaration {
  let statements: readonly Statement[];
  try {
    statements = many(body.expr).flatMap(parseJsonStatement);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    // The rule stays in its place, as one that is not understood.
    statements = [{ kind: 'unrecognized', text: visible(error.message) }];
  }
  const comment = body.comment === undefined ? undefined : printable(text(body.comment, 'a comment'));
  const words = printable(statements.map((statement) => statementText(statement)).join(' '));
  return {
    statements,
    span: { line, lastLine: line },
    text: words.length > 2000 ? `${words.slice(0, 1999)}…` : words,
    ...(comment !== undefined && { comment }),
    ...(typeof body.handle === 'number' && { handle: body.handle }),
  };
}

function typeText(body: Json): string {
  const type = many(body.type).map((one) => (typeof one === 'string' ? one : 'typeof'));
  return `type ${type.join(' . ')}${typeof body.map === 'string' ? ` : ${body.map}` : ''}`;
}

/** Tests that nft leaves out of its listing, though nothing in it asks for them (payload_dependency_kill in its payload.c). */
import type { Condition } from '../../model/index.js';
import type { Comparison, Statement, TableFamily } from './ast.js';
import type { Match, Stretch } from './beside.js';
import type { KernelTest } from './bytecode.js';
import { family, fieldOf, protocol, requirementsOf } from './fields.js';
import { kernelValue, keyOf } from './kernel-keys.js';
import { statementText } from './render.js';

/** What nft takes for a dependency of something else, by its key. */
const dependencies: Readonly<Record<string, string>> = {
  'meta l4proto': 'meta l4proto',
  'meta nfproto': 'meta nfproto',
  'meta protocol': 'meta protocol',
  'meta iiftype': 'meta iiftype',
  'payload load 1b @ network header + 9': 'ip protocol',
  'payload load 1b @ network header + 6': 'ip6 nexthdr',
  'ct protocol': 'ct protocol',
  'ct protocol , dir original': 'ct original protocol',
  'ct protocol , dir reply': 'ct reply protocol',
  'ct l3protocol': 'ct l3proto',
  'ct l3protocol , dir original': 'ct original l3proto',
  'ct l3protocol , dir reply': 'ct reply l3proto',
};

/** What stands in the kernel before the comparisons of this stretch, and in no word of the listing. */
export function hiddenTests(stretch: Stretch): readonly Statement[] {
  const printed = [...stretch.matches];
  const found: Statement[] = [];
  let implied: readonly string[] | undefined;
  for (const test of stretch.tests) {
    if (!Object.hasOwn(dependencies, test.key) || test.last !== undefined) continue;
    const name = dependencies[test.key]!;
    const at = printed.findIndex((match) => isPrinted(stretch.table, match, test));
    if (at >= 0) {
      printed.splice(at, 1);
      continue;
    }
    implied ??= impliedBy(stretch);
    if (!isImplied(stretch, name, test, implied)) found.push(asStatement(stretch, name, test));
  }
  return found;
}

function isPrinted(table: TableFamily, { left, operator, right }: Match, test: KernelTest): boolean {
  if (keyOf(left) !== test.key || right.kind !== 'value') return false;
  if ((operator === '!=') !== (test.operator === 'neq')) return false;
  const value = kernelValue(table, left, right.text);
  return value === undefined || value === test.value;
}

/** What is asked by itself before the fields of these statements are read. */
function impliedBy({ table, until }: Stretch): readonly string[] {
  const found = new Set<string>();
  const need = (conditions: readonly Condition[]): void => {
    for (const condition of conditions) found.add(JSON.stringify(condition));
  };
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (typeof value === 'object' && value !== null) {
      const { kind, name } = value as { readonly kind?: unknown; readonly name?: unknown };
      if (kind === 'selector' && typeof name === 'string') {
        need(fieldOf(name, table, undefined)?.requires ?? requirementsOf(name));
        if (name.startsWith('ether ')) found.add('frame');
      } else Object.values(value).forEach(walk);
    }
  };
  walk(until);
  for (const statement of until) {
    if (statement.kind === 'reject') {
      if (statement.answer?.startsWith('tcp ')) need([protocol(6)]);
      if (statement.answer?.startsWith('icmp ')) need([family('ip4')]);
      if (statement.answer?.startsWith('icmpv6 ')) need([family('ip6')]);
    } else if (statement.kind === 'nat' && statement.family) need([family(statement.family === 'ip' ? 'ip4' : 'ip6')]);
  }
  return [...found];
}

const familyOf: Readonly<Record<string, 'ip4' | 'ip6'>> = {
  'meta nfproto 2': 'ip4',
  'meta nfproto 10': 'ip6',
  'meta protocol 2048': 'ip4',
  'meta protocol 34525': 'ip6',
};

function isImplied({ table }: Stretch, name: string, test: KernelTest, implied: readonly string[]): boolean {
  if (test.operator !== 'eq') return false;
  const has = (condition: Condition): boolean => implied.includes(JSON.stringify(condition));
  const is = (of: 'ip4' | 'ip6'): boolean => table === (of === 'ip4' ? 'ip' : 'ip6') || has(family(of));
  const of = familyOf[`${name} ${test.value}`];
  if (of) return is(of);
  const isProtocol = has(protocol(Number(test.value)));
  if (name === 'meta l4proto') return isProtocol;
  if (name === 'ip protocol') return isProtocol && is('ip4');
  return name === 'meta iiftype' && test.value === 1n && implied.includes('frame');
}

/** A byte of the network header is this field in a packet of its family only. */
function asStatement({ table, tests }: Stretch, name: string, test: KernelTest): Statement {
  const operator: Comparison = test.operator === 'neq' ? '!=' : 'implicit';
  const match: Match = {
    kind: 'match',
    operator,
    left: { kind: 'selector', name },
    right: { kind: 'value', text: `${test.value}` },
  };
  const isOf = (number: bigint): boolean =>
    tests.some(({ key, operator, value }) => key === 'meta nfproto' && operator === 'eq' && value === number);
  const known =
    name === 'ip protocol'
      ? table === 'ip' || isOf(2n)
      : name === 'ip6 nexthdr'
        ? table === 'ip6' || isOf(10n)
        : name !== 'meta iiftype';
  return known ? match : { kind: 'meter', text: `${statementText(match)}, which nft does not print` };
}

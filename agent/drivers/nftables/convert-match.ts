/**
 * convert, comparisons: what a rule asks becomes a condition. What nft asks on its own before it reads a header (the
 * family, the protocol) is said, because `ip saddr != x` is false, not true, for an IPv6 packet.
 */
import { type Bound, complement, type Intervals, isSubset } from '../../lib/intervals.js';
import { all, always, any, type Condition, never, not } from '../../model/index.js';
import type { Comparison, Element, Expression, TableFamily } from './ast.js';
import { constants, elementConstants } from './constants.js';
import { markTest, satisfying, statusTest } from './convert-bits.js';
import { concatElements } from './convert-concat.js';
import { maskedAddress, rawTest } from './convert-raw.js';
import { addressTypes, allOf, type Field, fieldOf, type NumberField, portProtocols, requirementsOf } from './fields.js';
import { type FrameView, nameTest } from './frames.js';
import { expressionText, statementText } from './render.js';
import { elementsOf, type Sets, unknown } from './sets.js';
import { boundsOfTime } from './times.js';

export const EVERY_PROTOCOL: readonly [number, number] = [0, 255];

export interface MatchContext {
  readonly table: TableFamily;
  readonly sets: Sets;
  /** The protocols that earlier tests of the rule leave. */
  readonly protocols: Intervals;
  /** The rule is known to ask what it says; see beside.ts. */
  readonly proved: boolean;
  /** Where the model says less than the rule, in words. */
  readonly notes: string[];
  /** How the chain sees frames; absent: it sees packets. */
  readonly frames?: FrameView;
}

/** Keys that name the protocol beside a port. */
export const protocolKeys: ReadonlySet<string> = new Set(['meta l4proto', 'ip protocol', 'ip6 nexthdr']);

/** Text of a key that has a sense of its own for each packet: a fresh answer every time. */
const statefulKey = /^(?:numgen|meta random|ct count|ct packets|ct bytes|ct avgpkt)\b/;

/** Where a packet has no socket, as one that only passes has none, the rule ends (nft_meta_get_eval). */
const socketKey = /^meta (?:skuid|skgid|cgroup)$/;
const hasSocket: Condition = any({ kind: 'inInterface', names: [''] }, { kind: 'outInterface', names: [''] });

export function compare(context: MatchContext, left: Expression, operator: Comparison, right: Expression): Condition {
  // Whether connections are tracked for a bridge (nf_conntrack_bridge) is not in the listing.
  if (context.frames?.of === 'bridge' && /\bct /.test(expressionText(left)))
    return undecided(context, left, operator, right);
  const elements = right.kind === 'set' || right.kind === 'setReference' ? elementsOf(right, context.sets) : undefined;
  const test = truth(context, left, operator, right, elements);
  // An address test is false for the other family by itself, and one of a frame's for what came in none.
  const complete =
    ((test.kind === 'source' || test.kind === 'destination') && !test.original) || test.kind === 'sourceMac';
  const conditions = complete ? [test] : [...requirements(context, left), test];
  if (elements?.some((element) => element.statements.some((statement) => statement.kind === 'meter'))) {
    // A rate limit bound to an element lets the lookup through, or ends the rule.
    conditions.push(unknown(`limits of ${expressionText(right, context.sets.contentOf)}`, { stateful: true }));
  }
  return allOf(conditions);
}

/** Whether the key is this one value, when what the key requires is asked elsewhere. */
export function isValue(context: MatchContext, key: Expression, constant: Expression): Condition {
  return truth(context, key, '==', constant, undefined);
}

function truth(
  context: MatchContext,
  left: Expression,
  operator: Comparison,
  right: Expression,
  elements: readonly Element[] | undefined,
): Condition {
  if ((right.kind === 'set' || right.kind === 'setReference') && !elements)
    return undecided(context, left, operator, right);
  if (left.kind === 'concat') {
    if (operator !== 'implicit' && operator !== '==' && operator !== '!=')
      return undecided(context, left, operator, right, true);
    const member = concatElements(context, left.of, elements ?? [{ key: right, statements: [] }]);
    return operator === '!=' ? not(member) : member;
  }
  return single(context, left, operator, right, elements) ?? undecided(context, left, operator, right);
}

/** The selector under any bit arithmetic. */
export function selectorOf(expression: Expression): string | undefined {
  if (expression.kind === 'selector') return expression.name;
  if (expression.kind !== 'binary') return undefined;
  return selectorOf(expression.left) ?? selectorOf(expression.right);
}

/** What nft asks before it reads a key, without what the table's family says already. */
export function requirements(context: MatchContext, key: Expression): Condition[] {
  const parts = key.kind === 'concat' ? key.of : [key];
  const found: Condition[] = [];
  for (const part of parts) {
    const name = selectorOf(part);
    if (name === undefined) continue;
    const field = fieldOf(name, context.table, undefined);
    for (const condition of field ? field.requires : requirementsOf(name)) {
      const implied = condition.kind === 'family' && context.table === (condition.family === 'ip4' ? 'ip' : 'ip6');
      const text = JSON.stringify(condition);
      if (!implied && !found.some((other) => JSON.stringify(other) === text)) found.push(condition);
    }
  }
  found.push(...perhapsTracked(context, parts));
  return found;
}

function single(
  context: MatchContext,
  left: Expression,
  operator: Comparison,
  right: Expression,
  elements: readonly Element[] | undefined,
): Condition | undefined {
  const name = selectorOf(left);
  if (name === undefined) return elements ? undefined : sameConstant(left, right);
  if (/^fib [sd]addr (?:\. iif )?type$/.test(name))
    return addressType(context, left, operator, elements ?? [{ key: right, statements: [] }]);
  if (name.startsWith('@')) return rawTest(context, left, operator, elements ?? [{ key: right, statements: [] }]);
  const field = fieldOf(name, context.table, sampleOf(right, elements));
  if (!field) return undefined;
  switch (field.kind) {
    case 'name':
      return names(context, left, operator, field, elements ?? asElements(right));
    case 'mark':
      return perhapsMerged(
        context,
        markTest(field, left, operator, elements ?? [{ key: right, statements: [] }]),
        operator,
        left,
        right,
      );
    case 'status':
      return statusTest(left, operator, right);
    case 'number':
      return perhapsMerged(
        context,
        number(context, name, field, left, operator, right, elements),
        operator,
        left,
        right,
      );
  }
}

/** A constant may stand in a concatenated key: `ip daddr . 1 @set`. A number and a name may still be the same interface. */
function sameConstant(left: Expression, right: Expression): Condition | undefined {
  if (left.kind !== 'value' || right.kind !== 'value') return undefined;
  if (left.text === right.text) return always;
  return /^\d+$/.test(left.text) === /^\d+$/.test(right.text) ? never : undefined;
}

function sampleOf(right: Expression, elements: readonly Element[] | undefined): string {
  return expressionText(elements?.[0]?.key ?? right);
}

function asElements(right: Expression): readonly Element[] {
  const keys = right.kind === 'list' ? right.of : [right];
  return keys.map((key) => ({ key, statements: [] }));
}

function number(
  context: MatchContext,
  name: string,
  field: NumberField,
  left: Expression,
  operator: Comparison,
  right: Expression,
  elements: readonly Element[] | undefined,
): Condition {
  const values = elements ? elementConstants(field, elements) : constants(field, right);
  if (!elements && values && isShifted(name, values)) {
    context.notes.push('a prefix of an original address is printed by nft 1.0 as another address');
    return undecided(context, left, operator, right);
  }
  if (!values)
    return backwards(context, field, left, operator, right) ?? undecided(context, left, operator, right, true);
  const wanted = satisfying(field, left, elements ? (operator === 'implicit' ? '==' : operator) : operator, values);
  if (!wanted) return maskedAddress(name, field, left, operator, values) ?? undecided(context, left, operator, right);
  if (name === 'ip6 nexthdr') return nextHeader(context, field, left, operator, right, wanted);
  const test = field.test(wanted);
  return /^(?:th|ct original proto-(?:src|dst))\b/.test(name)
    ? transport(context, test, statementText({ kind: 'match', operator, left, right }, context.sets.contentOf))
    : test;
}

/**
 * `tcp dport < 25 tcp dport > 80`, which holds for nothing, and `tcp sport < 25 tcp dport > 80` are printed as
 * `tcp dport != 25-80` like the real one (expr_postprocess_range in nft's netlink_delinearize.c; seen with 1.0.6).
 */
function perhapsMerged(
  context: MatchContext,
  test: Condition | undefined,
  operator: Comparison,
  left: Expression,
  right: Expression,
): Condition | undefined {
  if (context.proved || !test || operator !== '!=' || right.kind !== 'range') return test;
  const text = statementText({ kind: 'match', operator, left, right }, context.sets.contentOf);
  return all(test, unknown(`one comparison, not two that nft prints as ${text}`, { stateful: true }));
}

/**
 * `tcp sport >= 1024 tcp dport <= 80` is printed as `tcp dport 1024-80`: of the first of both only the bound is left. Where
 * both ask for one field, it holds for nothing.
 */
function backwards(
  context: MatchContext,
  field: NumberField,
  left: Expression,
  operator: Comparison,
  right: Expression,
): Condition | undefined {
  if (right.kind !== 'range' || operator === '!=') return undefined;
  const [first, last] = [field.value(right.first), field.value(right.last)];
  if (first === undefined || last === undefined || first <= last) return undefined;
  const none = typeof last === 'bigint' ? 0n : 0;
  const text = statementText({ kind: 'match', operator, left, right }, context.sets.contentOf);
  return all(field.test([none, last]), unknown(`what nft prints as ${text}`, { stateful: true }));
}

/**
 * Before a port of any protocol nft leaves a test of "ct protocol" out of its listing, as if it were the `meta l4proto`
 * that it adds by itself (payload_dependency_kill in nft's payload.c; seen with 1.0.6): of `ct protocol gre th dport 53`
 * only the port is left. A rule that names the protocol otherwise can ask for no other one.
 */
function perhapsTracked({ protocols, proved }: MatchContext, parts: readonly Expression[]): readonly Condition[] {
  if (proved) return [];
  const names = parts.map((part) => selectorOf(part) ?? '');
  if (!names.some((name) => name.startsWith('th ')) || !isSubset(EVERY_PROTOCOL, protocols)) return [];
  if (names.some((name) => protocolKeys.has(name))) return [];
  const text = parts.map((part) => expressionText(part)).join(' . ');
  return [unknown(`a test of "ct protocol", which nft does not print before ${text}`, { stateful: true })];
}

/**
 * nft 1.0.6 prints `ct original ip saddr 198.51.100.0/24` as `… 0.198.51.100`, and of other prefixes too the bytes
 * that are compared as if they were the last ones: an address that begins with a zero may be any such prefix.
 */
function isShifted(name: string, values: Intervals<Bound>): boolean {
  const first = values[0];
  if (!/^ct (?:original|reply) (?:ip6? )?[sd]addr$/.test(name) || first === undefined || first !== values[1])
    return false;
  return typeof first === 'bigint' ? first >> 120n === 0n : first < 0x0100_0000;
}

/** Headers that stand before the last one: hop-by-hop, routing, fragment, destination options, mobility. */
const extensionHeaders: Intervals = [0, 0, 43, 44, 60, 60, 135, 135];

/**
 * `ip6 nexthdr` reads the first next-header, the model's protocol is the last one. They agree but for packets with
 * extension headers, which is said as an approximation.
 */
function nextHeader(
  context: MatchContext,
  field: NumberField,
  left: Expression,
  operator: Comparison,
  right: Expression,
  wanted: Intervals<Bound>,
): Condition {
  const plain = complement<number>(extensionHeaders, EVERY_PROTOCOL);
  if (operator !== '!=' && !isSubset(wanted as Intervals, plain)) return undecided(context, left, operator, right);
  context.notes.push(
    'ip6 nexthdr is taken for the last header: a packet with extension headers may be judged otherwise',
  );
  return field.test(wanted);
}

/**
 * `th dport` reads the first four bytes behind the IP header, whatever the protocol makes of them; conntrack keeps
 * other numbers in the place of ports too, or none.
 */
function transport(context: MatchContext, test: Condition, text: string): Condition {
  if (isSubset(context.protocols, portProtocols)) return test;
  const ported: Condition = { kind: 'protocol', protocols: portProtocols };
  const other = unknown(`${text} of a protocol without ports`);
  if (test.kind !== 'sourcePort' || test.original) return any(all(ported, test), all(not(ported), other));
  // There ICMP has its type and code.
  const typed: Condition = { kind: 'protocol', protocols: [1, 1, 58, 58] };
  const types: Condition = { kind: 'icmp', typeCodes: test.ports };
  return any(all(ported, test), all(typed, types), all(not(any(ported, typed)), other));
}

function names(
  context: MatchContext,
  left: Expression,
  operator: Comparison,
  field: Extract<Field, { kind: 'name' }>,
  elements: readonly Element[],
): Condition | undefined {
  if (left.kind !== 'selector' || (operator !== 'implicit' && operator !== '==' && operator !== '!=')) return undefined;
  const found: string[] = [];
  const gone: Condition[] = [];
  for (const { key } of elements) {
    if (key.kind === 'wildcard') found.push('*');
    // An escaped asterisk is part of a name, which a list of patterns cannot say.
    else if (key.kind !== 'value' || key.text.includes('\\')) return undefined;
    else if (!/^\d+$/.test(key.text)) found.push(key.text);
    // nft prints the index of an interface that is gone. Index 1 is the loopback of every namespace (LOOPBACK_IFINDEX).
    else if (key.text === '1') found.push('lo');
    else gone.push(all(not(field.test(['lo'])), unknown(`${left.name} is index ${key.text}`)));
  }
  const named = field.test([...new Set(found)].sort());
  const asked = context.frames ? nameTest(context.frames, named) : named;
  if (!asked) return undefined;
  const tests = found.length === 0 ? gone : [asked, ...gone];
  const test: Condition = tests.length === 1 ? tests[0]! : { kind: 'any', of: tests };
  return operator === '!=' ? not(test) : test;
}

function addressType(
  context: MatchContext,
  left: Expression,
  operator: Comparison,
  elements: readonly Element[],
): Condition | undefined {
  if (left.kind !== 'selector' || (operator !== 'implicit' && operator !== '==' && operator !== '!=')) return undefined;
  const of = left.name.startsWith('fib saddr') ? 'source' : 'destination';
  const types = elements.map(({ key }): Condition => {
    const type = key.kind === 'value' && Object.hasOwn(addressTypes, key.text) ? addressTypes[key.text] : undefined;
    if (!type) return undecided(context, left, '==', key);
    const test: Condition = { kind: 'addressType', of, type };
    // An address of one of the device's interfaces is one of the device's.
    return left.name.includes(' iif ') && type !== 'multicast' ? all(test, undecided(context, left, '==', key)) : test;
  });
  const test: Condition = types.length === 1 ? types[0]! : { kind: 'any', of: types };
  return operator === '!=' ? not(test) : test;
}

/**
 * A condition that the model cannot decide, by what it says. `!=` is the negation of the same unknown, so that a rule
 * and its opposite exclude each other.
 */
export function undecided(
  context: MatchContext,
  left: Expression,
  operator: Comparison,
  right: Expression,
  unrecognized = false,
): Condition {
  const missing = right.kind === 'setReference' && !context.sets.find(right.name);
  const fib = left.kind === 'selector' && /^fib .* oif(?:name)?$/.test(left.name) && right.kind === 'value';
  // Whether there is a way back: that there is one is that none is missing.
  const exists = fib && /^(?:1|true|exists)$/.test(right.text);
  const negated = (operator === '!=') !== exists;
  const plain = operator === '!=' ? '==' : operator;
  const isMissing = exists || (fib && /^(?:0|false)$/.test(right.text));
  const shown: Expression = isMissing ? { kind: 'value', text: 'missing' } : right;
  const text = statementText({ kind: 'match', operator: plain, left, right: shown }, context.sets.contentOf);
  const stateful = statefulKey.test(selectorOf(left) ?? '');
  const times = boundsOfTime(left, plain, right);
  const condition = {
    ...unknown(text, { stateful, unrecognized: unrecognized || missing }),
    ...(times && { times }),
  };
  const asked = negated ? not(condition) : condition;
  return socketKey.test(selectorOf(left) ?? '') ? all(hasSocket, asked) : asked;
}

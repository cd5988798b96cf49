/** convert, concatenations: `ip saddr . tcp dport { 192.0.2.1 . 22, … }`, and one element of any set or map. */
import { type Bound, fromRanges, type Intervals } from '../../lib/intervals.js';
import { all, always, type Condition } from '../../model/index.js';
import type { Element, Expression } from './ast.js';
import { constants } from './constants.js';
import { isValue, type MatchContext, protocolKeys, undecided } from './convert-match.js';
import { allOf, fieldOf, type NumberField, portProtocols } from './fields.js';
import { expressionText } from './render.js';

/** Membership in a set of concatenations, without what the keys require. */
export function concatElements(
  context: MatchContext,
  keys: readonly Expression[],
  elements: readonly Element[],
): Condition {
  const inner = within(context, keys);
  const plain = keys.map((key) => plainField(inner, key));
  const merged = new Map<
    string,
    { readonly first: (readonly [Bound, Bound])[]; readonly rest: readonly Intervals<Bound>[] }
  >();
  const conditions: Condition[] = [];
  for (const element of elements) {
    const parts = element.key.kind === 'concat' ? element.key.of : undefined;
    const values =
      parts?.length === keys.length
        ? parts.map((part, index) => plain[index] && constants(plain[index], part))
        : undefined;
    if (!values?.every((value) => value !== undefined)) {
      conditions.push(elementCondition(inner, { kind: 'concat', of: keys }, element.key));
      continue;
    }
    // Elements that differ in their first part only are one box.
    const rest = values.slice(1);
    const id = rest.map((value) => value.join(',')).join(';');
    const entry = merged.get(id) ?? { first: [], rest };
    for (let i = 0; i < values[0]!.length; i += 2) entry.first.push([values[0]![i]!, values[0]![i + 1]!]);
    merged.set(id, entry);
  }
  for (const { first, rest } of merged.values()) {
    conditions.push(
      allOf([plain[0]!.test(fromRanges(first)), ...rest.map((value, index) => plain[index + 1]!.test(value))]),
    );
  }
  return conditions.length === 1 ? conditions[0]! : { kind: 'any', of: conditions };
}

/** Whether the packet's key is this element, without what the key requires. */
export function elementCondition(context: MatchContext, key: Expression, element: Expression): Condition {
  if (element.kind === 'wildcard') return always;
  if (key.kind !== 'concat') return stripped(context, key, element);
  if (element.kind !== 'concat' || element.of.length !== key.of.length)
    return undecided(context, key, '==', element, true);
  const inner = within(context, key.of);
  return all(...key.of.map((part, index) => stripped(inner, part, element.of[index]!)));
}

function stripped(context: MatchContext, key: Expression, element: Expression): Condition {
  return element.kind === 'wildcard' ? always : isValue(context, key, element);
}

/** Beside a protocol in the same key, a port is a port. */
function within(context: MatchContext, keys: readonly Expression[]): MatchContext {
  return keys.some((key) => protocolKeys.has(expressionText(key))) ? { ...context, protocols: portProtocols } : context;
}

function plainField(context: MatchContext, key: Expression): NumberField | undefined {
  if (
    key.kind !== 'selector' ||
    key.name.startsWith('th ') ||
    key.name === 'ip6 nexthdr' ||
    /^ct (?:original|reply) /.test(key.name)
  )
    return undefined;
  const field = fieldOf(key.name, context.table, undefined);
  return field?.kind === 'number' ? field : undefined;
}

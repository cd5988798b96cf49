/** convert, actions: verdicts, marks, translation and what has no influence on the verdict. */
import type { Intervals } from '../../lib/intervals.js';
import {
  type Action,
  type AddressSet,
  always,
  type Condition,
  type Dispatch,
  type Nat,
  parseAddressSet,
  type Step,
} from '../../model/index.js';
import type { Element, Expression, NatStatement, Verdict } from './ast.js';
import { constants } from './constants.js';
import { linear } from './convert-bits.js';
import { elementCondition } from './convert-concat.js';
import { type MatchContext, requirements } from './convert-match.js';
import { family, fieldOf, type NumberField } from './fields.js';
import { expressionText, statementText, verdictText } from './render.js';
import { elementsOf, unknown } from './sets.js';

/** What the surroundings of a rule know: where its jumps lead. */
export interface ActionContext extends MatchContext {
  /** The list of a chain of the same table, if there is such a chain. */
  listOf(chain: string): string | undefined;
  /** Makes a list of the rules of `jump { … }`. */
  blockOf(verdict: Extract<Verdict, { kind: 'jumpBlock' | 'gotoBlock' }>): string;
}

export function opaque(text: string, unrecognized = false): Action {
  return { kind: 'opaque', unknown: unknown(text, { unrecognized }) };
}

export function verdictActions(context: ActionContext, verdict: Verdict): readonly Action[] {
  switch (verdict.kind) {
    case 'accept':
    case 'drop':
    case 'return':
      return [{ kind: verdict.kind }];
    case 'continue':
      return [];
    case 'queue':
      return [{ kind: 'queue', bypass: /\bbypass\b/.test(verdict.text), text: verdict.text }];
    case 'jump':
    case 'goto': {
      const list = context.listOf(verdict.chain);
      return [
        list === undefined ? opaque(`${verdictText(verdict)} (no such chain)`, true) : { kind: verdict.kind, list },
      ];
    }
    case 'jumpBlock':
    case 'gotoBlock':
      return [{ kind: verdict.kind === 'jumpBlock' ? 'jump' : 'goto', list: context.blockOf(verdict) }];
  }
}

/** How many residues a counter or hash can have for which the map is still taken for complete. */
const residuesMax = 4096;

/**
 * The cases of a map over its elements. What the key requires stands in a step before them. A counter or hash whose
 * every residue has a case takes one of them for certain: the last case holds when no other does.
 */
function casesOf(
  context: ActionContext,
  key: Expression,
  data: Expression,
  actionsOf: (element: Element) => readonly Action[] | undefined,
): readonly Step[] | undefined {
  const elements = elementsOf(data, context.sets);
  if (!elements) return undefined;
  const cases: { condition: Condition; actions: readonly Action[] }[] = [];
  const last: typeof cases = [];
  for (const element of elements) {
    const actions = actionsOf(element);
    if (!actions || element.statements.some((statement) => statement.kind === 'meter')) return undefined;
    const entry = { condition: elementCondition(context, key, element.key), actions };
    (element.key.kind === 'wildcard' ? last : cases).push(entry);
  }
  const modulus = key.kind === 'selector' ? key.modulus : undefined;
  if (modulus !== undefined && last.length === 0 && covers(elements, modulus))
    cases.push({ ...cases.pop()!, condition: always });
  const dispatch: Dispatch = { kind: 'dispatch', cases: [...cases, ...last] };
  const conditions = requirements(context, key);
  return [...conditions.map((condition): Step => ({ kind: 'match', condition })), dispatch];
}

function covers(elements: readonly Element[], modulus: number): boolean {
  if (modulus > residuesMax) return false;
  const field: NumberField = {
    kind: 'number',
    last: modulus - 1,
    value: (text) => (/^\d{1,9}$/.test(text) ? Number(text) : undefined),
    test: () => always,
  };
  const seen = new Set<number>();
  for (const { key } of elements) {
    const values = constants(field, key) as Intervals | undefined;
    if (!values) return false;
    for (let i = 0; i < values.length; i += 2)
      for (let value = values[i]!; value <= values[i + 1]!; value++) seen.add(value);
  }
  return seen.size === modulus;
}

export function verdictMap(context: ActionContext, key: Expression, data: Expression): readonly Step[] {
  const found = casesOf(context, key, data, (element) =>
    element.verdict ? verdictActions(context, element.verdict) : undefined,
  );
  if (found) return found;
  const missing = data.kind === 'setReference' && !context.sets.find(data.name);
  return [opaque(statementText({ kind: 'vmap', key, data }, context.sets.contentOf), missing)];
}

const harmless =
  /^(?:meta (?:priority|nftrace|pkttype|secmark|broute)|ct (?:original |reply )?(?:helper|zone|label|event|secmark|timeout|expectation)|ip (?:dscp|ttl|ecn|id|checksum)|ip6 (?:dscp|ecn|hoplimit|flowlabel)|(?:tcp|udp|udplite|sctp|icmp|icmpv6) checksum|tcp option .*|tcp window|vlan .*|ether .*)$/;

export function mangle(context: ActionContext, key: Expression, value: Expression): readonly Step[] {
  const text = statementText({ kind: 'mangle', key, value }, context.sets.contentOf);
  if (key.kind !== 'selector') return [opaque(text)];
  if (key.name !== 'meta mark' && key.name !== 'ct mark')
    return [harmless.test(key.name) ? { kind: 'sideEffect', text } : opaque(text)];
  const { name } = key;
  if (value.kind !== 'map') {
    const actions = setMark(name, value);
    return actions ? [...reads(context, value), ...actions] : [opaque(text)];
  }
  return casesOf(context, value.key, value.data, ({ value: mark }) => mark && setMark(name, mark)) ?? [opaque(text)];
}

/** A rule that reads the mark of a connection ends where there is no connection (nft_ct_get_eval). */
function reads(context: ActionContext, value: Expression): readonly Step[] {
  if (!/\bct mark\b/.test(expressionText(value))) return [];
  const tracked = requirements(context, { kind: 'selector', name: 'ct mark' });
  return tracked.map((condition): Step => ({ kind: 'match', condition }));
}

/** An assignment to a mark: bits that stay, bits of the other mark, bits that are turned. */
function setMark(target: 'meta mark' | 'ct mark', value: Expression): readonly Action[] | undefined {
  const form = linear(value);
  if (!form) return undefined;
  const own = target === 'meta mark' ? form.mark : form.connection;
  const other = target === 'meta mark' ? form.connection : form.mark;
  const kind = target === 'meta mark' ? 'setMark' : 'setConnectionMark';
  if (other === 0) return [{ kind, and: own, xor: form.xor }];
  const copy: Action =
    target === 'meta mark'
      ? { kind: 'restoreMark', connectionMask: other, markMask: ~own >>> 0 }
      : { kind: 'saveMark', connectionMask: ~own >>> 0, markMask: other };
  return form.xor === 0 ? [copy] : [copy, { kind, and: 0xffff_ffff, xor: form.xor }];
}

export function translate(context: ActionContext, statement: NatStatement): readonly Step[] {
  const text = statementText(statement, context.sets.contentOf);
  const guard: Step[] = [];
  // nft_nat acts only on packets of its own family (nft_nat_inet_eval).
  if (statement.family && context.table === 'inet')
    guard.push({ kind: 'match', condition: family(statement.family === 'ip6' ? 'ip6' : 'ip4') });
  const { address, port } = statement;
  const fail = [...guard, opaque(text)];
  if (address?.kind === 'map' && port?.kind === 'map') {
    const joined = joinMaps(context, address, port);
    return joined ? translate(context, { ...withoutPort(statement), address: joined }) : fail;
  }
  const map = address?.kind === 'map' ? address : port?.kind === 'map' ? port : undefined;
  if (!map) {
    const action = natAction(statement, address, port);
    return action ? [...guard, action] : fail;
  }
  const found = casesOf(context, map.key, map.data, (element) => {
    if (!element.value) return undefined;
    const action =
      address === map ? mapped(statement, element.value, port) : natAction(statement, address, element.value);
    return action ? [oneByOne(action, map.key, element.key)] : undefined;
  });
  return found ? [...guard, ...found] : fail;
}

function withoutPort({ port: _, ...rest }: NatStatement): NatStatement {
  return rest;
}

type MapLookup = Extract<Expression, { kind: 'map' }>;

/** `dnat to KEY map { … } : KEY map { … }` with one key: each element gives an address from the one and a port from the other. */
function joinMaps(context: ActionContext, addresses: MapLookup, ports: MapLookup): MapLookup | undefined {
  const [left, right] = [elementsOf(addresses.data, context.sets), elementsOf(ports.data, context.sets)];
  if (!left || !right || expressionText(addresses.key) !== expressionText(ports.key)) return undefined;
  const portOf = new Map(right.map(({ key, value }) => [expressionText(key), value]));
  const elements: Element[] = [];
  for (const { key, value, statements } of left) {
    const port = portOf.get(expressionText(key));
    // A key that only one of the maps has could still lie inside an interval of the other.
    if (!value || !port || left.length !== right.length) return undefined;
    elements.push({ key, value: { kind: 'concat', of: [value, port] }, statements });
  }
  return { kind: 'map', key: addresses.key, data: { kind: 'set', elements } };
}

/** A map of translations gives an address, or an address and a port together. */
function mapped(statement: NatStatement, to: Expression, port: Expression | undefined): Nat | undefined {
  if (to.kind !== 'concat') return natAction(statement, to, port);
  return to.of.length === 2 && !port ? natAction(statement, to.of[0], to.of[1]) : undefined;
}

/** A prefix that is looked up by the address it replaces, and replaced by one as large, becomes it host by host. */
function oneByOne(action: Nat, key: Expression, element: Expression): Nat {
  const { to, translate: side } = action;
  const asked = side === 'destination' ? /^ip6? daddr$/ : /^ip6? saddr$/;
  if (to === undefined || to === 'device' || !to.prefix || key.kind !== 'selector' || !asked.test(key.name))
    return action;
  const of = addressesOf(element);
  const bounds = ({ ip4, ip6 }: AddressSet): bigint[] => [...ip4, ...ip6].map(BigInt);
  const [from, into] = [of && bounds(of), bounds(to.addresses)];
  const same = from?.length === 2 && into.length === 2 && from[1]! - from[0]! === into[1]! - into[0]!;
  return of && same ? { ...action, to: { ...to, of } } : action;
}

const portField = fieldOf('tcp dport', 'inet', undefined) as NumberField;

function natAction(
  statement: NatStatement,
  address: Expression | undefined,
  port: Expression | undefined,
): Nat | undefined {
  const translateWhat = statement.operation === 'dnat' || statement.operation === 'redirect' ? 'destination' : 'source';
  const ports = port && (constants(portField, port) as Intervals | undefined);
  if (port && !ports) return undefined;
  const own = statement.operation === 'redirect' || statement.operation === 'masquerade';
  const addresses = address && addressesOf(address);
  if (address && !addresses) return undefined;
  return {
    kind: 'nat',
    translate: translateWhat,
    ...(own
      ? { to: 'device' as const }
      : addresses
        ? { to: { addresses, ...(statement.prefix && { prefix: true }) } }
        : {}),
    ...(ports && { ports }),
  };
}

function addressesOf(expression: Expression): AddressSet | undefined {
  if (expression.kind !== 'value' && expression.kind !== 'range' && expression.kind !== 'prefix') return undefined;
  return parseAddressSet(expressionText(expression));
}

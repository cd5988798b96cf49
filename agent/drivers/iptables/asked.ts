import { type Intervals, intersection } from '../../lib/intervals.js';
import { recollection } from '../../lib/memo.js';
import type { Action, Condition, Family, Step, Unknown } from '../../model/index.js';
import type { Asked, Extension, Lead, OptionUse, RuleParts, Tail } from './extract.js';
import { coreCondition, type MatchContext, matchCondition } from './matches.js';
import { optionText, unknownsOf } from './unknowns.js';

/** Rules of the same words share their steps: what is worked out of them is worked out once. */
export function stepsOf(asked: Asked, actions: readonly Action[]): readonly Step[] {
  if (!asked.match) return actions;
  if (asked.actions !== actions || asked.steps === undefined) {
    asked.actions = actions;
    asked.steps = [asked.match, ...actions];
  }
  return asked.steps;
}

/** The same words ask the same, except of sets, whose members change, and of what answers anew in each place. */
export function askedBy(parts: RuleParts, context: MatchContext): Asked {
  const { family } = context;
  const known = parts[family];
  if (known !== undefined) return known;
  const tail = askedByTail(parts.tail, context);
  if (parts.leads.length === 0) return tail;
  const conditions: Condition[] = [];
  for (const lead of parts.leads) addFlat(askedByLead(lead, family), conditions);
  const unknowns = unknownsOf(conditions);
  for (const condition of tail.conditions) conditions.push(condition);
  const asked = askedFor(
    conditions,
    unknowns.length === 0 ? tail.unknowns : [...unknowns, ...tail.unknowns],
    tail.lasting,
  );
  if (asked.lasting) parts[family] = asked;
  return asked;
}

function askedByTail(tail: Tail, context: MatchContext): Asked {
  const { family } = context;
  const known = tail[family];
  if (known !== undefined) return known;
  const conditions = tailCondition(tail, context);
  const unknowns = unknownsOf(conditions);
  const lasting = unknowns.every(({ stateful }) => !stateful) && tail.matches.every(({ name }) => name !== 'set');
  const asked = askedFor(conditions, unknowns, lasting);
  if (lasting) tail[family] = asked;
  return asked;
}

function askedFor(conditions: readonly Condition[], unknowns: readonly Unknown[], lasting: boolean): Asked {
  const match = conditions.length > 0 ? ({ kind: 'match', condition: joined(conditions) } as const) : undefined;
  return { conditions, match, unknowns, lasting, actions: undefined, steps: undefined };
}

function joined(parts: readonly Condition[]): Condition {
  return parts.length === 1 ? parts[0]! : { kind: 'all', of: parts };
}

/** A lead has nothing that changes, and answers the same wherever it stands. */
function askedByLead(lead: Lead, family: Family): Condition {
  let condition = lead[family];
  if (condition === undefined) {
    condition = readCore(useOf(lead), family);
    lead[family] = condition;
  }
  return condition;
}

export function useOf({ name, inverted, value }: Lead): OptionUse {
  return { name, inverted, values: [value], known: true };
}

/** The conjunction of everything that a tail asks, flat, its tests of the protocol put together. */
function tailCondition(tail: Tail, context: MatchContext): readonly Condition[] {
  const { family } = context;
  const flat: Condition[] = [];
  for (const option of tail.core) {
    if (option.name !== 'ipv4' && option.name !== 'ipv6') addFlat(coreOf(option, family), flat);
  }
  for (const match of tail.matches) addFlat(matchOf(match, context), flat);
  let protocols: Intervals | undefined;
  let first = -1;
  let last = -1;
  for (let at = 0; at < flat.length; at += 1) {
    const part = flat[at]!;
    if (part.kind !== 'protocol') continue;
    protocols = protocols ? intersection(protocols, part.protocols) : part.protocols;
    if (first < 0) first = at;
    last = at;
  }
  if (first === last) return flat;
  return flat.flatMap((part, index): readonly Condition[] =>
    part.kind !== 'protocol' ? [part] : index === first ? [{ kind: 'protocol', protocols: protocols! }] : [],
  );
}

function addFlat(condition: Condition, flat: Condition[]): void {
  if (condition.kind === 'all') for (const part of condition.of) addFlat(part, flat);
  else flat.push(condition);
}

/** Rules ask for the same few states, protocols, ports and networks again and again. */
const PIECES_MAX = 16_384;
const knownPieces = recollection<Condition>(PIECES_MAX);

function coreOf(option: OptionUse, family: Family): Condition {
  const { name, inverted, values } = option;
  const key = `${family} ${inverted ? '!' : ''}${name} ${values.join(' ')}`;
  let condition = knownPieces.get(key);
  if (condition === undefined) {
    condition = readCore(option, family);
    knownPieces.set(key, condition);
  }
  return condition;
}

function readCore(option: OptionUse, family: Family): Condition {
  const condition = coreCondition(option, family);
  if (condition) return condition;
  const text = optionText(option);
  return { kind: 'unknown', id: `iptables ${text}`, text, unrecognized: true };
}

/** What a set holds changes, and what answers anew each time is another condition in each place. */
function matchOf(match: Extension, context: MatchContext): Condition {
  if (match.name === 'set' || !match.known) return matchCondition(match, context);
  let key = `${context.family}\n${match.name}`;
  for (const { name, inverted, values, known } of match.options) {
    key += `\n${known ? '' : '?'}${inverted ? '!' : ''}${name}`;
    for (const value of values) key += `\n ${value}`;
  }
  const known = knownPieces.get(key);
  if (known !== undefined) return known;
  const condition = matchCondition(match, context);
  if (unknownsOf([condition]).every(({ stateful }) => !stateful)) knownPieces.set(key, condition);
  return condition;
}

/** convert, one rule: its statements in order become steps. */
import { type Intervals, intersection } from '../../lib/intervals.js';
import {
  type Action,
  all,
  any,
  type Condition,
  type LineState,
  type Rule,
  type Step,
  type Unknown,
} from '../../model/index.js';
import type { RuleDeclaration, Statement } from './ast.js';
import { type ActionContext, mangle, opaque, translate, verdictActions, verdictMap } from './convert-action.js';
import { compare, EVERY_PROTOCOL } from './convert-match.js';
import { family, protocol } from './fields.js';
import { isJoined } from './joined.js';
import { elementText, expressionText, statementText } from './render.js';
import { unknown } from './sets.js';

export interface ConvertedRule {
  readonly steps: Rule['steps'];
  readonly state: LineState;
  readonly reason?: string;
  readonly understood: 'exact' | 'bounded' | 'unread';
  /** An iptables extension stood in it, whose parameters are not in the text. */
  readonly extension: boolean;
}

export interface Surroundings extends Omit<ActionContext, 'protocols' | 'notes' | 'proved'> {
  readonly asking: Asking;
  /** The tests of this table's rules that were understood before, as a chain sees them. */
  readonly tests: Tests;
}

/** Whether anything was asked that is not in the words themselves: what a set holds, which chains there are. */
export interface Asking {
  asked: boolean;
}

export type Tests = Map<Statement, Test>;

interface Test {
  /** Those that the tests before it left. */
  readonly protocols: Intervals;
  readonly proved: boolean;
  readonly step: Step;
  readonly asked: boolean;
}

/** The same, so that it is noted when they are asked. */
export function noting(asking: Asking, { sets, listOf }: Pick<ActionContext, 'sets' | 'listOf'>) {
  const noted =
    <A extends readonly unknown[], R>(ask: (...args: A) => R) =>
    (...args: A): R => {
      asking.asked = true;
      return ask(...args);
    };
  return {
    sets: {
      find: noted(sets.find),
      isDynamic: noted(sets.isDynamic),
      contentOf: noted(sets.contentOf),
      objectText: noted(sets.objectText),
    },
    listOf: noted(listOf),
  };
}

/** Of rules that say the same in themselves: rules of the same line share their statements (see known-lines.ts). */
const known = new WeakMap<RuleDeclaration['statements'], Map<string, ConvertedRule>>();

export function convertRule(surroundings: Surroundings, rule: RuleDeclaration): ConvertedRule {
  const { table, frames } = surroundings;
  const sense = `${table}${frames ? ` ${frames.of} ${frames.side}` : ''}${rule.proved ? ' proved' : ''}`;
  const before = known.get(rule.statements);
  const again = before?.get(sense);
  if (again) return again;
  surroundings.asking.asked = false;
  const converted = convertAnew(surroundings, rule);
  // A condition that answers anew each time is another one in each rule: it is known by its very object.
  if (!surroundings.asking.asked && !unknownsOf(converted.steps).some(({ stateful }) => stateful)) {
    known.set(rule.statements, (before ?? new Map<string, ConvertedRule>()).set(sense, converted));
  }
  return converted;
}

function convertAnew(surroundings: Surroundings, rule: RuleDeclaration): ConvertedRule {
  const notes: string[] = [];
  const steps: Step[] = [];
  let protocols: Intervals = EVERY_PROTOCOL;
  for (const [index, statement] of rule.statements.entries()) {
    const before = rule.statements[index - 1];
    const last = steps.at(-1);
    let found = converting(surroundings, statement, { protocols, notes, proved: rule.proved === true });
    const [step] = found;
    if (!rule.proved && before && isJoined(before, statement) && last?.kind === 'match' && step?.kind === 'match') {
      steps.pop();
      found = [{ kind: 'match', condition: perhapsJoined(last.condition, step.condition, statementText(statement)) }];
    }
    for (const step of found) if (step.kind === 'match') protocols = narrowed(protocols, step.condition);
    steps.push(...found);
  }
  const extension = rule.statements.some((statement) => statement.kind === 'xt');
  return { steps, extension, ...judge(steps, notes) };
}

/** A test of the same words, behind tests that leave the same protocols, is the same within one table. */
function converting(
  surroundings: Surroundings,
  statement: Statement,
  own: Pick<ActionContext, 'protocols' | 'notes' | 'proved'>,
): readonly Step[] {
  const { asking, tests } = surroundings;
  const { protocols, notes, proved } = own;
  if (statement.kind !== 'match') return convertStatement({ ...surroundings, ...own }, statement);
  const known = tests.get(statement);
  if (known && known.proved === proved && isEqual(known.protocols, protocols)) {
    if (known.asked) asking.asked = true;
    return [known.step];
  }
  const askedBefore = asking.asked;
  const notesBefore = notes.length;
  asking.asked = false;
  const found = convertStatement({ ...surroundings, ...own }, statement);
  const { asked } = asking;
  asking.asked = askedBefore || asked;
  const [step] = found;
  // What answers anew each time is another condition in each rule, and a note belongs to its rule.
  if (step && notes.length === notesBefore && !unknownsOf(found).some(({ stateful }) => stateful))
    tests.set(statement, { protocols, proved, step, asked });
  return found;
}

function isEqual(one: Intervals, other: Intervals): boolean {
  return one === other || (one.length === other.length && one.every((bound, index) => bound === other[index]));
}

/**
 * nft 1.0.6 makes one comparison of `udp sport != 2222 udp dport != 8080`, which holds unless both are as said, and prints
 * it as the two of which neither may be; others load two. Which of both is in the kernel its listing does not tell.
 */
function perhapsJoined(one: Condition, other: Condition, text: string): Condition {
  const joined = unknown(`nft made one comparison of this and the one before: ${text}`);
  return any(all(one, other), all(any(one, other), joined));
}

/** The protocols that are left when the condition holds, as far as that is plain. */
function narrowed(protocols: Intervals, condition: Condition): Intervals {
  if (condition.kind === 'protocol') return intersection(protocols, condition.protocols);
  return condition.kind === 'all' ? condition.of.reduce(narrowed, protocols) : protocols;
}

function unknownsOf(steps: readonly Step[]): readonly Unknown[] {
  const found: Unknown[] = [];
  const conditions = (condition: Condition): void => {
    if (condition.kind === 'unknown') found.push(condition);
    else if (condition.kind === 'all' || condition.kind === 'any') for (const inner of condition.of) conditions(inner);
    else if (condition.kind === 'not') conditions(condition.of);
  };
  const action = (one: Action): void => {
    if (one.kind === 'opaque') found.push(one.unknown);
  };
  for (const step of steps) {
    if (step.kind === 'match') conditions(step.condition);
    else if (step.kind === 'dispatch') {
      for (const { condition, actions } of step.cases) {
        conditions(condition);
        actions.forEach(action);
      }
    } else action(step);
  }
  return found;
}

function judge(steps: readonly Step[], notes: readonly string[]): Omit<ConvertedRule, 'steps' | 'extension'> {
  const found = unknownsOf(steps);
  const actions = steps.flatMap((step) =>
    step.kind === 'dispatch' ? step.cases.flatMap((one) => one.actions) : step.kind === 'match' ? [] : [step],
  );
  const undecidedAction = actions.find((action) => action.kind === 'opaque')?.unknown;
  const lost = found.find((one) => one.unrecognized);
  if (lost) return { state: 'unrecognized', reason: `not understood: ${lost.text}`, understood: 'unread' };
  if (undecidedAction)
    return { state: 'unmodelled', reason: `not modelled: ${undecidedAction.text}`, understood: 'bounded' };
  if (found.length > 0)
    return { state: 'approximated', reason: `not decided by a packet: ${found[0]!.text}`, understood: 'bounded' };
  if (notes.length > 0) return { state: 'approximated', reason: notes[0]!, understood: 'bounded' };
  return { state: 'modelled', understood: 'exact' };
}

/** iptables targets that touch neither the verdict nor anything a later rule of the model asks. */
const harmlessTargets = new Set([
  ...[
    'AUDIT',
    'CHECKSUM',
    'CLASSIFY',
    'CONNSECMARK',
    'DSCP',
    'ECN',
    'HL',
    'IDLETIMER',
    'LED',
    'LOG',
    'NFLOG',
    'RATEEST',
  ],
  ...['SECMARK', 'SET', 'TCPMSS', 'TCPOPTSTRIP', 'TOS', 'TRACE', 'TTL', 'ULOG'],
]);

function convertStatement(context: ActionContext, statement: Statement): readonly Step[] {
  const match = (condition: Condition): Step => ({ kind: 'match', condition });
  switch (statement.kind) {
    case 'match':
      return [match(compare(context, statement.left, statement.operator, statement.right))];
    case 'vmap':
      return verdictMap(context, statement.key, statement.data);
    case 'verdict': {
      const actions = verdictActions(context, statement.verdict);
      return actions.length > 0 ? actions : [{ kind: 'sideEffect', text: statement.verdict.kind }];
    }
    case 'reject':
      return reject(context, statement.answer);
    case 'mangle':
      return mangle(context, statement.key, statement.value);
    case 'nat':
      return translate(context, statement);
    case 'notrack':
      return [{ kind: 'notrack' }];
    case 'setUpdate':
      return setUpdate(statement);
    case 'meter':
      return [match(meter(context, statement))];
    case 'sideEffect':
      if (/^dup /.test(statement.text))
        context.notes.push('copies of packets are sent elsewhere, which is not modelled');
      return [{ kind: 'sideEffect', text: statement.text }];
    case 'opaque':
      return [opaque(statement.text)];
    case 'xt':
      if (statement.what === 'match') return [match(unknown(`xt match ${statement.name}`, { stateful: true }))];
      return [
        harmlessTargets.has(statement.name)
          ? { kind: 'sideEffect', text: `xt target ${statement.name}` }
          : { kind: 'opaque', unknown: unknown(`xt target ${statement.name}`, { stateful: true }) },
      ];
    case 'unrecognized':
      return [opaque(statement.text, true)];
  }
}

/** What nft answers with when the rule does not say: a port unreachable of the packet's family. */
function reject(context: ActionContext, answer: string | undefined): readonly Step[] {
  const usual = context.table === 'ip' ? 'icmp' : context.table === 'ip6' ? 'icmpv6' : 'icmpx';
  const said = answer ?? `${usual} port-unreachable`;
  const steps: Step[] = [{ kind: 'reject', answer: said }];
  // nft puts these dependencies in front of the statement by itself.
  if (said.startsWith('tcp ')) steps.unshift({ kind: 'match', condition: protocol(6) });
  const ofBoth = context.table !== 'ip' && context.table !== 'ip6';
  if (ofBoth && said.startsWith('icmp ')) steps.unshift({ kind: 'match', condition: family('ip4') });
  if (ofBoth && said.startsWith('icmpv6 ')) steps.unshift({ kind: 'match', condition: family('ip6') });
  return steps;
}

function setUpdate(statement: Extract<Statement, { kind: 'setUpdate' }>): readonly Step[] {
  const { operation, set, element } = statement;
  const text = `${operation} @${set} { ${elementText(element)} }`;
  const limits = element.statements.filter((inner) => inner.kind === 'meter');
  const steps: Step[] = [{ kind: 'sideEffect', text }];
  // A limit in the update decides whether the rule goes on.
  if (limits.length > 0) {
    const described = `${expressionText(element.key)} ${limits.map((limit) => statementText(limit)).join(' ')}`;
    steps.push({ kind: 'match', condition: unknown(described, { stateful: true }) });
  }
  return steps;
}

function meter(context: ActionContext, statement: Extract<Statement, { kind: 'meter' }>): Unknown {
  const { object, text } = statement;
  if (!object) return unknown(text, { stateful: true });
  const name = object.name.kind === 'value' ? object.name.text : undefined;
  const content = name === undefined ? undefined : context.sets.objectText(object.kind, name);
  if (content !== undefined) return unknown(content, { stateful: true });
  const described = `${object.kind} name ${expressionText(object.name, context.sets.contentOf)}`;
  return unknown(described, { stateful: true, unrecognized: name !== undefined });
}

import type { Bound } from '../lib/intervals.js';
import type {
  BaseList,
  ConnectionState,
  Direction,
  Family,
  Nat,
  Origin,
  Pipeline,
  Rule,
  RuleList,
} from '../model/index.js';
import { type Env, marked, translationOf, untracked } from './env.js';
import { evaluate, goesIn } from './evaluate.js';
import { pathOf } from './path.js';
import { ruleIndexOf } from './rule-index.js';
import type { PacketField } from './universe.js';
import { forwardingIsOff, startEnv } from './walk.js';

/**
 * One packet through the rules, step by step: a second, independent reading of the model. It checks what the packet
 * sets say, names the rules met on the way, and answers a fully given packet without building any set.
 */
export interface TracedPacket {
  readonly family: Family;
  readonly state: ConnectionState;
  /** Absent: not given. Interfaces are names. */
  readonly fields: Readonly<Partial<Record<Exclude<PacketField, 'inInterface' | 'outInterface' | 'state'>, Bound>>>;
  readonly inInterface?: string;
  readonly outInterface?: string;
  /** What unknown conditions answer, by id; absent: not given. */
  readonly predicates?: ReadonlyMap<string, boolean>;
}

export interface TraceStep {
  readonly list: string;
  readonly rule: Origin;
  /**
   * What the rule did, in the words of nftables' own trace: `accept`, `drop`, `jump X`, `continue`, `policy drop`; or
   * `undecided`, where what it asks for is not known, and the trace ends.
   */
  readonly did: string;
  readonly model?: Rule;
  readonly base?: BaseList;
}

export interface Trace {
  /** `undecided`: a field or condition that was not given bears on it. */
  readonly verdict: 'allow' | 'deny' | 'no-match' | 'undecided';
  readonly steps: readonly TraceStep[];
  readonly env: Env;
  readonly answer?: string;
}

type Ending =
  | { readonly kind: 'accept' | 'drop' | 'return' | 'end'; readonly env: Env; readonly answer?: string }
  | { readonly kind: 'undecided'; readonly env: Env };

export interface TraceOptions {
  readonly pipeline: Pipeline;
  readonly direction: Direction;
  readonly packet: TracedPacket;
}

export function tracePacket(options: TraceOptions): Trace {
  const { pipeline, direction, packet } = options;
  const steps: TraceStep[] = [];
  let env: Env = startEnv(packet.state === 'new');
  if (direction === 'forward' && pipeline.forwarding?.[packet.family] === false) {
    const text = forwardingIsOff(packet.family);
    steps.push({ list: 'routing', rule: { file: '', line: 0, rule: 'routing', text }, did: 'drop' });
    return { verdict: 'deny', steps, env };
  }
  let routed = direction === 'output';
  /** The verdict on a packet that its translation sends another way than was asked about. */
  const elsewhere = (): Trace | undefined => {
    if (env.destination?.addresses === undefined) return undefined;
    const inside = goesIn(options, env);
    if (inside === undefined) return { verdict: 'undecided', steps, env };
    if (inside === (direction === 'input')) return undefined;
    const text = inside ? 'translated to the device itself' : 'translated to another host and forwarded';
    steps.push({ list: 'routing', rule: { file: '', line: 0, rule: 'routing', text }, did: 'drop' });
    return { verdict: 'deny', steps, env };
  };
  for (const base of pathOf(pipeline, direction, packet.family)) {
    if (!routed && base.hook !== 'prerouting') {
      routed = true;
      const answer = elsewhere();
      if (answer) return answer;
    }
    if (base.type === 'nat') {
      const side = base.hook === 'prerouting' || base.hook === 'output' ? 'destination' : 'source';
      if (packet.state !== 'new' || env.state === 'untracked' || env[side] !== undefined) continue;
    }
    const hidden =
      base.hook === 'prerouting' || base.hook === 'input'
        ? 'outInterface'
        : direction === 'output'
          ? 'inInterface'
          : undefined;
    const early =
      (base.hook === 'prerouting' || base.hook === 'output') && base.priority <= -200 && env.state === undefined;
    const at: Env = { ...env, ...(hidden ? { hidden } : {}), ...(early ? { state: 'invalid' as const } : {}) };
    const ending = traceList(options, base.list, at, steps, 0);
    const { hidden: _, state, ...rest } = ending.env;
    env = { ...rest, ...(state !== undefined && !(early && state === 'invalid') ? { state } : {}) };
    if (ending.kind === 'undecided') return { verdict: 'undecided', steps, env };
    if (ending.kind === 'drop')
      return { verdict: 'deny', steps, env, ...(ending.answer ? { answer: ending.answer } : {}) };
    if (ending.kind === 'accept') continue;
    steps.push({ list: base.list, rule: base.policyOrigin, did: `policy ${base.policy}`, base });
    if (base.policy === 'drop') return { verdict: 'deny', steps, env };
  }
  return (routed ? undefined : elsewhere()) ?? { verdict: 'allow', steps, env };
}

/** One list by itself; a base list falls back to its policy, any other to its own end, a deny or `no-match`. */
export function traceOneList(options: TraceOptions, listId: string): Trace {
  const { pipeline } = options;
  const steps: TraceStep[] = [];
  const base = pipeline.bases.find((candidate) => candidate.list === listId);
  const early = base && (base.hook === 'prerouting' || base.hook === 'output') && base.priority <= -200;
  const hidden = base?.hook === 'input' ? 'outInterface' : undefined;
  const ending = traceList(
    options,
    listId,
    {
      ...startEnv(options.packet.state === 'new'),
      ...(hidden ? { hidden } : {}),
      ...(early ? { state: 'invalid' as const } : {}),
    },
    steps,
    0,
  );
  const env = ending.env;
  if (ending.kind === 'undecided') return { verdict: 'undecided', steps, env };
  if (ending.kind === 'accept') return { verdict: 'allow', steps, env };
  if (ending.kind === 'drop')
    return { verdict: 'deny', steps, env, ...(ending.answer ? { answer: ending.answer } : {}) };
  if (!base) return { verdict: listOf(pipeline, listId)?.endsInDeny ? 'deny' : 'no-match', steps, env };
  steps.push({ list: base.list, rule: base.policyOrigin, did: `policy ${base.policy}`, base });
  return { verdict: base.policy === 'accept' ? 'allow' : 'deny', steps, env };
}

const listIndexes = new WeakMap<Pipeline, ReadonlyMap<string, RuleList>>();

function listOf(pipeline: Pipeline, id: string): RuleList | undefined {
  let index = listIndexes.get(pipeline);
  if (!index) {
    index = new Map(pipeline.lists.map((list) => [list.id, list]));
    listIndexes.set(pipeline, index);
  }
  return index.get(id);
}

function traceList(options: TraceOptions, listId: string, entry: Env, steps: TraceStep[], depth: number): Ending {
  if (depth > 256) return { kind: 'undecided', env: entry };
  const list = listOf(options.pipeline, listId);
  let ending: Ending = { kind: 'end', env: entry };
  if (!list) return ending;
  const meet = (rule: Rule): boolean => {
    if (!rule.disabled) ending = traceSteps(options, listId, rule, rule.steps, ending.env, steps, depth);
    return ending.kind !== 'end';
  };
  const index = ruleIndexOf(list, options.packet.family);
  // A translation ends the list, so what the index is asked by stays as it is on the way through.
  if (index) index.visit(options.packet, entry, (place) => meet(list.rules[place]!));
  else list.rules.some(meet);
  return ending;
}

function traceSteps(
  options: TraceOptions,
  list: string,
  rule: Rule,
  ruleSteps: Rule['steps'],
  entry: Env,
  steps: TraceStep[],
  depth: number,
): Ending {
  let env = entry;
  const note = (did: string): void => {
    steps.push({ list, rule: rule.origin, did, model: rule });
  };
  const undecided = (): Ending => {
    note('undecided');
    return { kind: 'undecided', env };
  };
  for (const [index, step] of ruleSteps.entries()) {
    switch (step.kind) {
      case 'match': {
        const holds = evaluate(options, step.condition, env);
        if (holds === undefined && !onlyTells(options.pipeline, ruleSteps.slice(index + 1))) return undecided();
        if (!holds) return { kind: 'end', env };
        continue;
      }
      case 'dispatch': {
        for (const branch of step.cases) {
          const holds = evaluate(options, branch.condition, env);
          if (holds === undefined) return undecided();
          if (!holds) continue;
          const rest = [...branch.actions, ...ruleSteps.slice(index + 1)];
          return traceSteps(options, list, rule, rest, env, steps, depth);
        }
        return { kind: 'end', env };
      }
      case 'jump':
      case 'goto': {
        note(`${step.kind} ${step.list}`);
        const ending = traceList(options, step.list, env, steps, depth + 1);
        if (ending.kind !== 'return' && ending.kind !== 'end') return ending;
        return { kind: step.kind === 'goto' ? 'return' : 'end', env: ending.env };
      }
      case 'accept':
      case 'drop':
      case 'return':
        note(step.kind);
        return { kind: step.kind, env };
      case 'reject':
        note(`reject ${step.answer}`.trimEnd());
        return { kind: 'drop', env, answer: step.answer };
      case 'nat':
        note(natWords(step));
        return {
          kind: 'accept',
          env: options.packet.state === 'new' ? { ...env, [step.translate]: translationOf(step) } : env,
        };
      case 'queue': {
        const accepts = options.packet.predicates?.get(`queue accepts ${step.text}`);
        if (accepts === undefined) return undecided();
        note('queue');
        return { kind: accepts ? 'accept' : 'drop', env };
      }
      case 'opaque': {
        const decides = options.packet.predicates?.get(`decides ${step.unknown.id}`);
        if (decides === undefined) return undecided();
        if (!decides) continue;
        const accepts = options.packet.predicates?.get(`accepts ${step.unknown.id}`);
        if (accepts === undefined) return undecided();
        note(step.unknown.text);
        return { kind: accepts ? 'accept' : 'drop', env };
      }
      case 'notrack':
        env = untracked(env, options.packet.state);
        continue;
      case 'setMark':
      case 'setConnectionMark':
      case 'restoreMark':
      case 'saveMark':
        env = marked(step, env, options.packet.state);
        continue;
      case 'sideEffect':
        continue;
    }
  }
  if (env !== entry) note('continue');
  return { kind: 'end', env };
}

/** By pipeline: a list that stays the same object may call one that does not. */
const tellers = new WeakMap<Pipeline, Map<string, boolean>>();

/** Whether steps do nothing to a packet, as where a limit is on what is logged: then it is all one whether they are taken. */
function onlyTells(pipeline: Pipeline, steps: Rule['steps'], depth = 0): boolean {
  const known = tellers.get(pipeline) ?? new Map<string, boolean>();
  tellers.set(pipeline, known);
  const told = (id: string): boolean => {
    const list = listOf(pipeline, id);
    if (!list || depth > 16) return false;
    const before = known.get(id);
    if (before !== undefined) return before;
    const answer = list.rules.every((rule) => rule.disabled || onlyTells(pipeline, rule.steps, depth + 1));
    if (depth === 0) known.set(id, answer);
    return answer;
  };
  return steps.every(
    ({ kind, ...rest }) =>
      kind === 'match' ||
      kind === 'sideEffect' ||
      (kind === 'return' && depth > 0) ||
      (kind === 'jump' && 'list' in rest && told(rest.list)),
  );
}

export function natWords(nat: Nat): string {
  if (nat.to === 'device') return nat.translate === 'destination' ? 'redirect' : 'masquerade';
  return nat.translate === 'destination' ? 'dnat' : 'snat';
}

import { assert } from '../lib/assert.js';
import type { Direction, Dispatch, Family, Nat, Pipeline, Rule, RuleList } from '../model/index.js';
import type { Diagram, Kernel } from '../packets/index.js';
import type { Compiler } from './compile.js';
import { type Env, envKey, marked, type Translation, translationOf, untracked } from './env.js';
import { createHooks } from './hooks.js';
import { type Decider, type Outcome, outcomeLabels } from './outcomes.js';
import { pathOf } from './path.js';
import { createSender } from './send.js';
import { opaquePredicates, queuePredicate } from './universe.js';

export type { Decider, Outcome } from './outcomes.js';

export interface WalkOptions {
  readonly pipeline: Pipeline;
  readonly direction: Direction;
  readonly compiler: Compiler;
  /** Only packets in here are followed; all others end labelled 0. */
  readonly region: Diagram;
  /**
   * Send the packets of the region down the lists (send.ts), which tells apart the rules of a long list for few packets;
   * left out, each list becomes a function of all packets of the region, made once, which is less to do where its rules
   * are few or not told apart.
   */
  readonly sends?: boolean;
  /** So many nodes a rule make the function of a list wide, so that packets are sent to its halves (send.ts). */
  readonly wideNodes?: number;
  /** Tell apart the outcomes of different rules. */
  readonly withDeciders: boolean;
  /** The state that makes translation happen; others keep what their connection has. */
  readonly translates: boolean;
  /** Leaves out rules that cannot touch the region. */
  readonly relevant?: (rule: Rule) => boolean;
}

export interface Walk {
  /** The outcome of every packet of the region, as labels. */
  readonly diagram: Diagram;
  outcome(label: number): Outcome;
  /** Whose header this translation changes. */
  translated(destination: Translation): Diagram;
}

/** Only a new connection's mark is known: earlier packets may have set that of any other. */
export function startEnv(isNew: boolean): Env {
  return { mark: 0, connectionMark: isNew ? 0 : undefined };
}

/** Jumps may not nest deeper than this; the kernel refuses more than 16 (NFT_JUMP_STACK_SIZE), iptables allows more. */
const DEPTH_MAX = 256;

/** About what it costs to send some packets down to one rule. */
const WIDE_NODES = 64;

export function forwardingIsOff(family: Family): string {
  return `${family === 'ip4' ? 'IPv4' : 'IPv6'} forwarding is off`;
}

/** Follows all packets of a region through the device at once. */
export function walkDevice(options: WalkOptions): Walk {
  const walker = createWalker(options);
  const family = options.compiler.universe.family;
  const { kernel } = options.compiler;
  const start = walker.intern(startEnv(options.translates));
  if (options.direction === 'forward' && options.pipeline.forwarding?.[family] === false) {
    const text = forwardingIsOff(family);
    return walker.finish(
      kernel.paint(options.region, walker.label({ kind: 'deny', env: start, by: { kind: 'routing', text } })),
    );
  }
  let diagram = kernel.paint(options.region, walker.label({ kind: 'accept', env: start }));
  let routed = options.direction === 'output';
  for (const base of pathOf(options.pipeline, options.direction, family)) {
    if (!routed && base.hook !== 'prerouting') {
      routed = true;
      diagram = walker.route(diagram);
    }
    diagram = walker.callBase(diagram, base);
  }
  return walker.finish(routed ? diagram : walker.route(diagram));
}

/** Follows a region through one list and everything it calls; packets that fall off a user list end labelled 0. */
export function walkList(options: WalkOptions, listId: string): Walk {
  const walker = createWalker(options);
  const base = options.pipeline.bases.find((candidate) => candidate.list === listId);
  const { kernel } = options.compiler;
  if (base) {
    const entry = kernel.paint(
      options.region,
      walker.label({ kind: 'accept', env: walker.intern(startEnv(options.translates)) }),
    );
    return walker.finish(walker.callBase(entry, base, { alone: true }));
  }
  const diagram = walker.runList(listId, 0, walker.intern(startEnv(options.translates)), 0);
  const verdicts = kernel.map(diagram, (label) => {
    if (label === 0) return 0;
    const { kind } = walker.outcome(label);
    return kind === 'accept' || kind === 'deny' ? label : 0;
  });
  return walker.finish(verdicts);
}

function createWalker(options: WalkOptions) {
  const { compiler, pipeline } = options;
  const kernel: Kernel = compiler.kernel;
  const lists = new Map(pipeline.lists.map((list) => [list.id, list]));
  const { intern, label, outcome } = outcomeLabels();
  const runs = new Map<string, Diagram>();

  const decider = (list: RuleList, index: number): Decider | undefined =>
    options.withDeciders ? { kind: 'rule', list: list.id, index, rule: list.rules[index]! } : undefined;

  const isLeftOut = (rule: Rule): boolean => rule.disabled === true || options.relevant?.(rule) === false;

  const listOf = (id: string, depth: number): RuleList => {
    const list = lists.get(id);
    assert(list, `a rule calls the list ${id}, which the model does not have`);
    assert(depth < DEPTH_MAX, `the lists call each other in a circle at ${id}`);
    return list;
  };

  /** A diagram whose every packet in `region` carries this outcome. */
  const ends = (region: Diagram, result: Outcome): Diagram => kernel.paint(region, label(result));

  const translate = (nat: Nat, env: Env): Env => intern({ ...env, [nat.translate]: translationOf(nat) });

  /** Carries out the steps from `step` on for the packets in `region`. What is left undecided with `env` as at the rule's start is labelled 0. */
  const runSteps = (
    list: RuleList,
    index: number,
    steps: readonly Rule['steps'][number][],
    region: Diagram,
    entry: Env,
    depth: number,
  ): Diagram => {
    const pieces: Diagram[] = [];
    let here = region;
    let env = entry;
    const ruleEnds = (set: Diagram): void => {
      if (env !== entry && !kernel.isEmpty(set)) pieces.push(ends(set, { kind: 'next', env }));
    };
    for (const [place, step] of steps.entries()) {
      if (kernel.isEmpty(here)) break;
      switch (step.kind) {
        case 'match': {
          const guard = compiler.condition(step.condition, env);
          // Of a packet that is as it was nothing is said; for a wide region it would cost more than the rule.
          if (env !== entry) ruleEnds(kernel.minus(here, guard));
          here = kernel.and(here, guard);
          continue;
        }
        case 'dispatch': {
          const { pieces: chosen, rest } = runDispatch(
            list,
            index,
            [step, ...steps.slice(place + 1)],
            here,
            env,
            depth,
          );
          pieces.push(...chosen);
          ruleEnds(rest);
          here = kernel.none;
          continue;
        }
        case 'accept':
        case 'drop':
        case 'reject': {
          const by = decider(list, index);
          const because = by ? { by } : {};
          pieces.push(
            step.kind === 'accept'
              ? ends(here, { kind: 'accept', env, ...because })
              : ends(here, {
                  kind: 'deny',
                  env,
                  ...because,
                  ...(step.kind === 'reject' ? { answer: step.answer } : {}),
                }),
          );
          here = kernel.none;
          continue;
        }
        case 'return':
          pieces.push(ends(here, { kind: 'return', env }));
          here = kernel.none;
          continue;
        case 'jump':
        case 'goto': {
          const called = call(step.list, env, depth + 1, here);
          pieces.push(
            kernel.map(called, (number) => {
              if (number === 0) return 0;
              const result = outcome(number);
              if (result.kind !== 'return') return number;
              if (step.kind === 'goto') return label(result);
              return result.env === entry ? 0 : label({ kind: 'next', env: result.env });
            }),
          );
          if (step.kind === 'goto' || env !== entry) {
            const decided = kernel.where(called, (number) => number !== 0);
            const undecided = kernel.minus(here, decided);
            if (step.kind === 'goto') pieces.push(ends(undecided, { kind: 'return', env }));
            else ruleEnds(undecided);
          }
          here = kernel.none;
          continue;
        }
        case 'nat': {
          if (!options.translates) {
            pieces.push(ends(here, { kind: 'accept', env }));
          } else {
            pieces.push(ends(here, { kind: 'accept', env: translate(step, env) }));
          }
          here = kernel.none;
          continue;
        }
        case 'notrack':
          env = intern(untracked(env, compiler.state));
          continue;
        case 'setMark':
        case 'setConnectionMark':
        case 'restoreMark':
        case 'saveMark':
          env = intern(marked(step, env, compiler.state));
          continue;
        case 'queue': {
          const by = decider(list, index);
          const accepts = compiler.predicate(queuePredicate(step.text));
          pieces.push(ends(kernel.and(here, accepts), { kind: 'accept', env, ...(by ? { by } : {}) }));
          pieces.push(ends(kernel.minus(here, accepts), { kind: 'deny', env, ...(by ? { by } : {}) }));
          here = kernel.none;
          continue;
        }
        case 'opaque': {
          const by = decider(list, index);
          const predicates = opaquePredicates(step.unknown);
          const decides = compiler.predicate(predicates.decides);
          const accepts = compiler.predicate(predicates.accepts);
          const decided = kernel.and(here, decides);
          pieces.push(ends(kernel.and(decided, accepts), { kind: 'accept', env, ...(by ? { by } : {}) }));
          pieces.push(ends(kernel.minus(decided, accepts), { kind: 'deny', env, ...(by ? { by } : {}) }));
          here = kernel.minus(here, decides);
          continue;
        }
        case 'sideEffect':
          continue;
      }
    }
    ruleEnds(here);
    return kernel.fold(pieces);
  };

  /** The case that holds is carried out, and then what follows in the rule. */
  const runDispatch = (
    list: RuleList,
    index: number,
    [step, ...after]: readonly [Dispatch, ...Rule['steps']],
    region: Diagram,
    env: Env,
    depth: number,
  ) => {
    const pieces: Diagram[] = [];
    let rest = region;
    let ended = kernel.none;
    for (const branch of step.cases) {
      if (kernel.isEmpty(rest)) break;
      const guard = kernel.and(rest, compiler.condition(branch.condition, env));
      if (kernel.isEmpty(guard)) continue;
      const piece = runSteps(list, index, [...branch.actions, ...after], guard, env, depth);
      pieces.push(piece);
      ended = kernel.or(
        ended,
        kernel.minus(
          guard,
          kernel.where(piece, (number) => number !== 0),
        ),
      );
      rest = kernel.minus(rest, guard);
    }
    return { pieces, rest: kernel.or(rest, ended) };
  };

  /**
   * The function of a list from rule `from` on for packets that come with `env`: verdicts, `return` with a changed
   * environment, and 0 where it ends with nothing decided and nothing changed. Rules that leave the packet alone are
   * folded as a balanced tree; one that marks it splits the list for the marked packets only.
   */
  function runList(listId: string, from: number, env: Env, depth: number): Diagram {
    const key = `${listId}\n${from}\n${envKey(env)}`;
    const known = runs.get(key);
    if (known !== undefined) return known;
    const list = listOf(listId, depth);
    const parts: Diagram[] = [];
    for (let index = from; index < list.rules.length; index++) {
      const rule = list.rules[index]!;
      if (isLeftOut(rule)) continue;
      const result = runSteps(list, index, rule.steps, options.region, env, depth);
      if (result === kernel.none) continue;
      const changed = kernel.labels(result).some((number) => number > 1 && outcome(number).kind === 'next');
      parts.push(
        !changed
          ? result
          : kernel.bind(result, (number) => {
              const ended = outcome(number);
              if (ended.kind !== 'next') return kernel.constant(number);
              const rest = runList(listId, index + 1, ended.env, depth);
              return kernel.override(rest, kernel.constant(label({ kind: 'return', env: ended.env })));
            }),
      );
    }
    const diagram = kernel.fold(parts);
    runs.set(key, diagram);
    return diagram;
  }

  const send = createSender({
    compiler,
    wideNodes: options.wideNodes ?? WIDE_NODES,
    isLeftOut,
    list: listOf,
    label,
    outcome,
    runRule: (list, index, packets, env, depth) => runSteps(list, index, list.rules[index]!.steps, packets, env, depth),
  });

  /** What a list does to these packets. */
  function call(list: string, env: Env, depth: number, packets: Diagram): Diagram {
    return options.sends
      ? send(list, { here: packets, env, depth })
      : kernel.keep(runList(list, 0, env, depth), packets);
  }

  const hooks = createHooks({
    options,
    intern,
    label,
    outcome,
    runList: (list, env, packets) =>
      options.sends ? send(list, { here: packets(), env, depth: 0 }) : runList(list, 0, env, 0),
  });

  return {
    intern,
    label,
    outcome,
    runList,
    callBase: hooks.callBase,
    route: hooks.route,
    finish: (diagram: Diagram): Walk => ({
      diagram: kernel.keep(diagram, options.region),
      outcome,
      translated: (destination) => compiler.translated('destination', destination),
    }),
  };
}

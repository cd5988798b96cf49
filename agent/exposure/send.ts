import type { Rule, RuleList } from '../model/index.js';
import type { Diagram } from '../packets/index.js';
import type { Compiler } from './compile.js';
import type { Env } from './env.js';
import type { Outcome } from './walk.js';

/** What sending packets down lists needs of the walk through rules. */
export interface SendWalk {
  readonly compiler: Compiler;
  /** A function that takes more nodes a rule is wide. */
  readonly wideNodes: number;
  isLeftOut(rule: Rule): boolean;
  list(id: string, depth: number): RuleList;
  label(outcome: Outcome): number;
  outcome(label: number): Outcome;
  /** What one rule does to packets that come to it; 0 where it leaves them undecided and as they were. */
  runRule(list: RuleList, index: number, packets: Diagram, env: Env, depth: number): Diagram;
}

/** One half of a half … of a list. `number`: as in a heap, 1 is the whole list. */
interface Part {
  readonly list: RuleList;
  readonly from: number;
  readonly to: number;
  readonly number: number;
}

interface Packets {
  readonly here: Diagram;
  readonly env: Env;
  readonly depth: number;
}

/**
 * Sends some packets down a list together. To each half of it go those that one of its rules touches, and to the second
 * half only what the first did not decide: so no rule is put together with packets that never come to it. Which of ten
 * thousand rules decides costs little to say of a few packets, while the function of a list that tells its rules apart
 * for all packets may fit into no diagram.
 */
export function createSender({ compiler, wideNodes, isLeftOut, list: listOf, label, outcome, runRule }: SendWalk) {
  const { kernel } = compiler;
  const touches = remembered<Diagram>();
  const functions = remembered<Diagram | 'wide'>();

  /** Every packet that one of the rules may touch, and perhaps more. */
  function touched(part: Part, env: Env, depth: number): Diagram {
    return touches(part, env, () => {
      if (part.to - part.from === 1) return touchedBy(part.list.rules[part.from]!, env, depth);
      const [one, other] = halves(part);
      return kernel.or(touched(one, env, depth), touched(other, env, depth));
    });
  }

  function touchedBy(rule: Rule, env: Env, depth: number): Diagram {
    if (isLeftOut(rule)) return kernel.none;
    let packets = kernel.all;
    for (const step of rule.steps) {
      if (step.kind === 'sideEffect') continue;
      if (step.kind === 'jump') {
        const called = whole(listOf(step.list, depth + 1));
        return called ? kernel.and(packets, touched(called, env, depth + 1)) : kernel.none;
      }
      if (step.kind !== 'match') return packets;
      packets = kernel.and(packets, compiler.condition(step.condition, env));
    }
    // A rule that only asks does nothing.
    return kernel.none;
  }

  /** What the rules do to all packets; `wide` where to say that takes more than to send some down to each. */
  function functionOf(part: Part, env: Env, depth: number): Diagram | 'wide' {
    return functions(part, env, () => {
      if (part.to - part.from === 1) return functionOfRule(part, env, depth);
      const [one, other] = halves(part).map((half) => functionOf(half, env, depth));
      if (one === 'wide' || other === 'wide') return 'wide';
      const before = kernel.size();
      const both = kernel.override(one!, other!);
      return kernel.size() - before > wideNodes * (part.to - part.from) ? 'wide' : both;
    });
  }

  function functionOfRule({ list, from }: Part, env: Env, depth: number): Diagram | 'wide' {
    const rule = list.rules[from]!;
    if (isLeftOut(rule)) return kernel.none;
    for (const step of rule.steps) {
      if (step.kind === 'dispatch') return 'wide';
      if (step.kind !== 'jump' && step.kind !== 'goto') continue;
      const called = whole(listOf(step.list, depth + 1));
      if (called && functionOf(called, env, depth + 1) === 'wide') return 'wide';
    }
    const result = runRule(list, from, kernel.all, env, depth);
    return changesSome(result) ? 'wide' : result;
  }

  function changesSome(result: Diagram): boolean {
    return kernel.labels(result).some((number) => number > 1 && outcome(number).kind === 'next');
  }

  /** From rule `start` on; the others have been passed already. */
  function sendTo(part: Part, start: number, { here, env, depth }: Packets): Diagram {
    if (part.to <= start) return kernel.none;
    const met = kernel.and(here, touched(part, env, depth));
    if (kernel.isEmpty(met)) return kernel.none;
    const known = start <= part.from ? functionOf(part, env, depth) : 'wide';
    if (known !== 'wide') return kernel.keep(known, met);
    if (part.to - part.from === 1) return sendToRule(part, { here: met, env, depth });
    const [one, other] = halves(part);
    const first = sendTo(one, start, { here: met, env, depth });
    const left = kernel.minus(
      met,
      kernel.where(first, (number) => number !== 0),
    );
    return kernel.override(first, sendTo(other, start, { here: left, env, depth }));
  }

  /** Packets that the rule has changed go on behind it as what they are now. */
  function sendToRule({ list, from }: Part, packets: Packets): Diagram {
    const { here, env, depth } = packets;
    const result = runRule(list, from, here, env, depth);
    if (!changesSome(result)) return result;
    return kernel.bind(result, (number) => {
      const ended = outcome(number);
      if (ended.kind !== 'next') return kernel.constant(number);
      const changed = kernel.where(result, (one) => one === number);
      const rest = sendTo(whole(list)!, from + 1, { here: changed, env: ended.env, depth });
      return kernel.override(rest, kernel.constant(label({ kind: 'return', env: ended.env })));
    });
  }

  return (id: string, packets: Packets): Diagram => {
    const all = whole(listOf(id, packets.depth));
    return all ? sendTo(all, 0, packets) : kernel.none;
  };
}

/** Of each part of a list and each environment. */
function remembered<T>() {
  const known = new Map<RuleList, Map<Env, (T | undefined)[]>>();
  return ({ list, number }: Part, env: Env, make: () => T): T => {
    const byEnv = known.get(list) ?? new Map<Env, (T | undefined)[]>();
    known.set(list, byEnv);
    const parts = byEnv.get(env) ?? [];
    byEnv.set(env, parts);
    let found = parts[number];
    if (found === undefined) {
      found = make();
      parts[number] = found;
    }
    return found;
  };
}

function whole(list: RuleList): Part | undefined {
  return list.rules.length === 0 ? undefined : { list, from: 0, to: list.rules.length, number: 1 };
}

function halves({ list, from, to, number }: Part): readonly [Part, Part] {
  const middle = (from + to) >> 1;
  return [
    { list, from, to: middle, number: number * 2 },
    { list, from: middle, to, number: number * 2 + 1 },
  ];
}

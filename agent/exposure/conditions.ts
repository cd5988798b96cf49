import type { Diagram, Kernel } from '../packets/index.js';
import { contentText } from './identity.js';
import { packetFields, type Universe } from './universe.js';

interface Doubtful {
  /** Whatever passes, by whichever rule. */
  readonly whole: Diagram;
  readonly part: Diagram;
  /** The packets that other rules may let through besides. */
  readonly others: Diagram;
}

/** What must hold besides: of packets that another rule may let through as well it is told apart. */
export function conditionsIn(kernel: Kernel, universe: Universe, { whole, part, others }: Doubtful): readonly string[] {
  const sets = [kernel.minus(part, others), kernel.and(part, others)].filter((set) => !kernel.isEmpty(set));
  const told = sets.map((set) => conditionsOf(kernel, universe, kernel.and(whole, set)));
  const [first = [], rest] = told;
  if (!rest || contentText(first) === contentText(rest)) return first;
  return [`for some of it ${bracketed(first)} and for the rest ${bracketed(rest)}`];
}

function bracketed(conditions: readonly string[]): string {
  const [only = '', ...more] = conditions;
  return more.length === 0 && only.startsWith('(') ? only : `(${conditions.join(' and ')})`;
}

/** A condition in the sense in which it lets more through. */
interface Answer {
  readonly text: string;
  readonly field: number;
  readonly holds: Diagram;
}

/**
 * What must hold besides, whichever rule lets it through then: every one of these. Where not each must (a packet's type is one or another, or some packets
 * pass in any case), one of these says how the others decide.
 */
function conditionsOf(kernel: Kernel, universe: Universe, set: Diagram): readonly string[] {
  const asked = kernel.fields(set);
  const answers = universe.predicates.flatMap(({ text }, index): readonly Answer[] => {
    const field = packetFields.length + index;
    if (!asked.has(field)) return [];
    const [yes, no] = ([1, 0] as const).map((truth) => kernel.test(field, [truth, truth])) as [Diagram, Diagram];
    const where = (holds: Diagram): Diagram => kernel.exists(kernel.and(set, holds), field);
    const fails = kernel.isSubset(where(yes), where(no));
    return [fails ? { text: `not (${text})`, field, holds: no } : { text, field, holds: yes }];
  });
  const needed = answers.filter(({ holds }) => kernel.isSubset(set, holds));
  const others = answers.filter((answer) => !needed.includes(answer));
  const texts = needed.map(({ text }) => text);
  if (others.length === 0) return texts;
  // What passes whatever they answer is not what they decide.
  const free = others.reduce((packets, { field }) => kernel.forall(packets, field), set);
  const rest = kernel.minus(set, free);
  const any = kernel.fold(others.map(({ holds }) => holds));
  const each = others.every(({ holds }) => kernel.isSubset(rest, holds));
  const how = each ? ' and ' : kernel.isSubset(rest, any) ? ' or ' : undefined;
  const together = others.map(({ text }) => text).join(how ?? '; ');
  const some = kernel.isEmpty(free) ? '' : 'for some of it ';
  return [...texts, `${some}(${how ? together : `as these decide together: ${together}`})`];
}

/**
 * Ports below interfaces: a rule on frames asks by which port one came. Where it was read how the interfaces stand on
 * each other, most packets answer that by the interface they have.
 */
import {
  type Action,
  all,
  type Condition,
  type DeviceInterface,
  type FramePorts,
  never,
  type Rule,
  type RuleList,
  type Step,
} from '../model/index.js';

/** The lists with what is known of ports put in the place of what is not; a list that asks for none is kept as it is. */
export function withPorts(lists: readonly RuleList[], interfaces: readonly DeviceInterface[]): readonly RuleList[] {
  const known = new Map(interfaces.map((one) => [one.name, one]));
  /** With everything that stands on these, on what stands on them, and so on. */
  const withAbove = (names: readonly string[]): ReadonlySet<string> => {
    const found = new Set(names);
    for (const name of found) for (const one of interfaces) if (one.on.includes(name)) found.add(one.name);
    return found;
  };

  /** The interfaces that a packet may have whose frame came or goes by one of these ports; undefined: not known. */
  const interfacesOver = ({ of, names }: FramePorts): readonly string[] | undefined => {
    if (names.some((name) => !known.has(name))) return undefined;
    if (of === 'device') return [...withAbove(names)].filter((name) => !names.includes(name)).sort();
    const bridges = interfaces.filter(
      ({ kind, on }) => kind === 'bridge' && (names.length === 0 || on.some((port) => names.includes(port))),
    );
    return [...withAbove(bridges.map(({ name }) => name))].sort();
  };

  const inCondition = (condition: Condition): Condition => {
    switch (condition.kind) {
      case 'all':
      case 'any':
        return { ...condition, of: condition.of.map(inCondition) };
      case 'not':
        return { ...condition, of: inCondition(condition.of) };
      case 'unknown': {
        const names = condition.frame && interfacesOver(condition.frame);
        if (!names) return condition;
        if (names.length === 0) return never;
        const kind = condition.frame.side === 'in' ? 'inInterface' : 'outInterface';
        return all({ kind, names }, condition);
      }
      default:
        return condition;
    }
  };

  const inStep = (step: Step): Step => {
    if (step.kind === 'match') return { ...step, condition: inCondition(step.condition) };
    if (step.kind !== 'dispatch') return step;
    const cases = step.cases.map((one) => ({ condition: inCondition(one.condition), actions: one.actions }));
    return { ...step, cases };
  };
  return lists.map((list) => {
    const rules = list.rules.map((rule): Rule => (asksPorts(rule) ? { ...rule, steps: rule.steps.map(inStep) } : rule));
    return rules.some((rule, index) => rule !== list.rules[index]) ? { ...list, rules } : list;
  });
}

function asksPorts({ steps }: Rule): boolean {
  const inCondition = (condition: Condition): boolean => {
    if (condition.kind === 'all' || condition.kind === 'any') return condition.of.some(inCondition);
    if (condition.kind === 'not') return inCondition(condition.of);
    return condition.kind === 'unknown' && condition.frame !== undefined;
  };
  return steps.some((step: Step | Action) =>
    step.kind === 'match'
      ? inCondition(step.condition)
      : step.kind === 'dispatch' && step.cases.some(({ condition }) => inCondition(condition)),
  );
}

import { type AskedPacket, ask, type Verdict } from '../exposure/index.js';
import {
  type Application,
  all,
  any,
  type Condition,
  type Pipeline,
  type Rule,
  type RuleList,
  type Step,
} from '../model/index.js';

/** An answer, with what was taken for granted to give it. */
export interface Assumed {
  readonly verdict: Verdict;
  readonly assuming: readonly string[];
}

type Decided = ReadonlyMap<string, boolean>;

/** The condition with some of its unknowns known. */
function settle(condition: Condition, decided: Decided): Condition {
  switch (condition.kind) {
    case 'unknown': {
      const is = decided.get(condition.id);
      return is === undefined ? condition : is ? all() : any();
    }
    case 'all':
    case 'any':
      return { kind: condition.kind, of: condition.of.map((part) => settle(part, decided)) };
    case 'not':
      return { kind: 'not', of: settle(condition.of, decided) };
    default:
      return condition;
  }
}

function settleStep(step: Step, decided: Decided): Step {
  return step.kind === 'match' ? { kind: 'match', condition: settle(step.condition, decided) } : step;
}

const settled = new WeakMap<Pipeline, Map<string, Pipeline>>();

/** Cached, because a file of questions asks about few applications. */
function settlePipeline(pipeline: Pipeline, decided: Decided): Pipeline {
  const known = settled.get(pipeline) ?? new Map<string, Pipeline>();
  settled.set(pipeline, known);
  const key = JSON.stringify([...decided]);
  const found = known.get(key);
  if (found) return found;
  const fresh: Pipeline = {
    ...pipeline,
    lists: pipeline.lists.map((list) => ({
      ...list,
      rules: list.rules.map((rule) => ({ ...rule, steps: rule.steps.map((step) => settleStep(step, decided)) })),
    })),
  };
  known.set(key, fresh);
  return fresh;
}

/** Whether a packet is on these ports of an application, as far as the question says. */
function isOn(
  ports: Condition | undefined,
  { name }: Application,
  pipeline: Pipeline,
  packet: AskedPacket,
): Verdict['verdict'] {
  if (!ports) return 'no-match';
  const origin = { file: '', line: 0, rule: name, text: name };
  const rule: Rule = { origin, steps: [{ kind: 'match', condition: ports }, { kind: 'accept' }] };
  const list: RuleList = { id: `ports of ${name}`, rules: [rule], families: ['ip4', 'ip6'], origin };
  return ask({ ...pipeline, lists: [list], bases: [] }, packet, list).verdict;
}

/**
 * Asks a device whose rules know applications. With `app` the packet is of that one and no other. Without it, a packet
 * on the default ports of an application is that application; where it is on those of several, the one that the port
 * is best known by. Where that does not let it through, a packet on a port that a rule names for an application it
 * lets through is that application. One whose ports we do not know is taken not to be meant, unless it alone could let
 * the packet pass: then both answers are possible.
 */
export function askApplications(
  pipeline: Pipeline,
  packet: AskedPacket,
  list: RuleList | undefined,
  app: string | undefined,
): Assumed {
  const { applications = [] } = pipeline;
  const askWith = (decided: Decided): Verdict => {
    const known = settlePipeline(pipeline, decided);
    return ask(known, packet, list && (known.lists.find(({ id }) => id === list.id) ?? list));
  };
  if (applications.length === 0) return { verdict: ask(pipeline, packet, list), assuming: [] };
  if (app !== undefined)
    return { verdict: askWith(new Map(applications.map(({ id, name }) => [id, name === app]))), assuming: [] };
  const places = applications.map((one) => ({ one, verdict: isOn(one.defaults, one, pipeline, packet) }));
  const taken = places.find(({ verdict }) => verdict === 'allow')?.one;
  const open = taken ? [] : places.filter(({ verdict }) => verdict === 'maybe').map(({ one }) => one);
  const closed = new Map(
    applications.filter((one) => !open.includes(one)).map(({ id, name }) => [id, name === taken?.name]),
  );
  const verdict = askWith(closed);
  const assuming = taken
    ? [`the application is ${taken.name}, on whose default ports the packet is`]
    : open.length > 0
      ? []
      : ['the application is none of those that rules name'];
  if (verdict.verdict === 'deny' && !taken) {
    for (const one of applications) {
      if (isOn(one.named, one, pipeline, packet) !== 'allow') continue;
      const as = askWith(new Map(applications.map(({ id }) => [id, id === one.id])));
      if (as.verdict !== 'allow') continue;
      return { verdict: as, assuming: [`the application is ${one.name}, which a rule lets through on this port`] };
    }
  }
  const strangers = taken ? [] : applications.filter(({ unplaced }) => unplaced);
  if (verdict.verdict !== 'deny' || strangers.length === 0) return { verdict, assuming };
  const wider = askWith(new Map([...closed].filter(([id]) => !strangers.some((one) => one.id === id))));
  return wider.verdict === 'deny' ? { verdict, assuming } : { verdict: wider, assuming: [] };
}

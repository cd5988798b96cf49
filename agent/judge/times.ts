import type { Condition, Device, Pipeline, Rule, RuleList, Step, TimeBounds } from '../model/index.js';

/** A device as it is at one instant of its clock. */
export interface AtTime {
  readonly device: Device;
  /** The same text as long as every bound lies on the same side of the clock. */
  readonly phases: string;
  /** The next instant at which that changes by itself, in milliseconds since 1970. */
  readonly turnsAt?: number;
}

type Phase = 'before' | 'within' | 'after' | 'open';

const bounds = new WeakMap<Device, readonly TimeBounds[]>();
const settled = new WeakMap<Device, { readonly phases: string; readonly device: Device }>();

/**
 * What bounds in time leave of a device's rules at `nowMs` by the device's own clock. What has ended never holds again.
 * A rule that permits holds between its bounds, and sleeps before them. Of every other rule the bounds stay open as
 * long as it may hold yet: one that denies would hide what is let in once it ends, and where a jump leads is not
 * looked at. The same device and phases give the same object.
 */
export function atTime(device: Device, nowMs: number): AtTime {
  const all = boundsOf(device);
  if (all.length === 0) return { device, phases: '' };
  const phases = all.map((one) => phaseOf(one, nowMs)).join();
  let known = settled.get(device);
  if (known?.phases !== phases) {
    known = { phases, device: settle(device, nowMs) };
    settled.set(device, known);
  }
  const turns = all.flatMap(turnsOf).filter((at) => at > nowMs);
  return { device: known.device, phases, ...(turns.length > 0 && { turnsAt: Math.min(...turns) }) };
}

function phaseOf({ fromMs, untilMs, zoneMs = 0, asksMore }: TimeBounds, nowMs: number): Phase {
  if (untilMs !== undefined && nowMs >= untilMs + zoneMs) return 'after';
  if (fromMs !== undefined && nowMs < fromMs - zoneMs) return 'before';
  const hasBegun = fromMs === undefined || nowMs >= fromMs + zoneMs;
  const lasts = untilMs === undefined || nowMs < untilMs - zoneMs;
  return hasBegun && lasts && !asksMore ? 'within' : 'open';
}

function turnsOf({ fromMs, untilMs, zoneMs = 0 }: TimeBounds): readonly number[] {
  return [fromMs, untilMs].flatMap((at) => (at === undefined ? [] : [at - zoneMs, at + zoneMs]));
}

function boundsOf(device: Device): readonly TimeBounds[] {
  let known = bounds.get(device);
  if (!known) {
    const found: TimeBounds[] = [];
    for (const { pipeline } of [device, ...(device.later ?? [])]) {
      for (const { rules } of pipeline.lists) for (const rule of rules) noteRule(rule, found);
    }
    known = found;
    bounds.set(device, known);
  }
  return known;
}

function boundsOfRule(rule: Rule): readonly TimeBounds[] {
  const found: TimeBounds[] = [];
  noteRule(rule, found);
  return found;
}

/** All rules of each reading are looked through, and hardly one has bounds: nothing is made for the others. */
function noteRule({ steps }: Rule, found: TimeBounds[]): void {
  for (const step of steps) if (step.kind === 'match') note(step.condition, found);
}

/** Of what must hold: within a negation or a choice, bounds that have passed may be what lets a packet through. */
function note(condition: Condition, found: TimeBounds[]): void {
  if (condition.kind === 'all') for (const part of condition.of) note(part, found);
  else if (condition.kind === 'unknown' && condition.times) found.push(condition.times);
}

function settle(device: Device, nowMs: number): Device {
  const inPipeline = (pipeline: Pipeline): Pipeline => ({
    ...pipeline,
    lists: pipeline.lists.map((list): RuleList => {
      if (list.rules.every((rule) => boundsOfRule(rule).length === 0)) return list;
      return { ...list, rules: list.rules.map((rule) => settledRule(rule, nowMs)) };
    }),
  });
  const later = device.later?.map((state) => ({ ...state, pipeline: inPipeline(state.pipeline) }));
  return { ...device, pipeline: inPipeline(device.pipeline), ...(later && { later }) };
}

function settledRule(rule: Rule, nowMs: number): Rule {
  const times = boundsOfRule(rule);
  if (times.length === 0 || rule.disabled) return rule;
  const phases = times.map((one) => phaseOf(one, nowMs));
  const deed = deedOf(rule);
  const steps = stepsWith(rule, (one) => {
    const phase = phaseOf(one, nowMs);
    if (phase === 'after' || (phase === 'before' && deed !== 'other')) return false;
    return phase === 'within' && deed === 'permits' ? true : undefined;
  });
  if (deed !== 'permits' || !phases.includes('before') || phases.includes('after')) return { ...rule, steps };
  const once = stepsWith(rule, (one) => (phaseOf(one, nowMs) === 'open' || one.asksMore ? undefined : true));
  return {
    ...rule,
    steps,
    asleep: { written: rule, rule: { ...rule, steps: once }, returnsWhen: returnsWhen(times, nowMs) },
  };
}

/** The last of what has to begin, as it is written. */
function returnsWhen(times: readonly TimeBounds[], nowMs: number): string {
  const waiting = times.filter((one) => phaseOf(one, nowMs) === 'before');
  const last = waiting.reduce((one, other) => (other.fromMs! > one.fromMs! ? other : one));
  const text = new Date(last.fromMs!).toISOString().slice(0, 19).replace('T', ' ');
  return `at ${text} ${last.zoneMs === undefined ? 'UTC' : 'in the time zone of its listing'}, by its own clock`;
}

/** A rule that does more than to let through or to stop (it jumps, marks, translates) is another. */
function deedOf({ steps }: Rule): 'permits' | 'denies' | 'other' {
  const deeds = steps.filter(({ kind }) => kind !== 'match' && kind !== 'sideEffect');
  if (deeds.length === 0) return 'other';
  if (deeds.every(({ kind }) => kind === 'accept')) return 'permits';
  return deeds.every(({ kind }) => kind === 'drop' || kind === 'reject') ? 'denies' : 'other';
}

/** The steps with what is decided in the place of its bounds; undefined: it is not. */
function stepsWith({ steps }: Rule, decide: (times: TimeBounds) => boolean | undefined): readonly Step[] {
  const inCondition = (condition: Condition): Condition => {
    if (condition.kind === 'all') return { ...condition, of: condition.of.map(inCondition) };
    if (condition.kind !== 'unknown' || !condition.times) return condition;
    const decided = decide(condition.times);
    return decided === undefined ? condition : { kind: decided ? 'all' : 'any', of: [] };
  };
  return steps.map((step) => (step.kind === 'match' ? { ...step, condition: inCondition(step.condition) } : step));
}

import { type Bound, type Intervals, single } from '../lib/intervals.js';
import type { ConnectionState, Direction, Family, Pipeline, Rule, RuleList } from '../model/index.js';
import { type Box, createKernel } from '../packets/index.js';
import { looseBoxes, relevantTo } from './care.js';
import { compiler } from './compile.js';
import type { Env } from './env.js';
import { bitsTruth } from './evaluate.js';
import { type Trace, type TracedPacket, type TraceStep, traceOneList, tracePacket } from './trace.js';
import { fieldIndex, inUniverse, type PacketField, packetFields, type UniverseBuilder } from './universe.js';
import { type Outcome, startEnv, walkDevice, walkList } from './walk.js';

/** A packet as it is asked about: what is absent may be anything. */
export interface AskedPacket {
  /** The families it may be of: one where an address says so, else both. */
  readonly families: readonly Family[];
  readonly direction: Direction;
  readonly state: ConnectionState;
  readonly fields: TracedPacket['fields'];
  /** The type of ICMP with every code that it may have, where the question leaves the code open. */
  readonly icmpCodes?: Intervals;
  readonly inInterface?: string;
  readonly outInterface?: string;
}

export interface Verdict {
  readonly verdict: 'allow' | 'deny' | 'maybe' | 'no-match';
  /** The rules met on the way, last one deciding; empty where the given fields do not lead to one rule. */
  readonly trace?: Trace;
  /** The rules met until one asks for what is not known, which is the last of them; absent where all is known. */
  readonly way?: readonly TraceStep[];
  /** Conditions and fields that make both answers possible. */
  readonly unknowns: readonly string[];
  readonly env?: Env;
}

/** The verdict of the whole device, or of one list with everything it calls. */
export function ask(pipeline: Pipeline, packet: AskedPacket, list?: RuleList): Verdict {
  const answers = packet.families
    .filter((family) => list === undefined || list.families.includes(family))
    .map((family) => askFamily(pipeline, packet, family, list));
  const first = answers[0];
  if (first === undefined) return { verdict: 'no-match', unknowns: [] };
  if (answers.every((answer) => answer.verdict === first.verdict)) return first;
  return { verdict: 'maybe', unknowns: ['family', ...new Set(answers.flatMap((answer) => answer.unknowns))] };
}

function askFamily(pipeline: Pipeline, packet: AskedPacket, family: Family, list: RuleList | undefined): Verdict {
  const options = { pipeline, direction: packet.direction, packet: { ...packet, family } };
  const trace = list ? traceOneList(options, list.id) : tracePacket(options);
  if (trace.verdict !== 'undecided') return { verdict: trace.verdict, trace, unknowns: [], env: trace.env };
  return { ...askSets(pipeline, packet, family, list), way: trace.steps };
}

/** Follows every packet that fits the question at once: what the question leaves open is a dimension of the set. */
export function askSets(pipeline: Pipeline, packet: AskedPacket, family: Family, list: RuleList | undefined): Verdict {
  const relevant = list === undefined ? relevantRules(pipeline, packet, family) : undefined;
  const seed = (builder: UniverseBuilder): void => {
    for (const { rules } of pipeline.lists) {
      for (const rule of rules) if (!relevant || relevant.has(rule)) builder.rule(rule);
    }
    for (const [field, values] of givenFields(packet)) builder.field(field, values);
    builder.names([packet.inInterface ?? '', packet.outInterface ?? '']);
  };
  return inUniverse(family, seed, (universe) => {
    const kernel = createKernel(universe.space, {});
    const box: (Intervals<Bound> | undefined)[] = universe.space.fields.map(() => undefined);
    for (const [field, values] of givenFields(packet)) box[fieldIndex[field]] = values;
    for (const side of ['inInterface', 'outInterface'] as const) {
      const name = packet[side];
      if (name !== undefined && name !== '') box[fieldIndex[side]] = universe.interfaceIndexes([name]);
    }
    const flags = packet.fields.tcpFlags;
    const walkOptions = {
      pipeline,
      direction: packet.direction,
      compiler: compiler({
        kernel,
        universe,
        localAddresses: pipeline.localAddresses,
        broadcastAddresses: pipeline.broadcastAddresses,
        state: packet.state,
        ...(flags === undefined ? {} : { tcpFlags: Number(flags) }),
        bits: (bits, env) => bitsTruth(bits, family, packet.fields, env),
      }),
      region: kernel.box(box as Box),
      withDeciders: true,
      translates: packet.state === 'new',
      ...(relevant && { relevant: (rule: Rule) => relevant.has(rule) }),
    };
    const walk = list ? walkList(walkOptions, list.id) : walkDevice(walkOptions);
    const words = (label: number): 'allow' | 'deny' | 'no-match' => {
      if (label === 0) return list?.endsInDeny ? 'deny' : 'no-match';
      return walk.outcome(label).kind === 'accept' ? 'allow' : 'deny';
    };
    const inside = kernel.pair(walk.diagram, walkOptions.region, (label, within) =>
      within === 0 ? 0 : words(label) === 'allow' ? 1 : words(label) === 'deny' ? 2 : 3,
    );
    const verdicts = kernel.labels(inside).filter((label) => label !== 0);
    const only = verdicts.length === 1 ? verdicts[0] : undefined;
    if (only !== undefined) {
      const verdict = only === 1 ? 'allow' : only === 2 ? 'deny' : 'no-match';
      const reached = kernel.pair(walk.diagram, walkOptions.region, (label, within) => (within === 0 ? 0 : 1 + label));
      const trace = decidedBy(
        kernel
          .labels(reached)
          .filter((label) => label > 1)
          .map((label) => walk.outcome(label - 1)),
      );
      return { verdict, unknowns: [], ...(trace && { trace: { ...trace, verdict } }) };
    }
    const unknowns = universe.space.fields.flatMap((field, index) => {
      const allowed = kernel.where(inside, (label) => label === 1);
      if (kernel.exists(allowed, index) === allowed) return [];
      const predicate = universe.predicates[index - packetFields.length];
      if (predicate) return [predicate.text];
      if (packet.icmpCodes && index === fieldIndex.icmp) return ['icmpCode'];
      return box[index] === undefined ? [field.name] : [];
    });
    return { verdict: 'maybe', unknowns };
  });
}

/** The step that decides, where it is the same one whatever the question leaves open; what leads to it may not be. */
function decidedBy(outcomes: readonly Outcome[]): Omit<Trace, 'verdict'> | undefined {
  const steps = outcomes.map((outcome): TraceStep | undefined => {
    const by = 'by' in outcome ? outcome.by : undefined;
    const did = outcome.kind === 'accept' ? 'accept' : 'drop';
    if (by?.kind === 'policy')
      return { list: by.base.list, rule: by.base.policyOrigin, did: `policy ${did}`, base: by.base };
    return by?.kind === 'rule' ? { list: by.list, rule: by.rule.origin, did, model: by.rule } : undefined;
  });
  const first = steps[0];
  if (!first || steps.some((step) => step?.list !== first.list || step.rule !== first.rule)) return undefined;
  return { steps: [first], env: startEnv(true) };
}

/** The rules that packets which fit the question can meet; undefined: any of them. */
function relevantRules(pipeline: Pipeline, packet: AskedPacket, family: Family): ReadonlySet<Rule> | undefined {
  if (packet.state !== 'new') return undefined;
  const names = new Map<'inInterface' | 'outInterface', readonly string[]>();
  for (const side of ['inInterface', 'outInterface'] as const) {
    const name = packet[side];
    if (name !== undefined && name !== '') names.set(side, [name]);
  }
  return relevantTo(
    [{ fields: new Map(givenFields(packet)), names }],
    pipeline,
    looseBoxes(pipeline, packet.direction, family),
  );
}

type GivenField = keyof AskedPacket['fields'] & PacketField;

function givenFields({ fields, icmpCodes }: AskedPacket): readonly (readonly [GivenField, Intervals<Bound>])[] {
  const isGiven = (name: PacketField): name is GivenField => name in fields;
  const given = packetFields.filter(isGiven).flatMap((name) => {
    const value = fields[name];
    return value === undefined ? [] : [[name, single<Bound>(value)] as const];
  });
  return icmpCodes ? [...given, ['icmp', icmpCodes]] : given;
}

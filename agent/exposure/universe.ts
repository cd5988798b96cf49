import { InternalFault } from '../lib/assert.js';
import type { Bound, Intervals } from '../lib/intervals.js';
import {
  type Condition,
  connectionStates,
  type Family,
  LAST_IP4,
  LAST_IP6,
  NO_FRAME,
  type PacketTest,
  type Rule,
  type Unknown,
} from '../model/index.js';
import { type Field, type Space, spaceBuilder } from '../packets/index.js';

/**
 * The dimensions of a packet, outermost first. Interfaces come first because that is decisive for zone-structured
 * firewalls; the free booleans of unknown conditions come last, one field each.
 */
export const packetFields = [
  'inInterface',
  'outInterface',
  'state',
  'protocol',
  'destinationPort',
  'icmp',
  'destination',
  'source',
  'tcpFlags',
  'sourcePort',
  'sourceMac',
] as const;
export type PacketField = (typeof packetFields)[number];

export const fieldIndex: Readonly<Record<PacketField, number>> = Object.fromEntries(
  packetFields.map((name, index) => [name, index]),
) as Record<PacketField, number>;

/** A free boolean: an unknown condition that some rule asked about. */
export interface Predicate {
  readonly id: string;
  readonly text: string;
}

/** The packets of one family that one question is about, and the unknown conditions met on the way. */
export interface Universe {
  readonly family: Family;
  readonly space: Space;
  /** Interface values: index → exact name, `prefix*` for "another name that begins so", `*` for any other name. */
  readonly interfaces: readonly string[];
  readonly predicates: readonly Predicate[];
  predicateField(predicate: Predicate): number;
  /** The interface indexes that a list of names and patterns matches. */
  interfaceIndexes(names: readonly string[]): Intervals;
}

/** Whether a name, or a value of the universe (`prefix*`, `*`), is matched by a name or pattern of a rule. */
export function interfaceMatches(value: string, pattern: string): boolean {
  if (!pattern.endsWith('*')) return value === pattern;
  const prefix = pattern.slice(0, -1);
  if (prefix === '') return true;
  return value !== '*' && (value.endsWith('*') ? value.slice(0, -1) : value).startsWith(prefix);
}

export type Occurrences = ReadonlyMap<Unknown, string>;

/** The two questions that a step of unknown effect leaves open. */
export function opaquePredicates({ id, text }: Unknown): { readonly decides: Predicate; readonly accepts: Predicate } {
  return {
    decides: { id: `decides ${id}`, text: `${text} decides` },
    accepts: { id: `accepts ${id}`, text: `${text} accepts` },
  };
}

export function queuePredicate(text: string): Predicate {
  return { id: `queue accepts ${text}`, text: `the program behind ${text} accepts` };
}

/** Collects what the tests of a question mention, then builds the universe. */
export interface UniverseBuilder {
  /** `occurrences`: the names of conditions that answer anew in each place. */
  condition(condition: Condition, occurrences?: Occurrences): void;
  /** Everything that a rule asks about. */
  rule(rule: Rule, occurrences?: Occurrences): void;
  field(field: PacketField, values: Intervals<Bound>): void;
  names(names: readonly string[]): void;
  predicate(predicate: Predicate): void;
  build(): Universe;
}

/**
 * Thrown when a walk needs a bound or a predicate that the universe does not have (a translated address, a
 * condition on a mark nobody can know); the question is asked again with it. See `inUniverse`.
 */
export class NeedsMore extends Error {
  override readonly name = 'NeedsMore';
  readonly declare: (builder: UniverseBuilder) => void;
  constructor(declare: (builder: UniverseBuilder) => void) {
    super('the universe lacks a bound');
    this.declare = declare;
  }
}

export function universeBuilder(family: Family): UniverseBuilder {
  const bounds = new Map<string, { readonly field: PacketField; readonly values: Intervals<Bound> }>();
  const names = new Set<string>();
  const predicates = new Map<string, Predicate>();
  const builder: UniverseBuilder = {
    condition(condition, occurrences) {
      switch (condition.kind) {
        case 'all':
        case 'any':
          for (const part of condition.of) builder.condition(part, occurrences);
          return;
        case 'not':
          builder.condition(condition.of, occurrences);
          return;
        case 'unknown':
          builder.predicate({ id: occurrences?.get(condition) ?? condition.id, text: condition.text });
          return;
        default:
          declareTest(builder, family, condition);
      }
    },
    rule({ steps }, occurrences) {
      for (const step of steps.flatMap((one) =>
        one.kind === 'dispatch' ? one.cases.flatMap((branch) => branch.actions) : [one],
      )) {
        if (step.kind === 'match') builder.condition(step.condition, occurrences);
        else if (step.kind === 'queue') builder.predicate(queuePredicate(step.text));
        else if (step.kind === 'opaque') {
          const { decides, accepts } = opaquePredicates(step.unknown);
          builder.predicate(decides);
          builder.predicate(accepts);
        }
      }
      for (const step of steps) {
        if (step.kind === 'dispatch') for (const branch of step.cases) builder.condition(branch.condition, occurrences);
      }
    },
    field(field, values) {
      const key = `${field} ${values.join(',')}`;
      if (!bounds.has(key)) bounds.set(key, { field, values });
    },
    names(list) {
      for (const name of list) if (name !== '') names.add(name);
    },
    predicate({ id, text }) {
      if (!predicates.has(id)) predicates.set(id, { id, text });
    },
    build: () => buildUniverse(family, [...bounds.values()], [...names].sort(), [...predicates.values()]),
  };
  return builder;
}

function declareTest(builder: UniverseBuilder, family: Family, test: PacketTest): void {
  switch (test.kind) {
    case 'source':
    case 'destination':
      builder.field(test.kind, test.addresses[family] as Intervals<Bound>);
      return;
    case 'protocol':
      builder.field('protocol', test.protocols);
      return;
    case 'sourcePort':
    case 'destinationPort':
      builder.field(test.kind, test.ports);
      return;
    case 'icmp':
      builder.field('icmp', test.typeCodes);
      return;
    case 'tcpFlags':
      builder.field('tcpFlags', test.flags);
      return;
    case 'sourceMac':
      builder.field('sourceMac', test.addresses);
      return;
    case 'inInterface':
    case 'outInterface':
      builder.names(test.names);
      return;
    default:
  }
}

function buildUniverse(
  family: Family,
  bounds: readonly { readonly field: PacketField; readonly values: Intervals<Bound> }[],
  names: readonly string[],
  predicates: readonly Predicate[],
): Universe {
  const interfaces = [...names.filter((name) => name !== '*'), '*'];
  const lastAddress: Bound = family === 'ip4' ? LAST_IP4 : LAST_IP6;
  const last: Record<PacketField, Bound> = {
    inInterface: interfaces.length - 1,
    outInterface: interfaces.length - 1,
    state: connectionStates.length - 1,
    protocol: 255,
    destinationPort: 65535,
    icmp: 65535,
    destination: lastAddress,
    source: lastAddress,
    tcpFlags: 255,
    sourcePort: 65535,
    sourceMac: NO_FRAME,
  };
  const fields: Field[] = [
    ...packetFields.map((name) => ({ name, last: last[name] })),
    ...predicates.map((predicate) => ({ name: predicate.id, last: 1 })),
  ];
  const builder = spaceBuilder(fields);
  for (const { field, values } of bounds) builder.declare(fieldIndex[field], values);
  for (let index = 0; index < interfaces.length; index++) {
    builder.declare(fieldIndex.inInterface, [index, index]);
    builder.declare(fieldIndex.outInterface, [index, index]);
  }
  for (let index = 0; index < connectionStates.length; index++) builder.declare(fieldIndex.state, [index, index]);
  predicates.forEach((_, index) => {
    builder.declare(packetFields.length + index, [1, 1]);
  });
  const predicateFields = new Map(predicates.map(({ id }, index) => [id, packetFields.length + index]));
  return {
    family,
    space: builder.build(),
    interfaces,
    predicates,
    predicateField(predicate) {
      const field = predicateFields.get(predicate.id);
      if (field === undefined) throw new NeedsMore((more) => more.predicate(predicate));
      return field;
    },
    interfaceIndexes(wanted) {
      for (const name of wanted) {
        if (name !== '' && !interfaces.includes(name)) throw new NeedsMore((more) => more.names([name]));
      }
      const out: number[] = [];
      interfaces.forEach((value, index) => {
        if (!wanted.some((pattern) => interfaceMatches(value, pattern))) return;
        if (out[out.length - 1] === index - 1) out[out.length - 1] = index;
        else out.push(index, index);
      });
      return out;
    },
  };
}

/** Takes something made from `values`; a bound that the space lacks is asked for. */
export function withBounds<T>(field: PacketField, values: Intervals<Bound>, take: () => T): T {
  try {
    return take();
  } catch (error) {
    if (error instanceof InternalFault) throw new NeedsMore((more) => more.field(field, values));
    throw error;
  }
}

/** How often a question is asked again for want of a bound before that is taken for a fault of ours. */
const ATTEMPTS_MAX = 1000;

/** Asks a question in a universe that has all it needs: built from `seed`, and again with whatever was missing. */
export function inUniverse<T>(
  family: Family,
  seed: (builder: UniverseBuilder) => void,
  ask: (universe: Universe) => T,
): T {
  const extras: ((builder: UniverseBuilder) => void)[] = [];
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const builder = universeBuilder(family);
    seed(builder);
    for (const declare of extras) declare(builder);
    try {
      return ask(builder.build());
    } catch (error) {
      if (!(error instanceof NeedsMore)) throw error;
      extras.push(error.declare);
    }
  }
  throw new InternalFault('a question keeps needing more bounds');
}

import type { Bound, Intervals } from '../lib/intervals.js';
import { type Condition, type Family, LAST_IP4, LAST_IP6, type Rule, type RuleList } from '../model/index.js';
import { type OverlapIndex, overlapIndex } from '../packets/index.js';
import type { Env } from './env.js';
import type { TracedPacket } from './trace.js';

/**
 * Which rules of a long list one packet can meet. A rule is passed over only where a test of its first condition, one
 * that must hold whatever else does, is false for a value that was given: then walking over it does nothing.
 */
export interface RuleIndex {
  /** Calls `visit` with the places of rules that the packet may meet, in order, until it answers true. */
  visit(packet: TracedPacket, env: Env, visit: (place: number) => boolean): void;
}

const FIELDS = [
  'inInterface',
  'outInterface',
  'source',
  'destination',
  'protocol',
  'destinationPort',
  'sourcePort',
] as const;
type IndexedField = (typeof FIELDS)[number];

/** Shorter lists are walked as fast without one. */
const RULES_MIN = 64;

const known = { ip4: new WeakMap<RuleList, RuleIndex>(), ip6: new WeakMap<RuleList, RuleIndex>() } as const;

/** Undefined for lists that need none. */
export function ruleIndexOf(list: RuleList, family: Family): RuleIndex | undefined {
  if (list.rules.length < RULES_MIN) return undefined;
  let index = known[family].get(list);
  if (index === undefined) {
    index = makeIndex(list, family);
    known[family].set(list, index);
  }
  return index;
}

interface Bounds {
  readonly low: number;
  readonly high: number;
}

function makeIndex(list: RuleList, family: Family): RuleIndex {
  const names = new Map<string, number>();
  const lasts: Readonly<Record<IndexedField, number>> = {
    inInterface: Number.MAX_SAFE_INTEGER,
    outInterface: Number.MAX_SAFE_INTEGER,
    source: Number(family === 'ip4' ? LAST_IP4 : LAST_IP6),
    destination: Number(family === 'ip4' ? LAST_IP4 : LAST_IP6),
    protocol: 255,
    destinationPort: 65535,
    sourcePort: 65535,
  };
  const bounds = list.rules.map((rule) => boundsOf(rule, family, names));
  const index: OverlapIndex = overlapIndex(
    list.rules.length,
    FIELDS.map((field) => ({
      last: lasts[field],
      low: (place) => bounds[place]!.get(field)?.low ?? 0,
      high: (place) => bounds[place]!.get(field)?.high ?? lasts[field],
    })),
  );
  const lows = new Float64Array(FIELDS.length);
  const highs = new Float64Array(FIELDS.length);
  return {
    visit(packet, env, visit) {
      FIELDS.forEach((field, at) => {
        const value = headerValue(field, packet, env, names);
        lows[at] = value ?? 0;
        highs[at] = value ?? lasts[field];
      });
      index.visit(lows, highs, visit);
    },
  };
}

/** What the header now holds; undefined where that is not known, or where a rule before has put something else there. */
function headerValue(
  field: IndexedField,
  packet: TracedPacket,
  env: Env,
  names: ReadonlyMap<string, number>,
): number | undefined {
  switch (field) {
    case 'inInterface':
    case 'outInterface': {
      const name = packet[field];
      if (name === undefined || name === '' || env.hidden === field || env.hidden === 'both') return undefined;
      // A name that no rule has is none of them.
      return names.get(name) ?? Number.MAX_SAFE_INTEGER;
    }
    case 'source':
    case 'sourcePort':
      return env.source === undefined ? numberOf(packet.fields[field]) : undefined;
    case 'destination':
    case 'destinationPort':
      return env.destination === undefined ? numberOf(packet.fields[field]) : undefined;
    case 'protocol':
      return numberOf(packet.fields.protocol);
  }
}

/** A double rounds an IPv6 address, but keeps the order: what lies within bounds lies within rounded bounds. */
function numberOf(value: Bound | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

/** For each field the lowest and the highest value that the rule's first condition can hold for. */
function boundsOf({ steps }: Rule, family: Family, names: Map<string, number>): ReadonlyMap<IndexedField, Bounds> {
  const bounds = new Map<IndexedField, Bounds>();
  const narrow = (field: IndexedField, low: number, high: number): void => {
    const before = bounds.get(field);
    bounds.set(field, before ? { low: Math.max(low, before.low), high: Math.min(high, before.high) } : { low, high });
  };
  const hull = (field: IndexedField, values: Intervals<Bound>): void => {
    // No value at all: bounds that nothing meets would need a value that no packet has, so the rule is just asked.
    if (values.length > 0) narrow(field, Number(values[0]!), Number(values.at(-1)!));
  };
  const read = (condition: Condition): void => {
    switch (condition.kind) {
      case 'all':
        for (const part of condition.of) read(part);
        return;
      case 'source':
      case 'destination':
        hull(condition.kind, condition.addresses[family] as Intervals<Bound>);
        return;
      case 'protocol':
        hull('protocol', condition.protocols);
        return;
      case 'sourcePort':
      case 'destinationPort':
        hull(condition.kind, condition.ports);
        return;
      case 'inInterface':
      case 'outInterface': {
        if (condition.names.length === 0 || condition.names.some((name) => name === '' || name.endsWith('*'))) return;
        const numbers = condition.names.map((name) => {
          const number = names.get(name) ?? names.size + 1;
          names.set(name, number);
          return number;
        });
        narrow(condition.kind, Math.min(...numbers), Math.max(...numbers));
        return;
      }
      default:
    }
  };
  const first = steps.find((step) => step.kind !== 'sideEffect');
  if (first?.kind === 'match') read(first.condition);
  return bounds;
}

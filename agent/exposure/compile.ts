import { type Bound, contains, equals, type Intervals, intersection, isEmpty, isSubset } from '../lib/intervals.js';
import {
  type AddressBits,
  type AddressSet,
  type Condition,
  type ConnectionState,
  connectionStates,
  LAST_IP4,
  LAST_IP6,
  type PacketTest,
  type Pipeline,
  type Unknown,
} from '../model/index.js';
import type { Diagram, Kernel } from '../packets/index.js';
import { addressesOf, addressesWithin, becoming, certainBroadcasts, type Env, isOut, type Translation } from './env.js';
import { isSingle } from './evaluate.js';
import { fieldIndex, type PacketField, type Predicate, type Universe, withBounds } from './universe.js';

/** Turns conditions into packet sets, given what earlier rules did to the packet. */
export interface Compiler {
  readonly kernel: Kernel;
  readonly universe: Universe;
  /** The packet's state, where the question fixes it. */
  readonly state: ConnectionState | undefined;
  condition(condition: Condition, env: Env): Diagram;
  predicate(predicate: Predicate): Diagram;
  /** Packets that go to the device itself after this translation. */
  goesIn(to: Translation): Diagram;
  /** Whose header this translation changes: of a range, one may be chosen that the packet has already. */
  translated(side: 'source' | 'destination', to: Translation): Diagram;
}

export interface CompilerOptions {
  readonly kernel: Kernel;
  readonly universe: Universe;
  readonly localAddresses: Pipeline['localAddresses'];
  readonly broadcastAddresses: Pipeline['broadcastAddresses'];
  /** The packet's state, where the question fixes it (as `diff` and `exposure` do: new). */
  readonly state?: ConnectionState;
  /** The TCP flag byte, where the question fixes it. */
  readonly tcpFlags?: number;
  /** What a question that fixes the address says of bits of it. */
  readonly bits?: (bits: AddressBits, env: Env) => boolean | undefined;
  /** Names of the places of conditions that answer anew each time; left out, they are numbered as they are met. */
  readonly occurrences?: ReadonlyMap<Unknown, string>;
}

export function compiler(options: CompilerOptions): Compiler {
  const { kernel, universe } = options;
  const family = universe.family;
  const memo = new Map<Condition, { readonly env: Env; readonly diagram: Diagram }>();

  const occurrences = new Map<string, Map<Unknown, number>>();

  const truth = (value: boolean): Diagram => (value ? kernel.all : kernel.none);
  const field = (name: PacketField, values: Intervals<Bound>): Diagram =>
    isEmpty(values) ? kernel.none : withBounds(name, values, () => kernel.test(fieldIndex[name], values));
  const predicate = (wanted: Predicate): Diagram => kernel.test(universe.predicateField(wanted), [1, 1]);

  /** A test on a value that is only known to be one of `possible`. */
  const among = (possible: Intervals<Bound>, wanted: Intervals<Bound>, text: string): Diagram => {
    if (isSubset(possible, wanted)) return kernel.all;
    if (isEmpty(intersection(possible, wanted))) return kernel.none;
    return predicate({ id: `choice ${text}`, text });
  };

  const address = (
    side: 'source' | 'destination',
    wanted: AddressSet,
    translation: Translation | undefined,
  ): Diagram => {
    const values = addressesOf(wanted, family);
    if (translation?.addresses === undefined) return field(side, values);
    if (translation.addresses === 'device') {
      const own = options.localAddresses && addressesOf(options.localAddresses, family);
      const text = `the device's own address chosen for the ${side} lies in ${shortSet(values)}`;
      return own ? among(own, values, text) : isFull(values, universe) ? kernel.all : predicate({ id: text, text });
    }
    const before = becoming(translation, wanted, family);
    if (before) return field(side, before);
    const target = addressesOf(translation.addresses, family);
    const text = `the address chosen from ${shortSet(target)} lies in ${shortSet(values)}`;
    return among(target, values, text);
  };

  const port = (side: 'source' | 'destination', wanted: Intervals, translation: Translation | undefined): Diagram => {
    if (translation?.ports === undefined) return field(`${side}Port`, wanted);
    return among(
      translation.ports,
      wanted,
      `the port chosen from ${shortSet(translation.ports)} lies in ${shortSet(wanted)}`,
    );
  };

  const state = (wanted: readonly ConnectionState[], env: Env): Diagram => {
    const fixed = env.state ?? options.state;
    if (fixed !== undefined) return truth(wanted.includes(fixed));
    return wanted
      .map((name) => connectionStates.indexOf(name))
      .map((index) => kernel.test(fieldIndex.state, [index, index]))
      .reduce((a, b) => kernel.or(a, b), kernel.none);
  };

  /** True for packets that begin a connection, where conntrack's answers are known; elsewhere a free boolean. */
  const ofNew = (whenNew: Diagram, env: Env, text: string): Diagram => {
    const isNew = state(['new'], env);
    if (isNew === kernel.all) return whenNew;
    const known = kernel.and(isNew, whenNew);
    const tracked = state(['established', 'related'], env);
    if (kernel.isEmpty(tracked)) return known;
    return kernel.or(known, kernel.and(tracked, predicate({ id: text, text })));
  };

  /** A connection counts as translated only where its header changes (nf_nat_setup_info). */
  const translated = (side: 'source' | 'destination', to: Translation | undefined): Diagram => {
    if (!to) return kernel.none;
    const kept = (name: PacketField, possible: Intervals<Bound>, sure: boolean): Diagram => {
      const text = `the ${name} that is chosen is the packet's own`;
      const inside = field(name, possible);
      return sure ? inside : kernel.and(inside, predicate({ id: `${text} of ${shortSet(possible)}`, text }));
    };
    const everything: AddressSet = { ip4: [0, LAST_IP4], ip6: [0n, LAST_IP6] };
    const addresses = to.addresses === 'device' ? (options.localAddresses ?? everything) : to.addresses;
    const values = addresses && addressesOf(addresses, family);
    const sameAddress = values ? kept(side, values, to.keepHost === true || isSingle(values)) : kernel.all;
    const samePort = to.ports ? kept(`${side}Port`, to.ports, isSingle(to.ports)) : kernel.all;
    return kernel.not(kernel.and(sameAddress, samePort));
  };

  const test = (packet: PacketTest, env: Env): Diagram => {
    switch (packet.kind) {
      case 'family':
        return truth(packet.family === family);
      case 'source':
      case 'destination':
        return address(packet.kind, packet.addresses, packet.original ? undefined : env[packet.kind]);
      case 'protocol':
        return field('protocol', packet.protocols);
      case 'sourcePort':
        return port('source', packet.ports, packet.original ? undefined : env.source);
      case 'destinationPort':
        return port('destination', packet.ports, packet.original ? undefined : env.destination);
      case 'icmp':
        return field('icmp', packet.typeCodes);
      case 'tcpFlags':
        return options.tcpFlags === undefined
          ? field('tcpFlags', packet.flags)
          : truth(contains(packet.flags, options.tcpFlags));
      case 'inInterface':
      case 'outInterface': {
        if (env.hidden === packet.kind || env.hidden === 'both')
          return truth(packet.names.some((name) => name === '' || name === '*'));
        const indexes = universe.interfaceIndexes(packet.names);
        return isEmpty(indexes) ? kernel.none : kernel.test(fieldIndex[packet.kind], indexes);
      }
      case 'sourceMac':
        // What this device sends came in no frame.
        return isOut(env) ? kernel.none : field('sourceMac', packet.addresses);
      case 'connectionState':
        return state(packet.states, env);
      case 'connectionDirection':
        return ofNew(
          truth(packet.direction === 'original'),
          env,
          `the packet's direction in its connection is ${packet.direction}`,
        );
      case 'connectionStatus': {
        const status = packet.status;
        const now = kernel.or(
          status.includes('dnat') ? translated('destination', env.destination) : kernel.none,
          status.includes('snat') ? translated('source', env.source) : kernel.none,
        );
        return ofNew(now, env, `the connection's status has one of ${status.join(', ')}`);
      }
      case 'mark':
        if (env.mark === undefined) {
          const text = `the packet's mark & 0x${packet.mask.toString(16)} is in ${shortSet(packet.values)}`;
          return predicate({ id: text, text });
        }
        return truth(contains(packet.values, (env.mark & packet.mask) >>> 0));
      case 'connectionMark': {
        if (env.connectionMark !== undefined)
          return truth(contains(packet.values, (env.connectionMark & packet.mask) >>> 0));
        return ofNew(
          truth(contains(packet.values, 0)),
          env,
          `the connection's mark & 0x${packet.mask.toString(16)} is in ${shortSet(packet.values)}`,
        );
      }
      case 'addressType':
        return addressType(packet, env);
    }
  };

  const addressType = (packet: Extract<PacketTest, { kind: 'addressType' }>, env: Env): Diagram => {
    const translation = env[packet.of];
    if (packet.type === 'multicast') {
      return address(
        packet.of,
        { ip4: [0xe000_0000, 0xefff_ffff], ip6: [0xffn << 120n, (1n << 128n) - 1n] },
        translation,
      );
    }
    if (packet.type === 'local') {
      if (translation?.addresses === 'device') return kernel.all;
      if (options.localAddresses) return address(packet.of, options.localAddresses, translation);
      const side = translation?.addresses ? 'translated ' : '';
      const text = `the packet's ${side}${packet.of} is an address of this device`;
      return predicate({ id: text, text });
    }
    if (family === 'ip6') return kernel.none;
    const certain = address(packet.of, certainBroadcasts(options.broadcastAddresses), translation);
    if (options.broadcastAddresses) return certain;
    const text = `the packet's ${packet.of} is a broadcast address`;
    return kernel.or(certain, predicate({ id: text, text }));
  };

  /** A limit or a random choice answers anew each time it is asked: each place it stands in is a boolean of its own. */
  const occurrence = (unknown: Unknown): Predicate => {
    const named = options.occurrences?.get(unknown);
    if (named !== undefined) return { id: named, text: unknown.text };
    const places = occurrences.get(unknown.id) ?? new Map<Unknown, number>();
    occurrences.set(unknown.id, places);
    if (!places.has(unknown)) places.set(unknown, places.size + 1);
    return { id: `${unknown.id} (${places.get(unknown)})`, text: unknown.text };
  };

  const compile = (condition: Condition, env: Env): Diagram => {
    switch (condition.kind) {
      case 'all': {
        let result = kernel.all;
        for (const part of condition.of) {
          result = kernel.and(result, compile(part, env));
          if (result === kernel.none) break;
        }
        return result;
      }
      case 'any':
        return kernel.fold(condition.of.map((part) => compile(part, env)));
      case 'not':
        return kernel.not(compile(condition.of, env));
      case 'unknown': {
        if (condition.bits && condition.bits.family !== family) return kernel.none;
        const given = condition.bits && options.bits?.(condition.bits, env);
        if (given !== undefined) return truth(given);
        return predicate(condition.stateful ? occurrence(condition) : condition);
      }
      default:
        return test(condition, env);
    }
  };

  return {
    kernel,
    universe,
    state: options.state,
    predicate,
    translated,
    goesIn: (to) =>
      to.addresses === 'device' ? kernel.all : address('destination', addressesWithin(options.localAddresses), to),
    condition(condition, env) {
      const known = memo.get(condition);
      if (known && known.env === env) return known.diagram;
      const diagram = compile(condition, env);
      memo.set(condition, { env, diagram });
      return diagram;
    },
  };
}

function isFull(values: Intervals<Bound>, universe: Universe): boolean {
  return equals(values, [typeof values[0] === 'bigint' ? 0n : 0, universe.space.fields[fieldIndex.destination]!.last]);
}

/** A set as text for a predicate's identity: whole, because the identity is the content. */
function shortSet(values: Intervals<Bound>): string {
  const parts: string[] = [];
  for (let i = 0; i < values.length; i += 2)
    parts.push(values[i] === values[i + 1] ? `${values[i]}` : `${values[i]}-${values[i + 1]}`);
  return parts.join(',');
}

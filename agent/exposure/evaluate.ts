import { type Bound, contains, type Intervals, intersection, isEmpty, isSubset } from '../lib/intervals.js';
import type { AddressBits, AddressSet, Condition, Family, PacketTest } from '../model/index.js';
import { addressesWithin, becoming, certainBroadcasts, type Env, isOut, type Translation } from './env.js';
import type { TracedPacket, TraceOptions } from './trace.js';
import { interfaceMatches } from './universe.js';

/** What a condition says of one packet: `undefined` where something that was not given decides it. */
type Truth = boolean | undefined;

/** Whether a packet goes to the device itself after its translation; undefined where that is not known. */
export function goesIn(options: TraceOptions, { destination }: Env): Truth {
  if (destination?.addresses === 'device') return true;
  return addressTruth(options, 'destination', addressesWithin(options.pipeline.localAddresses), destination);
}

export function evaluate(options: TraceOptions, condition: Condition, env: Env): Truth {
  switch (condition.kind) {
    case 'all': {
      let result: Truth = true;
      for (const part of condition.of) {
        const holds = evaluate(options, part, env);
        if (holds === false) return false;
        if (holds === undefined) result = undefined;
      }
      return result;
    }
    case 'any': {
      let result: Truth = false;
      for (const part of condition.of) {
        const holds = evaluate(options, part, env);
        if (holds === true) return true;
        if (holds === undefined) result = undefined;
      }
      return result;
    }
    case 'not': {
      const holds = evaluate(options, condition.of, env);
      return holds === undefined ? undefined : !holds;
    }
    case 'unknown':
      return (
        options.packet.predicates?.get(condition.id) ??
        (condition.bits && bitsTruth(condition.bits, options.packet.family, options.packet.fields, env))
      );
    default:
      return evaluateTest(options, condition, env);
  }
}

/** What an address that is fully given says; undefined where it is not, or where it was chosen on the way. */
export function bitsTruth(bits: AddressBits, family: Family, fields: TracedPacket['fields'], env: Env): Truth {
  if (bits.family !== family) return false;
  const translation = env[bits.of];
  let value = fields[bits.of];
  if (translation?.addresses !== undefined) {
    const to = translation.addresses === 'device' ? undefined : (translation.addresses[family] as Intervals<Bound>);
    value = isSingle(to) ? to![0] : undefined;
  }
  if (value === undefined) return undefined;
  const kept =
    typeof value === 'bigint' ? value & (bits.mask as bigint) : Number(BigInt(value) & BigInt(bits.mask as number));
  return contains(bits.values, kept);
}

function evaluateTest(options: TraceOptions, test: PacketTest, env: Env): Truth {
  const { packet } = options;
  switch (test.kind) {
    case 'family':
      return test.family === packet.family;
    case 'source':
    case 'destination':
      return addressTruth(options, test.kind, test.addresses, test.original ? undefined : env[test.kind]);
    case 'sourcePort':
    case 'destinationPort': {
      const moved = test.original ? undefined : env[test.kind === 'sourcePort' ? 'source' : 'destination']?.ports;
      return moved ? among(moved, test.ports) : member(packet.fields[test.kind], test.ports);
    }
    case 'protocol':
      return member(packet.fields.protocol, test.protocols);
    case 'icmp':
      return member(packet.fields.icmp, test.typeCodes);
    case 'tcpFlags':
      return member(packet.fields.tcpFlags, test.flags);
    case 'inInterface':
    case 'outInterface': {
      const name = env.hidden === test.kind || env.hidden === 'both' ? '' : packet[test.kind];
      if (name === undefined) return test.names.includes('*') ? true : undefined;
      return test.names.some((pattern) => interfaceMatches(name, pattern));
    }
    case 'sourceMac':
      return isOut(env) ? false : member(packet.fields.sourceMac, test.addresses);
    case 'connectionState':
      return test.states.includes(env.state ?? packet.state);
    case 'connectionDirection':
      return connectionTruth(
        options,
        env,
        test.direction === 'original',
        `the packet's direction in its connection is ${test.direction}`,
      );
    case 'connectionStatus': {
      const now = either(
        test.status.includes('dnat') && isTranslated(options, 'destination', env.destination),
        test.status.includes('snat') && isTranslated(options, 'source', env.source),
      );
      return connectionTruth(options, env, now, `the connection's status has one of ${test.status.join(', ')}`);
    }
    case 'mark':
      return env.mark === undefined ? undefined : contains(test.values, (env.mark & test.mask) >>> 0);
    case 'connectionMark':
      if (env.connectionMark !== undefined) return contains(test.values, (env.connectionMark & test.mask) >>> 0);
      return connectionTruth(
        options,
        env,
        contains(test.values, 0),
        `the connection's mark & 0x${test.mask.toString(16)} of ${test.values.join(',')}`,
      );
    case 'addressType':
      return addressTypeTruth(options, test, env);
  }
}

function connectionTruth(options: TraceOptions, env: Env, whenNew: Truth, id: string): Truth {
  const state = env.state ?? options.packet.state;
  if (state === 'new') return whenNew;
  if (state === 'invalid' || state === 'untracked') return false;
  return options.packet.predicates?.get(id);
}

function either(a: Truth, b: Truth): Truth {
  return a === true || b === true ? true : a === undefined || b === undefined ? undefined : false;
}

/** A connection counts as translated only where its header changes (nf_nat_setup_info). */
function isTranslated(options: TraceOptions, side: 'source' | 'destination', to: Translation | undefined): Truth {
  if (!to) return false;
  const { packet, pipeline } = options;
  const kept = (value: Bound | undefined, possible: Intervals<Bound> | undefined, sure: boolean): Truth => {
    const inside = possible && member(value, possible);
    return inside === false ? false : inside === true && sure ? true : undefined;
  };
  const addresses = to.addresses === 'device' ? pipeline.localAddresses : to.addresses;
  const values = addresses?.[packet.family] as Intervals<Bound> | undefined;
  const sameAddress =
    to.addresses === undefined || kept(packet.fields[side], values, to.keepHost === true || isSingle(values));
  const port = side === 'source' ? packet.fields.sourcePort : packet.fields.destinationPort;
  const samePort = to.ports === undefined || kept(port, to.ports, isSingle(to.ports));
  const same = sameAddress === false || samePort === false ? false : sameAddress && samePort ? true : undefined;
  return same === undefined ? undefined : !same;
}

export function isSingle(values: Intervals<Bound> | undefined): boolean {
  return values?.length === 2 && values[0] === values[1];
}

function addressTypeTruth(options: TraceOptions, test: Extract<PacketTest, { kind: 'addressType' }>, env: Env): Truth {
  const translation = env[test.of];
  if (test.type === 'multicast') {
    return addressTruth(
      options,
      test.of,
      { ip4: [0xe000_0000, 0xefff_ffff], ip6: [0xffn << 120n, (1n << 128n) - 1n] },
      translation,
    );
  }
  if (test.type === 'local') {
    if (translation?.addresses === 'device') return true;
    if (options.pipeline.localAddresses)
      return addressTruth(options, test.of, options.pipeline.localAddresses, translation);
    return options.packet.predicates?.get(
      `the packet's ${translation?.addresses ? 'translated ' : ''}${test.of} is an address of this device`,
    );
  }
  if (options.packet.family === 'ip6') return false;
  const known = options.pipeline.broadcastAddresses;
  const broadcast = addressTruth(options, test.of, certainBroadcasts(known), translation);
  return known || broadcast === true
    ? broadcast
    : options.packet.predicates?.get(`the packet's ${test.of} is a broadcast address`);
}

function addressTruth(
  options: TraceOptions,
  side: 'source' | 'destination',
  wanted: AddressSet,
  translation: Translation | undefined,
): Truth {
  const { family } = options.packet;
  const values = wanted[family] as Intervals<Bound>;
  if (translation?.addresses === undefined) return member(options.packet.fields[side], values);
  if (translation.addresses === 'device') {
    const own = options.pipeline.localAddresses?.[family] as Intervals<Bound> | undefined;
    return own ? among(own, values) : isEmpty(values) ? false : undefined;
  }
  const before = becoming(translation, wanted, family);
  if (before) return member(options.packet.fields[side], before);
  return among(translation.addresses[family] as Intervals<Bound>, values);
}

function member(value: Bound | undefined, set: Intervals<Bound>): Truth {
  if (isEmpty(set)) return false;
  return value === undefined ? undefined : contains(set, value);
}

function among(possible: Intervals<Bound>, wanted: Intervals<Bound>): Truth {
  if (isSubset(possible, wanted)) return true;
  return isEmpty(intersection(possible, wanted)) ? false : undefined;
}

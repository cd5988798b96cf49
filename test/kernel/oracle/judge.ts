import type { Translation } from '../../../agent/exposure/env.js';
import type { AskedPacket } from '../../../agent/exposure/index.js';
import { type Trace, tracePacket } from '../../../agent/exposure/index.js';
import { withPorts } from '../../../agent/exposure/ports.js';
import { type Bound, contains, type Intervals, single } from '../../../agent/lib/intervals.js';
import {
  type Action,
  type AddressSet,
  type Direction,
  NO_FRAME,
  type Pipeline,
  type Step,
} from '../../../agent/model/index.js';
import {
  broadcastAddresses,
  type Fate,
  type InterfaceName,
  interfaces,
  localAddresses,
  type Names,
  ownAddresses,
  ownNames,
  routeOf,
  type Shot,
} from './lab.js';
import { firstBytes, firstState, hasPorts } from './wire.js';

/** The question that a packet is, once it is known where the firewall sends it. */
export interface Asked {
  readonly direction: Direction;
  readonly out: InterfaceName | undefined;
  readonly trace: Trace;
}

export function askedPacket(
  shot: Shot,
  { direction, out }: Pick<Asked, 'direction' | 'out'>,
  names: Names = ownNames,
): AskedPacket {
  const { packet, from } = shot;
  // `th dport` reads the third and fourth byte of whatever header there is.
  const [sourcePort, destinationPort] = firstBytes(packet);
  return {
    families: [packet.family],
    direction,
    state: firstState(packet),
    fields: {
      protocol: packet.protocol,
      source: packet.source,
      destination: packet.destination,
      sourcePort,
      ...(destinationPort === undefined ? {} : { destinationPort }),
      icmp: packet.icmp,
      tcpFlags: packet.tcpFlags,
      // What comes out of a TUN came in no Ethernet frame.
      sourceMac: NO_FRAME,
    },
    ...(direction === 'output' || from === 'self' ? {} : { inInterface: names[from] }),
    ...(direction === 'input' || out === undefined ? {} : { outInterface: names[out] }),
  };
}

/** The addresses that a packet may have after its translation. */
function targetsOf({ of, addresses }: Translation, value: number | bigint): Intervals<Bound> {
  const [family, bits] = typeof value === 'bigint' ? (['ip6', 128n] as const) : (['ip4', 32n] as const);
  const targets = addresses as AddressSet;
  const [from, to] = [of?.[family][0], targets[family][0]];
  // One by one: a prefix into a prefix.
  if (from === undefined || to === undefined || of?.[family].length !== 2) return targets[family] as Intervals<Bound>;
  const moved = BigInt.asUintN(Number(bits), BigInt(value) - BigInt(from) + BigInt(to));
  return single<Bound>(family === 'ip6' ? moved : Number(moved));
}

/** Where the routing of this firewall sends one of these addresses; undefined where they do not agree. */
function routeOfAll(addresses: Intervals<Bound>): InterfaceName | 'local' | undefined {
  const routes = new Set(addresses.map((one) => routeOf(one)));
  return routes.size === 1 ? [...routes][0] : undefined;
}

function translatesDestinations({ lists }: Pipeline): boolean {
  const acts = (step: Step): readonly (Action | Step)[] =>
    step.kind === 'dispatch' ? step.cases.flatMap(({ actions }) => actions) : [step];
  const translates = (step: Step): boolean =>
    acts(step).some((one) => one.kind === 'opaque' || (one.kind === 'nat' && one.translate === 'destination'));
  return lists.some(({ rules }) => rules.some(({ steps }) => steps.some(translates)));
}

/** The way that a packet goes where nothing translates it. */
export function plainWay({ packet, from }: Shot): Pick<Asked, 'direction' | 'out'> {
  const route = routeOf(packet.destination);
  if (route === 'local') return { direction: from === 'self' ? 'output' : 'input', out: undefined };
  return { direction: from === 'self' ? 'output' : 'forward', out: route };
}

/** Asks about a packet as somebody does who knows the routing table; undefined where that is not enough. */
export function askAbout(pipeline: Pipeline, shot: Shot, names: Names = ownNames): Asked | undefined {
  const { packet, from } = shot;
  const traced = (direction: Direction, out: InterfaceName | undefined): Trace => {
    const { families, ...asked } = askedPacket(shot, { direction, out }, names);
    return tracePacket({ pipeline, direction, packet: { ...asked, family: families[0]! } });
  };
  const routed = routeOf(packet.destination);
  const directionTo = (route: InterfaceName | 'local'): Direction =>
    from === 'self' ? 'output' : route === 'local' ? 'input' : 'forward';
  const outOf = (route: InterfaceName | 'local'): InterfaceName | undefined => (route === 'local' ? undefined : route);
  const trace = traced(directionTo(routed), outOf(routed));
  const to = trace.env.destination?.addresses;
  // Where a translation may still come, nobody knows where the packet goes.
  if (trace.verdict === 'undecided' && translatesDestinations(pipeline)) return undefined;
  if (to === undefined) return { direction: directionTo(routed), out: outOf(routed), trace };
  const again = to === 'device' ? 'local' : routeOfAll(targetsOf(trace.env.destination!, packet.destination));
  // What the firewall sends to itself passes its own input too, which is another question.
  if (again === undefined || (from === 'self' && again === 'local')) return undefined;
  // An interface that rules of the output hook asked for is the one before the translation.
  if (from === 'self' && again !== routed) return undefined;
  if (again === routed) return { direction: directionTo(routed), out: outOf(routed), trace };
  return {
    direction: directionTo(again),
    out: outOf(again),
    trace: traced(directionTo(again), outOf(again)),
  };
}

/** What is wrong between the kernel's deed and our word; undefined where they agree. */
export function complaint(shot: Shot, fate: Fate, { direction, out, trace }: Asked): string | undefined {
  const passed = direction === 'input' ? 'delivered' : 'forwarded';
  if (trace.verdict === 'deny') return fate.kind === 'stopped' ? undefined : `deny, but the kernel ${fate.kind} it`;
  if (trace.verdict !== 'allow') return `${trace.verdict} of a packet that is fully given`;
  if (fate.kind !== passed) return `allow, but the kernel ${fate.kind} it`;
  if (fate.kind === 'forwarded' && fate.out !== out) return `to ${out}, but the kernel sent it to ${fate.out}`;
  return headerComplaint(shot, fate, trace);
}

function headerComplaint({ packet }: Shot, { arrived }: Fate, { env }: Trace): string | undefined {
  const { family } = packet;
  for (const side of ['source', 'destination'] as const) {
    const translation = env[side];
    const seen = arrived?.[side];
    const wanted = translation?.addresses;
    if (seen !== undefined) {
      const right =
        wanted === undefined
          ? seen === packet[side]
          : wanted === 'device'
            ? ownAddresses[family].includes(seen)
            : contains(targetsOf(translation!, packet[side]), seen);
      if (!right) return `${side} ${seen}, which is not what the model translates to`;
    }
    if (!hasPorts(packet.protocol)) continue;
    const key = side === 'source' ? 'sourcePort' : 'destinationPort';
    const port = arrived?.[key];
    const ports = translation?.ports;
    // A source port is kept where it can be: that it is moved where the source is translated is no mistake.
    if (port === undefined || (ports === undefined && side === 'source' && translation !== undefined)) continue;
    if (ports === undefined ? port !== packet[key] : !contains(ports, port))
      return `${key} ${port}, which is not what the model translates to`;
  }
  return undefined;
}

const situations = new WeakMap<Pipeline, Pipeline>();

/** The pipeline as it is read on this firewall; the same one each time, since what is worked out of it is kept by it. */
export function situated(pipeline: Pipeline, names: Names = ownNames): Pipeline {
  const known = situations.get(pipeline);
  if (known) return known;
  // No interface of this firewall stands on another.
  const plain = interfaces.map((one) => ({ name: names[one], on: [] }));
  const situation: Pipeline = {
    ...pipeline,
    lists: withPorts(pipeline.lists, plain),
    localAddresses,
    broadcastAddresses,
    forwarding: { ip4: true, ip6: true },
  };
  situations.set(pipeline, situation);
  return situation;
}

import { createHash } from 'node:crypto';
import type { FlowSet, InterfaceSet, Opening, PacketBox } from '../exposure/index.js';
import { type Bound, type Intervals, isSubset } from '../lib/intervals.js';
import {
  type AddressSet,
  all,
  any,
  anyIp4,
  anyIp6,
  type Condition,
  type Direction,
  not,
  type PacketTest,
} from '../model/index.js';

/** Protocols with what their headers hold: ports, or ICMP types. What is absent is any. */
export interface Service {
  readonly protocols?: Intervals;
  readonly ports?: Intervals;
  /** type × 256 + code. */
  readonly icmp?: Intervals;
}

/** A declared flow as sets: the product of its fields, minus its exceptions. What is absent is any. */
export interface FlowShape {
  readonly from?: AddressSet;
  readonly to?: AddressSet;
  readonly in?: InterfaceSet;
  readonly out?: InterfaceSet;
  readonly services?: readonly Service[];
  readonly sourcePorts?: Intervals;
  /** Hardware addresses; a baseline file cannot say them. */
  readonly macs?: Intervals;
  readonly except: readonly FlowShape[];
}

/** The packets of a shape, as they arrive: before any translation, both families at once. */
export function conditionOf(shape: FlowShape): Condition {
  const tests: Condition[] = [];
  if (shape.in) tests.push(interfaceTest('inInterface', shape.in));
  if (shape.out) tests.push(interfaceTest('outInterface', shape.out));
  if (shape.services) tests.push(any(...shape.services.map(serviceTest)));
  if (shape.to) tests.push({ kind: 'destination', addresses: shape.to });
  if (shape.from) tests.push({ kind: 'source', addresses: shape.from });
  if (shape.sourcePorts) tests.push({ kind: 'sourcePort', ports: shape.sourcePorts });
  if (shape.macs) tests.push({ kind: 'sourceMac', addresses: shape.macs });
  for (const one of shape.except) tests.push(not(conditionOf(one)));
  return all(...tests);
}

function interfaceTest(kind: 'inInterface' | 'outInterface', set: InterfaceSet): Condition {
  const listed: PacketTest = { kind, names: set.names };
  const test = set.but ? all(listed, not({ kind, names: set.but })) : listed;
  return set.kind === 'only' ? test : not(test);
}

function serviceTest(service: Service): Condition {
  const tests: Condition[] = [];
  if (service.protocols) tests.push({ kind: 'protocol', protocols: service.protocols });
  if (service.ports) tests.push({ kind: 'destinationPort', ports: service.ports });
  if (service.icmp) tests.push({ kind: 'icmp', typeCodes: service.icmp });
  return all(...tests);
}

/** A box as a shape. Interfaces that a direction does not have are not asked for. */
export function shapeOfBox(box: PacketBox, direction: Direction): FlowShape {
  const into = direction === 'output' ? undefined : box.inInterface;
  const out = direction === 'input' ? undefined : box.outInterface;
  const [from, to] = [addressesOf(box, box.source), addressesOf(box, box.destination)];
  const { protocol, destinationPort, icmp, sourcePort, sourceMac } = box;
  // The addresses of one side say the family already; where neither side does, one must.
  const bare = from === undefined && to === undefined && box.families.length === 1;
  const family = bare ? (box.families[0] === 'ip4' ? anyIp4 : anyIp6) : from;
  const service: Service = {
    ...(protocol && { protocols: protocol }),
    ...(destinationPort && { ports: destinationPort }),
    ...(icmp && { icmp }),
  };
  return {
    ...(family && { from: family }),
    ...(to && { to }),
    ...(into && { in: into }),
    ...(out && { out }),
    ...(Object.keys(service).length > 0 && { services: [service] }),
    ...(sourcePort && { sourcePorts: sourcePort }),
    ...(sourceMac && { macs: sourceMac }),
    except: [],
  };
}

function addressesOf(box: PacketBox, set: AddressSet | undefined): AddressSet | undefined {
  return set && { ip4: box.families.includes('ip4') ? set.ip4 : [], ip6: box.families.includes('ip6') ? set.ip6 : [] };
}

/** The packets that an opening lists, as declared traffic. */
export function flowSetOf({ direction, box, except }: Pick<Opening, 'direction' | 'box' | 'except'>): FlowSet {
  const shape = { ...shapeOfBox(box, direction), except: except.map((one) => shapeOfBox(one, direction)) };
  return { direction, condition: conditionOf(shape) };
}

/** A short name made of content: equal content, equal name. */
export function contentId(content: unknown): string {
  const text = JSON.stringify(content, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
  return createHash('sha256').update(text).digest('hex').slice(0, 10);
}

/**
 * Whether all packets of `inner` are in `outer`, as far as their fields show it: true is proved, false may only mean
 * that it takes more than comparing fields.
 */
export function isWithin(inner: FlowShape, outer: FlowShape): boolean {
  const addresses = (a: AddressSet | undefined, b: AddressSet | undefined): boolean =>
    b === undefined || (a !== undefined && isSubset(a.ip4, b.ip4) && isSubset(a.ip6, b.ip6));
  const excepted = new Set(inner.except.map(contentId));
  return (
    addresses(inner.from, outer.from) &&
    addresses(inner.to, outer.to) &&
    interfacesWithin(inner.in, outer.in) &&
    interfacesWithin(inner.out, outer.out) &&
    within(inner.sourcePorts, outer.sourcePorts) &&
    within(inner.macs, outer.macs) &&
    servicesWithin(inner.services, outer.services) &&
    outer.except.every((one) => excepted.has(contentId(one)))
  );
}

function within<T extends Bound>(inner: Intervals<T> | undefined, outer: Intervals<T> | undefined): boolean {
  return outer === undefined || (inner !== undefined && isSubset(inner, outer));
}

function interfacesWithin(inner: InterfaceSet | undefined, outer: InterfaceSet | undefined): boolean {
  if (outer === undefined) return true;
  if (inner === undefined || inner.kind !== outer.kind) return false;
  if (inner.but || outer.but) return contentId(inner) === contentId(outer);
  const [narrow, wide] = inner.kind === 'only' ? [inner, outer] : [outer, inner];
  return narrow.names.every((name) => wide.names.includes(name));
}

function servicesWithin(inner: readonly Service[] | undefined, outer: readonly Service[] | undefined): boolean {
  if (outer === undefined) return true;
  if (inner === undefined) return false;
  return inner.every((one) =>
    outer.some(
      (other) =>
        within(one.protocols, other.protocols) && within(one.ports, other.ports) && within(one.icmp, other.icmp),
    ),
  );
}

import { type Bound, type Intervals, ranges, single, size } from '../lib/intervals.js';
import { type AddressSet, parseIp4, parseIp6 } from '../model/index.js';
import type { Box, Diagram, Kernel, Point } from '../packets/index.js';
import { contentText, digest } from './identity.js';
import type { InterfaceSet, PacketBox, PacketExample } from './opening.js';
import { fieldIndex, interfaceMatches, type Universe } from './universe.js';

/** How a set of packets is listed: a box minus boxes. */
export interface Entry {
  readonly box: PacketBox;
  readonly except: readonly PacketBox[];
  /** The part of the set that this entry lists. */
  readonly region: Diagram;
  readonly complete: boolean;
  readonly reason?: string;
}

/** Exceptions are read by people up to here; beyond it boxes are listed one by one, and beyond that only bounded. */
const EXCEPT_MAX = 64;
const BOXES_MAX = 256;
/** Nobody reads so many, but what is judged, accepted or undone is all of the set: up to here it is listed exactly. */
const EXCEPT_LAST = 2048;
const BOXES_LAST = 2048;
/** Up to so many protocols are listed one by one, because their ports are not comparable. */
const PROTOCOLS_MAX = 4;

/** Lists a set as few entries as are exact: one by protocol, each its hull minus what the hull holds too much. */
export function listEntries(kernel: Kernel, universe: Universe, set: Diagram): readonly Entry[] {
  return byProtocol(kernel, set).flatMap((region) => entriesOf(kernel, universe, region));
}

function byProtocol(kernel: Kernel, set: Diagram): readonly Diagram[] {
  const protocols = kernel.hull(set)?.[fieldIndex.protocol] as Intervals | undefined;
  if (!protocols || size(protocols) > BigInt(PROTOCOLS_MAX)) return [set];
  const parts: Diagram[] = [];
  for (const [first, last] of ranges(protocols)) {
    for (let number = first; number <= last; number++) {
      const part = withinProtocol(kernel, set, number);
      // Where the rules do not tell protocols apart, neither does the list.
      if (part === undefined) return [set];
      parts.push(part);
    }
  }
  return parts;
}

function withinProtocol(kernel: Kernel, set: Diagram, number: number): Diagram | undefined {
  const [first, last] = [number, number];
  const classNumber = kernel.space.classOf(fieldIndex.protocol, number);
  const values = kernel.space.values(fieldIndex.protocol, [classNumber, classNumber]);
  if (values[0] !== first || values.at(-1) !== last) return undefined;
  return kernel.and(set, kernel.test(fieldIndex.protocol, single(number)));
}

function entriesOf(kernel: Kernel, universe: Universe, region: Diagram): readonly Entry[] {
  const hull = kernel.hull(region);
  if (!hull) return [];
  const whole = kernel.box(hull);
  const box = packetBox(universe, hull);
  if (whole === region) return [{ box, except: [], region, complete: true }];
  const listed = kernel.boxes(region, BOXES_MAX);
  const outside = kernel.boxes(kernel.minus(whole, region), EXCEPT_MAX);
  // A person reads one sentence with exceptions more easily than several that hide what they have in common.
  if (outside.complete && (!listed.complete || outside.boxes.length <= 2 * listed.boxes.length)) {
    return [{ box, except: outside.boxes.map((one) => packetBox(universe, one)), region, complete: true }];
  }
  if (listed.complete) return boxByBox(kernel, universe, listed.boxes);
  const allOutside = kernel.boxes(kernel.minus(whole, region), EXCEPT_LAST);
  if (allOutside.complete) {
    return [{ box, except: allOutside.boxes.map((one) => packetBox(universe, one)), region, complete: true }];
  }
  const all = kernel.boxes(region, BOXES_LAST);
  if (all.complete) return boxByBox(kernel, universe, all.boxes);
  const except = outside.boxes.map((one) => packetBox(universe, one));
  const reason = `the exact set takes more than ${BOXES_LAST} boxes; the largest ${EXCEPT_MAX} exceptions are listed`;
  return [{ box, except, region, complete: false, reason }];
}

function boxByBox(kernel: Kernel, universe: Universe, boxes: readonly Box[]): readonly Entry[] {
  return boxes.map((one) => ({
    box: packetBox(universe, one),
    except: [],
    region: kernel.box(one),
    complete: true,
  }));
}

/** A digest of the exact set: equal sets have equal ones, whatever else the universe tells apart. */
export function setDigest(kernel: Kernel, universe: Universe, region: Diagram): string {
  const { boxes, complete } = kernel.boxes(region, BOXES_MAX);
  const texts = boxes.map((box) => contentText(packetBox(universe, box))).sort();
  return digest(universe.family, complete ? 'exact' : `${kernel.count(region)}`, ...texts);
}

export function packetBox(universe: Universe, box: Box): PacketBox {
  const get = (name: keyof typeof fieldIndex): Intervals<Bound> | undefined => {
    const values = box[fieldIndex[name]];
    const last = universe.space.fields[fieldIndex[name]]!.last;
    const full = values && values.length === 2 && BigInt(values[0]!) === 0n && values[1] === last;
    return full ? undefined : values;
  };
  const address = (name: 'source' | 'destination'): AddressSet | undefined => {
    const values = get(name);
    if (!values) return undefined;
    return universe.family === 'ip4'
      ? { ip4: values as Intervals, ip6: [] }
      : { ip4: [], ip6: values as Intervals<bigint> };
  };
  const names = (name: 'inInterface' | 'outInterface'): InterfaceSet | undefined => {
    const values = get(name) as Intervals | undefined;
    return values && interfaceSet(universe, values);
  };
  const number = (name: 'protocol' | 'sourcePort' | 'destinationPort' | 'icmp' | 'sourceMac'): Intervals | undefined =>
    get(name) as Intervals | undefined;
  const draft: { readonly [Name in keyof PacketBox]: PacketBox[Name] | undefined } = {
    families: [universe.family],
    inInterface: names('inInterface'),
    outInterface: names('outInterface'),
    source: address('source'),
    destination: address('destination'),
    protocol: number('protocol'),
    sourcePort: number('sourcePort'),
    destinationPort: number('destinationPort'),
    icmp: number('icmp'),
    sourceMac: number('sourceMac'),
  };
  return Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined)) as unknown as PacketBox;
}

/** Interface numbers of a universe as names: where "any other name" is among them, what is left out is named instead. */
function interfaceSet(universe: Universe, indexes: Intervals): InterfaceSet | undefined {
  const inside = new Set<number>();
  for (const [first, last] of ranges(indexes)) for (let index = first; index <= last; index++) inside.add(index);
  const other = universe.interfaces.length - 1;
  const pick = (wanted: boolean): string[] =>
    universe.interfaces.filter((_, index) => index !== other && inside.has(index) === wanted);
  const kind = inside.has(other) ? 'except' : 'only';
  const names = pick(kind === 'only');
  if (kind === 'except' && names.length === 0) return undefined;
  const patterns = names.filter((name) => name.endsWith('*'));
  const but = pick(kind !== 'only').filter((name) => patterns.some((pattern) => interfaceMatches(name, pattern)));
  return { kind, names, ...(but.length > 0 && { but }) };
}

/** Values that people recognise as examples; a set that holds none of them gives its lowest. */
const EXAMPLES = {
  ip4: ['198.51.100.10', '203.0.113.10', '192.0.2.10', '10.0.0.10'].map((text) => parseIp4(text)!),
  ip6: ['2001:db8::10', '2001:db8:1::10', 'fd00::10'].map((text) => parseIp6(text)!),
} as const;

const TCP = 6;
const UDP = 17;

export interface ExampleWishes {
  /** By these interfaces, in this order, where it can. */
  readonly order?: readonly string[];
  /** The device's own addresses, for the side of the packet that is the device. */
  readonly own?: { readonly side: 'source' | 'destination'; readonly addresses: AddressSet };
  /** What the set lies in: an address in the middle of a network is more like a host than its first one. */
  readonly within?: PacketBox;
}

/** One packet of a set, in values that people recognise. */
export function exampleOf(
  kernel: Kernel,
  universe: Universe,
  set: Diagram,
  { order = [], own, within }: ExampleWishes = {},
): { point: Point; packet: PacketExample } {
  const preferred: (readonly Bound[] | undefined)[] = [];
  const indexes = universe.interfaces.flatMap((name, index) => (/^(?:lo|.*\*)$/.test(name) ? [] : [index]));
  const first = order.flatMap((name) => indexes.find((index) => universe.interfaces[index] === name) ?? []);
  const named = [...first, ...indexes.filter((index) => !first.includes(index))];
  preferred[fieldIndex.inInterface] = named;
  // A packet that leaves by the interface it came in by is the rare case.
  const others = first.length > 0 ? [...named.slice(1), ...named.slice(0, 1)] : [...named].reverse();
  preferred[fieldIndex.outInterface] = named.length > 1 ? others : [universe.interfaces.length - 1, ...others];
  preferred[fieldIndex.protocol] = [TCP, UDP, 1, 58];
  preferred[fieldIndex.destinationPort] = [443, 22, 80, 53, 3389, 445, 8080, 50_000];
  preferred[fieldIndex.sourcePort] = [40000];
  preferred[fieldIndex.sourceMac] = [0x0200_0000_0001];
  preferred[fieldIndex.icmp] = [8 * 256, 128 * 256];
  const hosts = (set: AddressSet | undefined): readonly Bound[] => hostsOf(set?.[universe.family] ?? []);
  preferred[fieldIndex.source] = [...EXAMPLES[universe.family], ...hosts(within?.source)];
  preferred[fieldIndex.destination] = [...EXAMPLES[universe.family].toReversed(), ...hosts(within?.destination)];
  if (own) {
    const field = fieldIndex[own.side];
    preferred[field] = [...reachable(own.addresses[universe.family]), ...(preferred[field] ?? [])];
  }
  const point = kernel.pick(set, preferred)!;
  return { point, packet: packetOf(universe, point) };
}

const NETWORKS_MAX = 8;

/** An address of each network that is not its own; an address by itself is found anyway. */
function hostsOf(set: Intervals<Bound>): readonly Bound[] {
  return [...ranges(set)].slice(0, NETWORKS_MAX).flatMap(([first, last]) => {
    const tenth = typeof first === 'bigint' ? first + 10n : first + 10;
    return tenth <= last ? [tenth] : [];
  });
}

/** Single addresses of a device by which others reach it. */
function reachable(own: Intervals<Bound>): readonly Bound[] {
  const firsts = [...ranges(own)].filter(([first, last]) => first === last).map(([first]) => first);
  return firsts.filter((one) => (typeof one === 'bigint' ? one >> 118n !== 0x3fan && one > 1n : one >>> 24 !== 127));
}

function packetOf(universe: Universe, point: Point): PacketExample {
  const protocol = Number(point[fieldIndex.protocol]);
  const hasPorts = protocol === TCP || protocol === UDP || protocol === 132 || protocol === 33 || protocol === 136;
  const isIcmp = protocol === (universe.family === 'ip4' ? 1 : 58);
  const name = (field: 'inInterface' | 'outInterface'): string =>
    exampleName(universe, Number(point[fieldIndex[field]]));
  // Where no rule asks for an interface, a packet needs none.
  const named = universe.interfaces.length > 1;
  const framed = universe.space.classCount(fieldIndex.sourceMac) > 1;
  return {
    family: universe.family,
    ...(named && { inInterface: name('inInterface'), outInterface: name('outInterface') }),
    source: point[fieldIndex.source]!,
    destination: point[fieldIndex.destination]!,
    protocol,
    ...(hasPorts && {
      sourcePort: Number(point[fieldIndex.sourcePort]),
      destinationPort: Number(point[fieldIndex.destinationPort]),
    }),
    ...(isIcmp && { icmp: Number(point[fieldIndex.icmp]) }),
    ...(framed && { sourceMac: Number(point[fieldIndex.sourceMac]) }),
  };
}

/** A name that stands for "any other": one that no rule names. */
function exampleName(universe: Universe, index: number): string {
  const value = universe.interfaces[index]!;
  if (!value.endsWith('*')) return value;
  const stem = value.slice(0, -1);
  for (let number = 0; ; number++) {
    const name = `${stem === '' ? 'other' : stem}${number}`;
    if (!universe.interfaces.includes(name)) return name;
  }
}

/** Packets whose fields are values of both boxes' families; used where two families' lists are put together. */
export function joinFamilies(ip4: PacketBox, ip6: PacketBox): PacketBox | undefined {
  const { families: _, source: s4, destination: d4, ...rest4 } = ip4;
  const { families: __, source: s6, destination: d6, ...rest6 } = ip6;
  if (contentText(rest4) !== contentText(rest6)) return undefined;
  const both = (a: AddressSet | undefined, b: AddressSet | undefined): AddressSet | undefined =>
    a || b ? { ip4: a ? a.ip4 : everyIp4, ip6: b ? b.ip6 : everyIp6 } : undefined;
  const [source, destination] = [both(s4, s6), both(d4, d6)];
  return { families: ['ip4', 'ip6'], ...rest4, ...(source && { source }), ...(destination && { destination }) };
}

const everyIp4: Intervals = [0, 0xffff_ffff];
const everyIp6: Intervals<bigint> = [0n, (1n << 128n) - 1n];

import { type Intervals, size } from '../../lib/intervals.js';
import type { AddressSet, Origin } from '../../model/index.js';
import { type Cursor, cursorOf, Missing, refuse } from './cursor.js';
import { type Addresses, absent, hostOf, known, type Library, networkGroup, networkObject } from './library.js';
import type { Line } from './parse.js';
import { protocolsOf } from './services.js';
import { numberOf, portNumbers } from './tables.js';

/** A translation as the device holds it, of either kind. */
export interface Translation {
  readonly origin: Origin;
  readonly line: Line;
  /** Undefined: any interface. */
  readonly realInterface?: string;
  readonly mappedInterface?: string;
  readonly isStatic: boolean;
  readonly source: { readonly real: Addresses; readonly mapped: Addresses | 'interface' };
  /** What the inner side calls the destination, and what it is. */
  readonly destination?: { readonly mapped: Addresses | 'interface'; readonly real: Addresses };
  readonly service?: PortForm;
  /** A service of the destination: what the inner side asks for, and what it gets. */
  readonly destinationService?: PortForm;
  readonly unidirectional: boolean;
  readonly disabled: boolean;
}

export interface PortForm {
  readonly protocols: Intervals;
  readonly real: Intervals;
  readonly mapped: Intervals;
}

const optionWords =
  /^(?:dns|no-proxy-arp|route-lookup|net-to-net|flat|include-reserve|extended|round-robin|block-allocation|ipv6)$/;

/** An address, an object, a group or `any`, without a word that says which. */
function takeNetwork(cursor: Cursor, library: Library): Addresses {
  const name = cursor.take() ?? refuse('an address is missing');
  if (name === 'any') return known(sets.any);
  if (library.networks.has(name)) return networkObject(name, library);
  if (library.groups.has(`network ${name}`)) return networkGroup(name, library);
  if (/^[\d.]+$|^[\da-fA-F:.]*:[\da-fA-F:.]*$/.test(name) || library.names.has(name))
    return known(hostOf(name, library));
  return { set: sets.none, unknowns: [absent(library, `object network ${name}`)] };
}

export const sets = {
  any: { ip4: [0, 0xffff_ffff], ip6: [0n, (1n << 128n) - 1n] },
  none: { ip4: [], ip6: [] },
} as const satisfies Record<string, AddressSet>;

function takeInterfaces(cursor: Cursor): { readonly realInterface?: string; readonly mappedInterface?: string } {
  const pair = /^\((?<real>[^,()]+),(?<mapped>[^,()]+)\)$/.exec(cursor.peek() ?? '')?.groups;
  if (!pair) return {};
  cursor.take();
  return {
    ...(pair.real !== 'any' && { realInterface: pair.real! }),
    ...(pair.mapped !== 'any' && { mappedInterface: pair.mapped! }),
  };
}

/** `nat (a,b) static X`, below an object. */
export function readObjectNat(object: string, line: Line, file: string, library: Library): Translation {
  const cursor = cursorOf(line.words, 1);
  const interfaces = takeInterfaces(cursor);
  const kind = cursor.take();
  if (kind !== 'static' && kind !== 'dynamic') return refuse(`${kind ?? 'nothing'} is neither static nor dynamic`);
  const real = networkObject(object, library);
  const mapped = kind === 'dynamic' ? takePool(cursor, library) : takeMapped(cursor, library);
  let service: PortForm | undefined;
  for (let word = cursor.take(); word !== undefined; word = cursor.take()) {
    if (word === 'service') {
      const protocols = protocolsOf(cursor.take() ?? '') ?? refuse('the protocol is missing');
      service = { protocols, real: takePort(cursor), mapped: takePort(cursor) };
    } else if (word === 'interface') continue;
    else if (!optionWords.test(word)) return refuse(`${word} is not expected here`);
  }
  const isSubnet = library.networks.get(object)?.lines.some(({ words }) => words[0] === 'subnet') === true;
  const full =
    kind === 'static' && mapped !== 'interface' ? { ...mapped, set: extended(mapped.set, real.set, isSubnet) } : mapped;
  return {
    origin: { file, line: line.number, rule: `object network ${object}: ${line.text}`, text: line.text },
    line,
    ...interfaces,
    isStatic: kind === 'static',
    source: { real, mapped: full },
    ...(service && { service }),
    unidirectional: false,
    disabled: false,
  };
}

function takePort(cursor: Cursor): Intervals {
  const word = cursor.take() ?? refuse('the port is missing');
  const port = numberOf(word, portNumbers, 65535) ?? refuse(`${word} is not a port`);
  return [port, port];
}

function takeMapped(cursor: Cursor, library: Library): Addresses | 'interface' {
  return cursor.took('interface') ? 'interface' : takeNetwork(cursor, library);
}

/** A pool of a dynamic translation, and the interface when the pool is empty. */
function takePool(cursor: Cursor, library: Library): Addresses | 'interface' {
  cursor.took('pat-pool');
  const first = takeMapped(cursor, library);
  // `dynamic POOL pat-pool MORE`: which one is taken depends on what is free.
  if (cursor.took('pat-pool')) takeMapped(cursor, library);
  return first;
}

/**
 * One address in the place of many: of a range, as many addresses that begin with it; of a subnet, the network that it
 * lies in under the same mask (“Configure Static Network Object NAT” in the ASA firewall guide).
 */
function extended(mapped: AddressSet, real: AddressSet, isSubnet: boolean): AddressSet {
  const ip4 = Number(size(real.ip4));
  const [first, last] = mapped.ip4;
  if (first !== undefined && first === last && mapped.ip4.length === 2 && real.ip4.length === 2 && ip4 > 1) {
    const begin = isSubnet ? first - (first % ip4) : first;
    return { ip4: [begin, Math.min(begin + ip4 - 1, 0xffff_ffff)], ip6: mapped.ip6 };
  }
  const [low, high] = mapped.ip6;
  const ip6 = size(real.ip6);
  if (low !== undefined && low === high && mapped.ip6.length === 2 && real.ip6.length === 2 && ip6 > 1n) {
    const begin = isSubnet ? low - (low % ip6) : low;
    return { ip4: mapped.ip4, ip6: [begin, begin + ip6 - 1n] };
  }
  return mapped;
}

export function isAfterAuto({ words }: Line): boolean {
  return words.includes('after-auto');
}

/** `nat (a,b) source static X Y destination static M R service S T`. */
export function readTwiceNat(line: Line, file: string, place: string, library: Library): Translation {
  const cursor = cursorOf(line.words, 1);
  const interfaces = takeInterfaces(cursor);
  if (/^\d+$/.test(cursor.peek() ?? '')) cursor.take();
  if (cursor.took('after-auto') && /^\d+$/.test(cursor.peek() ?? '')) cursor.take();
  if (!cursor.took('source')) return refuse('source is expected');
  const kind = cursor.take();
  if (kind !== 'static' && kind !== 'dynamic') return refuse(`${kind ?? 'nothing'} is neither static nor dynamic`);
  const real = takeNetwork(cursor, library);
  const mapped = kind === 'dynamic' ? takePool(cursor, library) : takeMapped(cursor, library);
  let destination: Translation['destination'];
  let service: PortForm | undefined;
  let destinationService: PortForm | undefined;
  let unidirectional = false;
  let disabled = false;
  for (let word = cursor.take(); word !== undefined; word = cursor.take()) {
    if (word === 'destination') {
      if (!cursor.took('static')) return refuse('static is expected behind destination');
      destination = { mapped: takeMapped(cursor, library), real: takeNetwork(cursor, library) };
    } else if (word === 'service') {
      const pair = takeServicePair(cursor, library);
      service = pair.source;
      destinationService = pair.destination;
    } else if (word === 'unidirectional') unidirectional = true;
    else if (word === 'inactive') disabled = true;
    else if (word === 'description') break;
    else if (word !== 'interface' && !optionWords.test(word)) return refuse(`${word} is not expected here`);
  }
  return {
    origin: { file, line: line.number, rule: place, text: line.text },
    line,
    ...interfaces,
    isStatic: kind === 'static',
    source: { real, mapped },
    ...(destination && { destination }),
    ...(service && { service }),
    ...(destinationService && { destinationService }),
    unidirectional,
    disabled,
  };
}

/**
 * `service REAL MAPPED`: objects whose source ports are those of the inner side's own service, and whose destination
 * ports are those that it asks for (there the first one is what it asks for, the second what it gets).
 */
function takeServicePair(
  cursor: Cursor,
  library: Library,
): { readonly source?: PortForm; readonly destination?: PortForm } {
  const [first, second] = [cursor.take(), cursor.take()];
  if (first === undefined || second === undefined) return refuse('two services are expected');
  if (first === 'any' && second === 'any') return {};
  const [one, other] = [portsOfObject(first, library), portsOfObject(second, library)];
  return {
    ...(one.source && other.source && { source: { protocols: one.protocols, real: one.source, mapped: other.source } }),
    ...(one.destination &&
      other.destination && {
        destination: { protocols: one.protocols, real: other.destination, mapped: one.destination },
      }),
  };
}

function portsOfObject(
  name: string,
  library: Library,
): { readonly protocols: Intervals; readonly source?: Intervals; readonly destination?: Intervals } {
  const object = library.services.get(name);
  const line = object?.lines.find(({ words }) => words[0] === 'service');
  if (!line) {
    absent(library, `object service ${name}`);
    throw new Missing(`the object service ${name} is not in this capture`);
  }
  const protocols = protocolsOf(line.words[1] ?? '') ?? refuse('a protocol with ports is expected');
  const form =
    /(?:source (?:eq (?<source>\S+)|range (?<sourceFirst>\S+) (?<sourceLast>\S+)))?\s*(?:destination (?:eq (?<to>\S+)|range (?<toFirst>\S+) (?<toLast>\S+)))?$/.exec(
      line.words.slice(2).join(' '),
    )?.groups;
  const pick = (whole?: string, first?: string, last?: string): Intervals | undefined => {
    if (whole === undefined && first === undefined) return undefined;
    const [low, high] = [whole ?? first!, whole ?? last!].map((word) => numberOf(word, portNumbers, 65535));
    return low === undefined || high === undefined ? refuse(`${name} has ports that are not known`) : [low, high];
  };
  const source = pick(form?.source, form?.sourceFirst, form?.sourceLast);
  const destination = pick(form?.to, form?.toFirst, form?.toLast);
  if (!source && !destination) return refuse(`${name} names no ports`);
  return { protocols, ...(source && { source }), ...(destination && { destination }) };
}

/**
 * The device's order: twice NAT as it stands, then object NAT (static before dynamic, the fewest addresses first, then
 * the lowest address, then the name), then twice NAT that was put after.
 */
export function objectOrder(
  a: Translation & { readonly object: string },
  b: Translation & { readonly object: string },
): number {
  if (a.isStatic !== b.isStatic) return a.isStatic ? -1 : 1;
  const count = ({ source: { real } }: Translation): bigint => size(real.set.ip4) + size(real.set.ip6);
  if (count(a) !== count(b)) return count(a) < count(b) ? -1 : 1;
  const lowest = ({ source: { real } }: Translation): bigint => BigInt(real.set.ip4[0] ?? real.set.ip6[0] ?? 0);
  if (lowest(a) !== lowest(b)) return lowest(a) < lowest(b) ? -1 : 1;
  return a.object < b.object ? -1 : a.object > b.object ? 1 : 0;
}

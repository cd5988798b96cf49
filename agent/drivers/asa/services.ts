import { complement, type Intervals, isSubset, union } from '../../lib/intervals.js';
import { all, any, type Condition } from '../../model/index.js';
import { type Cursor, cursorOf, refuse } from './cursor.js';
import { absent, type Group, type Library, oneOf, portsOf } from './library.js';
import type { Line } from './parse.js';
import { icmp6Types, icmpTypes, numberOf, portNumbers, protocolNumbers } from './tables.js';

const operators = new Set(['eq', 'neq', 'lt', 'gt', 'range']);

/** Whether a comparison of ports comes next: behind `range` there may be addresses as well. */
export function isOperator(cursor: Cursor): boolean {
  const word = cursor.peek();
  if (word === undefined || !operators.has(word)) return false;
  return word !== 'range' || !/[.:]/.test(cursor.peek(1) ?? '');
}

function portOf(word: string | undefined): number {
  return numberOf(word ?? '', portNumbers, 65535) ?? refuse(`${word ?? 'nothing'} is not a port`);
}

/** `eq 80`, `range 1 5`, `gt 1023`, `lt 5`, `neq 25`. */
export function takePorts(cursor: Cursor): Intervals {
  const operator = cursor.take();
  const port = portOf(cursor.take());
  switch (operator) {
    case 'eq':
      return portsOf(port, port);
    case 'neq':
      return complement(portsOf(port, port), [0, 65535]);
    case 'lt':
      return portsOf(0, port - 1);
    case 'gt':
      return portsOf(port + 1, 65535);
    case 'range': {
      const last = portOf(cursor.take());
      if (last < port) return refuse(`range ${port} ${last} is empty`);
      return portsOf(port, last);
    }
    default:
      return refuse(`${operator ?? 'nothing'} is not a comparison of ports`);
  }
}

/** The protocols that a word names; `undefined` for `ip`, which is every protocol. */
export function protocolsOf(word: string): Intervals | undefined {
  if (word === 'ip') return undefined;
  if (word === 'tcp-udp') return [6, 6, 17, 17];
  const number = numberOf(word, protocolNumbers, 255) ?? refuse(`${word} is not a protocol`);
  return number === 0 ? undefined : [number, number];
}

export function isProtocol(word: string): boolean {
  return word === 'ip' || word === 'tcp-udp' || numberOf(word, protocolNumbers, 255) !== undefined;
}

export function protocolCondition(protocols: Intervals | undefined): Condition {
  return protocols === undefined ? all() : { kind: 'protocol', protocols };
}

/** Only these have ports, and a test of ports holds for no other. */
const withPorts: Intervals = [6, 6, 17, 17, 132, 132];

export function portCondition(side: 'source' | 'destination', ports: Intervals): Condition {
  return { kind: `${side}Port`, ports };
}

/** `echo`, `8`, `unreachable 4`: ICMP's own words for `icmp`, those of ICMPv6 for `icmp6`. */
export function takeIcmp(cursor: Cursor, protocol: number): Condition {
  const word = cursor.take() ?? '';
  const type = numberOf(word, protocol === 58 ? icmp6Types : icmpTypes, 255) ?? refuse(`${word} is not an ICMP type`);
  const next = cursor.peek();
  const code = next !== undefined && /^\d{1,3}$/.test(next) && Number(next) <= 255 ? Number(cursor.take()) : undefined;
  return {
    kind: 'icmp',
    typeCodes: code === undefined ? [type * 256, type * 256 + 255] : [type * 256 + code, type * 256 + code],
  };
}

export function isIcmpType(word: string | undefined, protocol: number): boolean {
  return word !== undefined && numberOf(word, protocol === 58 ? icmp6Types : icmpTypes, 255) !== undefined;
}

/** `tcp source eq 1 destination range 2 3`, `icmp echo 0`, `udp eq 53`, `gre`. */
export function takeService(cursor: Cursor, transport?: string): Condition {
  const word = transport ?? cursor.take() ?? refuse('the protocol is missing');
  const protocols = protocolsOf(word);
  const parts: Condition[] = [protocolCondition(protocols)];
  if (cursor.took('source')) parts.push(portCondition('source', takePorts(cursor)));
  // The word may be left out before the destination's ports.
  if (cursor.took('destination') || isOperator(cursor)) parts.push(portCondition('destination', takePorts(cursor)));
  if (parts.length > 1 && (protocols === undefined || !hasPorts(protocols))) return refuse(`${word} has no ports`);
  const [number] = protocols ?? [];
  if (cursor.peek() !== undefined && (number === 1 || number === 58)) parts.push(takeIcmp(cursor, number));
  if (cursor.peek() !== undefined) return refuse(`${cursor.peek()} is not expected here`);
  return all(...parts);
}

export function hasPorts(protocols: Intervals): boolean {
  return isSubset(protocols, withPorts);
}

/** Objects that every device has: `object icmp-echo`, `object ospf`. */
function builtIn(name: string): Condition | undefined {
  if (isProtocol(name)) return protocolCondition(protocolsOf(name));
  const icmp = /^(?<protocol>icmp6?)-(?<type>.+)$/.exec(name)?.groups;
  if (icmp) {
    const number = icmp.protocol === 'icmp' ? 1 : 58;
    if (!isIcmpType(icmp.type, number)) return undefined;
    return all(protocolCondition([number, number]), takeIcmp(cursorOf([icmp.type!]), number));
  }
  const port = /^(?<protocol>tcp|udp|sctp)-(?<port>.+)$/.exec(name)?.groups;
  const number = port && numberOf(port.port!, portNumbers, 65535);
  if (!port || number === undefined) return undefined;
  return all(protocolCondition(protocolsOf(port.protocol!)), portCondition('destination', [number, number]));
}

export function serviceObject(name: string, library: Library): Condition {
  const object = library.services.get(name);
  if (!object) return builtIn(name) ?? absent(library, `object service ${name}`);
  return any(...object.lines.flatMap((line) => serviceLine(line, object.transport) ?? []));
}

export function serviceLine({ words }: Line, transport?: string): Condition | undefined {
  return words[0] === 'service' ? takeService(cursorOf(words, 1), transport) : undefined;
}

/** A group in the place of a protocol: of protocols, of services, or of ports (then of the destination). */
export function serviceGroup(name: string, library: Library, seen: ReadonlySet<string> = new Set()): Condition {
  const group = library.groups.get(`service ${name}`) ?? library.groups.get(`protocol ${name}`);
  if (!group) return absent(library, `object-group ${name}`);
  if (seen.has(name)) return any();
  const key = `${group.kind} ${name}`;
  const cached = library.serviceCache.get(key);
  if (cached) return cached;
  const deeper = new Set([...seen, name]);
  const made = oneOf(group.lines.flatMap((line) => serviceMember(line, group, library, deeper) ?? []));
  if (seen.size === 0) library.serviceCache.set(key, made);
  return made;
}

/** What a line of a group of services or protocols adds; undefined for a description. */
export function serviceMember(
  { words }: Line,
  group: Group,
  library: Library,
  seen: ReadonlySet<string>,
): Condition | undefined {
  const [verb, first, second] = words;
  const count = verb === 'group-object' ? 2 : first === 'object' ? 3 : undefined;
  if (count !== undefined && words.length > count) return refuse(`${words.at(-1)} is not expected here`);
  switch (verb) {
    case 'group-object':
      return serviceGroup(first ?? refuse('the group is missing'), library, seen);
    case 'protocol-object':
      if (second !== undefined) return refuse(`${second} is not expected here`);
      return protocolCondition(protocolsOf(first ?? refuse('the protocol is missing')));
    case 'service-object':
      if (first === 'object') return serviceObject(second ?? refuse('the object is missing'), library);
      return takeService(cursorOf(words, 1));
    case 'port-object':
      return all(protocolCondition(transportOf(group)), portCondition('destination', wholePorts(words)));
    default:
      return undefined;
  }
}

function wholePorts(words: readonly string[]): Intervals {
  const cursor = cursorOf(words, 1);
  const ports = takePorts(cursor);
  return cursor.peek() === undefined ? ports : refuse(`${cursor.peek()} is not expected here`);
}

function transportOf({ transport }: Group): Intervals | undefined {
  return protocolsOf(transport ?? 'tcp-udp');
}

/** A group of ports in the place of ports; undefined where it holds more than ports. */
function portsOfGroup(name: string, library: Library, seen: ReadonlySet<string>): Intervals | undefined {
  const group = library.groups.get(`service ${name}`);
  if (!group) return undefined;
  if (seen.has(name)) return [];
  let ports: Intervals = [];
  for (const { words } of group.lines) {
    const [verb, first] = words;
    if (verb !== 'port-object' && verb !== 'group-object') {
      if (verb === 'service-object') return undefined;
      continue;
    }
    const more =
      verb === 'port-object' ? wholePorts(words) : portsOfGroup(first ?? '', library, new Set([...seen, name]));
    if (more === undefined) return undefined;
    ports = union(ports, more);
  }
  return ports;
}

/** An `object-group` where ports are expected. */
export function portGroup(side: 'source' | 'destination', name: string, library: Library): Condition {
  if (!library.groups.has(`service ${name}`)) return absent(library, `object-group service ${name}`);
  const ports = portsOfGroup(name, library, new Set());
  if (ports !== undefined) {
    const group = library.groups.get(`service ${name}`)!;
    return group.transport === undefined
      ? portCondition(side, ports)
      : all(protocolCondition(transportOf(group)), portCondition(side, ports));
  }
  // The services of a group say themselves which side their ports are of.
  return side === 'destination' ? serviceGroup(name, library) : refuse(`${name} is not a group of ports`);
}

export function icmpGroup(name: string, library: Library, seen: ReadonlySet<string> = new Set()): Condition {
  const group = library.groups.get(`icmp-type ${name}`);
  if (!group) return absent(library, `object-group icmp-type ${name}`);
  if (seen.has(name)) return any();
  const key = `${group.kind} ${name}`;
  const cached = library.serviceCache.get(key);
  if (cached) return cached;
  const deeper = new Set([...seen, name]);
  const made = oneOf(group.lines.flatMap((line) => icmpMember(line, library, deeper) ?? []));
  if (seen.size === 0) library.serviceCache.set(key, made);
  return made;
}

export function icmpMember({ words }: Line, library: Library, seen: ReadonlySet<string>): Condition | undefined {
  const [verb, first, second] = words;
  if (second !== undefined && (verb === 'group-object' || verb === 'icmp-object'))
    return refuse(`${second} is not expected here`);
  if (verb === 'group-object') return icmpGroup(first ?? refuse('the group is missing'), library, seen);
  if (verb !== 'icmp-object') return undefined;
  return takeIcmp(cursorOf(words, 1), 1);
}

import { fromRanges, type Intervals } from '../../lib/intervals.js';
import { all, any, type Condition } from '../../model/index.js';
import { absent, find, type Reader, unknown } from './scope.js';
import { at, contentOf, membersOf, type Node } from './tree.js';

export const protocolNumbers: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };

export function protocol(number: number): Condition {
  return { kind: 'protocol', protocols: [number, number] };
}

/** `80`, `8000-8080`, `80,443,8000-8080`. */
export function portsOf(text: string | undefined): Intervals | undefined {
  if (text === undefined) return undefined;
  const ranges: [number, number][] = [];
  for (const part of text.split(',')) {
    const found = /^\s*(?<first>\d{1,5})(?:-(?<last>\d{1,5}))?\s*$/.exec(part)?.groups;
    if (!found) return undefined;
    const first = Number(found.first);
    const last = Number(found.last ?? found.first);
    if (last > 65535) return undefined;
    ranges.push([first, last]);
  }
  return fromRanges(ranges);
}

const anyPort: Intervals = [0, 65535];

/** Ports may be written as one text or as a list. */
function listOf(node: Node | undefined): string | undefined {
  return node?.children.every(({ children }) => children.length === 0) ? membersOf(node).join(',') : undefined;
}

/** The port in the header, or with `original` the one that the packet came with. */
export function portTest(side: 'source' | 'destination', ports: Intervals, original: boolean): Condition {
  return { kind: `${side}Port`, ports, ...(original && { original: true as const }) };
}

const plain = new Set(['description', 'tag', 'disable-override']);
/** How long a session of this service lives. */
const beside = new Set(['override', 'timeout', 'halfclose-timeout', 'timewait-timeout']);

export function serviceObject(node: Node, reader: Reader, original: boolean): Condition {
  const { ledger } = reader;
  ledger.used(node);
  const lost = (part: Node, reason: string): Condition => {
    ledger.lost(part, reason);
    return { ...unknown(`the service ${node.name}`, `service ${contentOf(node)}`), unrecognized: true };
  };
  const found: Condition[] = [];
  for (const child of node.children) {
    if (plain.has(child.name)) {
      ledger.irrelevant(child);
      continue;
    }
    // A port beside the protocol is meant for it.
    if (child.name === 'port' && node.index.has('protocol')) {
      ledger.all(child);
      continue;
    }
    if (child.name !== 'protocol') {
      found.push(lost(child, `“${child.name}” of a service is not known`));
      continue;
    }
    ledger.used(child);
    for (const transport of child.children) {
      const number = protocolNumbers[transport.name];
      const portNode = at(transport, 'port') ?? at(node, 'port');
      // No service is without a port on the device; a text that has one is taken at its word, and is not whole.
      const ports = portNode ? portsOf(listOf(portNode)) : anyPort;
      if (!portNode) ledger.gap(transport, `${node.name} does not say its port`);
      const sourceNode = at(transport, 'source-port');
      const sources = portsOf(listOf(sourceNode));
      const strange = transport.children.find(
        ({ name }) => name !== 'port' && name !== 'source-port' && !beside.has(name),
      );
      if (number === undefined || !ports || (sourceNode && !sources) || strange) {
        found.push(lost(strange ?? transport, 'the ports of a service are not understood'));
        continue;
      }
      ledger.used(transport);
      for (const one of transport.children) {
        if (beside.has(one.name)) ledger.irrelevant(one);
        else ledger.all(one);
      }
      found.push(
        all(
          protocol(number),
          portTest('destination', ports, original),
          ...(sources ? [portTest('source', sources, original)] : []),
        ),
      );
    }
  }
  if (found.length === 1) return found[0]!;
  return lost(node, found.length === 0 ? 'a service without ports' : 'a service with two protocols');
}

export function serviceGroup(node: Node, from: Reader, original: boolean, seen: ReadonlySet<Node>): Condition {
  const reader = { ...from, holder: node };
  const { ledger } = reader;
  ledger.used(node);
  const inner = new Set([...seen, node]);
  const found: Condition[] = [];
  for (const child of node.children) {
    if (plain.has(child.name)) ledger.irrelevant(child);
    else if (child.name === 'members') {
      ledger.all(child);
      found.push(...membersOf(child).map((name) => serviceNamed(name, reader, original, inner)));
    } else {
      // Before version 6 the members stood in the group without a word before them.
      ledger.all(child);
      found.push(serviceNamed(child.name, reader, original, inner));
    }
  }
  return any(...found);
}

/** Services that every device has; an object of the same name goes before them. */
const builtIn: Readonly<Record<string, Intervals>> = {
  'service-http': [80, 80, 8080, 8080],
  'service-https': [443, 443],
};

export function serviceNamed(
  name: string,
  reader: Reader,
  original: boolean,
  seen: ReadonlySet<Node> = new Set(),
): Condition {
  const found = find(reader.scopes, ['service', 'service-group'], name);
  if (found && seen.has(found.node)) return any();
  if (found?.kind === 'service') return serviceObject(found.node, reader, original);
  if (found) return serviceGroup(found.node, reader, original, seen);
  if (name === 'any') return all();
  const ports = Object.hasOwn(builtIn, name) ? builtIn[name] : undefined;
  if (ports) return all(protocol(6), portTest('destination', ports, original));
  const gap = absent(reader, 'the service', name);
  // A group holds nothing by a member that is nowhere; that there is such a member makes the reading blind.
  return seen.size > 0 ? any() : gap;
}

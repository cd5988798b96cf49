import { z } from 'zod';
import { contains, type Intervals, intersection, isSubset, union } from '../lib/intervals.js';
import { recollection } from '../lib/memo.js';
import { parsePorts } from '../lib/ports.js';
import { failure, type Result, success, together } from '../lib/result.js';
import { oncePer } from './once.js';
import type { Severity } from './types.js';
import { type ReadBefore, readRulesYaml } from './yaml.js';

/** One entry of rules/services.yaml. */
export interface Service {
  readonly id: string;
  readonly name: string;
  /** What people who announce it call it besides its id; several services may share one. */
  readonly names?: readonly string[];
  readonly proto: string;
  readonly ports: Intervals | 'any';
  readonly category: string;
  /** What it means that anybody on the internet reaches it. */
  readonly risk: Severity;
  readonly reason: string;
  readonly reference: string;
}

export interface ServiceTable {
  readonly services: readonly Service[];
}

const ServiceEntry = z.strictObject({
  id: z.string('lower-case letters, digits and dashes').regex(/^[a-z0-9-]+$/, 'lower-case letters, digits and dashes'),
  name: z.string('its name, for people').min(1),
  names: z.array(z.string().regex(/^[a-z0-9-]+$/, 'lower-case letters, digits and dashes')).exactOptional(),
  proto: z.enum(['tcp', 'udp', 'any'], 'tcp, udp or any'),
  ports: z
    .string('port numbers and ranges such as 80,8000-8010')
    .refine((text) => parsePorts(text) !== undefined, 'port numbers and ranges such as 80,8000-8010'),
  category: z.string('one lower-case word').regex(/^[a-z]+$/, 'one lower-case word'),
  risk: z.enum(['critical', 'high', 'medium', 'low', 'info'], 'critical, high, medium, low or info'),
  reason: z.string('why it is rated so').min(1),
  reference: z.string('where that was read').min(1),
});

/** Reads rules/services.yaml. All that is wrong is answered with its place; nothing is dropped silently. */
export function parseServices(text: string, file: string, before?: ReadBefore): Result<ServiceTable> {
  const read = readRulesYaml(text, file, before);
  if (!read.ok) return read;
  const { problem } = read.value;
  const parsed = z.array(ServiceEntry).safeParse(read.value.value);
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) => {
      const path = issue.path.join('.');
      if (path === '') return problem([], 'this is no list of services', { expected: 'services, each as `- id: …`' });
      if (issue.code !== 'unrecognized_keys')
        return problem(issue.path, `\`${path}\` is wrong or missing`, { expected: issue.message });
      const known = Object.keys(ServiceEntry.shape).join(', ');
      return problem(issue.path, `there is no \`${issue.keys[0]}\` in \`${path}\``, { expected: `one of ${known}` });
    });
    return failure(together(wrong)!);
  }
  const ids = new Set<string>();
  for (const [index, entry] of parsed.data.entries()) {
    if (ids.has(entry.id)) return failure(problem([index, 'id'], `${index}.id: ${entry.id} is used twice`));
    ids.add(entry.id);
  }
  return success({ services: parsed.data.map((entry) => ({ ...entry, ports: parsePorts(entry.ports)! })) });
}

const PROTOCOLS_KNOWN_MAX = 1_000;
const knownProtocols = recollection<readonly string[]>(PROTOCOLS_KNOWN_MAX);

/** The protocols of a flow: one, or the members of a list such as `tcp,udp`. */
export function protocolsOf(proto: string): readonly string[] {
  let names = knownProtocols.get(proto);
  if (names === undefined) {
    names = proto
      .toLowerCase()
      .split(',')
      .map((name) => name.trim());
    knownProtocols.set(proto, names);
  }
  return names;
}

/** Whether a flow of these protocols speaks of one of them. */
export function hasProtocol(proto: string, one: string): boolean {
  const names = protocolsOf(proto);
  return names.includes('any') || names.includes(one);
}

type WithPorts = Service & { readonly ports: Intervals };

const spoken = oncePer((_: ServiceTable) => recollection<readonly WithPorts[]>(PROTOCOLS_KNOWN_MAX));

/** The services of the table that a flow of these protocols may reach, if its ports are theirs. */
function servicesOver(table: ServiceTable, proto: string): readonly WithPorts[] {
  const ofTable = spoken(table);
  let found = ofTable.get(proto);
  if (!found) {
    found = table.services.filter((one): one is WithPorts => one.ports !== 'any' && hasProtocol(proto, one.proto));
    ofTable.set(proto, found);
  }
  return found;
}

const ALL_PORTS: Intervals = [1, 65535];

/** Whether a flow leaves the port open: no restriction, or a range that is one in all but name. */
export function anyPort(ports: Intervals | 'any'): boolean {
  return ports === 'any' || isSubset(ALL_PORTS, ports);
}

interface Reached {
  readonly reached: readonly { readonly service: Service; readonly ports: Intervals }[];
  readonly unknown: boolean;
}

/** The services of each port, in the order of the table: from each of `from` on it is those of the same place, up to the next. */
interface PortIndex {
  readonly from: readonly number[];
  readonly places: readonly (readonly number[])[];
}

const portIndex = oncePer((services: readonly WithPorts[]): PortIndex => {
  const from = [...new Set([0, ...services.flatMap(({ ports }) => ports.map((port, at) => port + (at % 2)))])];
  from.sort((a, b) => a - b);
  const places = from.map((port) => services.flatMap(({ ports }, place) => (contains(ports, port) ? [place] : [])));
  return { from, places };
});

/** The places of all services that some of these ports belong to, and whether one belongs to none. */
function placesAt({ from, places }: PortIndex, ports: Intervals): { at: readonly number[]; unknown: boolean } {
  const at = new Set<number>();
  let unknown = false;
  for (let i = 0; i < ports.length; i += 2) {
    let [low, high] = [0, from.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (from[middle]! <= ports[i]!) low = middle;
      else high = middle;
    }
    for (; low < from.length && from[low]! <= ports[i + 1]!; low++) {
      for (const place of places[low]!) at.add(place);
      unknown ||= places[low]!.length === 0;
    }
  }
  return { at: [...at].sort((a, b) => a - b), unknown };
}

/** The services a flow reaches, each with the ports they share; `unknown`: ports that no entry names. */
export function servicesReached(table: ServiceTable, proto: string, ports: Intervals): Reached {
  const services = servicesOver(table, proto);
  const { at, unknown } = placesAt(portIndex(services), ports);
  return {
    reached: at.map((place) => ({
      service: services[place]!,
      ports: intersection(services[place]!.ports, ports),
    })),
    unknown,
  };
}

/** The ports of all remote-control tools among them. */
const remotePorts = oncePer(
  (services: readonly WithPorts[]): Intervals =>
    services
      .filter(({ category }) => category === 'remote')
      .reduce<Intervals>((all, { ports }) => union(all, ports), []),
);

/**
 * Whether the flow speaks of a remote-control tool: one of its ports or ranges lies wholly in that category. 443 is
 * excepted because half the world shares it; a wide range that merely contains such a port says nothing of a tool.
 */
export function reachesRemoteTool(table: ServiceTable, proto: string, ports: Intervals | 'any'): boolean {
  if (ports === 'any') return false;
  const remote = remotePorts(servicesOver(table, proto));
  for (let i = 0; i < ports.length; i += 2) {
    const [first, last] = [ports[i]!, ports[i + 1]!];
    if (!(first <= 443 && 443 <= last) && isSubset([first, last], remote)) return true;
  }
  return false;
}

import { z } from 'zod';
import { type Intervals, intersection, isSubset, union } from '../lib/intervals.js';
import { recollection } from '../lib/memo.js';
import { parsePorts } from '../lib/ports.js';
import { failure, type Result, success } from '../lib/result.js';
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
  id: z.string().regex(/^[a-z0-9-]+$/, 'lower-case letters, digits and dashes'),
  name: z.string().min(1),
  names: z.array(z.string().regex(/^[a-z0-9-]+$/, 'lower-case letters, digits and dashes')).exactOptional(),
  proto: z.enum(['tcp', 'udp', 'any']),
  ports: z.string().refine((text) => parsePorts(text) !== undefined, 'port numbers and ranges such as 80,8000-8010'),
  category: z.string().regex(/^[a-z]+$/, 'one lower-case word'),
  risk: z.enum(['critical', 'high', 'medium', 'low', 'info']),
  reason: z.string().min(1),
  reference: z.string().min(1),
});

/** Reads rules/services.yaml. The first thing wrong is answered with its place; nothing is dropped silently. */
export function parseServices(text: string, file: string, before?: ReadBefore): Result<ServiceTable> {
  const read = readRulesYaml(text, file, before);
  if (!read.ok) return read;
  const { problem } = read.value;
  const parsed = z.array(ServiceEntry).safeParse(read.value.value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    return failure(problem(issue.path, `${issue.path.join('.')}: ${issue.message}`));
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

const spokenOf = new WeakMap<ServiceTable, Map<string, readonly WithPorts[]>>();

/** The services of the table that a flow of these protocols may reach, if its ports are theirs. */
function servicesOver(table: ServiceTable, proto: string): readonly WithPorts[] {
  const ofTable = spokenOf.get(table) ?? new Map<string, readonly WithPorts[]>();
  spokenOf.set(table, ofTable);
  let found = ofTable.get(proto);
  if (!found) {
    found = table.services.filter((one): one is WithPorts => one.ports !== 'any' && hasProtocol(proto, one.proto));
    if (ofTable.size >= PROTOCOLS_KNOWN_MAX) ofTable.clear();
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

/** By the ports of a flow, which are asked for several times in a row. */
const knownReached = new WeakMap<Intervals, { readonly services: readonly WithPorts[]; readonly answer: Reached }>();

/** The services a flow reaches, each with the ports they share; `unknown`: ports that no entry names. */
export function servicesReached(table: ServiceTable, proto: string, ports: Intervals): Reached {
  const services = servicesOver(table, proto);
  const before = knownReached.get(ports);
  if (before?.services === services) return before.answer;
  const reached: { service: Service; ports: Intervals }[] = [];
  let known: Intervals = [];
  for (const service of services) {
    const shared = intersection(service.ports, ports);
    if (shared.length === 0) continue;
    reached.push({ service, ports: shared });
    known = union(known, shared);
  }
  const answer = { reached, unknown: !isSubset(ports, known) };
  knownReached.set(ports, { services, answer });
  return answer;
}

const knownRemote = new WeakMap<readonly WithPorts[], Intervals>();

/** The ports of all remote-control tools over these protocols. */
function remotePorts(table: ServiceTable, proto: string): Intervals {
  const services = servicesOver(table, proto);
  let ports = knownRemote.get(services);
  if (!ports) {
    ports = services
      .filter(({ category }) => category === 'remote')
      .reduce<Intervals>((all, service) => union(all, service.ports), []);
    knownRemote.set(services, ports);
  }
  return ports;
}

/**
 * Whether the flow speaks of a remote-control tool: one of its ports or ranges lies wholly in that category. 443 is
 * excepted because half the world shares it; a wide range that merely contains such a port says nothing of a tool.
 */
export function reachesRemoteTool(table: ServiceTable, proto: string, ports: Intervals | 'any'): boolean {
  if (ports === 'any') return false;
  const remote = remotePorts(table, proto);
  for (let i = 0; i < ports.length; i += 2) {
    const [first, last] = [ports[i]!, ports[i + 1]!];
    if (!(first <= 443 && 443 <= last) && isSubset([first, last], remote)) return true;
  }
  return false;
}

import { z } from 'zod';
import { type Intervals, intersection, isSubset, union } from '../lib/intervals.js';
import { parsePorts } from '../lib/ports.js';
import { failure, type Result, success } from '../lib/result.js';
import type { Severity } from './types.js';
import { readRulesYaml } from './yaml.js';

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
export function parseServices(text: string, file: string): Result<ServiceTable> {
  const read = readRulesYaml(text, file);
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

/** The protocols of a flow: one, or the members of a list such as `tcp,udp`. */
export function protocolsOf(proto: string): readonly string[] {
  return proto
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
}

/** Whether a flow of these protocols speaks of one of them. */
export function hasProtocol(proto: string, one: string): boolean {
  const names = protocolsOf(proto);
  return names.includes('any') || names.includes(one);
}

const ALL_PORTS: Intervals = [1, 65535];

/** Whether a flow leaves the port open: no restriction, or a range that is one in all but name. */
export function anyPort(ports: Intervals | 'any'): boolean {
  return ports === 'any' || isSubset(ALL_PORTS, ports);
}

/** The services a flow reaches, each with the ports they share; `unknown`: ports that no entry names. */
export function servicesReached(
  table: ServiceTable,
  proto: string,
  ports: Intervals,
): {
  readonly reached: readonly { readonly service: Service; readonly ports: Intervals }[];
  readonly unknown: boolean;
} {
  const reached: { service: Service; ports: Intervals }[] = [];
  let known: Intervals = [];
  for (const service of table.services) {
    if (service.ports === 'any' || !hasProtocol(proto, service.proto)) continue;
    const shared = intersection(service.ports, ports);
    if (shared.length === 0) continue;
    reached.push({ service, ports: shared });
    known = union(known, shared);
  }
  return { reached, unknown: !isSubset(ports, known) };
}

/**
 * Whether the flow speaks of a remote-control tool: one of its ports or ranges lies wholly in that category. 443 is
 * excepted because half the world shares it; a wide range that merely contains such a port says nothing of a tool.
 */
export function reachesRemoteTool(table: ServiceTable, proto: string, ports: Intervals | 'any'): boolean {
  if (ports === 'any') return false;
  let remote: Intervals = [];
  for (const service of table.services) {
    if (service.category !== 'remote' || service.ports === 'any') continue;
    if (hasProtocol(proto, service.proto)) remote = union(remote, service.ports);
  }
  for (let i = 0; i < ports.length; i += 2) {
    const [first, last] = [ports[i]!, ports[i + 1]!];
    if (!(first <= 443 && 443 <= last) && isSubset([first, last], remote)) return true;
  }
  return false;
}

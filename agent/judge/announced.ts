import { type Intervals, union } from '../lib/intervals.js';
import { nearest } from '../lib/nearest.js';
import { formatPorts } from '../lib/ports.js';
import type { Problem } from '../lib/result.js';
import type { Service, ServiceTable } from './services.js';

/** A part of what was announced, as a scope of a window has it. */
export interface AnnouncedPorts {
  /** `tcp`, or `tcp,udp` where a service answers by both on the same ports. */
  readonly proto: string;
  readonly ports: string;
}

/**
 * What a vendor means who announces `dicom`, or `https,ssh`: every service whose id or name that is. A service that
 * answers by several protocols on one port is one part besides, so that one rule for both is announced.
 */
export function announced(
  table: ServiceTable,
  text: string,
):
  | { readonly ok: true; readonly value: readonly AnnouncedPorts[] }
  | { readonly ok: false; readonly error: Pick<Problem, 'message' | 'expected' | 'remedy'> } {
  const words = text
    .toLowerCase()
    .split(',')
    .map((word) => word.trim());
  const byProtocol = new Map<string, Intervals>();
  const parts: AnnouncedPorts[] = [];
  for (const word of words) {
    const meant = table.services.filter((service) => isCalled(service, word) && service.ports !== 'any');
    if (meant.length === 0) return { ok: false, error: unknownService(table, word) };
    const samePorts = new Set(meant.map(({ ports }) => formatPorts(ports)));
    const protocols = [...new Set(meant.flatMap(({ proto }) => protocolsBehind(proto)))].sort();
    const [only] = samePorts;
    if (samePorts.size === 1 && protocols.length > 1) parts.push({ proto: protocols.join(','), ports: only! });
    for (const { proto, ports } of meant) {
      for (const one of protocolsBehind(proto)) {
        byProtocol.set(one, union(byProtocol.get(one) ?? [], ports as Intervals));
      }
    }
  }
  const rest = [...byProtocol].map(([proto, ports]) => ({ proto, ports: formatPorts(ports) }));
  const isWithin = (one: AnnouncedPorts): boolean =>
    parts.some(({ proto, ports }) => proto.split(',').includes(one.proto) && ports === one.ports);
  return { ok: true, value: [...parts, ...rest.filter((one) => !isWithin(one))] };
}

function protocolsBehind(proto: string): readonly string[] {
  return proto === 'any' ? ['tcp', 'udp'] : [proto];
}

function isCalled({ id, names }: Service, word: string): boolean {
  return id === word || (names ?? []).includes(word);
}

function unknownService({ services }: ServiceTable, word: string): Pick<Problem, 'message' | 'expected' | 'remedy'> {
  const known = services.flatMap(({ id, names = [], ports }) => (ports === 'any' ? [] : [...names, id]));
  // The same letters in another order are the likelier slip, and in short words the only one that says which was meant.
  const letters = (text: string): string => [...text].sort().join('');
  const near = known.find((one) => letters(one) === letters(word)) ?? nearest(word, known);
  return {
    message: `\`${word}\` is neither a protocol nor a service`,
    expected: 'a protocol such as tcp, or a service of rules/services.yaml such as https, dicom or rdp',
    remedy: near === undefined ? 'write it by its port, such as tcp/8443' : `did you mean \`${near}\`?`,
  };
}

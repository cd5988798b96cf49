import { fromRanges } from '../../lib/intervals.js';
import { type AccessFact, type AddressSet, parseAddressSet } from '../../model/index.js';
import type { CoverageBuilder } from '../shared/coverage.js';

/** A section of the capture with its lines, declared to the coverage. */
export interface Source {
  readonly file: string;
  readonly text: string;
  readonly lines: readonly string[];
}

/** The JSON of `ip -j` and `tc -j`: an array of objects, or nothing at all. */
export function parseRecords(
  source: Source,
  coverage: CoverageBuilder,
): readonly Record<string, unknown>[] | undefined {
  if (source.text.trim() === '') return [];
  let value: unknown;
  try {
    value = JSON.parse(source.text);
  } catch {
    value = undefined;
  }
  if (!Array.isArray(value) || !value.every(isRecord)) {
    for (let line = 1; line <= source.lines.length; line++)
      coverage.mark(source.file, line, 'unrecognized', 'not JSON');
    coverage.blind(`${source.file}: not the JSON that was expected: garbled, cut, or from an iproute2 older than 4.13`);
    return undefined;
  }
  for (let line = 1; line <= source.lines.length; line++) coverage.mark(source.file, line, 'modelled');
  return value;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The addresses that `ip -j addr` lists. */
export function readAddresses(source: Source, coverage: CoverageBuilder): readonly AddressSet[] | undefined {
  const records = parseRecords(source, coverage);
  if (!records) return undefined;
  const found: AddressSet[] = [];
  for (const record of records) {
    const infos = Array.isArray(record.addr_info) ? record.addr_info : [];
    for (const info of infos) {
      const local = isRecord(info) ? info.local : undefined;
      const set = typeof local === 'string' ? parseAddressSet(local) : undefined;
      if (set) found.push(set);
      else coverage.lose(source.file, 1, `an address of ${String(record.ifname)} is not understood`);
    }
  }
  return found;
}

export function unite(sets: readonly AddressSet[]): AddressSet {
  return {
    ip4: fromRanges(sets.flatMap(({ ip4 }) => pairs(ip4))),
    ip6: fromRanges(sets.flatMap(({ ip6 }) => pairs(ip6))),
  };
}

function pairs<T>(bounds: readonly T[]): [T, T][] {
  return Array.from({ length: bounds.length / 2 }, (_, index) => [bounds[2 * index]!, bounds[2 * index + 1]!]);
}

export interface Forwarding {
  readonly on: boolean;
  readonly facts: readonly AccessFact[];
}

/** ip_forward, or IPv6's conf/all/forwarding: one number. */
export function readForwarding(
  source: Source,
  family: 'ip4' | 'ip6',
  coverage: CoverageBuilder,
): Forwarding | undefined {
  const text = source.text.trim();
  if (!/^-?\d+$/.test(text) || source.lines.length !== 1) {
    coverage.lose(source.file, 1, 'not a number: whether packets are forwarded is not known');
    return undefined;
  }
  coverage.mark(source.file, 1, 'modelled');
  const subject = `${family} forwarding`;
  const origin = { file: source.file, line: 1, rule: subject, text };
  return { on: text !== '0', facts: [{ kind: 'forwarding', subject, value: text, origin }] };
}

/**
 * `ip netconf`: IPv4 asks the interface that a packet came in by (`net.ipv4.conf.IF.forwarding`), so one interface
 * may forward while ip_forward says 0. IPv6 asks `all` alone (ip6_forward in net/ipv6/ip6_output.c).
 */
export function readNetconf(source: Source, coverage: CoverageBuilder): Forwarding {
  const facts: AccessFact[] = [];
  for (const [index, text] of source.lines.entries()) {
    const parts = /^(?<family>inet6?|mpls) (?<device>\S+) (?:.* )?forwarding (?<state>on|off)(?: |$)/.exec(
      text,
    )?.groups;
    if (!parts) {
      // MPLS and rows without forwarding say nothing about IP.
      if (/^(?:inet6?|mpls|bridge) \S+ /.test(text)) coverage.mark(source.file, index + 1, 'irrelevant');
      else coverage.lose(source.file, index + 1, 'not a line of ip netconf: garbled, or cut');
      continue;
    }
    const { family, device, state } = parts;
    const counts = family === 'inet' && device !== 'all' && device !== 'default';
    coverage.mark(source.file, index + 1, counts ? 'modelled' : 'irrelevant');
    if (!counts || state !== 'on') continue;
    const subject = `ip4 forwarding on ${device}`;
    const origin = { file: source.file, line: index + 1, rule: subject, text: text.trim() };
    facts.push({ kind: 'forwarding', subject, value: 'on', origin });
  }
  return { on: facts.length > 0, facts };
}

/** Names of users by number: passwd(5). */
export function readUsers(source: Source, coverage: CoverageBuilder): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const [index, line] of source.lines.entries()) {
    const parts = /^(?<name>[^:]+):[^:]*:(?<uid>\d+):\d*:[^:]*:[^:]*:/.exec(line)?.groups;
    coverage.mark(source.file, index + 1, parts ? 'modelled' : 'irrelevant');
    // The first entry of a number counts, as for getpwuid(3).
    if (parts && !names.has(Number(parts.uid))) names.set(Number(parts.uid), parts.name!);
  }
  return names;
}

export function readPortRange(
  source: Source,
  coverage: CoverageBuilder,
): { readonly first: number; readonly last: number } | undefined {
  const parts = /^(?<first>\d{1,5})\s+(?<last>\d{1,5})$/.exec(source.text.trim())?.groups;
  if (!parts) return void coverage.lose(source.file, 1, 'not a range of ports: garbled, or cut');
  coverage.mark(source.file, 1, 'modelled');
  return { first: Number(parts.first), last: Number(parts.last) };
}

const CAP_DAC_OVERRIDE = 1n << 1n;
const CAP_DAC_READ_SEARCH = 1n << 2n;
const CAP_SYS_PTRACE = 1n << 19n;

/** Whether the effective capabilities (capabilities(7)) let a program look at the descriptors of every process. */
export function readRights(source: Source, coverage: CoverageBuilder): boolean | undefined {
  for (let line = 1; line <= source.lines.length; line++) coverage.mark(source.file, line, 'irrelevant');
  const hex = /^CapEff:\s+(?<hex>[0-9a-f]{16})$/m.exec(source.text)?.groups?.hex;
  if (hex === undefined) return undefined;
  const held = BigInt(`0x${hex}`);
  return (held & CAP_SYS_PTRACE) !== 0n && (held & (CAP_DAC_OVERRIDE | CAP_DAC_READ_SEARCH)) !== 0n;
}

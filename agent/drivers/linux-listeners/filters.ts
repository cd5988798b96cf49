import type { AccessFact, DeviceInterface } from '../../model/index.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import { isRecord, parseRecords, type Source } from './network.js';

/** linux/if_link.h XDP_ATTACHED_*. */
const xdpModes: Readonly<Record<number, string>> = { 1: 'driver', 2: 'generic', 3: 'offload', 4: 'several modes' };

/** Kinds whose `link` is not where their frames come from: a tunnel takes its packets out of others, a veth has a peer. */
const OWN_FRAMES = new Set(
  'veth gre gretap erspan ip6gre ip6gretap ip6erspan ipip ip6tnl sit vti vti6 xfrm vxlan geneve wireguard gtp ifb'.split(
    ' ',
  ),
);

export interface Links {
  /** XDP programs: they drop, pass or redirect a packet before netfilter sees it. */
  readonly facts: readonly AccessFact[];
  readonly interfaces: readonly DeviceInterface[] | undefined;
}

/** `ip -d -j link`. */
export function readLinks(source: Source, coverage: CoverageBuilder): Links {
  const records = parseRecords(source, coverage);
  return { facts: readPrograms(records ?? [], source, coverage), interfaces: records && readStacks(records) };
}

function readStacks(records: readonly Record<string, unknown>[]): readonly DeviceInterface[] {
  const ports = new Map<unknown, string[]>();
  for (const { ifname, master } of records)
    if (master !== undefined) ports.set(master, [...(ports.get(master) ?? []), String(ifname)]);
  return records.map(({ ifname, link, linkinfo }): DeviceInterface => {
    const kind = isRecord(linkinfo) && linkinfo.info_kind !== undefined ? String(linkinfo.info_kind) : undefined;
    const parent = link === undefined || link === null || (kind && OWN_FRAMES.has(kind)) ? [] : [String(link)];
    return { name: String(ifname), ...(kind && { kind }), on: [...parent, ...(ports.get(ifname) ?? [])] };
  });
}

function readPrograms(
  records: readonly Record<string, unknown>[],
  source: Source,
  coverage: CoverageBuilder,
): readonly AccessFact[] {
  const facts: AccessFact[] = [];
  for (const record of records) {
    if (!isRecord(record.xdp)) continue;
    const device = String(record.ifname);
    const { mode, prog, attached } = record.xdp;
    // The tag is a digest of the program's instructions; its number is new at each loading.
    const programs = [prog, ...(Array.isArray(attached) ? attached.map((entry) => isRecord(entry) && entry.prog) : [])];
    const tags = new Set(programs.flatMap((program) => (isRecord(program) ? [String(program.tag ?? 'untagged')] : [])));
    facts.push(
      notRead(
        source,
        coverage,
        device,
        `xdp on ${device}`,
        `${xdpModes[Number(mode)] ?? mode} ${[...tags].sort().join(' ')}`.trim(),
      ),
    );
  }
  return facts;
}

/** Queueing disciplines that hold no filter: everything else may carry one with an action, such as drop or redirect. */
const PLAIN = new Set([
  'noqueue',
  'pfifo_fast',
  'pfifo',
  'bfifo',
  'fq',
  'fq_codel',
  'mq',
  'noop',
  'sfq',
  'codel',
  'cake',
  'pie',
  'fq_pie',
  'tbf',
  'netem',
  'mqprio',
]);

/** `tc -j qdisc`: where filters of traffic control may be attached; their content is not read. */
export function readQdiscs(source: Source, coverage: CoverageBuilder): readonly AccessFact[] {
  const facts: AccessFact[] = [];
  for (const { kind, dev, handle } of parseRecords(source, coverage) ?? []) {
    if (typeof kind !== 'string' || PLAIN.has(kind)) continue;
    facts.push(notRead(source, coverage, String(dev), `tc ${kind} on ${dev}`, `handle ${handle}`));
  }
  return facts;
}

function notRead(
  source: Source,
  coverage: CoverageBuilder,
  device: string,
  subject: string,
  value: string,
): AccessFact {
  const what = subject.startsWith('xdp') ? 'An XDP program' : 'A queueing discipline that may hold tc filters';
  coverage.mark(source.file, 1, 'unmodelled', `${subject}: what it does to packets is not read`);
  coverage.notCovered(
    `${what} is attached (${subject}): it may drop, pass or redirect packets on ${device} before any rule, and is not read.`,
  );
  return {
    kind: 'filterNotCovered',
    subject,
    value,
    origin: { file: source.file, line: 1, rule: subject, text: `${subject}: ${value}` },
  };
}

export interface NamespaceSources {
  readonly all: Source | undefined;
  readonly named: Source | undefined;
  readonly own: Source | undefined;
}

/** Says which network namespaces exist beside the one that was read: each has its own rules and listeners. */
export function sayNamespaces({ all, named, own }: NamespaceSources, coverage: CoverageBuilder): void {
  for (const source of [all, named, own]) {
    for (let line = 1; line <= (source?.lines.length ?? 0); line++) coverage.mark(source!.file, line, 'irrelevant');
  }
  const self = /^net:\[(?<inode>\d+)\]$/.exec(own?.text.trim() ?? '')?.groups?.inode;
  const paths = new Set<string>();
  let unnamed = 0;
  let selfPath: string | undefined;
  for (const entry of listed(all, coverage)) {
    // One namespace may be mounted at several places, one a line.
    const path = typeof entry.nsfs === 'string' ? entry.nsfs.split('\n')[0] : undefined;
    if (String(entry.ns) === self) selfPath = path;
    else if (path === undefined || path === '') unnamed++;
    else paths.add(path);
  }
  for (const line of named?.lines ?? []) {
    const name = /^(?<name>\S+)(?: \(id: \d+\))?$/.exec(line)?.groups?.name;
    if (name !== undefined && `${NAMED}${name}` !== selfPath) paths.add(`${NAMED}${name}`);
  }
  // lsns shows at least its own; with the own one not known, one of the unnamed is taken for it.
  if (self === undefined && unnamed > 0) unnamed--;
  // Only lsns tells which of the names is that of the namespace that was read.
  sayNotRead({ paths: [...paths].sort(), unnamed, perhapsOwn: all === undefined }, coverage);
}

interface NotRead {
  readonly paths: readonly string[];
  readonly unnamed: number;
  /** One of the paths may be that of the namespace that was read. */
  readonly perhapsOwn: boolean;
}

/** Where `ip netns` keeps its names (ip-netns(8)). */
const NAMED = '/run/netns/';
const SHOWN_MAX = 10;

function sayNotRead({ paths, unnamed, perhapsOwn }: NotRead, coverage: CoverageBuilder): void {
  const shown = paths.slice(0, SHOWN_MAX).map((path) => (path.startsWith(NAMED) ? path.slice(NAMED.length) : path));
  const more = paths.length > SHOWN_MAX ? ` and ${paths.length - SHOWN_MAX} more` : '';
  if (shown.length > 0) {
    coverage.notCovered(
      `Network namespaces with rules and listeners apart, not read: ${shown.join(', ')}${more}` +
        `${perhapsOwn ? ' (one of them may be the one that was read)' : ''}. ` +
        'One with a name can be a device of its own: `source: {netns: NAME}`.',
    );
  }
  if (unnamed > 0) {
    const what = unnamed === 1 ? 'network namespace' : 'network namespaces';
    coverage.notCovered(
      `${unnamed} ${what} without a name (containers, services), with rules and listeners apart, not read.`,
    );
  }
}

function listed(all: Source | undefined, coverage: CoverageBuilder): readonly Record<string, unknown>[] {
  if (all === undefined || all.text.trim() === '') return [];
  try {
    const value: unknown = JSON.parse(all.text);
    if (isRecord(value) && Array.isArray(value.namespaces)) return value.namespaces.filter(isRecord);
  } catch {
    // Said below.
  }
  coverage.blind(`${all.file}: not the JSON of lsns: garbled, or cut`);
  return [];
}

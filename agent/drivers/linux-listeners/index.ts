/**
 * drivers/linux-listeners: the sockets that wait on a Linux machine, and what decides beside its rules whether a
 * packet meets them: own addresses, routes, forwarding, programs before netfilter, namespaces that are not read.
 */
import { failure, type Problem, problemText, type Result, success } from '../../lib/result.js';
import type { AccessFact, AddressSet, Device, Listener } from '../../model/index.js';
import type { Capture, Driver, ReadContext, Section, UndoRequest } from '../contract.js';
import { type CoverageBuilder, coverageBuilder } from '../shared/coverage.js';
import { convertSockets, type Surroundings, usualClientPorts } from './convert.js';
import { dialogue, type StepId, secrets, volatile } from './dialogue.js';
import { readLinks, readQdiscs, sayNamespaces } from './filters.js';
import { identify, type ListingKind, listings } from './identify.js';
import {
  type Forwarding,
  readAddresses,
  readForwarding,
  readNetconf,
  readPortRange,
  readRights,
  readUsers,
  type Source,
  unite,
} from './network.js';
import { foreignNetstat, parseNetstat } from './parse-netstat.js';
import { parseProc } from './parse-proc.js';
import { parseSs } from './parse-ss.js';
import { readRoutes, readRules } from './routes.js';
import { sessions } from './sessions.js';
import type { Socket } from './sockets.js';
import { readTunnels } from './tunnels.js';

const parsers: Record<
  ListingKind,
  (file: string, lines: readonly string[], whole: boolean, coverage: CoverageBuilder) => Socket[]
> = { ss: parseSs, netstat: parseNetstat, proc: parseProc };

const stepIds: ReadonlySet<string> = new Set(dialogue.steps.map((step) => step.id));

/** What kind of listing a section is: by its step's name, else by its content. */
function listingKind(section: Section): ListingKind | undefined {
  if (section.name === 'ss') return 'ss';
  if (section.name.startsWith('proc-net-') && stepIds.has(section.name)) return 'proc';
  if (stepIds.has(section.name)) return undefined;
  return (Object.keys(listings) as ListingKind[]).find((kind) => listings[kind](section.text));
}

/** What a person misses when a step is not in the capture, by step. */
const absences: Partial<Record<StepId, string>> = {
  addr: 'own addresses',
  route4: 'IPv4 routes',
  route6: 'IPv6 routes',
  rule4: 'IPv4 routing rules',
  rule6: 'IPv6 routing rules',
  forward4: 'IPv4 forwarding',
  netconf: 'forwarding by interface',
  link: 'XDP programs',
  qdisc: 'tc filters',
  namespaces: 'network namespaces',
};

function read(capture: Capture, context: ReadContext): Result<Device> {
  const coverage = coverageBuilder();
  const own = capture.sections.filter((section) => stepIds.has(section.name) || listingKind(section) !== undefined);
  const listed = own.filter((section) => listingKind(section) !== undefined);
  if (listed.length === 0) return failure(notOurs(capture));
  for (const section of capture.sections) {
    if (!own.includes(section)) coverage.notCovered(`${section.source} is not read by this driver.`);
  }
  const sources = new Map<string, Source>();
  for (const section of own) {
    sayFailure(section, own, coverage);
    if (listingKind(section) === undefined && (section.failure === undefined || section.text !== '')) {
      sources.set(section.name, sourceOf(section, coverage));
    }
  }
  const missing = Object.entries(absences).filter(([id]) => !own.some((section) => section.name === id));
  if (missing.length > 0) {
    coverage.notCovered(`Not in this capture, and not judged: ${missing.map(([, title]) => title).join(', ')}.`);
  }
  const sockets = listed.flatMap((section) => readListing(section, coverage));
  const listeners = convertSockets(sockets, readSurroundings(sources, coverage), coverage);
  return success(deviceOf(context.device, listeners, sources, coverage));
}

function sourceOf(section: Section, coverage: CoverageBuilder): Source {
  return { file: section.source, text: section.text, lines: coverage.source(section.source, section.text) };
}

function readListing(section: Section, coverage: CoverageBuilder): readonly Socket[] {
  const { file, text, lines } = sourceOf(section, coverage);
  return parsers[listingKind(section)!](file, lines, text === '' || text.endsWith('\n'), coverage);
}

function sayFailure(section: Section, all: readonly Section[], coverage: CoverageBuilder): void {
  if (section.failure === undefined) return;
  const { kind, problem } = section.failure;
  const replaced = all.some((other) => other.name === 'proc-net-tcp' && other.failure === undefined);
  if (section.name === 'ss' && kind === 'missing-program' && replaced) {
    coverage.notCovered(
      'ss is not installed, so processes and IPv6-only sockets are not told apart: apt-get install iproute2.',
    );
  } else if (section.name === 'namespaces' || section.name === 'named-namespaces' || section.name === 'own-namespace') {
    // Namespaces are not read either way: lsns gives up where a process ends while it looks, which is no blindness.
    coverage.notCovered(`Other network namespaces, which could not be listed this time: ${problem.message}.`);
  } else if (section.name.startsWith('rule') && kind === 'exit-code' && /not supported/.test(problem.message)) {
    // A kernel without policy routing, or without IPv6, has no such rules.
  } else coverage.blind(problemText(problem));
}

function readSurroundings(sources: ReadonlyMap<string, Source>, coverage: CoverageBuilder): Surroundings {
  const [range, users, rights] = ['port-range', 'passwd', 'rights'].map((id) => sources.get(id));
  const seesAllProcesses = rights && readRights(rights, coverage);
  return {
    clientPorts: (range && readPortRange(range, coverage)) ?? usualClientPorts,
    userNames: users ? readUsers(users, coverage) : new Map(),
    ...(seesAllProcesses !== undefined && { seesAllProcesses }),
  };
}

function deviceOf(
  id: string,
  listeners: readonly Listener[],
  sources: ReadonlyMap<string, Source>,
  coverage: CoverageBuilder,
): Device {
  const from = <T>(step: StepId, reader: (source: Source) => T): T | undefined => {
    const source = sources.get(step);
    return source && reader(source);
  };
  const addresses = from('addr', (source) => readAddresses(source, coverage));
  const route4 = from('route4', (source) => readRoutes(source, 'ip4', coverage));
  const route6 = from('route6', (source) => readRoutes(source, 'ip6', coverage));
  const forward4 = from('forward4', (source) => readForwarding(source, 'ip4', coverage));
  const forward6 = from('forward6', (source) => readForwarding(source, 'ip6', coverage));
  const links = from('link', (source) => readLinks(source, coverage));
  const netconf = from('netconf', (source) => readNetconf(source, coverage));
  const facts: AccessFact[] = [
    ...(forward4?.facts ?? []),
    // Where ip_forward is on, every interface forwards and each new one would be a change that is none.
    ...(forward4?.on === true ? [] : (netconf?.facts ?? [])),
    ...(forward6?.facts ?? []),
    ...(from('rule4', (source) => readRules(source, 'ip4', coverage)) ?? []),
    ...(from('rule6', (source) => readRules(source, 'ip6', coverage)) ?? []),
    ...(route4?.facts ?? []),
    ...(route6?.facts ?? []),
    ...(links?.facts ?? []),
    ...(from('link', (source) => readTunnels(source, coverage)) ?? []),
    ...(from('qdisc', (source) => readQdiscs(source, coverage)) ?? []),
  ];
  const [all, named, self] = ['namespaces', 'named-namespaces', 'own-namespace'].map((step) => sources.get(step));
  sayNamespaces({ all, named, own: self }, coverage);
  const local: readonly AddressSet[] = [...(addresses ?? []), ...(route4?.local ?? []), ...(route6?.local ?? [])];
  const forwarding = forwardingOf(forward4, forward6, netconf);
  return {
    id,
    pipeline: {
      lists: [],
      bases: [],
      speaksOf: [],
      ...(forwarding && { forwarding }),
      ...(addresses && { localAddresses: unite(local) }),
      ...(route4?.broadcast && { broadcastAddresses: unite(route4.broadcast) }),
      ...(links?.interfaces && { interfaces: links.interfaces }),
    },
    listeners,
    facts,
    coverage: coverage.build(),
  };
}

/** Forwarding is a switch: what was off is off again at once, and the other way round. */
function undo({ list, edit, rule, former }: UndoRequest): string | undefined {
  const family = /^IPv(?<family>[46]) forwarding is off$/.exec(rule.text)?.groups?.family;
  if (list !== 'routing' || edit !== 'changed' || family === undefined) return undefined;
  return `sysctl -w net.${family === '4' ? 'ipv4.ip_forward' : 'ipv6.conf.all.forwarding'}=${former ? 0 : 1}`;
}

function forwardingOf(
  forward4: Forwarding | undefined,
  forward6: Forwarding | undefined,
  netconf: Forwarding | undefined,
): { ip4?: boolean; ip6?: boolean } | undefined {
  if (!forward4 && !forward6) return undefined;
  return {
    ...(forward4 && { ip4: forward4.on || netconf?.on === true }),
    ...(forward6 && { ip6: forward6.on }),
  };
}

function notOurs(capture: Capture): Problem {
  const first = capture.sections[0];
  const foreign = capture.sections.map((section) => foreignNetstat(section.text)).find((name) => name !== undefined);
  return {
    code: 'NOT_THIS_PLATFORM',
    message: foreign === undefined ? 'no listing of sockets is in this capture' : `this is ${foreign}`,
    ...(first && { file: first.source }),
    expected: 'the output of ss or netstat on Linux, or /proc/net/tcp',
    remedy: 'run on the machine: ss -Hlntupe',
  };
}

export const driver: Driver = {
  id: 'linux-listeners',
  title: 'listening sockets and network state (Linux)',
  platform: 'linux',
  versions: 'ss of iproute2 4.11–6.1, netstat of net-tools 1.60–2.10, /proc/net',
  models: [
    'listening sockets with process, user and container',
    'own addresses, forwarding, routes and routing rules, tunnel interfaces that are up',
    'XDP programs, tc filters and other network namespaces as not covered',
    'at the end of a window: connections that are up, by conntrack',
  ],
  identify,
  undo,
  dialogue,
  secrets,
  volatile,
  read,
  sessions,
};

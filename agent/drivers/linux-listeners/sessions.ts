import { contains, type Intervals } from '../../lib/intervals.js';
import { type Problem, problemText } from '../../lib/result.js';
import { type Direction, type Family, parseIp4, parseIp6, type Session, type SessionTable } from '../../model/index.js';
import type { DialogueStep, Section, SessionReader } from '../contract.js';
import { linesOf } from '../shared/coverage.js';
import { endingCommand } from './session-end.js';
import { type Ways, waysOf } from './ways.js';

const MIB = 1024 * 1024;

/** Of a busy firewall: a quarter of a million connections at 200 bytes each. */
const TABLE = { timeoutMsMax: 20_000, bytesMax: 64 * MIB } as const;

function conntrack(family: 'ipv4' | 'ipv6'): DialogueStep {
  return {
    id: `conntrack-${family}`,
    argv: ['conntrack', '-L', '-o', 'extended', '-f', family],
    need: 'required',
    package: 'conntrack',
    right: { capability: 'CAP_NET_ADMIN', command: 'run Écluse with CAP_NET_ADMIN, or as root' },
    ...TABLE,
  };
}

function route(id: string, ...argv: string[]): DialogueStep {
  return { id, argv, need: 'required', timeoutMsMax: 10_000, bytesMax: 16 * MIB, package: 'iproute2' };
}

const steps: readonly DialogueStep[] = [
  conntrack('ipv4'),
  conntrack('ipv6'),
  {
    id: 'conntrack-proc',
    argv: ['cat', '/proc/net/nf_conntrack'],
    file: '/proc/net/nf_conntrack',
    need: 'required',
    fallbackFor: 'conntrack-ipv4',
    right: { capability: 'CAP_DAC_READ_SEARCH', command: 'run Écluse as root' },
    ...TABLE,
  },
  route('rule4', 'ip', '-4', 'rule', 'show'),
  route('rule6', 'ip', '-6', 'rule', 'show'),
  route('route4', 'ip', '-4', 'route', 'show', 'table', 'all'),
  route('route6', 'ip', '-6', 'route', 'show', 'table', 'all'),
];

const TABLES: readonly string[] = ['conntrack-ipv4', 'conntrack-ipv6', 'conntrack-proc'];

/**
 * `ipv4 2 tcp 6 431999 ESTABLISHED src=… dst=… sport=… dport=… src=… dst=… … [ASSURED] mark=0 zone=0 use=1`: what the
 * kernel's seq_file of nf_conntrack and `conntrack -o extended` write alike. A flow that a flowtable has taken over has
 * no time and no state.
 */
const ENTRY =
  /^ipv(?<family>[46])\s+\d+\s+\S+\s+(?<protocol>\d+)(?:\s+(?<seconds>\d+))?(?:\s+(?<state>[A-Z][A-Z_0-9]*))?\s+(?<rest>.*\bsrc=.*)$/;

/**
 * States in which nothing more can be said: the TIME_WAIT, CLOSE and LAST_ACK of nf_conntrack_proto_tcp.c, and those in
 * which no answer has come, whose next packet the rules judge as a new one.
 */
const OVER: readonly string[] = [
  'TIME_WAIT',
  'CLOSE',
  'LAST_ACK',
  'NONE',
  'SYN_SENT',
  'SYN_SENT2',
  'CLOSED',
  'TIMEWAIT',
];

type Tuple = Readonly<Record<string, string>>;

/** The tuples of an entry in their order: the first as the first packet came, the second as its answers come. */
function tuplesOf(rest: string): readonly Tuple[] {
  const tuples: Record<string, string>[] = [];
  for (const { groups } of rest.matchAll(/(?<name>[a-z-]+)=(?<value>\S+)/g)) {
    const { name = '', value = '' } = groups ?? {};
    if (name === 'src') tuples.push({});
    const current = tuples.at(-1);
    if (current && !Object.hasOwn(current, name)) current[name] = value;
  }
  return tuples;
}

function addressOf(text: string | undefined, family: Family): number | bigint | undefined {
  if (text === undefined) return undefined;
  return family === 'ip4' ? parseIp4(text) : parseIp6(text);
}

function numberOf(text: string | undefined, most: number): number | undefined {
  const value = text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : undefined;
  return value !== undefined && value <= most ? value : undefined;
}

function directionOf(source: number | bigint, target: number | bigint, own: Intervals<number | bigint>): Direction {
  if (contains(own, source)) return 'output';
  return contains(own, target) ? 'input' : 'forward';
}

interface Surroundings {
  readonly ways: Readonly<Record<Family, Ways>>;
  /** The program conntrack is there. */
  readonly hasProgram: boolean;
}

/** Undefined: it has ended, or has not begun. `null`: the line is not understood. */
function sessionOf(line: string, { ways, hasProgram }: Surroundings): Session | undefined | null {
  const parts = ENTRY.exec(line)?.groups;
  if (!parts) return null;
  const { state, seconds, rest = '' } = parts;
  const family: Family = parts.family === '4' ? 'ip4' : 'ip6';
  const [first, answer] = tuplesOf(rest);
  const source = addressOf(first?.src, family);
  const destination = addressOf(first?.dst, family);
  const target = addressOf(answer?.src, family);
  const protocol = numberOf(parts.protocol, 255);
  if (!first || !answer || source === undefined || destination === undefined) return null;
  if (target === undefined || protocol === undefined) return null;
  if (rest.includes('[UNREPLIED]') || (state !== undefined && OVER.includes(state))) return undefined;
  const sourcePort = numberOf(first.sport, 65_535);
  const destinationPort = numberOf(first.dport, 65_535);
  const targetPort = numberOf(answer.sport, 65_535);
  const [type, code] = [numberOf(first.type, 255), numberOf(first.code, 255)];
  const isTranslated = target !== destination || targetPort !== destinationPort;
  const { own, wayTo } = ways[family];
  const direction = directionOf(source, target, own);
  const [inInterface, outInterface] = [wayTo(source), wayTo(target)];
  const zone = /(?:^|\s)zone=(?<zone>\d+)/.exec(rest)?.groups?.zone;
  const session: Omit<Session, 'end'> = {
    family,
    direction,
    protocol,
    source,
    destination,
    ...(sourcePort !== undefined && { sourcePort }),
    ...(destinationPort !== undefined && { destinationPort }),
    ...(type !== undefined && code !== undefined && { icmp: type * 256 + code }),
    ...(isTranslated && { translated: { address: target, ...(targetPort !== undefined && { port: targetPort }) } }),
    ...(direction !== 'output' && inInterface !== undefined && { inInterface }),
    ...(direction !== 'input' && outInterface !== undefined && { outInterface }),
    state: state ?? (rest.includes('OFFLOAD') ? 'offloaded' : 'answered'),
    ...(seconds !== undefined && { forgottenAfterSeconds: Number(seconds) }),
  };
  return { ...session, end: endingCommand(session, { hasProgram, ...first, ...(zone !== undefined && { zone }) }) };
}

const WHAT = 'connections that are up';

function failureText(problem: Problem): string {
  return `${WHAT}: ${problemText(problem)}.`;
}

/** What could not be listed, in sentences: a table that nobody may read holds whatever it holds. */
function unread(tables: readonly Section[]): readonly string[] {
  const proc = tables.find(({ name }) => name === 'conntrack-proc');
  const failures = tables.flatMap(({ failure }) => failure ?? []);
  if (tables.length === 0) return [`${WHAT}: they were not asked for.`];
  const isAbsent = failures.some(({ kind }) => kind === 'missing-program');
  if (!isAbsent) return [...new Set(failures.map(({ problem }) => failureText(problem)))];
  if (proc && !proc.failure)
    return [
      `${WHAT} are listed by /proc/net/nf_conntrack alone; conntrack, by which they are ended, is not installed.`,
    ];
  if (proc?.failure && proc.failure.kind !== 'missing-program') return [failureText(proc.failure.problem)];
  return [`${WHAT}: neither conntrack nor /proc/net/nf_conntrack is there: apt-get install conntrack.`];
}

function read(sections: readonly Section[]): SessionTable {
  const tables = sections.filter(({ name }) => TABLES.includes(name));
  const hasProgram = !tables.some(
    ({ name, failure }) => name !== 'conntrack-proc' && failure?.kind === 'missing-program',
  );
  const textOf = (name: string): string | undefined => {
    const section = sections.find((one) => one.name === name);
    return section?.failure ? undefined : section?.text;
  };
  const ways = {
    ip4: waysOf(textOf('rule4'), textOf('route4'), 'ip4'),
    ip6: waysOf(textOf('rule6'), textOf('route6'), 'ip6'),
  };
  const sessions: Session[] = [];
  const notCovered = [...unread(tables)];
  let strange = 0;
  for (const { text, failure } of tables) {
    if (failure) continue;
    for (const line of linesOf(text)) {
      const session = sessionOf(line, { ways, hasProgram });
      if (session === null) strange++;
      else if (session) sessions.push(session);
    }
  }
  if (strange > 0) notCovered.push(`${WHAT}: ${strange} lines of the table are not understood.`);
  return { sessions, notCovered };
}

export const sessions: SessionReader = { steps, read };

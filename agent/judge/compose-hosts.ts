import {
  contentId,
  type DeclaredAccess,
  type DeclaredListener,
  declaresFact,
  declaresListener,
} from '../baseline/index.js';
import { protocolName } from '../exposure/index.js';
import { type AccessFact, type AccessFactKind, anyAddress, type Device, type Listener } from '../model/index.js';
import type { FindingCode } from './codes.js';
import type { Subject } from './types.js';

export interface ListenerInput {
  readonly device: string;
  readonly now: readonly Listener[];
  readonly approved?: readonly Listener[];
  readonly before?: readonly Listener[];
  readonly declared: readonly DeclaredListener[];
  /** Those that may answer in windows alone, whatever was approved. */
  readonly inWindows?: readonly DeclaredListener[];
  readonly interfaceZones: Readonly<Record<string, string>>;
}

export interface Listening {
  readonly undeclared: readonly Subject[];
  readonly declared: readonly Subject[];
  /** Declared, seen before, and not there any more. */
  readonly missing: readonly Subject[];
}

/** Sockets that others can reach, split by whether they are declared. */
export function listening(input: ListenerInput): Listening {
  const { now, approved = [], before = [], declared, inWindows = [] } = input;
  const wasThere = new Set(before.map((listener) => listener.id));
  const known = new Set(approved.map((listener) => listener.id));
  const always = (listener: Listener): boolean => declared.some((one) => declaresListener(one, listener));
  const standing = (listener: Listener): DeclaredListener | undefined =>
    always(listener) ? undefined : inWindows.find((one) => declaresListener(one, listener));
  const isDeclared = (listener: Listener): boolean =>
    always(listener) || (known.has(listener.id) && !standing(listener));
  // A client's datagram socket is gone by the next reading; one that stays is a service.
  const present = now.filter((one) => !one.loopback && (!one.perhapsClient || wasThere.has(one.id) || isDeclared(one)));
  const there = new Set(now.map((listener) => listener.id));
  const gone = [...approved, ...before].filter(
    (one) =>
      !one.loopback &&
      !one.perhapsClient &&
      !there.has(one.id) &&
      isDeclared(one) &&
      // Restarted under another name, it still answers.
      !now.some((other) => other.protocol === one.protocol && other.port === one.port && isDeclared(other)),
  );
  const subjects = (listeners: readonly Listener[], remedy: (listener: Listener) => string): readonly Subject[] =>
    [...new Map(listeners.map((listener) => [listener.id, listener])).values()].map((one): Subject => {
      const only = standing(one);
      return {
        ...subjectOf(one, input),
        ...(only && { inWindows: { id: only.id, ...only.only } }),
        // A raw socket holds no port to look for.
        ...(one.protocol !== 'raw' && { undo: remedy(one) }),
      };
    });
  return {
    undeclared: subjects(
      present.filter((one) => !isDeclared(one)),
      shutText,
    ),
    declared: subjects(present.filter(isDeclared), shutText),
    missing: subjects(gone, startText),
  };
}

function subjectOf(listener: Listener, { device, interfaceZones }: ListenerInput): Subject {
  const { protocol, port, addresses, bind, process, user, namespace } = listener;
  const zone = listener.interface === undefined ? undefined : interfaceZones[listener.interface];
  const raw = protocol === 'raw';
  const socket = raw
    ? `raw ${protocolName(port)} ${bind}`
    : `${protocol} ${bind.includes(':') ? `[${bind}]` : bind}:${port}`;
  const words = [
    socket,
    ...(process === undefined ? [] : [process]),
    ...(user === undefined ? [] : [`(user ${user})`]),
    ...(namespace === undefined ? [] : [`in ${namespace}`]),
  ];
  return {
    id: listener.id,
    device,
    kind: 'listener',
    flow: {
      src: { text: 'any', addresses: anyAddress },
      dst: { text: device, addresses, ...(zone !== undefined && { zone }) },
      proto: raw ? protocolName(port) : protocol,
      // A raw socket's number is its protocol's.
      ports: raw ? [] : [port, port],
    },
    summary: words.join(' '),
    set: contentId([protocol, port, addresses]),
    certainty: 'certain',
    place: listener.origin,
  };
}

/** The program is named; how it is started (a unit, a container, by hand) is not to be seen in a list of sockets. */
function shutText({ protocol, port, process, namespace }: Listener): string {
  const program = process === undefined ? 'the program' : process;
  const where = namespace === undefined ? '' : ` in ${namespace}`;
  return `stop and disable ${program}${where} that holds ${protocol} ${port}; ss -Hlnp '( sport = :${port} )' shows its process`;
}

function startText({ protocol, port, process, namespace }: Listener): string {
  const program = process === undefined ? 'the program' : process;
  const where = namespace === undefined ? '' : ` in ${namespace}`;
  return `start ${program}${where} again, which held ${protocol} ${port}`;
}

type Difference = 'added' | 'removed' | 'changed';

interface Meaning {
  readonly code: FindingCode;
  /** The differences that give somebody more than was approved, or hide something. */
  readonly tells: readonly Difference[];
}

const BOTH: readonly Difference[] = ['added', 'changed'];
const ALL: readonly Difference[] = ['added', 'removed', 'changed'];

const meanings: Readonly<Record<AccessFactKind, Meaning>> = {
  forwarding: { code: 'ACCESS_WIDENED', tells: BOTH },
  route: { code: 'ROUTE_CHANGED', tells: ALL },
  policyRoute: { code: 'ROUTE_CHANGED', tells: ALL },
  filterNotCovered: { code: 'ACCESS_WIDENED', tells: ALL },
  administrator: { code: 'ADMIN_ADDED', tells: BOTH },
  managementService: { code: 'ACCESS_WIDENED', tells: BOTH },
  key: { code: 'CREDENTIAL_CHANGED', tells: BOTH },
  vpn: { code: 'VPN_LEFT', tells: BOTH },
  logging: { code: 'LOGGING_OFF', tells: ['removed', 'changed'] },
  inspection: { code: 'INSPECTION_WEAKENED', tells: ['removed', 'changed'] },
  manager: { code: 'MANAGER_CHANGED', tells: ALL },
};

export interface FactInput {
  readonly device: string;
  readonly now: Device;
  readonly approved: Device;
  /** Something was not read: what is absent may be there all the same. */
  readonly blind: boolean;
  readonly tellsForwarding: boolean;
  /** What may be there in windows alone is told apart. */
  readonly inWindows?: readonly DeclaredAccess[];
}

/** Gates that are not packet rules, compared with the approved ones. */
export function factSubjects({
  device,
  now,
  approved,
  blind,
  tellsForwarding,
  inWindows = [],
}: FactInput): readonly Subject[] {
  const sameMember = now.availability?.member === approved.availability?.member;
  const isCompared = ({ area, ofMember, subject }: AccessFact): boolean =>
    !inWindows.some((one) => declaresFact(one, subject)) &&
    (sameMember || !ofMember) &&
    (area === undefined || (now.areas?.includes(area) === true && approved.areas?.includes(area) === true));
  const [present, known] = [now, approved].map((state) =>
    byName([...state.facts.filter(isCompared), ...logStatements(state.pipeline)]),
  ) as [Facts, Facts];
  const subjects: Subject[] = [];
  for (const name of new Set([...known.keys(), ...present.keys()])) {
    const [one, other] = [present.get(name), known.get(name)];
    const fact = (one ?? other)![0]!;
    const difference = !one ? 'removed' : !other ? 'added' : valuesOf(one) === valuesOf(other) ? undefined : 'changed';
    const tells = fact.guards ? ALL : meanings[fact.kind].tells;
    if (difference === undefined || !tells.includes(difference) || (blind && difference === 'removed')) continue;
    if (fact.kind === 'forwarding' && (tellsForwarding || valuesOf(one ?? []) === '0')) continue;
    const [is, was] = [one && valuesOf(one), other && valuesOf(other)];
    const values = { ...(is !== undefined && { now: is }), ...(was !== undefined && { before: was }) };
    subjects.push(factSubject(device, fact, values));
  }
  return subjects;
}

/** A fact as it is told: what it is now, and what it was before. */
export function factSubject(
  device: string,
  { kind, subject, origin }: AccessFact,
  { now, before }: { readonly now?: string; readonly before?: string },
): Subject {
  const name = `${kind} ${subject}`;
  const any = { text: 'any', addresses: anyAddress };
  return {
    id: name,
    device,
    kind: 'fact',
    factCode: meanings[kind].code,
    flow: { src: any, dst: { text: device }, proto: 'any', ports: 'any' },
    summary: `${subject} on ${device}: ${changeText(before, now)}`,
    set: contentId([name, now]),
    certainty: 'certain',
    place: origin,
  };
}

/**
 * The areas of access facts of which nothing is approved: what stands there is neither new nor known. Whoever approves
 * a newer snapshot has them compared from then on.
 */
export function uncomparedAreas(now: Device, approved: Device): readonly string[] {
  const known = new Set(approved.areas ?? []);
  return (now.areas ?? []).filter((area) => !known.has(area));
}

const LOGS = /^(?:log|nflog|ulog|audit)\b/i;

/** Each statement that writes a log, by its words and its list: a rule that logs no more may let through the same. */
function logStatements({ lists }: Device['pipeline']): readonly AccessFact[] {
  return lists.flatMap((list) =>
    list.rules.flatMap(({ steps, origin }) =>
      steps.flatMap((step) =>
        step.kind === 'sideEffect' && LOGS.test(step.text)
          ? [{ kind: 'logging' as const, subject: `${step.text} in ${list.id}`, value: 'is written', origin }]
          : [],
      ),
    ),
  );
}

type Facts = ReadonlyMap<string, readonly AccessFact[]>;

function changeText(before: string | undefined, now: string | undefined): string {
  if (before === undefined) return `${now} (added)`;
  return now === undefined ? `${before} (removed)` : `${before} → ${now}`;
}

function byName(facts: readonly AccessFact[]): Facts {
  const out = new Map<string, AccessFact[]>();
  for (const fact of facts) {
    const name = `${fact.kind} ${fact.subject}`;
    out.set(name, [...(out.get(name) ?? []), fact]);
  }
  return out;
}

export function valuesOf(facts: readonly AccessFact[]): string {
  return [...new Set(facts.map((fact) => fact.value))].sort().join(', ');
}

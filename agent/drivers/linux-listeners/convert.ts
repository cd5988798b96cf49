import { difference, isEmpty } from '../../lib/intervals.js';
import type { AddressSet, Listener } from '../../model/index.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import { processRight } from './dialogue.js';
import type { Socket } from './sockets.js';

/** What the machine says beside the listing of its sockets. */
export interface Surroundings {
  /** The ports from which the kernel serves clients that do not choose one. */
  readonly clientPorts: { readonly first: number; readonly last: number };
  readonly userNames: ReadonlyMap<number, string>;
  /** Whether the reading program could see the processes of every user; absent: not read. */
  readonly seesAllProcesses?: boolean;
}

/** net.ipv4.ip_local_port_range where it is not set (kernel documentation, networking/ip-sysctl). */
export const usualClientPorts = { first: 32768, last: 60999 };

const IP4_LOOPBACK = [0x7f00_0000, 0x7fff_ffff] as const;
const IP6_LOOPBACK = [1n, 1n] as const;

export function convertSockets(
  sockets: readonly Socket[],
  surroundings: Surroundings,
  coverage: CoverageBuilder,
): readonly Listener[] {
  const byId = new Map<string, Listener>();
  for (const socket of sockets) {
    const listener = convertSocket(socket, surroundings);
    // SO_REUSEPORT: several sockets of one program on one port are one listener.
    if (!byId.has(listener.id)) byId.set(listener.id, listener);
  }
  const listeners = [...byId.values()];
  sayUnknownProcesses(sockets, surroundings, coverage);
  return listeners;
}

function convertSocket(socket: Socket, { clientPorts, userNames }: Surroundings): Listener {
  const { protocol, bind, port } = socket;
  const process = holder(socket);
  const container = socket.cgroup === undefined ? undefined : containerOf(socket.cgroup);
  const user = socket.user ?? (socket.uid === undefined ? undefined : userName(socket.uid, userNames));
  const place = `${protocol} ${bind.canonical}:${port}`;
  const client = protocol === 'raw' || (protocol === 'udp' && port >= clientPorts.first && port <= clientPorts.last);
  return {
    // A container's number is new at each start, as a pid is, so only its kind is part of the identity.
    id: `${place} ${process ?? '?'}${container ? ` in ${container.kind}` : ''}`,
    protocol,
    port,
    addresses: bind.addresses,
    bind: bind.text,
    loopback: bind.interface === 'lo' || isLoopback(bind.addresses),
    ...(bind.interface !== undefined && { interface: bind.interface }),
    ...(process !== undefined && { process }),
    ...(user !== undefined && { user }),
    ...(container && { namespace: `${container.kind} ${container.name}` }),
    ...(client && { perhapsClient: true }),
    origin: { file: socket.file, line: socket.line, rule: place, text: describe(socket, user) },
  };
}

function userName(uid: number, names: ReadonlyMap<number, string>): string {
  return names.get(uid) ?? (uid === 0 ? 'root' : `uid ${uid}`);
}

/**
 * Of the processes that share a socket, the one that opened it, as far as can be seen: workers come and go, and may
 * have lower pids once the numbers have wrapped. systemd keeps the sockets of its units; a master that hands a socket
 * to a program gives it a low descriptor there; a fork keeps the descriptor, and has the higher pid.
 */
function holder({ processes }: Socket): string | undefined {
  const [first] = [...processes].sort(
    (a, b) => Number(b.pid === 1) - Number(a.pid === 1) || b.fd - a.fd || a.pid - b.pid,
  );
  return first?.name;
}

function describe(socket: Socket, user: string | undefined): string {
  const names = [...new Set(socket.processes.map((process) => process.name))].sort();
  const parts = [`${socket.protocol} ${socket.bind.text}:${socket.port}`];
  if (names.length > 0) parts.push(`process ${names.join(', ')}`);
  if (user !== undefined) parts.push(`user ${user}`);
  return parts.join(' ');
}

function isLoopback({ ip4, ip6 }: AddressSet): boolean {
  if (ip4.length + ip6.length === 0) return false;
  return isEmpty(difference(ip4, IP4_LOOPBACK)) && isEmpty(difference(ip6, IP6_LOOPBACK));
}

const containers: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ['docker', /(?:\/docker[/-]|\/docker\/buildx\/)(?<name>[0-9a-f]{64})/],
  ['podman', /\/libpod-(?:payload-|conmon-)?(?<name>[0-9a-f]{64})/],
  ['containerd', /\/cri-containerd-(?<name>[0-9a-f]{64})/],
  ['cri-o', /\/crio-(?<name>[0-9a-f]{64})/],
  ['kubernetes', /\/kubepods.*\/(?<name>[0-9a-f]{64})/],
  ['lxc', /\/lxc(?:\.payload)?[./](?<name>[^/]+)/],
  ['machine', /\/machine-(?<name>[^/]+)\.scope/],
];

/** The container of a control group, as the usual runtimes name theirs. */
export function containerOf(cgroup: string): { readonly kind: string; readonly name: string } | undefined {
  for (const [kind, pattern] of containers) {
    const name = pattern.exec(cgroup)?.groups?.name;
    if (name !== undefined) return { kind, name: /^[0-9a-f]{64}$/.test(name) ? name.slice(0, 12) : name };
  }
  return undefined;
}

const SHOWN_MAX = 5;

function sayUnknownProcesses(sockets: readonly Socket[], around: Surroundings, coverage: CoverageBuilder): void {
  const places = sockets
    .filter((socket) => socket.processes.length === 0)
    .map(({ protocol, bind, port }) => `${protocol} ${bind.canonical}:${port}`);
  const unknown = [...new Set(places)].sort();
  if (unknown.length === 0) return;
  const shown = unknown.slice(0, SHOWN_MAX).join(', ');
  const which = unknown.length > SHOWN_MAX ? `${shown} and ${unknown.length - SHOWN_MAX} more` : shown;
  const why =
    around.seesAllProcesses === true
      ? 'a socket of the kernel itself, or a process in another PID namespace'
      : `to name the processes of other users, grant ${processRight.capability}: ${processRight.command}, or read as root`;
  coverage.notCovered(`The process is not known for ${which}: ${why}.`);
}

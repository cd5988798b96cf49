import type { Listener } from '../../model/index.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import { SS_HEADER } from './identify.js';
import { parseBind, type Socket, type SocketProcess, splitLocal } from './sockets.js';

const netids: Readonly<Record<string, Listener['protocol']>> = {
  tcp: 'tcp',
  udp: 'udp',
  sctp: 'sctp',
  dccp: 'dccp',
  raw: 'raw',
  icmp: 'raw',
  icmp6: 'raw',
};

const LINE =
  /^(?:(?<netid>[a-z_\d?]+)\s+)?(?<state>[A-Z][A-Z\d-]*)\s+\d+\s+\d+\s+(?<local>\S+)\s+(?<peer>\S+)(?:\s+(?<rest>\S.*))?\s*$/;
const WAITING = new Set(['LISTEN', 'UNCONN']);
const ARROW = /(?:<->|<--|-->|---)\s*$/;

/** The listing of ss(8), with or without -H, -n, -p, -e and -a, of iproute2 4 to 6. */
export function parseSs(file: string, lines: readonly string[], whole: boolean, coverage: CoverageBuilder): Socket[] {
  const style = styleOf(lines);
  const sockets: Socket[] = [];
  for (const [index, line] of lines.entries()) {
    const number = index + 1;
    // A tab begins the details of the line before (-i, -m), which say nothing of who may connect.
    if (line.trim() === '' || line.startsWith('\t') || SS_HEADER.test(line)) {
      coverage.mark(file, number, 'irrelevant');
      continue;
    }
    const last = index === lines.length - 1;
    if (last && !whole && !(style.arrows && ARROW.test(line))) {
      coverage.lose(file, number, 'the text ends within this line: the listing is cut');
    }
    const socket = parseLine(file, number, line, style, coverage);
    if (socket) sockets.push(socket);
  }
  return sockets;
}

interface Style {
  /** `0.0.0.0` somewhere: since iproute2 4.12 `*` is an IPv6 wildcard that answers IPv4 too; before, the IPv4 wildcard. */
  readonly modern: boolean;
  readonly arrows: boolean;
}

function styleOf(lines: readonly string[]): Style {
  return {
    modern: lines.some((line) => /\s0\.0\.0\.0(?:%\S+)?:|\sv6only:[01]/.test(line)),
    arrows: lines.some((line) => ARROW.test(line)),
  };
}

function parseLine(
  file: string,
  line: number,
  text: string,
  style: Style,
  coverage: CoverageBuilder,
): Socket | undefined {
  const parts = LINE.exec(text)?.groups;
  const lose = (reason: string): undefined => void coverage.lose(file, line, reason);
  if (!parts) return lose('not a line of ss: garbled, or cut');
  const { netid, state, local, rest } = parts;
  const protocol = netid === undefined ? (state === 'LISTEN' ? 'tcp' : 'udp') : netids[netid];
  if (!WAITING.has(state!) || protocol === undefined) {
    // Connections, and sockets that are not IP: unix, netlink, vsock, packet.
    if (netid !== undefined && protocol === undefined && !/^(?:u_|nl$|v_|p_|xdp$|tipc$|ti$|mptcp$|\?)/.test(netid)) {
      return lose(`an unknown kind of socket: ${netid}`);
    }
    if (netid?.startsWith('p_')) {
      coverage.notCovered('Packet sockets (programs that see every packet of a link) are not judged.');
    }
    coverage.mark(file, line, 'irrelevant');
    return undefined;
  }
  const details = parseDetails(rest ?? '');
  const place = splitLocal(local!);
  if (!place) return lose(`the port of ${local} is not a number or a known name: take the listing with ss -n`);
  const v6only = details.v6only;
  const star = v6only === 0 || style.modern ? 'both' : 'unknown';
  const wildcard6 = v6only === undefined ? (style.modern ? 'ip6' : 'unknown') : v6only === 1 ? 'ip6' : 'both';
  const bind = parseBind(place.address, star, wildcard6);
  if (!bind) return lose(`${place.address} is not an address: take the listing with ss -n`);
  const doubt = bind.doubt ?? (netid === undefined ? 'no column says the protocol: read as the usual one' : undefined);
  if (details.fault !== undefined) coverage.lose(file, line, details.fault);
  else coverage.mark(file, line, doubt === undefined ? 'modelled' : 'approximated', doubt);
  coverage.rule(doubt === undefined ? 'exact' : 'bounded');
  // ss -e leaves uid out where it is 0.
  const uid = details.uid ?? (details.extended ? 0 : undefined);
  return {
    protocol,
    bind,
    port: place.port,
    processes: details.processes,
    ...(uid !== undefined && { uid }),
    ...(details.cgroup !== undefined && { cgroup: details.cgroup }),
    file,
    line,
  };
}

interface Details {
  readonly processes: readonly SocketProcess[];
  readonly extended: boolean;
  readonly uid?: number;
  readonly cgroup?: string;
  readonly v6only?: 0 | 1;
  readonly fault?: string;
}

/**
 * The names of processes are taken out first, because a program chooses its own name and may write ` uid:0` in it. A
 * name has at most 15 bytes, so it cannot hold a whole false entry.
 */
function parseDetails(rest: string): Details {
  const entry = '\\("[^\\n]{0,63}?",pid=\\d+,fd=\\d+\\)';
  const users = new RegExp(`^users:\\((?<list>${entry}(?:,${entry})*)\\)(?:\\s+|$)`).exec(rest);
  const tail = users ? rest.slice(users[0].length) : rest;
  const cgroup = /(?:^|\s)cgroup:(?<path>.*?)(?=\s+v6only:\d|\s+<->|\s+-->|\s+<--|\s+---|\s*$)/.exec(tail);
  const plain = cgroup ? tail.replace(cgroup[0], '') : tail;
  const words = plain.split(/\s+/).filter(Boolean);
  const odd = words.find((word) => !/^(?:[\w-]+:\S+|<->|-->|<--|---)$/.test(word));
  const broken = /^users:/.test(tail) || words.includes('users:');
  const number = (name: string): number | undefined => {
    const word = words.find((candidate) => new RegExp(`^${name}:\\d+$`).test(candidate));
    return word === undefined ? undefined : Number(word.slice(name.length + 1));
  };
  const uid = number('uid');
  const v6only = number('v6only');
  return {
    processes: users?.groups ? parseUsers(users.groups.list!) : [],
    extended: number('ino') !== undefined,
    ...(uid !== undefined && { uid }),
    ...(v6only !== undefined && { v6only: v6only === 0 ? 0 : 1 }),
    ...(cgroup?.groups && { cgroup: cgroup.groups.path! }),
    ...((broken || odd !== undefined) && {
      fault: broken ? 'the list of processes is garbled, or cut' : `"${odd}" is not understood: garbled, or cut`,
    }),
  };
}

function parseUsers(list: string): readonly SocketProcess[] {
  return [...list.matchAll(/\("(?<name>[^\n]{0,63}?)",pid=(?<pid>\d+),fd=(?<fd>\d+)\)(?=,\(|$)/g)].map((match) => ({
    name: match.groups!.name!,
    pid: Number(match.groups!.pid),
    fd: Number(match.groups!.fd),
  }));
}

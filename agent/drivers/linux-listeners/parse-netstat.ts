import { anyIp4, anyIp6, type Listener } from '../../model/index.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import { INTERNET, looksShort, SHORT } from './identify.js';
import { type Bind, parseBind, type Socket, splitLocal } from './sockets.js';

const protocols: Readonly<Record<string, Listener['protocol']>> = {
  tcp: 'tcp',
  udp: 'udp',
  udplite: 'udplite',
  udpl: 'udplite',
  sctp: 'sctp',
  dccp: 'dccp',
  raw: 'raw',
};

const LINE =
  /^(?<proto>[a-z]+)(?<six>6?)\s+\d+\s+\d+\s+(?<local>\S+)\s+(?<foreign>\S+:\S+)(?:\s+(?<state>[A-Z][A-Z_\d]*|\d+)(?=\s|$))?(?:\s+(?<rest>\S.*))?\s*$/;

/** Listings of netstat that are not from Linux, by what only they print. */
export function foreignNetstat(text: string): string | undefined {
  if (/^Active Connections\s*$/m.test(text) || /^\s+Proto\s+Local Address\s+Foreign Address\s+State/m.test(text)) {
    return 'netstat of Windows';
  }
  if (/^Active Internet connections \(including servers\)/m.test(text) || /^(?:tcp|udp)(?:4|46)\s/m.test(text)) {
    return 'netstat of BSD or macOS';
  }
  return undefined;
}

/** The listing of net-tools' netstat(8), as `netstat -lntup` prints it. */
export function parseNetstat(
  file: string,
  lines: readonly string[],
  whole: boolean,
  coverage: CoverageBuilder,
): Socket[] {
  const sockets: Socket[] = [];
  let internet = looksShort(lines.join('\n'));
  let columns = { extended: false };
  for (const [index, text] of lines.entries()) {
    const line = index + 1;
    if (/^Active /.test(text)) internet = INTERNET.test(text);
    if (/^Proto /.test(text)) columns = { extended: / User +Inode/.test(text) };
    if (/^\(Not all processes could be identified|^ will not be shown/.test(text)) {
      coverage.mark(file, line, 'irrelevant');
      coverage.notCovered(
        'netstat was not run as root: the processes of other users are not named. Run sudo netstat -lntup.',
      );
      continue;
    }
    if (!internet || text.trim() === '' || /^(?:Active|Proto) /.test(text)) {
      coverage.mark(file, line, 'irrelevant');
      continue;
    }
    if (index === lines.length - 1 && !whole) {
      coverage.lose(file, line, 'the text ends within this line: the listing is cut');
    }
    const socket = parseShort(file, line, text, coverage) ?? parseLine(file, line, text, columns.extended, coverage);
    if (socket) sockets.push(socket);
  }
  return sockets;
}

function parseShort(file: string, line: number, text: string, coverage: CoverageBuilder): Socket | undefined {
  const parts = SHORT.exec(text)?.groups;
  if (!parts) return undefined;
  return socketOf({ ...parts, uid: parts.uid! } as Parts, file, line, coverage);
}

interface Parts {
  readonly proto: string;
  readonly six: string;
  readonly local: string;
  readonly uid?: string;
  readonly program?: string;
}

function parseLine(
  file: string,
  line: number,
  text: string,
  extended: boolean,
  coverage: CoverageBuilder,
): Socket | undefined {
  const parts = LINE.exec(text)?.groups;
  if (!parts) return void coverage.lose(file, line, 'not a line of netstat: garbled, or cut');
  const { proto, six, local, foreign, state, rest } = parts as Record<string, string> & {
    state?: string;
    rest?: string;
  };
  const stream = proto === 'tcp' || proto === 'sctp' || proto === 'dccp';
  // A datagram socket that waits for anybody has no peer; a connected one answers that peer only.
  const waits = stream ? state === 'LISTEN' : /:\*$/.test(foreign!) && state !== 'ESTABLISHED';
  if (!waits) {
    if (stream && state === undefined)
      return void coverage.lose(file, line, 'a connection without a state: garbled, or cut');
    return void coverage.mark(file, line, 'irrelevant');
  }
  const tail = extended ? /^(?<uid>\S+)\s+\d+(?:\s+(?<program>\S.*))?$/.exec(rest ?? '')?.groups : { program: rest };
  if (!tail) return void coverage.lose(file, line, 'the columns User and Inode are garbled, or cut');
  const { uid, program } = tail as { uid?: string; program?: string };
  return socketOf(
    { proto: proto!, six: six!, local: local!, ...(uid && { uid }), ...(program && { program }) },
    file,
    line,
    coverage,
  );
}

/** netstat without -W cuts an IPv6 address so that address and port fill 23 characters. */
const COLUMN = 23;

function socketOf(parts: Parts, file: string, line: number, coverage: CoverageBuilder): Socket | undefined {
  const protocol = protocols[parts.proto];
  if (protocol === undefined) return void coverage.lose(file, line, `an unknown protocol: ${parts.proto}`);
  const place = splitLocal(parts.local);
  if (!place)
    return void coverage.lose(file, line, `the port of ${parts.local} is not a number or a known name: use netstat -n`);
  const six = parts.six === '6';
  const name = place.address === 'localhost' ? (six ? '::1' : '127.0.0.1') : place.address;
  const star = six ? 'unknown' : 'ip4';
  const cut = six && parts.local.length >= COLUMN;
  const bind = cut ? cutBind(name) : parseBind(name, star, 'unknown');
  if (!bind) return void coverage.lose(file, line, `${name} is not an address: use netstat -n`);
  const program = parseProgram(parts.program);
  if (program === undefined)
    return void coverage.lose(file, line, `"${parts.program}" is not PID/PROGRAM: garbled, or cut`);
  coverage.mark(file, line, bind.doubt === undefined ? 'modelled' : 'approximated', bind.doubt);
  coverage.rule(bind.doubt === undefined ? 'exact' : 'bounded');
  const owner =
    parts.uid === undefined ? {} : /^\d+$/.test(parts.uid) ? { uid: Number(parts.uid) } : { user: parts.uid };
  return {
    protocol,
    bind: { ...bind, text: place.address },
    port: place.port,
    processes: program,
    ...owner,
    file,
    line,
  };
}

function cutBind(text: string): Bind | undefined {
  if (!/^[\da-fA-F:.]+$/.test(text)) return undefined;
  const doubt = 'netstat cuts long IPv6 addresses: read as any address of its kind; use netstat -W';
  const addresses = /^::ffff:/i.test(text) ? anyIp4 : anyIp6;
  return { addresses, canonical: `[${text.toLowerCase()}]`, text, doubt };
}

/** `PID/PROGRAM`, or `-` where netstat may not know; a program's title after a colon changes with what it does. */
function parseProgram(text: string | undefined): Socket['processes'] | undefined {
  if (text === undefined || /^-\s*$/.test(text)) return [];
  const parts = /^(?<pid>\d+)\/(?<name>[^:]+)/.exec(text.trimEnd())?.groups;
  return parts && [{ pid: Number(parts.pid), name: parts.name!.trim(), fd: 0 }];
}

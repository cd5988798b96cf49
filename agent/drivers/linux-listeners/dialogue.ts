import type { Dialogue, DialogueStep, Glance, SecretPattern, VolatilePattern } from '../contract.js';
import { onDevice } from '../shared/index.js';
import { listeningSockets } from './wakes.js';

export type StepId =
  | 'ss'
  | 'proc-net-tcp'
  | 'proc-net-tcp6'
  | 'proc-net-udp'
  | 'proc-net-udp6'
  | 'addr'
  | 'rule4'
  | 'rule6'
  | 'route4'
  | 'route6'
  | 'forward4'
  | 'forward6'
  | 'netconf'
  | 'link'
  | 'qdisc'
  | 'namespaces'
  | 'named-namespaces'
  | 'own-namespace'
  | 'port-range'
  | 'passwd'
  | 'rights';

const MIB = 1024 * 1024;

function command(id: StepId, need: DialogueStep['need'], packageName: string, ...argv: string[]): DialogueStep {
  return { id, argv, need, timeoutMsMax: 10_000, bytesMax: 16 * MIB, package: packageName };
}

/** Containers come and go. */
function beside(step: DialogueStep): DialogueStep {
  return { ...step, beside: true };
}

function file(id: StepId, need: DialogueStep['need'], path: string): DialogueStep {
  return { id, argv: ['cat', path], file: path, need, timeoutMsMax: 5_000, bytesMax: 4 * MIB };
}

/** /proc/net lists every connection and no process, so it is read only where ss is missing. */
function fallback(id: StepId, need: DialogueStep['need'], path: string): DialogueStep {
  return { ...file(id, need, path), fallbackFor: 'ss', bytesMax: 64 * MIB };
}

/** What ss needs to name the processes of other users: to open /proc/PID/fd and to follow the links in it (proc(5)). */
export const processRight = {
  capability: 'CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH',
  command: 'setcap cap_sys_ptrace,cap_dac_read_search+ep "$(command -v ss)"',
};

/**
 * Sockets in LISTEN (0A of net/tcp_states.h), with user and inode, so that another program on the same port is seen.
 * The kernel goes through its whole table of connections for this file (milliseconds where it is large), and lists
 * those that wait first; the number of sockets in use, next to free, says whether there is anything to see.
 */
function waiting(id: string, path: string, sign: { readonly file: string; readonly counts: RegExp }): Glance {
  return {
    id,
    file: path,
    counts: /^ *\d+: (?<local>[0-9A-F]+:[0-9A-F]{4}) \S+ 0A \S+ \S+ \S+ +(?<uid>\d+) +\d+ (?<inode>\d+) /m,
    until: /^ *\d+: \S+ \S+ (?!0A)[0-9A-F]{2} /m,
    after: sign,
  };
}

/** Sockets without a peer (07), bound outside of the ports that clients are given (32768–60999 by default). */
function datagrams(id: string, path: string): Glance {
  return {
    id,
    file: path,
    counts:
      /^ *\d+: (?<local>[0-9A-F]+:(?:[0-7][0-9A-F]{3}|EE4[89A-F]|EE[5-9A-F][0-9A-F]|EF[0-9A-F]{2}|F[0-9A-F]{3})) \S+ 07 \S+ \S+ \S+ +(?<uid>\d+) +\d+ (?<inode>\d+) /m,
    lasting: true,
  };
}

export const dialogue: Dialogue = {
  // Addresses show as routes of the table local, without the news of each renewed lifetime.
  wakes: [listeningSockets()],
  monitors: [['ip', 'monitor', 'link', 'route', 'rule', 'netconf']],
  glances: [
    waiting('waiting-tcp', '/proc/net/tcp', {
      file: '/proc/net/sockstat',
      counts: /^TCP: inuse (?<count>\d+) orphan \d+ tw (?<ended>\d+)/m,
    }),
    waiting('waiting-tcp6', '/proc/net/tcp6', { file: '/proc/net/sockstat6', counts: /^TCP6: inuse (?<count>\d+)/m }),
    datagrams('waiting-udp', '/proc/net/udp'),
    datagrams('waiting-udp6', '/proc/net/udp6'),
    { id: 'forwarding', file: '/proc/sys/net/ipv4/ip_forward' },
    { id: 'forwarding6', file: '/proc/sys/net/ipv6/conf/all/forwarding' },
  ],
  steps: [
    // Raw sockets (-w), SCTP (-S) and DCCP (-d) too: each is a way in that no TCP or UDP listing shows.
    command('ss', 'required', 'iproute2', 'ss', '-H', '-l', '-n', '-t', '-u', '-S', '-d', '-w', '-p', '-e'),
    fallback('proc-net-tcp', 'required', '/proc/net/tcp'),
    fallback('proc-net-tcp6', 'ifPresent', '/proc/net/tcp6'),
    fallback('proc-net-udp', 'required', '/proc/net/udp'),
    fallback('proc-net-udp6', 'ifPresent', '/proc/net/udp6'),
    command('addr', 'required', 'iproute2', 'ip', '-j', 'addr', 'show'),
    command('rule4', 'required', 'iproute2', 'ip', '-4', 'rule', 'show'),
    command('rule6', 'required', 'iproute2', 'ip', '-6', 'rule', 'show'),
    command('route4', 'required', 'iproute2', 'ip', '-4', 'route', 'show', 'table', 'all'),
    command('route6', 'required', 'iproute2', 'ip', '-6', 'route', 'show', 'table', 'all'),
    file('forward4', 'required', '/proc/sys/net/ipv4/ip_forward'),
    file('forward6', 'ifPresent', '/proc/sys/net/ipv6/conf/all/forwarding'),
    command('netconf', 'required', 'iproute2', 'ip', 'netconf', 'show'),
    command('link', 'required', 'iproute2', 'ip', '-d', '-j', 'link', 'show'),
    command('qdisc', 'ifPresent', 'iproute2', 'tc', '-j', 'qdisc', 'show'),
    beside(command('namespaces', 'ifPresent', 'util-linux', 'lsns', '-J', '-t', 'net', '-o', 'NS,PID,USER,NSFS')),
    beside(command('named-namespaces', 'ifPresent', 'iproute2', 'ip', 'netns', 'list')),
    command('own-namespace', 'ifPresent', 'coreutils', 'readlink', '/proc/self/ns/net'),
    file('port-range', 'ifPresent', '/proc/sys/net/ipv4/ip_local_port_range'),
    file('passwd', 'ifPresent', '/etc/passwd'),
    command('rights', 'ifPresent', 'grep', 'grep', '-E', '^(Uid|CapEff):', '/proc/self/status'),
  ],
};

/** Fields of passwd(5): a hash in the second field (from before shadow), and the comment, which names persons. */
export const secrets: readonly SecretPattern[] = [
  { title: 'password hash in passwd', pattern: /^[\w.-]+:(?<value>[^:\n]{2,}):\d+:\d+:[^:\n]*:[^:\n]*:[^:\n]*$/m },
  {
    title: 'name of a person in passwd',
    pattern: /^[\w.-]+:[^:\n]*:\d+:\d+:(?<value>[^:\n]+):[^:\n]*:[^:\n]*$/m,
  },
];

/** 32768–65535, where the kernel and most resolvers take the ports of clients. */
const highPort = '(?:3276[89]|327[7-9]\\d|32[89]\\d\\d|3[3-9]\\d{3}|[45]\\d{4}|6\\d{4})';

export const volatile: readonly VolatilePattern[] = [
  onDevice('pid and descriptor', ',pid=[0-9]+,fd=[0-9]+\\)', ',pid=N,fd=N)'),
  onDevice('inode and cookie of a socket', ' ino:[0-9]+ sk:[0-9a-f]+'),
  onDevice('lifetime of an address', '"(valid|preferred)_life_time":[0-9]+,?'),
  onDevice('remaining life of a route', ' expires -?[0-9]+sec'),
  {
    title: 'backlog and bytes waiting in a socket',
    pattern: /^(?<head>\w+ +(?:LISTEN|UNCONN)) +\d+ +(?<most>\d+) /m,
    replacement: '$<head> 0 $<most> ',
  },
  {
    title: 'number of workers that share a socket',
    pattern: /(?<one>\("[^"\n]*",pid=N,fd=N\))(?:,\k<one>)+/,
    replacement: '$<one>',
  },
  { title: 'width of columns', pattern: / {2,}| +$/m, replacement: ' ' },
  {
    title: 'datagram sockets of clients',
    pattern: new RegExp(`^(?:udp UNCONN 0 \\d+ \\S+:${highPort} |(?:raw|icmp6?) UNCONN ).*\\n`, 'm'),
    replacement: '',
    onlyBetweenReadings: true,
  },
  {
    title: 'connections in /proc/net',
    pattern: /^ *\d+: [0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:[0-9A-F]{4} (?!0A|07).*\n/m,
    replacement: '',
  },
  {
    title: 'queues, timers and inodes in /proc/net',
    pattern: /^ *\d+: (?<key>[0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:[0-9A-F]{4} 0[A7]) \S+ \S+ \S+ +(?<uid>\d+) .*$/m,
    replacement: '$<key> $<uid>',
  },
  { title: 'remaining life of a route', pattern: / (?:age \d+sec|error -?\d+)/, replacement: '' },
  { title: 'state of a route’s link', pattern: / (?:linkdown|dead)(?= |$)/m, replacement: '' },
  { title: 'timers of a bridge', pattern: /"\w+_timer": *[\d.]+,?/, replacement: '' },
  { title: 'listeners to everything on a link', pattern: /"(?:promiscuity|allmulti)":\d+,?/, replacement: '' },
  { title: 'number of an XDP program', pattern: /"id":\d+,(?="(?:name":"[^"]*",")?tag":)/, replacement: '' },
  { title: 'age of an XDP program', pattern: /"load_time":\d+,?/, replacement: '' },
  { title: 'references to a queueing discipline', pattern: /"refcnt":\d+,?/, replacement: '' },
  { title: 'first process of a namespace', pattern: /"pid": *\d+,?/, replacement: '' },
];

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * What a test may need of the machine, how to see whether it is there, and which Debian package brings it. Used by
 * the tests (system.ts) and by the test command (run.ts), so that both say the same; free of jest for that reason.
 */
export type Need =
  | 'root'
  | 'netns'
  | 'tun'
  | 'nft'
  | 'iptables'
  | 'iptables-legacy'
  | 'ipset'
  | 'ip'
  | 'ss'
  | 'conntrack'
  | 'rsyslogd'
  | 'sshd'
  | 'ssh-keygen'
  | 'ssh-agent'
  | 'rsyslog-gnutls'
  | 'rsyslog-relp'
  | 'openssl'
  | 'setpriv'
  | 'capsh'
  | 'ps'
  | 'unshare'
  | 'perl'
  | 'faketime'
  | 'systemd-notify'
  | 'tracefs'
  | 'audit'
  | 'lognormalizer'
  | 'python3-prometheus-client';

interface Absence {
  readonly reason: string;
  /** What to do about it, word for word. */
  readonly remedy: string;
}

interface Requirement {
  /** Whether what the package brings is there; left out, a program of the need's name. */
  readonly isThere?: () => boolean;
  /** The Debian package that brings it; absent where no package can. */
  readonly package?: string;
  /** Undefined when the need is met. */
  readonly absence: () => Absence | undefined;
}

/** Where Debian keeps the administrator's programs; an ordinary user's PATH leaves them out. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** PATH with the system folders added at the end, for every program that a test starts. */
export function systemPath(): string {
  const own = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...new Set([...own, ...SYSTEM_FOLDERS])].join(delimiter);
}

export function findProgram(name: string): string | undefined {
  for (const folder of systemPath().split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {}
  }
  return undefined;
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Runs a probe in a network namespace that ends with it, so that a look never loads a table into the host's own. */
function probe(argv: readonly string[]): string | undefined {
  const outcome = spawnSync('unshare', ['--net', '--', ...argv], {
    encoding: 'utf8',
    env: { ...process.env, PATH: systemPath() },
    timeout: 10_000,
  });
  if (outcome.status === 0) return undefined;
  return (outcome.stderr || outcome.error?.message || `exit code ${outcome.status}`).trim().split('\n')[0];
}

/** A program, and (as root) one harmless call that shows whether this kernel serves it. */
function program(name: string, packageName: string, call?: readonly string[]): Requirement {
  return {
    package: packageName,
    absence: () => {
      if (findProgram(name) === undefined) {
        return { reason: `${name} is not installed`, remedy: `apt-get install ${packageName}` };
      }
      const refusal = call !== undefined && isRoot() ? probe(call) : undefined;
      return refusal === undefined
        ? undefined
        : { reason: `${name} does not work here: ${refusal}`, remedy: 'use a kernel and a container that allow it' };
    },
  };
}

/** A module of rsyslog that comes in a package of its own. */
function rsyslogModule(packageName: string, file: string): Requirement {
  const isThere = (): boolean =>
    ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib'].some((folder) =>
      existsSync(join(folder, 'rsyslog', file)),
    );
  return {
    package: packageName,
    isThere,
    absence: () =>
      isThere() ? undefined : { reason: `rsyslog lacks its module ${file}`, remedy: `apt-get install ${packageName}` },
  };
}

/**
 * Switches the kernel's audit on (1) or off (0) and prints what it was before; `-` behind it changes nothing. Netlink
 * family 9: AUDIT_GET is 1000, AUDIT_SET 1001, and the second word of a status says whether it is on.
 */
export const AUDIT = `
use strict;
my ($wanted, $dry) = @ARGV;
socket(my $audit, 16, 3, 9) or die "audit: $!";
syswrite($audit, pack('LSSLL', 16, 1000, 1, 1, 0)) or die "audit: $!";
sysread($audit, my $answer, 4096) or die "audit: $!";
my (undef, $type) = unpack('LS', $answer);
die "audit: refused" if $type != 1000;
print +(unpack('L6', $answer))[5];
exit 0 if $dry;
my $status = pack('L10', 1, $wanted, (0) x 8);
syswrite($audit, pack('LSSLL', 16 + length $status, 1001, 5, 2, 0) . $status) or die "audit: $!";
sysread($audit, $answer, 4096) or die "audit: $!";
die "audit: refused" if (unpack('LSSLLl', $answer))[5] != 0;
`;
/** A library for the system's Python. */
function pythonLibrary(packageName: string, folder: string): Requirement {
  const isThere = (): boolean => existsSync(join('/usr/lib/python3/dist-packages', folder));
  return {
    package: packageName,
    isThere,
    absence: () =>
      isThere() ? undefined : { reason: `Python lacks ${folder}`, remedy: `apt-get install ${packageName}` },
  };
}

const requirements: Readonly<Record<Need, Requirement>> = {
  root: { absence: () => (isRoot() ? undefined : { reason: 'not run as root', remedy: 'run the tests as root' }) },
  netns: {
    package: 'iproute2',
    absence: () => {
      const missing = missingPrograms(['ip', 'unshare']) ?? requirements.root.absence();
      if (missing !== undefined) return missing;
      const refusal = probe(['ip', 'link', 'set', 'lo', 'up']);
      return refusal === undefined
        ? undefined
        : { reason: `no network namespace can be made: ${refusal}`, remedy: 'grant CAP_SYS_ADMIN and CAP_NET_ADMIN' };
    },
  },
  tun: {
    absence: () => {
      try {
        accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
        return undefined;
      } catch {
        return { reason: '/dev/net/tun cannot be opened', remedy: 'modprobe tun' };
      }
    },
  },
  nft: program('nft', 'nftables', ['nft', 'list', 'ruleset']),
  iptables: program('iptables', 'iptables', ['iptables', '-S']),
  'iptables-legacy': program('iptables-legacy', 'iptables', ['iptables-legacy', '-S']),
  ipset: program('ipset', 'ipset', ['ipset', 'list']),
  ip: program('ip', 'iproute2'),
  ss: program('ss', 'iproute2'),
  conntrack: program('conntrack', 'conntrack', ['conntrack', '-C']),
  rsyslogd: program('rsyslogd', 'rsyslog'),
  sshd: program('sshd', 'openssh-server'),
  'ssh-keygen': program('ssh-keygen', 'openssh-client'),
  'ssh-agent': program('ssh-agent', 'openssh-client'),
  'rsyslog-gnutls': rsyslogModule('rsyslog-gnutls', 'lmnsd_gtls.so'),
  'rsyslog-relp': rsyslogModule('rsyslog-relp', 'imrelp.so'),
  openssl: program('openssl', 'openssl'),
  setpriv: program('setpriv', 'util-linux'),
  capsh: program('capsh', 'libcap2-bin'),
  ps: program('ps', 'procps'),
  unshare: program('unshare', 'util-linux'),
  perl: program('perl', 'perl'),
  faketime: program('faketime', 'faketime'),
  'systemd-notify': program('systemd-notify', 'systemd'),
  tracefs: {
    absence: () => {
      const event = '/sys/kernel/tracing/events/sock/inet_sock_set_state';
      const look = `mount -t tracefs tracefs /sys/kernel/tracing && test -d ${event}`;
      const { status } = spawnSync('unshare', ['--mount', 'sh', '-c', look], { timeout: 10_000 });
      if (status === 0) return undefined;
      return {
        reason: 'the kernel’s tracer cannot be mounted',
        remedy: 'use root and a kernel that has the tracepoint',
      };
    },
  },
  audit: {
    absence: () => {
      const { status } = spawnSync('perl', ['-e', AUDIT, '0', '-'], { timeout: 10_000 });
      if (status === 0) return undefined;
      return { reason: 'the kernel’s audit cannot be asked', remedy: 'grant CAP_AUDIT_CONTROL and CAP_AUDIT_READ' };
    },
  },
  lognormalizer: program('lognormalizer', 'liblognorm-utils'),
  'python3-prometheus-client': pythonLibrary('python3-prometheus-client', 'prometheus_client'),
};

const needs = Object.keys(requirements) as readonly Need[];

function missingPrograms(names: readonly ('ip' | 'unshare')[]): Absence | undefined {
  for (const name of names) {
    const absence = requirements[name].absence();
    if (absence !== undefined) return absence;
  }
  return undefined;
}

/** Debian packages of the needs whose program is not there at all (a package cannot mend a kernel). */
export function missingPackages(wanted: readonly Need[] = needs): readonly string[] {
  const missing = wanted.filter((need) => {
    const { package: name, isThere = () => findProgram(need) !== undefined } = requirements[need];
    return name !== undefined && need !== 'netns' && !isThere();
  });
  return [...new Set(missing.map((need) => requirements[need].package!))].sort();
}

const seen = new Map<Need, Absence | undefined>();

/** Why these needs are not met, with what to do, in one line; undefined when they all are. */
export function whyMissing(wanted: readonly Need[]): string | undefined {
  const reasons: string[] = [];
  for (const need of wanted) {
    if (!seen.has(need)) seen.set(need, requirements[need].absence());
    const absence = seen.get(need);
    if (absence !== undefined) reasons.push(`${absence.reason} (${absence.remedy})`);
  }
  return reasons.length === 0 ? undefined : [...new Set(reasons)].join('; ');
}

import type { Dialogue, DialogueStep, SecretPattern, VolatilePattern } from '../contract.js';

const MIB = 1024 * 1024;
const right = {
  capability: 'CAP_DAC_READ_SEARCH',
  command: 'run Écluse with CAP_DAC_READ_SEARCH, or as root: who may enter stands in files that are closed to others',
};
const refused = /Permission denied|Operation not permitted/i;

export type StepId =
  | 'passwd'
  | 'group'
  | 'sudoers'
  | 'keys-root'
  | 'keys-home'
  | 'keys-elsewhere'
  | 'sshd'
  | 'wireguard'
  | 'wireguard-files'
  | 'openvpn'
  | 'openvpn-peers'
  | 'ipsec'
  | 'xfrm'
  | 'accept-ra'
  | 'syslog'
  | 'units';

function step(id: StepId, argv: readonly string[], more: Partial<DialogueStep> = {}): DialogueStep {
  return { id, argv, need: 'ifPresent', timeoutMsMax: 10_000, bytesMax: 4 * MIB, right, refused, ...more };
}

function file(id: StepId, path: string): DialogueStep {
  return step(id, ['cat', path], { file: path });
}

/** The units whose running or not is an answer; everything else that comes and goes is no news. */
export const UNITS = {
  logging: ['auditd', 'rsyslog', 'syslog-ng', 'systemd-journald', 'systemd-journal-upload'],
  manager: [
    'puppet',
    'salt-minion',
    'chef-client',
    'cfengine3',
    'amazon-ssm-agent',
    'walinuxagent',
    'cockpit',
    'webmin',
  ],
} as const;

/** Where the accounts of services have their homes, one below. */
export const SERVICE_HOMES = ['/var/lib', '/srv', '/opt'] as const;

const watched = Object.values(UNITS).flat().join('|');

/**
 * Keys and passwords never leave the device: WireGuard is asked for addresses alone, and of configuration files only
 * the lines that say who connects to whom are asked for.
 */
export const dialogue: Dialogue = {
  steps: [
    file('passwd', '/etc/passwd'),
    file('group', '/etc/group'),
    step('sudoers', ['grep', '-r', '-H', '-v', '-E', '^[[:space:]]*(#($|[^i])|$)', '/etc/sudoers', '/etc/sudoers.d']),
    file('keys-root', '/root/.ssh/authorized_keys'),
    // Two levels deep and no deeper: a home may hold millions of files.
    step('keys-home', [
      ...['find', '/home', '-mindepth', '2', '(', '-path', '/home/*/.ssh', '-o'],
      ...['-path', '/home/*/.ssh/authorized_keys*', '-exec', 'grep', '-H', '', '{}', ';', '-o', '-prune', ')'],
    ]),
    // Homes of services, where a key is looked for by nobody. Of what else they hold, which is a lot, nothing is listed.
    step('keys-elsewhere', [
      ...['find', ...SERVICE_HOMES, '-mindepth', '2', '-maxdepth', '3', '-path', '*/.ssh/authorized_keys*'],
      ...['-exec', 'grep', '-H', '', '{}', ';', '-o', '-type', 'd', '!', '-name', '.ssh', '-prune'],
    ]),
    step('sshd', [
      ...['grep', '-r', '-H', '-i', '-E'],
      '^[[:space:]]*(Include|Match|Port|ListenAddress|PermitRootLogin|PasswordAuthentication|PermitEmptyPasswords|KbdInteractiveAuthentication|AuthenticationMethods|AuthorizedKeysFile|AuthorizedKeysCommand|TrustedUserCAKeys|AllowUsers|AllowGroups|DenyUsers|DenyGroups|GatewayPorts|PermitTunnel|AllowTcpForwarding)[[:space:]=]',
      '/etc/ssh/sshd_config',
      '/etc/ssh/sshd_config.d',
    ]),
    step('wireguard', ['wg', 'show', 'all', 'allowed-ips'], { package: 'wireguard-tools' }),
    step('wireguard-files', [
      ...['grep', '-r', '-H', '-i', '-E', '^[[:space:]]*(\\[|PublicKey|AllowedIPs|Endpoint|ListenPort|Address)'],
      '/etc/wireguard',
    ]),
    step('openvpn', [
      ...['grep', '-r', '-H', '-E', '--include=*.conf', '--include=*.ovpn'],
      '^[[:space:]]*(remote|server|server-bridge|client|port|proto|dev|push|route|client-to-client|client-config-dir|duplicate-cn|verify-client-cert|auth-user-pass-verify|script-security|management)([[:space:]]|$)',
      '/etc/openvpn',
    ]),
    // By name alone: who has a file of settings of their own, or was given a certificate.
    step('openvpn-peers', [
      ...['find', '/etc/openvpn', '-mindepth', '2', '-maxdepth', '5', '-type', 'f'],
      ...['(', '-path', '*/ccd/*', '-o', '-path', '*/clients/*', '-o', '-path', '*/issued/*.crt', ')'],
    ]),
    step('ipsec', [
      ...['grep', '-r', '-H', '-E', '--include=*.conf'],
      '^[[:space:]]*(conn |left|right|leftsubnet|rightsubnet|also|auto|type|remote_addrs|local_addrs|local_ts|remote_ts|start_action|[A-Za-z0-9_.-]+[[:space:]]*\\{)',
      '/etc/ipsec.conf',
      '/etc/ipsec.d',
      '/etc/swanctl',
    ]),
    // Policies say what goes through a tunnel; the states beside them hold keys and are never asked for.
    step('xfrm', ['ip', 'xfrm', 'policy', 'list'], { package: 'iproute2' }),
    step('accept-ra', ['grep', '-r', '-H', '--include=accept_ra', '', '/proc/sys/net/ipv6/conf']),
    step('syslog', [
      ...['grep', '-r', '-H', '-E', '--include=*.conf'],
      '^[^#]*([[:space:]]@{1,2}[][A-Za-z0-9(]|omfwd|omrelp|target=|ForwardToSyslog|Storage=|destination[[:space:]].*(tcp|udp|network|syslog)\\()',
      '/etc/rsyslog.conf',
      '/etc/rsyslog.d',
      '/etc/syslog-ng',
      '/etc/systemd/journald.conf',
      '/etc/systemd/journald.conf.d',
    ]),
    step('units', ['ls', '-1', '/run/systemd/units']),
  ],
};

export const secrets: readonly SecretPattern[] = [
  { title: 'password hash in passwd', pattern: /^[\w.-]+:(?<value>[^:\n]{2,}):\d+:\d+:[^:\n]*:[^:\n]*:[^:\n]*$/m },
  {
    title: 'name of a person in passwd',
    pattern: /^[\w.-]+:[^:\n]*:\d+:\d+:(?<value>[^:\n]+):[^:\n]*:[^:\n]*$/m,
  },
  { title: 'password of a group', pattern: /^[\w.-]+:(?<value>[^:\n]{2,}):\d+:[^:\n]*$/m },
  { title: 'environment of a key', pattern: /environment="[^"=\n]*=(?<value>[^"\n]*)"/ },
  {
    title: 'password of a WireGuard or IPsec file',
    pattern: /(?:PrivateKey|PresharedKey|secret)\s*=\s*(?<value>[^\s"']+)/i,
  },
];

export const volatile: readonly VolatilePattern[] = [
  {
    title: 'units that come and go',
    pattern: new RegExp(`^(?:invocation|log-[a-z-]+):(?!(?:${watched})\\.service$).*\\n?`, 'm'),
    replacement: '',
  },
  {
    title: 'number of an IPsec state',
    pattern: / (?:spi 0x[0-9a-f]+\(?\d*\)?|reqid \d+(?:\(0x[0-9a-f]+\))?)/,
    replacement: '',
  },
];

import type { ApplianceShell, Dialogue, DialogueStep, SecretPattern, VolatilePattern } from '../contract.js';
import { FAILOVER } from './failover.js';

const bounds = { timeoutMsMax: 60_000, bytesMax: 32 * 1024 * 1024 } as const;
const refused = /% ?Invalid input detected|Command authorization failed|ERROR: % Incomplete/i;
const right = {
  capability: 'privilege level 15, or the commands below at the level of this user',
  command:
    'privilege show level 5 mode exec command running-config; privilege show level 5 mode exec command startup-config; privilege show level 5 mode exec command failover',
};

const steps: readonly DialogueStep[] = [
  { id: 'show-version', argv: ['show', 'version'], need: 'crossCheck', beside: true, ...bounds },
  {
    id: 'running-config',
    argv: ['show', 'running-config'],
    need: 'required',
    eachVirtual: true,
    ...bounds,
    right,
    refused,
  },
  // Whether tunnels are filtered is a default, and the running configuration does not print defaults.
  {
    id: 'sysopt',
    argv: ['show', 'running-config', 'all', 'sysopt'],
    need: 'required',
    eachVirtual: true,
    ...bounds,
    right,
    refused,
  },
  {
    id: 'startup-config',
    argv: ['show', 'startup-config'],
    need: 'later',
    eachVirtual: true,
    ...bounds,
    right,
    refused,
  },
  { id: FAILOVER, argv: ['show', 'failover'], need: 'crossCheck', beside: true, ...bounds, right, refused },
];

const shell: ApplianceShell = {
  prompt: /^[\w./-]+(?:\([\w-]+\))?# ?$/,
  login: { user: /^(?:Username|login): *$/i, password: /^Password: *$/i },
  enable: { prompt: /^[\w./-]+> ?$/, line: 'enable', password: /^Password: *$/i },
  pager: { pattern: /<--- More --->/, answer: ' ' },
  // Where there are contexts a login may begin in one of them; where there are none the second line is refused.
  prepare: ['terminal pager 0', 'changeto system'],
  virtual: {
    step: 'running-config',
    names: /^context (?<name>[\w-]+)\s*$/gm,
    enter: (name) => [`changeto context ${name}`],
    leave: ['changeto system'],
  },
  logout: 'exit',
};

export const dialogue: Dialogue = { steps, shell };

/** A secret is told by the words before it. A device that was asked by somebody without rights prints stars itself. */
export const secrets: readonly SecretPattern[] = [
  {
    title: 'enable and login passwords',
    pattern: /^(?:enable password|passwd|password) (?<value>(?!\*+(?:\s|$))\S+)/gm,
  },
  {
    title: 'passwords of anything',
    pattern: /(?<![\w-])(?:area-|domain-)?password (?:[05678] )?(?!encryption\b)(?<value>(?!\*+(?:\s|$))\S+)/gm,
  },
  {
    title: 'keys of peers and servers',
    pattern: /\b(?:isakmp key|map-server key|radius-common-pw) (?:[068] )?(?<value>(?!\*+(?:\s|$))\S+)/gm,
  },
  {
    title: 'the account of a log server',
    pattern: /^logging ftp-server \S+ \S+ \S+ (?:[08] )?(?<value>(?!\*+(?:\s|$))\S+)/gm,
  },
  { title: "users' passwords", pattern: /^username \S+ (?:password|nt-encrypted) (?<value>(?!\*+(?:\s|$))\S+)/gm },
  {
    title: 'pre-shared keys',
    pattern: /\bpre-shared-key (?:[068] )?(?<value>(?!\*+(?:\s|$))\S+)/gm,
  },
  { title: 'keys of servers and neighbours', pattern: /^\s*key (?:[068] )?(?!chain\b)(?<value>(?!\*+(?:\s|$))\S+)$/gm },
  { title: 'keys of key chains', pattern: /\bkey-string (?:[0678] )?(?<value>(?!\*+(?:\s|$))\S+)/gm },
  {
    title: 'SNMP communities',
    pattern:
      /^snmp-server (?:community|host \S+ \S+(?: poll| trap)? community) (?:[08] )?(?<value>(?!\*+(?:\s|$))\S+)/gm,
  },
  {
    title: 'passwords of LDAP and other servers',
    pattern: /\b(?:ldap-login-password|login-password|ldap-password) (?<value>(?!\*+(?:\s|$))\S+)/gm,
  },
  {
    title: 'SNMP users',
    pattern: /\b(?:auth (?:md5|sha\d*)|priv (?:3des|des|aes(?: \d+)?)) (?<value>(?!\*+(?:\s|$))\S+)/gm,
  },
  {
    title: 'keys of routing and time',
    pattern:
      /\b(?:authentication-key|message-digest-key \d+ md5|authentication (?:key|password)(?: eigrp \d+)?|ntp authentication-key \d+ md5) (?:[08] )?(?<value>(?!\*+(?:\s|$))\S+)/gm,
  },
  {
    title: 'keys of the members of a cluster or a pair',
    pattern: /^\s*(?:failover key|failover ipsec pre-shared-key|key) (?:hex |[068] )?(?<value>(?!\*+(?:\s|$))\S+)$/gm,
  },
  {
    title: 'pass phrases',
    pattern:
      /\b(?:key config-key password-encryption|pass-phrase|passphrase|shared-secret|secret|vpnclient (?:username \S+ )?password|request dialout pppoe|ppp username \S+ password|vpdn username \S+ password) (?:[08] )?(?<value>(?!\*+(?:\s|$))\S+)/gm,
  },
];

export const volatile: readonly VolatilePattern[] = [
  { title: 'when it was written, and by whom', pattern: /^: Written by .*$/gm, replacement: ': Written' },
  { title: 'when it was saved', pattern: /^: (?:Saved|Serial Number|Hardware).*$/gm, replacement: ':' },
  { title: 'checksum', pattern: /^Cryptochecksum:.*$/gm, replacement: 'Cryptochecksum:' },
  { title: 'uptime', pattern: /^(?<name>\S+ up |failover cluster up ).*$/gm, replacement: '$<name>' },
  {
    title: 'clock',
    pattern: /^(?:Configuration last modified|Configuration has not been modified).*$/gm,
    replacement: 'Configuration last modified',
  },
  { title: 'hits of an entry', pattern: / \(hitcnt=\d+\)/g, replacement: '' },
  { title: 'hits of a translation', pattern: /^\s*translate_hits = .*$/gm, replacement: '' },
];

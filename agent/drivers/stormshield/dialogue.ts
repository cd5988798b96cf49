import type { ApplianceShell, Dialogue, DialogueStep, SecretPattern, VolatilePattern } from '../contract.js';
import { api } from './api.js';

/**
 * Questions of NSRPC, after the vendor's reference of commands (SNS 4, CLI/Serverd). They are the same over HTTPS and in
 * the shell of an administrator whose login shell is the console of commands (CONFIG SSH UPDATE CLIShell=1, SNS 4.3).
 */
const bounds = { timeoutMsMax: 60_000, bytesMax: 32 * 1024 * 1024 } as const;
/** 202, 204 to 206: authentication, too many of this level, not enough rights, the licence. A shell knows no CONFIG. */
const refused = /^(?:202|20[456]) code=|: (?:Command )?not found/m;

const readFilter = {
  capability: 'the rights base and filter_read',
  command: 'Configuration > System > Administrators: add the account “with read-only access” to logs, filter and VPN',
};
const readVpn = { ...readFilter, capability: 'the rights base and vpn_read' };
const readAdmin = {
  capability: 'the right admin, which only the account admin has',
  command: 'leave it as it is: no account that only reads may list the administrators',
};

function step(
  id: string,
  line: string,
  more: Partial<DialogueStep> & { readonly need?: DialogueStep['need'] } = {},
): DialogueStep {
  return { id, argv: line.split(' '), need: 'required', right: readFilter, refused, ...bounds, ...more };
}

/** The slot that is in force, in the answer to CONFIG SLOT LIST; 00 is none. */
const active = /^active="?0?(?<name>[1-9]\d?)"?\s*$/gm;

function slot(id: string, command: string, slots: string, more: Partial<DialogueStep> = {}): DialogueStep {
  return step(id, command, { forEach: { step: slots, names: active }, ...more });
}

/** Rows of CONFIG OBJECT LIST of one type. A remark may say `name=` as well, so that fields are passed one by one. */
function members(id: string, command: string, type: string, isGlobal: 0 | 1): DialogueStep {
  const value = '(?:"(?:[^"\\\\]|\\\\.)*"|\\S*)';
  const fields = `(?: +(?!name=)[\\w-]+=${value})*`;
  const place = `(?=(?: +modify=\\S*)? +global=${isGlobal}\\b)`;
  const names = new RegExp(`^type=${type}${place}${fields} +name=(?<name>${value})`, 'gm');
  return step(id, command, { forEach: { step: 'objects', names } });
}

const steps: readonly DialogueStep[] = [
  step('version', 'SYSTEM PROPERTY', { need: 'crossCheck', beside: true }),
  step('local-slots', 'CONFIG SLOT LIST type=filter global=0'),
  slot('local-filter', 'CONFIG FILTER EXPLICIT index={name} type=filter global=0', 'local-slots'),
  slot('local-nat', 'CONFIG FILTER EXPLICIT index={name} type=nat global=0', 'local-slots'),
  step('global-slots', 'CONFIG SLOT LIST type=filter global=1'),
  slot('global-filter', 'CONFIG FILTER EXPLICIT index={name} type=filter global=1', 'global-slots'),
  slot('global-nat', 'CONFIG FILTER EXPLICIT index={name} type=nat global=1', 'global-slots'),
  step('switches', 'CONFIG FILTER SHOW'),
  step('implicit', 'CONFIG FILTER IMPLICIT'),
  step('in-force', 'MONITOR FILTER', { need: 'crossCheck' }),
  step('objects', 'CONFIG OBJECT LIST type=all'),
  members('groups', 'CONFIG OBJECT GROUP SHOW name={name}', 'group', 0),
  members('service-groups', 'CONFIG OBJECT SERVICEGROUP SHOW name={name}', 'servicegroup', 0),
  members('global-groups', 'CONFIG GLOBAL OBJECT GROUP SHOW name={name}', 'group', 1),
  members('global-service-groups', 'CONFIG GLOBAL OBJECT SERVICEGROUP SHOW name={name}', 'servicegroup', 1),
  step('interfaces', 'CONFIG NETWORK INTERFACE SHOW'),
  // What stands beside the filter: an account that may not read it is told under “not covered”.
  step('ha', 'HA INFO', { need: 'ifPresent' }),
  step('administrators', 'SYSTEM RIGHT LIST', { need: 'ifPresent', right: readAdmin }),
  step('web-administration', 'CONFIG WEBADMIN ACCESS SHOW', { need: 'ifPresent' }),
  step('routes', 'CONFIG NETWORK ROUTE SHOW', { need: 'ifPresent' }),
  step('routes-6', 'CONFIG NETWORK ROUTE IPV6 SHOW', { need: 'ifPresent' }),
  step('default-route', 'CONFIG NETWORK DEFAULTROUTE SHOW', { need: 'ifPresent' }),
  step('vpn-peers', 'CONFIG IPSEC PEER LIST', { need: 'ifPresent', right: readVpn }),
  step('vpn-slots', 'CONFIG SLOT LIST type=vpn', { need: 'ifPresent', right: readVpn }),
  slot('vpn-tunnels', 'CONFIG IPSEC POLICY GATEWAY LIST slot={name}', 'vpn-slots', {
    need: 'ifPresent',
    right: readVpn,
  }),
  slot('vpn-mobile', 'CONFIG IPSEC POLICY MOBILE LIST slot={name}', 'vpn-slots', { need: 'ifPresent', right: readVpn }),
  step('ssl-vpn', 'CONFIG OPENVPN SHOW', { need: 'ifPresent' }),
  step('syslog', 'CONFIG COMMUNICATION SYSLOG PROFILE SHOW', { need: 'ifPresent' }),
];

const shell: ApplianceShell = {
  // `SRPClient>` of nsrpc, and the shell's own where the login shell is no console of commands.
  prompt: /^[\w.-]+> ?$/,
  login: { user: /^(?:login|user): *$/i, password: /^(?:Enter )?password(?: for \S+)?: *$/i },
  prepare: [],
  logout: 'QUIT',
};

export const dialogue: Dialogue = { steps, shell, api };

export const secrets: readonly SecretPattern[] = [
  {
    title: 'passwords and keys of the files of a configuration and of answers in sections',
    pattern:
      /^\s*(?:password|passwd|passphrase|secret|psk|presharedkey|key|community|\w*intakekey)\s*=\s*"?(?<value>[^"\s]+)/gim,
  },
  {
    title: 'pre-shared keys and passwords in rows',
    pattern:
      /\b(?:password|passwd|passphrase|secret|psk|presharedkey|community|\w*intakekey)=(?<value>"(?:[^"\\]|\\.)+"|[^\s"]+)/gi,
  },
];

export const volatile: readonly VolatilePattern[] = [
  { title: 'counters of rules', pattern: /(?<=^position=\d+; )usage=\d+ match=\d+ /gm, replacement: '' },
  { title: 'when a slot was modified', pattern: /^lastmod=.*$/gm, replacement: 'lastmod=' },
  {
    title: 'how well and since when a pair runs',
    pattern:
      /^(?<key>Quality|Boot|LastConfigSync|LastModeChange|LinkStatusChanged|BackupLinkStatusChanged|BackupDate|Uptime|Date)=.*$/gim,
    replacement: '$<key>=',
  },
];

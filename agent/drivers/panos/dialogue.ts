import type { ApplianceShell, Dialogue, DialogueStep, SecretPattern, VolatilePattern } from '../contract.js';
import { AVAILABILITY } from './availability.js';
import { PUSHED, PUSHED_VSYS, TEMPLATE } from './pushed.js';

/** The section of what nobody has committed yet. */
export const CANDIDATE = 'candidate-config';

const bounds = { timeoutMsMax: 120_000, bytesMax: 64 * 1024 * 1024 } as const;
const refused = /Invalid syntax|Server error ?: .*(?:permission|authoriz)|Unknown command/i;
const right = {
  capability: 'the role “superreader”, or a role whose command line is superreader',
  command: 'set mgt-config users USER permissions role-based superreader yes',
};

const steps: readonly DialogueStep[] = [
  { id: 'running-config', argv: ['show', 'config', 'running'], need: 'required', ...bounds, right, refused },
  // Where Panorama manages the firewall, its rules stand here and not in the running configuration.
  {
    id: PUSHED,
    argv: ['show', 'config', 'pushed-shared-policy'],
    need: 'required',
    ...bounds,
    right,
    refused,
  },
  // Of several virtual systems each has rules of its own device group; a firewall of one refuses the question.
  {
    id: PUSHED_VSYS,
    argv: ['show', 'config', 'pushed-shared-policy', 'vsys', '{name}'],
    forEach: { step: 'running-config', names: /<entry name="(?<name>vsys\d+)"/g },
    need: 'crossCheck',
    ...bounds,
    right,
    refused,
  },
  // Zones and interfaces of a template stand here and not in the running configuration.
  { id: TEMPLATE, argv: ['show', 'config', 'pushed-template'], need: 'required', ...bounds, right, refused },
  // What has been typed and not committed: it holds after the next commit, whoever does it.
  { id: CANDIDATE, argv: ['show', 'config', 'candidate'], need: 'later', ...bounds, right, refused },
  {
    id: AVAILABILITY,
    argv: ['show', 'high-availability', 'state'],
    need: 'crossCheck',
    beside: true,
    ...bounds,
    right,
    refused,
  },
];

const shell: ApplianceShell = {
  prompt: /^[\w.-]+@[\w.-]+(?:\([\w-]+\))?[>#] ?$/,
  pager: { pattern: /^(?:lines \d+-\d+|--more--).*$/, answer: ' ' },
  prepare: ['set cli pager off', 'set cli scripting-mode on', 'set cli config-output-format xml'],
  logout: 'exit',
};

export const dialogue: Dialogue = { steps, shell };

/** Whole words, and what the names of all others of their kind end with. */
const words =
  'phash|token|pin|client-secret|auth-?pass|priv-?pass|authpwd|privpwd|snmp-community-string|auth-key|md5-key|key-string|[\\w-]*(?:passw(?:or)?d|passphrase|passcode|secret|(?:pre-shared|private|access|api|override|authentication|auth)-key)';

/** A secret is told by the element or the word before it, in each of the three forms. */
export const secrets: readonly SecretPattern[] = [
  {
    title: 'elements that hold a secret',
    pattern: new RegExp(`<(?<tag>${words})>(?!(?:yes|no)<)(?<value>[^<]+)</\\k<tag>>`, 'g'),
  },
  {
    title: 'words before a secret',
    pattern: new RegExp(`(?<=[\\s{])(?:${words})[ \\t]+(?<value>"(?:[^"\\\\]|\\\\[\\s\\S])*"|[^\\s;{}<"]+)`, 'g'),
  },
  { title: 'keys of tunnels and servers, encrypted', pattern: /<key>\s*(?<value>-?AQ==[^<]*)<\/key>/g },
  { title: 'anything encrypted with the master key', pattern: /(?<value>-AQ==[A-Za-z0-9+/=]+)/g },
  {
    title: 'private keys',
    pattern: /(?<value>-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----)/g,
  },
  { title: 'SNMP communities', pattern: /<community>(?<value>[^<]+)<\/community>/g },
  { title: 'keys of peers', pattern: /(?<=<key>)(?<value>[^<]+)(?=<\/key>)/g },
];

export const volatile: readonly VolatilePattern[] = [
  {
    title: 'when and by whom an entry was changed',
    pattern: / (?:time|admin|dirtyId|ctime)="[^"]*"/g,
    replacement: '',
  },
  {
    title: 'when something was last changed',
    pattern: /<(?<tag>last-modified|last-updated)>[^<]*<\/\k<tag>>/g,
    replacement: '',
  },
];

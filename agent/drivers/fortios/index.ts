/**
 * drivers/fortios: how the configuration of a FortiGate is read (`show`, `show full-configuration`, a backup). Three
 * passes: parse (words and blocks) → tables (what stands there in the end) → convert.
 */
import type { DialogueStep, Driver } from '../contract.js';
import { defaults } from './defaults.js';
import { identify, read } from './read.js';
import { secrets, volatile } from './secrets.js';
import { undo } from './undo.js';

const bounds = { timeoutMsMax: 60_000, bytesMax: 64 * 1024 * 1024 } as const;
const right = {
  capability: 'a read-only profile over all virtual domains',
  command: 'config system accprofile, edit reader, set secfabgrp/sysgrp/netgrp/loggrp/fwgrp/vpngrp/utmgrp/authgrp read',
};
const refused = /Permission denied|Command fail\. Return code -37|not allowed/i;

const steps: readonly DialogueStep[] = [
  { id: 'status', argv: ['get', 'system', 'status'], need: 'crossCheck', ...bounds, right, refused },
  // From outside of the virtual domains this shows all of them.
  { id: 'configuration', argv: ['show', 'full-configuration'], need: 'required', ...bounds, right, refused },
];

export const driver: Driver = {
  id: 'fortios',
  title: 'FortiOS (FortiGate)',
  versions: 'FortiOS 5.2–7.4',
  models: [
    'firewall policies of IPv4 and IPv6 in file order, with zones, intrazone traffic and virtual domains',
    'address and service objects and groups with exclusions; schedules, users, profiles and internet services as unknown conditions',
    'virtual IPs as destination translation, by policy or central NAT',
    'local-in policies and administrative access with trusted hosts',
    'administrators, tunnels, routes and tables that are not modelled as facts to compare',
  ],
  identify,
  dialogue: {
    steps,
    shell: {
      prompt: /^[\w.-]+ (?:\([\w.\- ]+\) )?[#$] $/,
      greetings: [{ pattern: /\(Press 'a' to accept\): *$/i, answer: 'a' }],
      pager: { pattern: /--More-- ?/, answer: ' ' },
      prepare: [],
      logout: 'exit',
    },
  },
  secrets,
  volatile,
  defaults,
  read,
  undo,
  // 44544 to 44548: a path, an object or an attribute was configured, or an action carried out; in every form of the log.
  changeReports: [/logid="?\d{5}4454[4-8]\b/, /\bcfgpath="?[\w.-]+/i],
};

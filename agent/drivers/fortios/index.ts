/**
 * drivers/fortios: how the configuration of a FortiGate is read (`show`, `show full-configuration`, a backup). Three
 * passes: parse (words and blocks) → tables (what stands there in the end) → convert.
 */
import type { DialogueStep, Driver } from '../contract.js';
import { defaults } from './defaults.js';
import { identify } from './identify.js';
import { read } from './read.js';
import { secrets, volatile } from './secrets.js';
import { undo } from './undo.js';

const bounds = { timeoutMsMax: 60_000, bytesMax: 64 * 1024 * 1024 } as const;
const right = {
  capability: 'a read-only profile over all virtual domains',
  command: 'config system accprofile, edit reader, set secfabgrp/sysgrp/netgrp/loggrp/fwgrp/vpngrp/utmgrp/authgrp read',
};
const refused = /Permission denied|Command fail\. Return code|Unknown action|command parse error|not allowed/i;

const steps: readonly DialogueStep[] = [
  { id: 'status', argv: ['get', 'system', 'status'], need: 'crossCheck', ...bounds, right, refused },
  {
    id: 'cluster',
    argv: ['get', 'system', 'ha', 'status'],
    need: 'crossCheck',
    eachVirtual: true,
    ...bounds,
    right,
    refused,
  },
  // From outside of the virtual domains this shows all of them.
  { id: 'configuration', argv: ['show', 'full-configuration'], need: 'required', ...bounds, right, refused },
];

export const driver: Driver = {
  id: 'fortios',
  title: 'FortiOS (FortiGate)',
  versions: 'FortiOS 5.2–7.4',
  models: [
    'firewall and security policies of IPv4 and IPv6 in file order, with zones, intrazone traffic and virtual domains',
    'address and service objects and groups with exclusions; schedules as times; users, profiles and internet services as unknown conditions',
    'virtual IPs and source translation by policy, IP pool or the central map; sessions and asymroute',
    'local-in policies, administrative access with trusted hosts, SSL-VPN, proxies and other services of the device',
    'administrators, keys, tunnels, routes, cluster, manager, logging, inspection and tables that are not modelled as facts to compare',
  ],
  identify,
  dialogue: {
    steps,
    shell: {
      prompt: /^[\w.-]+ (?:\([\w.\- ]+\) )?[#$] $/,
      greetings: [{ pattern: /\(Press 'a' to accept\): *$/i, answer: 'a' }],
      pager: { pattern: /--More-- ?/, answer: ' ' },
      prepare: [],
      // With virtual domains, what is the whole device's is asked in a place of its own. Nothing is set there.
      virtual: {
        step: 'status',
        names: /^Virtual domain configuration: (?<name>enable|multiple|split-task)\b/gm,
        enter: () => ['config global'],
        leave: ['end'],
      },
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

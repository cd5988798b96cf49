/**
 * drivers/fortios: how the configuration of a FortiGate is read (`show`, `show full-configuration`, a backup). Three
 * passes: parse (words and blocks) → tables (what stands there in the end) → convert.
 */
import type { DialogueStep, Driver } from '../contract.js';
import { identify, read } from './read.js';
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
      prompt: /^[\w.-]+ (?:\([\w.\- ]+\) )?[#$] $/m,
      pager: { pattern: /--More-- ?/, answer: ' ' },
      prepare: [],
      virtual: {
        step: 'configuration',
        names: /^config vdom\nedit (?<name>\S+)$/gm,
        enter: (name) => ['config vdom', `edit ${name}`],
        leave: ['end'],
      },
      logout: 'exit',
    },
  },
  secrets: [
    { title: 'encrypted values', pattern: /^\s*set [\w-]+ ENC (?<value>\S+)\s*$/gm },
    {
      title: 'keys and passwords',
      pattern:
        /^\s*set (?:[\w-]*(?:passwd|password|secret|psk\w*|passphrase|private-key|auth-pwd|priv-pwd|api-key|token|hash|pre-shared-key)[\w-]*|key|secondary-key|tertiary-key|md5-key|authentication-key|key-string|ppk-secret|enc-key|auth-key) (?<value>(?!ENC )(?:"(?:[^"\\]|\\[\s\S])*"|\S+))/gm,
    },
    {
      title: 'private keys',
      pattern: /(?<value>-{5}BEGIN (?:[A-Z]+ )*PRIVATE KEY-{5}[\s\S]*?-{5}END (?:[A-Z]+ )*PRIVATE KEY-{5})/g,
    },
    {
      title: 'SNMP communities',
      pattern: /^config system snmp community\n(?:.*\n)*?\s*set name (?<value>"(?:[^"\\]|\\.)*"|\S+)/gm,
    },
  ],
  volatile: [
    { title: 'file version', pattern: /^#conf_file_ver=.*$/gm, replacement: '#conf_file_ver=0' },
    { title: 'reader in the header', pattern: /^(?<head>#config-version=.*:user=).*$/gm, replacement: '$<head>' },
    { title: 'encrypted values', pattern: /(?<head>^\s*set [\w-]+ ENC )\S+/gm, replacement: '$<head>0' },
    { title: 'uuid', pattern: /^\s*set uuid [\w-]+\s*$/gm, replacement: '' },
    {
      title: 'encrypted private keys',
      pattern: /-{5}BEGIN ENCRYPTED PRIVATE KEY-{5}[\s\S]*?-{5}END ENCRYPTED PRIVATE KEY-{5}/g,
      replacement: '(key)',
    },
    { title: 'time of the device', pattern: /^(?<head>System time: ).*$/gm, replacement: '$<head>' },
  ],
  read,
  undo,
};

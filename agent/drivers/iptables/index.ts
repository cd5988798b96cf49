/**
 * drivers/iptables: what iptables-save and `ipset save` print, of both back ends and both families. Passes: parse.ts,
 * rule-text.ts and extract.ts (text → commands and iptables' own nouns), chains.ts (what the commands make of the chains),
 * convert.ts and asked.ts (nouns → the model).
 */
import type { Driver } from '../contract.js';
import { dialogue, secrets, volatile } from './dialogue.js';
import { identify } from './identify.js';
import { read } from './read.js';
import { undo } from './undo.js';

export const driver: Driver = {
  id: 'iptables',
  title: 'iptables (Linux)',
  platform: 'linux',
  versions: 'iptables 1.2–1.8 (legacy and nft back ends), ipset 6–7',
  models: [
    'tables filter, nat, mangle, raw and security with their hooks, policies and user chains',
    'matches on addresses, interfaces, protocols, ports, ICMP types, TCP flags, connection state, marks and address types',
    'ipsets with their members, exceptions and nested sets',
    'translation (DNAT, SNAT, MASQUERADE, REDIRECT, NETMAP), marks, notrack',
    'rate, time, string and other matches that a packet does not decide as unknown conditions',
  ],
  identify,
  dialogue,
  secrets,
  volatile,
  read,
  undo,
  // From the kernel's audit, by way of auditd, journald or the kernel's own log.
  changeReports: [/\b(?:type=1325|NETFILTER_CFG)\b/],
};

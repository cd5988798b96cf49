/**
 * drivers/nftables: how the ruleset of nftables is read, as text (complete but for iptables extensions) and as JSON
 * (a cross-check where there is text). Three passes: parse-text and parse-json → ast; extract; convert.
 */
import type { DialogueStep, Driver } from '../contract.js';
import { onDevice } from '../shared/volatile.js';
import { BYTECODE, identify } from './identify.js';
import { read, symbols } from './read.js';
import { undo } from './undo.js';

const right = {
  capability: 'CAP_NET_ADMIN',
  command: 'sudo setcap cap_net_admin+ep "$(command -v nft)"   # or run Écluse with AmbientCapabilities=CAP_NET_ADMIN',
};
const bounds = { timeoutMsMax: 5000, bytesMax: 32 * 1024 * 1024 } as const;
const refused = /Operation not permitted|you must be root/i;

const steps: readonly DialogueStep[] = [
  // -s leaves counters and remaining times out, so that two listings of one ruleset are one text; -a gives each rule
  // the handle by which it can be deleted.
  {
    id: 'nft-text',
    argv: ['nft', '-s', '-a', 'list', 'ruleset'],
    alternatives: [['/usr/sbin/nft', '-s', '-a', 'list', 'ruleset']],
    need: 'required',
    // nft asks the kernel for the number of the ruleset before and after, and lists again where it is not the same
    // (nft_cache_update of nftables; that of a later version gives up after five seconds, which are this step's limit).
    inOnePiece: { frame: /^(?:table \S+ \S+|\s+type \S+ hook \S+)/m },
    ...bounds,
    right,
    refused,
    package: 'nftables',
  },
  {
    id: 'nft-json',
    argv: ['nft', '-j', 'list', 'ruleset'],
    alternatives: [['/usr/sbin/nft', '-j', 'list', 'ruleset']],
    need: 'crossCheck',
    ...bounds,
    right,
    refused,
    package: 'nftables',
  },
  // What the kernel has of each rule, which nft's words do not always say. Without the elements of named sets (-t), and
  // with the handles of tables (-a), by which a table that was made anew meanwhile is another one.
  {
    id: BYTECODE,
    argv: ['nft', '-s', '-a', '-t', '--debug=netlink', 'list', 'ruleset'],
    alternatives: [['/usr/sbin/nft', '-s', '-a', '-t', '--debug=netlink', 'list', 'ruleset']],
    need: 'crossCheck',
    refines: 'nftables/nft-text',
    ...bounds,
    right,
    refused,
    package: 'nftables',
  },
  // Without nft nobody can say which rules there are, except where this kernel has no nftables at all. A module of
  // that name proves nothing, because nftables may be built in; the functions of the kernel are all listed here.
  {
    id: 'kernel-symbols',
    argv: ['grep', '-o', '-w', '-E', `${symbols.netfilter}|${symbols.nftables}`, '/proc/kallsyms'],
    fallbackFor: 'nft-text',
    need: 'ifPresent',
    ...bounds,
  },
];

export const driver: Driver = {
  id: 'nftables',
  title: 'nftables (Linux)',
  platform: 'linux',
  versions: 'nft 0.9–1.1',
  models: [
    'tables ip, ip6 and inet with their chains, hooks, priorities and policies',
    'sets, maps, verdict maps, intervals, concatenations',
    'connection state, marks, address translation',
    'chains of network devices (ingress, egress), and of bridges for what comes to the device or leaves it',
    'arp tables, and what a bridge only passes on, are compared by their content and said as not covered',
  ],
  identify,
  dialogue: { steps, monitors: [['nft', 'monitor']] },
  secrets: [],
  volatile: [
    onDevice('remaining time of elements', ' expires [0-9A-Za-z_]+'),
    { title: 'packet and byte counters', pattern: /\bpackets \d+ bytes \d+/g, replacement: 'packets 0 bytes 0' },
    { title: 'counters (JSON)', pattern: /"packets": \d+, "bytes": \d+/g, replacement: '"packets": 0, "bytes": 0' },
    { title: 'handles', pattern: / # handle \d+/g, replacement: '' },
    { title: 'handles (JSON)', pattern: /, "handle": \d+/g, replacement: '' },
    { title: 'remaining time of elements (JSON)', pattern: /, "expires": \d+/g, replacement: '' },
    { title: 'used part of quotas', pattern: / used \d+ [kmg]?bytes/g, replacement: '' },
    { title: 'used part of quotas (JSON)', pattern: /, "used": \d+/g, replacement: '' },
    {
      title: 'counters (bytecode)',
      pattern: /^ {2}\[ counter pkts \d+ bytes \d+ \]$/gm,
      replacement: '  [ counter pkts 0 bytes 0 ]',
    },
    {
      title: 'used part of quotas (bytecode)',
      pattern: /^(?<quota> {2}\[ quota bytes \d+ consumed )\d+/gm,
      replacement: '$<quota>0',
    },
    // In an order of the kernel's own, under names and numbers that it gives anew.
    { title: 'elements (bytecode)', pattern: /^\telement [0-9a-f]{8}.* \[end\]\n/gm, replacement: '' },
    {
      title: 'names of sets (bytecode)',
      pattern: /^(?<asked> {2}\[ lookup reg \d+ set __(?:set|map)|\S+ \S+ @__(?:set|map))\d+/gm,
      replacement: '$<asked>',
    },
    {
      title: 'names of chains (bytecode)',
      pattern: /^(?<called> {2}\[ immediate reg 0 (?:jump|goto) -> __chain)\d+/gm,
      replacement: '$<called>',
    },
    {
      title: 'handles (bytecode)',
      pattern: /^(?<rule>(?:ip|ip6|inet|bridge|netdev|arp) \S+ (?:__chain(?=\d+ )|\S+))\d* \d+(?: \d+)?$/gm,
      replacement: '$<rule>',
    },
  ],
  read,
  undo,
  // From the kernel's audit, by way of auditd, journald or the kernel's own log; rules of iptables are told so too.
  changeReports: [/\b(?:type=1325|NETFILTER_CFG)\b/],
};

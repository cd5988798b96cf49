/**
 * drivers/stormshield: policies of Stormshield SNS, from saved answers of its command console (NSRPC) or from the files
 * of its configuration. Passes: answer.ts (titled parts and rows), objects.ts and rule.ts (the vendor's nouns),
 * convert.ts (implicit rules, global and local policy, translation as lists of rules).
 */
import type { Driver } from '../contract.js';
import { identify, read } from './read.js';
import { undo } from './undo.js';

export const driver: Driver = {
  id: 'stormshield',
  title: 'Stormshield SNS',
  versions: 'SNS 2–4, by the vendor’s reference of commands; read from files only',
  models: [
    'filter and translation policies, global and local, from CONFIG FILTER EXPLICIT or the file of a slot, separators counted',
    'hosts, networks, ranges, ports, protocols and groups; objects made from interfaces (Firewall_out, Network_internals, Internet)',
    'implicit rules by their switches (CONFIG FILTER SHOW), the active slot (CONFIG SLOT LIST)',
    'users, names, countries, reputation, schedules, rates and applications as unknown conditions',
  ],
  identify,
  // Which slot to ask for is known from another answer, and the shell is the administrator's alone: files until then.
  dialogue: { steps: [] },
  secrets: [
    {
      title: 'passwords and keys of the files of a configuration',
      pattern: /^\s*(?:password|passwd|secret|psk|presharedkey|key|community)\s*=\s*"?(?<value>[^"\s]+)/gim,
    },
  ],
  volatile: [
    { title: 'counters of rules', pattern: /(?<=^position=\d+; )usage=\d+ match=\d+ /gm, replacement: '' },
    { title: 'when a slot was modified', pattern: /^lastmod=.*$/gm, replacement: 'lastmod=' },
  ],
  read,
  undo,
};

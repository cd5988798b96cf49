/**
 * drivers/stormshield: policies of Stormshield SNS, from its command console (NSRPC) over HTTPS or SSH, from saved
 * answers of it, or from the files of its configuration. Passes: reply.ts (XML of the web server as the console prints
 * it), answer.ts (titled parts and rows), objects.ts and rule.ts (the vendor's nouns), convert.ts (implicit rules,
 * global and local policy, translation as lists of rules), facts.ts (what stands beside the filter).
 */
import type { Driver } from '../contract.js';
import { dialogue, secrets, volatile } from './dialogue.js';
import { identify } from './identify.js';
import { read } from './read.js';
import { undo } from './undo.js';

export const driver: Driver = {
  id: 'stormshield',
  title: 'Stormshield SNS',
  versions: 'SNS 2–5, by the vendor’s reference of commands; not yet seen on a real firewall',
  models: [
    'filter and translation policies, global and local, from CONFIG FILTER EXPLICIT or the file of a slot, separators counted',
    'hosts, networks, ranges, ports, protocols and groups; objects made from interfaces (Firewall_out, Network_internals, Internet)',
    'implicit rules as they are listed (CONFIG FILTER IMPLICIT) or by their switches (CONFIG FILTER SHOW), the active slot (CONFIG SLOT LIST)',
    'administrators, web administration, routes, IPsec and SSL VPN, syslog and inspection as facts to compare; the members of a pair',
    'users, names, countries, reputation, schedules, rates and applications as unknown conditions',
  ],
  identify,
  dialogue,
  secrets,
  volatile,
  read,
  undo,
};

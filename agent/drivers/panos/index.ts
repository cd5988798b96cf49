/**
 * drivers/panos: configurations of Palo Alto Networks firewalls in their three forms. Passes: xml.ts and words.ts (one
 * tree of words), places.ts, scope.ts and what reads objects and rules from it (the vendor's nouns, and what became of
 * each line), convert.ts (virtual systems, translations and management as lists of rules).
 */
import type { Driver } from '../contract.js';
import { dialogue, secrets, volatile } from './dialogue.js';
import { identify } from './identify.js';
import { read } from './read.js';
import { undo } from './undo.js';

export const driver: Driver = {
  id: 'panos',
  title: 'Palo Alto Networks PAN-OS',
  versions: 'PAN-OS 5.0–11.x, as XML, as set commands and with braces; rules in force',
  models: [
    'zones, virtual systems, security rules pushed by Panorama and of its own, intrazone and interzone defaults',
    'address and service objects and groups, negation, wildcard masks; names, tags, regions and lists as unknown conditions',
    'applications with their default ports and overrides; users, categories, host profiles and schedules as unknown conditions',
    'translation of destination and source by the addresses that a packet came with',
    'management profiles of interfaces and the services of the management port',
    'what is typed and not committed (the candidate), the pair that it is of',
    'what Panorama gives each firewall that it manages: device groups within each other, template stacks, targets',
  ],
  identify,
  dialogue,
  secrets,
  volatile,
  read,
  undo,
  // CONFIG: a command of an administrator, with `commit` among them; a commit takes minutes, and its end is in SYSTEM.
  changeReports: [
    /(?:^|\s)\d*,\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d,[^,]*,CONFIG,/,
    /(?:^|\s)\d*,\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d,[^,]*,SYSTEM,.*\b(?:[Cc]ommit|[Ii]nstalled|[Rr]evert)/,
    /^(?:CEF|LEEF):\d[^|]*\|Palo Alto Networks\|.*\|(?:CONFIG|config)\|/,
  ],
};

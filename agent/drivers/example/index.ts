/**
 * drivers/example: the template for a new platform, as docs/drivers.md goes through it. The platform, “Gatehouse”, does
 * not exist: the registry leaves this folder out, and everything that is tested of a driver is tested of it. Passes:
 * parse.ts (words of a line), extract.ts (the vendor's nouns, and what became of each line), convert.ts (the model).
 */
import type { Driver } from '../contract.js';
import { dialogue, secrets, volatile } from './dialogue.js';
import { sameZone } from './extract.js';
import { identify } from './identify.js';
import { read } from './read.js';
import { undo } from './undo.js';

export const driver: Driver = {
  id: 'example',
  title: 'Gatehouse (fictional, the template for a driver)',
  versions: 'Gatehouse 2–3',
  models: [
    'policies between zones, in their order, with addresses and services by name; schedules as unknown conditions',
    'services of the device itself and from where they answer',
    'administrators and where logs are sent as facts; the saved configuration; the two members of a pair',
  ],
  identify,
  dialogue,
  secrets,
  volatile,
  defaults: [sameZone],
  read,
  undo,
  changeReports: [/\bGATEHOUSE-CONFIG: (?:changed|saved) by\b/],
};

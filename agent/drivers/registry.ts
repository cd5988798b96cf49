// Made by `npm run generate` from the folders beside it: do not edit.

import { driver as asa } from './asa/index.js';
import type { Driver } from './contract.js';
import { driver as fortios } from './fortios/index.js';
import { driver as iptables } from './iptables/index.js';
import { driver as linuxAccess } from './linux-access/index.js';
import { driver as linuxListeners } from './linux-listeners/index.js';
import { driver as linuxSaved } from './linux-saved/index.js';
import { driver as nftables } from './nftables/index.js';
import { driver as panos } from './panos/index.js';
import { driver as stormshield } from './stormshield/index.js';

/** Every driver, by id. */
export const drivers: readonly Driver[] = [
  asa,
  fortios,
  iptables,
  linuxAccess,
  linuxListeners,
  linuxSaved,
  nftables,
  panos,
  stormshield,
];

export function driverById(id: string): Driver | undefined {
  return drivers.find((driver) => driver.id === id);
}

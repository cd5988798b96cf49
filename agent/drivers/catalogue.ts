// Made by `npm run generate` from the folders beside it: do not edit.

import { identify as asa } from './asa/identify.js';
import type { Driver } from './contract.js';
import { identify as fortios } from './fortios/identify.js';
import { identify as iptables } from './iptables/identify.js';
import { identify as linuxAccess } from './linux-access/identify.js';
import { identify as linuxListeners } from './linux-listeners/identify.js';
import { identify as linuxSaved } from './linux-saved/identify.js';
import { identify as nftables } from './nftables/identify.js';
import { identify as panos } from './panos/identify.js';
import { identify as stormshield } from './stormshield/identify.js';

/** A driver that is not loaded yet: enough to tell whose a capture is. */
export interface Listed extends Pick<Driver, 'id' | 'identify'> {
  load(): Promise<Driver>;
}

/** Every driver, by id, for whoever reads one capture and needs no more than the driver of that. */
export const catalogue: readonly Listed[] = [
  { id: 'asa', identify: asa, load: async () => (await import('./asa/index.js')).driver },
  { id: 'fortios', identify: fortios, load: async () => (await import('./fortios/index.js')).driver },
  { id: 'iptables', identify: iptables, load: async () => (await import('./iptables/index.js')).driver },
  { id: 'linux-access', identify: linuxAccess, load: async () => (await import('./linux-access/index.js')).driver },
  {
    id: 'linux-listeners',
    identify: linuxListeners,
    load: async () => (await import('./linux-listeners/index.js')).driver,
  },
  { id: 'linux-saved', identify: linuxSaved, load: async () => (await import('./linux-saved/index.js')).driver },
  { id: 'nftables', identify: nftables, load: async () => (await import('./nftables/index.js')).driver },
  { id: 'panos', identify: panos, load: async () => (await import('./panos/index.js')).driver },
  { id: 'stormshield', identify: stormshield, load: async () => (await import('./stormshield/index.js')).driver },
];

// Made by `npm run generate` from the folders beside it: do not edit.

import { driver as asa } from './asa/index.js';
import type { Driver, Section } from './contract.js';
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

/** Which driver's these sections are. */
export type Recognition =
  | { readonly kind: 'driver'; readonly driver: Driver }
  | { readonly kind: 'ambiguous'; readonly ids: readonly string[] }
  | { readonly kind: 'unknown' };

/** A driver that is certain goes before those to which the sections are only likely. */
export function identify(sections: readonly Section[]): Recognition {
  const answers = drivers.map((driver) => ({ driver, answer: driver.identify(sections) }));
  for (const wanted of ['certain', 'likely'] as const) {
    const [first, ...others] = answers.filter(({ answer }) => answer === wanted).map(({ driver }) => driver);
    if (first && others.length > 0) return { kind: 'ambiguous', ids: [first, ...others].map(({ id }) => id) };
    if (first) return { kind: 'driver', driver: first };
  }
  return { kind: 'unknown' };
}

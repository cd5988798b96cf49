import type { VersionedDefault } from '../contract.js';
import { defaultIn } from '../shared/version.js';

export interface Version {
  readonly text: string;
  readonly major: number;
  readonly minor: number;
  /** As the device is known by it: Firepower's numbers are no ASA's, and have their name before them. */
  readonly stated: string;
}

const line = /^(?:: )?(?<product>ASA|PIX|FWSM|NGFW) Version (?<text>(?<major>\d+)\.(?<minor>\d+)\S*)/;

/** With 9.0 the access lists of both families became one. */
export const anyMeans: VersionedDefault = {
  what: '“any” in an access list',
  since: [
    { version: '8.3', value: 'IPv4' },
    { version: '9.0', value: 'IPv4 and IPv6' },
  ],
};

export function isVersionLine(text: string): boolean {
  return line.test(text);
}

export function versionIn(text: string): Version | undefined {
  const found = line.exec(/^(?:: )?(?:ASA|PIX|FWSM|NGFW) Version .*$/m.exec(text)?.[0] ?? '')?.groups;
  if (!found) return undefined;
  const own = { text: found.text!, major: Number(found.major), minor: Number(found.minor), stated: found.text! };
  // Firepower counts its versions otherwise: all of them have the access lists of ASA 9.
  return found.product === 'NGFW' ? { ...own, major: 9, minor: 6, stated: `NGFW ${found.text}` } : own;
}

/** Whether “any” means both families in this version; a text without one is taken for a part of a newer one. */
export function anyIsBoth(stated: string | undefined): boolean {
  return stated === undefined || stated.startsWith('NGFW') || defaultIn(anyMeans, stated) !== 'IPv4';
}

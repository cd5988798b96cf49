import type { Problem } from '../../lib/result.js';
import type { KnownKeys } from '../known-keys.js';
import { addressOf, type HttpsTarget } from './target.js';

/** What the appliance may show: exactly these certificates, whoever signed them and whatever name they carry. */
export interface CertificatePins {
  readonly fingerprints: readonly string[];
  readonly revoked: readonly string[];
}

export const CERTIFICATE = 'certificate';

/** `AB:CD:…` of what a person may write with small letters or without colons. */
export function fingerprintText(text: string): string | undefined {
  const digits = text.replaceAll(':', '').toUpperCase();
  return /^[0-9A-F]{64}$/.test(digits) ? digits.match(/../g)!.join(':') : undefined;
}

export function pinsFor(target: HttpsTarget, known: KnownKeys): CertificatePins {
  const own = known.keys.filter(({ device, address, type }) => {
    return device === target.device && address === addressOf(target) && type === CERTIFICATE;
  });
  const configured = target.certificates.flatMap((one) => fingerprintText(one) ?? []);
  return {
    fingerprints: [...new Set([...configured, ...own.map(({ fingerprint }) => fingerprint)])],
    revoked: known.revoked.map(({ fingerprint }) => fingerprint),
  };
}

/** Why an appliance with this certificate is not spoken to; undefined when it is one that a person accepted. */
export function objectionTo(shown: string, pins: CertificatePins, target: HttpsTarget): Problem | undefined {
  const place = addressOf(target);
  const trust = `ecluse trust ${target.device}`;
  if (pins.revoked.includes(shown)) {
    return {
      code: 'HOST_KEY_REVOKED',
      message: `${place} shows the certificate ${shown}, which was revoked`,
      expected: 'a certificate that was not revoked',
      remedy: `find out who holds its key; give the appliance a new one, then: ${trust}`,
    };
  }
  if (pins.fingerprints.includes(shown)) return undefined;
  if (pins.fingerprints.length === 0) {
    return {
      code: 'HOST_KEY_UNKNOWN',
      message: `nobody has accepted the certificate of ${place} yet: it shows ${shown} (SHA-256)`,
      expected: 'a certificate that a person has compared with the appliance’s own',
      remedy: `compare it with what its administration page shows, then: ${trust}`,
    };
  }
  return {
    code: 'HOST_KEY_CHANGED',
    message: `the certificate of ${place} is not the accepted one: it shows ${shown} (SHA-256); another machine may stand in its place`,
    expected: `one of ${pins.fingerprints.join(', ')}`,
    remedy: `find out why it changed before anything else; if the certificate was renewed: ${trust}`,
  };
}

import { type Result, success } from '../../lib/result.js';
import { readKnownKeys } from '../known-keys.js';
import { CERTIFICATE, objectionTo, pinsFor } from './certificates.js';
import { connectPinned } from './line.js';
import { addressOf, type HttpsTarget, type HttpsTimeouts, httpsTimeouts } from './target.js';

/** The certificate that an appliance shows, in the shape in which the keys of an SSH server are shown. */
export interface ScannedCertificate {
  readonly address: string;
  readonly isJump: false;
  readonly keys: readonly {
    readonly type: string;
    readonly fingerprint: string;
    readonly state: 'accepted' | 'new' | 'revoked';
  }[];
  /** Certificates that were accepted and that are not shown any more. */
  readonly gone: readonly string[];
}

/** Asks for the certificate and sends nothing: nothing secret is given to an appliance that nobody has accepted. */
export async function scanCertificate(
  target: HttpsTarget,
  options: { readonly knownKeys: string; readonly timeouts?: Partial<HttpsTimeouts> },
): Promise<Result<readonly ScannedCertificate[]>> {
  const known = readKnownKeys(options.knownKeys);
  if (!known.ok) return known;
  const pins = pinsFor(target, known.value);
  let shown = '';
  const socket = await connectPinned(target, {
    timeouts: { ...httpsTimeouts, ...options.timeouts },
    objection(fingerprint) {
      shown = fingerprint;
      return undefined;
    },
  });
  if (!socket.ok) return socket;
  socket.value.destroy();
  const objection = objectionTo(shown, pins, target);
  const state = objection === undefined ? 'accepted' : objection.code === 'HOST_KEY_REVOKED' ? 'revoked' : 'new';
  return success([
    {
      address: addressOf(target),
      isJump: false,
      keys: [{ type: CERTIFICATE, fingerprint: shown, state }],
      gone: pins.fingerprints.filter((fingerprint) => fingerprint !== shown),
    },
  ]);
}

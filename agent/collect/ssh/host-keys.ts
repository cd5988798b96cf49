import { createHash } from 'node:crypto';
import type { Problem } from '../../lib/result.js';
import type { KnownKeys } from '../known-keys.js';
import { addressOf, type SshHop } from './target.js';

/** A key as `ssh-keygen -lf` prints it. */
export interface HostKey {
  readonly type: string;
  readonly fingerprint: string;
}

/** RFC 4253 section 6.6: the blob begins with the length and the name of its type. */
export function hostKeyOf(blob: Buffer): HostKey {
  const length = blob.length >= 4 ? blob.readUInt32BE(0) : 0;
  const type = blob.subarray(4, 4 + Math.min(length, 64)).toString('latin1');
  const digest = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '');
  return { type, fingerprint: `SHA256:${digest}` };
}

/** What a hop's server may show. */
export interface Pins {
  readonly fingerprints: readonly string[];
  /** Types of those keys whose type is known. */
  readonly types: readonly string[];
  readonly revoked: readonly string[];
}

export function pinsOf(hop: SshHop, device: string, known: KnownKeys): Pins {
  const own = known.keys.filter((key) => key.device === device && key.address === addressOf(hop));
  return {
    fingerprints: [...hop.hostKeys, ...own.map(({ fingerprint }) => fingerprint)],
    types: own.map(({ type }) => type),
    revoked: known.revoked.map(({ fingerprint }) => fingerprint),
  };
}

/** Why a server with this key is not spoken to; undefined when the key is one that a person accepted. */
export function objectionTo(key: HostKey, pins: Pins, hop: SshHop, device: string): Problem | undefined {
  const place = addressOf(hop);
  const shown = `${key.fingerprint} (${key.type.replace(/[^\w.@-]/g, '?')})`;
  if (pins.revoked.includes(key.fingerprint)) {
    return {
      code: 'HOST_KEY_REVOKED',
      message: `${place} shows the host key ${shown}, which was revoked`,
      expected: 'a key that was not revoked',
      remedy: `find out who holds the revoked key; give the server a new one, then: ecluse trust ${device}`,
    };
  }
  if (pins.fingerprints.includes(key.fingerprint)) return undefined;
  if (pins.fingerprints.length === 0) {
    return {
      code: 'HOST_KEY_UNKNOWN',
      message: `nobody has accepted the host key of ${place} yet: it shows ${shown}`,
      expected: 'a key that a person has compared with the server’s own',
      remedy: `compare it with \`ssh-keygen -lf\` on the server, then: ecluse trust ${device}`,
    };
  }
  return {
    code: 'HOST_KEY_CHANGED',
    message: `the host key of ${place} is not the accepted one: it shows ${shown}; another machine may stand in its place`,
    expected: `one of ${[...new Set(pins.fingerprints)].join(', ')}`,
    remedy: `find out why it changed before anything else; if the server was installed anew: ecluse trust ${device}; if it is the other member of a pair: ecluse trust ${device} --member`,
  };
}

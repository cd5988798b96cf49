import type { SecretPlace } from '../private-file.js';

export { addressOf } from '../address.js';

/** An appliance's HTTPS interface, and who logs in there. */
export interface HttpsTarget {
  /** Id of the device. */
  readonly device: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** A password, or the key of the interface where it takes one. */
  readonly password: SecretPlace;
  /** SHA-256 of the certificates it may show (`AB:CD:…`), besides those that `ecluse trust` stored. */
  readonly certificates: readonly string[];
}

export interface HttpsTimeouts {
  /** Until the TCP connection stands. */
  readonly connectMs: number;
  /** From there until the certificate was seen. */
  readonly handshakeMs: number;
  /** Each request of a login, and the one that ends the session. */
  readonly loginMs: number;
}

export const httpsTimeouts: HttpsTimeouts = { connectMs: 10_000, handshakeMs: 15_000, loginMs: 20_000 };

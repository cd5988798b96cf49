import type { SecretPlace } from '../private-file.js';

export { addressOf } from '../address.js';

/** One SSH server on the way, and who logs in there. */
export interface SshHop {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** `SHA256:…` of the keys it may show, besides those that `ecluse trust` stored: a pair of machines has two. */
  readonly hostKeys: readonly string[];
  readonly keyFile?: string;
  /** Of the key file. */
  readonly passphrase?: SecretPlace;
  /** The socket of an ssh-agent, or the variable that names it. */
  readonly agent?: SecretPlace;
  /** Given as password, or as the one answer that keyboard-interactive asks for. */
  readonly password?: SecretPlace;
  /** Of an appliance whose login may not read: its second password. Left out, it is the first one. */
  readonly enable?: SecretPlace;
  /** Algorithms offered although they are broken or weak, for a server that knows nothing else. */
  readonly legacyAlgorithms: readonly string[];
}

export interface SshTarget extends SshHop {
  /** Id of the device. */
  readonly device: string;
  /** The host through which alone the device can be reached. */
  readonly jump?: SshHop;
}

export interface SshTimeouts {
  /** Until the TCP connection stands. */
  readonly connectMs: number;
  /** From there until the keys are exchanged and the host key is verified. */
  readonly handshakeMs: number;
  /** From there until the login. */
  readonly loginMs: number;
  /** From one sign of life to the next; three that stay out end the connection. */
  readonly keepAliveMs: number;
  /** How long a step of a reading may be overdue before the device is not believed to end it by itself. */
  readonly overdueMs: number;
}

export const sshTimeouts: SshTimeouts = {
  connectMs: 10_000,
  handshakeMs: 15_000,
  loginMs: 20_000,
  keepAliveMs: 15_000,
  overdueMs: 10_000,
};

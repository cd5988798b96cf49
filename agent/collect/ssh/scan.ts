import type { Duplex } from 'node:stream';
import { failure, type Problem, type Result, success } from '../../lib/result.js';
import { displayMessage } from '../capture.js';
import { readKnownKeys } from '../known-keys.js';
import { algorithmsFor, HOST_KEY_FAMILIES } from './algorithms.js';
import { readCredentials } from './credentials.js';
import { type HostKey, objectionTo, type Pins, pinsOf } from './host-keys.js';
import { beginSsh, type Link, newClient, openLink, openStream } from './link.js';
import { addressOf, type SshHop, type SshTarget, type SshTimeouts, sshTimeouts } from './target.js';

/** The keys of one server on the way to a device, each proved by a signature of the server. */
export interface ScannedHop {
  readonly address: string;
  readonly isJump: boolean;
  readonly keys: readonly (HostKey & { readonly state: 'accepted' | 'new' | 'revoked' })[];
  /** Keys that were accepted and that the server does not show any more. */
  readonly gone: readonly string[];
}

export interface ScanOptions {
  readonly knownKeys: string;
  readonly timeouts?: Partial<SshTimeouts>;
}

/**
 * Asks each server on the way for every host key it has, without logging in: nothing secret is given to a server that
 * nobody has accepted. Behind a jump host nothing can be asked before that host's own key is accepted.
 */
export async function scanHostKeys(target: SshTarget, options: ScanOptions): Promise<Result<readonly ScannedHop[]>> {
  const timeouts = { ...sshTimeouts, ...options.timeouts };
  const known = readKnownKeys(options.knownKeys);
  if (!known.ok) return known;
  const scanned: ScannedHop[] = [];
  let through: Link | undefined;
  try {
    for (const hop of target.jump ? [target.jump, target] : [target]) {
      const pins = pinsOf(hop, target.device, known.value);
      const isJump = hop === target.jump;
      const keys = await keysOf(hop, timeouts, through);
      if (!keys.ok) return keys;
      scanned.push(compared(hop, { keys: keys.value, pins, device: target.device, isJump }));
      if (!isJump) continue;
      if (!scanned[0]!.keys.some(({ state }) => state === 'accepted')) break;
      const credentials = readCredentials(hop);
      if (!credentials.ok) return credentials;
      const link = await openLink(hop, { device: target.device, timeouts, pins, credentials: credentials.value });
      if (!link.ok) return link;
      through = link.value;
    }
  } finally {
    through?.close();
  }
  return success(scanned);
}

interface Comparison {
  readonly keys: readonly HostKey[];
  readonly pins: Pins;
  readonly device: string;
  readonly isJump: boolean;
}

function compared(hop: SshHop, { keys, pins, device, isJump }: Comparison): ScannedHop {
  const stateOf = (key: HostKey): ScannedHop['keys'][number]['state'] => {
    const objection = objectionTo(key, pins, hop, device);
    return objection === undefined ? 'accepted' : objection.code === 'HOST_KEY_REVOKED' ? 'revoked' : 'new';
  };
  const shown = new Set(keys.map(({ fingerprint }) => fingerprint));
  return {
    address: addressOf(hop),
    isJump,
    keys: keys.map((key) => ({ ...key, state: stateOf(key) })),
    gone: [...new Set(pins.fingerprints)].filter((fingerprint) => !shown.has(fingerprint)),
  };
}

async function keysOf(hop: SshHop, timeouts: SshTimeouts, through?: Link): Promise<Result<readonly HostKey[]>> {
  const found: HostKey[] = [];
  let problem: Problem | undefined;
  for (const family of HOST_KEY_FAMILIES) {
    const algorithms = algorithmsFor({ legacy: hop.legacyAlgorithms, onlyHostKeys: family });
    if (!algorithms) continue;
    const stream = await openStream(hop, { timeouts, ...(through && { through }) });
    if (!stream.ok) return stream;
    const key = await keyShown(stream.value, hop, { algorithms, ms: timeouts.handshakeMs });
    if (key.ok) found.push(key.value);
    else problem ??= key.error;
  }
  return found.length > 0 ? success(found) : failure(problem!);
}

interface Showing {
  readonly algorithms: NonNullable<ReturnType<typeof algorithmsFor>>;
  readonly ms: number;
}

function keyShown(stream: Duplex, hop: SshHop, { algorithms, ms }: Showing): Promise<Result<HostKey>> {
  return new Promise((resolve) => {
    const client = newClient();
    let seen: HostKey | undefined;
    const settle = (result: Result<HostKey>): void => {
      clearTimeout(timer);
      stream.destroy();
      resolve(result);
    };
    const none = (reason: string): void =>
      settle(
        failure({
          code: 'SSH_BROKEN',
          message: `${addressOf(hop)} shows no host key: ${displayMessage(reason)}`,
          expected: 'an SSH server',
          remedy: `try it by hand: ssh -p ${hop.port} ${hop.user}@${hop.host}`,
        }),
      );
    const timer = setTimeout(() => none(`no exchange of keys after ${ms} ms`), ms);
    // Only now has the server proved that it holds the key.
    client.on('handshake', () => (seen ? settle(success(seen)) : none('none')));
    client.on('error', (error) => none(error.message));
    client.on('close', () => none('closed by the server'));
    try {
      beginSsh(client, stream, hop, {
        onHostKey: (key) => {
          seen = key;
          return true;
        },
        handler: (_left, _partial, next) => next(false as never),
        algorithms,
        keepAliveMs: 0,
      });
    } catch (error) {
      none((error as Error).message);
    }
  });
}

import { scanCertificate } from '../collect/https/index.js';
import { allSpeakers } from '../collect/index.js';
import {
  addKnownKeys,
  forcedCommandScript,
  recordRequest,
  revokeKeys,
  type ScannedHop,
  scanHostKeys,
} from '../collect/ssh/index.js';
import type { Settings } from '../config/index.js';
import { drivers } from '../drivers/registry.js';
import { type Clock, systemClock } from '../lib/clock.js';
import { failure, type Problem, type Result, success } from '../lib/result.js';
import { knownKeysFile } from './guard/place.js';
import { isRemote, remoteRunner } from './remote.js';

export type { ScannedHop };

/** How a person accepts the host keys of one device. */
export interface Trusting {
  /** What the servers on the way show now; the last one is the device, where it could be reached. */
  scan(): Promise<Result<readonly ScannedHop[]>>;
  /** Remembers keys of one server; those accepted before and not shown any more are forgotten when `replace` is set. */
  accept(hop: ScannedHop, fingerprints: readonly string[], replace: boolean): Problem | undefined;
  revoke(fingerprints: readonly string[]): Problem | undefined;
  /** Tries the login; where it works, a guard that had stopped after refusals tries it again. */
  login(): Promise<Problem | undefined>;
}

interface TrustOptions {
  readonly by: string;
  readonly clock?: Clock;
}

export function trusting(
  settings: Settings,
  device: string,
  { by, clock = systemClock }: TrustOptions,
): Result<Trusting> {
  const found = settings.devices.find(({ id }) => id === device);
  if (!found || !isRemote(found)) {
    const remote = settings.devices.filter(isRemote).map(({ id }) => id);
    return failure({
      code: found ? 'NOT_OVER_SSH' : 'UNKNOWN_DEVICE',
      message: found ? `${device} is read on this machine: it has no host key` : `no device is called ${device}`,
      expected:
        remote.length === 0
          ? 'a device with `source: {ssh: …}` or `source: {https: …}`'
          : `one of ${remote.join(', ')}`,
    });
  }
  const { source } = found;
  const knownKeys = knownKeysFile(settings.stateFolder);
  const now = (): string => new Date(clock.now()).toISOString();
  const problemOf = (result: Result<unknown>): Problem | undefined => (result.ok ? undefined : result.error);
  return success({
    scan: () =>
      source.kind === 'ssh'
        ? scanHostKeys({ device, ...source }, { knownKeys })
        : scanCertificate({ device, ...source }, { knownKeys }),
    accept: ({ address, keys }, fingerprints, replace) =>
      problemOf(
        addKnownKeys(
          knownKeys,
          keys
            .filter(({ fingerprint }) => fingerprints.includes(fingerprint))
            .map(({ type, fingerprint }) => ({ device, address, type, fingerprint, at: now(), by })),
          replace,
        ),
      ),
    revoke: (fingerprints) => problemOf(revokeKeys(knownKeys, fingerprints, { at: now(), by })),
    async login() {
      const runner = await remoteRunner(found, { folder: settings.stateFolder, drivers });
      try {
        const refusal = await runner.ready();
        // Only what works here is tried again by a guard that had stopped: refusals are counted by the account too.
        return refusal ?? problemOf(recordRequest(knownKeys, device, now()));
      } finally {
        await runner.close();
      }
    },
  });
}

/** The forced command for the accounts on all devices: what any of the drivers reads with, and nothing else. */
export function readScript(): string {
  return forcedCommandScript(allSpeakers(drivers));
}

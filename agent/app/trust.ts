import { allSpeakers } from '../collect/index.js';
import {
  addKnownKeys,
  forcedCommandScript,
  recordRequest,
  revokeKeys,
  type ScannedHop,
  scanHostKeys,
  sshRunner,
} from '../collect/ssh/index.js';
import type { Settings } from '../config/index.js';
import { drivers } from '../drivers/registry.js';
import { type Clock, systemClock } from '../lib/clock.js';
import { failure, type Problem, type Result, success } from '../lib/result.js';
import { knownKeysFile } from './guard/place.js';

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
  if (found?.source.kind !== 'ssh') {
    const overSsh = settings.devices.filter(({ source }) => source.kind === 'ssh').map(({ id }) => id);
    return failure({
      code: found ? 'NOT_OVER_SSH' : 'UNKNOWN_DEVICE',
      message: found ? `${device} is read on this machine: it has no host key` : `no device is called ${device}`,
      expected: overSsh.length === 0 ? 'a device with `source: {ssh: …}`' : `one of ${overSsh.join(', ')}`,
    });
  }
  const target = { device, ...found.source };
  const knownKeys = knownKeysFile(settings.stateFolder);
  const now = (): string => new Date(clock.now()).toISOString();
  const problemOf = (result: Result<unknown>): Problem | undefined => (result.ok ? undefined : result.error);
  return success({
    scan: () => scanHostKeys(target, { knownKeys }),
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
      const runner = sshRunner(target, { knownKeys });
      try {
        const refusal = await runner.ready();
        // Only what works here is tried again by a guard that had stopped: refusals are counted by the account too.
        return refusal ?? problemOf(recordRequest(knownKeys, device, now()));
      } finally {
        runner.close();
      }
    },
  });
}

/** The forced command for the accounts on all devices: what any of the drivers reads with, and nothing else. */
export function readScript(): string {
  return forcedCommandScript(allSpeakers(drivers));
}

import type { CommandRunner } from '../collect/index.js';
import type { DeviceSettings, HttpsSource, SshSource } from '../config/index.js';
import type { ApplianceApi, Driver } from '../drivers/contract.js';
import { knownKeysFile } from './guard/place.js';

/** A device of another machine. */
export type RemoteDevice = DeviceSettings & { readonly source: SshSource | HttpsSource };

export function isRemote(device: DeviceSettings): device is RemoteDevice {
  return device.source.kind !== 'local';
}

export interface RemoteRunner extends CommandRunner {
  readonly ready: NonNullable<CommandRunner['ready']>;
  readonly converse: NonNullable<CommandRunner['converse']>;
  close(): void | Promise<void>;
}

export interface RemotePlace {
  /** The state folder. */
  readonly folder: string;
  readonly drivers: readonly Driver[];
  /** The accepted key or certificate that each server on the way has shown, with its address. */
  readonly onHostKey?: (address: string, key: { readonly type: string; readonly fingerprint: string }) => void;
}

/** Loads the client only where a device needs it: a guard of its own machine starts without. */
export async function remoteRunner(
  { id, source, drivers: ids }: RemoteDevice,
  place: RemotePlace,
): Promise<RemoteRunner> {
  const options = { knownKeys: knownKeysFile(place.folder), ...(place.onHostKey && { onHostKey: place.onHostKey }) };
  if (source.kind === 'ssh') {
    const { sshRunner } = await import('../collect/ssh/index.js');
    return sshRunner({ device: id, ...source }, options);
  }
  const { httpsRunner } = await import('../collect/https/index.js');
  return httpsRunner({ device: id, ...source }, apiOf(ids, place.drivers), options);
}

function apiOf(ids: readonly string[], drivers: readonly Driver[]): ApplianceApi | undefined {
  return ids.map((id) => drivers.find((driver) => driver.id === id)?.dialogue.api).find((api) => api !== undefined);
}

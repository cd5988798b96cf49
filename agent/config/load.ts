import { existsSync, readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { failure, type Result, success, together } from '../lib/result.js';
import { contradictions } from './contradictions.js';
import type { DeviceEntry } from './devices.js';
import { schemaOf } from './editor.js';
import type { Listen } from './listen.js';
import { parseHostPort } from './parts.js';
import { ConfigFile } from './schema.js';
import type { DeviceSettings, DeviceSource, ListenSettings, SecretReference, Settings, SshServer } from './settings.js';
import { sinkSettings } from './sink-settings.js';
import type { Source } from './source.js';
import { readYaml } from './written.js';

/** What the machine says to a guard that nobody configured. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly host: string;
  readonly home: string;
  readonly isRoot: boolean;
}

export interface LoadOptions {
  readonly surroundings?: Surroundings;
  /** Ids of the drivers there are; a file that names another one is wrong. Not checked when left out. */
  readonly drivers?: readonly string[];
}

/** Read where no file is named; a missing one means the embedded default. */
export const DEFAULT_FILE = 'config.yaml';
const LINUX_DRIVERS: readonly string[] = ['nftables', 'iptables', 'linux-listeners'];
/** Of the machine itself and not of one of its namespaces. */
const MACHINE_DRIVERS: readonly string[] = ['linux-saved', 'linux-access'];

export function surroundings(): Surroundings {
  return { env: process.env, host: hostname(), home: homedir(), isRoot: process.getuid?.() === 0 };
}

/** This machine, guarded with what every Linux has; findings stay on the terminal. */
export function defaultSettings(around: Surroundings = surroundings()): Settings {
  return {
    stateFolder: defaultStateFolder(around),
    devices: [thisMachine(around)],
    pollSeconds: 300,
    wholeReadingSeconds: 3600,
    graceMinutes: 15,
    retentionDays: 400,
    approvedHosts: [],
    sinks: [],
  };
}

function thisMachine({ host }: Surroundings): DeviceSettings {
  const id = host.replaceAll(/[^A-Za-z0-9._-]/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return {
    id: id.slice(0, 64) || 'this-machine',
    kind: 'host',
    interfaceZones: {},
    source: { kind: 'local' },
    drivers: [...LINUX_DRIVERS, ...MACHINE_DRIVERS],
  };
}

/** The XDG rule: a relative path in the variable is as good as none. */
function defaultStateFolder({ env, home, isRoot }: Surroundings): string {
  if (env.ECLUSE_STATE) return resolve(env.ECLUSE_STATE);
  if (isRoot) return '/var/lib/ecluse';
  const base = env.XDG_STATE_HOME?.startsWith('/') ? env.XDG_STATE_HOME : join(home, '.local', 'state');
  return join(base, 'ecluse');
}

/** Reads the configuration: the file that is named, else `./config.yaml`, else the embedded default. */
export function loadSettings(path: string | undefined, options: LoadOptions = {}): Result<Settings> {
  if (path === undefined && !existsSync(DEFAULT_FILE)) return success(defaultSettings(options.surroundings));
  const file = path ?? DEFAULT_FILE;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return failure({
      code: 'CONFIG_UNREADABLE',
      file,
      message: code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${code ?? String(error)}`,
      expected: 'a configuration file',
      remedy: 'config.example.yaml is one to start from; without any, this machine is guarded',
    });
  }
  return parseSettings(text, file, options);
}

/** Everything that is wrong is answered at once: the first problem, with the others behind it. */
export function parseSettings(text: string, file: string, options: LoadOptions = {}): Result<Settings> {
  const written = readYaml(text, file, () => schemaOf(ConfigFile));
  if (!written.ok) return written;
  const parsed = ConfigFile.safeParse(written.value.value);
  const wrong = together(
    [
      ...(parsed.success ? [] : written.value.problems(parsed.error.issues)),
      ...contradictions(written.value, options.drivers),
    ].sort((a, b) => a.line! - b.line! || a.column! - b.column!),
  );
  if (wrong) return failure(wrong);
  const base = defaultSettings(options.surroundings);
  const {
    site,
    timeZone,
    state,
    poll,
    wholeReading,
    grace,
    retention,
    log,
    approvedHosts,
    baseline,
    rules,
    devices,
    listen,
    metrics,
    sinks,
  } = parsed.data!;
  const beside = (other: string): string => resolve(dirname(file), other);
  return success({
    ...(site !== undefined && { site }),
    ...(timeZone !== undefined && { timeZone }),
    stateFolder: state === undefined ? base.stateFolder : beside(state),
    devices: devices?.map((device) => deviceSettings(device, beside)) ?? base.devices,
    pollSeconds: poll,
    wholeReadingSeconds: wholeReading,
    graceMinutes: grace,
    retentionDays: retention,
    ...(log && { log: { path: beside(log.file), bytesMax: log.maxSize, keep: log.keep } }),
    approvedHosts,
    sinks: sinks.map((sink) => sinkSettings(sink, beside)),
    ...(listen && { listen: listenSettings(listen) }),
    ...(metrics && { metrics: { listen: parseHostPort(metrics.listen)! } }),
    ...(baseline !== undefined && { baselineFile: beside(baseline) }),
    ...(rules !== undefined && { rulesFolder: beside(rules) }),
  });
}

function listenSettings({ syslog: { udp, tcp, from } }: Listen): ListenSettings {
  const [datagrams, streams] = [udp, tcp].map((text) => (text === undefined ? undefined : parseHostPort(text)));
  return { syslog: { ...(datagrams && { udp: datagrams }), ...(streams && { tcp: streams }), from } };
}

function deviceSettings(entry: DeviceEntry, beside: (path: string) => string): DeviceSettings {
  const { id, kind, zone, networks, interfaces, source, drivers, onboarding } = entry;
  return {
    id,
    kind,
    ...(zone !== undefined && { zone }),
    ...(networks !== undefined && { networks }),
    interfaceZones: interfaces,
    source: deviceSource(source, beside),
    drivers: drivers ?? [...LINUX_DRIVERS, ...(isNamespace(source) ? [] : MACHINE_DRIVERS)],
    ...(onboarding && { onboardingUntil: onboarding.until }),
  };
}

function isNamespace(source: Source): boolean {
  return source !== 'local' && source.netns !== undefined;
}

function deviceSource(source: Source, beside: (path: string) => string): DeviceSource {
  if (source === 'local') return { kind: 'local' };
  const { netns, ssh, jump } = source;
  if (netns !== undefined) return { kind: 'local', prefix: ['ip', 'netns', 'exec', netns] };
  const reference = ({ kind, place }: SecretReference): SecretReference => ({
    kind,
    place: kind === 'file' ? beside(place) : place,
  });
  type Written = Pick<Exclude<Source, 'local'>, (typeof loginKeys)[number] | 'hostKeys' | 'legacyAlgorithms'>;
  const server = (login: NonNullable<typeof ssh>, how: Written): SshServer => ({
    ...login,
    hostKeys: how.hostKeys,
    ...(how.key !== undefined && { keyFile: beside(how.key) }),
    ...(how.passphrase && { passphrase: reference(how.passphrase) }),
    ...(how.agent && { agent: reference(how.agent) }),
    ...(how.password && { password: reference(how.password) }),
    legacyAlgorithms: how.legacyAlgorithms,
  });
  const { key, passphrase, agent, password } = source;
  const own = jump && loginKeys.some((name) => jump[name] !== undefined);
  return {
    kind: 'ssh',
    ...server(ssh!, source),
    // A jump host that says nothing of a login takes the one of the device.
    ...(jump && { jump: server(jump.ssh, own ? jump : { ...jump, key, passphrase, agent, password }) }),
  };
}

const loginKeys = ['key', 'passphrase', 'agent', 'password'] as const;

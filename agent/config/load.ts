import { existsSync, readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { failure, type Problem, type Result, success, together } from '../lib/result.js';
import { parseMoment } from '../lib/wall.js';
import { usualTrust } from '../model/index.js';
import type { ApprovedHostEntry } from './approved.js';
import { contradictions } from './contradictions.js';
import type { DeviceEntry } from './devices.js';
import { schemaOf } from './editor.js';
import { filesNamed } from './files.js';
import type { Listen } from './listen.js';
import { parseHostPort, TimeZone } from './parts.js';
import { zoneOf } from './place.js';
import { noServices, planOf, type ServicesNamed, windowsOf, type ZoneOf } from './planned.js';
import { listIn } from './raw.js';
import type { ScheduleEntry } from './schedules.js';
import { ConfigFile } from './schema.js';
import type {
  ApprovedHost,
  DeviceSettings,
  DeviceSource,
  ListenSettings,
  ScheduleSettings,
  SecretReference,
  Settings,
  SshServer,
  ZoneSettings,
} from './settings.js';
import { sinkSettings } from './sink-settings.js';
import { siteSettings } from './sites.js';
import type { Source } from './source.js';
import { readYaml, type Written } from './written.js';

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
  /** What services are called, with those of the folder of rules where the file names one; asked only where it matters. */
  readonly services?: (rulesFolder: string | undefined) => ServicesNamed;
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

/**
 * What can be made out of a file that is wrong, to find the daemon that took an earlier one: the rest of it is the
 * embedded default. Undefined where the file cannot be read at all.
 */
export function settingsInPart(path: string | undefined, options: LoadOptions = {}): Settings | undefined {
  const file = path ?? DEFAULT_FILE;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // Why it cannot be read was told by whoever tried to load it.
    return undefined;
  }
  const base = defaultSettings(options.surroundings);
  const said = (key: string): string | undefined => {
    const value: unknown = parseDocument(text, { schema: 'failsafe', logLevel: 'silent' }).get(key);
    return typeof value === 'string' ? value : undefined;
  };
  const [state, zone] = [said('state'), TimeZone.safeParse(said('timeZone'))];
  return {
    ...base,
    ...(state !== undefined && { stateFolder: resolve(dirname(file), state) }),
    ...(zone.success && { timeZone: zone.data }),
  };
}

/** Everything that is wrong is answered at once: the first problem, with the others behind it. */
export function parseSettings(text: string, file: string, options: LoadOptions = {}): Result<Settings> {
  const written = readYaml(text, file, () => schemaOf(ConfigFile));
  if (!written.ok) return written;
  const { value } = written.value;
  const parsed = ConfigFile.safeParse(value);
  const base = defaultSettings(options.surroundings);
  const known = siteSettings(parsed.data?.sites ?? {});
  const where = { ...parsed.data, sites: known, devices: parsed.data?.devices ?? [] };
  const zoneAt: ZoneOf = (devices) => zoneOf(where, devices);
  const planned = windowsOf(listIn(value, 'windows'), written.value, file);
  const baseline = baselineFiles(parsed.data?.baseline, written.value, file);
  const beside = (other: string): string => resolve(dirname(file), other);
  const services = servicesFor(options, parsed.data?.rules === undefined ? undefined : beside(parsed.data.rules));
  const around = {
    services,
    drivers: options.drivers,
    ownDevice: base.devices[0]!.id,
    windows: planned.windows,
    zoneAt,
  };
  const wrong = together(
    inOrder(file, [
      ...(parsed.success ? [] : written.value.problems(parsed.error.issues)),
      ...contradictions(written.value, around),
      ...planned.problems,
      ...baseline.problems,
    ]),
  );
  if (wrong) return failure(wrong);
  const { site, state, poll, wholeReading, grace, retention, log, approvedHosts, rules, zones, devices, listen } =
    parsed.data!;
  const { timeZone, metrics, schedules, sinks, approval } = parsed.data!;
  return success({
    ...(site !== undefined && { site }),
    ...(Object.keys(known).length > 0 && { sites: known }),
    ...(timeZone !== undefined && { timeZone }),
    stateFolder: state === undefined ? base.stateFolder : beside(state),
    devices: devices?.map((device) => deviceSettings(device, zoneAt, beside)) ?? base.devices,
    pollSeconds: poll,
    wholeReadingSeconds: wholeReading,
    graceMinutes: grace,
    ...(approval && { approvalPeople: approval.people }),
    retentionDays: retention,
    ...(log && { log: { path: beside(log.file), bytesMax: log.maxSize, keep: log.keep } }),
    approvedHosts: approvedHosts.map((one) => approvedHost(one, zoneAt([]))),
    ...(Object.keys(zones).length > 0 && { zones: zoneSettings(zones) }),
    ...(planned.windows.length > 0 && { windows: planned.windows.map((one) => planOf(one, zoneAt, services)) }),
    ...(schedules.length > 0 && { schedules: schedules.map((one) => scheduleSettings(one, zoneAt, beside)) }),
    sinks: sinks.map((sink) => sinkSettings(sink, beside)),
    ...(listen && { listen: listenSettings(listen) }),
    ...(metrics && { metrics: { listen: parseHostPort(metrics.listen)! } }),
    ...(baseline.files.length > 0 && { baselineFiles: baseline.files }),
    ...(rules !== undefined && { rulesFolder: beside(rules) }),
  });
}

/** The table is read once, and only where a window names a service. */
function servicesFor({ services }: LoadOptions, rulesFolder: string | undefined): ServicesNamed {
  if (!services) return noServices;
  let known: ServicesNamed | undefined;
  return (names) => {
    known ??= services(rulesFolder);
    return known(names);
  };
}

function listenSettings({ syslog: { udp, tcp, from } }: Listen): ListenSettings {
  const [datagrams, streams] = [udp, tcp].map((text) => (text === undefined ? undefined : parseHostPort(text)));
  return { syslog: { ...(datagrams && { udp: datagrams }), ...(streams && { tcp: streams }), from } };
}

/** The file itself first, then those it names; each from its first line on. */
function inOrder(file: string, problems: readonly Problem[]): readonly Problem[] {
  const rank = ({ file: one }: Problem): number => (one === file ? 0 : 1);
  const [line, column] = [(one: Problem) => one.line ?? 0, (one: Problem) => one.column ?? 0];
  const name = (one: Problem): string => one.file ?? '';
  return [...problems].sort(
    (a, b) => rank(a) - rank(b) || name(a).localeCompare(name(b)) || line(a) - line(b) || column(a) - column(b),
  );
}

function baselineFiles(texts: readonly string[] | undefined, written: Written, file: string) {
  const files: string[] = [];
  const problems: Problem[] = [];
  for (const [index, text] of (texts ?? []).entries()) {
    const named = filesNamed(text, dirname(file));
    if (named.ok) files.push(...named.value);
    else problems.push(written.problem(['baseline', index], named.error.message, named.error));
  }
  return { files: [...new Set(files)], problems };
}

function approvedHost({ host, ...more }: ApprovedHostEntry, timeZone: string): ApprovedHost {
  const { name, certificate, until } = { name: undefined, certificate: undefined, until: undefined, ...more };
  return {
    hosts: host,
    ...(name !== undefined && { name }),
    ...(certificate !== undefined && { certificate }),
    ...(until !== undefined && { until: parseMoment(until, timeZone, 'last')! }),
  };
}

function zoneSettings(zones: ConfigFile['zones']): Readonly<Record<string, ZoneSettings>> {
  return Object.fromEntries(
    Object.entries(zones).map(([name, { kind, trust = usualTrust(kind), networks }]) => [
      name,
      { kind, trust, ...(networks && { networks }) },
    ]),
  );
}

function scheduleSettings(entry: ScheduleEntry, zoneAt: ZoneOf, beside: (path: string) => string): ScheduleSettings {
  const { id, at, devices, sinks, folder, language } = entry;
  return {
    id,
    do: entry.do,
    cron: at,
    timeZone: entry.timeZone ?? zoneAt(devices ?? []),
    ...(devices && { devices }),
    ...(sinks && { sinks }),
    ...(folder !== undefined && { folder: beside(folder) }),
    ...(language && { language }),
  };
}

function deviceSettings(entry: DeviceEntry, zoneAt: ZoneOf, beside: (path: string) => string): DeviceSettings {
  const { id, kind, site, zone, networks, interfaces, source, drivers, onboarding } = entry;
  return {
    id,
    kind,
    ...(site !== undefined && { site }),
    ...(zone !== undefined && { zone }),
    ...(networks !== undefined && { networks }),
    interfaceZones: interfaces,
    source: deviceSource(source, beside),
    drivers: drivers ?? [...LINUX_DRIVERS, ...(isNamespace(source) ? [] : MACHINE_DRIVERS)],
    ...(onboarding && { onboardingUntil: parseMoment(onboarding.until, zoneAt([id]), 'last')! }),
  };
}

function isNamespace(source: Source): boolean {
  return source !== 'local' && source.netns !== undefined;
}

function deviceSource(source: Source, beside: (path: string) => string): DeviceSource {
  if (source === 'local') return { kind: 'local' };
  const { netns, ssh, https, jump } = source;
  if (netns !== undefined) return { kind: 'local', prefix: ['ip', 'netns', 'exec', netns] };
  const reference = ({ kind, place }: SecretReference): SecretReference => ({
    kind,
    place: kind === 'file' ? beside(place) : place,
  });
  if (https)
    return { kind: 'https', ...https, password: reference(source.password!), certificates: source.certificates };
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
    ...(source.enable && { enable: reference(source.enable) }),
    // A jump host that says nothing of a login takes the one of the device.
    ...(jump && { jump: server(jump.ssh, own ? jump : { ...jump, key, passphrase, agent, password }) }),
  };
}

const loginKeys = ['key', 'passphrase', 'agent', 'password'] as const;

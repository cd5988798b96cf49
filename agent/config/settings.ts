import type { AddressSet, ZoneKind, ZoneTrust } from '../model/index.js';
import type { WindowPlan } from '../windows/index.js';

/** What a guard needs to know, whatever form it was written in. */
export interface Settings {
  /** The hospital or site, part of every alarm's key: the id of one of `sites` where there are any, else a name. */
  readonly site?: string;
  /** The sites of a group, by their ids. */
  readonly sites?: Readonly<Record<string, SiteSettings>>;
  /** IANA name in which times are shown to people; stored times are UTC. */
  readonly timeZone?: string;
  /** Database, socket, redaction key, baseline learned at the first start. */
  readonly stateFolder: string;
  readonly devices: readonly DeviceSettings[];
  readonly pollSeconds: number;
  /** How old a whole reading may become where a device says that nothing changed since; an hour if absent. */
  readonly wholeReadingSeconds?: number;
  /** May be a fraction: a test waits for seconds. */
  readonly graceMinutes: number;
  /** How many people it takes to change the baseline by command; left out, two for a flow that stays and else one. */
  readonly approvalPeople?: 1 | 2;
  /** How long snapshots and alarms that nothing refers to any more are kept; absent: for ever. */
  readonly retentionDays?: number;
  /** A log file besides standard error. */
  readonly log?: LogFileSettings;
  /** Hosts outside that may be sent data. */
  readonly approvedHosts: readonly ApprovedHost[];
  /** The zones that were declared, by name. */
  readonly zones?: Readonly<Record<string, ZoneSettings>>;
  /** Planned in the configuration, besides those by command. */
  readonly windows?: readonly PlannedWindow[];
  readonly schedules?: readonly ScheduleSettings[];
  readonly sinks: readonly SinkSettings[];
  readonly listen?: ListenSettings;
  /** Where figures about the guard are found; absent: nowhere. */
  readonly metrics?: { readonly listen: { readonly host: string; readonly port: number } };
  /** The files of the flow matrix; absent: only approved snapshots declare something. */
  readonly baselineFiles?: readonly string[];
  /** Rules of the hospital's own; absent: only those that come with Écluse. */
  readonly rulesFolder?: string;
}

export interface SiteSettings {
  /** What people call it. */
  readonly name: string;
  /** IANA name of the zone of its clocks, where it is another than that of the settings. */
  readonly timeZone?: string;
  /** Who is called there. */
  readonly contact?: string;
  /** The hospital's own, also where they are public. */
  readonly networks?: AddressSet;
}

/** One window, or the first of those that a rule of recurrence (RFC 5545) makes by the clocks of a zone. */
export interface PlannedWindow extends WindowPlan {
  readonly recurs?: { readonly rule: string; readonly timeZone: string };
}

/** Messages that wake a reading before its time. */
export interface ListenSettings {
  readonly syslog: {
    readonly udp?: { readonly host: string; readonly port: number };
    readonly tcp?: { readonly host: string; readonly port: number };
    /** By device: the addresses that its messages come from. */
    readonly from: Readonly<Record<string, AddressSet>>;
  };
}

export interface LogFileSettings {
  readonly path: string;
  /** Longer than that, it is put aside. */
  readonly bytesMax: number;
  /** How many are kept of those that were put aside. */
  readonly keep: number;
}

export interface ApprovedHost {
  /** Addresses and prefixes. */
  readonly hosts: readonly string[];
  readonly name?: string;
  readonly certificate?: string;
  /** Not approved any more from then on: milliseconds since the epoch, UTC. */
  readonly until?: number;
}

export interface ZoneSettings {
  readonly kind: ZoneKind;
  readonly trust: ZoneTrust;
  readonly networks?: AddressSet;
}

export interface ScheduleSettings {
  readonly id: string;
  readonly do: 'read' | 'report';
  /** Five fields, as in crontab. */
  readonly cron: string;
  readonly timeZone: string;
  /** Absent: all. */
  readonly devices?: readonly string[];
  readonly sinks?: readonly string[];
  readonly folder?: string;
  readonly language?: 'fr' | 'en';
}

export interface DeviceSettings {
  readonly id: string;
  readonly kind: 'fw' | 'host';
  /** Where it is another than the settings' own. */
  readonly site?: string;
  /** Zone it stands in. */
  readonly zone?: string;
  /** The hospital's own networks on it or behind it. */
  readonly networks?: AddressSet;
  /** Zone behind each interface, such as `{ wan0: internet, dmz0: dmz }`. */
  readonly interfaceZones: Readonly<Record<string, string>>;
  readonly source: DeviceSource;
  /** Driver ids, in the order they are read. */
  readonly drivers: readonly string[];
  /** Until then what is open on it is one report and no alarm each. */
  readonly onboardingUntil?: number;
}

export type DeviceSource = LocalSource | SshSource | HttpsSource;

/** This machine, or with a prefix (`['ip', 'netns', 'exec', 'blue']`) a namespace of it. */
export interface LocalSource {
  readonly kind: 'local';
  readonly prefix?: readonly string[];
}

/** A Linux host over SSH; collect/ssh says what each part means. */
export interface SshSource extends SshServer {
  readonly kind: 'ssh';
  readonly enable?: SecretReference;
  readonly jump?: SshServer;
}

/** An appliance over its HTTPS interface; collect/https says what each part means. */
export interface HttpsSource {
  readonly kind: 'https';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: SecretReference;
  readonly certificates: readonly string[];
}

export interface SshServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly hostKeys: readonly string[];
  readonly keyFile?: string;
  readonly passphrase?: SecretReference;
  readonly agent?: SecretReference;
  readonly password?: SecretReference;
  readonly legacyAlgorithms: readonly string[];
}

/** Where a secret lies: the name of a variable, or the path of a file. */
export interface SecretReference {
  readonly kind: 'env' | 'file';
  readonly place: string;
}

/** What every sink may be told of, and in which words. */
export interface SinkChoices {
  readonly id: string;
  readonly streams?: readonly ('alert' | 'reminder' | 'notice' | 'heartbeat')[];
  readonly format?: 'cef' | 'leef' | 'ecs' | 'ocsf';
  /** Techniques of ATT&CK are named. */
  readonly attack?: boolean;
  /** Minutes after which an alarm of a severity is told here, where nobody has taken it on; absent: at once. */
  readonly escalation?: Readonly<Partial<Record<'critical' | 'high' | 'medium' | 'low', number>>>;
}

/** Paths of PEM files, the name that the receiver's certificate must have, fingerprints. */
export interface TlsSettings {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly pins?: readonly string[];
}

export interface JsonlSettings extends SinkChoices {
  readonly kind: 'jsonl';
  /** `-` is standard output. */
  readonly to: string;
}

export interface SyslogSettings extends SinkChoices {
  readonly kind: 'syslog';
  readonly host: string;
  readonly port: number;
  readonly transport?: 'udp' | 'tcp' | 'tls' | 'relp' | 'relp-tls';
  readonly tls?: TlsSettings;
  readonly framing?: 'octet-counting' | 'newline';
  readonly facility?: number;
  /** Private enterprise number in the structured data. */
  readonly enterprise?: number;
}

export interface WebhookSettings extends SinkChoices {
  readonly kind: 'webhook';
  /** Some receivers give out addresses that are secrets themselves. */
  readonly url: string | SecretReference;
  readonly secret?: SecretReference;
  readonly style: 'standard' | 'teams' | 'slack' | 'mattermost';
  readonly language: 'fr' | 'en';
  readonly tls?: TlsSettings;
}

export interface MailSettings extends SinkChoices {
  readonly kind: 'mail';
  readonly to: readonly string[];
  readonly from: string;
  readonly host: string;
  readonly port: number;
  readonly security: 'starttls' | 'tls' | 'none';
  readonly user?: string;
  readonly password?: SecretReference;
  readonly language: 'fr' | 'en';
  readonly tls?: TlsSettings;
}

export type SinkSettings = JsonlSettings | SyslogSettings | WebhookSettings | MailSettings;

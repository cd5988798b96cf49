import { z } from 'zod';
import { ApprovedHosts } from './approved.js';
import { DeviceEntry } from './devices.js';
import { Listen } from './listen.js';
import { LogEntry } from './log-file.js';
import { Metrics } from './metrics.js';
import { duration, named, path, setting, TimeZone } from './parts.js';
import { ScheduleEntry } from './schedules.js';
import { SinkEntry } from './sinks.js';
import { Sites } from './sites.js';
import { Windows } from './windows.js';
import { Zones } from './zones.js';

const BASELINE = 'the path of a baseline file, or a list of them';

/**
 * The shape of the configuration file, and the one place where a section is added: a line here, with its entry in a
 * file of its own beside this one. Every setting is written with `setting(schema, meaning, example)`; the schema for
 * editors, docs/configuration.md and the suggestions in errors follow by themselves (`npm run generate`), and a test
 * asks for the setting in config.example.yaml.
 */
export const ConfigFile = z.strictObject(
  {
    site: setting(
      named('the name of the hospital or site').optional(),
      'The hospital or site. It goes into every alarm, so that one SIEM can serve several. Where `sites` are declared, the id of one of them.',
      'hopital-nord',
    ),
    sites: setting(
      Sites,
      'The sites of a hospital group, by their ids. Where one is declared, `site` here and on a device names one of them.',
      { 'hopital-sud': { name: 'Hôpital Sud', contact: 'Astreinte réseau, poste 4242' } },
    ),
    timeZone: setting(
      TimeZone.optional(),
      'Times are shown, and understood where they are written or typed, in this zone. What is stored is UTC. Left out, the zone of the machine.',
      'Europe/Paris',
    ),
    state: setting(
      path('a folder').optional(),
      'Where Écluse keeps its database and its socket. A relative path starts at the folder of the file. Left out: /var/lib/ecluse for root, else ~/.local/state/ecluse.',
      './state',
    ),
    poll: setting(
      duration('1s', '1d').prefault('5m'),
      'How often each device is read when nothing says that it changed.',
      '5m',
    ),
    wholeReading: setting(
      duration('0m', '1d').prefault('1h'),
      'A device over SSH that says that nothing changed is read as a whole all the same when the last whole reading is so old. 0m: it is never asked, and always read.',
      '1h',
    ),
    grace: setting(
      duration('0m', '1d')
        .transform((seconds) => seconds / 60)
        .prefault('15m'),
      'How long after the end of a window everything must be shut again.',
      '15m',
    ),
    retention: setting(
      duration('7d', '9999d')
        .transform((seconds) => seconds / 86_400)
        .prefault('400d'),
      'How long snapshots and past alarms are kept. What a person approved, what was seen before and after a window, and what an open finding rests on stay for ever.',
      '400d',
    ),
    log: setting(
      LogEntry.optional(),
      'A log file besides standard error, which says only what goes wrong: everything that happened, without secrets. It is turned over by itself. Left out: standard error alone. Taken at the start.',
      { file: './ecluse.log', maxSize: '10M', keep: 5 },
    ),
    approvedHosts: setting(
      ApprovedHosts,
      'Hosts outside that data may be sent to, and remote maintenance may come through: an address or a prefix, or one with its name, its certificate and the day it ends. A rule that lets traffic out to another one is told.',
      [
        '198.51.100.0/24',
        { host: '203.0.113.20', name: 'Hébergeur HDS', certificate: 'HDS 2024-0117', until: '2027-06-30' },
      ],
    ),
    baseline: setting(
      z
        .union([path(BASELINE).transform((one) => [one]), z.array(path(BASELINE)).min(1, BASELINE)], {
          error: BASELINE,
        })
        .optional(),
      'The flow matrix, in files of its own: a path, or a list; `*` in the name of a file stands for any letters (`./baselines/*.yaml`): what may be open, why, and who owns it. `ecluse baseline learn` writes a first one to edit. Left out: only snapshots that somebody approved declare something.',
      './baseline.yaml',
    ),
    approval: setting(
      z
        .strictObject(
          {
            people: setting(
              z.union([z.literal(1), z.literal(2)], { error: '1 or 2' }),
              'How many different people of the hospital it takes.',
              2,
            ),
          },
          { error: '{people: 1} or {people: 2}' },
        )
        .optional(),
      'How many people it takes to change the baseline by command: to accept a flow that stays (its owner is always one of them), and to approve a snapshot. Left out: two for a flow that stays; one for a snapshot, but two while a change window is not closed.',
      { people: 2 },
    ),
    rules: setting(
      path('the path of a folder of rules').optional(),
      'Rules of your own, beside those that come with Écluse; docs/rules.md says how one is written.',
      './rules',
    ),
    zones: setting(
      Zones,
      'The zones of the network, by the names your documents give them. Where one is declared, a zone that is named elsewhere must be declared too, or be one that everybody knows (`internet`, `dmz`, `imaging`, …).',
      { imagerie: { kind: 'imaging', networks: ['10.20.0.0/16'] } },
    ),
    devices: setting(
      z
        .array(DeviceEntry, { error: 'a list of devices' })
        .min(1, 'at least one device; left out, it is this machine')
        .optional(),
      'The devices whose gates are watched. Left out: this machine alone.',
      [{ id: 'gateway', kind: 'fw' }],
    ),
    listen: setting(
      Listen.optional(),
      'Messages that wake a reading before its time. Left out: nothing is listened for.',
      { syslog: { udp: '0.0.0.0:5514', from: { gateway: ['192.0.2.1'] } } },
    ),
    metrics: setting(
      Metrics.optional(),
      'Figures about the guard itself for Prometheus, so that somebody notices when it falls silent. Left out: none.',
      { listen: '127.0.0.1:9464' },
    ),
    windows: setting(
      Windows,
      'Planned interventions, one by one or by the path of a file of them (`./windows/*.yaml`). Each becomes a window as by `ecluse window plan`; one that has begun is changed by command alone.',
      [{ id: 'CHG-2041', vendor: 'Imagerie SA', devices: ['gateway'], start: '2026-12-01T20:00', for: '3h' }],
    ),
    schedules: setting(
      z.array(ScheduleEntry, { error: 'a list of schedules' }).prefault([]),
      'What is done by the clock, besides the polls: reading fully, and reporting.',
      [{ id: 'monday', do: 'report', at: '0 7 * * MON', sinks: ['wards'] }],
    ),
    sinks: setting(
      z.array(SinkEntry, { error: 'a list of sinks' }).prefault([]),
      'Whom Écluse tells. Nothing is lost while a receiver is away: what it did not take is sent again. Each has one of `jsonl`, `syslog`, `webhook` and `mail`.',
      [{ id: 'siem', syslog: 'siem.example.org:6514' }],
    ),
  },
  { error: 'settings such as `site: …`, one a line' },
);
export type ConfigFile = z.infer<typeof ConfigFile>;

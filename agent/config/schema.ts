import { z } from 'zod';
import { DeviceEntry } from './devices.js';
import { Listen } from './listen.js';
import { LogEntry } from './log-file.js';
import { Metrics } from './metrics.js';
import { Address, duration, named, path, setting, TimeZone } from './parts.js';
import { SinkEntry } from './sinks.js';

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
      'The hospital or site. It goes into every alarm, so that one SIEM can serve several.',
      'hopital-nord',
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
      z.array(Address, { error: 'a list of addresses or prefixes' }).prefault([]),
      'Hosts outside that data may be sent to. A rule that lets traffic out to another one is told.',
      ['203.0.113.20', '2001:db8:20::/48'],
    ),
    baseline: setting(
      path('the path of a baseline file').optional(),
      'The flow matrix: what may be open, why, and who owns it. `ecluse baseline learn` writes a first one to edit. Left out: only snapshots that somebody approved declare something.',
      './baseline.yaml',
    ),
    rules: setting(
      path('the path of a folder of rules').optional(),
      'Rules of your own, beside those that come with Écluse; docs/rules.md says how one is written.',
      './rules',
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
    sinks: setting(
      z.array(SinkEntry, { error: 'a list of sinks' }).prefault([]),
      'Whom Écluse tells. Nothing is lost while a receiver is away: what it did not take is sent again. Each has one of `jsonl`, `syslog`, `webhook` and `mail`.',
      [{ id: 'siem', syslog: 'siem.example.org:6514' }],
    ),
  },
  { error: 'settings such as `site: …`, one a line' },
);
export type ConfigFile = z.infer<typeof ConfigFile>;

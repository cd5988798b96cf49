import { z } from 'zod';
import { Id, Moment, Networks, named, setting } from './parts.js';
import { Source } from './source.js';

/** The devices whose gates are watched. */

const DRIVERS = 'a list of driver ids, as `ecluse drivers` lists them';

const Onboarding = z.strictObject(
  {
    until: setting(
      Moment,
      'When everything that is still open and undeclared is told: its last day, or a time.',
      '2026-12-31',
    ),
  },
  { error: 'the end of the onboarding, such as {until: 2026-12-31}' },
);

export const DeviceEntry = z.strictObject(
  {
    id: setting(
      Id,
      'What the device is called, everywhere. Keep it: what is known of the device is kept under it.',
      'gateway',
    ),
    kind: setting(
      z.enum(['fw', 'host'], { error: '`fw` for a firewall, `host` for a machine with its own packet filter' }),
      '`fw`: a firewall, other machines are behind it. `host`: a machine that filters for itself.',
      'fw',
    ),
    site: setting(
      named('the name of its hospital or site').optional(),
      'Its hospital or site, where it is another than the one above: the id of one of `sites`, where they are declared. It goes into the alarms about this device.',
      'hopital-sud',
    ),
    zone: setting(
      named('the zone it stands in, such as dmz').optional(),
      'The zone it stands in, as your documents call it. It decides how bad an opening on it is.',
      'dmz',
    ),
    networks: setting(
      Networks.optional(),
      'The hospital’s own networks on it or behind it. Public addresses that stand in none count as outside.',
      ['192.0.2.0/24', '2001:db8:1::/48'],
    ),
    interfaces: setting(
      z
        .record(z.string(), named('the zone behind the interface, such as internet'), {
          error: 'interfaces with their zones, such as {wan0: internet}',
        })
        .prefault({}),
      'The zone behind each interface. `internet` is the one that makes an opening dangerous: name it.',
      { wan0: 'internet', dmz0: 'dmz' },
    ),
    source: setting(
      Source.prefault('local'),
      'Where it is read: `local` is the machine that Écluse runs on, with the rights Écluse has.',
      'local',
    ),
    drivers: setting(
      z
        .array(named('the id of a driver, as `ecluse drivers` lists them'), { error: DRIVERS })
        .min(1, 'at least one driver id, as `ecluse drivers` lists them')
        .optional(),
      'What is read, in this order; `ecluse drivers` lists what there is. Left out: nftables, iptables, linux-listeners, and of a machine that is not a namespace linux-saved and linux-access.',
      ['nftables', 'iptables', 'linux-listeners', 'linux-saved', 'linux-access'],
    ),
    onboarding: setting(
      Onboarding.optional(),
      'For a device that is new: what is open on it is one report, and until a date only what is critical and open to the internet is told besides. Nothing is approved by itself meanwhile.',
      { until: '2026-12-31' },
    ),
  },
  { error: 'a device: {id, kind, …}' },
);
export type DeviceEntry = z.infer<typeof DeviceEntry>;

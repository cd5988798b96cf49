import { z } from 'zod';
import { union } from '../lib/intervals.js';
import { type AddressSet, noAddress, parseAddressSet } from '../model/index.js';
import { Id, named } from './parts.js';
import { SinkEntry, TlsEntry } from './sinks.js';
import { knownSourceKeys, Source } from './source.js';

/**
 * The shape of the configuration file. The text beside each part is what was expected, in words: it ends up behind the
 * place in the error that a person reads.
 */
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90s`, `5m`, `2h`, `1d` in seconds. */
export function parseDuration(text: string): number | undefined {
  const groups = /^(?<count>\d{1,6})(?<unit>[smhd])$/.exec(text.trim())?.groups;
  return groups ? Number(groups.count) * SECONDS[groups.unit!]! : undefined;
}

function duration(least: string, most: string) {
  const [from, to] = [parseDuration(least)!, parseDuration(most)!];
  const expected = `a duration between ${least} and ${most}, such as 5m`;
  return z
    .string({ error: expected })
    .refine((text) => {
      const seconds = parseDuration(text);
      return seconds !== undefined && seconds >= from && seconds <= to;
    }, expected)
    .transform((text) => parseDuration(text)!);
}

const Addresses = z
  .string({ error: 'an address or a prefix such as 192.0.2.0/24' })
  .refine(
    (text) => parseAddressSet(text) !== undefined,
    'an address or a prefix such as 192.0.2.0/24 or 2001:db8::/32',
  );

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const DeviceEntry = z.strictObject(
  {
    id: Id,
    kind: z.enum(['fw', 'host'], { error: '`fw` for a firewall, `host` for a machine with its own packet filter' }),
    zone: named('the zone it stands in, such as dmz').optional(),
    networks: z
      .array(Addresses, { error: 'a list of prefixes such as [192.0.2.0/24]' })
      .transform((texts) =>
        texts
          .map((text) => parseAddressSet(text)!)
          .reduce<AddressSet>(
            (all, one) => ({ ip4: union(all.ip4, one.ip4), ip6: union(all.ip6, one.ip6) }),
            noAddress,
          ),
      )
      .optional(),
    interfaces: z
      .record(z.string(), named('the zone behind the interface, such as internet'), {
        error: 'interfaces with their zones, such as {wan0: internet}',
      })
      .default({}),
    source: Source.default('local'),
    drivers: z
      .array(named('the id of a driver, as `ecluse drivers` lists them'), {
        error: 'a list of driver ids, as `ecluse drivers` lists them',
      })
      .min(1, 'at least one driver id, as `ecluse drivers` lists them')
      .optional(),
  },
  { error: 'a device: {id, kind, …}' },
);

export const ConfigFile = z.strictObject(
  {
    site: named('the name of the hospital or site').optional(),
    timeZone: z
      .string({ error: 'an IANA time zone such as Europe/Paris' })
      .refine(isTimeZone, 'an IANA time zone such as Europe/Paris')
      .optional(),
    state: named('a folder').optional(),
    poll: duration('1s', '1d').default(300),
    grace: duration('0m', '1d')
      .transform((seconds) => seconds / 60)
      .default(15),
    retention: duration('7d', '9999d')
      .transform((seconds) => seconds / 86_400)
      .default(400),
    approvedHosts: z.array(Addresses, { error: 'a list of addresses or prefixes' }).default([]),
    baseline: named('the path of a baseline file').optional(),
    devices: z
      .array(DeviceEntry, { error: 'a list of devices' })
      .min(1, 'at least one device; left out, it is this machine')
      .optional(),
    sinks: z.array(SinkEntry, { error: 'a list of sinks' }).default([]),
  },
  { error: 'settings such as `site: …`, one a line' },
);
export type ConfigFile = z.infer<typeof ConfigFile>;

/** Settings that exist where a path of the file leads, to tell a misspelt one what it may have meant. */
export function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return Object.keys(ConfigFile.shape);
  if (path.length === 2 && path[0] === 'devices') return Object.keys(DeviceEntry.shape);
  if (path[0] === 'devices' && path[2] === 'source') return knownSourceKeys(path.slice(3));
  if (path.length === 2 && path[0] === 'sinks') return Object.keys(SinkEntry.shape);
  if (path.length === 3 && path[0] === 'sinks' && path[2] === 'tls') return Object.keys(TlsEntry.shape);
  return [];
}

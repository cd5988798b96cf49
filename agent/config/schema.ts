import { z } from 'zod';
import { union } from '../lib/intervals.js';
import { type AddressSet, noAddress, parseAddressSet } from '../model/index.js';

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

const named = (expected: string) => z.string({ error: expected }).trim().min(1, expected);

const Id = z
  .string({ error: 'a name of letters, digits, dots, dashes and underscores' })
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'a name of letters, digits, dots, dashes and underscores, 64 at most');

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

const NETNS = 'the name of a namespace, as `ip netns` lists them';
const Netns = z.strictObject({
  netns: z.string({ error: NETNS }).regex(/^[^\s/-][^\s/]{0,254}$/, NETNS),
});

/** `host:port`, `[2001:db8::1]:port`: what a receiver is called, and 514 is nobody's default over TCP. */
export function parseHostPort(text: string): { readonly host: string; readonly port: number } | undefined {
  const groups = /^(?:\[(?<ip6>[0-9a-fA-F:.]+)\]|(?<host>[^\s:[\]]+)):(?<port>\d{1,5})$/.exec(text)?.groups;
  const port = Number(groups?.port);
  if (!groups || port < 1 || port > 65535) return undefined;
  return { host: groups.ip6 ?? groups.host!, port };
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
    source: z
      .union([z.literal('local'), Netns], { error: '`local` for this machine, or {netns: NAME} for a namespace of it' })
      .default('local'),
    drivers: z
      .array(named('the id of a driver, as `ecluse drivers` lists them'), {
        error: 'a list of driver ids, as `ecluse drivers` lists them',
      })
      .min(1, 'at least one driver id, as `ecluse drivers` lists them')
      .optional(),
  },
  { error: 'a device: {id, kind, …}' },
);

const STREAMS = 'a list of `alert`, `reminder` and `notice`';
const FACILITY = 'a syslog facility: 0 to 23, or local0 to local7';

/** RFC 5424 numbers the facilities that sites may use as they like from 16 (local0) to 23 (local7). */
function parseFacility(text: string): number | undefined {
  const groups = /^(?:(?<number>\d{1,2})|local(?<local>[0-7]))$/.exec(text)?.groups;
  const facility = groups?.local === undefined ? Number(groups?.number) : 16 + Number(groups.local);
  return facility <= 23 ? facility : undefined;
}

const SinkEntry = z
  .strictObject(
    {
      id: Id,
      jsonl: named('a path, or - for standard output').optional(),
      syslog: z
        .string({ error: 'a receiver such as siem.example.org:6514' })
        .refine((text) => parseHostPort(text) !== undefined, 'HOST:PORT, such as siem.example.org:514')
        .optional(),
      framing: z.enum(['octet-counting', 'newline'], { error: '`octet-counting` or `newline`' }).optional(),
      facility: z
        .string({ error: FACILITY })
        .refine((text) => parseFacility(text) !== undefined, FACILITY)
        .transform((text) => parseFacility(text)!)
        .optional(),
      streams: z
        .array(z.enum(['alert', 'reminder', 'notice'], { error: STREAMS }), { error: STREAMS })
        .min(1, STREAMS)
        .optional(),
    },
    { error: 'a sink: {id, jsonl: PATH} or {id, syslog: HOST:PORT}' },
  )
  .superRefine((sink, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if ((sink.jsonl === undefined) === (sink.syslog === undefined))
      issue('id', 'one of `jsonl: PATH` and `syslog: HOST:PORT` beside it');
    if (sink.syslog !== undefined) return;
    for (const key of ['framing', 'facility', 'streams'] as const)
      if (sink[key] !== undefined) issue(key, '`syslog` beside it: a jsonl sink takes everything as it is');
  });

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
  if (path.length === 2 && path[0] === 'sinks') return Object.keys(SinkEntry.shape);
  return [];
}

import { Netmask } from 'netmask';
import { z } from 'zod';
import { union } from '../lib/intervals.js';
import { parseMoment } from '../lib/wall.js';
import { type AddressSet, noAddress, parseAddressSet } from '../model/index.js';

/**
 * What more than one part of the file is written with. The text beside each part is what was expected, in words: it
 * ends up behind the place in the error that a person reads.
 */

/**
 * Says what a setting is for and gives an example of it, as it is written in the file. docs/configuration.md, the
 * completion of editors (docs/config.schema.json) and the remedies of errors are made of it.
 */
export function setting<S extends z.ZodType>(schema: S, about: string, example: unknown): S {
  return schema.meta({ description: about, 'x-example': example });
}

/** What may be written there, in the words of the reference: `duration`, `path`. */
export function kind<S extends z.ZodType>(schema: S, words: string): S {
  return schema.meta({ 'x-type': words });
}

export const named = (expected: string) => z.string({ error: expected }).trim().min(1, expected);

export const path = (expected: string) => kind(named(expected), 'path');

const ID = 'a name of letters, digits, dots, dashes and underscores';
export const Id = kind(z.string({ error: ID }).regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, `${ID}, 64 at most`), 'name');

/** `host:port`, `[2001:db8::1]:port`: what a receiver is called, and 514 is nobody's default over TCP. */
export function parseHostPort(text: string): { readonly host: string; readonly port: number } | undefined {
  const groups = /^(?:\[(?<ip6>[0-9a-fA-F:.]+)\]|(?<host>[^\s:[\]]+)):(?<port>\d{1,5})$/.exec(text)?.groups;
  const port = Number(groups?.port);
  if (!groups || port < 1 || port > 65535) return undefined;
  return { host: groups.ip6 ?? groups.host!, port };
}

export function hostPort(example: string) {
  const expected = `HOST:PORT, such as ${example}`;
  return kind(
    z.string({ error: expected }).refine((text) => parseHostPort(text) !== undefined, expected),
    'host:port',
  );
}

/** A part that holds a secret: what is written there by mistake is not shown. */
export function secretive<S extends z.ZodType>(schema: S, words: string): S {
  return kind(schema, words).meta({ 'x-secret': true });
}

const REFERENCE = '`env:NAME` or `file:PATH`: a secret never stands in this file';
export const Reference = secretive(
  z
    .string({ error: REFERENCE })
    .regex(/^(?:env:[A-Za-z_]\w*|file:.+)$/, REFERENCE)
    .transform((text) => ({
      kind: text.startsWith('env:') ? ('env' as const) : ('file' as const),
      place: text.slice(text.indexOf(':') + 1),
    })),
  '`env:NAME` or `file:PATH`',
);

/** When parts are looked at together: a map whose names are all known. Some of them may be wrong in themselves. */
export const together = {
  when({ value, issues }: z.core.ParsePayload): boolean {
    const isMisspelt = issues.some(({ code, path = [] }) => code === 'unrecognized_keys' && path.length === 0);
    return typeof value === 'object' && value !== null && !isMisspelt;
  },
};

/** One part asks for another, or forbids it. */
export function contradiction<T>(
  context: z.core.$RefinementCtx<T>,
  path: readonly string[],
  message: string,
  remedy = 'add what is missing, or remove this',
): void {
  context.addIssue({ code: 'custom', path: [...path], message, params: { remedy } });
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90s`, `5m`, `2h`, `1d` in seconds. */
export function parseDuration(text: string): number | undefined {
  const groups = /^(?<count>\d{1,6})(?<unit>[smhd])$/.exec(text.trim())?.groups;
  return groups ? Number(groups.count) * SECONDS[groups.unit!]! : undefined;
}

/** In seconds. */
export function duration(least: string, most: string) {
  const [from, to] = [parseDuration(least)!, parseDuration(most)!];
  const expected = `a duration between ${least} and ${most}, such as 5m`;
  return kind(
    z
      .string({ error: expected })
      .refine((text) => {
        const seconds = parseDuration(text);
        return seconds !== undefined && seconds >= from && seconds <= to;
      }, expected)
      .transform((text) => parseDuration(text)!),
    'duration',
  );
}

const ADDRESS = 'an address or a prefix such as 192.0.2.0/24 or 2001:db8::/32';

/** What to write in the place of an address that other programs would take, each for another host. */
function addressRemedy(text: string): string | undefined {
  if (/(?:^|\.)0\d/.test(text)) return 'write the numbers without leading zeros: some programs read 010 as 8';
  if (/^0x/i.test(text) || /^\d+(?:\.\d+){0,2}(?:\/\d+)?$/.test(text)) return 'write all four numbers, in decimal';
  const [address, length] = text.split('/', 2) as [string, string?];
  if (length?.includes('.') && parseAddressSet(text)) {
    try {
      return `write ${new Netmask(text).toString()}`;
    } catch {
      return `write prefixes: ${length} is no single one`;
    }
  }
  return address.includes('-') ? 'write prefixes in its place' : undefined;
}

/** The network that is meant where host bits are set. */
function hostBits(text: string): string | undefined {
  const address = text.split('/', 1)[0]!;
  const net = new Netmask(text);
  const first = (one: string): bigint => {
    const set = parseAddressSet(one)!;
    return BigInt(set.ip4[0] ?? set.ip6[0]!);
  };
  return first(net.base) === first(address) ? undefined : net.toString();
}

/**
 * An address or a prefix. The grammar is checked here before netmask sees it, because that reads `010.0.0.1`, `10.1`
 * and `0x7f.1` as inet_aton(3) does.
 */
export const Address = kind(
  z.string({ error: ADDRESS }).superRefine((text, context) => {
    const isPlain = /^[0-9a-fA-F.:]+(?:\/\d{1,3})?$/.test(text) && parseAddressSet(text) !== undefined;
    const remedy = isPlain ? undefined : addressRemedy(text);
    const complain = (message: string, params?: { remedy: string }): void =>
      context.addIssue({ code: 'custom', message, ...(params && { params }) });
    if (!isPlain) return complain(ADDRESS, remedy === undefined ? undefined : { remedy });
    const meant = hostBits(text);
    if (meant === undefined) return;
    const single = text.split('/', 1)[0];
    complain('a prefix without host bits', { remedy: `write ${meant} for the network, ${single} for the one host` });
  }),
  'address or prefix',
);

export const Networks = z
  .array(Address, { error: 'a list of prefixes such as [192.0.2.0/24]' })
  .transform((texts) =>
    texts
      .map((text) => parseAddressSet(text)!)
      .reduce<AddressSet>((all, one) => ({ ip4: union(all.ip4, one.ip4), ip6: union(all.ip6, one.ip6) }), noAddress),
  );

const TIME_ZONE = 'an IANA time zone such as Europe/Paris';

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export const TimeZone = kind(z.string({ error: TIME_ZONE }).refine(isTimeZone, TIME_ZONE), 'time zone');

const MOMENT = 'a day such as 2026-12-01, or a time such as 2026-12-01T20:00, in `timeZone` or with its offset';

/** As it is written: the zone of the file is known only once the whole file is read. */
export const Moment = kind(
  z.string({ error: MOMENT }).refine((text) => parseMoment(text, 'UTC', 'first') !== undefined, MOMENT),
  'day or time',
);

const YES_NO = '`yes` or `no`';
/** The file is read without guessing types; an editor guesses them, and takes `true` for what it is. */
export const YesNo = z
  .enum(['yes', 'no', 'true', 'false'], { error: YES_NO })
  .transform((text) => text === 'yes' || text === 'true')
  .meta({ 'x-type': YES_NO, type: ['string', 'boolean'], enum: ['yes', 'no', true, false] });

/** A number that is read as text, and that an editor takes for a number. */
export function digits<S extends z.ZodType>(schema: S, words: string): S {
  return kind(schema, words).meta({ type: ['string', 'integer'] });
}

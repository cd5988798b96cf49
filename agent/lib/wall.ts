/** The clock on the wall of a place, and the instants it shows. */
export interface Wall {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const DAY_MS = 86_400_000;

/** Making one takes a thousand times as long as using it, and a series of windows asks for thousands. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(timeZone, format);
  return format;
}

export function wallOf(at: number, timeZone: string): Wall {
  const format = formatOf(timeZone);
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year, month, day, hour, minute, second } = parts as unknown as Wall;
  return { year, month, day, hour, minute, second };
}

/** As if the clock on the wall were one in Greenwich. */
function asUtc({ year, month, day, hour, minute, second }: Wall): number {
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

export function offsetMs(at: number, timeZone: string): number {
  return asUtc(wallOf(at, timeZone)) - Math.floor(at / 1000) * 1000;
}

/**
 * The moment at which the clock on the wall shows this. In autumn, when it shows an hour twice, the first time; in
 * spring, when it leaves an hour out, what it would have shown had it not.
 */
export function instantOf(wall: Wall, timeZone: string): number {
  const shown = asUtc(wall);
  const before = offsetMs(shown - DAY_MS, timeZone);
  const candidates = [before, offsetMs(shown + DAY_MS, timeZone)].map((offset) => shown - offset);
  const real = candidates.filter((at) => offsetMs(at, timeZone) === shown - at);
  return real.length > 0 ? Math.min(...real) : shown - before;
}

const DATE =
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)(?:[T ](?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d)(?:\.\d{1,3})?)?(?<zone>Z|[+-]\d\d:\d\d)?)?$/i;

/**
 * A day, or a day and an hour, with an offset or as the clock on the wall of the zone shows it; a day alone is its first
 * or its last second. Undefined: it is none, or there is no such day.
 */
export function parseMoment(text: string, timeZone: string, edge: 'first' | 'last'): number | undefined {
  const date = DATE.exec(text)?.groups;
  if (!date) return undefined;
  const [year, month, day] = [Number(date.year), Number(date.month), Number(date.day)];
  const isDay = new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day && month >= 1 && month <= 12;
  const [hour, minute, second] = [date.hour, date.minute, date.second].map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
  ];
  if (!isDay || hour > 23 || minute > 59 || second > 59) return undefined;
  if (date.zone !== undefined) {
    const at = Date.parse(text.replace(' ', 'T').toUpperCase());
    return Number.isNaN(at) ? undefined : at;
  }
  if (date.hour !== undefined) return instantOf({ year, month, day, hour, minute, second }, timeZone);
  const last = { hour: 23, minute: 59, second: 59 };
  return instantOf({ year, month, day, ...(edge === 'last' ? last : { hour: 0, minute: 0, second: 0 }) }, timeZone);
}

import { parseDuration } from '../config/index.js';
import { failure, type Result, success } from '../lib/result.js';

/** Where times are typed and shown: the moment it is now, and the zone of the people. */
export interface TimeContext {
  readonly now: number;
  readonly timeZone: string;
}

interface Wall {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const DAY_MS = 86_400_000;

function wallOf(at: number, timeZone: string): Wall {
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
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year, month, day, hour, minute, second } = parts as unknown as Wall;
  return { year, month, day, hour, minute, second };
}

/** As if the clock on the wall were one in Greenwich. */
function asUtc({ year, month, day, hour, minute, second }: Wall): number {
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function offsetMs(at: number, timeZone: string): number {
  return asUtc(wallOf(at, timeZone)) - Math.floor(at / 1000) * 1000;
}

/**
 * The moment at which the clock on the wall shows this. In autumn, when it shows an hour twice, the first time; in
 * spring, when it leaves an hour out, what it would have shown had it not.
 */
function instantOf(wall: Wall, timeZone: string): number {
  const shown = asUtc(wall);
  const before = offsetMs(shown - DAY_MS, timeZone);
  const candidates = [before, offsetMs(shown + DAY_MS, timeZone)].map((offset) => shown - offset);
  const real = candidates.filter((at) => offsetMs(at, timeZone) === shown - at);
  return real.length > 0 ? Math.min(...real) : shown - before;
}

/** `2026-11-23 17:30+01:00`: as the clock on the wall shows it, and unmistakable elsewhere too. */
export function timeText(iso: string, { timeZone }: TimeContext): string {
  const at = Date.parse(iso);
  const minutes = Math.round(offsetMs(at, timeZone) / 60_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const { year, month, day, hour, minute } = wallOf(at, timeZone);
  const offset = `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}${offset}`;
}

/** `3 h 5 min`, in the two largest units. */
export function durationText(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [Math.round(seconds) % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

export interface TimeWanted {
  /** The option it was given to. */
  readonly option: string;
  /** Which way `17:30` and `2h` lead from now; a day means its end, or its beginning where the way is back. */
  readonly way: 'ahead' | 'back';
  /** Refused when it is not ahead. */
  readonly future?: boolean;
}

const ACCEPTED = '17:30, +2h, 90m, 2026-11-23, 2026-11-23T17:30 or 2026-11-23T17:30+01:00';
const CLOCK = /^(?<hour>\d{1,2}):(?<minute>\d\d)$/;
const DATE =
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)(?:[T ](?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d)(?:\.\d{1,3})?)?(?<zone>Z|[+-]\d\d:\d\d)?)?$/i;

/** Reads a time as people type it; the answer is ISO 8601 in UTC. */
export function parseTime(text: string, wanted: TimeWanted, context: TimeContext): Result<string> {
  const at = read(text.trim(), wanted.way, context);
  const bad = (message: string, expected: string): Result<string> =>
    failure({ code: 'BAD_TIME', message: `${wanted.option} ${text}: ${message}`, expected });
  if (at === undefined) return bad('this is not a time', ACCEPTED);
  if (wanted.future && at <= context.now) return bad('this is past', 'a time to come');
  return success(new Date(at).toISOString());
}

function read(text: string, way: TimeWanted['way'], { now, timeZone }: TimeContext): number | undefined {
  const sign = way === 'ahead' ? '+' : '-';
  const seconds = parseDuration(text.startsWith(sign) ? text.slice(1) : text);
  if (seconds !== undefined) return now + Number(`${sign}1000`) * seconds;
  const clock = CLOCK.exec(text)?.groups;
  if (clock) {
    const [hour, minute] = [Number(clock.hour), Number(clock.minute)];
    if (hour > 23 || minute > 59) return undefined;
    // The nearest one on the way: of yesterday's, today's and tomorrow's, one is it.
    const days = [-1, 0, 1].map((days) => {
      const { year, month, day } = wallOf(now, timeZone);
      return instantOf({ year, month, day: day + days, hour, minute, second: 0 }, timeZone);
    });
    return way === 'ahead' ? days.find((at) => at > now) : days.findLast((at) => at <= now);
  }
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
  return instantOf({ year, month, day, ...(way === 'ahead' ? last : { hour: 0, minute: 0, second: 0 }) }, timeZone);
}

import { parseDuration } from '../config/index.js';
import { failure, type Result, success } from '../lib/result.js';
import { instantOf, offsetMs, parseMoment, wallOf } from '../lib/wall.js';

/** Where times are typed and shown: the moment it is now, and the zone of the people. */
export interface TimeContext {
  readonly now: number;
  readonly timeZone: string;
  /** The zone of the clocks where these devices stand; absent: the same everywhere. */
  readonly zoneAt?: (devices: readonly string[]) => string;
}

/** Times as the clocks show them where these devices stand; of no device, where the guard stands. */
export function timesAt(times: TimeContext, devices: readonly string[]): TimeContext {
  return times.zoneAt ? { ...times, timeZone: times.zoneAt(devices) } : times;
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
  return parseMoment(text, timeZone, way === 'ahead' ? 'last' : 'first');
}

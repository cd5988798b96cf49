/** The device's own time as it shows it, in its own zone: minutes since 1970 as if that zone were UTC. */
export interface DeviceTime {
  readonly minutes: number;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `System time: Sun Nov 22 12:45:17 2026`, a line of `get system status`. */
export function deviceTime(status: string): DeviceTime | undefined {
  const found =
    /^System time: \w{3} (?<month>\w{3}) +(?<day>\d{1,2}) (?<hour>\d{1,2}):(?<minute>\d{2}):\d{2} (?<year>\d{4})/m.exec(
      status,
    )?.groups;
  const month = found ? MONTHS.indexOf(found.month!) : -1;
  if (!found || month < 0) return undefined;
  return minutesOf(Number(found.year), month, Number(found.day), Number(found.hour), Number(found.minute));
}

/**
 * `18:00 2026/05/01` of a schedule, `2026-05-01 18:00:00` of a policy that expires; with two digits for a day and a
 * month or with one. Undefined: not a time, or the zeros that stand where none is set.
 */
export function timeOf(text: string): DeviceTime | undefined {
  const date = /(?<year>\d{4})[-/](?<month>\d{1,2})[-/](?<day>\d{1,2})/.exec(text)?.groups;
  const time = /(?<hour>\d{1,2}):(?<minute>\d{2})/.exec(text)?.groups;
  if (!date || !time || Number(date.month) === 0) return undefined;
  return minutesOf(Number(date.year), Number(date.month) - 1, Number(date.day), Number(time.hour), Number(time.minute));
}

function minutesOf(year: number, month: number, day: number, hour: number, minute: number): DeviceTime | undefined {
  const minutes = Date.UTC(year, month, day, hour, minute) / 60_000;
  return Number.isFinite(minutes) ? { minutes } : undefined;
}

/** A time zone lies at most so far from UTC. */
const ZONE_MINUTES_MAX = 14 * 60;

/** A time in seconds since 1970 as the device's clock shows it at the latest: its zone is not read. */
export function latestOf(seconds: number): DeviceTime {
  return { minutes: seconds / 60 + ZONE_MINUTES_MAX };
}

/** Whether a time has passed, by the device's clock; undefined: the clock, or the time, is not known. */
export function hasPassed(time: DeviceTime | undefined, now: DeviceTime | undefined): boolean | undefined {
  return time && now ? time.minutes <= now.minutes : undefined;
}

/** `2026-05-01 18:00`. */
export function timeText({ minutes }: DeviceTime): string {
  return new Date(minutes * 60_000).toISOString().slice(0, 16).replace('T', ' ');
}

const formats = new Map<string, Intl.DateTimeFormat>();

function offsetOf(instant: number, timeZone: string): string {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
    formats.set(timeZone, format);
  }
  const name = format.formatToParts(instant).find(({ type }) => type === 'timeZoneName')!.value;
  // `GMT+01:00`; for UTC some versions of ICU say `GMT` alone.
  return name === 'GMT' ? '+00:00' : name.slice(3);
}

/** RFC 3339 with milliseconds and the site's offset at that instant: `2026-11-22T10:30:15.000+01:00`. */
export function timestamp(instant: number, timeZone = 'UTC'): string {
  const offset = offsetOf(instant, timeZone);
  const { sign, hours, minutes } = /^(?<sign>[+-])(?<hours>\d\d):(?<minutes>\d\d)/.exec(offset)!.groups!;
  const shiftMinutes = Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes));
  return new Date(instant + shiftMinutes * 60_000).toISOString().replace('Z', offset);
}

/** One spelling for each constant, so that text and JSON, hexadecimal and decimal, read alike. */

const timePattern =
  /^(?:(?<days>\d+)d)?(?:(?<hours>\d+)h)?(?:(?<minutes>\d+)m)?(?:(?<seconds>\d+)s)?(?:(?<millis>\d+)ms)?$/;

/** Numbers in decimal, durations in seconds, everything else as it stands. */
export function value(text: string): string {
  if (/^0x[0-9a-f]{1,64}$/i.test(text)) return BigInt(text).toString();
  if (!/^\d+[dhms]/.test(text)) return text;
  const parts = timePattern.exec(text)?.groups;
  if (!parts) return text;
  const [days, hours, minutes, seconds, millis] = ['days', 'hours', 'minutes', 'seconds', 'millis'].map((unit) =>
    Number(parts[unit] ?? 0),
  );
  return String(((days! * 24 + hours!) * 60 + minutes!) * 60 + seconds! + millis! / 1000);
}

/** A constant as a whole number, if it is one. */
export function numeric(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Control characters as escapes: a quoted comment or log prefix must not steer a terminal. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

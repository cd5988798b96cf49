import { RRuleTemporal } from 'rrule-temporal';
import { failure, type Result, success } from './result.js';
import { instantOf, type Wall, wallOf } from './wall.js';

export interface Recurrence {
  /** RFC 5545, without DTSTART: `FREQ=WEEKLY;BYDAY=TU;UNTIL=20271231`. */
  readonly rule: string;
  /** IANA name of the zone by whose clocks it recurs. */
  readonly timeZone: string;
  /** The first one that may be, and its end. */
  readonly start: number;
  readonly end: number;
  /** Those that ended by then are left out; absent: none is. */
  readonly now?: number;
}

export interface Occurrence {
  /** `20261124`, by the clocks of the zone. */
  readonly day: string;
  readonly start: number;
  readonly end: number;
}

const DAY_MS = 86_400_000;
/** Access that is granted is confirmed once a year (PGSSI-S, canevas de PSSI, 4.3.2.6): a series ends by itself. */
const HORIZON_DAYS = 366;
const PARTS = /^(?:INTERVAL|COUNT|UNTIL|BYDAY|BYMONTHDAY|BYYEARDAY|BYWEEKNO|BYMONTH|BYSETPOS|WKST)=[A-Z0-9,+-]+$/;

/**
 * The occurrences of a year from the first one on that have not ended yet. A rule says on which days; when it begins and
 * ends is what the clocks on the wall show, so that a night in which they change keeps its window from 22:00 to 04:00
 * and is an hour longer or shorter. An hour that the clocks leave out is what they would have shown; of one that they
 * show twice it is the first. Where nothing of it is left (02:30 to 03:30 when 02:00 is 03:00), it is as long as the first.
 */
export function occurrencesOf({
  rule,
  timeZone,
  start,
  end,
  now = -Infinity,
}: Recurrence): Result<readonly Occurrence[]> {
  const bad = (message: string, expected = 'days by RFC 5545, such as FREQ=WEEKLY;BYDAY=TU;UNTIL=20271231') =>
    failure({ code: 'BAD_RECURRENCE', message: `the recurrence ${rule}: ${message}`, expected });
  const [frequency = '', ...parts] = rule.replace(/^RRULE:/, '').split(';');
  if (!/^FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)$/.test(frequency)) return bad('it begins with no frequency of days');
  const strange = parts.find((part) => !PARTS.test(part));
  if (strange !== undefined)
    return bad(`\`${strange}\` is no part of it; the hours are those of the start and the end`);
  const [first, last] = [clockOf(start, timeZone), clockOf(end, timeZone)];
  if (!first || !last) return bad(`there is no time zone ${timeZone}`, 'an IANA name such as Europe/Paris');
  const days = daysOf([frequency, ...parts].join(';'), first);
  if (!days) return bad('no day can be made of it');
  // By the calendar: a window over midnight ends on the next day, whatever the clocks did in between.
  const daysLater = Math.round((dayOf(last) - dayOf(first)) / DAY_MS);
  const found = days
    .map((at): Occurrence => {
      const [from, to] = [new Date(at), new Date(at + daysLater * DAY_MS)];
      const begins = instantOf({ ...first, ...dateOf(from) }, timeZone);
      const ends = instantOf({ ...last, ...dateOf(to) }, timeZone);
      return {
        day: from.toISOString().slice(0, 10).replaceAll('-', ''),
        start: begins,
        end: ends > begins ? ends : begins + (end - start),
      };
    })
    .filter((one) => one.end > now);
  if (found.length === 0) return bad('none of it lies ahead');
  const overlap = found.find((one, index) => index > 0 && one.start < found[index - 1]!.end);
  if (overlap)
    return bad(`one begins before the last has ended, on ${overlap.day}`, 'windows that end before the next begins');
  return success(found);
}

function clockOf(at: number, timeZone: string): Wall | undefined {
  try {
    return wallOf(at, timeZone);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Midnights in Greenwich that stand for days: where the clocks of no zone take part, none of them can be lost. */
function daysOf(rule: string, first: Wall): readonly number[] | undefined {
  const from = new Date(dayOf(first));
  const begins = `DTSTART;TZID=UTC:${from.toISOString().slice(0, 10).replaceAll('-', '')}T000000`;
  try {
    const series = new RRuleTemporal({ rruleString: `${begins}\nRRULE:${rule}` });
    return series
      .between(from, new Date(from.getTime() + HORIZON_DAYS * DAY_MS), true)
      .map(({ epochMilliseconds }) => epochMilliseconds);
  } catch (error) {
    // The library says in its own words what it cannot make days of; ours name the rule.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function dayOf({ year, month, day }: Wall): number {
  return Date.UTC(year, month - 1, day);
}

function dateOf(date: Date): Pick<Wall, 'year' | 'month' | 'day'> {
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

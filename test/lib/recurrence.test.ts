import { describe, expect, test } from '@jest/globals';
import { occurrencesOf } from '../../agent/lib/recurrence.js';
import { problemText } from '../../agent/lib/result.js';

const at = (text: string): number => Date.parse(text);

function occurrences(rule: string, start: string, end: string, timeZone = 'Europe/Paris'): readonly string[] {
  const found = occurrencesOf({ rule, timeZone, start: at(start), end: at(end), now: at('2026-01-01T00:00:00Z') });
  if (!found.ok) return [problemText(found.error)];
  return found.value.map(
    (one) =>
      `${one.day} ${new Date(one.start).toISOString().slice(0, 16)} ${new Date(one.end).toISOString().slice(0, 16)}`,
  );
}

describe('windows that recur', () => {
  test('keep the hours of the clock on the wall on the day on which it is set forward', () => {
    expect(
      occurrences('FREQ=WEEKLY;BYDAY=SA;COUNT=3', '2026-03-21T22:00:00+01:00', '2026-03-22T04:00:00+01:00'),
    ).toEqual([
      '20260321 2026-03-21T21:00 2026-03-22T03:00',
      // 22:00 to 04:00, and one hour shorter.
      '20260328 2026-03-28T21:00 2026-03-29T02:00',
      '20260404 2026-04-04T20:00 2026-04-05T02:00',
    ]);
  });

  test('and on the day on which it is set back', () => {
    expect(
      occurrences('FREQ=WEEKLY;BYDAY=SA;COUNT=3', '2026-10-17T22:00:00+02:00', '2026-10-18T04:00:00+02:00'),
    ).toEqual([
      '20261017 2026-10-17T20:00 2026-10-18T02:00',
      // 22:00 to 04:00, and one hour longer.
      '20261024 2026-10-24T20:00 2026-10-25T03:00',
      '20261031 2026-10-31T21:00 2026-11-01T03:00',
    ]);
  });

  test('have a window also where it begins in the hour that is left out, or in the one that is shown twice', () => {
    expect(occurrences('FREQ=DAILY;COUNT=3', '2026-03-28T02:30:00+01:00', '2026-03-28T05:00:00+01:00')).toEqual([
      '20260328 2026-03-28T01:30 2026-03-28T04:00',
      '20260329 2026-03-29T01:30 2026-03-29T03:00',
      '20260330 2026-03-30T00:30 2026-03-30T03:00',
    ]);
    expect(occurrences('FREQ=DAILY;COUNT=2', '2026-10-24T02:30:00+02:00', '2026-10-24T05:00:00+02:00')[1]).toBe(
      '20261025 2026-10-25T00:30 2026-10-25T04:00',
    );
  });

  test('have a window also where the clocks leave out all of its hour: as long as the first, later', () => {
    expect(occurrences('FREQ=DAILY;COUNT=3', '2026-03-28T02:30:00+01:00', '2026-03-28T03:30:00+01:00')).toEqual([
      '20260328 2026-03-28T01:30 2026-03-28T02:30',
      '20260329 2026-03-29T01:30 2026-03-29T02:30',
      '20260330 2026-03-30T00:30 2026-03-30T01:30',
    ]);
    expect(occurrences('FREQ=DAILY;COUNT=2', '2026-03-28T02:30:00+01:00', '2026-03-28T03:10:00+01:00')[1]).toBe(
      '20260329 2026-03-29T01:30 2026-03-29T02:10',
    );
  });

  test('are planned for a year at most, on the days of the zone and not of Greenwich', () => {
    const daily = occurrences('FREQ=DAILY', '2026-06-01T00:30:00+02:00', '2026-06-01T01:00:00+02:00');
    expect(daily).toHaveLength(367);
    expect(daily[0]).toBe('20260601 2026-05-31T22:30 2026-05-31T23:00');
    const monthly = occurrences(
      'FREQ=MONTHLY;BYDAY=-1TU;UNTIL=20260831',
      '2026-06-01T18:00:00+02:00',
      '2026-06-01T20:00:00+02:00',
    );
    expect(monthly.map((line) => line.slice(0, 8))).toEqual(['20260630', '20260728', '20260825']);
  });

  test.each<[string, RegExp]>([
    ['BYDAY=TU', /begins with no frequency of days \(expected days by RFC 5545/],
    ['FREQ=HOURLY', /begins with no frequency of days/],
    ['FREQ=DAILY;BYHOUR=3', /`BYHOUR=3` is no part of it/],
    ['FREQ=DAILY;UNTIL=20250101', /none of it lies ahead/],
    ['FREQ=WEEKLY;BYDAY=XX', /recurrence/],
  ])('%s is refused', (rule, expected) => {
    expect(occurrences(rule, '2026-06-01T18:00:00+02:00', '2026-06-01T20:00:00+02:00').join()).toMatch(expected);
  });

  test('that would overlap themselves, or of no zone, are refused', () => {
    expect(occurrences('FREQ=DAILY', '2026-06-01T18:00:00Z', '2026-06-03T20:00:00Z').join()).toMatch(
      /begins before the last has ended/,
    );
    expect(occurrences('FREQ=DAILY', '2026-06-01T18:00:00Z', '2026-06-01T20:00:00Z', 'Europe/Lutece').join()).toMatch(
      /no time zone Europe\/Lutece/,
    );
  });
});

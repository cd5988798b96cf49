import { writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { allowText, parseAllow } from '../../agent/cli/allow.js';
import { durationText, parseTime, timeText } from '../../agent/cli/times.js';
import { problemText } from '../../agent/lib/result.js';
import { guarded } from './capture.js';

const paris = { now: Date.parse('2026-11-23T14:00:00Z'), timeZone: 'Europe/Paris' };

function read(text: string, way: 'ahead' | 'back' = 'ahead', now = paris.now, timeZone = paris.timeZone): string {
  const time = parseTime(text, { option: '--until', way }, { now, timeZone });
  return time.ok ? time.value : problemText(time.error);
}

describe('times as people type them', () => {
  test.each([
    ['17:30', '2026-11-23T16:30:00.000Z'],
    ['15:00', '2026-11-24T14:00:00.000Z'],
    ['8:05', '2026-11-24T07:05:00.000Z'],
    ['00:00', '2026-11-23T23:00:00.000Z'],
    ['+2h', '2026-11-23T16:00:00.000Z'],
    ['90m', '2026-11-23T15:30:00.000Z'],
    ['2026-12-31', '2026-12-31T22:59:59.000Z'],
    ['2026-11-23T17:30', '2026-11-23T16:30:00.000Z'],
    ['2026-11-23 17:30', '2026-11-23T16:30:00.000Z'],
    ['2026-07-01 17:30', '2026-07-01T15:30:00.000Z'],
    ['2026-11-23T17:30+01:00', '2026-11-23T16:30:00.000Z'],
    ['2026-11-23T17:30:15Z', '2026-11-23T17:30:15.000Z'],
    ['2026-11-23t17:30z', '2026-11-23T17:30:00.000Z'],
  ])('%s in Paris at 15:00 is %s', (text, iso) => expect(read(text)).toBe(iso));

  test.each([
    ['17:30', '2026-11-22T16:30:00.000Z'],
    ['15:00', '2026-11-23T14:00:00.000Z'],
    ['2h', '2026-11-23T12:00:00.000Z'],
    ['-2h', '2026-11-23T12:00:00.000Z'],
    ['2026-11-20', '2026-11-19T23:00:00.000Z'],
  ])('%s looking back is %s', (text, iso) => expect(read(text, 'back')).toBe(iso));

  test.each([
    '',
    'now',
    '25:00',
    '12:60',
    '5',
    '2h30m',
    '-2h',
    '2026-02-30',
    '2026-13-01',
    '2026-11-23T24:00',
    '17h30',
  ])('%j is none, and it is said what is', (text) => {
    expect(read(text)).toBe(
      `--until ${text}: this is not a time (expected 17:30, +2h, 90m, 2026-11-23, 2026-11-23T17:30 or 2026-11-23T17:30+01:00)`,
    );
  });

  test('what is past is refused where only what comes will do', () => {
    const wanted = { option: '--until', way: 'ahead', future: true } as const;
    expect(parseTime('2026-11-22', wanted, paris)).toMatchObject({
      ok: false,
      error: { code: 'BAD_TIME', message: '--until 2026-11-22: this is past', expected: 'a time to come' },
    });
    expect(parseTime('0m', wanted, paris).ok).toBe(false);
    expect(parseTime('1m', wanted, paris).ok).toBe(true);
  });

  // The clocks of Paris go from 02:00 to 03:00 on 29 March 2026 and from 03:00 back to 02:00 on 25 October.
  test.each([
    ['2026-03-29T01:59', '2026-03-29T00:59:00.000Z'],
    ['2026-03-29T02:30', '2026-03-29T01:30:00.000Z'],
    ['2026-03-29T03:00', '2026-03-29T01:00:00.000Z'],
    ['2026-10-25T02:30', '2026-10-25T00:30:00.000Z'],
    ['2026-10-25T03:00', '2026-10-25T02:00:00.000Z'],
    ['2026-10-25', '2026-10-25T22:59:59.000Z'],
  ])('%s on a day on which the clocks change is %s', (text, iso) => expect(read(text)).toBe(iso));

  test.each([
    ['Asia/Kathmandu', '2026-11-23T11:45:00.000Z'],
    ['America/St_Johns', '2026-11-23T21:00:00.000Z'],
    ['Pacific/Kiritimati', '2026-11-23T03:30:00.000Z'],
    ['UTC', '2026-11-23T17:30:00.000Z'],
  ])('17:30 in %s', (zone, iso) => expect(read('2026-11-23T17:30', 'ahead', paris.now, zone)).toBe(iso));

  test('are read back as they are shown', () => {
    for (const timeZone of ['Europe/Paris', 'America/St_Johns', 'Asia/Kathmandu', 'UTC']) {
      // Every 37 minutes through both changes of the clocks, here and across the sea.
      for (const day of ['2026-03-28', '2026-10-24', '2026-03-07', '2026-10-31']) {
        for (let minute = 0; minute < 3 * 24 * 60; minute += 37) {
          const iso = new Date(Date.parse(`${day}T00:00:00Z`) + minute * 60_000).toISOString();
          expect(read(timeText(iso, { now: 0, timeZone }), 'ahead', 0, timeZone)).toBe(iso);
        }
      }
    }
  });

  test.each([
    ['2026-11-23T16:30:00.000Z', 'Europe/Paris', '2026-11-23 17:30+01:00'],
    ['2026-07-23T16:30:00.000Z', 'Europe/Paris', '2026-07-23 18:30+02:00'],
    ['2026-11-23T16:30:00.000Z', 'America/St_Johns', '2026-11-23 13:00-03:30'],
    ['2026-11-23T16:30:59.999Z', 'UTC', '2026-11-23 16:30+00:00'],
  ])('%s in %s is shown as %s', (iso, timeZone, text) => expect(timeText(iso, { now: 0, timeZone })).toBe(text));

  test.each([
    [0, '0 s'],
    [59, '59 s'],
    [60, '1 min'],
    [11_100, '3 h 5 min'],
    [86_400, '1 d'],
    [90_061, '1 d 1 h'],
  ])('%d seconds are %s', (seconds, text) => expect(durationText(seconds)).toBe(text));
});

describe('what a vendor announces', () => {
  test.each([
    ['any -> 192.0.2.10 tcp/443', { src: 'any', dst: '192.0.2.10', proto: 'tcp', ports: '443' }],
    ['internet→pacs TCP/104,11112', { src: 'internet', dst: 'pacs', proto: 'tcp', ports: '104,11112' }],
    [
      '198.51.100.0/24 -> any udp/5000-5010 on fw2',
      { src: '198.51.100.0/24', dst: 'any', proto: 'udp', ports: '5000-5010', device: 'fw2' },
    ],
    ['any -> 2001:db8::1 icmpv6', { src: 'any', dst: '2001:db8::1', proto: 'icmpv6' }],
    ['any -> vpn 50', { src: 'any', dst: 'vpn', proto: '50' }],
    ['any -> pacs DICOM on fw2', { src: 'any', dst: 'pacs', service: 'dicom', device: 'fw2' }],
    ['any -> web https,ssh', { src: 'any', dst: 'web', service: 'https,ssh' }],
    [
      'any -> web https keep "Head of imaging" 2027-01-31',
      {
        src: 'any',
        dst: 'web',
        service: 'https',
        keep: { owner: 'Head of imaging', review: '2027-01-31T22:59:59.000Z' },
      },
    ],
    [
      'any -> web tcp/443 keep RSSI 2027-01-31',
      {
        src: 'any',
        dst: 'web',
        proto: 'tcp',
        ports: '443',
        keep: { owner: 'RSSI', review: '2027-01-31T22:59:59.000Z' },
      },
    ],
  ])('%s', (text, scope) => {
    expect(parseAllow(text, paris)).toEqual({ ok: true, value: scope });
    // What is shown can be typed again.
    expect(parseAllow(allowText(scope, paris), paris)).toEqual({ ok: true, value: scope });
  });

  test.each([
    ['', 'this is not a flow'],
    ['any 192.0.2.10 tcp/443', 'this is not a flow'],
    ['any -> 192.0.2.10', 'this is not a flow'],
    ['any -> 192.0.2.10 tcp/https', 'this is not a flow'],
    ['any -> 192.0.2.10 tcp/70000', '70000 are not ports'],
    ['any -> 192.0.2.10 tcp/443-80', '443-80 are not ports'],
    ['any -> 192.0.2.10 icmp/8', 'icmp has no ports'],
    ['any -> web tcp/443 keep RSSI', 'this is not a flow'],
  ])('%j is refused: %s', (text, why) => {
    expect(parseAllow(text, paris)).toMatchObject({
      ok: false,
      error: { code: 'BAD_SCOPE', message: `--allow '${text}': ${why}` },
    });
  });

  test('may not stay until a day that is past', () => {
    expect(parseAllow('any -> web tcp/443 keep RSSI 2026-01-31', paris)).toMatchObject({
      ok: false,
      error: { code: 'BAD_TIME', message: 'keep 2026-01-31: this is past' },
    });
  });
});

test('a window of devices that stand elsewhere is understood and shown by the clock there', async () => {
  const { guard, config, ask, close } = await guarded({ devices: { fw1: [], fw2: [] } });
  writeFileSync(
    config,
    `timeZone: Europe/Paris
state: .
site: nord
sites: {nord: {}, sud: {timeZone: Indian/Reunion}}
devices: [{id: fw1, kind: fw}, {id: fw2, kind: fw, site: sud}]
`,
  );
  const plan = ['window', 'plan', 'W1', '--vendor', 'v', '--start', '2036-01-01T20:00', '--for', '2h'];
  const shown = await ask(...plan, '--device', 'fw2', '--rrule', 'FREQ=DAILY');
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  expect(shown.stdout).toContain('2036-01-01 20:00+04:00 to 2036-01-01 22:00+04:00');
  const [, request] = guard.calls.find(([name]) => name === 'planWindow')!;
  expect(request).toMatchObject({ start: '2036-01-01T16:00:00.000Z', recurs: { timeZone: 'Indian/Reunion' } });
  expect((await ask('window', 'list')).stdout).toContain('2036-01-01 20:00+04:00');
  const until = ['--until', '2036-01-01T23:00', '--reason', 'late'];
  expect((await ask('window', 'extend', 'W1', ...until)).stdout).toContain('to 2036-01-01 23:00+04:00');
  // Of both sites: by the clock of the one that the configuration names as its own.
  expect((await ask('window', 'plan', 'W2', ...plan.slice(3))).stdout).toContain('2036-01-01 20:00+01:00');
  await close();
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type AlarmRecord,
  alarmRecord,
  RECORD_BYTES_MAX,
  routeTo,
  streamOf,
  withinSize,
} from '../../agent/alarms/index.js';
import { cut, neutralised, utf8Length } from '../../agent/alarms/text.js';
import { timestamp } from '../../agent/alarms/time.js';
import { codeText, findingCodes } from '../../agent/judge/index.js';
import type { FindingEvent } from '../../agent/judge/types.js';
import { aFinding, anEvent } from '../store/samples.js';

const MINUTE = 60_000;
const NINE = Date.UTC(2026, 10, 22, 9, 0, 0, 7);

function event(more: Partial<FindingEvent> = {}, finding: Partial<FindingEvent['finding']> = {}): FindingEvent {
  const base = anEvent('f', 1);
  return { ...base, at: NINE, ...more, finding: { ...base.finding, firstSeen: NINE - 90 * MINUTE, ...finding } };
}

describe('the neutral record', () => {
  test('says what, where, since when, whose window and how to shut it', () => {
    const record = alarmRecord(event(), {
      site: 'CH Nord',
      timeZone: 'Europe/Paris',
      window: (id) =>
        id === 'W-1' ? { vendor: 'Imagerie du Nord', ticket: 'CHG-7', end: NINE - 20 * MINUTE } : undefined,
      link: ({ id }) => `https://ecluse.example/${id}`,
    });
    expect(record).toEqual({
      key: 'CH Nord/fw1/f',
      id: 'f#1.1',
      kind: 'raise',
      stream: 'alert',
      at: '2026-11-22T10:00:00.007+01:00',
      code: 'LEFT_OPEN',
      severity: 'critical',
      severityBecause: 'critical: DICOM 104 reachable from internet',
      title: 'Left open: fw1',
      what: 'internet → le pare-feu laisse passer : tcp/104',
      site: 'CH Nord',
      device: 'fw1',
      subject: 'f',
      window: 'W-1',
      vendor: 'Imagerie du Nord',
      ticket: 'CHG-7',
      windowEnd: '2026-11-22T09:40:00.007+01:00',
      place: 'nft list ruleset:12 inet/filter/forward handle 9',
      rule: 'le pare-feu laisse passer',
      witness: '198.51.100.7 → 10.1.2.3 tcp/104',
      certainty: 'certain',
      undo: 'nft delete rule inet filter forward handle 9',
      firstSeen: '2026-11-22T08:30:00.007+01:00',
      lastSeen: '1970-01-01T01:00:02.000+01:00',
      minutesOpen: 90,
      minutesSinceWindowEnd: 20,
      count: 1,
      link: 'https://ecluse.example/f#1.1',
    });
  });

  test('of what is shut and opens by itself, says when', () => {
    const { finding } = event();
    const latent = { returnsWhen: 'at the next start', shadowed: false };
    expect(alarmRecord(event({}, { subject: { ...finding.subject!, latent } })).returnsWhen).toBe('at the next start');
  });

  test.each([
    ['planned end', { end: NINE - 10 * MINUTE }, 10],
    ['an extension', { end: NINE - 30 * MINUTE, extension: { until: NINE - 5 * MINUTE } }, 5],
    ['an early close', { end: NINE, firstCloseAt: NINE - 40 * MINUTE }, 40],
    ['not over yet', { end: NINE + MINUTE }, undefined],
  ])('counts the minutes since %s', (_name, window, minutes) => {
    const record = alarmRecord(event(), { window: () => ({ vendor: 'v', ...window }) });
    expect(record.minutesSinceWindowEnd).toBe(minutes);
  });

  test('time stops at the resolution; a reminder carries its number', () => {
    const resolved = event({ kind: 'resolve', code: 'RESOLVED' }, { resolvedAt: NINE - 60 * MINUTE });
    expect(alarmRecord(resolved)).toMatchObject({ minutesOpen: 30, resolvedAt: '2026-11-22T08:00:00.007+00:00' });
    expect(alarmRecord(event({ kind: 'remind' }, { remindersSent: 3 }))).toMatchObject({
      reminder: 3,
      stream: 'reminder',
    });
  });

  test('tells who claimed it, whom it was passed on to, and who answers for the window', () => {
    const claimed = { by: 'duty officer', reason: 'new modality', at: NINE };
    const window = { vendor: 'v', end: NINE, owner: 'RSSI' };
    const told = event({ kind: 'update' }, { claimed, escalated: ['duty', 'chief'] });
    expect(alarmRecord(told, { window: () => window })).toMatchObject({
      claimedBy: 'duty officer: new modality',
      escalatedTo: 'duty, chief',
      owner: 'RSSI',
    });
    const handedOver = { ...window, handedOver: { to: 'astreinte réseau' } };
    expect(alarmRecord(told, { window: () => handedOver }).owner).toBe('astreinte réseau');
  });

  test('of an alarm that stands for many, tells how many and how bad', () => {
    const { subject: _, ...group } = aFinding('flood');
    const grouped = { open: 9_980, total: 10_000, summary: '9980 of 10000 alarms', toldAt: NINE, stale: false };
    const record = alarmRecord({ ...event(), finding: { ...group, grouped } });
    expect(record).toMatchObject({ members: 9_980, what: '9980 of 10000 alarms' });
  });

  test('two long identities never become one', () => {
    const long = 'x'.repeat(300);
    const keys = ['a', 'b'].map((end) => alarmRecord(event({}, { key: long + end })).key);
    expect(keys[0]).not.toBe(keys[1]);
    for (const key of keys) expect(utf8Length(key)).toBeLessThanOrEqual(130);
  });

  test('any text gives one harmless record of at most 2 KB (seed 20265)', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.string({ unit: fc.constantFrom('"', '\\', ']', '漢', '🚪', '\ud800', '\n', '\u001b'), maxLength: 900 }),
    );
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        const base = anEvent('f', 1, a);
        const finding = {
          ...aFinding(b, 1, a),
          key: b,
          device: c,
          details: [a, b, c],
          severityBecause: c,
          windows: [a, b],
          acknowledged: { by: c, at: 1 },
        };
        const record = alarmRecord(
          { ...base, id: c, code: b, finding },
          {
            site: a,
            window: () => ({ vendor: b, technician: c, ticket: a, end: 0 }),
            code: () => ({ title: c, remedy: a }),
          },
        );
        const json = JSON.stringify(record);
        expect(Buffer.byteLength(json)).toBeLessThanOrEqual(RECORD_BYTES_MAX);
        for (const value of Object.values(record)) {
          if (typeof value === 'string') expect(neutralised(value)).toBe(value);
        }
        for (const field of ['key', 'id', 'code', 'severity', 'firstSeen', 'minutesOpen'] as const) {
          expect(record).toHaveProperty(field);
        }
      }),
      { seed: 20265, numRuns: 300 },
    );
  });

  test('what fits is not touched, and what is cut is named', () => {
    const record = alarmRecord(event());
    expect(withinSize(record, JSON.stringify)).toBe(record);
    const long: AlarmRecord = { ...record, details: 'd'.repeat(5_000) };
    const fitted = withinSize(long, JSON.stringify);
    expect(fitted).toEqual({ ...record, details: `${'d'.repeat(509)}…`, truncated: ['details'] });
  });
});

describe('what is to be done', () => {
  const code = (name: string) => codeText(name, 'en');

  test('is the platform’s own command where there is one, else what the code asks for', () => {
    const { subject } = aFinding('f', 1);
    const shut = alarmRecord(event({ code: 'BASELINE_EXPOSURE' }, { subject: { ...subject!, undo: 'undo it' } }), {
      code,
    });
    expect(shut).toMatchObject({ undo: 'undo it' });
    expect(shut).not.toHaveProperty('remedy');
    const { undo: _, ...declared } = subject!;
    expect(alarmRecord(event({ code: 'BASELINE_EXPOSURE' }, { subject: declared }), { code })).toMatchObject({
      remedy: findingCodes.BASELINE_EXPOSURE.remedy,
    });
  });

  test('is nothing once it is over; what it was stays said', () => {
    const over = { kind: 'resolve', code: 'RESOLVED', severity: 'info' } as const;
    const blind = alarmRecord(event(over, { code: 'GUARD_BLIND', subject: undefined as never }), { code });
    expect(blind).toMatchObject({ code: 'RESOLVED', wasCode: 'GUARD_BLIND' });
    expect(blind.title).toBe('Over: A device cannot be read completely: fw1');
    expect(blind).not.toHaveProperty('remedy');
    const left = alarmRecord(event(over, { code: 'LEFT_OPEN' }), { code });
    expect(left).toMatchObject({ wasCode: 'LEFT_OPEN', title: 'Shut again: fw1' });
    const declared = alarmRecord(event(over, { code: 'LEFT_OPEN', ended: 'declared' }), { code });
    expect(declared.title).toBe('Declared in the baseline: Left open after an intervention: fw1');
  });

  test('every code says it, in both languages', () => {
    for (const name of Object.keys(findingCodes))
      for (const language of ['fr', 'en'] as const) {
        expect(codeText(name, language)?.title).toMatch(/^\p{Lu}/u);
        expect(codeText(name, language)?.remedy).toMatch(/\S/);
      }
    expect(codeText('toString', 'fr')).toBeUndefined();
  });
});

describe('text', () => {
  test.each([
    ['ab', 2, 'ab'],
    ['abcdef', 5, 'ab…'],
    ['éé', 4, 'éé'],
    ['ééé', 5, 'é…'],
    ['🚪🚪', 7, '🚪…'],
    ['🚪🚪', 6, '…'],
    ['abc', 2, ''],
  ])('%j in %i bytes is %j', (text, bytes, expected) => {
    expect(cut(text, bytes)).toBe(expected);
  });

  test('cutting keeps whole characters and the limit (seed 20266)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(60), (text, bytes) => {
        const short = cut(text, bytes);
        expect(utf8Length(short)).toBeLessThanOrEqual(bytes);
        expect(text.startsWith(short.replace(/…$/, ''))).toBe(true);
      }),
      { seed: 20266 },
    );
  });
});

describe('timestamps carry the offset of their own instant', () => {
  test.each([
    ['Europe/Paris', Date.UTC(2026, 6, 1), '2026-07-01T02:00:00.000+02:00'],
    ['Europe/Paris', Date.UTC(2026, 0, 1), '2026-01-01T01:00:00.000+01:00'],
    ['America/St_Johns', Date.UTC(2026, 0, 1), '2025-12-31T20:30:00.000-03:30'],
    ['UTC', Date.UTC(2026, 0, 1, 0, 0, 0, 9), '2026-01-01T00:00:00.009+00:00'],
  ])('%s %i', (zone, instant, expected) => {
    expect(timestamp(instant, zone)).toBe(expected);
    expect(Date.parse(expected)).toBe(instant);
  });
});

describe('routing', () => {
  test.each<[Partial<FindingEvent>, Partial<FindingEvent['finding']>, string]>([
    [{ kind: 'raise', code: 'LEFT_OPEN' }, {}, 'alert'],
    [{ kind: 'update', code: 'LEFT_OPEN', row: false }, {}, 'alert'],
    [{ kind: 'resolve', code: 'RESOLVED' }, { code: 'LEFT_OPEN' }, 'alert'],
    [{ kind: 'resolve', code: 'RESOLVED' }, { code: 'IN_WINDOW_CHANGE' }, 'notice'],
    [{ kind: 'raise', code: 'IN_WINDOW_CHANGE' }, { code: 'IN_WINDOW_CHANGE' }, 'notice'],
    [{ kind: 'answer', code: 'CLOSURE_REFUSED' }, {}, 'notice'],
    [{ kind: 'remind', code: 'LEFT_OPEN' }, {}, 'reminder'],
    [{ kind: 'update', code: 'LEFT_OPEN' }, { code: 'LEFT_OPEN' }, 'alert'],
    // Whoever was told of an alarm is told what became of it, also where it ends as something quieter.
    [
      { kind: 'update', code: 'IN_WINDOW_CHANGE' },
      { code: 'IN_WINDOW_CHANGE', earlier: [{ code: 'LEFT_OPEN', until: 0 }] },
      'alert',
    ],
    [
      { kind: 'resolve', code: 'RESOLVED' },
      { code: 'IN_WINDOW_CHANGE', earlier: [{ code: 'LEFT_OPEN', until: 0 }] },
      'alert',
    ],
    [
      { kind: 'resolve', code: 'RESOLVED' },
      { code: 'PENDING_ACCEPTANCE', earlier: [{ code: 'IN_WINDOW_CHANGE', until: 0 }] },
      'notice',
    ],
  ])('%j %j is %s', (more, finding, stream) => {
    expect(streamOf(event(more, finding))).toBe(stream);
  });

  test('a file takes all, an alert feed only alerts', () => {
    const route = routeTo([
      { id: 'file', takes: ['alert', 'reminder', 'notice'] },
      { id: 'siem', takes: ['alert'] },
    ]);
    expect(route(event())).toEqual(['file', 'siem']);
    expect(route(event({ kind: 'remind' }))).toEqual(['file']);
    expect(route(event({}, { toldAs: 'flood/LEFT_OPEN' }))).toEqual([]);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { type Fixture, formatReplay, formatTime, parseFixture, replay } from '../../agent/app/replay.js';
import { problemText } from '../../agent/lib/result.js';
import { memoryStore } from '../support/memory-store.js';
import { rules } from '../support/services.js';

const small = `id: small
devices: {fw: {kind: fw}, web: {kind: host, zone: dmz}}
approved_hosts: []
baseline: {openings: [], listeners: []}
windows:
  - {id: W1, vendor: v, devices: [fw], start: 2026-01-05T09:00:00+01:00, end: 2026-01-05T10:00:00+01:00, scope: []}
events:
  - {t: 2026-01-05T09:00:00+01:00, do: open, window: W1}
  - {t: 2026-01-05T09:10:00+01:00, do: add, o: {id: off, device: fw, kind: rule, src: internet, dst: web, proto: tcp, ports: 443}}
  - {t: 2026-01-05T09:20:00+01:00, do: del, id: off}
expect:
  - {t: 2026-01-05T09:10:00+01:00, code: OUT_OF_SCOPE_OPENING, id: off, sev: medium}
  - {t: 2026-01-05T09:20:00+01:00, code: RESOLVED, id: off, sev: info}
`;

function read(text: string): Fixture {
  const fixture = parseFixture(text, 'small.yaml');
  if (!fixture.ok) throw new Error(problemText(fixture.error));
  return fixture.value;
}

function shipped(name: string): Fixture {
  return read(readFileSync(`test/scenarios/${name}.yaml`, 'utf8'));
}

const play = (fixture: Fixture) => replay(fixture, { store: memoryStore(), rules: rules() });

describe('reading a fixture', () => {
  test('ids and ports stay as they are written, whatever YAML would make of them', () => {
    for (const id of ['off', 'no', 'null', '0x1F', '1e3', '012', '2026-01-05', 'true', '~']) {
      const fixture = read(small.replaceAll('id: off', `id: ${id}`));
      const added = fixture.events[1];
      expect(added).toMatchObject({ do: 'add', o: { id, ports: '443' } });
      expect(play(fixture).equal).toBe(true);
    }
  });

  test.each<[string, string, string]>([
    ['kind: fw', 'kind: router', 'small.yaml:2:22: devices.fw.kind: '],
    ['vendor: v, ', '', 'small.yaml:6:5: windows.0.vendor: '],
    ['end: 2026-01-05T10:00:00+01:00', 'end: 2026-01-05 10:00', 'small.yaml:6:79: windows.0.end: a time such as'],
    [
      'end: 2026-01-05T10:00:00+01:00',
      'end: 2026-01-05T25:00:00+01:00',
      'small.yaml:6:79: windows.0.end: a day and hour',
    ],
    ['devices: [fw]', 'devices: [fw2]', 'small.yaml:6:34: windows.0.devices: no device is called fw2'],
    ['do: open, window: W1', 'do: open, window: W2', 'small.yaml:8:54: events.0.window: no window is called W2'],
    ['do: del, id: off', 'do: del, id: on', 'small.yaml:10:49: events.2.id: nothing there is called on'],
    [
      't: 2026-01-05T09:20:00+01:00, do: del',
      't: 2026-01-05T08:20:00+01:00, do: del',
      'small.yaml:10:9: events.2.t: it is before',
    ],
    ['ports: 443', 'ports: https', 'events.1.o.ports: `any`, or ports and ranges'],
    ['baseline:', 'basline:', 'small.yaml:1:1: '],
    ['approved_hosts: []', 'approved_hosts: [', 'small.yaml:4:'],
  ])('%s → %s is refused at its place', (from, to, words) => {
    const fixture = parseFixture(small.replace(from, to), 'small.yaml');
    expect(fixture.ok ? 'accepted' : problemText(fixture.error)).toContain(words);
  });
});

describe('a replay', () => {
  test('that differs says each row that does', () => {
    const result = play(
      read(small.replace('sev: medium', 'sev: high').replace(/ {2}- \{t: [^\n]*RESOLVED[^\n]*\n/, '')),
    );
    expect(result.equal).toBe(false);
    expect(result.differences).toEqual([
      'row 1: expected 2026-01-05T09:10:00+01:00 OUT_OF_SCOPE_OPENING off high, found 2026-01-05T09:10:00+01:00 OUT_OF_SCOPE_OPENING off medium',
      'row 2: expected nothing, found 2026-01-05T09:20:00+01:00 RESOLVED off info',
    ]);
    expect(formatReplay(result)).toContain('small: NOT as expected');
  });

  test('prints an aligned table and the three columns', () => {
    const text = formatReplay(play(shipped('S2a-bethune-engine-off')));
    expect(text.split('\n').slice(0, 5)).toEqual([
      'S2a-bethune-engine-off: as expected, 4 findings',
      '  2016-02-16T09:10:00+01:00  FILTERING_OFF      off  high',
      '  2016-02-16T12:15:00+01:00  LEFT_OPEN          off  critical',
      '  2016-02-16T12:15:00+01:00  WINDOW_NOT_CLOSED  W1   medium',
      '  2016-02-18T17:00:00+01:00  RESOLVED           off  info',
    ]);
    expect(text).toMatch(
      /\n {2}observed: .+\n {2}declared: .+\n {2}not covered: .+\n {2}No drift from the declared baseline/,
    );
  });

  test('gives the same, event for event, from any store it is given', () => {
    const fixture = shipped('S3b-pacs-viewer-left-by-integrator');
    const store = memoryStore();
    const result = replay(fixture, { store, rules: rules() });
    expect(store.told).toEqual(result.events);
    expect(new Set(store.told.map((event) => event.id)).size).toBe(store.told.length);
  });

  test('stops at the last event: a timer after it does not fire', () => {
    const result = play(shipped('S5c-clamart-meudon-voice-server'));
    const last = Date.parse('2013-02-08T10:00:00+01:00');
    expect(Math.max(...result.events.map((event) => event.at))).toBeLessThanOrEqual(last);
    expect(result.events.filter((event) => event.kind === 'remind').length).toBeGreaterThan(60);
  });

  test('writes times in the offset of the season', () => {
    const written = [
      { at: Date.parse('2026-03-28T12:00:00+01:00'), offsetMinutes: 60 },
      { at: Date.parse('2026-03-29T12:00:00+02:00'), offsetMinutes: 120 },
    ];
    expect(formatTime(Date.parse('2026-03-28T20:00:00Z'), written)).toBe('2026-03-28T21:00:00+01:00');
    expect(formatTime(Date.parse('2026-03-30T20:00:00Z'), written)).toBe('2026-03-30T22:00:00+02:00');
    expect(formatTime(0, [{ at: 0, offsetMinutes: -210 }])).toBe('1969-12-31T20:30:00-03:30');
  });
});

/** What each fixture says must not alarm, as far as it is about the network. */
describe('what must not alarm', () => {
  const never: readonly (readonly [string, string, readonly string[]])[] = [
    ['S2a-bethune-engine-off', 'the baseline', ['b-vpn', 'l-web']],
    ['S3a-pacs-in-baseline', 'a declared partner, a modality, a declared listener', ['b-partner', 'b-mod', 'l1']],
    ['S3b-pacs-viewer-left-by-integrator', 'modalities sending studies', ['b-mod', 'l1']],
    ['S4a-hpl-portal-publication-left', 'the vendor’s VPN', ['b-vpn', 'l1']],
    ['S5a-marseille-unapproved-host', 'an approved host', ['b-hds']],
    ['S5c-clamart-meudon-voice-server', 'the declared SIP listener', ['l-sip']],
    ['S5d-foch-undeclared-listener', 'the declared publication', ['b-pub', 'l1']],
  ];
  test.each(never)('%s: %s', (name, _, ids) => {
    const about = play(shipped(name)).events.map((event) => event.finding.subjectId);
    expect(about.length).toBeGreaterThan(0);
    for (const id of ids) expect(about).not.toContain(id);
  });

  test('S2a: no LEFT_OPEN before 12:15, and on the 17th reminders only, on the same key', () => {
    const left = play(shipped('S2a-bethune-engine-off')).events.filter((event) => event.code === 'LEFT_OPEN');
    expect(new Date(left[0]!.at).toISOString()).toBe('2016-02-16T11:15:00.000Z');
    expect(left.filter((event) => event.kind === 'raise')).toHaveLength(1);
    const day17 = left.filter((event) => new Date(event.at).toISOString().startsWith('2016-02-17'));
    expect(day17.map((event) => event.kind)).toEqual(['remind']);
    expect(new Set(left.map((event) => event.finding.key))).toEqual(new Set(['fw-edge/off']));
  });

  test('S2b: tmp, opened in scope and removed in time, never left info', () => {
    const tmp = play(shipped('S2b-bethune-any-any-vendor-says-closed')).events.filter(
      (e) => e.finding.subjectId === 'tmp',
    );
    expect(tmp.map((event) => event.severity)).toEqual(['info', 'info']);
  });

  test('S2c: silent through the extension and after the close', () => {
    const result = play(shipped('S2c-bethune-clean'));
    expect(result.events.every((event) => event.severity === 'info')).toBe(true);
    expect(result.open).toEqual([]);
  });

  test('S3a: the waived viewer is silent before its exception expires', () => {
    const viewer = play(shipped('S3a-pacs-in-baseline')).events.filter((e) => e.finding.subjectId === 'b-8042');
    expect(viewer.map((event) => new Date(event.at).toISOString())).toEqual(['2019-07-15T22:05:00.000Z']);
  });

  test('S4a: nothing on 26 June, when the attack itself leaves the firewall unchanged', () => {
    const rows = play(shipped('S4a-hpl-portal-publication-left')).findings;
    expect(rows.filter((row) => row.t.startsWith('2025-06-26'))).toEqual([]);
  });

  test.each([
    ['S1b-troyes-physical-copy', 'removable media, third-party premises, search engines'],
    ['S4b-hpl-portal-legitimately-published', 'authenticated misuse of a declared service is outside this control'],
    [
      'S5b-marseille-through-proxy',
      'destinations behind the general proxy are not judged; import proxy categories to cover them',
    ],
  ])('%s: nothing at all, and it says why', (name, reason) => {
    const result = play(shipped(name));
    expect(result.events).toEqual([]);
    expect(result.coverage.notCovered).toContain(reason);
    expect(result.coverageText).toContain(`No drift from the declared baseline on the sources read: `);
    expect(result.coverageText).toContain(reason);
  });
});

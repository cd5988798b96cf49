import { describe, expect, test } from '@jest/globals';
import { coverageOf, coverageText } from '../../agent/judge/index.js';
import { guardOf, minute, subject } from '../support/guard.js';

const x = subject({ id: 'x' });
const scope = [{ kind: 'rule' as const, dst: 'web' }];

describe('a device that cannot be read', () => {
  test('is told after two missed readings: low, medium after an hour, resolved when read again', () => {
    const guard = guardOf();
    guard.read(0, 'fw');
    guard.miss(5, 'fw');
    expect(guard.rows()).toEqual([]);
    guard.miss(10, 'fw');
    expect(guard.rows()).toEqual(['10 GUARD_BLIND fw low']);
    guard.tick(59);
    expect(guard.finding('blind/fw')?.severity).toBe('low');
    guard.tick(60);
    expect(guard.finding('blind/fw')).toMatchObject({
      severity: 'medium',
      severityBecause: 'medium: no complete reading for 60 min',
      details: ['no answer'],
    });
    guard.read(65, 'fw');
    expect(guard.rows()).toEqual(['10 GUARD_BLIND fw low', '65 RESOLVED fw info']);
  });

  test('two misses in a row within ten minutes wait for the tenth', () => {
    const guard = guardOf();
    guard.read(0, 'fw');
    guard.miss(1, 'fw');
    guard.miss(2, 'fw');
    guard.tick(30);
    expect(guard.rows()).toEqual(['10 GUARD_BLIND fw low']);
  });

  test('is high inside a window, at once with the second miss, and from its start when blind before', () => {
    const inside = guardOf();
    inside.plan({ start: 0, end: 60 });
    inside.read(0, 'fw');
    inside.miss(1, 'fw');
    inside.miss(2, 'fw');
    expect(inside.rows()).toEqual(['2 GUARD_BLIND fw high']);
    const before = guardOf();
    before.plan({ start: 30, end: 60 });
    before.read(0, 'fw');
    before.miss(5, 'fw');
    before.miss(10, 'fw');
    before.tick(29);
    expect(before.finding('blind/fw')?.severity).toBe('low');
    before.tick(30);
    expect(before.finding('blind/fw')?.severity).toBe('high');
    before.tick(75);
    expect(before.finding('blind/fw')?.severity).toBe('medium');
  });

  test('resolves nothing, and what an incomplete reading shows is told', () => {
    const guard = guardOf();
    guard.read(0, 'fw', x);
    guard.observe(5, 'fw', { undeclared: [subject({ id: 'y', ports: '443' })], blind: ['line 7 not understood'] });
    guard.miss(10, 'fw');
    expect(guard.rows()).toEqual([
      '0 UNPLANNED_OPENING x high',
      '5 UNPLANNED_OPENING y medium',
      '10 GUARD_BLIND fw low',
    ]);
    expect(guard.state.present.map((one) => one.subject.id)).toEqual(['x', 'y']);
    guard.read(15, 'fw', x);
    expect(guard.rows().slice(3)).toEqual(['15 RESOLVED y info', '15 RESOLVED fw info']);
  });

  test('one finding for two causes, each named once', () => {
    const guard = guardOf();
    guard.observe(0, 'fw', { blind: ['truncated', 'truncated', 'no right'] });
    guard.observe(10, 'fw', { blind: ['truncated', 'truncated', 'no right'] });
    expect(guard.finding('blind/fw')?.details).toEqual(['truncated', 'no right']);
    expect(guard.events.filter((event) => event.code === 'GUARD_BLIND')).toHaveLength(1);
  });
});

describe('closing without seeing everything', () => {
  test('a failed reading is not a clean one', () => {
    const guard = guardOf();
    guard.plan({ devices: ['fw', 'web'], scope });
    guard.read(10, 'fw');
    guard.read(10, 'web');
    const { answer } = guard.close(30, { fw: {}, web: { blind: ['truncated'] } });
    expect(answer?.state).toBe('unattested');
    expect(answer?.coverage.notCovered[0]).toBe('web (truncated)');
    expect(guard.state.windows[0]).toMatchObject({ state: 'refused', unattested: true, firstCloseAt: minute(30) });
    expect(guard.finding('window/W')?.details).toContain('no attestation possible');
  });

  test('a device that was not read at all is not clean, also where its last reading was', () => {
    const guard = guardOf();
    guard.plan({ devices: ['fw', 'web'] });
    guard.read(29, 'web');
    expect(guard.close(30, { fw: {} }).answer?.state).toBe('unattested');
  });

  test('an opening known from before counts although the device cannot be read now', () => {
    const guard = guardOf();
    guard.plan({ devices: ['fw', 'web'], scope });
    guard.read(10, 'fw', x);
    expect(guard.close(30, { fw: { blind: ['no answer'] }, web: {} }).answer).toMatchObject({
      state: 'refused',
      openings: [{ id: 'x' }],
    });
    guard.tick(45);
    expect(guard.rows()).toContain('45 LEFT_OPEN x high');
  });

  test('still blind at the deadline, the window is not closed; seen clean by then, it is silent', () => {
    const dark = guardOf();
    dark.plan({ scope });
    dark.close(30, { fw: { blind: ['no answer'] } });
    dark.tick(45);
    expect(dark.rows()).toEqual(['30 CLOSURE_REFUSED W info', '45 WINDOW_NOT_CLOSED W medium']);
    const seen = guardOf();
    seen.plan({ scope });
    seen.close(30, { fw: { blind: ['no answer'] } });
    seen.read(40, 'fw');
    seen.tick(90);
    expect(seen.rows()).toEqual(['30 CLOSURE_REFUSED W info']);
    expect(seen.state.windows[0]?.state).toBe('refused');
  });

  test('nobody closed and nothing could be read: not closed, never clean', () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.read(10, 'fw');
    guard.miss(65, 'fw');
    guard.tick(75);
    expect(guard.rows()).toEqual(['75 WINDOW_NOT_CLOSED W medium']);
  });
});

describe('the three columns', () => {
  test('name what was read, what is declared and what is outside', () => {
    const guard = guardOf();
    guard.observe(0, 'fw', { declared: [subject({ id: 'pub', ports: '443' })] });
    guard.miss(0, 'web');
    const coverage = coverageOf(guard.state, guard.context, ['fw', 'web', 'pacs']);
    expect(coverage.observed).toEqual(['fw at 2016-02-16T08:00:00.000Z']);
    expect(coverage.declared).toEqual(['fw: internet → web tcp 443']);
    expect(coverage.notCovered).toEqual([
      'web (no answer)',
      'pacs (never read completely)',
      'removable media, third-party premises, search engines',
      'authenticated misuse of a declared service is outside this control',
    ]);
  });

  test('say what is open and waived, while it is', () => {
    const guard = guardOf();
    const x = subject({ id: 'x', ports: '3389' });
    guard.waive(0, 'x', 60, x.set);
    guard.read(5, 'fw', x);
    const declared = () => coverageOf(guard.state, guard.context, ['fw']).declared;
    expect(declared()).toEqual(['fw: waived by RSSI until 2016-02-16T09:00:00.000Z: internet → web tcp 3389']);
    guard.tick(60);
    expect(declared()).toEqual([]);
  });

  test('never say "no leak" or "secure"', () => {
    const guard = guardOf();
    guard.read(0, 'fw');
    const text = coverageText(coverageOf(guard.state, guard.context, ['fw']), 0);
    expect(text).toContain('No drift from the declared baseline on the sources read: fw at');
    expect(text).not.toMatch(/no leak|secure|safe/i);
    expect(coverageText(coverageOf(guard.state, guard.context, ['fw']), 2)).toContain('2 findings open');
  });
});

import { describe, expect, test } from '@jest/globals';
import { routeTo } from '../../agent/alarms/index.js';
import { type FindingEvent, FLOOD_MIN, isGroup } from '../../agent/judge/index.js';
import { guardOf, minute, subject } from '../support/guard.js';

const many = (count: number, from = 0, ports = '80') =>
  Array.from({ length: count }, (_, index) =>
    subject({ id: `r${from + index}`, dst: `10.0.${(from + index) >> 8}.${(from + index) & 255}`, ports }),
  );
const route = routeTo([{ id: 'siem', takes: ['alert', 'reminder', 'notice'] }]);
const told = (events: readonly FindingEvent[]) => events.filter((event) => route(event).length > 0);
const GROUP = 'flood/UNPLANNED_OPENING';
const open = (guard: ReturnType<typeof guardOf>) =>
  guard.state.findings.filter((finding) => finding.resolvedAt === undefined && !isGroup(finding));

describe('a flood', () => {
  test('10,000 openings of one edit are one alarm, and 10,000 findings', () => {
    const guard = guardOf();
    const openings = [...many(9_990), subject({ id: 'rdp', dst: 'web', ports: '3389' }), ...many(9, 9_990)];
    guard.read(0, 'fw', ...openings);
    expect(told(guard.events)).toMatchObject([
      { id: `${GROUP}#1.0`, kind: 'raise', code: 'UNPLANNED_OPENING', severity: 'critical', row: false },
    ]);
    const [group] = told(guard.events).map(({ finding }) => finding);
    expect(group).toMatchObject({
      device: 'fw',
      firstSeen: minute(0),
      grouped: { open: 10_000, total: 10_000 },
      details: ['each is listed by `ecluse findings`', 'fw: 10000', expect.stringContaining('one of the worst: ')],
    });
    expect(group!.grouped!.summary).toMatch(/^10000 of 10000 alarms told as one .*: \d+ critical, \d+ high$/);
    expect(open(guard)).toHaveLength(10_000);
    expect(open(guard).every((finding) => finding.toldAs === GROUP)).toBe(true);
    expect(guard.rows()).toHaveLength(10_000);

    guard.read(5, 'fw', ...openings.slice(0, 5_000));
    guard.read(10, 'fw');
    expect(told(guard.events).map(({ id, kind, code }) => `${id} ${kind} ${code}`)).toEqual([
      `${GROUP}#1.0 raise UNPLANNED_OPENING`,
      `${GROUP}#1.1 update UNPLANNED_OPENING`,
      `${GROUP}#1.2 resolve RESOLVED`,
    ]);
    expect(told(guard.events)[1]!.finding.grouped).toMatchObject({ open: 5_000, total: 10_000 });
    expect(guard.events.filter(({ code }) => code === 'RESOLVED')).toHaveLength(10_001);
  });

  test(`${FLOOD_MIN} are told one by one; one more within ten minutes is a group, an hour later it is not`, () => {
    const guard = guardOf();
    guard.read(0, 'fw', ...many(FLOOD_MIN));
    expect(told(guard.events)).toHaveLength(FLOOD_MIN);
    guard.read(9, 'fw', ...many(FLOOD_MIN + 1));
    expect(told(guard.events).slice(FLOOD_MIN)).toMatchObject([{ kind: 'raise', finding: { key: GROUP } }]);
    guard.read(70, 'fw', ...many(FLOOD_MIN + 2));
    const later = told(guard.events).slice(FLOOD_MIN + 1);
    // Those that were told one by one are said again one by one, the others with their group.
    const reminded = later.filter(({ kind }) => kind === 'remind').map(({ finding }) => finding.key);
    expect(reminded).toEqual([...many(FLOOD_MIN).map(({ id }) => `fw/${id}`), GROUP]);
    expect(later.filter(({ kind }) => kind !== 'remind')).toMatchObject([
      { kind: 'raise', finding: { key: 'fw/r21' } },
    ]);
  });

  test('of many devices, each with a few, is a flood as well', () => {
    const guard = guardOf();
    for (let index = 0; index < 1_000; index++) {
      const [one] = many(1, index);
      guard.feed({
        kind: 'observed',
        at: minute(index / 500),
        observation: {
          device: `fw${index}`,
          at: minute(index / 500),
          undeclared: [{ ...one!, device: `fw${index}` }],
          declared: [],
          missing: [],
          blind: [],
        },
      });
    }
    guard.tick(10);
    expect(open(guard)).toHaveLength(1_000);
    const groups = told(guard.events).filter(({ finding }) => isGroup(finding));
    expect(told(guard.events).length - groups.length).toBe(FLOOD_MIN);
    // At most one a minute.
    expect(groups.length).toBeLessThanOrEqual(4);
    const last = groups.at(-1)!.finding;
    expect(last.grouped).toMatchObject({ open: 1_000 - FLOOD_MIN, stale: false });
    expect(last.details![1]).toMatch(/^fw\d+: 1, .* and 975 more devices$/);
    expect(last.device).toBeUndefined();
  });

  test('that becomes worse is told at once; other news within a minute', () => {
    const guard = guardOf();
    guard.read(0, 'fw', ...many(30));
    guard.read(0.1, 'fw', ...many(31));
    expect(told(guard.events)).toHaveLength(1);
    guard.read(0.2, 'fw', ...many(31), subject({ id: 'rdp', dst: 'web', ports: '3389' }));
    expect(told(guard.events).at(-1)).toMatchObject({ kind: 'update', severity: 'critical' });
    guard.read(0.3, 'fw', ...many(32), subject({ id: 'rdp', dst: 'web', ports: '3389' }));
    expect(told(guard.events)).toHaveLength(2);
    guard.tick(5);
    expect(told(guard.events).at(-1)).toMatchObject({ at: minute(1.2), finding: { grouped: { open: 33, total: 33 } } });
  });

  test('left after a window is reminded of once, not once for each', () => {
    const guard = guardOf();
    guard.plan({ scope: [{ kind: 'rule' }] });
    guard.read(10, 'fw', ...many(500));
    guard.tick(75 + 24 * 60 + 1);
    const events = told(guard.events).map(({ kind, finding: { key } }) => `${kind} ${key}`);
    expect(events).toEqual([
      'raise flood/IN_WINDOW_CHANGE',
      // The window's own word comes before the group's, as windows come before what is told of them.
      'raise window/W',
      'resolve flood/IN_WINDOW_CHANGE',
      'raise flood/LEFT_OPEN',
      'remind flood/LEFT_OPEN',
      'remind flood/LEFT_OPEN',
      'remind flood/LEFT_OPEN',
    ]);
    expect(guard.rows().filter((row) => row.includes('LEFT_OPEN'))).toHaveLength(500);
  });

  test('that is quiet again because the window goes on is told as over, and left again as a flood', () => {
    const guard = guardOf();
    guard.plan({ scope: [{ kind: 'rule' }] });
    guard.read(10, 'fw', ...many(30));
    guard.close(20, { fw: { undeclared: many(30) } });
    guard.tick(36);
    guard.feed({ kind: 'windowResumed', at: minute(40), window: 'W', by: 'RSSI' });
    guard.tick(80);
    const events = told(guard.events).map(({ kind, finding: { key } }) => `${kind} ${key}`);
    expect(events.filter((one) => one.includes('flood/'))).toEqual([
      'raise flood/IN_WINDOW_CHANGE',
      'resolve flood/IN_WINDOW_CHANGE',
      'raise flood/LEFT_OPEN',
      'resolve flood/LEFT_OPEN',
      'raise flood/IN_WINDOW_CHANGE',
      'resolve flood/IN_WINDOW_CHANGE',
      'raise flood/LEFT_OPEN',
    ]);
    expect(events.filter((one) => one.includes('fw/'))).toEqual([]);
  });

  test('of planned changes lets go of those that wait for acceptance: each is a question to somebody', () => {
    const guard = guardOf();
    const keep = { owner: 'Head of imaging', review: minute(10_000) };
    const scope = [{ kind: 'rule' as const, dst: '10.0.0.0/30', keep }, { kind: 'rule' as const }];
    guard.plan({ scope });
    guard.read(10, 'fw', ...many(30));
    guard.close(50, { fw: { undeclared: many(4) } });
    guard.tick(80);
    const waiting = told(guard.events).filter(({ code }) => code === 'PENDING_ACCEPTANCE');
    expect(waiting.map(({ finding }) => finding.key)).toEqual(many(4).map(({ id }) => `fw/${id}`));
    expect(told(guard.events).at(-1)).toMatchObject({ kind: 'resolve', finding: { key: 'flood/IN_WINDOW_CHANGE' } });
  });

  test('is taken on as one, until more comes', () => {
    const guard = guardOf();
    guard.read(0, 'fw', ...many(30));
    guard.feed({ kind: 'acknowledge', at: minute(1), key: GROUP, by: 'duty officer' });
    expect(guard.finding(GROUP)?.acknowledged?.by).toBe('duty officer');
    expect(open(guard).every((finding) => finding.acknowledged?.by === 'duty officer')).toBe(true);
    guard.read(5, 'fw', ...many(29));
    expect(guard.finding(GROUP)?.acknowledged?.by).toBe('duty officer');
    guard.read(9, 'fw', ...many(31));
    expect(told(guard.events).at(-1)).toMatchObject({ kind: 'raise', finding: { key: GROUP } });
    expect(guard.finding(GROUP)?.acknowledged).toBeUndefined();
  });

  test('what a waiver accepts is counted no more; when it ends, it is told by itself', () => {
    const guard = guardOf();
    guard.read(0, 'fw', ...many(21));
    guard.waive(2, 'r3', 600);
    expect(told(guard.events).at(-1)).toMatchObject({ kind: 'update', finding: { grouped: { open: 20 } } });
    guard.tick(601);
    expect(told(guard.events).at(-1)).toMatchObject({ kind: 'raise', finding: { key: 'fw/r3' } });
  });

  test('shut and opened again is a new generation of the same key', () => {
    const guard = guardOf();
    guard.read(0, 'fw', ...many(30));
    guard.read(5, 'fw');
    guard.read(60, 'fw', ...many(30));
    expect(told(guard.events).map(({ id }) => id)).toEqual([`${GROUP}#1.0`, `${GROUP}#1.1`, `${GROUP}#2.0`]);
  });
});

import { describe, expect, test } from '@jest/globals';
import { routeTo } from '../../agent/alarms/index.js';
import { guardOf, minute, subject } from '../support/guard.js';

const x = subject({ id: 'x' });
const rdp = subject({ id: 'rdp', ports: '3389' });
const duty = { to: 'duty', afterMinutes: { critical: 15, high: 60 } };
const chief = { to: 'chief', afterMinutes: { critical: 30 } };
const guarded = () => guardOf({ escalations: [duty, chief] });
const route = routeTo([
  { id: 'siem', takes: ['alert'] },
  { id: 'duty', takes: ['alert', 'reminder'], waits: true },
  { id: 'chief', takes: ['alert'], waits: true },
]);
const toldTo = (guard: ReturnType<typeof guardOf>, sink: string) =>
  guard.events
    .filter((event) => route(event).includes(sink))
    .map(({ at, kind, finding }) => `${(at - minute(0)) / 60_000} ${kind} ${finding.subjectId}`);

describe('an alarm that nobody takes on', () => {
  test('is passed on after the time of its severity, to each in turn, and to nobody twice', () => {
    const guard = guarded();
    guard.read(0, 'fw', x, rdp);
    guard.tick(24 * 60 - 1);
    expect(toldTo(guard, 'duty')).toEqual([
      ...['15 escalate rdp', '30 escalate rdp', '60 remind rdp', '60 escalate x', '240 remind x', '240 remind rdp'],
    ]);
    expect(toldTo(guard, 'chief')).toEqual(['30 escalate rdp']);
    expect(toldTo(guard, 'siem')).toEqual([
      '0 raise x',
      '0 raise rdp',
      '15 escalate rdp',
      '30 escalate rdp',
      '60 escalate x',
    ]);
    expect(guard.finding('fw/rdp')?.escalated).toEqual(['duty', 'chief']);
  });

  test('whoever it was passed on to hears of its end, and nobody else does', () => {
    const guard = guarded();
    guard.read(0, 'fw', rdp, x);
    guard.read(20, 'fw', x);
    expect(toldTo(guard, 'duty')).toEqual(['15 escalate rdp', '20 resolve rdp']);
    expect(toldTo(guard, 'chief')).toEqual([]);
  });

  test('is not, once somebody has, until it is wider than they saw', () => {
    const guard = guarded();
    guard.read(0, 'fw', rdp);
    guard.feed({ kind: 'acknowledge', at: minute(10), key: 'fw/rdp', by: 'duty officer' });
    guard.read(100, 'fw', rdp);
    expect(toldTo(guard, 'duty')).toEqual([]);
    guard.read(120, 'fw', { ...rdp, set: 'wider' });
    guard.tick(200);
    expect(toldTo(guard, 'duty')).toEqual(['135 escalate rdp', '150 escalate rdp', '180 remind rdp']);
  });

  test('is not while a waiver accepts it', () => {
    const guard = guarded();
    guard.read(0, 'fw', rdp);
    guard.waive(5, 'rdp', 100);
    guard.tick(99);
    expect(toldTo(guard, 'duty')).toEqual([]);
    guard.tick(300);
    expect(toldTo(guard, 'duty')).toEqual(['115 escalate rdp', '130 escalate rdp', '160 remind rdp']);
  });

  test('counts from when it was told, not from when it was opened in a window', () => {
    const guard = guarded();
    guard.plan({ scope: [{ kind: 'rule' }] });
    guard.read(10, 'fw', x);
    guard.tick(300);
    expect(toldTo(guard, 'duty')).toEqual(['135 escalate x']);
    guard.tick(315);
    expect(toldTo(guard, 'duty')).toEqual(['135 escalate x', '315 remind x']);
  });

  test('becomes worse: the shorter time counts from when it was told', () => {
    const guard = guarded();
    const listener = subject({ id: 'l', kind: 'listener', device: 'web', dst: 'web', ports: '3389' });
    guard.read(0, 'web', listener);
    expect(guard.finding('web/l')?.severity).toBe('high');
    guard.read(20, 'fw', rdp);
    expect(guard.finding('web/l')).toMatchObject({ severity: 'critical', escalated: ['duty'] });
  });

  test('of a flood is passed on as the group, once', () => {
    const guard = guarded();
    const many = Array.from({ length: 50 }, (_, index) =>
      subject({ id: `r${index}`, ports: '3389', dst: `10.0.0.${index}` }),
    );
    guard.read(0, 'fw', ...many);
    guard.tick(20);
    expect(toldTo(guard, 'duty')).toEqual(['15 escalate UNPLANNED_OPENING']);
  });

  test('nothing is passed on where nobody is named, and what is for information never is', () => {
    const alone = guardOf();
    alone.read(0, 'fw', rdp);
    alone.tick(1_000);
    expect(alone.events.map(({ kind }) => kind)).toEqual(['raise', 'remind', 'remind']);
    const noted = guarded();
    noted.plan({ scope: [{ kind: 'rule' }], end: 600 });
    noted.read(10, 'fw', rdp);
    noted.tick(500);
    expect(noted.events.map(({ kind, severity }) => `${kind} ${severity}`)).toEqual(['raise info']);
  });
});

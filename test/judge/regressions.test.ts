import { describe, expect, test } from '@jest/globals';
import { emptyJudgeState, judge, nextDue } from '../../agent/judge/index.js';
import { contextOf, guardOf, minute, START, subject } from '../support/guard.js';

/**
 * The same fault in four other programs: something that began while it was muted stays unheard, or is heard late,
 * once the mute ends. Here the mute is the declared scope of a window, or a waiver.
 */
const scope = [{ kind: 'rule' as const, dst: 'web' }];
const x = subject({ id: 'x' });

describe('what began while muted is told when the mute ends', () => {
  test('alertmanager#2896: at once, not at the next repeat of the interval', () => {
    const guard = guardOf();
    guard.plan({ scope, end: 60 });
    guard.read(59, 'fw', x);
    guard.tick(75);
    expect(guard.rows()).toContain('75 LEFT_OPEN x high');
  });

  test('alertmanager#3367: also when it was told before the mute and never changed', () => {
    const guard = guardOf();
    guard.read(5, 'fw', x);
    guard.plan({ id: 'W', scope, start: 0, end: 60 }, 10);
    guard.tick(75);
    expect(guard.rows()).toEqual([
      '5 UNPLANNED_OPENING x high',
      '10 IN_WINDOW_CHANGE x info',
      '75 LEFT_OPEN x high',
      '75 WINDOW_NOT_CLOSED W medium',
    ]);
  });

  test('kibana#215634: also when the guard was not running while the mute ended', () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.read(10, 'fw', x);
    // The process is killed at minute 11 and comes back a day later; its first event is a failed reading.
    guard.miss(1440, 'fw');
    const left = guard.events.find((event) => event.code === 'LEFT_OPEN');
    expect(left).toMatchObject({ at: minute(75), row: true, kind: 'raise' });
    expect(guard.events.filter((event) => event.kind === 'remind').map((event) => event.at)).toEqual([
      minute(135),
      minute(315),
    ]);
  });

  test('keep#5257: an acknowledgement given during the window does not outlive it', () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.read(10, 'fw', x);
    guard.acknowledge(20, 'fw/x');
    guard.tick(75);
    expect(guard.rows()).toContain('75 LEFT_OPEN x high');
    expect(guard.finding('fw/x')?.acknowledged).toBeUndefined();
  });

  test('and a waiver that ends after the window tells what is left at its own end', () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.read(10, 'fw', x);
    guard.waive(20, 'x', 100);
    guard.tick(200);
    expect(guard.rows()).toEqual([
      '10 IN_WINDOW_CHANGE x info',
      '85 WINDOW_NOT_CLOSED W medium',
      '100 LEFT_OPEN x high',
    ]);
  });
});

describe('time', () => {
  test('what fell due in between is judged in order, each at its own instant', () => {
    const guard = guardOf();
    guard.plan({ id: 'A', scope, end: 60 });
    guard.plan({ id: 'B', devices: ['web'], scope: [{ kind: 'listener' }], end: 30 });
    guard.read(10, 'fw', x);
    guard.read(20, 'web', subject({ id: 'l', kind: 'listener', device: 'web', dst: 'web' }));
    guard.tick(1000);
    const told = guard.events.filter((event) => event.row).map((event) => event.at);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(guard.rows()).toEqual([
      '10 IN_WINDOW_CHANGE x info',
      '20 IN_WINDOW_CHANGE l info',
      '45 LISTENER_LEFT l high',
      '45 WINDOW_NOT_CLOSED B medium',
      '75 LEFT_OPEN x high',
      '75 WINDOW_NOT_CLOSED A medium',
    ]);
  });

  test('a reading that arrives late keeps the time it was taken, so the window still covers it', () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.tick(61);
    guard.feed({
      kind: 'observed',
      at: minute(59),
      observation: { device: 'fw', at: minute(59), undeclared: [x], declared: [], missing: [], blind: [] },
    });
    expect(guard.events[0]).toMatchObject({ code: 'IN_WINDOW_CHANGE', at: minute(61) });
    expect(guard.finding('fw/x')?.firstSeen).toBe(minute(59));
  });

  test('the next due instant is always ahead, and undefined when nothing is pending', () => {
    const context = contextOf();
    expect(nextDue(emptyJudgeState(START), context)).toBeUndefined();
    const guard = guardOf();
    guard.plan({ scope });
    expect(nextDue(guard.state, context)).toBe(minute(75));
    guard.read(70, 'fw');
    guard.tick(75);
    expect(nextDue(guard.state, context)).toBeUndefined();
  });

  test('a tick that brings nothing tells nothing', () => {
    const context = contextOf();
    expect(judge(emptyJudgeState(START), { kind: 'tick', at: minute(5) }, context).events).toEqual([]);
  });
});

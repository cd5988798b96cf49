import { describe, expect, test } from '@jest/globals';
import {
  covers,
  deadline,
  effectiveEnd,
  type MaintenanceWindow,
  planWindow,
  stepWindow,
  type WindowEvent,
  type WindowState,
} from '../../agent/windows/index.js';

const [START, END] = [100, 200];

function planned(): MaintenanceWindow {
  const step = planWindow({ id: 'W1', vendor: 'vendor', devices: ['fw', 'web'], start: START, end: END, scope: [] });
  if (!step.ok) throw new Error(step.error.message);
  return step.value.window;
}

function after(window: MaintenanceWindow, ...events: readonly (readonly [number, WindowEvent])[]): MaintenanceWindow {
  return events.reduce((now, [at, event]) => {
    const step = stepWindow(now, event, at);
    if (!step.ok) throw new Error(step.error.message);
    return step.value.window;
  }, window);
}

const open: WindowEvent = { kind: 'open' };
const cancel: WindowEvent = { kind: 'cancel' };
const passed: WindowEvent = { kind: 'deadline', graceMs: 15 };
const extendTo = (until: number): WindowEvent => ({ kind: 'extend', until, by: 'RSSI', reason: 'parts came late' });
const closeAs = (verdict: 'closed' | 'refused' | 'unattested'): WindowEvent => ({ kind: 'close', verdict });

const inState: Record<WindowState, () => MaintenanceWindow> = {
  planned,
  open: () => after(planned(), [110, open]),
  closed: () => after(planned(), [110, open], [150, closeAs('closed')]),
  refused: () => after(planned(), [110, open], [150, closeAs('refused')]),
  overdue: () => after(planned(), [110, open], [215, passed]),
  cancelled: () => after(planned(), [50, cancel]),
};

describe('every transition of every state', () => {
  /** From, event, at, and the state that follows or the words of the refusal. */
  const table: readonly (readonly [WindowState, WindowEvent, number, string])[] = [
    ['planned', open, 100, 'open'],
    ['planned', open, 99, 'cannot be opened before it starts'],
    ['planned', open, 200, 'open'],
    ['planned', open, 201, 'cannot be opened after it ended'],
    ['planned', extendTo(300), 50, 'planned'],
    ['planned', closeAs('closed'), 150, 'closed'],
    ['planned', closeAs('refused'), 150, 'refused'],
    ['planned', closeAs('closed'), 99, 'has not started'],
    ['planned', cancel, 150, 'cancelled'],
    ['planned', passed, 215, 'overdue'],
    ['planned', passed, 214, 'has its deadline only at'],
    ['open', open, 120, 'is open since'],
    ['open', extendTo(300), 199, 'open'],
    ['open', extendTo(300), 210, 'open'],
    ['open', extendTo(200), 150, 'already lasts until'],
    ['open', extendTo(210), 210, 'is past'],
    ['open', closeAs('closed'), 150, 'closed'],
    ['open', closeAs('refused'), 150, 'refused'],
    ['open', closeAs('unattested'), 150, 'refused'],
    ['open', cancel, 150, 'cannot be cancelled'],
    ['open', passed, 215, 'overdue'],
    ['open', passed, 200, 'has its deadline only at'],
    ['closed', open, 160, 'is closed since'],
    ['closed', extendTo(300), 160, 'cannot be extended'],
    ['closed', closeAs('closed'), 160, 'cannot be closed'],
    ['closed', cancel, 160, 'cannot be cancelled'],
    ['closed', passed, 165, 'closed'],
    ['refused', open, 160, 'closure was refused'],
    ['refused', extendTo(300), 160, 'cannot be extended'],
    ['refused', closeAs('refused'), 160, 'refused'],
    ['refused', closeAs('closed'), 160, 'closed'],
    ['refused', cancel, 160, 'cannot be cancelled'],
    ['refused', passed, 165, 'refused'],
    ['overdue', open, 220, 'is overdue since'],
    ['overdue', extendTo(300), 220, 'cannot be extended'],
    ['overdue', closeAs('refused'), 220, 'overdue'],
    ['overdue', closeAs('unattested'), 220, 'overdue'],
    ['overdue', closeAs('closed'), 220, 'closed'],
    ['overdue', cancel, 220, 'cannot be cancelled'],
    ['overdue', passed, 220, 'has no deadline to judge'],
    ['cancelled', open, 110, 'was cancelled at'],
    ['cancelled', extendTo(300), 110, 'cannot be extended'],
    ['cancelled', closeAs('closed'), 110, 'cannot be closed'],
    ['cancelled', cancel, 110, 'cannot be cancelled'],
    ['cancelled', passed, 215, 'has no deadline to judge'],
  ];

  test.each(table)('%s: %j at %i: %s', (state, event, at, outcome) => {
    const step = stepWindow(inState[state](), event, at);
    if (step.ok) {
      expect(step.value.window.state).toBe(outcome);
      return;
    }
    expect(step.error.code).toBe('WINDOW_TRANSITION');
    expect(step.error.message).toContain(outcome);
    expect(step.error.message).toMatch(/^window W1 .+: it [^\n]+$/);
  });

  test('the table leaves no pair of state and event out', () => {
    const kinds = ['open', 'extend', 'close', 'cancel', 'deadline'];
    const wanted = Object.keys(inState).flatMap((state) => kinds.map((kind) => `${state} ${kind}`));
    const had = new Set(table.map(([state, event]) => `${state} ${event.kind}`));
    expect(wanted.filter((pair) => !had.has(pair))).toEqual([]);
  });

  test('an extension names who grants it and why', () => {
    const step = stepWindow(inState.open(), { kind: 'extend', until: 300, by: '', reason: 'x' }, 150);
    expect(step).toMatchObject({ ok: false, error: { remedy: 'say who grants it and why' } });
  });
});

describe('planning', () => {
  const plan = { id: 'W1', vendor: 'vendor', devices: ['fw'], start: 100, end: 200, scope: [] };
  test.each([
    [{ ...plan, end: 100 }, 'ends before it starts'],
    [{ ...plan, devices: [] }, 'names no device'],
    [{ ...plan, id: '' }, 'has no id'],
  ])('%j is refused', (wrong, words) => {
    expect(planWindow(wrong)).toMatchObject({ ok: false, error: { message: expect.stringContaining(words) } });
  });
});

describe('the end of a window', () => {
  test('is the planned end, or the approved extension', () => {
    expect(effectiveEnd(inState.open())).toBe(200);
    expect(effectiveEnd(after(inState.open(), [150, extendTo(260)]))).toBe(260);
    expect(deadline(inState.open(), 15)).toBe(215);
  });

  test('is the first close, accepted or refused; a second close does not move it', () => {
    expect(effectiveEnd(inState.refused())).toBe(150);
    expect(effectiveEnd(after(inState.refused(), [170, closeAs('closed')]))).toBe(150);
  });

  test('does not move for a close in the grace time or after the deadline', () => {
    expect(effectiveEnd(after(inState.open(), [210, closeAs('refused')]))).toBe(200);
    expect(effectiveEnd(after(inState.overdue(), [999, closeAs('closed')]))).toBe(200);
  });

  test('an unattested close is remembered until a later one is attested', () => {
    const unsure = after(inState.open(), [150, closeAs('unattested')]);
    expect(unsure.unattested).toBe(true);
    expect(after(unsure, [160, closeAs('closed')]).unattested).toBeUndefined();
  });
});

describe('covers', () => {
  test.each([
    ['fw', 99, false],
    ['fw', 100, true],
    ['fw', 200, true],
    ['fw', 201, false],
    ['other', 150, false],
  ])('%s at %i: %s', (device, at, expected) => expect(covers(inState.open(), device, at)).toBe(expected));

  test('grace is for shutting, not for opening; a cancelled window covers nothing', () => {
    expect(covers(inState.open(), 'fw', 205)).toBe(false);
    expect(covers(inState.cancelled(), 'fw', 150)).toBe(false);
    expect(covers(inState.refused(), 'fw', 151)).toBe(false);
  });
});

test('a window across the night the clocks change keeps its duration', () => {
  // 29 March 2026, Europe/Paris: 02:00 becomes 03:00. Instants are UTC, so 01:30 to 03:30 is one hour, not two.
  const [start, end] = [Date.parse('2026-03-29T01:30:00+01:00'), Date.parse('2026-03-29T03:30:00+02:00')];
  const step = planWindow({ id: 'W1', vendor: 'vendor', devices: ['fw'], start, end, scope: [] });
  if (!step.ok) throw new Error(step.error.message);
  expect(end - start).toBe(3_600_000);
  expect(deadline(step.value.window, 900_000)).toBe(Date.parse('2026-03-29T03:45:00+02:00'));
});

import { describe, expect, test } from '@jest/globals';
import {
  covers,
  deadline,
  effectiveEnd,
  type MaintenanceWindow,
  planWindow,
  SELF_MS_MAX,
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

const resume: WindowEvent = { kind: 'resume', by: 'technician' };
const handOver: WindowEvent = { kind: 'handOver', to: 'on call', by: 'RSSI' };

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
    ['planned', resume, 150, 'cannot be resumed'],
    ['planned', handOver, 150, 'has nothing to hand over'],
    ['open', resume, 150, 'cannot be resumed'],
    ['open', handOver, 150, 'has nothing to hand over'],
    ['closed', resume, 160, 'cannot be resumed'],
    ['closed', handOver, 160, 'has nothing to hand over'],
    ['refused', resume, 199, 'open'],
    ['refused', resume, 200, 'was planned until'],
    ['refused', { kind: 'resume', by: ' ' }, 160, 'cannot be resumed anonymously'],
    ['refused', handOver, 900, 'refused'],
    ['refused', { kind: 'handOver', to: '', by: 'RSSI' }, 160, 'cannot be handed over anonymously'],
    ['overdue', resume, 220, 'cannot be resumed'],
    ['overdue', handOver, 220, 'overdue'],
    ['cancelled', resume, 110, 'cannot be resumed'],
    ['cancelled', handOver, 110, 'has nothing to hand over'],
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
    // Whoever is refused is told what to do; nobody asks for a deadline.
    if (event.kind !== 'deadline') expect(step.error.remedy).toMatch(/\S/);
  });

  test('the table leaves no pair of state and event out', () => {
    const kinds = ['open', 'extend', 'close', 'cancel', 'resume', 'handOver', 'deadline'];
    const wanted = Object.keys(inState).flatMap((state) => kinds.map((kind) => `${state} ${kind}`));
    const had = new Set(table.map(([state, event]) => `${state} ${event.kind}`));
    expect(wanted.filter((pair) => !had.has(pair))).toEqual([]);
  });

  test('an extension names who grants it and why', () => {
    const step = stepWindow(inState.open(), { kind: 'extend', until: 300, by: '', reason: 'x' }, 150);
    expect(step).toMatchObject({ ok: false, error: { remedy: 'say who grants it and why' } });
    for (const blank of [{ by: ' ' }, { reason: '\t ' }])
      expect(stepWindow(inState.open(), { ...extendTo(300), ...blank } as WindowEvent, 150)).toMatchObject({
        ok: false,
        error: { remedy: 'say who grants it and why' },
      });
  });
});

describe('an extension past twice the planned length', () => {
  const extend = (until: number, second?: string) =>
    stepWindow(
      inState.open(),
      { kind: 'extend', until, by: 'RSSI', reason: 'parts late', ...(second !== undefined && { second }) },
      150,
    );

  test('needs a second approver, who is somebody else', () => {
    expect(extend(300)).toMatchObject({ ok: true });
    const refusal = { ok: false, error: { remedy: 'name a second approver' } };
    expect([extend(301), extend(301, '')]).toMatchObject([refusal, refusal]);
    expect(extend(301, ' rssi ')).toMatchObject({
      ok: false,
      error: { remedy: 'name a second approver other than RSSI' },
    });
    const granted = extend(301, 'DSI');
    expect(granted).toMatchObject({ ok: true, value: { window: { extension: { by: 'RSSI', second: 'DSI' } } } });
  });

  test('is measured against the plan, however often it was extended before', () => {
    const longer = after(inState.open(), [150, extendTo(290)]);
    expect(stepWindow(longer, extendTo(310), 160)).toMatchObject({ ok: false });
  });
});

describe('a refused window', () => {
  test('that is resumed is open as if nobody had closed it, with its deadline ahead again', () => {
    const refused = after(inState.open(), [120, closeAs('unattested')], [135, passed]);
    const resumed = after(refused, [140, resume]);
    expect(resumed).toMatchObject({ state: 'open', openedAt: 110, resumed: { by: 'technician', at: 140 } });
    expect([resumed.firstCloseAt, resumed.unattested, resumed.deadlineJudged]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(deadline(resumed, 15)).toBe(215);
    expect(covers(resumed, 'fw', 130)).toBe(true);
    expect(after(resumed, [215, passed]).state).toBe('overdue');
  });

  test('that nobody had opened is open from when it is resumed', () => {
    expect(after(planned(), [120, closeAs('refused')], [130, resume]).openedAt).toBe(130);
  });

  test('that is handed over keeps everything and has an owner', () => {
    const handed = after(inState.refused(), [160, handOver]);
    expect(handed).toEqual({ ...inState.refused(), handedOver: { to: 'on call', by: 'RSSI', at: 160 } });
  });
});

describe('planning', () => {
  const HOUR = 3_600_000;
  const emergency = { caller: 'ward 3', reason: 'PACS down', onCall: 'RSSI' };
  const called = { id: 'E', vendor: 'vendor', devices: ['fw'], start: 0, end: 4 * HOUR, scope: [], emergency };

  test('an emergency names four people and reasons, and lasts four hours at most, extended or not', () => {
    const step = planWindow(called);
    if (!step.ok) throw new Error(step.error.message);
    expect(step.value.window.emergency).toEqual(emergency);
    expect(planWindow({ ...called, end: 4 * HOUR + 1 })).toMatchObject({ ok: false });
    for (const part of ['caller', 'reason', 'onCall']) {
      expect(planWindow({ ...called, emergency: { ...emergency, [part]: ' ' } })).toMatchObject({ ok: false });
    }
    const short = planWindow({ ...called, end: 3 * HOUR });
    if (!short.ok) throw new Error(short.error.message);
    expect(stepWindow(short.value.window, extendTo(4 * HOUR), HOUR)).toMatchObject({ ok: true });
    expect(stepWindow(short.value.window, extendTo(4 * HOUR + 1), HOUR)).toMatchObject({
      ok: false,
      error: { remedy: 'plan another window' },
    });
  });

  test('a window of the hospital’s own staff has somebody who answers for it', () => {
    const { emergency: _, ...own } = { ...called, vendor: 'self' };
    expect(planWindow(own)).toMatchObject({ ok: false, error: { remedy: 'name the person who makes the change' } });
    expect(planWindow({ ...own, owner: 'network team' })).toMatchObject({ ok: true });
  });

  test('a window of the hospital’s own staff lasts one shift at most, extended or not', () => {
    const { emergency: _, ...rest } = called;
    const own = { ...rest, vendor: 'self', owner: 'network team', end: rest.start + SELF_MS_MAX };
    const step = planWindow(own);
    if (!step.ok) throw new Error(step.error.message);
    expect(planWindow({ ...own, end: own.end + 1 })).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('twelve hours at most') },
    });
    const later: WindowEvent = { kind: 'extend', until: own.end + 1, by: 'RSSI', reason: 'not done' };
    expect(stepWindow(step.value.window, later, own.start + 1)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('twelve hours at most') },
    });
  });

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

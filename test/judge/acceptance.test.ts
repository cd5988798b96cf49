import { describe, expect, test } from '@jest/globals';
import type { Word } from '../../agent/judge/index.js';
import { guardOf, minute, subject } from '../support/guard.js';

const keep = { owner: 'Head of imaging', review: minute(600) };
const scope = [{ kind: 'rule' as const, dst: 'web', proto: 'tcp', ports: '443', keep }];
const x = subject({ id: 'x', ports: '443' });

/** A flow that was announced as staying, at the deadline of its window. */
function waiting(overrides: Parameters<typeof guardOf>[0] = {}) {
  const guard = guardOf(overrides);
  guard.feed({
    kind: 'windowPlanned',
    at: minute(0),
    window: {
      ...{
        id: 'W',
        vendor: 'Integrator',
        technician: 'Technician 12',
        devices: ['fw'],
        start: minute(0),
        end: minute(60),
      },
      scope,
    },
  });
  guard.read(10, 'fw', x);
  guard.read(75, 'fw', x);
  const say = (at: number, word: Word, key = 'fw/x') => guard.feed({ kind: 'accept', at: minute(at), key, word });
  const accept = (at: number, by: string, second?: string) =>
    say(at, { kind: 'accept', by, ...(second !== undefined && { second }) });
  return { guard, say, accept };
}

describe('a flow that is to stay', () => {
  test('waits for its owner and one more person, and says for whom', () => {
    const { guard } = waiting();
    expect(guard.finding('fw/x')).toMatchObject({
      code: 'PENDING_ACCEPTANCE',
      severity: 'info',
      awaits: { owners: ['Head of imaging'], people: 2, until: minute(600), signed: [] },
      details: [expect.stringMatching(/^waits for Head of imaging and one more person of the hospital until 2016-/)],
    });
  });

  test('is declared once both have said so, one after the other, and is no finding any more', () => {
    const { guard, accept } = waiting();
    accept(80, 'RSSI');
    expect(guard.finding('fw/x')?.details).toEqual([
      expect.stringMatching(/^accepted by RSSI, waits for Head of imaging until/),
    ]);
    expect(guard.events.at(-1)).toMatchObject({ kind: 'update', row: false });
    accept(90, 'head of imaging');
    guard.read(100, 'fw', x);
    guard.tick(700);
    expect(guard.rows()).toEqual([
      '10 IN_WINDOW_CHANGE x info',
      '75 PENDING_ACCEPTANCE x info',
      '75 CLOSED_UNSIGNED W info',
      '90 RESOLVED x info',
    ]);
    expect(guard.finding('fw/x')?.details).toEqual([
      'accepted by RSSI and head of imaging, now declared in the baseline',
    ]);
    expect(guard.finding('fw/x')).not.toHaveProperty('awaits');
  });

  test('is declared at once where both are there, and by its owner alone where the hospital says so', () => {
    const both = waiting();
    both.accept(80, 'Head of imaging', 'RSSI');
    expect(both.guard.rows()).toContain('80 RESOLVED x info');
    const alone = waiting({ approvalPeople: 1 });
    alone.accept(80, 'RSSI');
    expect(alone.guard.finding('fw/x')?.details?.[0]).toMatch(/^accepted by RSSI, waits for Head of imaging until/);
    alone.accept(81, 'Head of imaging');
    expect(alone.guard.rows()).toContain('81 RESOLVED x info');
  });

  test('is not accepted by who came to work, by one person twice, without a name, or before its window is over', () => {
    const { guard, accept } = waiting();
    const why = (step: ReturnType<typeof accept>) => step.problem?.message;
    expect(why(accept(80, 'integrator', 'RSSI'))).toContain('was opened by integrator');
    expect(why(accept(80, 'Head of imaging', 'technician 12 '))).toContain('was opened by technician 12');
    expect(why(accept(80, ' '))).toContain('without a name');
    accept(81, 'Head of imaging', 'head of imaging');
    expect(guard.finding('fw/x')?.resolvedAt).toBeUndefined();
    expect(why(accept(82, 'HEAD OF IMAGING'))).toContain('is signed by HEAD OF IMAGING already');
    expect(guard.finding('fw/x')?.code).toBe('PENDING_ACCEPTANCE');
    const early = guardOf();
    early.plan({ scope });
    early.read(10, 'fw', x);
    const step = early.feed({
      kind: 'accept',
      at: minute(20),
      key: 'fw/x',
      word: { kind: 'accept', by: 'Head of imaging' },
    });
    expect(step.problem).toMatchObject({ code: 'CANNOT_ACCEPT' });
    expect(accept(90, 'RSSI').problem).toBeUndefined();
    expect(
      guard.feed({ kind: 'accept', at: minute(91), key: 'fw/y', word: { kind: 'accept', by: 'A' } }),
    ).toMatchObject({ problem: { code: 'NO_FINDING' } });
  });

  test('refused, it is left open from that moment, with who and why, and in the way of closing', () => {
    const { guard, say, accept } = waiting();
    accept(80, 'RSSI');
    expect(say(85, { kind: 'refuse', by: 'Head of imaging', reason: ' ' }).problem?.message).toContain(
      'without a reason',
    );
    say(90, { kind: 'refuse', by: 'Head of imaging', reason: 'test is over' });
    expect(guard.rows().at(-1)).toBe('90 LEFT_OPEN x medium');
    expect(guard.finding('fw/x')).toMatchObject({
      details: ['announced as staying, and refused by Head of imaging: test is over'],
    });
    expect(accept(95, 'Head of imaging', 'DSI').problem).toMatchObject({ code: 'CANNOT_ACCEPT' });
    expect(guard.close(100, { fw: { undeclared: [x] } }).answer).toMatchObject({ state: 'refused' });
    guard.read(110, 'fw');
    expect(guard.rows().at(-1)).toBe('110 RESOLVED x info');
  });

  test('that nobody accepted in time is left open on its day, with who had signed', () => {
    const { guard, accept } = waiting();
    accept(80, 'RSSI');
    guard.tick(600);
    expect(guard.rows().at(-1)).toBe('600 LEFT_OPEN x medium');
    expect(guard.finding('fw/x')?.details?.[0]).toMatch(/^announced as staying, and accepted by only RSSI until/);
    expect(accept(610, 'Head of imaging').problem).toMatchObject({ code: 'CANNOT_ACCEPT' });
  });

  test('that is narrowed between two words waits for both again: they were said of other packets', () => {
    const { guard, accept } = waiting();
    accept(80, 'RSSI');
    const narrower = subject({ id: 'x', ports: '443', src: '198.51.100.7' });
    guard.read(85, 'fw', narrower);
    expect(guard.finding('fw/x')?.awaits?.signed).toEqual([]);
    accept(90, 'Head of imaging');
    expect(guard.finding('fw/x')?.resolvedAt).toBeUndefined();
  });

  test('is told as an exposure of the baseline where it is one, under the same key', () => {
    const rdp = subject({ id: 'x', ports: '3389' });
    const guard = guardOf();
    guard.plan({ scope: [{ ...scope[0]!, ports: '3389' }] });
    guard.read(10, 'fw', rdp);
    guard.read(75, 'fw', rdp);
    guard.feed({
      kind: 'accept',
      at: minute(80),
      key: 'fw/x',
      word: { kind: 'accept', by: 'Head of imaging', second: 'DSI' },
    });
    expect(guard.rows().at(-1)).toBe('80 BASELINE_EXPOSURE x critical');
  });
});

describe('a flow that was accepted', () => {
  const accepted = () => {
    const one = waiting();
    one.accept(80, 'Head of imaging', 'RSSI');
    return one.guard;
  };

  test('is missed once it is cut, and not where a wider declared one lets it pass', () => {
    const guard = accepted();
    guard.observe(90, 'fw', { declared: [subject({ id: 'b', ports: '443,444' })] });
    expect(guard.rows().at(-1)).toBe('80 RESOLVED x info');
    guard.read(95, 'fw');
    guard.read(100, 'fw', x);
    expect(guard.rows().slice(-2)).toEqual(['95 MISSING_FLOW x low', '100 RESOLVED x info']);
  });

  test('is declared under whatever rule the very same packets pass, and nothing beside them', () => {
    const guard = accepted();
    guard.read(90, 'fw', subject({ id: 'renamed', ports: '443' }));
    expect(guard.rows().at(-1)).toBe('80 RESOLVED x info');
    guard.read(95, 'fw', subject({ id: 'x', ports: '443,444' }));
    expect(guard.rows().at(-1)).toBe('95 UNPLANNED_OPENING x medium');
  });

  test('is what the next approved snapshot says of it', () => {
    const guard = accepted();
    guard.feed({ kind: 'approved', at: minute(85), device: 'fw', seen: minute(79) });
    guard.read(90, 'fw', x);
    expect(guard.rows().at(-1)).toBe('80 RESOLVED x info');
    guard.feed({ kind: 'approved', at: minute(95), device: 'fw', seen: minute(94) });
    guard.read(100, 'fw', x);
    expect(guard.rows().at(-1)).toBe('100 UNPLANNED_OPENING x medium');
    expect(guard.state).not.toHaveProperty('acceptances');
  });

  test('does not shut when a reading is blind', () => {
    const guard = accepted();
    guard.observe(90, 'fw', { blind: ['no right'] });
    expect(guard.rows().at(-1)).toBe('80 RESOLVED x info');
  });
});

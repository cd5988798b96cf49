import { describe, expect, test } from '@jest/globals';
import { guardOf, minute, subject } from '../support/guard.js';

const x = subject({ id: 'x' });
const scope = [{ kind: 'rule' as const, dst: 'web' }];
const HOUR = 60;

describe('one finding for as long as the same thing is open', () => {
  test('300 polls: one key, one alarm, count and last seen grow, and only reminders are told again', () => {
    const guard = guardOf();
    for (let poll = 0; poll < 300; poll++) guard.read(poll * 5, 'fw', x);
    expect(guard.events.map(({ kind, finding }) => `${kind} ${finding.key}`)).toEqual([
      'raise fw/x',
      ...Array<string>(3).fill('remind fw/x'),
    ]);
    expect(guard.finding('fw/x')).toMatchObject({ count: 300, firstSeen: minute(0), lastSeen: minute(299 * 5) });
  });

  test('a poll without news leaves what is there as it is, also where its parts are written anew', () => {
    const guard = guardOf();
    const shown = { undeclared: [x], declared: [subject({ id: 'd' })], missing: [subject({ id: 'm' })] };
    guard.observe(0, 'fw', shown);
    const { present } = guard.state;
    guard.observe(5, 'fw', structuredClone(shown));
    expect(guard.state.present).toBe(present);
  });

  test('when it was seen last is known however it was seen: complete, in part, from elsewhere, by a clock set back', () => {
    const told = (...polls: readonly (readonly [at: number, blind: readonly string[], device?: string])[]) => {
      const guard = guardOf();
      guard.waive(0, 'x', 100);
      for (const [at, blind, device = 'fw'] of polls) guard.observe(at, device, { undeclared: [x], blind });
      guard.tick(100);
      return ((guard.finding('fw/x')?.lastSeen ?? 0) - minute(0)) / 60_000;
    };
    expect(told([1, []], [5, []], [10, []])).toBe(10);
    expect(told([1, []], [5, []], [10, ['half']])).toBe(10);
    expect(told([1, []], [10, ['half']], [12, []])).toBe(12);
    expect(told([1, []], [10, []], [7, []])).toBe(10);
    expect(told([1, []], [10, []], [7, []], [8, []])).toBe(10);
    expect(told([1, []], [10, []], [7, []], [12, []])).toBe(12);
    expect(told([1, []], [10, []], [20, [], 'web'])).toBe(20);
    expect(told([1, []], [10, [], 'web'])).toBe(10);
  });

  test('renaming, renumbering and a new comment are no news', () => {
    const guard = guardOf();
    guard.read(0, 'fw', { ...x, place: { file: 'nft', line: 3, rule: 'handle 7', text: 'accept' } });
    guard.read(5, 'fw', { ...x, place: { file: 'nft', line: 9, rule: 'handle 12', text: 'accept comment "new"' } });
    expect(guard.events).toHaveLength(1);
  });

  test('shut and opened again: resolved, then a new generation that names the old', () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.read(10, 'fw', x);
    expect(guard.close(30, { fw: {} }).answer?.state).toBe('closed');
    guard.read(50, 'fw', x);
    expect(guard.rows()).toEqual(['10 IN_WINDOW_CHANGE x info', '30 RESOLVED x info', '50 UNPLANNED_OPENING x high']);
    expect(guard.finding('fw/x')).toMatchObject({
      generation: 2,
      firstSeen: minute(50),
      previous: { code: 'IN_WINDOW_CHANGE', generation: 1, resolvedAt: minute(30) },
    });
    expect(guard.events.map((event) => event.id)).toEqual(['fw/x#1.0', 'fw/x#1.1', 'fw/x#2.0']);
  });

  test('a change of severity alone is an update and no row', () => {
    const guard = guardOf();
    const listener = subject({ id: 'l', kind: 'listener', device: 'web', dst: 'web' });
    guard.read(0, 'web', listener);
    guard.read(5, 'fw', x);
    guard.read(10, 'fw');
    expect(guard.rows()).toEqual(['0 UNPLANNED_LISTENER l medium', '5 UNPLANNED_OPENING x high', '10 RESOLVED x info']);
    const updates = guard.events.filter((event) => event.kind === 'update');
    expect(updates.map((event) => `${event.id} ${event.severity}`)).toEqual(['web/l#1.1 high', 'web/l#1.2 medium']);
  });

  test('a removed rule is resolved although another open finding covers its traffic', () => {
    const guard = guardOf();
    const wide = subject({ id: 'wide', dst: 'any', proto: 'any', ports: 'any' });
    guard.read(0, 'fw', x, wide);
    guard.read(5, 'fw', wide);
    expect(guard.rows()).toContain('5 RESOLVED x info');
  });

  test('declared since: resolved; taken out of the baseline: an opening from then on', () => {
    const guard = guardOf();
    guard.read(0, 'fw', x);
    const safe = subject({ id: 'x', ports: '443', set: x.set! });
    guard.observe(5, 'fw', { declared: [safe] });
    guard.read(10, 'fw', x);
    expect(guard.rows()).toEqual(['0 UNPLANNED_OPENING x high', '5 RESOLVED x info', '10 UNPLANNED_OPENING x high']);
    expect(guard.finding('fw/x')?.firstSeen).toBe(minute(10));
  });

  test('a declared flow that is cut, and restored', () => {
    const guard = guardOf();
    guard.observe(0, 'fw', { missing: [subject({ id: 'm', ports: '443' })] });
    guard.read(5, 'fw');
    expect(guard.rows()).toEqual(['0 MISSING_FLOW m low', '5 RESOLVED m info']);
  });

  test('a cut is accepted under a name of its own: the same flow, open again undeclared, is told', () => {
    const flow = subject({ id: 'm', ports: '443' });
    const guard = guardOf();
    guard.observe(0, 'fw', { missing: [flow] });
    guard.waive(1, 'missing/m', 60, flow.set);
    guard.read(5, 'fw', flow);
    expect(guard.rows()).toEqual(['0 MISSING_FLOW m low', '5 RESOLVED m info', '5 UNPLANNED_OPENING m medium']);
  });

  test('what the guard asked to have shut is not missed, but what somebody had accepted is', () => {
    const exposed = subject({ id: 'm', ports: '3389' });
    const guard = guardOf();
    guard.observe(0, 'fw', { missing: [exposed] });
    guard.waive(5, 'm+declared', 60);
    guard.tick(60);
    expect(guard.rows()).toEqual(['5 MISSING_FLOW m low', '60 RESOLVED m info']);
  });

  test('shut now but coming back: told at once, one level lower, and in the way of closing', () => {
    const guard = guardOf();
    guard.plan({ scope });
    const latent = subject({ id: 'saved', latent: { returnsWhen: 'after a reboot' } });
    const shadowed = subject({ id: 'shadowed', ports: '22', latent: { returnsWhen: 'rule 3 goes', shadowed: true } });
    guard.read(10, 'fw', x);
    guard.read(70, 'fw', latent, shadowed);
    expect(guard.rows().slice(1)).toEqual([
      '70 RESOLVED x info',
      '70 LATENT_OPENING saved medium',
      '70 LATENT_OPENING shadowed low',
    ]);
    const closing = guardOf();
    closing.plan({ scope });
    closing.read(10, 'fw', latent);
    expect(closing.close(30, { fw: { undeclared: [latent] } }).answer?.state).toBe('refused');
    closing.tick(45);
    expect(closing.rows()).toContain('45 LATENT_OPENING saved medium');
  });
});

describe('order at one instant', () => {
  test('subjects as they were added, then windows', () => {
    const guard = guardOf();
    guard.plan({ devices: ['fw', 'web'], scope });
    const l = subject({ id: 'l', kind: 'listener', device: 'web', dst: 'web', ports: '8080' });
    const y = subject({ id: 'y', ports: '22' });
    guard.read(10, 'fw', x);
    guard.read(11, 'web', l);
    guard.read(12, 'fw', y, x);
    guard.tick(75);
    expect(guard.rows().slice(3)).toEqual([
      '75 LEFT_OPEN x high',
      '75 LISTENER_LEFT l high',
      '75 REMOTE_TOOL_LEFT y high',
      '75 WINDOW_NOT_CLOSED W medium',
    ]);
  });
});

describe('reminders', () => {
  const left = () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.read(10, 'fw', x);
    guard.tick(75);
    return guard;
  };
  const times = (guard: ReturnType<typeof guardOf>) =>
    guard.events.filter((event) => event.kind === 'remind').map((event) => (event.at - minute(75)) / 3_600_000);

  test('after 1 h, 4 h, then every 24 h, on the same key, each at its own instant though told late', () => {
    const guard = left();
    guard.tick(75 + 73 * HOUR);
    expect(times(guard)).toEqual([1, 4, 24, 48, 72]);
    expect(new Set(guard.events.filter((e) => e.kind === 'remind').map((e) => e.finding.key))).toEqual(
      new Set(['fw/x']),
    );
    expect(guard.rows().filter((row) => row.includes('LEFT_OPEN'))).toHaveLength(1);
  });

  test('of what is open and high or critical come as well, whoever opened it; of less they do not', () => {
    const guard = guardOf();
    const reminded = () =>
      guard.events.flatMap(({ kind, at, finding }) =>
        kind === 'remind' ? [`${(at - minute(0)) / 3_600_000} ${finding.subjectId}`] : [],
      );
    const listener = subject({ id: 'l', kind: 'listener', device: 'web', dst: 'web', ports: '22' });
    guard.read(0, 'fw', x, subject({ id: 'mild', ports: '443' }));
    guard.read(0, 'web', listener);
    guard.tick(29 * HOUR);
    expect(guard.finding('web/l')?.severity).toBe('medium');
    expect(reminded()).toEqual(['1 x', '4 x', '24 x']);
    // An opening that reaches the listener makes it worse, and from then on it is said again until it is gone.
    guard.read(30 * HOUR, 'fw', subject({ id: 'ssh', ports: '22' }));
    guard.tick(35 * HOUR);
    expect(reminded().slice(3)).toEqual(['31 l', '31 ssh', '34 l', '34 ssh']);
    guard.read(36 * HOUR, 'fw');
    guard.tick(100 * HOUR);
    expect(guard.finding('web/l')?.severity).toBe('medium');
    expect(reminded()).toHaveLength(7);
  });

  test('stop when it is shut', () => {
    const guard = left();
    guard.read(75 + HOUR, 'fw');
    guard.tick(75 + 100 * HOUR);
    expect(times(guard)).toEqual([]);
  });

  test('go on after an acknowledgement, stop while waived', () => {
    const guard = left();
    guard.acknowledge(80, 'fw/x');
    guard.tick(75 + 2 * HOUR);
    expect(times(guard)).toEqual([1]);
    guard.waive(75 + 3 * HOUR, 'x', 75 + 30 * HOUR);
    guard.tick(75 + 29 * HOUR);
    expect(times(guard)).toEqual([1]);
    guard.tick(75 + 40 * HOUR);
    expect(times(guard)).toEqual([1, 31, 34]);
  });
});

describe('acknowledgements', () => {
  test('are kept with who and when', () => {
    const guard = guardOf();
    guard.read(0, 'fw', x);
    guard.acknowledge(5, 'fw/x');
    guard.read(10, 'fw', x);
    expect(guard.finding('fw/x')?.acknowledged).toEqual({ by: 'duty officer', at: minute(5), set: x.set });
  });

  test('are void when the set changes, and it is told again', () => {
    const guard = guardOf();
    guard.read(0, 'fw', x);
    guard.acknowledge(5, 'fw/x');
    guard.read(10, 'fw', subject({ id: 'x', ports: '80-90' }));
    expect(guard.finding('fw/x')?.acknowledged).toBeUndefined();
    expect(guard.rows()).toEqual(['0 UNPLANNED_OPENING x high', '10 UNPLANNED_OPENING x high']);
  });

  test('of nothing are refused', () => {
    expect(guardOf().acknowledge(5, 'fw/x').problem).toMatchObject({ code: 'NO_FINDING' });
  });
});

describe('waivers', () => {
  test('given before: nothing is told until they end, at that very instant', () => {
    const guard = guardOf();
    guard.waive(0, 'x', 60);
    guard.read(5, 'fw', x);
    guard.tick(200);
    expect(guard.rows()).toEqual(['60 UNPLANNED_OPENING x high']);
  });

  test('bind to the exact set: widened is a finding at once', () => {
    const guard = guardOf();
    guard.waive(0, 'x', 600, x.set);
    guard.read(5, 'fw', x);
    guard.read(10, 'fw', subject({ id: 'x', ports: '80-90' }));
    expect(guard.rows()).toEqual(['10 UNPLANNED_OPENING x high']);
  });

  test('written without a set bind to what is open when they are given, or is seen first', () => {
    const wider = subject({ id: 'x', ports: '80-90' });
    const given = guardOf();
    given.read(0, 'fw', x);
    given.waive(5, 'x', 600);
    given.read(10, 'fw', wider);
    expect(given.rows()).toEqual(['0 UNPLANNED_OPENING x high', '10 UNPLANNED_OPENING x high']);
    const ahead = guardOf();
    ahead.waive(0, 'x', 600);
    ahead.observe(2, 'fw', { undeclared: [subject({ id: 'x', ports: '81' })], blind: ['truncated'] });
    ahead.read(5, 'fw', x);
    ahead.read(10, 'fw');
    ahead.read(15, 'fw', x);
    expect(ahead.rows()).toEqual([]);
    ahead.read(20, 'fw', wider);
    expect(ahead.rows()).toEqual(['20 UNPLANNED_OPENING x high']);
    expect(ahead.state.waivers).toMatchObject([{ subject: 'x', set: x.set }]);
  });

  test('of an open finding hold it back until they end', () => {
    const guard = guardOf();
    guard.read(0, 'fw', x);
    guard.waive(5, 'x', 60);
    expect(guard.finding('fw/x')?.waived).toEqual({ owner: 'RSSI', until: minute(60) });
    guard.tick(100);
    expect(guard.rows()).toEqual(['0 UNPLANNED_OPENING x high', '60 UNPLANNED_OPENING x high']);
    expect(guard.finding('fw/x')?.waived).toBeUndefined();
  });

  test('withdrawn: told at once; withdrawn twice: a problem', () => {
    const guard = guardOf();
    guard.waive(0, 'x', 600);
    guard.read(5, 'fw', x);
    guard.feed({ kind: 'unwaive', at: minute(10), device: 'fw', subject: 'x' });
    expect(guard.rows()).toEqual(['10 UNPLANNED_OPENING x high']);
    const again = guard.feed({ kind: 'unwaive', at: minute(11), device: 'fw', subject: 'x' });
    expect(again.problem).toMatchObject({ code: 'NO_WAIVER' });
  });

  test('let a window close', () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.waive(0, 'x', 600);
    guard.read(10, 'fw', x);
    expect(guard.close(30, { fw: { undeclared: [x] } }).answer?.state).toBe('closed');
  });

  test('of the baseline’s own exposure end on their day', () => {
    const guard = guardOf();
    const dicom = subject({ id: 'dicom', dst: 'pacs', ports: '104' });
    const partner = subject({ id: 'partner', dst: 'pacs', ports: '104', src: '203.0.113.9' });
    guard.waive(0, 'dicom', 30);
    guard.observe(5, 'fw', { declared: [dicom, partner, subject({ id: 'web', ports: '443' })] });
    guard.tick(60);
    expect(guard.rows()).toEqual(['30 BASELINE_EXPOSURE dicom critical']);
  });
});

import { describe, expect, test } from '@jest/globals';
import { guardOf, minute, subject } from '../support/guard.js';

const scope = [{ kind: 'rule' as const, dst: 'web', proto: 'tcp', ports: '80' }];
const x = subject({ id: 'x' });
const wide = subject({ id: 'wide', dst: 'any', proto: 'any', ports: 'any' });
const off = subject({ id: 'off', kind: 'engine', dst: 'any', proto: 'any', ports: 'any' });
const ssh = subject({ id: 'ssh', ports: '22', src: '198.51.100.7' });
const egress = subject({ id: 'egress', src: 'research', dst: '198.51.100.80', ports: '21' });

describe('the precedence of codes', () => {
  test('declared, outside scope, outside any window', () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.read(10, 'fw', x, wide);
    guard.read(61, 'fw', x, wide, subject({ id: 'late', ports: '443' }));
    expect(guard.rows()).toEqual([
      '10 IN_WINDOW_CHANGE x info',
      '10 OUT_OF_SCOPE_OPENING wide critical',
      '61 UNPLANNED_OPENING late medium',
    ]);
  });

  test('a device the window does not list is outside any window although one is open', () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.read(10, 'pacs', subject({ id: 'y', device: 'pacs' }));
    expect(guard.rows()).toEqual(['10 UNPLANNED_OPENING y high']);
  });

  test('filtering off: at once, also in the window that declares it; critical anywhere else', () => {
    const declaring = guardOf();
    declaring.plan({ scope: [{ kind: 'engine' }] });
    declaring.read(10, 'fw', off);
    const other = guardOf();
    other.plan({ scope });
    other.read(10, 'fw', off);
    const none = guardOf();
    none.read(10, 'fw', off);
    expect([...declaring.rows(), ...other.rows(), ...none.rows()]).toEqual([
      '10 FILTERING_OFF off high',
      '10 OUT_OF_SCOPE_OPENING off critical',
      '10 UNPLANNED_OPENING off critical',
    ]);
  });

  test('an unapproved host is told whatever the window, and left open with the worse of both severities', () => {
    const guard = guardOf();
    guard.plan({ scope: [{ kind: 'rule', src: 'research', dst: '198.51.100.80' }] });
    guard.read(10, 'fw', egress);
    guard.read(75, 'fw', egress);
    expect(guard.rows()).toEqual([
      '10 EGRESS_UNAPPROVED_HOST egress high',
      '75 LEFT_OPEN egress high',
      '75 WINDOW_NOT_CLOSED W medium',
    ]);
  });

  test('a remote-control port left is named so; 443 and wide ranges are not', () => {
    const guard = guardOf();
    guard.plan({ scope: [{ kind: 'rule' }, { kind: 'listener' }] });
    const tool = subject({ id: 'tool', kind: 'listener', dst: 'web', ports: '5938' });
    const web = subject({ id: 'web', ports: '443' });
    const range = subject({ id: 'range', ports: '1024-60000' });
    const service = subject({ id: 'service', kind: 'listener', dst: 'web', ports: '443' });
    guard.read(10, 'fw', ssh, tool, web, range, service);
    guard.read(75, 'fw', ssh, tool, web, range, service);
    expect(guard.rows().slice(5)).toEqual([
      '75 REMOTE_TOOL_LEFT ssh medium',
      // The wide range lets the internet reach the tool too.
      '75 REMOTE_TOOL_LEFT tool critical',
      '75 LEFT_OPEN web medium',
      '75 LEFT_OPEN range critical',
      '75 LISTENER_LEFT service medium',
      '75 WINDOW_NOT_CLOSED W medium',
    ]);
  });

  test('an access fact has its own code until it is left', () => {
    const guard = guardOf();
    guard.plan();
    const admin = subject({ id: 'admin', kind: 'fact', factCode: 'ADMIN_ADDED' });
    guard.read(10, 'fw', admin);
    guard.read(75, 'fw', admin);
    expect(guard.rows()).toEqual([
      '10 ADMIN_ADDED admin high',
      '75 LEFT_OPEN admin high',
      '75 WINDOW_NOT_CLOSED W medium',
    ]);
  });

  test('a loopback listener is nothing', () => {
    const guard = guardOf();
    guard.read(1, 'web', subject({ kind: 'listener', device: 'web', dst: '127.0.0.1' }));
    guard.read(2, 'web', subject({ kind: 'listener', device: 'web', dst: '::1' }));
    expect(guard.events).toEqual([]);
  });
});

describe('several windows over one device', () => {
  const two = (scopeA = scope, scopeB = [{ kind: 'rule' as const, ports: '22' }]) => {
    const guard = guardOf();
    guard.plan({ id: 'A', end: 60, scope: scopeA });
    guard.plan({ id: 'B', start: 5, end: 120, scope: scopeB });
    return guard;
  };

  test('an opening belongs to the one whose scope holds it', () => {
    const guard = two();
    guard.read(10, 'fw', x);
    expect(guard.finding('fw/x')?.windows).toEqual(['A']);
    expect(guard.close(20, { fw: { undeclared: [x] } }, 'B').answer?.state).toBe('closed');
    expect(guard.close(30, { fw: { undeclared: [x] } }, 'A').answer).toMatchObject({
      state: 'refused',
      openings: [{ id: 'x', code: 'IN_WINDOW_CHANGE', firstSeen: minute(10) }],
    });
    guard.read(45, 'fw', x);
    expect(guard.rows()).toEqual(['10 IN_WINDOW_CHANGE x info', '30 CLOSURE_REFUSED A info', '45 LEFT_OPEN x high']);
  });

  test('without a matching scope it belongs to all that cover it, and waits for the last', () => {
    const guard = two([], []);
    guard.read(10, 'fw', x);
    expect(guard.close(20, { fw: { undeclared: [x] } }, 'A').answer?.state).toBe('refused');
    expect(guard.close(30, { fw: { undeclared: [x] } }, 'B').answer?.state).toBe('refused');
    guard.tick(44);
    expect(guard.finding('fw/x')?.code).toBe('OUT_OF_SCOPE_OPENING');
    guard.tick(45);
    expect(guard.finding('fw/x')?.code).toBe('LEFT_OPEN');
  });

  test('one vendor’s before-snapshot does not legitimise another’s opening', () => {
    const guard = guardOf();
    guard.plan({ id: 'A', end: 60, scope });
    guard.read(10, 'fw', x);
    guard.plan({ id: 'B', start: 30, end: 120, scope }, 20);
    guard.open(30, 'B');
    guard.read(75, 'fw', x);
    expect(guard.finding('fw/x')).toMatchObject({ code: 'LEFT_OPEN', windows: ['A'] });
  });
});

describe('the life of a window', () => {
  test('extended: nothing is left before the new end plus grace', () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.read(10, 'fw', x);
    guard.extend(50, 90);
    guard.read(104, 'fw', x);
    expect(guard.rows()).toEqual(['10 IN_WINDOW_CHANGE x info']);
    guard.tick(105);
    expect(guard.rows()).toContain('105 LEFT_OPEN x high');
  });

  test('refused, mended, closed', () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.open(1);
    guard.read(10, 'fw', x);
    expect(guard.close(20, { fw: { undeclared: [x] } }).answer?.state).toBe('refused');
    expect(guard.close(25, { fw: {} }).answer).toMatchObject({ state: 'closed', openings: [] });
    guard.tick(500);
    expect(guard.rows()).toEqual(['10 IN_WINDOW_CHANGE x info', '20 CLOSURE_REFUSED W info', '25 RESOLVED x info']);
    expect(guard.state.windows[0]).toMatchObject({ state: 'closed', firstCloseAt: minute(20), closedAt: minute(25) });
  });

  test('a close after the deadline tells nothing more, and still answers what it saw', () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.read(10, 'fw', x);
    guard.read(75, 'fw', x);
    const before = guard.rows().length;
    expect(guard.close(80, { fw: { undeclared: [x] } }).answer?.state).toBe('refused');
    expect(guard.rows()).toHaveLength(before);
    expect(guard.close(90, { fw: {} }).answer?.state).toBe('closed');
    expect(guard.rows().slice(before)).toEqual(['90 RESOLVED x info']);
    expect(guard.finding('window/W')?.resolvedAt).toBe(minute(90));
  });

  test('clean but unsigned goes to the checklist’s owner only, as info', () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.read(70, 'fw');
    guard.tick(75);
    expect(guard.rows()).toEqual(['75 CLOSED_UNSIGNED W info']);
  });

  test('clean is not said on the word of a reading from before the end', () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.read(30, 'fw');
    guard.tick(75);
    expect(guard.rows()).toEqual([]);
    guard.read(76, 'fw');
    expect(guard.rows()).toEqual(['76 CLOSED_UNSIGNED W info']);
    const unread = guardOf();
    unread.plan({ scope });
    unread.read(30, 'fw');
    unread.tick(85);
    expect(unread.rows()).toEqual(['85 WINDOW_NOT_CLOSED W medium']);
  });

  test('planned after the fact: first unplanned, then noted, both kept', () => {
    const guard = guardOf();
    guard.read(10, 'fw', x);
    guard.plan({ id: 'E', start: 5, end: 60, scope }, 20);
    expect(guard.rows()).toEqual(['10 UNPLANNED_OPENING x high', '20 IN_WINDOW_CHANGE x info']);
  });

  test('cancelled: what it would have covered is unplanned at once', () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.read(10, 'fw', x);
    guard.feed({ kind: 'windowCancelled', at: minute(20), window: 'W' });
    expect(guard.rows()).toEqual(['10 IN_WINDOW_CHANGE x info', '20 UNPLANNED_OPENING x high']);
  });

  test('announced as staying: pending acceptance until its review date, and the window closes', () => {
    const guard = guardOf();
    guard.plan({ scope: [{ ...scope[0]!, keep: { owner: 'RSSI', review: minute(600) } }] });
    guard.read(10, 'fw', x);
    expect(guard.close(30, { fw: { undeclared: [x] } }).answer?.state).toBe('closed');
    guard.read(45, 'fw', x);
    guard.tick(700);
    expect(guard.rows()).toEqual([
      '10 IN_WINDOW_CHANGE x info',
      '45 PENDING_ACCEPTANCE x info',
      '600 LEFT_OPEN x high',
    ]);
  });

  test('what cannot be done is said in one line, and the time that passed is judged all the same', () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.read(10, 'fw', x);
    const again = guard.plan({ scope }, 11);
    expect(again.problem).toMatchObject({ code: 'WINDOW_EXISTS' });
    expect(guard.close(80, { fw: { undeclared: [x] } }, 'nowhere').problem).toMatchObject({ code: 'NO_WINDOW' });
    expect(guard.rows()).toContain('75 LEFT_OPEN x high');
    expect(guard.open(90).problem?.message).toMatch(/^window W is overdue since .+: it cannot be opened$/);
    const bad = guardOf();
    expect(bad.plan({ start: 60, end: 0 }).problem).toMatchObject({ code: 'WINDOW_PLAN' });
    expect(bad.state.windows).toEqual([]);
  });

  test('the readings of a close that cannot be are taken in all the same', () => {
    const guard = guardOf();
    guard.close(5, { fw: { undeclared: [x] } }, 'nowhere');
    expect(guard.rows()).toEqual(['5 UNPLANNED_OPENING x high']);
  });
});

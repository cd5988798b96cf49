import { describe, expect, test } from '@jest/globals';
import { guardOf, minute, subject } from '../support/guard.js';

const scope = [{ kind: 'rule' as const, dst: 'web' }];
const x = subject({ id: 'x' });
const wider = subject({ id: 'x', ports: '80-90' });

function refused() {
  const guard = guardOf();
  guard.plan({ scope });
  guard.open(1);
  guard.read(10, 'fw', x);
  guard.close(20, { fw: { undeclared: [x] } });
  return guard;
}

describe('after a refused close', () => {
  test('resumed at once: left is what is there at the planned end plus grace', () => {
    const guard = refused();
    guard.feed({ kind: 'windowResumed', at: minute(25), window: 'W', by: 'technician' });
    guard.tick(74);
    expect(guard.rows().slice(1)).toEqual(['20 CLOSURE_REFUSED W info']);
    guard.tick(75);
    expect(guard.rows().slice(2)).toEqual(['75 LEFT_OPEN x high', '75 WINDOW_NOT_CLOSED W medium']);
  });

  test('resumed after it was told as left: noted again, told again, both kept, and no reminder in between', () => {
    const guard = refused();
    guard.tick(35);
    guard.feed({ kind: 'windowResumed', at: minute(40), window: 'W', by: 'technician' });
    guard.tick(75);
    expect(guard.rows().slice(2)).toEqual([
      '35 LEFT_OPEN x high',
      '40 IN_WINDOW_CHANGE x info',
      '75 LEFT_OPEN x high',
      '75 WINDOW_NOT_CLOSED W medium',
    ]);
    expect(guard.finding('fw/x')?.earlier?.map(({ code }) => code)).toEqual([
      'IN_WINDOW_CHANGE',
      'LEFT_OPEN',
      'IN_WINDOW_CHANGE',
    ]);
    expect(guard.events.filter((event) => event.kind === 'remind')).toEqual([]);
  });

  test('resumed after nobody could attest the end: that it was not closed in time is over, and told anew', () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.open(1);
    guard.close(20, { fw: { blind: ['no answer'] } });
    guard.miss(21, 'fw');
    guard.tick(36);
    expect(guard.finding('window/W')?.code).toBe('WINDOW_NOT_CLOSED');
    guard.feed({ kind: 'windowResumed', at: minute(40), window: 'W', by: 'RSSI' });
    const [, , over] = guard.events.filter(({ finding }) => finding.key === 'window/W');
    expect(over).toMatchObject({ kind: 'resolve', at: minute(40), finding: { code: 'WINDOW_NOT_CLOSED' } });
    guard.read(50, 'fw', x);
    guard.close(55, { fw: { undeclared: [x] } });
    guard.close(58, { fw: {} });
    const words = guard.events
      .filter(({ finding }) => finding.key === 'window/W')
      .map(({ kind, code }) => `${kind} ${code}`);
    expect(words).toEqual([
      'answer CLOSURE_REFUSED',
      'raise WINDOW_NOT_CLOSED',
      'resolve RESOLVED',
      'answer CLOSURE_REFUSED',
    ]);
  });

  test('handed over: what is left has an owner and is told all the same', () => {
    const guard = refused();
    guard.feed({ kind: 'windowHandedOver', at: minute(25), window: 'W', to: 'on call', by: 'RSSI' });
    guard.tick(35);
    expect(guard.state.windows[0]).toMatchObject({ state: 'refused', handedOver: { to: 'on call', at: minute(25) } });
    expect(guard.rows().at(-1)).toBe('35 LEFT_OPEN x high');
  });

  test('waived by whoever came to work: refused, and told all the same', () => {
    const guard = refused();
    const waiver = { device: 'fw', subject: 'x', reason: 'later', expires: minute(600) };
    for (const owner of ['vendor', ' Vendor ']) {
      const step = guard.feed({ kind: 'waive', at: minute(25), waiver: { ...waiver, owner } });
      expect(step.problem).toMatchObject({ code: 'CANNOT_WAIVE', remedy: expect.stringContaining('signatory') });
    }
    guard.tick(35);
    expect(guard.rows().at(-1)).toBe('35 LEFT_OPEN x high');
    expect(guard.feed({ kind: 'waive', at: minute(36), waiver: { ...waiver, owner: 'RSSI' } }).problem).toBeUndefined();
  });

  test('waived, then closed', () => {
    const guard = refused();
    guard.waive(25, 'x', 600);
    expect(guard.close(26, { fw: { undeclared: [x] } }).answer?.state).toBe('closed');
  });
});

describe('an unplanned opening that somebody claims', () => {
  const claim = (guard: ReturnType<typeof guardOf>, at: number, by = 'network team', reason = 'printer vendor') =>
    guard.feed({ kind: 'claim', at: minute(at), key: 'fw/x', by, reason });

  test('stays what it was, with whose work it is beside it', () => {
    const guard = guardOf();
    guard.read(0, 'fw', x);
    claim(guard, 5);
    guard.read(10, 'fw', x);
    expect(guard.rows()).toEqual(['0 UNPLANNED_OPENING x high']);
    expect(guard.finding('fw/x')).toMatchObject({
      code: 'UNPLANNED_OPENING',
      claimed: { by: 'network team', reason: 'printer vendor', at: minute(5), set: x.set },
    });
    expect(guard.events.at(-1)).toMatchObject({ kind: 'update', row: false, at: minute(5) });
  });

  test('and an emergency declared for it: the claim, the first code and the new one are all kept', () => {
    const guard = guardOf();
    guard.read(0, 'fw', x);
    claim(guard, 5);
    const emergency = { caller: 'ward 3', reason: 'PACS down', onCall: 'RSSI' };
    const window = { id: 'E', vendor: 'vendor', devices: ['fw'], start: minute(-5), end: minute(60), scope, emergency };
    guard.feed({ kind: 'windowPlanned', at: minute(10), window });
    expect(guard.finding('fw/x')).toMatchObject({
      code: 'IN_WINDOW_CHANGE',
      earlier: [{ code: 'UNPLANNED_OPENING', until: minute(10) }],
      claimed: { by: 'network team' },
    });
    guard.read(75, 'fw', x);
    expect(guard.rows()).toContain('75 LEFT_OPEN x high');
  });

  test('widened, it is told anew and claimed by nobody', () => {
    const guard = guardOf();
    guard.read(0, 'fw', x);
    claim(guard, 5);
    guard.read(10, 'fw', wider);
    expect(guard.rows()).toEqual(['0 UNPLANNED_OPENING x high', '10 UNPLANNED_OPENING x high']);
    expect(guard.finding('fw/x')?.claimed).toBeUndefined();
  });

  test('is refused without a name or a reason, for what is planned, and for what is not there', () => {
    const guard = guardOf();
    expect(claim(guard, 0).problem).toMatchObject({ code: 'NO_FINDING' });
    guard.plan({ scope });
    guard.read(1, 'fw', x);
    expect(claim(guard, 2).problem).toMatchObject({ code: 'CANNOT_CLAIM' });
    const other = guardOf();
    other.read(1, 'fw', x);
    expect(claim(other, 2, ' ').problem).toMatchObject({ code: 'CANNOT_CLAIM' });
    expect(claim(other, 2, 'network team', '').problem).toMatchObject({ code: 'CANNOT_CLAIM' });
    expect(other.finding('fw/x')?.claimed).toBeUndefined();
  });
});

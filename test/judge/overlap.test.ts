import { describe, expect, test } from '@jest/globals';
import { firewall, watch } from './devices.js';

const inside = 'iifname "lan0" oifname "dmz0" accept';
const rule = (ports: string): string => `iifname "wan0" oifname "dmz0" ip daddr 192.0.2.10 tcp dport ${ports} accept`;
const one = rule('443');
const wide = rule('400-500');
const scope = [{ kind: 'rule', dst: '192.0.2.10', proto: 'tcp' }];

/** Vendor A from 0 to 60, vendor B from 20 to 120, both for the same; `rules` beside the one that is declared. */
function overlapping() {
  const guard = watch(firewall([inside]));
  guard.plan('A', 0, 60, scope);
  guard.plan('B', 20, 120, scope);
  guard.read(0, firewall([inside]));
  return {
    read: (at: number, ...rules: readonly string[]) => guard.read(at, firewall([inside, ...rules])),
    close: (at: number, window: string, ...rules: readonly string[]) =>
      guard.close(at, window, firewall([inside, ...rules])).answer?.state,
    tick: guard.tick,
    rows: () => guard.rows().map((row) => row.replace(/ internet → 192\.0\.2\.10 tcp (?<ports>\S+).*/, ' $<ports>')),
  };
}

describe('two vendors, one device, the same announced', () => {
  test('B opens wider beside A: each has a finding; A’s shut, what is left is of B, and of A as long as both may have done it', () => {
    const { read, close, tick, rows } = overlapping();
    read(10, one);
    read(30, one, wide);
    read(40, wide);
    expect(close(50, 'A', wide)).toBe('refused');
    tick(70);
    expect(close(100, 'B', wide)).toBe('refused');
    tick(120);
    expect(rows()).toEqual([
      '10 IN_WINDOW_CHANGE info 443',
      '30 IN_WINDOW_CHANGE info 400-442,444-500',
      '40 RESOLVED info 443',
      '50 CLOSURE_REFUSED info A',
      '100 CLOSURE_REFUSED info B',
      '115 LEFT_OPEN critical 400-500',
    ]);
  });

  test('B’s rule below A’s wide one carries on what A’s did: left at A’s deadline, and neither closes while it is there', () => {
    const { read, close, tick, rows } = overlapping();
    const part = rule('443-444');
    read(10, wide);
    read(30, wide, part);
    read(40, part);
    expect(close(50, 'A', part)).toBe('refused');
    tick(70);
    expect(close(100, 'B', part)).toBe('refused');
    expect(close(110, 'B')).toBe('closed');
    expect(close(111, 'A')).toBe('closed');
    expect(rows()).toEqual([
      '10 IN_WINDOW_CHANGE info 400-500',
      '50 CLOSURE_REFUSED info A',
      '65 LEFT_OPEN medium 443-444',
      '100 CLOSURE_REFUSED info B',
      '110 RESOLVED info 443-444',
    ]);
  });

  test('A’s rule renamed after B has ended is A’s alone, and what nobody planned stays unplanned whoever rewrites it', () => {
    const late = overlapping();
    late.read(10, one);
    expect(late.close(25, 'B', one)).toBe('closed');
    late.read(40, rule('{ 443 }'));
    expect(late.close(45, 'A', rule('{ 443 }'))).toBe('refused');
    const early = watch(firewall([inside]));
    early.read(0, firewall([inside, one]));
    early.plan('A', 5, 60, scope);
    early.read(10, firewall([inside, rule('443-444')]));
    expect(early.rows().map((row) => row.split(' ')[1])).toContain('UNPLANNED_OPENING');
    expect(early.rows().map((row) => row.split(' ')[1])).not.toContain('IN_WINDOW_CHANGE');
  });

  test('B’s narrower rule above A’s wide one takes its part over: it stays B’s when A’s is deleted', () => {
    const { read, close, rows } = overlapping();
    read(10, wide);
    read(30, rule('443-444'), wide);
    read(40, rule('443-444'));
    expect(close(110, 'B', rule('443-444'))).toBe('refused');
    expect(rows().slice(0, 3)).toEqual([
      '10 IN_WINDOW_CHANGE info 400-500',
      '30 IN_WINDOW_CHANGE info 443-444',
      '40 RESOLVED info 400-442,445-500',
    ]);
  });
});

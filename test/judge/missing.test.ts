import { expect, test } from '@jest/globals';
import { parseBaseline } from '../../agent/baseline/index.js';
import type { Device } from '../../agent/model/index.js';
import { firewall, watch } from './devices.js';

const inside = 'iifname "lan0" oifname "dmz0" accept';
const web = 'iifname "wan0" oifname "dmz0" ip daddr 192.0.2.10 tcp dport 443 accept';
const closed = firewall([inside]);
const open = firewall([inside, web]);

function declared() {
  const flow = '{from: any, to: 192.0.2.10, via: wan0 -> dmz0, service: tcp/443, why: portal, owner: RSSI}';
  const parsed = parseBaseline(`version: 1\nflows:\n  - ${flow}\n`, 'baseline.yaml');
  if (!parsed.ok) throw new Error(parsed.error.message);
  return { flows: parsed.value.flows, listeners: [] };
}

/** Readings every five minutes. */
function rows(approved: Device | undefined, ...readings: readonly Device[]): readonly string[] {
  const guard = watch(approved, { declared: declared() });
  for (const [index, reading] of readings.entries()) guard.read(index * 5, reading);
  return guard.rows().flatMap((row) => {
    const [at, code] = row.split(' ');
    return row.includes('192.0.2.10') ? [`${at} ${code}`] : [];
  });
}

test('a flow that a file declares and that never passed is not missed', () => {
  expect(rows(closed, closed, closed)).toEqual([]);
  expect(rows(undefined, closed, closed)).toEqual([]);
});

test('one that passed and is cut is missed until it passes again, beside an approved snapshot that never had it', () => {
  const seen = ['10 MISSING_FLOW', '25 RESOLVED'];
  expect(rows(closed, closed, open, closed, closed, closed, open)).toEqual(seen);
  expect(rows(undefined, closed, open, closed, closed, closed, open)).toEqual(seen);
});

test('one that both declare is missed once', () => {
  expect(rows(open, open, closed, closed, open)).toEqual(['5 MISSING_FLOW', '15 RESOLVED']);
});

test('one that the file does not declare any more is not missed any more', () => {
  const files = { ...declared() };
  const guard = watch(closed, { declared: files });
  guard.read(0, open);
  guard.read(5, closed);
  files.flows = [];
  guard.read(10, closed);
  expect(guard.rows().map((row) => row.split(' ').slice(0, 2).join(' '))).toEqual(['5 MISSING_FLOW', '10 RESOLVED']);
});

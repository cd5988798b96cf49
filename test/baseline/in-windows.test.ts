import { describe, expect, test } from '@jest/globals';
import { declaredAt, declaresFact, parseBaseline } from '../../agent/baseline/index.js';

function read(text: string) {
  const parsed = parseBaseline(`version: 1\n${text}`, 'b.yaml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

test('what is for windows alone is declared apart from what is open at any time', () => {
  const { flows, listeners, inWindows } = declaredAt(
    read(`flows:
  - { id: a, to: 10.0.0.1 }
  - { id: b, to: 10.0.0.2, only: in-windows, vendor: Imagerie du Nord }
listeners:
  - { id: c, listen: tcp/443 }
  - { id: d, listen: tcp/3389, only: in-windows }
access:
  - { id: e, fact: tunnel interface tun0, device: fw1, only: in-windows, vendor: Imagerie du Nord }
  - { id: f, fact: tunnel interface tun1, device: fw2, only: in-windows }
  - { id: g, fact: tunnel interface tun2, only: in-windows, until: 2020-01-01 }
`),
    'fw1',
    Date.UTC(2026, 10, 22),
  );
  expect([flows, listeners].map((all) => all.map(({ id }) => id))).toEqual([['a'], ['c']]);
  expect(inWindows.flows.map(({ id, only }) => [id, only])).toEqual([['b', { vendor: 'Imagerie du Nord' }]]);
  expect(inWindows.listeners.map(({ id, only }) => [id, only])).toEqual([['d', {}]]);
  expect(inWindows.access.map(({ id, only, text }) => [id, only, text])).toEqual([
    ['e', { vendor: 'Imagerie du Nord' }, 'tunnel interface tun0 on fw1'],
  ]);
});

describe('refused, with its place', () => {
  test.each([
    ['flows:\n  - to: 10.0.0.1\n    only: sometimes', 'flows.0.only', 4],
    ['flows:\n  - to: 10.0.0.1\n    vendor: V', 'flows.0.vendor', 4],
    ['flows:\n  - to: 10.0.0.1\n    only: in-windows\n    keep: true', 'flows.0.keep', 5],
    ['listeners:\n  - listen: tcp/1\n    vendor: V', 'listeners.0.vendor', 4],
    ['access:\n  - fact: tunnel interface tun0', 'access.0.only', 3],
    ['access:\n  - { fact: a, only: in-windows }\n  - { fact: a, only: in-windows }', 'access.1', 4],
  ])('%j', (text, path, line) => {
    const parsed = parseBaseline(`version: 1\n${text}\n`, 'b.yaml');
    expect(parsed).toMatchObject({ ok: false, error: { code: 'BASELINE_INVALID', file: 'b.yaml', line } });
    if (!parsed.ok) expect(parsed.error.message).toMatch(new RegExp(`^${path.replaceAll('.', '\\.')}: `));
  });
});

test.each([
  ['tunnel interface tun0', 'tunnel interface tun0', true],
  ['tunnel interface tun0', 'tunnel interface tun01', false],
  ['WireGuard peer * on wg0', 'WireGuard peer aB+/c= on wg0', true],
  ['WireGuard peer * on wg0', 'WireGuard peer aB+/c= on wg01', false],
  ['sudo: .* ALL', 'sudo: x ALL', false],
])('%j names %j: %s', (fact, subject, expected) => {
  expect(declaresFact({ fact }, subject)).toBe(expected);
});

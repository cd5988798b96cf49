import { expect, test } from '@jest/globals';
import { lintBaseline, parseBaseline } from '../../agent/baseline/index.js';
import { problemText } from '../../agent/lib/result.js';

const NOW = Date.UTC(2026, 10, 22);

function lint(...flows: string[]): readonly string[] {
  const text = `version: 1\nflows:\n${flows.map((flow) => `  - { ${flow} }`).join('\n')}\n`;
  const parsed = parseBaseline(text, 'b.yaml');
  if (!parsed.ok) throw new Error(problemText(parsed.error));
  return lintBaseline(parsed.value, NOW).map(({ code, line }) => `${line} ${code}`);
}

const OWNED = 'why: portal, owner: Network team';

test.each([
  [['to: 10.0.0.1, service: tcp/443, why: portal, owner: Network team'], []],
  [['to: 10.0.0.1'], ['3 BASELINE_NO_OWNER', '3 BASELINE_NO_REASON']],
  [[`to: 10.0.0.1, until: 2026-11-22, ${OWNED}`], ['3 BASELINE_EXPIRED']],
  [[`to: 10.0.0.1, until: 2026-12-21, ${OWNED}`], ['3 BASELINE_EXPIRING']],
  [[`to: 10.0.0.1, until: 2026-12-23, ${OWNED}`], []],
  [[`via: wan0 -> dmz0, ${OWNED}`], ['3 BASELINE_ANY_ANY']],
  [[`via: wan0 -> dmz0, service: tcp/443, ${OWNED}`], []],
  [[`to: 10.0.0.9/24, ${OWNED}`], ['3 BASELINE_HOST_BITS']],
  [[`to: 10.0.0.1, ${OWNED}`, `to: 10.0.0.1, ${OWNED}`], ['4 BASELINE_DUPLICATE']],
  [[`to: 10.0.0.1, service: tcp/443, ${OWNED}`, `to: 10.0.0.0/8, ${OWNED}`], ['3 BASELINE_COVERED']],
  [[`to: 10.0.0.1, ${OWNED}`, `to: 10.0.0.0/8, except: [{ to: 10.0.0.1 }], ${OWNED}`], []],
  [[`to: 10.0.0.1, ${OWNED}`, `to: 10.0.0.0/8, device: fw1, ${OWNED}`], []],
  [[`to: 10.0.0.1, ${OWNED}`, `to: 10.0.0.0/8, until: 2027-06-01, ${OWNED}`], []],
  [[`to: 10.0.0.1, only: in-windows, vendor: V, ${OWNED}`], []],
  [[`to: 10.0.0.1, only: in-windows, ${OWNED}`], ['3 BASELINE_NO_VENDOR']],
  [[`to: 10.0.0.1, only: in-windows, vendor: V, ${OWNED}`, `to: 10.0.0.0/8, ${OWNED}`], ['3 BASELINE_ALWAYS_OPEN']],
  [[`to: 10.0.0.1, ${OWNED}`, `to: 10.0.0.0/8, only: in-windows, vendor: V, ${OWNED}`], []],
  [
    [`to: 10.0.0.1, only: in-windows, vendor: V, ${OWNED}`, `to: 10.0.0.1, only: in-windows, vendor: V, ${OWNED}`],
    ['4 BASELINE_DUPLICATE'],
  ],
  [[`to: 10.0.0.1, only: in-windows, vendor: V, ${OWNED}`, `to: 10.0.0.1, only: in-windows, vendor: W, ${OWNED}`], []],
  [[`to: 10.0.0.1, via: -> self, ${OWNED}`, `to: 10.0.0.0/8, ${OWNED}`], []],
  [
    [`to: 10.0.0.1, via: 'not wan0 -> dmz0', ${OWNED}`, `to: 10.0.0.1, via: 'not wan0, wan1 -> dmz0', ${OWNED}`],
    ['4 BASELINE_COVERED'],
  ],
])('%j: %j', (flows, expected) => {
  expect(lint(...flows)).toEqual(expected);
});

test('a waiver that is over, and one for longer than a year', () => {
  const waiver = (until: string) =>
    `  - { finding: fw1/x, owner: Network team, reason: until the move, until: ${until} }`;
  const text = `version: 1\nwaivers:\n${[waiver('2026-11-01'), waiver('2027-11-22'), waiver('2028-01-01')].join('\n')}\n`;
  const parsed = parseBaseline(text, 'b.yaml');
  if (!parsed.ok) throw new Error(problemText(parsed.error));
  expect(lintBaseline(parsed.value, NOW).map(({ code, line }) => `${line} ${code}`)).toEqual([
    '3 BASELINE_EXPIRED',
    '5 BASELINE_WAIVER_LONG',
  ]);
});

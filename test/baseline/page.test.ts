import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { lintBaseline, parseBaseline } from '../../agent/baseline/index.js';
import { problemText } from '../../agent/lib/result.js';

test('the example of docs/baseline.md is read, and a reviewer has nothing to ask', () => {
  const example = /```yaml\n(?<yaml>.*?)```/s.exec(readFileSync('docs/baseline.md', 'utf8'))?.groups?.yaml ?? '';
  const parsed = parseBaseline(example, 'docs/baseline.md');
  if (!parsed.ok) throw new Error(problemText(parsed.error));
  const { flows, listeners, waivers } = parsed.value;
  expect([flows.length, listeners.length, waivers.length]).toEqual([4, 1, 1]);
  expect(flows.map((flow) => flow.text)).toEqual([
    'internet → 192.0.2.10 tcp/443 (wan0 -> dmz0)',
    'imaging, 10.2.0.0-10.2.0.99 → pacs tcp/104,11112, icmp/8 except 10.1.99.0/24 → any any',
    '198.51.100.7 → pacs tcp/22 (vpn0 -> lan0)',
    'any → any tcp/22 (lan0 -> self)',
  ]);
  expect(lintBaseline(parsed.value, Date.UTC(2026, 10, 22))).toEqual([]);
});

import { expect, test } from '@jest/globals';
import { askLine } from '../../agent/app/index.js';
import { driverById } from '../../agent/drivers/registry.js';

function verdict(rules: readonly string[], packet: object): string {
  const text = [
    '*filter',
    ':INPUT DROP [0:0]',
    ':FORWARD DROP [0:0]',
    ':OUTPUT DROP [0:0]',
    ...rules,
    'COMMIT',
    '',
  ].join('\n');
  const section = { name: 'iptables-save', source: 'fw', text };
  const device = driverById('iptables')?.read(
    { driver: 'iptables', device: 'fw', sections: [section] },
    { device: 'fw' },
  );
  if (!device?.ok) throw new Error('the ruleset was not read');
  const line = JSON.stringify({ id: 1, at: { chain: 'filter/INPUT' }, packet: { src: '198.51.100.7', ...packet } });
  const answer = askLine(device.value, line, { file: 'q', line: 1 }, false);
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value.verdict;
}

test('the same limit in two rules answers twice: what the first let by the second may take', () => {
  const limit = '-m limit --limit 3/min -j';
  expect(verdict([`-A INPUT ${limit} DROP`, `-A INPUT ${limit} ACCEPT`], { proto: 'udp', dport: 53 })).toBe('maybe');
});

test('only a new connection is known to have no mark', () => {
  const rules = ['-A INPUT -m connmark --mark 0x1 -j ACCEPT'];
  expect(verdict(rules, { proto: 'udp', dport: 53 })).toBe('deny');
  expect(verdict(rules, { proto: 'udp', dport: 53, state: 'established' })).toBe('maybe');
});

import { expect, test } from '@jest/globals';
import { learnBaseline, parseBaseline } from '../../agent/baseline/index.js';
import { compare, type FlowSet } from '../../agent/exposure/index.js';
import { problemText } from '../../agent/lib/result.js';
import type { Direction, Origin, Pipeline } from '../../agent/model/index.js';
import { firewall } from '../judge/devices.js';

const origin: Origin = { file: 'b', line: 1, rule: 'declared', text: 'declared' };

/** A device that lets through exactly the declared flows. */
function permitting(flows: readonly FlowSet[], like: Pipeline): Pipeline {
  const directions: readonly Direction[] = ['forward', 'input', 'output'];
  return {
    lists: directions.map((direction) => ({
      id: direction,
      families: ['ip4', 'ip6'],
      origin,
      rules: flows
        .filter((flow) => flow.direction === direction)
        .map(({ condition }) => ({ origin, steps: [{ kind: 'match', condition }, { kind: 'accept' }] })),
    })),
    bases: directions.map((direction) => ({
      list: direction,
      hook: direction,
      priority: 0,
      type: 'filter',
      policy: 'drop',
      policyOrigin: origin,
    })),
    speaksOf: like.speaksOf,
    forwarding: { ip4: true, ip6: true },
  };
}

test.each<[string, readonly string[]]>([
  ['plain', ['ip daddr 192.0.2.10 tcp dport { 80, 443 } accept', 'ip6 daddr 2001:db8::/64 udp dport 53 accept']],
  ['with denies above', ['ip saddr 203.0.113.0/24 drop', 'tcp dport 22 drop', 'iifname "wan0" accept']],
  [
    'with patterns',
    ['iifname "tun0" drop', 'iifname "tun*" tcp dport 22 accept', 'oifname != "lan0" icmp type echo-request accept'],
  ],
  [
    'everything but little',
    ['meta l4proto { esp, ah } drop', 'ip daddr 10.0.0.0-10.0.0.9 tcp sport 1-1023 drop', 'accept'],
  ],
])('%s: the written file declares what is let through, and nothing else', (_, rules) => {
  const { pipeline } = firewall(rules);
  const { undeclared } = compare(pipeline);
  const { yaml, leftOut } = learnBaseline({ device: 'fw', openings: undeclared, listeners: [], owner: 'x', at: 0 });
  expect(leftOut).toEqual([]);
  const parsed = parseBaseline(yaml, 'learned.yaml');
  if (!parsed.ok) throw new Error(`${problemText(parsed.error)}\n${yaml}`);
  const { flows } = parsed.value;
  expect(compare(pipeline, { flows }).undeclared).toEqual([]);
  expect(compare(permitting(flows, pipeline), { pipeline }).undeclared).toEqual([]);
});

import { describe, expect, test } from '@jest/globals';
import { compose, firewall, note } from './devices.js';

const web = 'iifname "wan0" oifname "dmz0" ip daddr 192.0.2.10 tcp dport 443 accept';
const nothing = firewall([]);

describe('one subject a rule, in words', () => {
  test.each([
    [web, 'internet → 192.0.2.10 tcp 443 (wan0 → dmz0)'],
    ['iifname "wan0" accept', 'internet → any any service (wan0 → any)'],
    ['iifname "wan0" oifname "dmz0" accept', 'internet → dmz any service (wan0 → dmz0)'],
    ['ip saddr 10.1.0.0/16 udp dport 53 accept', '10.1.0.0/16 → any udp 53'],
    ['tcp dport { 22, 80-82 } accept', 'any → any tcp 22,80-82'],
    ['meta l4proto { tcp, udp } th dport 53 accept', 'any → any tcp,udp 53'],
    ['icmp type echo-request accept', '0.0.0.0/0 → 0.0.0.0/0 icmp'],
    ['meta l4proto esp accept', 'any → any esp'],
    ['iifname { "lan0", "lan1" } oifname "wan0" accept', 'any → internet any service (lan0, lan1 → wan0)'],
  ])('%s', (rule, summary) => {
    const { undeclared, blind } = compose(firewall([rule]), { approved: nothing, before: nothing });
    expect(undeclared.map(note)).toEqual([`${summary} | added: ${rule}`]);
    expect(blind).toEqual([]);
  });
});

import { describe, expect, test } from '@jest/globals';
import type { Device } from '../../agent/model/index.js';
import { guardOf, minute } from '../support/guard.js';
import { compose, firewall, host, listener, watch } from './devices.js';

const web = 'iifname "wan0" oifname "dmz0" ip daddr 192.0.2.10 tcp dport 443 accept';
const shut = firewall([web]);
const rdp = 'iifname "wan0" oifname "dmz0" tcp dport 3389 accept';
const narrow = 'iifname "wan0" oifname "dmz0" ip daddr 192.0.2.10 tcp dport 3389 accept';
const other = 'iifname "lan0" oifname "dmz0" tcp dport 22 accept';

function play(...readings: readonly Device[]) {
  const guard = watch(shut);
  const seen = readings.map((device, index) => guard.read(index * 5, device));
  return { guard, seen, rows: guard.rows() };
}

describe('one finding for as long as the same rule lets the same traffic through', () => {
  test('G1: renamed, renumbered, reordered among rules it does not meet, with another comment: no finding and no news', () => {
    const commented = firewall([`${other} comment "ticket 12"`, web, `${rdp} comment "temporary"`]);
    const { rows, seen } = play(firewall([web, rdp, other]), commented, firewall([rdp, other, web]));
    expect(rows).toHaveLength(2);
    expect(
      new Set(
        seen.map(({ undeclared }) =>
          undeclared
            .map((one) => one.id)
            .sort()
            .join(),
        ),
      ),
    ).toHaveProperty('size', 1);
    const renamed = play(firewall([`${web} comment "other"`]));
    expect(renamed.rows).toEqual([]);
  });

  test('its cause is the edit that made it, also when the rules around it change', () => {
    const { guard } = play(shut, firewall([web, rdp]), firewall([other, web, rdp]));
    const causes = guard.state.present.filter((one) => !one.declared).map((one) => one.subject.cause?.rule.text);
    expect(causes).toEqual([rdp, other]);
  });

  test('the rule gone, and another that nobody saw before carries its traffic: the finding moves, narrowed or widened', () => {
    for (const [from, to] of [
      [rdp, narrow],
      [narrow, rdp],
    ] as const) {
      const first = firewall([web, from]);
      const second = firewall([web, to]);
      const { guard, rows, seen } = play(first, second, second, firewall([web, other, to]));
      expect(rows.filter((row) => row.includes('3389'))).toEqual([expect.stringMatching(/^0 UNPLANNED_OPENING/)]);
      expect(seen[1]?.undeclared).toMatchObject([
        {
          id: seen[0]?.undeclared[0]?.id,
          carrier: compose(second, { approved: shut }).undeclared[0]?.id,
          place: { text: to },
        },
      ]);
      expect(guard.state.present.find((one) => one.subject.carrier)?.subject.cause).toMatchObject({
        edit: 'added',
        rule: { text: from },
      });
    }
  });

  test('moved and then removed, it is resolved under the id it was told by', () => {
    const { rows } = play(firewall([web, rdp]), firewall([web, narrow]), shut);
    expect(rows).toEqual([
      '0 UNPLANNED_OPENING critical internet → dmz tcp 3389 (wan0 → dmz0)',
      '10 RESOLVED info internet → 192.0.2.10 tcp 3389 (wan0 → dmz0)',
    ]);
  });

  test('back beside the one that carried it on, it has its finding again and the other one its own', () => {
    const { rows, seen } = play(firewall([web, rdp]), firewall([web, narrow]), firewall([web, narrow, rdp]));
    expect(rows).toHaveLength(2);
    expect(new Set(seen[2]?.undeclared.map((one) => one.id)).size).toBe(2);
    expect(seen[2]?.undeclared.map((one) => one.id)).toContain(seen[0]?.undeclared[0]?.id);
  });

  test('a new rule that shares none of its traffic is another finding', () => {
    const { rows } = play(firewall([web, rdp]), firewall([web, other]));
    expect(rows.map((row) => row.split(' ').slice(0, 2).join(' '))).toEqual([
      '0 UNPLANNED_OPENING',
      '5 RESOLVED',
      '5 UNPLANNED_OPENING',
    ]);
  });

  test('a removed rule is resolved although another open finding covers its traffic', () => {
    const { rows } = play(firewall([web, narrow, rdp]), firewall([web, rdp]));
    expect(rows.at(-1)).toBe('5 RESOLVED info internet → 192.0.2.10 tcp 3389 (wan0 → dmz0)');
  });

  test('nothing moves on the word of an incomplete reading', () => {
    const cut = { ...firewall([web, narrow]), coverage: { ...shut.coverage, blind: ['fw: truncated'] } };
    const { seen, rows } = play(firewall([web, rdp]), cut, firewall([web, rdp]));
    expect(seen[1]?.undeclared[0]).not.toHaveProperty('carrier');
    expect(rows).not.toContainEqual(expect.stringContaining('RESOLVED info internet → dmz'));
  });
});

describe('cases every adapter must pass', () => {
  test('G2: the rule’s text unchanged, a named set widened: an opening by the object', () => {
    const named = (elements: string) =>
      firewall(['iifname "wan0" ip daddr @hosts tcp dport 3389 accept'], {
        sets: `  set hosts {\n    type ipv4_addr\n    elements = { ${elements} }\n  }\n`,
      });
    const guard = watch(named('192.0.2.10'));
    guard.read(0, named('192.0.2.10'));
    const { undeclared } = guard.read(5, named('192.0.2.10, 192.0.2.11'));
    expect(guard.rows()).toEqual([
      '0 BASELINE_EXPOSURE critical internet → 192.0.2.10 tcp 3389 (wan0 → any)',
      '5 UNPLANNED_OPENING critical internet → 192.0.2.11 tcp 3389 (wan0 → any)',
    ]);
    expect(undeclared[0]?.cause).toMatchObject({ edit: 'object' });
  });

  test('G5: the IPv6 twin is told under the same codes as IPv4', () => {
    const codes = (prefix: string) => {
      const guard = watch(shut);
      guard.plan('W', 0, 60, [{ dst: prefix, ports: '22' }]);
      const family = prefix.includes(':') ? 'ip6' : 'ip';
      const rule = (port: number) => `iifname "wan0" ${family} daddr ${prefix} tcp dport ${port} accept`;
      guard.read(5, firewall([web, rule(22)]));
      guard.read(10, firewall([web, rule(22), rule(3389)]));
      guard.tick(75);
      guard.read(80, shut);
      return guard.rows().map((row) => row.split(' ').slice(0, 3).join(' '));
    };
    expect(codes('2001:db8::10')).toEqual(codes('192.0.2.77'));
    expect(codes('2001:db8::10')).toEqual([
      '5 IN_WINDOW_CHANGE info',
      '10 OUT_OF_SCOPE_OPENING critical',
      expect.stringMatching(/^75 REMOTE_TOOL_LEFT/),
      '75 REMOTE_TOOL_LEFT critical',
      '75 WINDOW_NOT_CLOSED medium',
      '80 RESOLVED info',
      '80 RESOLVED info',
    ]);
  });

  test('G10: removed at the close and back 20 minutes later: unplanned, linked to what it was', () => {
    const guard = watch(shut);
    guard.plan('W', 0, 60, [{ ports: '3389' }]);
    guard.read(5, firewall([web, rdp]));
    guard.close(30, 'W', shut);
    guard.read(50, firewall([web, rdp]));
    expect(guard.rows().map((row) => row.split(' ').slice(0, 2).join(' '))).toEqual([
      '5 IN_WINDOW_CHANGE',
      '30 RESOLVED',
      '50 UNPLANNED_OPENING',
    ]);
    const [finding] = guard.state.findings.filter((one) => one.code === 'UNPLANNED_OPENING');
    expect(finding).toMatchObject({ generation: 2, previous: { code: 'IN_WINDOW_CHANGE', generation: 1 } });
  });

  test('G14: a listener on loopback is no finding, the same on every address is', () => {
    const guard = watch(host([]));
    guard.read(0, host([listener({ bind: '127.0.0.1' })]));
    expect(guard.rows()).toEqual([]);
    guard.read(5, host([listener()]));
    expect(guard.rows()).toEqual([expect.stringMatching(/^5 UNPLANNED_LISTENER \w+ tcp 0\.0\.0\.0:3389 xrdp/)]);
  });

  test('G15: neither a translation nor a filter rule alone is told; both together are', () => {
    const nat = ['iifname "wan0" ip daddr 192.0.2.1 tcp dport 8443 dnat to 10.1.0.5:3389'];
    const pass = 'iifname "wan0" ip daddr 10.1.0.5 tcp dport 3389 ct status dnat accept';
    const guard = watch(shut);
    guard.read(0, firewall([web], { nat }));
    guard.read(5, firewall([web, pass]));
    expect(guard.rows()).toEqual([]);
    guard.read(10, firewall([web, pass], { nat }));
    expect(guard.rows()).toEqual([
      '10 UNPLANNED_OPENING critical internet → 10.1.0.5 tcp 3389 (wan0 → any), 192.0.2.1:8443 → 10.1.0.5:3389',
    ]);
  });

  test('accepted into the baseline it is not shut, and that is said', () => {
    const now = firewall([web, rdp]);
    const first = compose(now, { approved: shut });
    const then = compose(now, { approved: now, earlier: first.undeclared, at: minute(5) });
    const guard = guardOf();
    guard.feed({ kind: 'observed', at: minute(0), observation: first });
    guard.feed({ kind: 'observed', at: minute(5), observation: then });
    const id = first.undeclared[0]?.id;
    expect(guard.finding(`fw/${id}`)).toMatchObject({ details: ['now declared in the baseline'] });
    expect(guard.finding(`fw/${id}+declared`)).toMatchObject({ code: 'BASELINE_EXPOSURE' });
  });

  test('a deny deleted and put back: the declared part of the rule is neither alarmed nor called accepted', () => {
    const deny = 'ip saddr 203.0.113.0/24 drop';
    const guard = watch(firewall([deny, web]));
    [firewall([deny, web]), shut, firewall([deny, web])].forEach((device, index) => {
      guard.read(index * 5, device);
    });
    expect(guard.rows()).toEqual([
      expect.stringMatching(/^5 UNPLANNED_OPENING medium 203\.0\.113\.0\/24 → 192\.0\.2\.10 tcp 443/),
      expect.stringMatching(/^10 RESOLVED info 203\.0\.113\.0\/24 → /),
    ]);
    expect(guard.state.findings[0]?.details).toBeUndefined();
  });

  test('two readings of one state say the same', () => {
    const now = firewall([web, rdp, other]);
    const first = compose(now, { approved: shut, before: shut });
    const again = compose(now, { approved: shut, before: now, earlier: first.undeclared });
    expect(again).toEqual(first);
  });

  test('what is approved and reaches a dangerous port from the internet is told from the first reading on', () => {
    const exposed = firewall([web, rdp]);
    const guard = watch(exposed);
    guard.read(0, exposed);
    expect(guard.rows()).toEqual(['0 BASELINE_EXPOSURE critical internet → dmz tcp 3389 (wan0 → dmz0)']);
  });
});

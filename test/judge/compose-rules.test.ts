import { describe, expect, test } from '@jest/globals';
import { type Baseline, parseBaseline } from '../../agent/baseline/index.js';
import type { Edit } from '../../agent/exposure/index.js';
import { undecided } from '../../agent/judge/compose-compare.js';
import { riskOf } from '../../agent/judge/index.js';
import { problemText } from '../../agent/lib/result.js';
import type { Device } from '../../agent/model/index.js';
import { contextOf } from '../support/guard.js';
import { compose, firewall, nft, note } from './devices.js';

const web = 'iifname "wan0" oifname "dmz0" ip daddr 192.0.2.10 tcp dport 443 accept';
const nothing = firewall([]);

/** A change from one approved state to another, as it is told. */
function change(from: Device, to: Device) {
  return compose(to, { approved: from, before: from });
}

function declared(flows: string): Pick<Baseline, 'flows' | 'listeners'> {
  const parsed = parseBaseline(`version: 1\nflows:\n${flows}`, 'b.yaml');
  if (!parsed.ok) throw new Error(problemText(parsed.error));
  return parsed.value;
}

const input = (rules: readonly string[]) =>
  nft(
    `table inet filter {\n  chain input {\n    type filter hook input priority filter; policy drop;\n${rules.map((rule) => `    ${rule}\n`).join('')}  }\n}\n`,
  );

test('what only the loopback interface carries is no gate, declared or not', () => {
  const local = input(['iif "lo" accept', 'iifname { "lo", "lan0" } tcp dport 22 accept']);
  const declared = compose(local, { approved: local });
  const added = compose(local, { approved: input([]) });
  for (const subjects of [declared.declared, added.undeclared]) {
    expect(subjects.filter(({ direction }) => direction === 'input').map(({ summary }) => summary)).toEqual([
      'lan-clinical → fw tcp 22 (in lan0)',
    ]);
  }
});

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
    ['ip6 daddr 2001:db8::10 tcp dport 443 accept', 'any → 2001:db8::10 tcp 443'],
    ['iifname != "wan0" tcp dport 22 accept', 'any → any tcp 22 (not wan0 → any)'],
  ])('%s', (rule, summary) => {
    const { undeclared, blind } = change(nothing, firewall([rule]));
    expect(undeclared.map(note)).toEqual([`${summary} | added: ${rule}`]);
    expect(blind).toEqual([]);
  });

  test('that was there when the guard looked first is shut by taking away its rule, as it is called now', () => {
    const undo = (edit: Edit): string => `${edit.edit}: delete ${edit.rule.rule}`;
    const ssh = 'iifname "wan0" tcp dport 22 accept';
    const [first] = compose(firewall([ssh]), { undo }).undeclared;
    expect(first).toMatchObject({ undo: `added: delete ${first!.place!.rule}` });
    const moved = firewall(['ip saddr 203.0.113.9 drop', ssh]);
    const later = compose(moved, { undo, before: moved, earlier: [first!] }).undeclared;
    expect(later).toHaveLength(1);
    expect(later[0]).toMatchObject({ id: first!.id, undo: `added: delete ${later[0]!.place!.rule}` });
    expect(later[0]?.place?.rule).not.toBe(first!.place!.rule);
    // What is declared passes by the same rule: taking it away would cut that.
    const flows = declared('  - {from: any, to: 192.0.2.10, service: tcp/22, why: w, owner: o}\n');
    const [wide] = compose(firewall([ssh]), { undo, declared: flows }).undeclared;
    expect(wide).toBeDefined();
    expect(wide).not.toHaveProperty('undo');
  });

  test('with its zones, its place, a packet to try and how to shut it', () => {
    const undo = () => 'nft delete rule inet filter forward handle 4';
    const [one] = compose(firewall([web]), { approved: nothing, before: nothing, undo }).undeclared;
    expect(one).toMatchObject({
      kind: 'rule',
      direction: 'forward',
      flow: {
        src: { text: 'internet', zone: 'internet' },
        dst: { text: '192.0.2.10', zone: 'dmz' },
        proto: 'tcp',
        ports: [443, 443],
      },
      certainty: 'certain',
      place: { text: web },
      cause: { edit: 'added', rule: { text: web } },
      undo: 'nft delete rule inet filter forward handle 4',
    });
    expect(one?.witness).toMatch(/^tcp .* → 192\.0\.2\.10:443 in wan0 out dmz0$/);
  });

  test('a witness goes by interfaces that the device has, also where the rule names none', () => {
    const [one] = compose(firewall(['ip daddr 192.0.2.10 tcp dport 443 accept']), { approved: nothing }).undeclared;
    expect(one?.witness).toMatch(/^tcp .* → 192\.0\.2\.10:443 in wan0 out dmz0$/);
  });

  test('loaded again with another handle, it is shut by that one', () => {
    const undo = (edit: Edit): string => `delete ${edit.rule.rule}`;
    const first = firewall([web]);
    const again = firewall(['ip saddr 192.0.2.99 drop', web]);
    const earlier = compose(first, { approved: nothing, before: nothing, undo }).undeclared;
    expect(earlier.map((one) => one.undo)).toEqual([`delete ${earlier[0]!.place!.rule}`]);
    const [later] = compose(again, { approved: nothing, before: first, earlier, undo }).undeclared;
    expect(later?.id).toBe(earlier[0]!.id);
    expect(later?.place?.rule).not.toBe(earlier[0]!.place!.rule);
    expect(later?.undo).toBe(`delete ${later!.place!.rule}`);
  });

  test('interfaces of several zones: all of them, so that risk knows that none is outside', () => {
    const [one] = change(
      nothing,
      firewall(['iifname { "lan0", "lan1" } oifname "dmz0" tcp dport 3389 accept']),
    ).undeclared;
    expect(one?.flow.src).toMatchObject({ text: 'any', zones: ['lan-admin', 'lan-clinical'] });
    expect(riskOf(one!, contextOf()).because).toContain('internal source');
  });

  test('several protocols are as bad as the worst of them, and no worse', () => {
    const rating = (rule: string) => riskOf(change(nothing, firewall([rule])).undeclared[0]!, contextOf()).severity;
    expect(rating('iifname "wan0" meta l4proto { icmp, ipv6-icmp } accept')).toBe('low');
    expect(rating('iifname "wan0" meta l4proto { tcp, udp } th dport 3389 accept')).toBe('critical');
  });

  test('to the device itself', () => {
    const [one] = change(nothing, firewall([], { input: ['iifname "wan0" tcp dport 22 accept'] })).undeclared;
    expect(one).toMatchObject({
      direction: 'input',
      flow: { dst: { text: 'fw' } },
      summary: 'internet → fw tcp 22 (in wan0)',
    });
    expect(riskOf(one!, contextOf())).toMatchObject({ severity: 'critical' });
  });

  test('what a schedule decides is possible, with its condition', () => {
    const [one] = change(nothing, firewall(['meta hour "08:00"-"18:00" tcp dport 22 accept'])).undeclared;
    expect(one?.certainty).toBe('possible');
    expect(one?.conditions?.join()).toMatch(/hour/);
  });

  test('everything one rule lets through is one subject, other rules are others', () => {
    const before = firewall(['ip daddr 192.0.2.10 tcp dport 443 drop', 'ip daddr 192.0.2.11 udp dport 53 drop']);
    const after = firewall([
      'ip daddr 192.0.2.10 tcp dport 443 drop',
      'ip daddr 192.0.2.11 udp dport 53 drop',
      'accept',
    ]);
    expect(change(before, after).undeclared.map((one) => one.summary)).toEqual(['any → any any service']);
    const two = firewall(['tcp dport 22 accept', 'tcp dport 23 accept']);
    expect(change(nothing, two).undeclared.map((one) => one.summary)).toEqual(['any → any tcp 22', 'any → any tcp 23']);
  });
});

describe('the edit is the cause', () => {
  test.each<[string, readonly string[], readonly string[], string]>([
    ['a rule added', [], ['tcp dport 22 accept'], 'added: tcp dport 22 accept'],
    [
      'a deny deleted: the old permit is not the culprit',
      ['ip saddr 203.0.113.0/24 drop', 'tcp dport 80 accept'],
      ['tcp dport 80 accept'],
      'removed: ip saddr 203.0.113.0/24 drop',
    ],
    ['a rule changed', ['tcp dport 80 accept'], ['tcp dport 80-90 accept'], 'changed: tcp dport 80-90 accept'],
  ])('%s', (_, from, to, cause) => {
    expect(change(firewall(from), firewall(to)).undeclared.map((one) => note(one).split(' | ')[1])).toEqual([cause]);
  });

  test('a deny deleted from a list that accepts by policy is a rule’s subject, and no filtering off', () => {
    const deny = 'ip saddr 203.0.113.0/24 drop';
    const stays = 'tcp dport 25 drop';
    const [from, to] = [[deny, stays], [stays]].map((rules) => firewall(rules, { policy: 'accept' }));
    expect(change(from!, to!).undeclared.map((one) => [one.kind, one.cause?.edit, one.cause?.rule.text])).toEqual([
      ['rule', 'removed', deny],
    ]);
  });

  test('what was declared until today has no edit since the last reading: what differs from the approved state is told', () => {
    const now = firewall(['tcp dport 22 accept']);
    const [one] = compose(now, { approved: nothing, before: now }).undeclared;
    expect(one?.cause).toMatchObject({ edit: 'added' });
  });
});

describe('translated destinations are what stands behind', () => {
  const publish = (to: string) => [`iifname "wan0" ip daddr 192.0.2.1 tcp dport 8443 dnat to ${to}`];
  const passes = ['ct status dnat accept'];

  test('the flow, its ports and the words of the translation', () => {
    const [from, to] = [firewall(passes), firewall(passes, { nat: publish('10.1.0.5:3389') })];
    const [one, ...others] = change(from, to).undeclared;
    expect(others).toEqual([]);
    expect(one).toMatchObject({
      summary: 'internet → 10.1.0.5 tcp 3389 (wan0 → any), 192.0.2.1:8443 → 10.1.0.5:3389',
      flow: { dst: { text: '10.1.0.5' }, ports: [3389, 3389], nat: '192.0.2.1:8443 → 10.1.0.5:3389' },
      cause: { edit: 'added' },
    });
    expect(riskOf(one!, contextOf())).toMatchObject({ severity: 'critical' });
  });

  test('a source that is translated on some ways out makes no second subject of one rule', () => {
    const masquerade = ['oifname "wan0" masquerade'];
    const { undeclared } = change(firewall([], { masquerade }), firewall(['tcp dport 3389 accept'], { masquerade }));
    expect(undeclared.map((one) => one.summary)).toEqual(['any → any tcp 3389']);
  });

  test('another target is one opening, and not a missing flow besides', () => {
    const [from, to] = [publish('10.1.0.5:443'), publish('10.1.0.6:443')].map((nat) => firewall(passes, { nat }));
    const { undeclared, missing } = change(from!, to!);
    expect(undeclared.map((one) => one.flow.dst.text)).toEqual(['10.1.0.6']);
    expect(missing).toEqual([]);
  });

  test('G15: a translation without a filter rule, and a filter rule without a translation, open nothing', () => {
    const rule = 'iifname "wan0" ip daddr 10.1.0.5 tcp dport 3389 ct status dnat accept';
    const nat = publish('10.1.0.5:3389');
    expect(change(nothing, firewall([], { nat })).undeclared).toEqual([]);
    expect(change(nothing, firewall([rule])).undeclared).toEqual([]);
    expect(change(nothing, firewall([rule], { nat })).undeclared).toMatchObject([
      { flow: { dst: { text: '10.1.0.5' } } },
    ]);
  });
});

describe('declared flows', () => {
  const flows = declared('  - { to: 192.0.2.10, via: wan0 -> dmz0, service: tcp/443, owner: x, why: y }\n');

  test('what they hold is declared, what goes beyond is not', () => {
    const wide = firewall([web.replace('443', '{ 22, 443 }')]);
    const seen = compose(wide, { declared: flows });
    expect(seen.undeclared.map((one) => one.summary)).toEqual(['internet → 192.0.2.10 tcp 22 (wan0 → dmz0)']);
    expect(seen.declared.map((one) => one.summary)).toEqual(['internet → 192.0.2.10 tcp 443 (wan0 → dmz0)']);
    expect(seen.declared[0]?.id).toBe(`${seen.undeclared[0]?.id}+declared`);
  });

  test('what was never read is not approved: IPv6 of a snapshot that spoke of IPv4 only', () => {
    const approved = firewall(['tcp dport 443 accept']);
    const { pipeline } = approved;
    const onlyIp4 = {
      ...approved,
      pipeline: { ...pipeline, speaksOf: pipeline.speaksOf.filter(({ family }) => family === 'ip4') },
    };
    const seen = compose(approved, { approved: onlyIp4 });
    expect(seen.undeclared.map((one) => one.summary)).toEqual(['::/0 → ::/0 tcp 443']);
    expect(compose(onlyIp4, { approved }).blind).toEqual(expect.arrayContaining(['fw: IPv6 forward was not read']));
  });
});

describe('cut', () => {
  test('what was approved and does not pass any more, with the rule that let it pass', () => {
    const { missing, undeclared } = change(firewall([web, 'tcp dport 25 accept']), firewall([web]));
    expect(undeclared).toEqual([]);
    expect(missing.map((one) => one.summary)).toEqual(['any → any tcp 25']);
  });

  test('without an approved state: a declared flow, once it has been seen, until it passes again', () => {
    const flows = declared('  - { to: 192.0.2.10, via: wan0 -> dmz0, service: tcp/443, owner: x, why: y }\n');
    const first = compose(nothing, { before: firewall([web]), declared: flows });
    expect(first.missing.map((one) => one.summary)).toEqual(['internet → 192.0.2.10 tcp 443 (wan0 → dmz0)']);
    const still = compose(nothing, { before: nothing, declared: flows, earlierMissing: first.missing });
    expect(still.missing).toEqual(first.missing);
    const back = compose(firewall([web]), { before: nothing, declared: flows, earlierMissing: still.missing });
    expect(back.missing).toEqual([]);
    expect(compose(nothing, { before: nothing, declared: flows }).missing).toEqual([]);
  });
});

describe('blind', () => {
  const broken = (device: Device): Device => ({
    ...device,
    coverage: { ...device.coverage, blind: ['fw: truncated'] },
  });

  test('only what is open for certain is told, and nothing is declared or missing', () => {
    const now = broken(firewall(['tcp dport 22 accept', 'meta hour "08:00"-"18:00" tcp dport 23 accept']));
    const seen = compose(now, { approved: firewall([web]) });
    expect(seen.blind).toEqual(['fw: truncated']);
    expect(seen.undeclared.map((one) => one.summary)).toEqual(['any → any tcp 22']);
    expect([seen.declared, seen.missing]).toEqual([[], []]);
  });

  test('a set that is known and only takes too many boxes to be listed blinds nobody; any other reason does', () => {
    const none = { undeclared: [], declared: [], closed: [], complete: false };
    const reasons = [
      'the exact set takes more than 256 boxes; the largest 64 exceptions are listed',
      'not listed exactly: time',
    ];
    expect(undecided({ ...none, reasons })).toEqual(['not listed exactly: time']);
  });
});

test('with the filter off, what a file declares is told flow by flow', () => {
  const { flows, listeners } = declared(
    '  - {from: any, to: 192.0.2.10, service: tcp/443, owner: x, why: y}\n' +
      '  - {from: 198.51.100.7, to: 192.0.2.20, service: tcp/22, owner: x, why: y}\n',
  );
  const observation = compose(nft(''), { declared: { flows, listeners }, before: nothing });
  expect(observation.declared.map(({ summary }) => summary)).toEqual([
    'any → 192.0.2.10 tcp 443',
    '198.51.100.7 → 192.0.2.20 tcp 22',
  ]);
});

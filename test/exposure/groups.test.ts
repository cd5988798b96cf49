import { describe, expect, test } from '@jest/globals';
import { addressesText, compare, groupOpenings, openingText } from '../../agent/exposure/index.js';
import { nftDevice } from './rulesets.js';

function forward(...rules: readonly string[]): string {
  return `table inet filter {\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n${rules.map((rule) => `\t\t${rule}\n`).join('')}\t}\n}\n`;
}

function groupsOf(before: readonly string[], after: readonly string[]) {
  const result = compare(nftDevice(forward(...after)).pipeline, { pipeline: nftDevice(forward(...before)).pipeline });
  return groupOpenings(result.undeclared);
}

const web = 'ip daddr 192.0.2.10 tcp dport 443 accept';

test('a base chain that came, went, was renamed or is called earlier is an edit, whatever rules it has', () => {
  const chain = (name: string, priority: number, policy: string, rules = ''): string =>
    `table inet filter {\n\tchain ${name} {\n\t\ttype filter hook forward priority ${priority}; policy ${policy};\n${rules}\t}\n}\n`;
  const causes = (before: string, after: string): readonly unknown[] => {
    const now = nftDevice(after).pipeline;
    const result = compare(now, { pipeline: nftDevice(before).pipeline, withClosed: true });
    return [...result.undeclared, ...result.closed].map(({ because }) => because?.edit);
  };
  const open = chain('a', 0, 'accept');
  expect(causes(open, `${open}${chain('b', 10, 'drop').replace('filter {', 'guard {')}`)).toEqual(['added']);
  expect(causes(chain('a', 0, 'drop'), chain('b', 0, 'accept'))).toEqual(['flushed']);
  const marks = '\t\tmeta mark set 0x1\n';
  const drops = '\t\tmeta mark 0x1 drop\n';
  const pair = (first: number): string =>
    `${chain('a', first, 'accept', marks)}${chain('b', 0, 'accept', drops).replace('filter {', 'guard {')}`;
  expect(causes(pair(-10), pair(10))).toEqual(['changed']);
});

test('all that a state lets through is listed once, and only what was listed exactly is kept', () => {
  const { pipeline } = nftDevice(forward('tcp dport 80 accept', 'tcp dport 443 accept'));
  const cut = compare(pipeline, { nodesMax: 3 });
  expect(cut.complete).toBe(false);
  const all = compare(pipeline, { timeMsMax: 60_000 });
  expect(all.complete).toBe(true);
  expect(compare(pipeline)).toBe(all);
  expect(compare(pipeline, { nodesMax: 3 })).toEqual(cut);
  expect(compare(pipeline, { withDeclared: true })).not.toBe(all);
});

describe('regions put together for people', () => {
  test('many regions of one rule are one part, in the rule’s own words, and not exact', () => {
    const odd = 'ip daddr 192.0.2.0/24 tcp dport { 21, 23, 25, 27, 29 } accept';
    const [group, ...others] = groupsOf([odd], [odd, 'ip daddr 192.0.2.0/24 meta l4proto tcp accept']);
    expect(others).toEqual([]);
    expect(group!.edit?.edit).toBe('added');
    expect(group!.parts).toHaveLength(1);
    const [part] = group!.parts;
    expect(openingText(part!.opening)).toBe('0.0.0.0/0 → 192.0.2.0/24 tcp');
    expect(part!.exact).toBe(false);
  });

  test('one edit that frees what several rules let through is one group, the larger part first', () => {
    const deny = 'ip daddr 192.0.2.0/24 drop';
    const wide = 'ip daddr 192.0.2.0/25 udp dport 1000-2000 accept';
    const groups = groupsOf([deny, web, wide], [web, wide]);
    expect(groups).toHaveLength(1);
    expect(groups[0]!.edit).toMatchObject({ edit: 'removed', rule: { text: deny } });
    expect(groups[0]!.parts.map(({ opening }) => openingText(opening))).toEqual([
      '0.0.0.0/0 → 192.0.2.0/25 udp 1000-2000',
      '0.0.0.0/0 → 192.0.2.10 tcp 443',
    ]);
  });

  test('the edit that opened most comes first', () => {
    const groups = groupsOf([], [web, 'ip saddr 10.0.0.0/8 accept']);
    expect(groups.map(({ edit }) => edit?.rule.text)).toEqual(['ip saddr 10.0.0.0/8 accept', web]);
  });

  test('a deny that went is removed, whatever was changed and added in its place', () => {
    const deny = 'ip saddr 203.0.113.66 drop';
    const groups = groupsOf(
      [deny, web, 'ip saddr 203.0.113.0/24 tcp dport 22 accept'],
      [
        'ip daddr 192.0.2.10 tcp dport { 80, 443 } accept',
        'ip daddr 10.20.3.7 tcp dport 104 accept',
        'ip saddr 203.0.113.0/24 tcp dport 22 accept',
      ],
    );
    const edits = groups.map(({ edit }) => [edit?.edit, edit?.rule.text]);
    expect(edits).toContainEqual(['removed', deny]);
    expect(edits).toContainEqual(['added', 'ip daddr 10.20.3.7 tcp dport 104 accept']);
    expect(edits).toContainEqual(['changed', 'ip daddr 192.0.2.10 tcp dport { 80, 443 } accept']);
  });
});

test('addresses of which most are meant are said by what they leave out', () => {
  const ip4 = [0, 0xdfff_ffff, 0xf000_0000, 0xffff_fffe];
  expect(addressesText({ ip4, ip6: [] }, ['ip4'])).toBe('any IPv4 but 224.0.0.0/4, 255.255.255.255');
  const few = [0x0a00_0000, 0x0aff_ffff, 0xc0a8_0000, 0xffff_ffff];
  expect(addressesText({ ip4: few, ip6: [] }, ['ip4'])).toBe('10.0.0.0/8, 192.168.0.0-255.255.255.255');
});

describe('what one rule or policy lets through since several edits', () => {
  const open = (...rules: readonly string[]): Parameters<typeof compare>[0] =>
    nftDevice(forward(...rules).replace('policy drop', 'policy accept')).pipeline;
  const told = (before: Parameters<typeof compare>[0], now: Parameters<typeof compare>[0]): readonly string[] => {
    const { undeclared, closed } = compare(now, { pipeline: before, withClosed: true });
    const words = (sign: string, groups: ReturnType<typeof groupOpenings>): readonly string[] =>
      groups.map(({ edit, parts }) => `${sign}${openingText(parts[0]!.opening)}: ${edit?.edit} ${edit?.rule.text}`);
    return [...words('+', groupOpenings(undeclared)), ...words('-', groupOpenings(closed))];
  };
  const smb = 'tcp dport 445 drop';
  const rdp = 'ip daddr 10.0.0.0/8 tcp dport 3389 drop';
  const snmp = 'udp dport 161 drop';

  test('is told by edit: two denies that were taken out, or put in', () => {
    expect(told(open(smb, rdp, snmp), open(snmp))).toEqual([
      `+any → any tcp 445: removed ${smb}`,
      `+0.0.0.0/0 → 10.0.0.0/8 tcp 3389: removed ${rdp}`,
    ]);
    expect(told(open(snmp), open(smb, rdp, snmp))).toEqual([
      `-any → any tcp 445: added ${smb}`,
      `-0.0.0.0/0 → 10.0.0.0/8 tcp 3389: added ${rdp}`,
    ]);
  });

  test('is one cause where a whole list was emptied', () => {
    const groups = told(open(smb, rdp, snmp), open());
    expect(groups).toHaveLength(1);
    expect(groups[0]).toMatch(/: flushed /);
  });

  test('a rule that only moved is no cause where the deny before it was taken out', () => {
    const [any, web] = ['ip daddr 10.0.0.0/8 drop', 'tcp dport 80 accept'];
    const before = nftDevice(forward('udp dport 53 accept', 'udp dport 123 accept', any, web)).pipeline;
    const now = nftDevice(forward(web, 'udp dport 53 accept', 'udp dport 123 accept')).pipeline;
    expect(told(before, now)[0]).toBe(`+0.0.0.0/0 → 10.0.0.0/8 tcp 80: removed ${any}`);
  });
});

import { describe, expect, test } from '@jest/globals';
import { askLine } from '../../../agent/app/index.js';
import { redactCapture } from '../../../agent/collect/index.js';
import { driver } from '../../../agent/drivers/asa/index.js';
import type { UndoRequest } from '../../../agent/drivers/contract.js';
import { compare } from '../../../agent/exposure/index.js';
import type { Device, Origin } from '../../../agent/model/index.js';
import { isClean, readSections, readText, whole } from './support.js';

function verdict(device: Device, packet: object, at?: object): string {
  const answer = askLine(device, JSON.stringify({ id: 1, packet, at }), { file: 'test', line: 1 }, false);
  return answer.ok ? answer.value.verdict : answer.error.message;
}

const inward = {
  iif: 'outside',
  oif: 'inside',
  src: '198.51.100.1',
  dst: '10.0.0.7',
  proto: 'tcp',
  sport: 40000,
  dport: 443,
};
const outward = {
  iif: 'inside',
  oif: 'outside',
  src: '10.0.0.7',
  dst: '198.51.100.1',
  proto: 'tcp',
  sport: 40000,
  dport: 443,
};

describe('entries of access lists', () => {
  test.each([
    ['permit ip any any', 'allow'],
    ['extended permit ip any4 any4', 'allow'],
    ['extended permit ip any6 any6', 'deny'],
    ['extended permit tcp any host 10.0.0.7 eq https', 'allow'],
    ['extended permit tcp any host 10.0.0.7 eq 444', 'deny'],
    ['extended permit tcp any gt 1023 host 10.0.0.7 lt 1024', 'allow'],
    ['extended permit tcp any lt 1024 host 10.0.0.7', 'deny'],
    ['extended permit tcp any range 1 65535 10.0.0.0 255.255.255.0 range 443 444', 'allow'],
    ['extended permit tcp any 10.0.0.7 255.255.240.7 eq https', 'allow'],
    ['extended permit 6 any host 10.0.0.7', 'allow'],
    ['extended permit tcp any interface inside eq https', 'deny'],
    ['extended permit udp any any', 'deny'],
    ['extended permit tcp any any eq https inactive', 'deny'],
    ['extended permit tcp any any log 5 interval 60 inactive', 'deny'],
    ['line 1 extended permit tcp any any eq https log warnings', 'allow'],
    ['extended permit tcp user LOCAL\\bob any any', 'maybe'],
    ['extended permit tcp security-group tag 12 any security-group name srv any', 'maybe'],
    ['extended permit object tcp-443 any any', 'allow'],
    ['standard permit 198.51.100.0 255.255.255.0', 'allow'],
    ['standard permit host 198.51.100.2', 'deny'],
  ])('%s', (entry, expected) => {
    const device = readText(whole(`access-list a ${entry}\naccess-group a in interface outside`));
    expect(isClean(device)).toBe(true);
    expect(verdict(device, inward)).toBe(expected);
  });

  test('line numbers put an entry in its place', () => {
    const entries = 'access-list a extended deny ip any any\naccess-list a line 1 extended permit tcp any any eq 443\n';
    expect(verdict(readText(whole(`${entries}access-group a in interface outside`)), inward)).toBe('allow');
  });

  test('asked by itself, a list denies what it does not match, unless another comes after it', () => {
    const lists = `access-list a extended permit tcp any any eq https
access-list b extended permit udp any any
access-list c extended permit gre any any
access-group a in interface outside
access-group b out interface inside`;
    const alone = readText(whole(lists));
    expect(['a', 'b', 'c'].map((acl) => verdict(alone, inward, { acl }))).toEqual(['allow', 'deny', 'deny']);
    expect(verdict(alone, { ...inward, proto: 'udp' }, { acl: 'a' })).toBe('deny');
    expect(verdict(alone, { ...inward, dport: undefined }, { acl: 'a' })).toBe('maybe');
    const followed = readText(whole(`${lists}\naccess-group c global`));
    expect(verdict(followed, { ...inward, proto: 'udp' }, { acl: 'a' })).toBe('no-match');
    expect(['b', 'c'].map((acl) => verdict(followed, inward, { acl }))).toEqual(['deny', 'deny']);
  });

  test('a changed member of a group that is not seen in packets is another condition', () => {
    const device = (tag: number): Device =>
      readText(
        whole(
          `object-group security s\n security-group tag ${tag}\naccess-list a extended permit ip object-group-security s any any\naccess-group a in interface outside`,
        ),
      );
    const change = (before: Device, after: Device) =>
      compare(after.pipeline, { pipeline: before.pipeline, withClosed: true });
    expect(change(device(1), device(1)).undeclared).toEqual([]);
    expect(change(device(1), device(2)).undeclared.map(({ certainty }) => certainty)).toContain('possible');
  });
});

describe('where lists are bound', () => {
  test.each([
    ['nothing: down from a higher level', '', outward, 'allow'],
    ['nothing: up from a lower level', '', inward, 'deny'],
    [
      'a list on the way out does not open the way in',
      'access-list a extended permit ip any any\naccess-group a out interface inside',
      inward,
      'deny',
    ],
    [
      'both',
      'access-list a extended permit ip any any\naccess-group a in interface outside\naccess-group a out interface inside',
      inward,
      'allow',
    ],
    [
      'the end of a list on the way out',
      'access-list a extended permit udp any any\naccess-group a out interface outside',
      outward,
      'deny',
    ],
    [
      'a global list after that of the interface',
      'access-list a extended permit udp any any\naccess-list g extended permit tcp any any\naccess-group a in interface outside\naccess-group g global',
      inward,
      'allow',
    ],
    [
      'the interface before the global list',
      'access-list a extended deny tcp any any\naccess-list g extended permit tcp any any\naccess-group a in interface outside\naccess-group g global',
      inward,
      'deny',
    ],
    [
      'a global list replaces levels',
      'access-list g extended permit udp any any\naccess-group g global',
      outward,
      'deny',
    ],
  ])('%s', (_, lines, packet, expected) => {
    const device = readText(whole(lines));
    expect(isClean(device)).toBe(true);
    expect(verdict(device, packet)).toBe(expected);
  });
});

describe('translations', () => {
  const open = 'access-list a extended permit tcp any host 10.0.0.7 eq 443\naccess-group a in interface outside\n';
  const object = 'object network srv\n host 10.0.0.7\n';
  test.each([
    ['static', `${object} nat (inside,outside) static 203.0.113.7\n`, { dst: '203.0.113.7' }, 'allow'],
    ['static, another address', `${object} nat (inside,outside) static 203.0.113.7\n`, { dst: '203.0.113.8' }, 'deny'],
    [
      'the address of the interface and a port',
      `${object} nat (inside,outside) static interface service tcp 443 8443\n`,
      { dst: '203.0.113.2', dport: 8443 },
      'allow',
    ],
    [
      'another port of it',
      `${object} nat (inside,outside) static interface service tcp 443 8443\n`,
      { dst: '203.0.113.2', dport: 443 },
      'deny',
    ],
    [
      'dynamic does not lead in',
      `${object} nat (inside,outside) dynamic 203.0.113.7\n`,
      { dst: '203.0.113.7' },
      'deny',
    ],
    [
      'a network keeps the host',
      'object network net\n subnet 10.0.0.0 255.255.255.240\n nat (inside,outside) static 203.0.113.16\n',
      { dst: '203.0.113.23' },
      'allow',
    ],
    [
      'a network, another host',
      'object network net\n subnet 10.0.0.0 255.255.255.240\n nat (inside,outside) static 203.0.113.16\n',
      { dst: '203.0.113.24' },
      'deny',
    ],
    [
      'a large network keeps the host',
      'object network net\n subnet 10.0.0.0 255.255.255.0\n nat (inside,outside) static 192.0.2.0\n',
      { dst: '192.0.2.7' },
      'allow',
    ],
    [
      'a large network, another host',
      'object network net\n subnet 10.0.0.0 255.255.255.0\n nat (inside,outside) static 192.0.2.0\n',
      { dst: '192.0.2.8' },
      'deny',
    ],
    [
      'a network under an address within another: the network of that address',
      'object network net\n subnet 10.0.0.0 255.255.255.0\n nat (inside,outside) static 192.0.2.111\n',
      { dst: '192.0.2.7' },
      'allow',
    ],
    [
      'a range under one address: as many that begin with it',
      'object network net\n range 10.0.0.5 10.0.0.9\n nat (inside,outside) static 192.0.2.111\n',
      { dst: '192.0.2.113' },
      'allow',
    ],
    [
      'a range, another host',
      'object network net\n range 10.0.0.5 10.0.0.9\n nat (inside,outside) static 192.0.2.111\n',
      { dst: '192.0.2.114' },
      'deny',
    ],
    [
      'any host of a range',
      'object network net\n range 10.0.0.6 10.0.0.9\n nat (inside,outside) static 192.0.2.111\n',
      { dst: undefined },
      'maybe',
    ],
    [
      'unidirectional',
      `${object}object network pub\n host 203.0.113.7\nnat (inside,outside) source static srv pub unidirectional\n`,
      { dst: '203.0.113.7' },
      'deny',
    ],
    [
      'twice, for one partner',
      `${object}object network pub\n host 203.0.113.7\nobject network peer\n host 198.51.100.1\nnat (inside,outside) source static srv pub destination static peer peer\n`,
      { dst: '203.0.113.7' },
      'allow',
    ],
    [
      'twice, for another',
      `${object}object network pub\n host 203.0.113.7\nobject network peer\n host 198.51.100.9\nnat (inside,outside) source static srv pub destination static peer peer\n`,
      { dst: '203.0.113.7' },
      'deny',
    ],
    [
      'twice, before the object',
      `object network other\n host 10.0.0.8\nobject network pub\n host 203.0.113.7\n${object} nat (inside,outside) static 203.0.113.7\nnat (inside,outside) source static other pub\n`,
      { dst: '203.0.113.7' },
      'deny',
    ],
    [
      'twice, after the object',
      `object network other\n host 10.0.0.8\nobject network pub\n host 203.0.113.7\n${object} nat (inside,outside) static 203.0.113.7\nnat (inside,outside) after-auto source static other pub\n`,
      { dst: '203.0.113.7' },
      'allow',
    ],
    [
      'inactive',
      `${object}object network pub\n host 203.0.113.7\nnat (inside,outside) source static srv pub inactive\n`,
      { dst: '203.0.113.7' },
      'deny',
    ],
  ])('%s', (_, lines, packet, expected) => {
    const device = readText(whole(lines + open));
    expect(isClean(device)).toBe(true);
    expect(verdict(device, { ...inward, ...packet })).toBe(expected);
  });
});

describe('what is not a rule', () => {
  test('before 8.3 the reading is blind', () => {
    expect(readText(whole('').replace('9.16(4)', '8.2(5)')).coverage.blind.join()).toMatch(/before 8\.3/);
  });

  test('tunnels pass the access list, unless they are filtered', () => {
    const vpn = 'crypto map m 1 set peer 198.51.100.9\ncrypto map m interface outside\n';
    const tunnelled = { ...inward, iif: 'outside:tunnel' };
    expect(verdict(readText(whole(vpn)), tunnelled)).toBe('maybe');
    expect(verdict(readText(whole(vpn)), inward)).toBe('deny');
    const filtered = (entry: string): Device =>
      readText(
        whole(
          `no sysopt connection permit-vpn\naccess-list a extended ${entry}\naccess-group a in interface outside\n${vpn}`,
        ),
      );
    expect(verdict(filtered('permit tcp any any eq 443'), tunnelled)).toBe('allow');
    expect(verdict(filtered('permit tcp any any eq 444'), tunnelled)).toBe('deny');
    expect(readText(whole(vpn)).coverage.notCovered.join()).toMatch(/permit-vpn, the default/);
  });

  test('a rule for everybody is certain beside tunnels, and undone by its own line', () => {
    const lines = (entry: string): string =>
      `crypto map m interface outside\n${entry}access-list a extended deny ip any any\naccess-group a in interface outside`;
    const [before, after] = ['', 'access-list a extended permit tcp any any eq www\n'].map((entry) =>
      readText(whole(lines(entry))),
    );
    const { undeclared } = compare(after!.pipeline, { pipeline: before!.pipeline, withClosed: true });
    expect(undeclared.map(({ certainty }) => certainty)).toEqual(undeclared.map(() => 'certain'));
    expect(undeclared[0]?.because).toMatchObject({ edit: 'added', rule: { rule: 'access-list a line 1' } });
  });

  test('a module that inspects may stop what is permitted', () => {
    const lines = 'class-map all\n match any\npolicy-map p\n class all\n  sfr fail-open\nservice-policy p global';
    expect(verdict(readText(whole(lines)), outward)).toBe('maybe');
  });

  test('a configuration that is saved otherwise comes back', () => {
    const section = (name: string, lines: string) => ({ name, source: name, text: whole(lines) });
    const open = 'access-list a extended permit ip any any\naccess-group a in interface outside';
    const saved = (lines: string) => {
      const result = readSections([section('running-config', ''), section('startup-config', lines)]);
      if (!result.ok) throw new Error(result.error.message);
      return result.value;
    };
    expect(saved('logging enable')).not.toHaveProperty('later');
    expect(saved('logging enable')).not.toHaveProperty('laterUnknown');
    const [later] = saved(open).later!;
    expect(later).toMatchObject({
      kind: 'saved',
      returnsWhen: 'at the next start, which loads the startup configuration',
    });
    expect(later!.pipeline.lists.flatMap(({ rules }) => rules.map(({ origin }) => origin.file))).toContain(
      'startup-config',
    );
    for (const wrong of ['access-group b in interface outside', 'access-list a extended shrug any any'])
      expect(saved(wrong)).toMatchObject({ laterUnknown: ['saved'], coverage: { blind: [] } });
    const cut = { ...section('startup-config', open), text: whole(open).slice(0, -40) };
    const result = readSections([section('running-config', ''), cut]);
    expect(result).toMatchObject({ ok: true, value: { laterUnknown: ['saved'], coverage: { blind: [] } } });
  });

  test('secrets are found by the words before them', () => {
    const secrets = Array.from({ length: 12 }, (_, index) => `S3cret${index}x`);
    const [enable, login, user, key, ldap, community, host, server, auth, priv, ntp, ospf] = secrets;
    const text = whole(`enable password ${enable} encrypted
passwd ${login} encrypted
username bob password ${user} pbkdf2 privilege 15
tunnel-group t ipsec-attributes
 ikev1 pre-shared-key ${key}
aaa-server l (inside) host 10.0.0.9
 ldap-login-password ${ldap}
 key ${server}
snmp-server community ${community}
snmp-server host inside 10.0.0.9 community ${host} version 2c
snmp-server user u g v3 auth sha ${auth} priv aes 128 ${priv}
ntp authentication-key 1 md5 ${ntp}
interface GigabitEthernet0/9
 ospf message-digest-key 1 md5 ${ospf}`);
    const capture = { driver: 'asa', device: 'fw', sections: [{ name: 'running-config', source: 'x', text }] };
    const redacted = JSON.stringify(redactCapture(capture, driver.secrets, new Uint8Array(32)));
    expect(secrets.filter((secret) => redacted.includes(secret))).toEqual([]);
    const told = JSON.stringify([readText(text).facts, readText(text).pipeline], (_, value: unknown) =>
      typeof value === 'bigint' ? `${value}n` : value,
    );
    expect(secrets.filter((secret) => told.includes(secret))).toEqual([]);
  });
});

describe('undo in the words of an ASA', () => {
  const entry = (line: number, text: string): Origin => ({
    file: 'fw',
    line,
    rule: `access-list a line ${line}`,
    text: `access-list a ${text}`,
  });
  const permit = entry(3, 'extended permit ip any any');
  const base = { rule: permit, list: 'acl/a' } as const;
  test.each<[UndoRequest, string | undefined]>([
    [{ ...base, edit: 'added' }, 'no access-list a extended permit ip any any'],
    [{ ...base, edit: 'removed' }, 'access-list a extended permit ip any any'],
    [
      { ...base, edit: 'removed', next: entry(2, 'extended deny ip any any') },
      'access-list a line 2 extended permit ip any any',
    ],
    [
      { ...base, edit: 'changed', former: entry(3, 'extended permit tcp any any eq 443') },
      'no access-list a extended permit ip any any\naccess-list a line 3 extended permit tcp any any eq 443',
    ],
    [
      { ...base, edit: 'moved', former: entry(9, 'extended permit ip any any') },
      'no access-list a extended permit ip any any\naccess-list a line 9 extended permit ip any any',
    ],
    [{ ...base, edit: 'object' }, undefined],
    [
      {
        edit: 'added',
        list: 'management',
        rule: { file: 'fw', line: 1, rule: 'ssh 0.0.0.0', text: 'ssh 0.0.0.0 0.0.0.0 outside' },
      },
      'no ssh 0.0.0.0 0.0.0.0 outside',
    ],
    [{ ...base, edit: 'added', rule: entry(1, 'extended permit ip any any \u001b[2J') }, undefined],
    [
      { ...base, edit: 'added', rule: { file: 'x', line: 1, rule: 'filter/INPUT rule 1', text: '-A INPUT -j ACCEPT' } },
      undefined,
    ],
  ])('%j', (request, expected) => {
    expect(driver.undo?.(request)).toBe(expected);
  });
});

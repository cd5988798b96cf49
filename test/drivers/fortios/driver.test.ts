import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { diffFiles, readFile } from '../../../agent/app/index.js';
import { captureHash, redactCapture } from '../../../agent/collect/index.js';
import type { Capture, UndoRequest } from '../../../agent/drivers/contract.js';
import { driver } from '../../../agent/drivers/fortios/index.js';
import type { Origin } from '../../../agent/model/index.js';
import { describeShared } from '../../support/shared.js';
import { deviceOf, textOf } from './support.js';

const folder = mkdtempSync(join(tmpdir(), 'ecluse-fortios-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const clinic = textOf('clinic-74');
const anyToWeb = `    edit 99
        set name "support"
        set srcintf "wan1"
        set dstintf "imaging"
        set action accept
        set srcaddr "all"
        set dstaddr "pacs"
        set schedule "always"
        set service "HTTPS"
    next
    move 99 before 11
`;
const opened = clinic.replace(
  '        set nat enable\n    next\nend\n',
  `        set nat enable\n    next\n${anyToWeb}end\n`,
);

describe('the difference of two configurations', () => {
  test('an added policy: what it opens, by which policy, and how to take it away', async () => {
    const { answer, exit } = await diffFiles(file('a.conf', clinic), file('b.conf', opened), {});
    expect(exit).toBe(1);
    expect(answer).toMatchObject({ equal: false, complete: true, closed: [] });
    const certain = answer!.opened.filter(({ certainty }) => certainty === 'certain');
    expect(certain.length).toBeGreaterThan(0);
    for (const opening of certain) {
      expect(opening).toMatchObject({ from: ['wan1'], to: ['imaging'], dst: ['10.30.0.10'], proto: 'tcp' });
      expect(opening.because).toMatchObject({ edit: 'added', rule: { rule: 'firewall policy 99' } });
      expect(opening.undo).toBe('config firewall policy\ndelete 99\nend');
    }
  });

  test('another reading of the same device is equal', async () => {
    const again = clinic
      .replace(/uuid 5f0d0b4e/g, 'uuid 77777777')
      .replace(/ENC \S+/g, 'ENC SH2another=')
      .replace(/conf_file_ver=\d+/, 'conf_file_ver=1');
    const { answer, exit } = await diffFiles(file('a.conf', clinic), file('c.conf', again), {});
    expect([exit, answer?.equal]).toEqual([0, true]);
  });

  test('a name that stands for another address is an edit of what it is used in', async () => {
    const moved = clinic.replace('set end-ip 203.0.113.23', 'set end-ip 203.0.113.31');
    const { answer } = await diffFiles(file('a.conf', clinic), file('d.conf', moved), {});
    expect(answer!.opened.map(({ direction, src, certainty }) => [direction, src, certainty])).toEqual([
      ['forward', ['203.0.113.24/29'], 'possible'],
      ['input', ['203.0.113.24/29'], 'possible'],
    ]);
  });
});

describe('undo', () => {
  const policies = deviceOf(opened).pipeline.lists.find(({ id }) => id === 'policy')!.rules;
  const origin = (name: string): Origin => policies.find(({ origin: one }) => one.rule.endsWith(` ${name}`))!.origin;
  const request = (edit: UndoRequest['edit'], rule: Origin, more: Partial<UndoRequest> = {}): UndoRequest => ({
    edit,
    rule,
    list: 'policy',
    ...more,
  });

  test('puts a policy back in its place', () => {
    expect(driver.undo!(request('removed', origin('12'), { next: origin('13') }))).toBe(
      [
        'config firewall policy',
        'edit 12',
        'set name "no outsiders"',
        'set srcintf wan1',
        'set dstintf any',
        'set srcaddr all',
        'set dstaddr all',
        'set schedule always',
        'set service ALL',
        'next',
        'move 12 before 13',
        'end',
      ].join('\n'),
    );
  });

  test('takes away what was set since', () => {
    const former = origin('12');
    const now = { ...former, text: former.text.replace('; next', '; set srcaddr-negate enable; next') };
    const lines = driver.undo!(request('changed', now, { former }))!.split('\n');
    expect(lines.slice(0, 3)).toEqual(['config firewall policy', 'edit 12', 'unset srcaddr-negate']);
  });

  test('enters the virtual domain', () => {
    const rule = { ...origin('12'), rule: 'guests/firewall policy6 12' };
    expect(driver.undo!(request('added', rule))).toBe(
      'config vdom\nedit guests\nconfig firewall policy6\ndelete 12\nend\nend',
    );
  });

  test.each([
    [
      'system interface lan allowaccess',
      'allowaccess ssh on lan',
      'config system interface\nedit lan\nunselect allowaccess ssh\nnext\nend',
    ],
    [
      'guests/system interface port 3 ip6-allowaccess',
      'ip6-allowaccess https on port 3',
      'config global\nconfig system interface\nedit "port 3"\nconfig ipv6\nunselect ip6-allowaccess https\nend\nnext\nend\nend',
    ],
    ['system interface lan/secondaryip 1 allowaccess', 'allowaccess ssh on lan', undefined],
    [
      'system zone medical intrazone',
      'intrazone allow in the zone medical',
      'config system zone\nedit medical\nset intrazone deny\nnext\nend',
    ],
    ['system interface x"; y allowaccess', 'allowaccess ssh on x', undefined],
    ['firewall vip web 1', 'edit "web 1"; set extip 203.0.113.9; next', 'config firewall vip\ndelete "web 1"\nend'],
    ['guests/firewall vip6 w', 'edit w; next', 'config vdom\nedit guests\nconfig firewall vip6\ndelete w\nend\nend'],
    ['firewall vip x"; y', 'edit x; next', undefined],
    ['firewall security-policy 5', 'edit 5; set action accept; next', 'config firewall security-policy\ndelete 5\nend'],
  ])('shuts %s', (rule, text, expected) => {
    expect(driver.undo!(request('added', { file: 'show', line: 3, rule, text }))).toBe(expected);
  });

  test.each([['x"; set action accept; set name "y'], ['x\nend\nconfig system admin'], ['a; b']])(
    'a policy named %j breaks out of nothing',
    (name) => {
      const escaped = name.replace(/["\\]/g, '\\$&');
      const text = clinic.replace('set name "no outsiders"', `set name "${escaped}"`);
      const rules = deviceOf(text).pipeline.lists.find(({ id }) => id === 'policy')!.rules;
      const rule = rules.find(({ comment }) => comment === name)!.origin;
      expect(driver.undo!(request('removed', rule))).toBeUndefined();
    },
  );

  test.each(['moved', 'flushed', 'object', 'policy'] as const)('has no words for %s', (edit) => {
    expect(driver.undo!(request(edit, origin('12')))).toBeUndefined();
  });
});

const key = new Uint8Array(32).fill(7);

function captured(text: string): Capture {
  return redactCapture(
    { driver: 'fortios', device: 'fw', sections: [{ name: 'configuration', source: 'show', text }] },
    driver.secrets,
    key,
  );
}

describe('secrets', () => {
  const begin = (kind: string): string => `${'-'.repeat(5)}BEGIN ${kind}PRIVATE KEY${'-'.repeat(5)}`;
  const forms: readonly ((secret: string) => string)[] = [
    (secret) => `set password ENC ${secret}`,
    (secret) => `set passwd ENC ${secret}`,
    (secret) => `set psksecret ENC ${secret}`,
    (secret) => `set psksecret ${secret}`,
    (secret) => `set psksecret-remote "${secret} with blanks"`,
    (secret) => `set secondary-secret "${secret}"`,
    (secret) => `set radius-secret "a \\" ${secret}"`,
    (secret) => `set auth-pwd ENC ${secret}`,
    (secret) => `set priv-pwd "${secret}"`,
    (secret) => `set md5-key ENC ${secret}`,
    (secret) => `set key "${secret}"`,
    (secret) => `set secondary-key ${secret}`,
    (secret) => `set key-string ENC ${secret}`,
    (secret) => `set api-key ENC ${secret}`,
    (secret) => `set passphrase ENC ${secret}`,
    (secret) => `set sae-password "${secret}"`,
    (secret) => `set private-key "${begin('ENCRYPTED ')}\n${secret}\n${begin('ENCRYPTED ').replace('BEGIN', 'END')}"`,
    (secret) => `set something "${begin('RSA ')}\n${secret}\n${begin('RSA ').replace('BEGIN', 'END')}"`,
    (secret) => `config x\nedit 4\n    set name "${secret}"\n    config hosts\n    end\nnext\nend`,
  ];
  const planted = Array.from({ length: 200 }, (_, index) => `Canary${1000 + index}Secret`);

  test('200 of them leave no byte, and keep every line in its place', () => {
    const text = planted.map((secret, index) => forms[index % forms.length]!(secret)).join('\n');
    const clean = captured(text).sections[0]!.text;
    expect(clean).not.toMatch(/Canary/);
    expect(clean.split('\n')).toHaveLength(text.split('\n').length);
  });

  test('none stands in what is made of a configuration that was not redacted', () => {
    const text = clinic
      .replace(/ENC \S+/g, 'CanarySecret')
      .replace('set remote-gw', 'set ppk-secret "CanarySecret"\n        set remote-gw');
    expect(text).toMatch(/Canary/);
    const show = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);
    expect(JSON.stringify(deviceOf(text), show)).not.toMatch(/Canary/);
  });

  test('a configuration is read the same with its secrets taken out', () => {
    expect(deviceOf(captured(clinic).sections[0]!.text)).toEqual(deviceOf(clinic));
  });

  test('what the device encrypts anew, counts or stamps is no change; a setting is', () => {
    const later = clinic
      .replace(/ENC \S+/g, (found) => `${found.slice(0, 8)}zzzz=`)
      .replace(/conf_file_ver=\d+/, 'conf_file_ver=5')
      .replace(/uuid 5f0d0b4e/g, 'uuid 66666666')
      .replace('user=reader', 'user=other');
    const hash = (text: string): string => captureHash(captured(text), driver.volatile);
    expect(hash(later)).toBe(hash(clinic));
    expect(hash(later.replace('set trusthost1 10.20.9.8', 'set trusthost1 10.20.9.9'))).not.toBe(hash(clinic));
  });
});

describeShared('corpus', 'configurations of others', (corpus) => {
  const names = readdirSync(join(corpus, 'fortios')).sort();
  test.each(names)('%s is recognised and read, every line once', async (name) => {
    const read = await readFile(join(corpus, 'fortios', name));
    if (!read.ok) throw new Error(read.error.message);
    const { lines } = read.value.coverage;
    expect(new Set(lines.map(({ line }) => line)).size).toBe(lines.length);
    expect(lines.filter(({ reason }) => reason?.includes('no reader claimed'))).toEqual([]);
  });
});

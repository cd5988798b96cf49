import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { askLine, diffFiles, exposureOfFile, readFile } from '../../agent/app/index.js';

const folder = mkdtempSync(join(tmpdir(), 'ecluse-diff-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function forward(...rules: readonly string[]): string {
  const lines = rules.map((rule) => `\t\t${rule}\n`).join('');
  return `table inet filter {\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n${lines}\t}\n}\n`;
}

const web = 'iifname "wan0" oifname "dmz0" ip daddr 192.0.2.10 tcp dport 443 accept';
const rdp = 'iifname "wan0" tcp dport 3389 accept';

async function verdictOf(path: string, packet: object): Promise<string> {
  const device = await readFile(path);
  if (!device.ok) throw new Error(device.error.message);
  const answer = askLine(device.value, JSON.stringify({ id: 1, packet }), { file: 'q', line: 1 }, false);
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value.verdict;
}

describe('diff of two captures', () => {
  test('an added rule: what it opens, the edit, its remedy, and a witness that ask answers differently', async () => {
    const [before, after] = [file('a.nft', forward(web)), file('b.nft', forward(web, rdp))];
    const { answer, exit } = await diffFiles(before, after, {});
    expect(exit).toBe(1);
    expect(answer).toMatchObject({ equal: false, complete: true, closed: [] });
    expect(answer!.opened).toHaveLength(1);
    const [opening] = answer!.opened;
    expect(opening).toMatchObject({
      direction: 'forward',
      from: ['wan0'],
      to: ['any'],
      src: ['any'],
      dst: ['any'],
      proto: 'tcp',
      dport: ['3389'],
      except: [],
      certainty: 'certain',
      because: { edit: 'added', rule: { line: 5, text: rdp }, permittedBy: { line: 5, text: rdp } },
      complete: true,
    });
    expect(opening!.undo).toContain('3389');
    expect(await verdictOf(before, opening!.witness)).toBe('deny');
    expect(await verdictOf(after, opening!.witness)).toBe('allow');
  });

  test('a table beside the model that was changed is no equality', async () => {
    const bridged = (prefix: string): string =>
      `${forward(web)}table bridge b {\n\tchain in {\n\t\ttype filter hook forward priority 0; policy accept;\n\t\tip saddr ${prefix} drop\n\t}\n}\n`;
    const [before, after] = [file('w.nft', bridged('203.0.113.0/24')), file('x.nft', bridged('203.0.113.0/25'))];
    const { answer, exit } = await diffFiles(before, after, {});
    expect(exit).toBe(3);
    expect(answer).toMatchObject({ equal: null, opened: [], closed: [] });
    expect(answer!.reasons.join()).toContain('bridge/b/in at forward was changed');
    expect(await diffFiles(before, before, {})).toMatchObject({ exit: 0 });
  });

  test('the same rules in other words are equal', async () => {
    const before = file('c.nft', forward('tcp dport { 80, 443 } accept'));
    const after = file('d.nft', forward('tcp dport 443 counter packets 7 bytes 400 accept', 'tcp dport 80 accept'));
    expect(await diffFiles(before, after, {})).toMatchObject({
      exit: 0,
      answer: { equal: true, opened: [], closed: [] },
    });
  });

  test('a capture without its end is not compared', async () => {
    const [before, after] = [file('e.nft', forward(web)), file('f.nft', forward(web).slice(0, -3))];
    const { answer, exit, problems } = await diffFiles(before, after, {});
    expect(exit).toBe(3);
    expect(answer).toMatchObject({ equal: null, opened: [], closed: [], complete: false });
    expect(problems).toHaveLength(1);
  });

  test('captures of two platforms are not compared; those of one are, whatever program wrote them', async () => {
    const forti = file(
      'two.conf',
      '#config-version=FGT60F-7.2.8-FW-build1639-240313:opmode=0:vdom=0:user=admin\nconfig firewall policy\nend\n',
    );
    const { answer, exit, problems } = await diffFiles(file('one.nft', forward(web)), forti, {});
    expect({ answer, exit }).toEqual({ answer: undefined, exit: 2 });
    expect(problems).toMatchObject([
      {
        code: 'OTHER_PLATFORM',
        file: forti,
        message: 'this is of FortiOS (FortiGate), and the capture before of nftables (Linux)',
      },
    ]);
  });

  test('what is no capture is a wrong call', async () => {
    const [before, after] = [file('g.nft', forward(web)), file('h.txt', 'dear reader\n')];
    expect((await diffFiles(before, after, {})).exit).toBe(2);
    expect((await diffFiles(join(folder, 'absent'), after, {})).exit).toBe(2);
  });

  test('a line that is not understood makes no difference certain, and none is no proof', async () => {
    const [before, after] = [file('i.nft', forward(web)), file('j.nft', forward(web, 'frobnicate 7 accept'))];
    const { answer, exit } = await diffFiles(before, after, {});
    expect(exit).toBe(3);
    expect(answer).toMatchObject({ equal: null });
  });

  test('only what both captures speak of is compared; the rest is named', async () => {
    const save = (...lines: readonly string[]): string =>
      ['*filter', ':INPUT DROP [0:0]', ':FORWARD DROP [0:0]', ':OUTPUT ACCEPT [0:0]', ...lines, 'COMMIT', ''].join(
        '\n',
      );
    const before = file('k', `# Generated by iptables-save v1.8.9\n${save()}`);
    const after = file('l.nft', forward());
    const { answer } = await diffFiles(before, after, {});
    expect(answer!.coverage.notCovered.join(' ')).toMatch(/Only one of the two captures speaks of .*IPv6/);
    expect(answer!.opened.every(({ src }) => !src.includes('::/0'))).toBe(true);
  });
});

describe('exposure of a capture', () => {
  test('what is let through, by permitting rule, from and to a zone', async () => {
    const path = file('m.nft', forward(web, rdp, 'iifname "lan0" accept'));
    const all = await exposureOfFile(path, {});
    expect(all.exit).toBe(0);
    const permitted = ({ answer }: typeof all): readonly string[] =>
      answer!.openings.filter((one) => one.direction === 'forward').map((one) => one.because.permittedBy.text);
    expect(permitted(all)).toEqual([web, rdp, 'iifname "lan0" accept']);
    expect(permitted(await exposureOfFile(path, { from: 'lan0' }))).toEqual(['iifname "lan0" accept']);
    expect(permitted(await exposureOfFile(path, { from: 'wan0', to: 'lan0' }))).toEqual([rdp]);
    const strange = await exposureOfFile(path, { from: 'lan1' });
    expect(strange.answer!.coverage.notCovered).toContain(
      'No zone and no rule is of lan1: it is taken for any interface that none names.',
    );
    expect((await exposureOfFile(path, { from: 'lan0', to: 'self' })).answer!.coverage.notCovered).toEqual([]);
    const toSelf = await exposureOfFile(path, { to: 'self' });
    expect(toSelf.answer!.openings.map((one) => one.direction)).toEqual(['input']);
  });
});

describe('the words below an edit', () => {
  const policy = (...settings: readonly string[]): string =>
    [
      '#config-version=FGT60F-7.2.8-FW-build1639-240313:opmode=0:vdom=0:user=admin',
      'config system interface',
      '    edit "port1"',
      '    next',
      '    edit "port2"',
      '    next',
      'end',
      'config firewall policy',
      '    edit 1',
      '        set srcintf "port1"',
      '        set dstintf "port2"',
      '        set srcaddr "all"',
      '        set dstaddr "all"',
      '        set action accept',
      '        set schedule "always"',
      ...settings.map((line) => `        ${line}`),
      '    next',
      'end',
      '',
    ].join('\n');

  test('of a rule that was changed, the settings that differ; and a remedy of several lines below each other', async () => {
    const before = file('n.conf', policy('set service "ALL"', 'set srcaddr-negate enable'));
    const [wider, other] = [policy('set service "ALL"'), policy('set service "ALL_TCP"', 'set logtraffic all')];
    const told = async (name: string, text: string) =>
      (await (await diffFiles(before, file(name, text), {})).told()).opened;
    const [one] = await told('o.conf', wider);
    expect(one?.below[0]).toMatch(
      /^changed .*o\.conf:9 firewall policy 1: edit 1; .*; next, before: set srcaddr-negate enable$/,
    );
    expect(one?.below.slice(one.below.indexOf('to undo:'))).toEqual([
      'to undo:',
      '    config firewall policy',
      '    edit 1',
      '    set srcintf port1',
      '    set dstintf port2',
      '    set srcaddr all',
      '    set dstaddr all',
      '    set action accept',
      '    set schedule always',
      '    set service ALL',
      '    set srcaddr-negate enable',
      '    next',
      '    end',
    ]);
    const [two] = await told('p.conf', other);
    expect(two?.below[0]).toMatch(/, before: set service ALL; set srcaddr-negate enable$/);
  });

  test('of a rule that only gained a setting, the setting', async () => {
    const deny = policy('set service "ALL"').replace('        set action accept\n', '');
    const [one] = (
      await (await diffFiles(file('q.conf', deny), file('r.conf', policy('set service "ALL"')), {})).told()
    ).opened;
    expect(one?.below[0]).toMatch(/, before without: set action accept$/);
  });

  test('that a packet is let through as before, but sent elsewhere, is said of the example', async () => {
    const nat = (...rules: readonly string[]): string =>
      [
        '# Generated by iptables-save v1.8.9',
        '*nat',
        ...[':PREROUTING ACCEPT [0:0]', ':INPUT ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', ':POSTROUTING ACCEPT [0:0]'],
        ...rules,
        'COMMIT',
        '*filter',
        ...[':INPUT DROP [0:0]', ':FORWARD ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]'],
        'COMMIT',
        '# Completed',
        '',
      ].join('\n');
    const plain = file('s.save', nat());
    const moved = file(
      't.save',
      nat('-A PREROUTING -p tcp -m tcp --dport 8443 -j DNAT --to-destination 192.0.2.7:443'),
    );
    const example = async (before: string, after: string, side: 'opened' | 'closed'): Promise<string | undefined> => {
      const told = (await (await diffFiles(before, after, {})).told())[side];
      expect(told).toHaveLength(1);
      return told[0]!.below.find((line) => line.startsWith('for example'))?.replace(/^.*? \(/, '(');
    };
    const there = 'translated to 192.0.2.7 port 443';
    expect(await example(plain, moved, 'opened')).toBe('(it passed before, not translated)');
    expect(await example(plain, moved, 'closed')).toBe(`(it passes still, ${there})`);
    expect(await example(moved, plain, 'opened')).toBe(`(it passed before, ${there})`);
    expect(await example(moved, plain, 'closed')).toBe('(it passes still, not translated)');
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Told } from '../../agent/app/offline-words.js';
import { diffLines, verdictText } from '../../agent/cli/diff.js';
import { emptyCoverage } from '../../agent/model/index.js';
import { askOnce } from './capture.js';

function edits(count: number, listOf: (number: number) => string): readonly Told[] {
  return Array.from({ length: count }, (_, number) => ({
    sentence: `edit ${number}`,
    below: ['its rule', 'an example'],
    list: listOf(number),
  }));
}

describe('the edits of a difference', () => {
  test('up to 24 are told one by one', () => {
    const lines = diffLines('+', edits(24, String), { brief: false, whole: false });
    expect(lines).toHaveLength(24 * 3);
    expect(lines.slice(-3)).toEqual(['+ edit 23', '    its rule', '    an example']);
  });

  test('of more the first eight, and how many more stand in which list', () => {
    const lines = diffLines(
      '-',
      edits(25, (number) => (number % 3 === 0 ? 'FORWARD' : 'INPUT')),
      { brief: true, whole: false },
    );
    expect(lines).toEqual([
      ...Array.from({ length: 8 }, (_, number) => `- edit ${number}`),
      '- and 17 more edits: 11 in INPUT, 6 in FORWARD (--all tells each of them, --json every region)',
    ]);
  });

  test('no more than six lists are named', () => {
    const lines = diffLines(
      '+',
      edits(500, (number) => `list${number % 100}`),
      { brief: false, whole: false },
    );
    expect(lines).toHaveLength(8 * 3 + 1);
    expect(lines.at(-1)).toMatch(
      /^\+ and 492 more edits: 5 in list8, (?:5 in list\d+, ){5}the rest in 94 more lists \(/,
    );
  });

  test('--all tells each of them', () => {
    expect(diffLines('+', edits(500, String), { brief: true, whole: true })).toHaveLength(500);
  });
});

describe('whether what is told is all', () => {
  const coverage = emptyCoverage;
  const answer = { equal: false, complete: true, reasons: [], coverage, opened: [{}], closed: [] };

  test('all', () => {
    expect(verdictText(answer, 2, 1)).toBe('2 edits opened something, 1 edit closed something. That is all.');
    expect(verdictText({ ...answer, equal: true, opened: [] }, 0, 0)).toBe(
      'Both let through the same new connections.',
    );
  });

  test('all, and some of it depends on a condition, which is named', () => {
    const opened = [{ conditions: ['limit 3/min'] }, {}, { conditions: ['limit 3/min', 'user'] }];
    const text =
      '1 edit opened something, 0 edits closed something. That is all; part of it is possible and not certain';
    expect(verdictText({ ...answer, equal: null, opened }, 1, 0)).toBe(`${text}: limit 3/min; user`);
    const long = `for some of it (${'x'.repeat(100)})`;
    expect(verdictText({ ...answer, opened: [{ conditions: [long] }] }, 1, 0)).toBe(
      `${text.replace('part of it', 'it')}: ${'x'.repeat(72)}…`,
    );
    const closed = [{ conditions: ['app'] }, { conditions: ['time'] }];
    expect(verdictText({ ...answer, opened, closed }, 1, 0)).toBe(`${text}: limit 3/min; user; 2 more`);
  });

  test.each([false, null])('not known, and what was not seen is named (equal: %s)', (equal) => {
    const blind = { ...coverage, blind: ['a:10: cut', 'a:11: cut too'] };
    expect(verdictText({ ...answer, equal, coverage: blind, opened: [{ conditions: ['user'] }] }, 1, 0)).toBe(
      '1 edit opened something, 0 edits closed something. Whether that is all is not known: a:10: cut; 1 more',
    );
    expect(verdictText({ ...answer, equal, complete: false, reasons: ['too long'], opened: [] }, 0, 0)).toBe(
      'No difference was found. Whether that is all is not known: too long',
    );
  });
});

test('where a capture cannot be used, its fault is told once and nothing is said of a difference', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ecluse-cut-'));
  try {
    const cut = join(folder, 'cut.save');
    writeFileSync(cut, '*filter\n:INPUT ACCEPT [0:0]\n');
    const { code, stdout, stderr } = await askOnce({}, 'diff', cut, cut);
    expect({ code, stdout }).toEqual({ code: 3, stdout: 'Nothing was compared.\n' });
    expect(stderr).toMatch(/^(?:ecluse: .*has no COMMIT.*\n){2}$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a file of questions that is none is told in plain words', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ecluse-ask-'));
  try {
    const save = join(folder, 'a.nft');
    writeFileSync(
      save,
      'table inet filter {\n\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n\t}\n}\n',
    );
    const ask = async (packets: string): Promise<string> => {
      const { code, stdout, stderr } = await askOnce({}, 'ask', save, '--packets', packets);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      return stderr.replace(folder, '');
    };
    expect(await ask(folder)).toBe('ecluse: : this is a folder (expected a file of JSON lines, or -)\n');
    expect(await ask(join(folder, 'no'))).toBe('ecluse: /no: no such file (expected a file of JSON lines, or -)\n');
    const lines = join(folder, 'q');
    writeFileSync(lines, '{"id": 1, "pakcet": {}}\n');
    expect(await ask(lines)).toBe(
      'ecluse: /q:1: packet: Invalid input: expected object, received undefined (expected the fields of the ask contract)\n',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
